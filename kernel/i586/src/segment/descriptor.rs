//! Segment and system descriptors: typed view and encoding.
//!
//! The view reads any eight bytes, valid or not; what a reserved combination means is the reader's business. The
//! layout is drawn in the parent module.
//!
//! Source: Pentium manual vol. 3 ch. 11 and ch. 12.

use super::{Gate, SystemKind, access_of};

/// Eight bytes of a descriptor table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Descriptor {
    low: u32,
    high: u32,
}

/// Bits of the high doubleword.
const ACCESSED: u32 = 1 << 8;
const READABLE_OR_WRITABLE: u32 = 1 << 9;
const BUSY: u32 = 1 << 9;
const CONFORMING_OR_EXPAND_DOWN: u32 = 1 << 10;
const CODE: u32 = 1 << 11;
const SEGMENT: u32 = 1 << 12;
const PRESENT: u32 = 1 << 15;
const DEFAULT_BIG: u32 = 1 << 22;
const GRANULAR: u32 = 1 << 23;
const LIMIT_HIGH: u32 = 0x000F_0000;

impl Descriptor {
    /// Eight zero bytes: the null descriptor.
    pub const NULL: Self = Self { low: 0, high: 0 };

    /// Returns the descriptor stored as a little-endian quadword.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
        Self::from_words(u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
    }

