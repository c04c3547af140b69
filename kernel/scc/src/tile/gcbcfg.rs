//! Clock and reset register of a tile.
//!
//! ```text
//! [25:19] clock ratio A = 7*(d+1)   [18:12] clock ratio B = 7*mesh divider   [11:8] divider d
//! [7:4]   units the soft-reset pin may reset    [3:2] L2 of core 1, 0 in reset   [1:0] core 1, 0 in reset
//! ```
//!
//! Facts: SCC reference §4.5.

use bitfield_struct::bitfield;

use crate::timing::{MeshClock, Time, tile_period};

/// Value of the clock and reset register.
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct Gcbcfg {
    /// RESC0: core 0 held in reset.
    pub core0_reset: bool,
    /// RESC1: core 1 held in reset.
    pub core1_reset: bool,
    /// RESL20: L2 of core 0 held in reset.
    pub l2_0_reset: bool,
    /// RESL21: L2 of core 1 held in reset.
    pub l2_1_reset: bool,
    /// SREC0: the soft-reset pin resets core 0.
    pub soft_reset_core0: bool,
    /// SREC1: the soft-reset pin resets core 1.
    pub soft_reset_core1: bool,
    /// SREL21: the soft-reset pin resets the L2 of core 1.
    pub soft_reset_l2_1: bool,
    /// SREL20: the soft-reset pin resets the L2 of core 0.
    pub soft_reset_l2_0: bool,
    /// Tile divider d: the tile runs at 1600 / (d+1) MHz.
    #[bits(4)]
    pub divider: u8,
    /// Clock ratio B: 7 times the mesh divider.
    #[bits(7)]
    pub mesh_ratio: u8,
    /// Clock ratio A: 7 times (d+1).
    #[bits(7)]
    pub tile_ratio: u8,
    #[bits(6)]
    __: u8,
}

impl Gcbcfg {
    /// Contents after a hard reset with the mesh at 800 MHz: 533 MHz, everything held in reset.
    pub const RESET: Self = Self::from_bits(0x00A8_E2FF);

    /// Bits the register stores.
    pub const MASK: u32 = 0x03FF_FFFF;

    /// Value for tile divider `divider` (low 4 bits), everything held in reset.
    pub const fn for_divider(divider: u8, mesh: MeshClock) -> Self {
        let divider = divider & 0xF;
        Self::from_bits(0xFF)
            .with_divider(divider)
            .with_mesh_ratio(7 * mesh.divider())
            .with_tile_ratio(7 * (divider + 1))
    }

    /// Bits that hold core `z` (0 or 1) and its L2 in reset, as sccKit sets and clears them.
    pub const fn reset_mask(z: u8) -> u32 {
        0x5 << (z & 1)
    }

    /// Whether core `z` (0 or 1) is held in reset.
    pub const fn core_in_reset(self, z: u8) -> bool {
        if z & 1 == 0 { self.core0_reset() } else { self.core1_reset() }
    }

    /// Whether the L2 of core `z` (0 or 1) is held in reset.
    pub const fn l2_in_reset(self, z: u8) -> bool {
        if z & 1 == 0 { self.l2_0_reset() } else { self.l2_1_reset() }
    }

    /// Clock period of the tile.
    pub const fn tile_period(self) -> Time {
        tile_period(self.divider())
    }

    /// Whether the ratios fit the divider and the mesh clock in force; a mismatch corrupts data on silicon.
    pub const fn ratios_fit(self, mesh: MeshClock) -> bool {
        let fitting = Self::for_divider(self.divider(), mesh);
        self.mesh_ratio() == fitting.mesh_ratio() && self.tile_ratio() == fitting.tile_ratio()
    }
}

#[cfg(test)]
mod tests {
    use super::Gcbcfg;
    use crate::timing::MeshClock;

    /// Dividers 1 to 15 with low byte 0xFF: mesh 800, mesh 1600.
    const TABLE: [(u32, u32); 15] = [
        (0x0070_E1FF, 0x0070_71FF),
        (0x00A8_E2FF, 0x00A8_72FF),
        (0x00E0_E3FF, 0x00E0_73FF),
        (0x0118_E4FF, 0x0118_74FF),
        (0x0150_E5FF, 0x0150_75FF),
        (0x0188_E6FF, 0x0188_76FF),
        (0x01C0_E7FF, 0x01C0_77FF),
        (0x01F8_E8FF, 0x01F8_78FF),
        (0x0230_E9FF, 0x0230_79FF),
        (0x0268_EAFF, 0x0268_7AFF),
        (0x02A0_EBFF, 0x02A0_7BFF),
        (0x02D8_ECFF, 0x02D8_7CFF),
        (0x0310_EDFF, 0x0310_7DFF),
        (0x0348_EEFF, 0x0348_7EFF),
        (0x0380_EFFF, 0x0380_7FFF),
    ];

    #[test]
    fn values_match_the_divider_table() {
        for (divider, (slow, fast)) in (1..).zip(TABLE) {
            assert_eq!(Gcbcfg::for_divider(divider, MeshClock::Mhz800).into_bits(), slow);
            assert_eq!(Gcbcfg::for_divider(divider, MeshClock::Mhz1600).into_bits(), fast);
            assert!(Gcbcfg::from_bits(slow).ratios_fit(MeshClock::Mhz800));
            assert!(!Gcbcfg::from_bits(slow).ratios_fit(MeshClock::Mhz1600));
        }
        assert_eq!(Gcbcfg::RESET, Gcbcfg::for_divider(2, MeshClock::Mhz800));
    }

    #[test]
    fn reset_masks_cover_one_core_and_its_l2() {
        assert_eq!(Gcbcfg::reset_mask(0), 0x5);
        assert_eq!(Gcbcfg::reset_mask(1), 0xA);
        let first_released = Gcbcfg::from_bits(Gcbcfg::RESET.into_bits() & !Gcbcfg::reset_mask(0));
        assert!(!first_released.core_in_reset(0) && !first_released.l2_in_reset(0));
        assert!(first_released.core_in_reset(1) && first_released.l2_in_reset(1));
    }
}
