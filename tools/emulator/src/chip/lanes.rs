//! Byte lanes of a quadword: how accesses of 1 to 8 bytes pick and merge bytes, and the dword registers they touch.
//!
//! Source: SCC reference §2.8 (non-cacheable reads and writes: byte enables inside one aligned quadword), (U29),
//! (U40).

/// Mask of the low `bytes` bytes of a quadword, 1 to 8.
#[inline]
const fn low_bytes(bytes: u32) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// Bit position of the byte at `address` in its aligned quadword.
#[inline]
const fn shift(address: u64) -> u32 {
    8 * (address & 7).to_le_bytes()[0] as u32
}

/// The `bytes` bytes at `address` out of its aligned quadword, right-aligned.
#[inline]
pub(crate) const fn extract(quadword: u64, address: u64, bytes: u32) -> u64 {
    (quadword >> shift(address)) & low_bytes(bytes)
}

/// `quadword` with the `bytes` bytes at `address` replaced by the low bytes of `value`.
#[inline]
pub(crate) const fn merge(quadword: u64, address: u64, bytes: u32, value: u64) -> u64 {
    let mask = low_bytes(bytes) << shift(address);
    (quadword & !mask) | ((value << shift(address)) & mask)
}

/// One dword of a quadword as an access touches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DwordLanes {
    /// Bits whose bytes are enabled.
    pub(crate) enabled: u32,
    /// Data of a write on those bits, zero elsewhere.
    pub(crate) value: u32,
}

impl DwordLanes {
    /// A whole-dword write.
    pub(crate) const fn whole(value: u32) -> Self {
        Self { enabled: u32::MAX, value }
    }

    /// Whether any byte of the dword takes part.
    pub(crate) const fn any(self) -> bool {
        self.enabled != 0
    }

    /// `old` with the enabled bytes replaced.
    pub(crate) const fn merge_into(self, old: u32) -> u32 {
        (old & !self.enabled) | self.value
    }
}

/// Splits an access of `bytes` bytes at `address` into the low and the high dword of its quadword.
pub(crate) fn dwords(address: u64, bytes: u32, value: u64) -> [DwordLanes; 2] {
    let enabled = split(low_bytes(bytes) << shift(address));
    let value = split(merge(0, address, bytes, value));
    [DwordLanes { enabled: enabled[0], value: value[0] }, DwordLanes { enabled: enabled[1], value: value[1] }]
}

/// Low and high dword of a quadword.
pub(crate) fn split(quadword: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = quadword.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// A quadword from its low and high dword.
pub(crate) fn join(low: u32, high: u32) -> u64 {
    u64::from(low) | (u64::from(high) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracting_picks_the_addressed_bytes() {
        let quadword = 0x8877_6655_4433_2211;
        assert_eq!(extract(quadword, 0, 8), quadword);
        assert_eq!(extract(quadword, 0x1003, 2), 0x5544);
        assert_eq!(extract(quadword, 7, 1), 0x88);
    }

    #[test]
    fn merging_replaces_only_the_addressed_bytes() {
        assert_eq!(merge(0x8877_6655_4433_2211, 3, 2, 0xFFFF_ABCD), 0x8877_66AB_CD33_2211);
    }

    #[test]
    fn an_access_across_the_middle_touches_both_dwords() {
        let [low, high] = dwords(3, 2, 0xABCD);
        assert_eq!(low, DwordLanes { enabled: 0xFF00_0000, value: 0xCD00_0000 });
        assert_eq!(high, DwordLanes { enabled: 0x0000_00FF, value: 0x0000_00AB });
        assert!(!dwords(4, 4, 0)[0].any());
    }
}
