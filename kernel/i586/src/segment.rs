//! Segmentation: selectors, segment and system descriptors, gates.
//!
//! A descriptor is eight bytes, kept as its two doublewords:
//!
//! ```text
//! high  31......24 23 22 21 20 19....16 15 14 13 12 11..8 7......0
//!       base 31:24  G  B  0  A  limit   P  DPL   S  type  base 23:16
//! low   31..................16 15.................0
//!       base 15:0              limit 15:0
//! ```
//!
//! S = 1 is a code or data segment, S = 0 a system segment or a [`Gate`], told apart by [`SystemKind`].
//!
//! Source: Pentium manual vol. 3 ch. 11 (descriptors) and ch. 12 (system types, gates).

use bitfield_struct::bitfield;

mod descriptor;
mod gate;

pub use descriptor::Descriptor;
pub use gate::Gate;

/// Bytes of a descriptor or gate.
pub const DESCRIPTOR_BYTES: u32 = 8;

/// A selector: the visible part of a segment register.
#[bitfield(u16)]
#[derive(PartialEq, Eq)]
pub struct Selector {
    /// RPL: requested privilege level, 0..=3; in CS and SS the current privilege level.
    #[bits(2)]
    pub rpl: u8,
    /// TI: the index refers to the LDT instead of the GDT.
    pub table_indicator: bool,
    /// Index into the table.
    #[bits(13)]
    pub index: u16,
}

impl Selector {
    /// The null selector.
    pub const NULL: Self = Self::new();

    /// Tells whether this selects no segment: index 0 of the GDT, with any RPL.
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.into_bits() & !3 == 0
    }

    /// Returns the byte offset of the descriptor in its table, 0..=0xFFF8.
    #[must_use]
    pub const fn table_offset(self) -> u32 {
        let [low, high] = self.into_bits().to_le_bytes();
        u32::from_le_bytes([low & !7, high, 0, 0])
    }
}

/// Type of a descriptor whose S bit is 0. Encodings 0, 8, 10 and 13 are reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SystemKind {
    /// 16-bit task-state segment, not in use.
    AvailableTss16 = 1,
    /// Local descriptor table.
    Ldt = 2,
    /// 16-bit task-state segment of a running or linked task.
    BusyTss16 = 3,
    /// 16-bit call gate.
    CallGate16 = 4,
    /// Task gate.
    TaskGate = 5,
    /// 16-bit interrupt gate: clears IF.
    InterruptGate16 = 6,
    /// 16-bit trap gate: keeps IF.
    TrapGate16 = 7,
    /// 32-bit task-state segment, not in use.
    AvailableTss32 = 9,
    /// 32-bit task-state segment of a running or linked task.
    BusyTss32 = 11,
    /// 32-bit call gate.
    CallGate32 = 12,
    /// 32-bit interrupt gate: clears IF.
    InterruptGate32 = 14,
    /// 32-bit trap gate: keeps IF.
    TrapGate32 = 15,
}

impl SystemKind {
    /// Returns the kind for the low four bits of `bits`; `None` for reserved encodings.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits & 0xF {
            1 => Self::AvailableTss16,
            2 => Self::Ldt,
            3 => Self::BusyTss16,
            4 => Self::CallGate16,
            5 => Self::TaskGate,
            6 => Self::InterruptGate16,
            7 => Self::TrapGate16,
            9 => Self::AvailableTss32,
            11 => Self::BusyTss32,
            12 => Self::CallGate32,
            14 => Self::InterruptGate32,
            15 => Self::TrapGate32,
            _ => return None,
        })
    }

    /// Returns the four-bit encoding.
    #[must_use]
    pub const fn into_bits(self) -> u8 {
        self as u8
    }

    /// Tells whether the descriptor is laid out as a [`Gate`].
    #[must_use]
    pub const fn is_gate(self) -> bool {
        self.into_bits() & 4 != 0
    }

    /// Tells whether the descriptor is a task-state segment, available or busy.
    #[must_use]
    pub const fn is_tss(self) -> bool {
        self.into_bits() & 5 == 1
    }

    /// Tells whether this is the 32-bit form; false for LDT and task gate, which have one form only.
    #[must_use]
    pub const fn is_32_bit(self) -> bool {
        self.into_bits() & 8 != 0
    }
}

/// Returns a descriptor's or gate's type, S, DPL and P from its high doubleword.
const fn access_of(high: u32) -> u8 {
    high.to_le_bytes()[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selector_fields_match_the_manual() {
        let selector = Selector::from_bits(0x002F);
        assert_eq!((selector.index(), selector.table_indicator(), selector.rpl()), (5, true, 3));
        assert_eq!(selector.table_offset(), 0x28);
        assert_eq!(Selector::from_bits(0xFFFF).table_offset(), 0xFFF8);
    }

    #[test]
    fn null_ignores_the_privilege_level_only() {
        assert!(Selector::from_bits(3).is_null());
        assert!(!Selector::from_bits(4).is_null());
        assert!(!Selector::from_bits(8).is_null());
    }

    #[test]
    fn system_kinds_round_trip_and_four_encodings_are_reserved() {
        let mut reserved = 0;
        for bits in 0..16 {
            match SystemKind::from_bits(bits) {
                Some(kind) => assert_eq!(kind.into_bits(), bits),
                None => reserved |= 1 << bits,
            }
        }
        assert_eq!(reserved, 1_u32 << 0 | 1 << 8 | 1 << 10 | 1 << 13);
    }

    #[test]
    fn gates_and_task_state_segments_are_told_apart() {
        let kinds = (0..16).filter_map(SystemKind::from_bits);
        let set = kinds.fold((0_u32, 0_u32), |(gates, tasks), kind| {
            let bit = 1 << kind.into_bits();
            (gates | if kind.is_gate() { bit } else { 0 }, tasks | if kind.is_tss() { bit } else { 0 })
        });
        assert_eq!(set, (0xD0F0, 0x0A0A));
    }
}
