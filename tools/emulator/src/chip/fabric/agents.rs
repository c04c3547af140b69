//! Transactions at their agents: the four kinds a core or the host can issue, after routing.
//!
//! An error is a request that is never answered.
//!
//! Source: SCC reference §3.5, §5.2, §6.1 (U24, (U25), (U30), (U38) to (U40)).

use scc::fpga::FpgaPort;
use scc::tile::Requester;
use scc::vrc::VoltageDomain;

use super::{Access, Fabric};
use crate::chip::events::Event;
use crate::chip::host::SoftRam;
use crate::chip::lanes;
use crate::chip::lut::Agent;
use crate::chip::port::LINE;
use crate::chip::vrc;
use crate::diagnostics::FindingKind;

impl Fabric {
    /// Reads 1 to 8 bytes inside one aligned quadword.
    #[inline(always)]
    pub(super) fn agent_read(&mut self, access: &Access, bytes: u32) -> Result<u64, FindingKind> {
        let address = access.address;
        match access.agent {
            Agent::Memory(controller) => {
                let (place, wrapped) = self.dram.locate(controller, address);
                if wrapped {
                    self.warn_beyond_memory(access);
                }
                self.statistics.count_read(controller, bytes);
                Ok(self.dram.read(place, bytes))
            }
            Agent::Mpb(tile) if self.powered[tile.index()] => {
                Ok(self.buffers[tile.index()].read(address, bytes))
            }
            Agent::Crb(tile) if self.powered[tile.index()] => Ok(self.crb_read(access, tile, bytes)),
            Agent::Mpb(tile) | Agent::Crb(tile) => Err(FindingKind::TileWithoutPower { tile }),
            Agent::Fpga => match FpgaPort::of(address) {
                FpgaPort::Registers => self.grb_read(access, bytes),
                FpgaPort::HostWindow => Ok(self.host.memory.read(host_memory(address)?, bytes)),
                port => Err(FindingKind::FpgaPortNotModelled { port }),
            },
            // The regulator's register is write-only and reads 0 ([U39]).
            Agent::Regulator => Ok(0),
            Agent::Nobody => Err(self.nobody(access)),
        }
    }

    /// Writes 1 to 8 bytes inside one aligned quadword.
    #[inline]
    pub(super) fn agent_write(&mut self, access: &Access, bytes: u32, value: u64) -> Result<(), FindingKind> {
        let address = access.address;
        match access.agent {
            Agent::Memory(controller) => {
                let (place, wrapped) = self.dram.locate(controller, address);
                if wrapped {
                    self.warn_beyond_memory(access);
                }
                self.statistics.count_write(controller, bytes);
                self.dram.write(place, bytes, value);
            }
            Agent::Mpb(tile) if self.powered[tile.index()] => {
                self.buffers[tile.index()].write(address, bytes, value);
            }
            Agent::Crb(tile) if self.powered[tile.index()] => self.crb_write(access, tile, bytes, value),
            Agent::Mpb(tile) | Agent::Crb(tile) => return Err(FindingKind::TileWithoutPower { tile }),
            Agent::Fpga => match FpgaPort::of(address) {
                FpgaPort::Registers => self.grb_write(access, bytes, value)?,
                FpgaPort::HostWindow => self.host.memory.write(host_memory(address)?, bytes, value),
                port => return Err(FindingKind::FpgaPortNotModelled { port }),
            },
            Agent::Regulator => self.command_regulator(access, value),
            Agent::Nobody => return Err(self.nobody(access)),
        }
        Ok(())
    }

    /// Reads a 32-byte line.
    #[inline]
    pub(super) fn agent_read_line(&mut self, access: &Access) -> Result<[u8; LINE], FindingKind> {
        let address = access.address;
        match access.agent {
            Agent::Memory(controller) => {
                let (place, wrapped) = self.dram.locate(controller, address);
                if wrapped {
                    self.warn_beyond_memory(access);
                }
                self.statistics.count_read(controller, 32);
                Ok(self.dram.read_line(place))
            }
            Agent::Mpb(tile) if self.powered[tile.index()] => {
                Ok(self.buffers[tile.index()].read_line(address))
            }
            Agent::Fpga if FpgaPort::of(address) == FpgaPort::HostWindow => {
                Ok(self.host.memory.read_line(host_memory(address)?))
            }
            _ => self.registers_read_line(access),
        }
    }

