//! Cores' transactions: translation, latency, statistics, and then the agent. Port I/O goes the same way without
//! a LUT.
//!
//! Source: SCC reference §2.8, §3.1, §8.7.

use scc::address::PhysAddr;
use scc::command::Command;
use scc::fpga::{self, FpgaPort};
use scc::id::{CoreId, TileId};
use scc::tile::Requester;
use scc::timing::Time;

use super::{Access, Fabric};
use crate::chip::bus_log::{BusTarget, Request};
use crate::chip::latency::{Destination, Trip};
use crate::chip::lut::{Agent, Bypass, Window};
use crate::chip::port::{LINE, LineWrite, MeshPort, Refusal, Reply};
use crate::chip::vrc;
use crate::diagnostics::FindingKind;

/// Links between each tile and the system interface, behind which the host is.
const HOPS_TO_HOST: [u32; TileId::COUNT] = hops_to_host();

const fn hops_to_host() -> [u32; TileId::COUNT] {
    let mut hops = [0; TileId::COUNT];
    let mut number = 0;
    while let Some(tile) = TileId::new(number) {
        hops[number as usize] = tile.coord().hops_to(fpga::TILE.coord());
        number += 1;
    }
    hops
}

/// What a transaction carries, as far as its duration depends on it.
#[derive(Debug, Clone, Copy)]
enum Payload {
    /// A read.
    Nothing,
    /// A partial write of this value.
    Partial(u64),
    /// A line write.
    Line,
}

impl MeshPort for Fabric {
    fn read(&mut self, core: CoreId, at: PhysAddr, bytes: u32, now: Time) -> Result<Reply<u64>, Refusal> {
        let access = self.depart(core, at, Command::ReadPartial, Payload::Nothing, now);
        let request = self.request(core, at, Command::ReadPartial, now);
        let result = self.agent_read(&access, bytes);
        let answer = self.reply(&access, result);
        if let Some(request) = request {
            let value = answer.as_ref().map_or(0, |reply| reply.value);
            self.bus_log.record(request, &value.to_le_bytes()[..bytes as usize], &answer);
        }
        answer
    }

    fn write(
        &mut self,
        core: CoreId,
        at: PhysAddr,
        bytes: u32,
        value: u64,
        now: Time,
    ) -> Result<Reply<()>, Refusal> {
        let access = self.depart(core, at, Command::WritePartial, Payload::Partial(value), now);
        let request = self.request(core, at, Command::WritePartial, now);
        let result = self.agent_write(&access, bytes, value);
        let answer = self.reply(&access, result);
        if let Some(request) = request {
            self.bus_log.record(request, &value.to_le_bytes()[..bytes as usize], &answer);
        }
        answer
    }

    #[inline]
    fn read_line(&mut self, core: CoreId, line: PhysAddr, now: Time) -> Result<Reply<[u8; LINE]>, Refusal> {
        let access = self.depart(core, line, Command::ReadLine, Payload::Nothing, now);
        let request = self.request(core, line, Command::ReadLine, now);
        let result = self.agent_read_line(&access);
        let answer = self.reply(&access, result);
        if let Some(request) = request {
            let data = answer.as_ref().map_or([0; LINE], |reply| reply.value);
            self.bus_log.record(request, &data, &answer);
        }
        answer
    }

    #[inline]
    fn write_line(
        &mut self,
        core: CoreId,
        line: PhysAddr,
        data: &[u8; LINE],
        command: LineWrite,
        now: Time,
    ) -> Result<Reply<()>, Refusal> {
        let command = match command {
            LineWrite::WriteBack => Command::WriteBack,
            LineWrite::WriteCombined => Command::WriteCombined,
        };
        let access = self.depart(core, line, command, Payload::Line, now);
        let request = self.request(core, line, command, now);
        let result = self.agent_write_line(&access, data);
        let answer = self.reply(&access, result);
        if let Some(request) = request {
            self.bus_log.record(request, data, &answer);
        }
        answer
    }
}

impl Fabric {
    /// IN of 1, 2 or 4 bytes; the value is right-aligned. The host answers, so there is always a reply.
    pub fn io_read(&mut self, core: CoreId, port: u16, bytes: u32, now: Time) -> Result<Reply<u32>, Refusal> {
        let access = self.depart_io(core, Command::PortRead, now);
        let answer = self.host.io_read(core, port, bytes, now);
        if let Some(port) = answer.newly_unknown {
            self.warn(&access, FindingKind::UnknownPort { port });
        }
        let reply = self.reply(&access, Ok(answer.value));
        if self.bus_log.is_on() {
            let request =
                Request { core, issued: now, command: Command::PortRead, target: BusTarget::Port(port) };
            self.bus_log.record(request, &answer.value.to_le_bytes()[..bytes as usize], &reply);
        }
        reply
    }