    /// Returns the descriptor as a little-endian quadword.
    #[must_use]
    pub const fn into_bits(self) -> u64 {
        let [a, b, c, d] = self.low.to_le_bytes();
        let [e, f, g, h] = self.high.to_le_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Returns the descriptor with these doublewords, the lower address first.
    #[must_use]
    pub const fn from_words(low: u32, high: u32) -> Self {
        Self { low, high }
    }

    /// Returns the doublewords, the lower address first.
    #[must_use]
    pub const fn words(self) -> (u32, u32) {
        (self.low, self.high)
    }

    /// Returns a present, writable, expand-up 32-bit data segment over all 4 GB.
    #[must_use]
    pub const fn flat_data(dpl: u8) -> Self {
        Self::flat(READABLE_OR_WRITABLE, dpl)
    }

    /// Returns a present, readable, non-conforming 32-bit code segment over all 4 GB.
    #[must_use]
    pub const fn flat_code(dpl: u8) -> Self {
        Self::flat(CODE | READABLE_OR_WRITABLE, dpl)
    }

    const fn flat(kind: u32, dpl: u8) -> Self {
        Self::from_words(0, kind | SEGMENT | PRESENT | DEFAULT_BIG).with_limit(u32::MAX).with_dpl(dpl)
    }

    /// Returns a present system segment: a task-state segment or LDT.
    ///
    /// `limit` is the offset of the last byte; above 1 MB it is rounded up to the end of its 4 KB unit.
    #[must_use]
    pub const fn system(kind: SystemKind, base: u32, limit: u32, dpl: u8) -> Self {
        let high = u32::from_le_bytes([0, kind.into_bits(), 0, 0]) | PRESENT;
        Self::from_words(0, high).with_base(base).with_limit(limit).with_dpl(dpl)
    }

    /// Returns the linear address of the segment's first byte.
    #[must_use]
    pub const fn base(self) -> u32 {
        let [_, _, low, middle] = self.low.to_le_bytes();
        let [upper, _, _, top] = self.high.to_le_bytes();
        u32::from_le_bytes([low, middle, upper, top])
    }

    /// Returns this descriptor with another base.
    #[must_use]
    pub const fn with_base(self, base: u32) -> Self {
        let [low, middle, upper, top] = base.to_le_bytes();
        let [limit_low, limit_high, _, _] = self.low.to_le_bytes();
        let [_, access, flags, _] = self.high.to_le_bytes();
        Self {
            low: u32::from_le_bytes([limit_low, limit_high, low, middle]),
            high: u32::from_le_bytes([upper, access, flags, top]),
        }
    }

    /// Returns the limit in bytes: the offset of the last byte, scaled to 4 KB units when G is set.
    ///
    /// For an expand-down segment it is the highest offset that is *not* valid.
    #[must_use]
    pub const fn limit(self) -> u32 {
        let raw = self.low & 0xFFFF | self.high & LIMIT_HIGH;
        if self.granular() { raw << 12 | 0xFFF } else { raw }
    }

    /// Returns this descriptor with another limit, in bytes; G is set when 20 bits do not hold it.
    ///
    /// With G the limit is rounded up to the end of its 4 KB unit.
    #[must_use]
    pub const fn with_limit(self, limit: u32) -> Self {
        let (raw, granular) = if limit > 0xF_FFFF { (limit >> 12, GRANULAR) } else { (limit, 0) };
        Self {
            low: self.low & 0xFFFF_0000 | raw & 0xFFFF,
            high: self.high & !(LIMIT_HIGH | GRANULAR) | raw & LIMIT_HIGH | granular,
        }
    }

    /// Returns the access byte: P, DPL, S and type.
    #[must_use]
    pub const fn access(self) -> u8 {
        access_of(self.high)
    }

    /// Returns the descriptor privilege level, 0..=3.
    #[must_use]
    pub const fn dpl(self) -> u8 {
        self.access() >> 5 & 3
    }

    /// Returns this descriptor with DPL replaced by the low two bits of `dpl`.
    #[must_use]
    pub const fn with_dpl(self, dpl: u8) -> Self {
        let field = u32::from_le_bytes([0, (dpl & 3) << 5, 0, 0]);
        Self::from_words(self.low, self.high & !(3 << 13) | field)
    }

    /// Tells whether P is set.
    #[must_use]
    pub const fn present(self) -> bool {
        self.high & PRESENT != 0
    }

    /// Tells whether G is set: the limit counts 4 KB units.
    #[must_use]
    pub const fn granular(self) -> bool {
        self.high & GRANULAR != 0
    }

    /// Tells whether D/B is set: 32-bit operands, addresses or stack pointer.
    #[must_use]
    pub const fn default_big(self) -> bool {
        self.high & DEFAULT_BIG != 0
    }

    /// Tells whether S is clear: a system segment, gate or reserved type.
    #[must_use]
    pub const fn is_system(self) -> bool {
        self.high & SEGMENT == 0
    }

    /// Returns the type of a system descriptor; `None` for code, data and reserved types.
    #[must_use]
    pub const fn system_kind(self) -> Option<SystemKind> {
        if self.is_system() { SystemKind::from_bits(self.access()) } else { None }
    }

    /// Returns this descriptor as a gate; `None` unless its system type is one.
    #[must_use]
    pub const fn gate(self) -> Option<Gate> {
        match self.system_kind() {
            Some(kind) if kind.is_gate() => Some(Gate::from_parts(kind, self.low, self.high)),
            _ => None,
        }
    }

    /// Tells whether this is a code segment.
    #[must_use]
    pub const fn is_code(self) -> bool {
        self.high & (SEGMENT | CODE) == SEGMENT | CODE
    }

    /// Tells whether this is a data segment.
    #[must_use]
    pub const fn is_data(self) -> bool {
        self.high & (SEGMENT | CODE) == SEGMENT
    }

    /// Tells whether this is a conforming code segment.
    #[must_use]
    pub const fn is_conforming(self) -> bool {
        self.is_code() && self.high & CONFORMING_OR_EXPAND_DOWN != 0
    }

    /// Tells whether this is an expand-down data segment.
    #[must_use]
    pub const fn is_expand_down(self) -> bool {
        self.is_data() && self.high & CONFORMING_OR_EXPAND_DOWN != 0
    }

    /// Tells whether data can be read: every data segment, and readable code.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.is_data() || self.is_code() && self.high & READABLE_OR_WRITABLE != 0
    }

