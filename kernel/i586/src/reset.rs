//! State of the core after RESET and INIT.
//!
//! Values that belong to one register type are constants of that type: `Eflags::RESET`, `Cr0::RESET`, `Dr6::RESET`,
//! `Dr7::RESET`, `ControlWord::RESET`, and `ApicRegister::reset_value`. General registers, CR2, CR3, CR4, time stamp
//! and model-specific registers are 0, with two exceptions: EDX holds [`crate::cpuid::SIGNATURE`], and EAX the result
//! of the built-in self test, if it ran (0 is a pass).
//!
//! INIT gives the same state but keeps caches, FPU, time stamp, model-specific registers, SMBASE, the APIC's ID and
//! the CR0 bits in [`CR0_KEPT_BY_INIT`].
//!
//! Source: SCC reference §2.2 (self test: U04).

use crate::control::Cr0;
use crate::segment::Selector;

/// CS.
pub const CODE_SELECTOR: Selector = Selector::from_bits(0xF000);

/// Base of CS, which holds until the first far transfer.
pub const CODE_BASE: u32 = 0xFFFF_0000;

/// EIP.
pub const INSTRUCTION_POINTER: u32 = 0x0000_FFF0;

/// DS, ES, FS, GS, SS, LDTR and TR; their base is 0.
pub const DATA_SELECTOR: Selector = Selector::NULL;

/// Limit of every segment register, LDTR and TR.
pub const SEGMENT_LIMIT: u32 = 0xFFFF;

/// Limit of GDTR and IDTR; their base is 0.
pub const TABLE_LIMIT: u16 = 0xFFFF;

/// CR0 bits that INIT leaves as they are; it gives the others their RESET value.
pub const CR0_KEPT_BY_INIT: Cr0 = Cr0::CACHE_DISABLE.union(Cr0::NOT_WRITE_THROUGH);

/// SMBASE: where system management mode saves the state of the core.
pub const SMBASE: u32 = 0x0003_0000;

/// Tile clocks that the built-in self test takes.
pub const SELF_TEST_CYCLES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_fetch_is_sixteen_bytes_below_the_top() {
        assert_eq!(CODE_BASE + INSTRUCTION_POINTER, 0xFFFF_FFF0);
    }

    #[test]
    fn init_leaves_only_the_extension_type_to_reset() {
        assert_eq!(Cr0::RESET.difference(CR0_KEPT_BY_INIT), Cr0::EXTENSION_TYPE);
    }
}
