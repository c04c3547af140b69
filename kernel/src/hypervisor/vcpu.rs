//! A virtual processor: runs a guest until something is to be done for it.
//!
//! [`Vcpu::poll_run`] runs the guest until it exits. Interrupts of the core are served in between: they leave the
//! guest, their handlers run on the kernel's stack, and if a task of an earlier class is ready then, the poll ends. So a
//! guest that spins delays a service by one way out.

use core::task::{Context, Poll};

use executor::{Class, Pressure};
use guest_abi::call::{CALL_VECTOR, RETURN_VECTOR};
use i586::exception::Exception;
use trace_format::record::Event;

use super::shadow_paging::{Miss, Shadow};
use super::tables::KernelTables;
use crate::arch::i586::cpu;
use crate::arch::i586::ring_switch::{self, GuestRegisters, Word};
use crate::{irq, trace};

/// Vectors below this are exceptions.
const EXCEPTIONS: u8 = 32;

/// Why a guest does not go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A hypercall: number and arguments are in the registers.
    Call,
    /// The hypercall that takes the place of an IRET.
    Return,
    /// An exception, with the error code that the processor gave, 0 if none.
    Exception(Exception, u32),
    /// A page fault at this linear address, with this error code.
    PageFault(u32, u32),
}

/// A virtual processor with its registers. Task context.
#[derive(Debug)]
pub struct Vcpu {
    /// The registers as the guest left them.
    pub registers: GuestRegisters,
    pressure: Pressure,
}

impl Vcpu {
    /// With these registers.
    #[must_use]
    pub const fn new(registers: GuestRegisters, pressure: Pressure) -> Self {
        Self { registers, pressure }
    }

    /// Runs the guest in the current address space of `shadow` until it needs something. The registers must be such that
    /// the processor takes them in ring 1 or 3.
    ///
    /// # Errors
    /// [`Miss::NoFrame`] if there is no memory for the root of its address space.
    ///
    /// A call that is pending has had the task woken: the guest goes on when what is more urgent has run.
    #[inline]
    pub fn poll_run(
        &mut self,
        context: &mut Context<'_>,
        shadow: &mut Shadow<KernelTables>,
    ) -> Poll<Result<Exit, Miss>> {
        // Off before each look, until the guest runs: what the handler of an interrupt in between made ready would wait for
        // the next interrupt, which may never come.
        cpu::disable_interrupts();
        loop {
            if self.pressure.higher_class_ready(Class::Vcpu) {
                cpu::enable_interrupts();
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some(root) = shadow.present_root() else {
                // It clears a page.
                cpu::enable_interrupts();
                shadow.root()?;
                cpu::disable_interrupts();
                continue;
            };
            if trace::are_guests_recorded() {
                trace::record(Event::GuestEnter { eip: self.registers.get(Word::Eip) });
            }
            ring_switch::enter(&mut self.registers, root);
            if trace::are_guests_recorded() {
                self.record_exit();
            }
            if let Some(exit) = self.exit() {
                cpu::enable_interrupts();
                return Poll::Ready(Ok(exit));
            }
        }
    }

    /// Why the guest was left; `None` if for an interrupt, which is served. With interrupts off, before anything can
    /// change CR2.
    #[inline]
    fn exit(&self) -> Option<Exit> {
        // The stub of the gate wrote it.
        let vector = self.registers.get(Word::Vector).to_le_bytes()[0];
        let error = self.registers.get(Word::Error);
        match vector {
            CALL_VECTOR => Some(Exit::Call),
            RETURN_VECTOR => Some(Exit::Return),
            EXCEPTIONS.. => {
                self.serve(vector);
                None
            }
            _ => Some(match Exception::from_vector(vector) {
                Some(Exception::PageFault) => Exit::PageFault(cpu::fault_address(), error),
                Some(exception) => Exit::Exception(exception, error),
                None => panic!("the processor raised reserved exception {vector} in a guest"),
            }),
        }
    }

    /// Records why the guest was left. With interrupts off, before anything can change CR2.
    #[cold]
    fn record_exit(&self) {
        let vector = self.registers.get(Word::Vector).to_le_bytes()[0];
        let value = match Exception::from_vector(vector) {
            Some(Exception::PageFault) => cpu::fault_address(),
            Some(_) => self.registers.get(Word::Error),
            None => self.registers.get(Word::Eax),
        };
        trace::record(Event::GuestExit { vector, eip: self.registers.get(Word::Eip), value });
    }

    /// Serves an interrupt of the core that has interrupted the guest.
    #[cold]
    fn serve(&self, vector: u8) {
        trace::record(Event::IrqEnter { vector, eip: self.registers.get(Word::Eip) });
        if irq::dispatch(vector) == irq::Outcome::Unexpected {
            panic!("unexpected interrupt vector={vector} while a guest ran");
        }
        trace::record(Event::IrqExit(vector));
    }
}
