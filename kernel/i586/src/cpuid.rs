//! CPUID: what the core reports about itself.
//!
//! Leaf 0 is the vendor, leaf 1 signature and features; higher leaves repeat leaf 1. No bit reports the message-passing
//! extension. The APIC bit reads 0 when the tile's configuration leaves the local APIC off.
//!
//! Source: SCC reference §2.1 (CPUID; stepping and higher leaves are U03); Pentium manual vol. 3 ch. 25 (CPUID).

use bitfield_struct::bitfield;
use bitflags::bitflags;

/// Highest leaf.
pub const LEAF_MAX: u32 = 1;

/// Vendor string, in the order EBX, EDX, ECX.
pub const VENDOR: &[u8; 12] = b"GenuineIntel";

/// Signature of the core: EAX of leaf 1, and EDX after RESET and INIT.
pub const SIGNATURE: Signature = Signature::new().with_family(5).with_model(2).with_stepping(0xC);

/// Type, family, model and stepping.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Signature {
    /// Stepping.
    #[bits(4)]
    pub stepping: u8,
    /// Model: 2 for a P54C.
    #[bits(4)]
    pub model: u8,
    /// Family: 5 for a Pentium.
    #[bits(4)]
    pub family: u8,
    /// Type: 0 for an original part.
    #[bits(2)]
    pub part: u8,
    #[bits(18)]
    __: u32,
}

bitflags! {
    /// EDX of leaf 1. `Features::all()` is what this core has with its APIC on.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Features: u32 {
        /// The FPU is on the die.
        const FLOATING_POINT = 1 << 0;
        /// Virtual-8086 mode extensions.
        const VIRTUAL_8086_EXTENSIONS = 1 << 1;
        /// Debugging extensions: I/O breakpoints.
        const DEBUGGING_EXTENSIONS = 1 << 2;
        /// 4 MB pages.
        const PAGE_SIZE = 1 << 3;
        /// RDTSC.
        const TIME_STAMP = 1 << 4;
        /// RDMSR and WRMSR.
        const MODEL_SPECIFIC_REGISTERS = 1 << 5;
        /// Machine-check exception.
        const MACHINE_CHECK = 1 << 7;
        /// CMPXCHG8B.
        const COMPARE_EXCHANGE_8 = 1 << 8;
        /// Local APIC, enabled.
        const LOCAL_APIC = 1 << 9;
    }
}

/// The four registers that CPUID returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// EAX.
    pub eax: u32,
    /// EBX.
    pub ebx: u32,
    /// ECX.
    pub ecx: u32,
    /// EDX.
    pub edx: u32,
}

/// Returns the contents of leaf `number` for a core with these features.
#[must_use]
pub const fn leaf(number: u32, features: Features) -> Leaf {
    match number {
        0 => Leaf { eax: LEAF_MAX, ebx: vendor_word(0), ecx: vendor_word(8), edx: vendor_word(4) },
        _ => Leaf { eax: SIGNATURE.into_bits(), ebx: 0, ecx: 0, edx: features.bits() },
    }
}

/// Four characters of the vendor string, the first in the low byte.
const fn vendor_word(first: usize) -> u32 {
    u32::from_le_bytes([VENDOR[first], VENDOR[first + 1], VENDOR[first + 2], VENDOR[first + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaf_0_spells_the_vendor() {
        let leaf = leaf(0, Features::all());
        assert_eq!((leaf.eax, leaf.ebx, leaf.ecx, leaf.edx), (1, 0x756E_6547, 0x6C65_746E, 0x4965_6E69));
    }

    #[test]
    fn leaf_1_and_above_hold_signature_and_features() {
        let first = leaf(1, Features::all());
        assert_eq!((first.eax, first.ebx, first.ecx, first.edx), (0x0000_052C, 0, 0, 0x0000_03BF));
        assert_eq!(leaf(0x8000_0000, Features::all()), first);
    }

    #[test]
    fn disabled_apic_hides_its_bit() {
        assert_eq!(leaf(1, Features::all().difference(Features::LOCAL_APIC)).edx, 0x0000_01BF);
    }
}