    /// Writes a 32-byte line.
    #[inline]
    pub(super) fn agent_write_line(&mut self, access: &Access, data: &[u8; LINE]) -> Result<(), FindingKind> {
        let address = access.address;
        match access.agent {
            Agent::Memory(controller) => {
                let (place, wrapped) = self.dram.locate(controller, address);
                if wrapped {
                    self.warn_beyond_memory(access);
                }
                self.statistics.count_write(controller, 32);
                self.dram.write_line(place, data);
                Ok(())
            }
            Agent::Mpb(tile) if self.powered[tile.index()] => {
                self.buffers[tile.index()].write_line(address, data);
                Ok(())
            }
            Agent::Fpga if FpgaPort::of(address) == FpgaPort::HostWindow => {
                self.host.memory.write_line(host_memory(address)?, data);
                Ok(())
            }
            _ => self.registers_write_line(access, data),
        }
    }

    /// A line of registers is four quadwords, each with the side effects of its registers (U30, U40).
    #[cold]
    fn registers_read_line(&mut self, access: &Access) -> Result<[u8; LINE], FindingKind> {
        self.check_line_of_registers(access)?;
        self.warn(access, FindingKind::RegisterLineRead);
        let mut line = [0; LINE];
        for (position, quadword) in (0..).step_by(8).zip(line.chunks_exact_mut(8)) {
            let part = Access { address: (access.address & !31) + position, ..*access };
            quadword.copy_from_slice(&self.agent_read(&part, 8)?.to_le_bytes());
        }
        Ok(line)
    }

    #[cold]
    fn registers_write_line(&mut self, access: &Access, data: &[u8; LINE]) -> Result<(), FindingKind> {
        self.check_line_of_registers(access)?;
        self.warn(access, FindingKind::RegisterLineWrite);
        for (position, quadword) in (0..).step_by(8).zip(data.as_chunks::<8>().0) {
            let part = Access { address: (access.address & !31) + position, ..*access };
            self.agent_write(&part, 8, u64::from_le_bytes(*quadword))?;
        }
        Ok(())
    }

    /// Finds out whether a line gets an answer before any register of it is touched.
    fn check_line_of_registers(&self, access: &Access) -> Result<(), FindingKind> {
        match access.agent {
            Agent::Fpga if FpgaPort::of(access.address) == FpgaPort::Registers => {
                for position in (0..).step_by(8).take(4) {
                    self.check_grb((access.address & !31) + position, 8, access.requester)?;
                }
                Ok(())
            }
            Agent::Nobody => Err(self.nobody(access)),
            _ => Ok(()),
        }
    }

    /// A voltage command; it takes effect when the regulator is done, which is when the write is answered.
    fn command_regulator(&mut self, access: &Access, written: u64) {
        let Some(change) = vrc::decode(written) else { return };
        let core = match access.requester {
            Requester::Core(core) => core,
            Requester::SystemInterface => {
                return self.settle_voltage(access.issued, None, change.domain, change.vid);
            }
        };
        if change.domain == VoltageDomain::Mesh {
            self.warn(access, FindingKind::MeshVoltage { command: lanes::split(written)[0] });
        }
        let settled = self.latency.regulator_settled(access.trip.arrival);
        self.events.push(settled, Event::VoltageSettled(core, change.domain, change.vid));
        self.catch_up(access.issued);
    }

    #[cold]
    fn nobody(&self, access: &Access) -> FindingKind {
        let entry = match (access.requester, access.physical) {
            (Requester::Core(core), Some(at)) => self.lut(core, at.lut_index()).bits(),
            _ => 0,
        };
        FindingKind::NoAgent { entry }
    }

    #[cold]
    fn warn_beyond_memory(&mut self, access: &Access) {
        let gigabytes = self.power_up.gigabytes_per_controller;
        self.warn(access, FindingKind::BeyondMemory { gigabytes });
    }
}

/// Offset in the host's memory.
fn host_memory(address: u64) -> Result<u64, FindingKind> {
    SoftRam::offset(address).ok_or(FindingKind::NoHostMemory { address })
}
