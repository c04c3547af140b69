//! L2 configuration register, one per core. Facts: SCC reference §4.4.

use bitfield_struct::bitfield;

/// Value of an L2 configuration register.
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct L2cfg {
    /// bbl2slppgm: sleep voltage.
    #[bits(4)]
    pub sleep_voltage: u8,
    /// waydisable: L2 neither hits nor allocates.
    pub way_disable: bool,
    /// slpbypass: sleep disabled.
    pub sleep_bypass: bool,
    /// tageccen: ECC of the tags.
    pub tag_ecc: bool,
    /// dataeccen: ECC of the data.
    pub data_ecc: bool,
    /// flipen: unused.
    pub flip: bool,
    /// wtslpen: sleep of the write-bit-line drivers.
    pub write_bit_line_sleep: bool,
    /// wlslpen: sleep of the word-line drivers.
    pub word_line_sleep: bool,
    /// blfloaten: bit-line float.
    pub bit_line_float: bool,
    /// stopl2arrayclk: clock of the arrays gated.
    pub stop_array_clock: bool,
    /// stopl2ccclk: clock of the cache controller gated.
    pub stop_controller_clock: bool,
    #[bits(18)]
    __: u32,
}

impl L2cfg {
    /// Contents after a hard reset.
    pub const RESET: Self = Self::from_bits(0x0000_06CF);

    /// Bits the register stores.
    pub const MASK: u32 = 0x0000_3FFF;

    /// Register after a write of `value`.
    pub const fn written(value: u32) -> Self {
        Self::from_bits(value & Self::MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::L2cfg;

    #[test]
    fn reset_value_matches_the_defaults_of_its_fields() {
        let expected = L2cfg::new()
            .with_sleep_voltage(0xF)
            .with_tag_ecc(true)
            .with_data_ecc(true)
            .with_write_bit_line_sleep(true)
            .with_word_line_sleep(true);
        assert_eq!(L2cfg::RESET, expected);
        assert_eq!(L2cfg::RESET.with_way_disable(true).into_bits(), 0x6DF);
        assert_eq!(L2cfg::written(u32::MAX).into_bits(), L2cfg::MASK);
    }
}
