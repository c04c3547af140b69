//! The host's view: the same agents and registers, reached by the system interface, outside of time.
//!
//! Also what the host's tools do with it: filling DRAM, writing LUTs and registers, pulling and releasing resets.
//! The host's accesses produce effects like a core's, at once, but no findings.
//!
//! Source: SCC reference §8.2, §8.4.

use scc::address::SystemAddr;
use scc::id::{CoreId, TileId};
use scc::lut::MemoryController;
use scc::tile::{Gcbcfg, Requester, TileRegister};
use scc::timing::Time;

use super::{Access, Fabric};
use crate::chip::lanes::DwordLanes;
use crate::chip::latency::Trip;
use crate::chip::lut::Agent;
use crate::chip::port::LINE;
use crate::diagnostics::FindingKind;

impl Fabric {
    /// Reads 1 to 8 bytes inside one aligned quadword, with all side effects.
    ///
    /// # Errors
    /// The reason why nobody answers.
    pub fn host_read(&mut self, at: SystemAddr, bytes: u32, now: Time) -> Result<u64, FindingKind> {
        let access = self.host_access(Agent::at(at.route, at.sub), at.address, now);
        self.agent_read(&access, bytes)
    }

    /// Writes 1 to 8 bytes inside one aligned quadword.
    ///
    /// # Errors
    /// The reason why nobody answers.
    pub fn host_write(
        &mut self,
        at: SystemAddr,
        bytes: u32,
        value: u64,
        now: Time,
    ) -> Result<(), FindingKind> {
        let access = self.host_access(Agent::at(at.route, at.sub), at.address, now);
        self.agent_write(&access, bytes, value)
    }

    /// Reads a 32-byte line.
    ///
    /// # Errors
    /// The reason why nobody answers.
    pub fn host_read_line(&mut self, at: SystemAddr, now: Time) -> Result<[u8; LINE], FindingKind> {
        let access = self.host_access(Agent::at(at.route, at.sub), at.address, now);
        self.agent_read_line(&access)
    }

    /// Copies bytes of any length into the DRAM of a controller; addresses beyond its size wrap.
    pub fn load_dram(&mut self, controller: MemoryController, byte: u64, data: &[u8]) {
        self.dram.load(controller, byte, data);
    }

    /// Writes a tile register.
    pub fn host_write_tile(&mut self, tile: TileId, register: TileRegister, value: u32, now: Time) {
        let access = self.host_access(Agent::Crb(tile), register.offset().into(), now);
        self.write_tile_register(&access, tile, register, DwordLanes::whole(value));
    }

    /// Reads a dword of the FPGA's register bank, with its side effect. `offset` is a multiple of 4.
    ///
    /// # Errors
    /// The reason why nobody answers.
    pub fn host_read_fpga(&mut self, offset: u32, now: Time) -> Result<u32, FindingKind> {
        let access = self.host_access(Agent::Fpga, offset.into(), now);
        self.grb_read(&access, 4).map(|value| crate::chip::lanes::split(value)[0])
    }

    /// Writes a dword of the FPGA's register bank. `offset` is a multiple of 4.
    ///
    /// # Errors
    /// The reason why nobody answers.
    pub fn host_write_fpga(&mut self, offset: u32, value: u32, now: Time) -> Result<(), FindingKind> {
        let access = self.host_access(Agent::Fpga, offset.into(), now);
        self.grb_write(&access, 4, value.into())
    }

    /// Releases a core and its L2 from reset, keeping everything else of the tile's GCBCFG.
    pub fn release_reset(&mut self, core: CoreId, now: Time) {
        let value = self.gcbcfg(core.tile()).into_bits() & !Gcbcfg::reset_mask(core.slot());
        self.host_write_tile(core.tile(), TileRegister::Gcbcfg, value, now);
    }

    /// Puts a core and its L2 into reset and masks its interrupts, as `sccReset -p` does.
    pub fn pull_reset(&mut self, core: CoreId, now: Time) {
        let value = self.gcbcfg(core.tile()).into_bits() | Gcbcfg::reset_mask(core.slot());
        self.host_write_tile(core.tile(), TileRegister::Gcbcfg, value, now);
        self.fpga.gic.mask_all(core);
    }

    /// Pulses the package's soft-reset pin: resets every core and L2 that bits 4 to 7 of its tile's clock and reset
    /// register name. Those that the register does not hold in reset start anew.
    pub fn soft_reset(&mut self, now: Time) {
        for tile in TileId::all() {
            let released = self.gcbcfg(tile);
            let reset = released
                .with_core0_reset(released.core0_reset() | released.soft_reset_core0())
                .with_core1_reset(released.core1_reset() | released.soft_reset_core1())
                .with_l2_0_reset(released.l2_0_reset() | released.soft_reset_l2_0())
                .with_l2_1_reset(released.l2_1_reset() | released.soft_reset_l2_1());
            for value in [reset, released] {
                self.host_write_tile(tile, TileRegister::Gcbcfg, value.into_bits(), now);
            }
        }
    }

    fn host_access(&mut self, agent: Agent, address: u64, now: Time) -> Access {
        self.catch_up(now);
        Access {
            requester: Requester::SystemInterface,
            physical: None,
            agent,
            address,
            issued: now,
            trip: Trip { arrival: now, done: now },
        }
    }
}
