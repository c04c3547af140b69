//! A virtual machine: a guest with everything that it has. Dropped, it gives all of it back.

use core::future::poll_fn;
use core::task::{Context, Poll, ready};

use executor::Pressure;
use guest_abi::call::Registers;
use guest_abi::list::Guest;
use guest_abi::segment::Slot;
use guest_abi::shared::{Field, INTERRUPTS_ON};
use guest_abi::start::{self, StartInfo};
use guest_abi::{Call, CallError, EndReason, Features, GuestPhysAddr, GuestVirtAddr, status};
use i586::exception::Exception;
use i586::flags::Eflags;
use i586::page::PageFaultCode;

use super::console::Console;
use super::elf::{ElfError, GuestImage};
use super::guest_memory::{GuestMemory, OutsideMemory};
use super::guest_paging::{Access, WalkError};
use super::ram::{Ram, RamError};
use super::shadow_paging::{Miss, Shadow};
use super::tables::{HoleTable, KernelTables};
use super::vcpu::{Exit, Vcpu};
use crate::arch::i586::ring_switch::{GuestRegisters, Word};
use crate::platform::machine::clocks;

/// What this hypervisor can do.
const FEATURES: Features = Features::empty();

/// A guest and its resources. Task context.
#[derive(Debug)]
pub struct Vm {
    vcpu: Vcpu,
    shadow: Shadow<KernelTables>,
    /// Shown by the shadow's roots, so it goes after them.
    _hole: HoleTable,
    ram: Ram,
    console: Console,
}

/// Why a guest was not made. The fault of its image or of whoever chose its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The image is no kernel of a guest.
    #[error("image: {0}")]
    Image(#[from] ElfError),
    /// It gets no memory.
    #[error(transparent)]
    Ram(#[from] RamError),
    /// Its memory is too small for it.
    #[error("image: {0}")]
    Memory(#[from] OutsideMemory),
    /// There is no frame for what the hypervisor needs beside the guest's memory.
    #[error("no frame for its registers and page tables")]
    NoFrame,
}

/// How a guest has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// By its own will.
    #[error("by itself reason={} detail={detail:#x}", reason_name(*.reason))]
    Asked {
        /// Why.
        reason: EndReason,
        /// A number of its own.
        detail: u32,
    },
    /// An exception that it does not handle.
    #[error("exception vector={} error={error:#x} eip={eip:#010x}: {}", .exception.vector(), .exception.name())]
    Exception {
        /// Which one.
        exception: Exception,
        /// Error code of the processor.
        error: u32,
        /// The instruction at fault, or the next one.
        eip: u32,
    },
    /// A page fault that it does not handle.
    #[error("page fault address={address:#010x} error={:#x} eip={eip:#010x}", code.bits())]
    PageFault {
        /// Linear address that was touched.
        address: u32,
        /// How.
        code: PageFaultCode,
        /// The instruction at fault.
        eip: u32,
    },
    /// It touched what is no memory of it.
    #[error("{miss} address={address:#010x} eip={eip:#010x}")]
    Miss {
        /// What its tables lead to.
        miss: Miss,
        /// Linear address that was touched.
        address: u32,
        /// The instruction at fault.
        eip: u32,
    },
}

const fn reason_name(reason: EndReason) -> &'static str {
    match reason {
        EndReason::PowerOff => "power-off",
        EndReason::Reboot => "reboot",
        EndReason::Panic => "panic",
    }
}

impl Vm {
    /// Makes a bare guest, ready for its first instruction.
    ///
    /// # Errors
    /// [`CreateError`]; everything that was taken is given back then.
    pub fn new(guest: &Guest<'static>, pressure: Pressure) -> Result<Self, CreateError> {
        let image = GuestImage::parse(guest.image)?;
        let ram = Ram::new(guest.memory_bytes)?;
        image.load(&ram)?;
        write_start(&ram)?;
        let mut vcpu = Vcpu::new(pressure).ok_or(CreateError::NoFrame)?;
        set_start(&mut vcpu.registers, image.entry());
        let hole = HoleTable::new(vcpu.registers.page()).ok_or(CreateError::NoFrame)?;
        let shadow = Shadow::new(KernelTables, hole.frame());
        Ok(Self { vcpu, shadow, _hole: hole, ram, console: Console::new(guest.name) })
    }

