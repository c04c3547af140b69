//! Gates: call, task, interrupt and trap gates.
//!
//! ```text
//! high  31..................16 15 14 13 12 11..8 7..5 4......0
//!       offset 31:16           P  DPL   0  type  0    parameters (call gates)
//! low   31..................16 15.................0
//!       selector               offset 15:0
//! ```
//!
//! 16-bit gates have no upper half of the offset, task gates no offset at all.
//!
//! Source: Pentium manual vol. 3 ch. 12 (call gates) and ch. 14 (IDT).

use super::{Descriptor, Selector, SystemKind, access_of};

/// Most parameters that a call gate can copy.
const PARAMETERS_MAX: u8 = 31;

/// A descriptor whose system type is a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gate {
    kind: SystemKind,
    low: u32,
    high: u32,
}

const PRESENT: u32 = 1 << 15;

impl Gate {
    /// Returns the gate with these doublewords, whose type field is known to be `kind`.
    pub(super) const fn from_parts(kind: SystemKind, low: u32, high: u32) -> Self {
        Self { kind, low, high }
    }

    /// Returns a present gate of the given type, without parameters; `None` if the type is not a gate.
    ///
    /// The upper half of `offset` is dropped for 16-bit gates, all of it for task gates.
    #[must_use]
    pub const fn new(kind: SystemKind, selector: Selector, offset: u32, dpl: u8) -> Option<Self> {
        if !kind.is_gate() {
            return None;
        }
        let offset = offset & offset_mask(kind);
        let [selector_low, selector_high] = selector.into_bits().to_le_bytes();
        let access = u32::from_le_bytes([0, kind.into_bits() | (dpl & 3) << 5, 0, 0]);
        Some(Self {
            kind,
            low: u32::from_le_bytes([0, 0, selector_low, selector_high]) | offset & 0xFFFF,
            high: offset & 0xFFFF_0000 | access | PRESENT,
        })
    }

    /// Returns the type, for which `is_gate` holds.
    #[must_use]
    pub const fn kind(self) -> SystemKind {
        self.kind
    }

    /// Returns the selector of the code segment, or of the task-state segment for a task gate.
    #[must_use]
    pub const fn selector(self) -> Selector {
        let [_, _, low, high] = self.low.to_le_bytes();
        Selector::from_bits(u16::from_le_bytes([low, high]))
    }

    /// Returns the entry point: 16 bits for 16-bit gates, 0 for task gates.
    #[must_use]
    pub const fn offset(self) -> u32 {
        (self.low & 0xFFFF | self.high & 0xFFFF_0000) & offset_mask(self.kind)
    }

    /// Returns how many words (16-bit) or doublewords (32-bit) a call gate copies to the inner stack, 0..=31.
    #[must_use]
    pub const fn parameter_count(self) -> u8 {
        self.high.to_le_bytes()[0] & PARAMETERS_MAX
    }

    /// Returns this gate with the parameter count replaced by the low five bits of `count`.
    #[must_use]
    pub const fn with_parameter_count(self, count: u8) -> Self {
        let field = u32::from_le_bytes([count & PARAMETERS_MAX, 0, 0, 0]);
        Self::from_parts(self.kind, self.low, self.high & !0xFF | field)
    }

    /// Returns the descriptor privilege level, 0..=3.
    #[must_use]
    pub const fn dpl(self) -> u8 {
        access_of(self.high) >> 5 & 3
    }

    /// Tells whether P is set.
    #[must_use]
    pub const fn present(self) -> bool {
        self.high & PRESENT != 0
    }

    /// Returns the gate as an entry of a descriptor table.
    #[must_use]
    pub const fn descriptor(self) -> Descriptor {
        Descriptor::from_words(self.low, self.high)
    }
}

/// Bits of the offset that a gate of this type has.
const fn offset_mask(kind: SystemKind) -> u32 {
    match kind {
        SystemKind::TaskGate => 0,
        _ if kind.is_32_bit() => u32::MAX,
        _ => 0xFFFF,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL_CODE: Selector = Selector::from_bits(0x08);

    #[test]
    fn interrupt_gate_matches_the_manual_layout() {
        let gate = Gate::new(SystemKind::InterruptGate32, KERNEL_CODE, 0xC010_2345, 3).expect("a gate type");
        assert_eq!(gate.descriptor().into_bits(), 0xC010_EE00_0008_2345);
        assert_eq!(gate.descriptor().gate(), Some(gate));
        assert_eq!((gate.selector(), gate.offset(), gate.dpl()), (KERNEL_CODE, 0xC010_2345, 3));
        assert!(gate.present());
    }

    #[test]
    fn call_gate_keeps_its_parameter_count_apart_from_the_offset() {
        let gate = Gate::new(SystemKind::CallGate32, KERNEL_CODE, 0xFFFF_FFFF, 0)
            .expect("a gate type")
            .with_parameter_count(31);
        assert_eq!(gate.descriptor().into_bits(), 0xFFFF_8C1F_0008_FFFF);
        assert_eq!(gate.parameter_count(), 31);
        assert_eq!(gate.with_parameter_count(0).offset(), 0xFFFF_FFFF);
    }

    #[test]
    fn sixteen_bit_and_task_gates_ignore_the_offset_bits_they_lack() {
        let read = |high| Descriptor::from_words(0x0028_5678, high).gate().map(Gate::offset);
        assert_eq!(read(0x1234_8E00), Some(0x1234_5678));
        assert_eq!(read(0x1234_8600), Some(0x0000_5678));
        assert_eq!(read(0x1234_8500), Some(0));
    }

    #[test]
    fn other_types_make_no_gate() {
        assert_eq!(Gate::new(SystemKind::Ldt, KERNEL_CODE, 0, 0), None);
        assert_eq!(Gate::new(SystemKind::BusyTss32, KERNEL_CODE, 0, 0), None);
    }
}
