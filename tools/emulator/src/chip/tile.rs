//! Configuration registers of one tile: register accesses in, changes of levels out. No mesh, no LUTs: those are
//! registers of this block too, but the chip keeps them where it translates addresses.
//!
//! Source: SCC reference §4.3 to §4.8.

use scc::id::TileId;
use scc::tile::{Gcbcfg, L2cfg, LOCK_FREE, MyTileId, Requester, SensorControl, SensorValue, TileRegister};

use super::effects::L2Mode;
use super::glcfg::{PinChanges, Pins};
use super::lanes::DwordLanes;

/// What a write changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TileChange {
    /// Nothing that anybody feels.
    Nothing,
    /// Pins of core z.
    Pins(u8, PinChanges),
    /// What the L2 of core z does.
    L2(u8, L2Mode),
    /// Clock or resets: old and new value.
    Clock(Gcbcfg, Gcbcfg),
}

/// The registers of one tile.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    id: TileId,
    /// GLCFG of each core.
    pub(crate) pins: [Pins; 2],
    l2: [L2cfg; 2],
    clock: Gcbcfg,
    sensor: SensorControl,
    free: [bool; 2],
}

impl Tile {
    /// State after power-on with the given GCBCFG.
    pub(crate) const fn new(id: TileId, clock: Gcbcfg) -> Self {
        Self {
            id,
            pins: [Pins::new(); 2],
            l2: [L2cfg::RESET; 2],
            clock,
            sensor: SensorControl::from_bits(0),
            free: [true; 2],
        }
    }

    /// Clock ratios and reset lines.
    pub(crate) const fn clock(&self) -> Gcbcfg {
        self.clock
    }

    /// Reads a register other than a LUT entry, with its side effect.
    #[inline]
    pub(crate) fn read(&mut self, register: TileRegister, requester: Requester) -> u32 {
        let value = self.peek(register, requester);
        if let TileRegister::Lock(z) = register {
            self.free[slot(z)] = false;
        }
        value
    }

    /// Reads a register other than a LUT entry without side effects.
    pub(crate) fn peek(&self, register: TileRegister, requester: Requester) -> u32 {
        match register {
            TileRegister::Glcfg(z) => self.pins[slot(z)].read().into_bits(),
            TileRegister::L2cfg(z) => self.l2[slot(z)].into_bits(),
            TileRegister::SensorControl => self.sensor.into_bits(),
            TileRegister::SensorValue => self.sensor_value().into_bits(),
            TileRegister::Gcbcfg => self.clock.into_bits(),
            TileRegister::MyTileId => MyTileId::new(self.id, requester).bits(),
            TileRegister::Lock(z) => {
                if self.free[slot(z)] {
                    LOCK_FREE
                } else {
                    0
                }
            }
            TileRegister::Lut(..) => 0,
        }
    }

    /// Writes a register other than a LUT entry; read-only registers ignore it.
    pub(crate) fn write(&mut self, register: TileRegister, lanes: DwordLanes) -> TileChange {
        match register {
            TileRegister::Glcfg(z) => TileChange::Pins(z, self.pins[slot(z)].write(lanes)),
            TileRegister::L2cfg(z) => {
                let l2 = &mut self.l2[slot(z)];
                let before = l2_mode(*l2);
                *l2 = L2cfg::written(lanes.merge_into(l2.into_bits()));
                let after = l2_mode(*l2);
                if before == after { TileChange::Nothing } else { TileChange::L2(z, after) }
            }
            TileRegister::SensorControl => {
                let value = lanes.merge_into(self.sensor.into_bits()) & SensorControl::MASK;
                self.sensor = SensorControl::from_bits(value);
                TileChange::Nothing
            }
            TileRegister::Gcbcfg => {
                let old = self.clock;
                self.clock = Gcbcfg::from_bits(lanes.merge_into(old.into_bits()) & Gcbcfg::MASK);
                TileChange::Clock(old, self.clock)
            }
            TileRegister::Lock(z) => {
                self.free[slot(z)] = true;
                TileChange::Nothing
            }
            TileRegister::SensorValue | TileRegister::MyTileId | TileRegister::Lut(..) => TileChange::Nothing,
        }
    }

