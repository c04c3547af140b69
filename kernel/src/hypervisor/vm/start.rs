//! What a guest finds at its first instruction: registers, and what is written into its memory.

use guest_abi::list::Guest;
use guest_abi::segment::Slot;
use guest_abi::shared::INTERRUPTS_ON;
use guest_abi::start::{PLACE, SHARED_PLACE, StartInfo};
use guest_abi::{Features, GuestPhysAddr, VERSION};
use i586::flags::Eflags;

use super::{CreateError, FEATURES};
use crate::arch::i586::ring_switch::{GuestRegisters, Word};
use crate::hypervisor::boot_params::{self, LinuxStart};
use crate::hypervisor::elf::Note;
use crate::hypervisor::guest_memory::{GuestMemory, OutsideMemory};
use crate::hypervisor::ram::Ram;
use crate::platform::machine::clocks;

/// How a guest starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    code: Slot,
    data: Slot,
    /// The register that holds the address of what is written for the guest.
    told_in: Word,
    told_at: u32,
    /// Its shared page from the start on.
    pub(super) shared_page: Option<GuestPhysAddr>,
}

impl Start {
    /// Writes the start information of a bare guest.
    pub(super) fn bare(ram: &Ram, features: Features) -> Result<Self, OutsideMemory> {
        let info = StartInfo {
            memory_bytes: ram.bytes(),
            shared_page: SHARED_PLACE,
            tsc_khz: clocks::cycles_per_millisecond(),
            features,
        };
        ram.write(GuestPhysAddr::new(PLACE), &info.encode())?;
        Ok(Self {
            code: Slot::KernelCode,
            data: Slot::KernelData,
            told_in: Word::Ebx,
            told_at: PLACE,
            shared_page: Some(GuestPhysAddr::new(SHARED_PLACE)),
        })
    }

    /// Writes the boot parameters of Linux, whose image ends at `end`. It names a shared page itself.
    pub(super) fn linux(
        ram: &Ram,
        guest: &Guest<'_>,
        note: Note,
        end: GuestPhysAddr,
    ) -> Result<Self, CreateError> {
        if note.version != VERSION || !FEATURES.contains(note.features) {
            return Err(CreateError::Interface(note));
        }
        let initial_files = Some(guest.files).filter(|files| !files.is_empty());
        LinuxStart { command_line: guest.command_line, initial_files }.write(ram, end)?;
        Ok(Self {
            code: Slot::BootCode,
            data: Slot::BootData,
            told_in: Word::Esi,
            told_at: boot_params::PLACE.number(),
            shared_page: None,
        })
    }

    /// Sets registers, all of which are 0, for the instruction at `entry`.
    pub(super) fn set_registers(&self, registers: &mut GuestRegisters, entry: GuestPhysAddr) {
        let data = u32::from(self.data.selector());
        for (word, value) in [
            (Word::Ds, data),
            (Word::Es, data),
            (Word::Ss, data),
            (Word::Cs, self.code.selector().into()),
            (Word::Eip, entry.number()),
            (self.told_in, self.told_at),
            (Word::Flags, Eflags::RESERVED_ONE.bits() | INTERRUPTS_ON),
        ] {
            registers.set(word, value);
        }
    }
}
