//! Tile configuration registers as the mesh reaches them: byte lanes, LUT entries, and what writes do to cores.
//!
//! Source: SCC reference §4.1 (U29): registers are the low dwords of 8-byte slots, the high dwords do not exist.

use scc::id::{CoreId, TileId};
use scc::lut::LutEntry;
use scc::tile::{BLOCK_BYTES, Gcbcfg, Requester, TileRegister};

use super::{Access, Fabric};
use crate::chip::effects::{Effect, ResetLine};
use crate::chip::lanes::{self, DwordLanes};
use crate::chip::tile::TileChange;
use crate::diagnostics::FindingKind;

impl Fabric {
    pub(super) fn crb_read(&mut self, access: &Access, tile: TileId, bytes: u32) -> u64 {
        let [low, _] = lanes::dwords(access.address, bytes, 0);
        if !low.any() {
            return 0;
        }
        let value = match self.tile_register(access) {
            None => 0,
            Some(TileRegister::Lut(z, index)) => self.lut(core_of(tile, z), index).bits(),
            Some(register) => self.tiles[tile.index()].read(register, access.requester),
        };
        lanes::extract(u64::from(value), access.address, bytes)
    }

    pub(super) fn crb_write(&mut self, access: &Access, tile: TileId, bytes: u32, value: u64) {
        let [low, _] = lanes::dwords(access.address, bytes, value);
        if !low.any() {
            return;
        }
        if let Some(register) = self.tile_register(access) {
            self.write_tile_register(access, tile, register, low);
        }
    }

    pub(super) fn write_tile_register(
        &mut self,
        access: &Access,
        tile: TileId,
        register: TileRegister,
        lanes: DwordLanes,
    ) {
        if let TileRegister::Lut(z, index) = register {
            let core = core_of(tile, z);
            let merged = lanes.merge_into(self.lut(core, index).bits());
            if self.luts.set(core, index, LutEntry::from_bits(merged)) {
                // At once: the core's next miss already uses the new entry.
                self.effects.push(access.issued, Effect::Lut(core, index));
            }
            return;
        }
        match self.tiles[tile.index()].write(register, lanes) {
            TileChange::Nothing => {}
            TileChange::Pins(z, changes) => {
                let core = core_of(tile, z);
                let settled = &mut self.pins_settled[core.index()];
                *settled = access.trip.arrival.max(*settled);
                let at = *settled;
                for (pin, level) in changes.iter() {
                    self.deliver(access, at, Effect::Pin(core, pin, level));
                }
            }
            TileChange::L2(z, mode) => {
                self.deliver(access, access.trip.arrival, Effect::L2(core_of(tile, z), mode));
            }
            TileChange::Clock(old, new) => self.change_clock(access, tile, old, new),
        }
    }

    /// Resets take effect on arrival, a new frequency with the acknowledgement (U34).
    fn change_clock(&mut self, access: &Access, tile: TileId, old: Gcbcfg, new: Gcbcfg) {
        self.judge_clock(access, tile, old, new);
        for core in tile.cores() {
            let z = core.slot();
            if old.l2_in_reset(z) != new.l2_in_reset(z) {
                let line = reset_line(new.l2_in_reset(z));
                self.deliver(access, access.trip.arrival, Effect::L2Reset(core, line));
            }
            if old.core_in_reset(z) != new.core_in_reset(z) {
                let line = reset_line(new.core_in_reset(z));
                self.deliver(access, access.trip.arrival, Effect::CoreReset(core, line));
            }
        }
        if old.divider() != new.divider() {
            self.latency.set_period(tile, new.tile_period());
            self.deliver(access, access.trip.done, Effect::TileClock(tile, new.tile_period()));
        }
    }

    fn judge_clock(&mut self, access: &Access, tile: TileId, old: Gcbcfg, new: Gcbcfg) {
        let value = new.into_bits();
        let fitting = Gcbcfg::for_divider(new.divider(), self.power_up.clocks.mesh());
        if new.mesh_ratio() != fitting.mesh_ratio() {
            self.warn(access, FindingKind::MeshRatioChanged { value });
        }
        if new.tile_ratio() != fitting.tile_ratio() {
            self.warn(access, FindingKind::TileRatioMismatch { value });
        }
        if old.divider() == new.divider() {
            return;
        }
        match access.requester {
            Requester::Core(_) if new.divider() == 0 => self.warn(access, FindingKind::DividerZero { value }),
            Requester::Core(core) => self.check_frequency(core, tile),
            Requester::SystemInterface => {}
        }
    }

    /// The register an access addresses.
    fn tile_register(&mut self, access: &Access) -> Option<TileRegister> {
        let offset = slot_offset(access.address);
        let register = TileRegister::from_offset(offset);
        if register.is_none() {
            self.warn(access, FindingKind::UndefinedTileRegister { offset });
        }
        register
    }
}

/// Offset of the 8-byte slot of an address in the register block.
#[inline]
pub(super) fn slot_offset(address: u64) -> u32 {
    u32::try_from((address % u64::from(BLOCK_BYTES)) & !7).expect("13 bits")
}

/// Core `z` of a tile.
pub(super) fn core_of(tile: TileId, z: u8) -> CoreId {
    tile.cores()[usize::from(z & 1)]
}

fn reset_line(asserted: bool) -> ResetLine {
    if asserted { ResetLine::Asserted } else { ResetLine::Released }
}
