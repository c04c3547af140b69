//! The debugger's view: memory and registers without side effects, as a core's LUT maps them, behind its caches.

use scc::address::{PhysAddr, SystemAddr};
use scc::fpga::FpgaPort;
use scc::id::CoreId;
use scc::tile::{Requester, TileRegister};

use super::Fabric;
use super::crb::{core_of, slot_offset};
use super::grb::touched;
use crate::chip::fpga::{Place, place};
use crate::chip::host::SoftRam;
use crate::chip::lanes;
use crate::chip::lut::Agent;

impl Fabric {
    /// Reads 1 to 8 bytes inside one aligned quadword at a system address, as `requester` would see them, without
    /// side effects; `None` if nothing readable is there.
    pub fn peek(&self, at: SystemAddr, bytes: u32, requester: Requester) -> Option<u64> {
        let address = at.address;
        match Agent::at(at.route, at.sub) {
            Agent::Memory(controller) => {
                let (place, _) = self.dram.locate(controller, address);
                Some(self.dram.read(place, bytes))
            }
            Agent::Mpb(tile) => Some(self.buffers[tile.index()].read(address, bytes)),
            Agent::Crb(tile) => {
                let value = match TileRegister::from_offset(slot_offset(address))? {
                    TileRegister::Lut(z, index) => self.lut(core_of(tile, z), index).bits(),
                    register => self.tiles[tile.index()].peek(register, requester),
                };
                Some(lanes::extract(value.into(), address, bytes))
            }
            Agent::Fpga => match FpgaPort::of(address) {
                FpgaPort::Registers => self.peek_grb(address, bytes),
                FpgaPort::HostWindow => {
                    SoftRam::offset(address).map(|offset| self.host.memory.read(offset, bytes))
                }
                FpgaPort::Host | FpgaPort::Debug | FpgaPort::Memory => None,
            },
            Agent::Regulator | Agent::Nobody => None,
        }
    }

    /// Fills `buffer` with the bytes at a core physical address as the core's LUT maps them, behind its caches.
    /// Returns how many bytes there were before the first address where nothing is readable.
    pub fn peek_core(&self, core: CoreId, at: PhysAddr, buffer: &mut [u8]) -> usize {
        let mut position = at;
        for (count, byte) in buffer.iter_mut().enumerate() {
            match self.peek(self.translate(core, position), 1, Requester::Core(core)) {
                Some(value) => *byte = value.to_le_bytes()[0],
                None => return count,
            }
            position = position.wrapping_add(1);
        }
        buffer.len()
    }

    fn peek_grb(&self, address: u64, bytes: u32) -> Option<u64> {
        let mut words = [0; 2];
        for (word, (offset, lanes)) in words.iter_mut().zip(touched(address, bytes, 0)) {
            if !lanes.any() {
                continue;
            }
            match place(offset) {
                Place::Register(register) | Place::Unmodelled(Some(register)) => {
                    *word = self.fpga.peek(register, self.last, &self.regulator);
                }
                Place::Unmodelled(None) | Place::HostOnly | Place::Undefined => return None,
            }
        }
        Some(lanes::extract(lanes::join(words[0], words[1]), address, bytes))
    }
}
