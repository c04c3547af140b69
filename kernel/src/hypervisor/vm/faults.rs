//! Exceptions and interrupts on their way into the guest.

use guest_abi::interrupt::FIRST_LINE_VECTOR;
use guest_abi::shared::Field;
use guest_abi::{Counter, GuestVirtAddr};
use i586::exception::Exception;
use i586::page::PageFaultCode;
use i586::segment::DESCRIPTOR_BYTES;

use super::{End, Next, Vm};
use crate::arch::i586::descriptors;
use crate::arch::i586::ring_switch::Word;
use crate::hypervisor::delivery::{Delivery, InterruptFlag, InterruptTable, Place};
use crate::hypervisor::guest_paging::{Access, Ring, WalkError};
use crate::hypervisor::linear::Linear;
use crate::hypervisor::ram::Ram;
use crate::hypervisor::shadow_paging::Miss;
use crate::hypervisor::shown::Shown;

/// DR6 after reset.
pub(super) const DEBUG_STATUS_START: u32 = 0xFFFF_0FF0; // not an address: reserved bits read 1
/// DR6.BS: a single step.
const SINGLE_STEP: u32 = 1 << 14;

/// Gates of vectors up to this one are read while CMPXCHG8B on a register, with its erratum, has the bus locked.
const INVALID_OPCODE: u8 = Exception::InvalidOpcode.vector();

impl Vm {
    /// Works on the guest's memory by linear address.
    pub(super) fn with_linear<R>(&self, work: impl FnOnce(&Linear<'_, Ram>) -> R) -> R {
        let paging = self.control.paging();
        work(&Linear { memory: &self.ram, paging: paging.as_ref() })
    }

    /// The words of the guest's kernel.
    #[inline]
    fn words(&self) -> Shown<'_> {
        Shown { shadow: &self.shadow, ram: &self.ram, control: &self.control }
    }

    /// The hypercall in place of an IRET: takes the frame with the interrupt flag on, or leaves it to the IRET that follows.
    pub(super) fn serve_return(&mut self) -> Next {
        self.shared.set_interrupt_flag(InterruptFlag::On);
        let mut place = self.place();
        // A frame that cannot be read is for the IRET to fault on.
        if place.take_frame(&self.words()) == Ok(true) {
            self.set_place(&place);
        }
        Next::Resume
    }

    pub(super) fn serve_exception(&mut self, exception: Exception, error: u32) -> Result<Next, End> {
        // What ring 1 may not execute raises #GP(0).
        let refused = exception == Exception::GeneralProtection && error == 0;
        if refused
            && self.place().ring() == Ring::Kernel
            && let Some(next) = self.execute()?
        {
            return Ok(next);
        }
        if exception == Exception::Debug {
            self.debug_status = DEBUG_STATUS_START | SINGLE_STEP;
        }
        self.inject(exception, exception.has_error_code().then_some(error))
    }

    pub(super) fn serve_page_fault(&mut self, address: u32, error: u32) -> Result<Next, End> {
        if is_locked_gate(address) {
            return self.inject(Exception::InvalidOpcode, None);
        }
        let code = PageFaultCode::from_bits_truncate(error.to_le_bytes()[0].into());
        let paging = self.control.paging();
        let touched = GuestVirtAddr::new(address);
        match self.shadow.fill(paging.as_ref(), &self.ram, touched, Access::from_code(code)) {
            Ok(()) => {
                self.counts.add(Counter::Fills);
                self.counts.raise(Counter::Tables, self.shadow.tables());
                Ok(Next::Resume)
            }
            Err(Miss::Guest(WalkError::Fault(code))) => self.inject_page_fault(address, code),
            Err(Miss::Elsewhere(page)) => self.serve_device_access(page, address),
            Err(miss) => Err(self.missed(miss, address)),
        }
    }

    pub(super) fn missed(&self, miss: Miss, address: u32) -> End {
        End::Miss { miss, address, eip: self.vcpu.registers.get(Word::Eip) }
    }

    fn inject_page_fault(&mut self, address: u32, code: PageFaultCode) -> Result<Next, End> {
        if self.table.is_none() {
            return Err(End::PageFault { address, code, eip: self.vcpu.registers.get(Word::Eip) });
        }
        self.control.cr2 = address;
        self.shared.set(Field::FaultAddress, address);
        self.inject(Exception::PageFault, Some(code.bits().into()))
    }

    /// Has the guest take an exception.
    #[inline(never)]
    pub(super) fn inject(&mut self, exception: Exception, error: Option<u32>) -> Result<Next, End> {
        let Some(table) = self.table else {
            let eip = self.vcpu.registers.get(Word::Eip);
            return Err(End::Exception { exception, error: error.unwrap_or(0), eip });
        };
        let mut place = self.place();
        let flag = self.shared.interrupt_flag();
        let delivery = Delivery { vector: exception.vector(), error };
        let behind = self.deliver(&mut place, &table, flag, delivery)?;
        if behind != flag {
            self.shared.set_interrupt_flag(behind);
        }
        self.counts.add(Counter::Faults);
        Ok(Next::Resume)
    }

    /// Delivers lines that are pending, as long as the guest takes interrupts.
    pub(super) fn deliver_pending(&mut self) -> Result<(), End> {
        let Some(table) = self.table else { return Ok(()) };
        while self.pending != 0 {
            let mut place = self.place();
            let mut flag = self.shared.interrupt_flag();
            if place.ring() == Ring::Kernel {
                let entry = self.vcpu.registers.tables().system_call;
                if flag == InterruptFlag::Off || entry == Some(place.eip) {
                    return Ok(());
                }
                if self.return_window.contains(&place.eip) {
                    // The flag is set already, and the frame is to be taken first. One that the guest's IRET faults on is
                    // left to it: its handler clears the flag.
                    if place.take_frame(&self.words()) != Ok(true) {
                        return Ok(());
                    }
                    flag = InterruptFlag::On;
                    self.counts.add(Counter::Returns);
                }
            }
            let line = self.pending.trailing_zeros();
            self.pending &= self.pending - 1;
            let vector = FIRST_LINE_VECTOR + line.to_le_bytes()[0];
            let behind = self.deliver(&mut place, &table, flag, Delivery { vector, error: None })?;
            self.shared.set_delivered(behind, self.pending);
            self.counts.add(Counter::Interrupts);
        }
        Ok(())
    }

    /// Changes `place` and the guest as an exception or interrupt does. Its flag is `flag`; returns what becomes of it.
    #[inline(always)]
    fn deliver(
        &mut self,
        place: &mut Place,
        table: &InterruptTable,
        flag: InterruptFlag,
        delivery: Delivery,
    ) -> Result<InterruptFlag, End> {
        let stack = self.vcpu.registers.tables().kernel_stack;
        let eip = place.eip;
        let delivered = place.deliver(&self.words(), table, stack, flag, delivery);
        let behind = delivered.map_err(|error| End::Undeliverable { vector: delivery.vector, error, eip })?;
        self.set_place(place);
        Ok(behind)
    }
}

/// Whether the processor has faulted on one of the first gates, which it reads locked after the erratum's instruction.
fn is_locked_gate(address: u32) -> bool {
    let gates = u32::from(INVALID_OPCODE) + 1;
    address.wrapping_sub(descriptors::page()) < gates * DESCRIPTOR_BYTES
}