    /// Tells whether data can be written: writable data segments.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.is_data() && self.high & READABLE_OR_WRITABLE != 0
    }

    /// Tells whether the accessed bit of a code or data segment is set.
    #[must_use]
    pub const fn accessed(self) -> bool {
        !self.is_system() && self.high & ACCESSED != 0
    }

    /// Returns this code or data descriptor with the accessed bit set.
    #[must_use]
    pub const fn with_accessed(self) -> Self {
        Self::from_words(self.low, self.high | ACCESSED)
    }

    /// Returns this task-state segment descriptor with the busy bit set.
    #[must_use]
    pub const fn with_busy(self) -> Self {
        Self::from_words(self.low, self.high | BUSY)
    }

    /// Returns this task-state segment descriptor with the busy bit clear.
    #[must_use]
    pub const fn with_available(self) -> Self {
        Self::from_words(self.low, self.high & !BUSY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_segments_have_the_well_known_encodings() {
        assert_eq!(Descriptor::flat_code(0).into_bits(), 0x00CF_9A00_0000_FFFF);
        assert_eq!(Descriptor::flat_data(0).into_bits(), 0x00CF_9200_0000_FFFF);
        assert_eq!(Descriptor::flat_code(3).into_bits(), 0x00CF_FA00_0000_FFFF);
        assert_eq!(Descriptor::flat_data(3).into_bits(), 0x00CF_F200_0000_FFFF);
    }

    #[test]
    fn task_state_segment_is_encoded_with_byte_limit() {
        let descriptor = Descriptor::system(SystemKind::AvailableTss32, 0x1234_5678, 0x67, 0);
        assert_eq!(descriptor.into_bits(), 0x1200_8934_5678_0067);
        assert_eq!(descriptor.base(), 0x1234_5678);
        assert_eq!(descriptor.limit(), 0x67);
        assert_eq!(descriptor.with_busy().system_kind(), Some(SystemKind::BusyTss32));
        assert_eq!(descriptor.with_busy().with_available(), descriptor);
    }

    #[test]
    fn limit_is_scaled_by_granularity() {
        assert_eq!(Descriptor::from_bits(0x000F_9200_0000_FFFF).limit(), 0x000F_FFFF);
        assert_eq!(Descriptor::from_bits(0x0080_9200_0000_0000).limit(), 0x0000_0FFF);
        assert_eq!(Descriptor::NULL.with_limit(0x0010_0000).limit(), 0x0010_0FFF);
        assert_eq!(Descriptor::NULL.with_limit(0x000F_FFFF).limit(), 0x000F_FFFF);
    }

    #[test]
    fn setters_touch_their_field_only() {
        let ones = Descriptor::from_bits(u64::MAX);
        assert_eq!(ones.with_base(0).into_bits(), 0x00FF_FF00_0000_FFFF);
        assert_eq!(ones.with_limit(0).into_bits(), 0xFF70_FFFF_FFFF_0000);
        assert_eq!(ones.with_dpl(0).into_bits(), 0xFFFF_9FFF_FFFF_FFFF);
    }

    #[test]
    fn code_and_data_attributes_share_bits_with_different_meaning() {
        let kind = |bits: u32| Descriptor::from_words(0, SEGMENT | bits << 8);
        assert!(kind(0x4).is_expand_down() && !kind(0x4).is_conforming() && !kind(0x4).is_writable());
        assert!(kind(0xC).is_conforming() && !kind(0xC).is_expand_down() && !kind(0xC).is_readable());
        assert!(kind(0xA).is_readable() && !kind(0xA).is_writable());
        assert!(kind(0x3).accessed() && kind(0x2).with_accessed() == kind(0x3));
    }

    #[test]
    fn only_gate_types_are_viewed_as_gates() {
        assert!(Descriptor::from_words(0, 0x8E00).gate().is_some());
        assert!(Descriptor::from_words(0, 0x8900).gate().is_none());
        assert!(Descriptor::from_words(0, 0x8D00).gate().is_none());
        assert!(Descriptor::flat_code(0).gate().is_none());
    }
}
