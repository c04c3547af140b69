//! Accesses that take no time and need no judgement: message buffers and tile registers in timing `flat`, with
//! nothing under way in the chip and nobody recording transactions.
//!
//! They either do the whole access as [`MeshPort`](crate::chip::port::MeshPort) would or touch nothing, so that the
//! caller can go the complete way instead.

use scc::address::PhysAddr;
use scc::command::Command;
use scc::id::CoreId;
use scc::tile::{Requester, TileRegister};
use scc::timing::Time;

use super::Fabric;
use super::crb::slot_offset;
use crate::chip::lanes;
use crate::chip::lut::{Agent, Bypass};

impl Fabric {
    /// Reads 1 to 8 bytes inside one aligned quadword of a message buffer, or inside a tile register.
    #[inline]
    pub(crate) fn quick_read(&mut self, core: CoreId, at: PhysAddr, bytes: u32, now: Time) -> Option<u64> {
        if !self.latency.is_flat() || self.events.next().is_some() || self.bus_log.is_on() {
            return None;
        }
        let window = self.luts.window(core, at);
        let routers = match window.bypass {
            Bypass::Off => window.hops + 1,
            Bypass::OwnBuffer => 0,
            Bypass::Misused => return None,
        };
        let address = window.address(at);
        let value = match window.agent {
            Agent::Mpb(tile) if self.powered[tile.index()] => self.buffers[tile.index()].read(address, bytes),
            Agent::Crb(tile) if self.powered[tile.index()] && (address & 7) + u64::from(bytes) <= 4 => {
                let register = match TileRegister::from_offset(slot_offset(address))? {
                    TileRegister::Lut(..) => return None,
                    register => register,
                };
                let value = self.tiles[tile.index()].read(register, Requester::Core(core));
                lanes::extract(u64::from(value), address, bytes)
            }
            _ => return None,
        };
        self.last = self.last.max(now);
        self.statistics.count(core, Command::ReadPartial, routers);
        Some(value)
    }
}