    /// Both counts equal the window's length while enabled (U35).
    fn sensor_value(&self) -> SensorValue {
        let count = if self.sensor.enable() { self.sensor.gate_pulse_count() } else { 0 };
        SensorValue::new().with_near_core0(count).with_near_core1(count)
    }
}

fn slot(z: u8) -> usize {
    usize::from(z & 1)
}

/// A stopped clock outweighs disabled ways (U33).
fn l2_mode(l2: L2cfg) -> L2Mode {
    if l2.stop_controller_clock() || l2.stop_array_clock() {
        L2Mode::ClockStopped
    } else if l2.way_disable() {
        L2Mode::WaysDisabled
    } else {
        L2Mode::Enabled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::id::CoreId;

    fn tile() -> Tile {
        Tile::new(TileId::new(5).expect("tile"), Gcbcfg::RESET)
    }

    fn host_read(tile: &mut Tile, offset: u32) -> u32 {
        let register = TileRegister::from_offset(offset).expect("register");
        tile.read(register, Requester::SystemInterface)
    }

    fn write(tile: &mut Tile, offset: u32, value: u32) -> TileChange {
        tile.write(TileRegister::from_offset(offset).expect("register"), DwordLanes::whole(value))
    }

    /// Checklist 14.
    #[test]
    fn hard_reset_values_are_the_documented_ones() {
        let mut tile = tile();
        let expected = [
            (0x10, 0x0034_0DF8),
            (0x18, 0x0034_0DF8),
            (0x20, 0x6CF),
            (0x28, 0x6CF),
            (0x40, 0),
            (0x48, 0),
            (0x80, 0x00A8_E2FF),
        ];
        for (offset, value) in expected {
            assert_eq!(host_read(&mut tile, offset), value, "{offset:#x}");
        }
    }

    /// Checklist 2: the host reads 0x2D at tile (5,0).
    #[test]
    fn identity_depends_on_who_asks() {
        let mut tile = tile();
        assert_eq!(host_read(&mut tile, 0x100), 0x2D);
        for (number, value) in [(10, 0x28), (11, 0x29), (3, 0x29)] {
            let core = CoreId::new(number).expect("core");
            assert_eq!(tile.read(TileRegister::MyTileId, Requester::Core(core)), value);
        }
    }

    /// Checklist 15 and 17.
    #[test]
    fn locks_are_taken_by_reading_and_freed_by_any_write() {
        let mut tile = tile();
        for value in [0, 1, u32::MAX] {
            assert_eq!(host_read(&mut tile, 0x200), 1);
            assert_eq!(host_read(&mut tile, 0x200), 0);
            write(&mut tile, 0x200, value);
        }
        assert_eq!(host_read(&mut tile, 0x200), 1);
        tile.write(TileRegister::Lock(0), DwordLanes { enabled: 0xFF, value: 0 });
        assert_eq!(tile.peek(TileRegister::Lock(0), Requester::SystemInterface), 1);
        assert_eq!(host_read(&mut tile, 0x400), 1, "the other lock is independent");
    }

    /// Checklist 27 (U35).
    #[test]
    fn the_sensor_counts_only_while_enabled() {
        let mut tile = tile();
        write(&mut tile, 0x40, 0x1234);
        assert_eq!(host_read(&mut tile, 0x48), 0);
        write(&mut tile, 0x40, 0xFFFF_2000 | 0x1234);
        assert_eq!(host_read(&mut tile, 0x40), 0x3234);
        assert_eq!(host_read(&mut tile, 0x48), (0x1234 << 13) | 0x1234);
    }

    #[test]
    fn l2_configuration_reports_what_software_can_feel() {
        let mut tile = tile();
        assert_eq!(write(&mut tile, 0x28, 0x6DF), TileChange::L2(1, L2Mode::WaysDisabled));
        assert_eq!(write(&mut tile, 0x28, 0x7DF), TileChange::Nothing);
        assert_eq!(write(&mut tile, 0x28, 0x26DF), TileChange::L2(1, L2Mode::ClockStopped));
        assert_eq!(host_read(&mut tile, 0x20), 0x6CF);
    }

    #[test]
    fn clock_and_reset_keeps_26_bits() {
        let mut tile = tile();
        let change = write(&mut tile, 0x80, 0xFFA8_E2FA);
        assert_eq!(change, TileChange::Clock(Gcbcfg::RESET, Gcbcfg::from_bits(0x03A8_E2FA)));
    }
}
