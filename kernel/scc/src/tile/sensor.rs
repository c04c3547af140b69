//! Thermal sensor registers of a tile: two ring oscillators counted over a window.
//!
//! Facts: SCC reference §4.6. The counts are uncalibrated.

use bitfield_struct::bitfield;

/// Value of the sensor control register; reset value 0.
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct SensorControl {
    /// Length of the counting window in tile clocks.
    #[bits(13)]
    pub gate_pulse_count: u16,
    /// Whether the sensors count.
    pub enable: bool,
    #[bits(18)]
    __: u32,
}

impl SensorControl {
    /// Bits the register stores.
    pub const MASK: u32 = 0x0000_3FFF;
}

/// Value of the sensor value register; reset value 0.
///
/// Unverified: which half belongs to which core; heating one core on silicon would tell.
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct SensorValue {
    /// Oscillations of the sensor near core 0.
    #[bits(13)]
    pub near_core0: u16,
    /// Oscillations of the sensor near core 1.
    #[bits(13)]
    pub near_core1: u16,
    #[bits(6)]
    __: u8,
}

#[cfg(test)]
mod tests {
    use super::{SensorControl, SensorValue};

    #[test]
    fn sensor_fields_sit_at_their_bits() {
        let control = SensorControl::from_bits(1 << 13 | 0x123);
        assert!(control.enable());
        assert_eq!(control.gate_pulse_count(), 0x123);
        let value = SensorValue::from_bits(0x1ABC << 13 | 0x0123);
        assert_eq!((value.near_core0(), value.near_core1()), (0x0123, 0x1ABC));
    }
}