    /// Runs the guest to its end.
    ///
    /// # Cancel safety
    /// Dropped between two polls, the guest is stopped between two of its instructions.
    pub async fn run(&mut self) -> End {
        let end = poll_fn(|context| self.poll_end(context)).await;
        self.console.flush();
        end
    }

    /// Runs the guest and serves what it asks for, as long as nothing of it takes waiting.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            let exit = match ready!(self.vcpu.poll_run(context, &mut self.shadow)) {
                Ok(exit) => exit,
                Err(miss) => return Poll::Ready(self.missed(miss, 0)),
            };
            let ended = match exit {
                Exit::Call => self.serve_call(),
                // Nothing can be pending: the guest's IRET will do.
                Exit::Return => None,
                Exit::Exception(exception, error) => {
                    Some(End::Exception { exception, error, eip: self.vcpu.registers.get(Word::Eip) })
                }
                Exit::PageFault(address, error) => self.serve_page_fault(address, error),
            };
            if let Some(end) = ended {
                return Poll::Ready(end);
            }
        }
    }

    #[inline]
    fn serve_call(&mut self) -> Option<End> {
        let words: Registers =
            [Word::Eax, Word::Ebx, Word::Ecx, Word::Edx].map(|word| self.vcpu.registers.get(word));
        let result = match Call::decode(words) {
            Ok(Call::End { reason, detail }) => return Some(End::Asked { reason, detail }),
            Ok(call) => self.call(call),
            Err(error) => Err(error),
        };
        self.vcpu.registers.set(Word::Eax, status::status(result));
        None
    }

    fn call(&mut self, call: Call) -> Result<u32, CallError> {
        match call {
            Call::Interface { version: guest_abi::VERSION } => Ok(FEATURES.bits()),
            Call::Interface { .. } => Err(CallError::Argument),
            Call::ConsoleWrite(text) => {
                self.console.write(&self.ram, text).map_err(|_| CallError::Address)?;
                Ok(text.bytes)
            }
            _ => Err(CallError::Unknown),
        }
    }

    fn serve_page_fault(&mut self, address: u32, error: u32) -> Option<End> {
        let code = PageFaultCode::from_bits_truncate(error.to_le_bytes()[0].into());
        let access = Access::from_code(code);
        let filled = self.shadow.fill(None, &self.ram, GuestVirtAddr::new(address), access);
        filled.err().map(|miss| self.missed(miss, address))
    }

    fn missed(&self, miss: Miss, address: u32) -> End {
        let eip = self.vcpu.registers.get(Word::Eip);
        match miss {
            Miss::Guest(WalkError::Fault(code)) => End::PageFault { address, code, eip },
            miss => End::Miss { miss, address, eip },
        }
    }
}

/// Writes the start information and the shared page of a bare guest.
fn write_start(ram: &Ram) -> Result<(), OutsideMemory> {
    let tsc_khz = clocks::cycles_per_millisecond();
    let info = StartInfo {
        memory_bytes: ram.bytes(),
        shared_page: start::SHARED_PLACE,
        tsc_khz,
        features: FEATURES,
    };
    ram.write(GuestPhysAddr::new(start::PLACE), &info.encode())?;
    for (field, word) in [(Field::TimeStampKilohertz, tsc_khz), (Field::Features, FEATURES.bits())] {
        let place = GuestPhysAddr::new(start::SHARED_PLACE + field.offset());
        ram.write(place, &word.to_le_bytes())?;
    }
    Ok(())
}

/// Registers of a bare guest at its entry.
fn set_start(registers: &mut GuestRegisters, entry: GuestPhysAddr) {
    let data = u32::from(Slot::KernelData.selector());
    for (word, value) in [
        (Word::Ds, data),
        (Word::Es, data),
        (Word::Ss, data),
        (Word::Cs, u32::from(Slot::KernelCode.selector())),
        (Word::Eip, entry.number()),
        (Word::Ebx, start::PLACE),
        (Word::Flags, Eflags::RESERVED_ONE.bits() | INTERRUPTS_ON),
    ] {
        registers.set(word, value);
    }
}