    /// OUT of 1, 2 or 4 bytes. The FPGA or the host acknowledges, as configured.
    pub fn io_write(
        &mut self,
        core: CoreId,
        port: u16,
        bytes: u32,
        value: u32,
        now: Time,
    ) -> Result<Reply<()>, Refusal> {
        let access = self.depart_io(core, Command::PortWrite, now);
        let answer = self.host.io_write(core, port, bytes, value, now);
        if let Some(port) = answer.newly_unknown {
            self.warn(&access, FindingKind::UnknownPort { port });
        }
        let reply = self.reply(&access, Ok(()));
        if self.bus_log.is_on() {
            let request =
                Request { core, issued: now, command: Command::PortWrite, target: BusTarget::Port(port) };
            self.bus_log.record(request, &value.to_le_bytes()[..bytes as usize], &reply);
        }
        reply
    }

    /// What to record of a transaction through the LUT, if transactions are recorded. The translation is the
    /// one in force now: the transaction may change it.
    #[inline(always)]
    fn request(&self, core: CoreId, at: PhysAddr, command: Command, now: Time) -> Option<Request> {
        self.bus_log.is_on().then(|| {
            let target = BusTarget::Memory { physical: at, system: self.translate(core, at) };
            Request { core, issued: now, command, target }
        })
    }

    /// Sends a transaction on its way.
    #[inline(always)]
    fn depart(
        &mut self,
        core: CoreId,
        at: PhysAddr,
        command: Command,
        payload: Payload,
        now: Time,
    ) -> Access {
        self.catch_up(now);
        let window = *self.luts.window(core, at);
        let address = window.address(at);
        let routers = if window.bypass == Bypass::OwnBuffer { 0 } else { window.hops + 1 };
        self.statistics.count(core, command, routers);
        let trip = if self.latency.is_flat() {
            Trip { arrival: now, done: now }
        } else {
            match self.destination(&window, address, payload) {
                Some(destination) => self.latency.trip(core.tile(), destination, window.hops, now),
                None => Trip { arrival: now, done: now },
            }
        };
        let access = Access {
            requester: Requester::Core(core),
            physical: Some(at),
            agent: window.agent,
            address,
            issued: now,
            trip,
        };
        if window.bypass == Bypass::Misused {
            self.warn(&access, FindingKind::BypassMisuse { entry: window.entry.bits() });
        }
        access
    }

    #[inline(always)]
    fn depart_io(&mut self, core: CoreId, command: Command, now: Time) -> Access {
        self.catch_up(now);
        let hops = HOPS_TO_HOST[core.tile().index()];
        self.statistics.count(core, command, hops + 1);
        let trip = if self.latency.is_flat() {
            Trip { arrival: now, done: now }
        } else {
            let destination = match command {
                Command::PortWrite => self.host_write_destination(),
                _ => Destination::Host,
            };
            self.latency.trip(core.tile(), destination, hops, now)
        };
        Access {
            requester: Requester::Core(core),
            physical: None,
            agent: Agent::Fpga,
            address: 0,
            issued: now,
            trip,
        }
    }

    /// Where a transaction's time is spent; `None` if it never ends.
    #[inline(always)]
    fn destination(&self, window: &Window, address: u64, payload: Payload) -> Option<Destination> {
        Some(match window.agent {
            Agent::Memory(controller) => Destination::Memory(controller),
            Agent::Mpb(_) if window.bypass == Bypass::OwnBuffer => Destination::Bypass,
            Agent::Mpb(tile) | Agent::Crb(tile) => Destination::Tile(tile),
            Agent::Fpga => match (FpgaPort::of(address), payload) {
                (FpgaPort::Registers, _) => Destination::Fpga,
                (_, Payload::Nothing) => Destination::Host,
                (_, Payload::Partial(_) | Payload::Line) => self.host_write_destination(),
            },
            Agent::Regulator => match payload {
                Payload::Partial(value) if vrc::decode(value).is_some() => Destination::Regulator,
                // Reads and ignored words start no regulator: as far away as the tile's own registers.
                _ => Destination::Tile(scc::vrc::TILE),
            },
            Agent::Nobody => return None,
        })
    }

    /// Who acknowledges a write to the host.
    fn host_write_destination(&self) -> Destination {
        if self.fpga.acknowledges_host_writes() { Destination::Fpga } else { Destination::Host }
    }

    #[inline(always)]
    fn reply<T>(&self, access: &Access, result: Result<T, FindingKind>) -> Result<Reply<T>, Refusal> {
        match result {
            Ok(value) => Ok(Reply { value, done: access.trip.done }),
            Err(kind) => Err(Refusal::NoAnswer(Box::new(self.finding(access, kind)))),
        }
    }
}
