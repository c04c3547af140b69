//! The chip put together: who answers a transaction, when, and what follows from it.
//!
//! Cores come in through [`MeshPort`](super::port::MeshPort) and the port I/O functions, the host through
//! `host_*`, debuggers through `peek`. What a register access does to cores leaves as [`Effect`]s; in timing `scc`
//! they arrive after the way through the mesh and wait as events until then.
//!
//! `now` never goes back between calls by more than the length of one instruction.
//!
//! Source: SCC reference §1.2, §3, §4, §7, §10; the U-numbers are cited where they decide something.

mod agents;
mod crb;
mod grb;
mod host_access;
mod mesh_port;
mod peek;
mod quick;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use scc::address::{LutIndex, PhysAddr, SystemAddr};
use scc::fpga;
use scc::id::{CoreId, TileId};
use scc::lut::LutEntry;
use scc::tile::{Gcbcfg, Glcfg, Requester};
use scc::timing::Time;
use scc::vrc::{Vid, VoltageDomain};

use super::bus_log::{BusEvent, BusLog};
use super::clocks::Clocks;
use super::config::{FabricConfig, PowerUpContents};
use super::dram::{Dram, PageIndex};
use super::effects::{Effect, EffectQueue, Signal};
use super::events::{Event, EventQueue};
use super::fpga::{Fpga, Packets};
use super::host::{Host, IoEvent};
use super::latency::{Latency, Trip};
use super::loss::Losses;
use super::lut::{Agent, Luts};
use super::mpb::Mpb;
use super::statistics::Statistics;
use super::tile::Tile;
use super::vrc::Regulator;
use crate::diagnostics::{Finding, FindingKind};

/// The chip without its cores.
pub struct Fabric {
    /// DRAM of the four controllers; the fast model works on its pages directly.
    pub dram: Dram,
    luts: Luts,
    tiles: Vec<Tile>,
    buffers: Vec<Mpb>,
    powered: [bool; TileId::COUNT],
    /// When the last change of a core's pins reaches the core. A register changes when its write is issued, so what
    /// changes it after that must not reach the core before.
    pins_settled: [Time; CoreId::COUNT],
    fpga: Fpga,
    regulator: Regulator,
    host: Host,
    latency: Latency,
    events: EventQueue,
    effects: EffectQueue,
    findings: Vec<(CoreId, Finding)>,
    /// Registers that are not modelled and were reported, by core and offset.
    unmodelled: BTreeSet<(CoreId, u32)>,
    losses: Losses,
    statistics: Statistics,
    bus_log: BusLog,
    power_up: PowerUp,
    last: Time,
}

/// What a tile is like when power comes on.
#[derive(Debug, Clone, Copy)]
struct PowerUp {
    contents: PowerUpContents,
    clocks: Clocks,
    gigabytes_per_controller: u8,
}

/// GCBCFG of a tile at power-up.
fn power_up_clock(clocks: &Clocks, tile: TileId) -> Gcbcfg {
    Gcbcfg::for_divider(clocks.divider(tile), clocks.mesh())
}

/// One access under way: who, for which address, and when.
#[derive(Debug, Clone, Copy)]
struct Access {
    requester: Requester,
    physical: Option<PhysAddr>,
    agent: Agent,
    /// 34-bit address at the agent.
    address: u64,
    issued: Time,
    trip: Trip,
}

impl Fabric {
    /// A chip at power-on: every core and L2 held in reset, LUTs empty, registers at their defaults.
    pub fn new(config: &FabricConfig) -> Self {
        let clocks = config.clocks;
        let fill = config.contents.byte();
        Self {
            dram: Dram::new(config.memory, fill),
            luts: Luts::new(),
            tiles: TileId::all().map(|tile| Tile::new(tile, power_up_clock(&clocks, tile))).collect(),
            buffers: TileId::all().map(|_| Mpb::new(fill)).collect(),
            powered: [true; TileId::COUNT],
            pins_settled: [Time::ZERO; CoreId::COUNT],
            fpga: Fpga::new(config.memory),
            regulator: Regulator::new(),
            host: Host::new(),
            latency: Latency::new(config.timing.clone(), &clocks),
            events: EventQueue::default(),
            effects: EffectQueue::default(),
            findings: Vec::new(),
            unmodelled: BTreeSet::new(),
            losses: Losses::new(config.loss),
            statistics: Statistics::new(),
            bus_log: BusLog::default(),
            power_up: PowerUp {
                contents: config.contents,
                clocks,
                gigabytes_per_controller: config.memory.gb_per_controller(),
            },
            last: Time::ZERO,
        }
    }

    /// The system address of a core physical address.
    pub fn translate(&self, core: CoreId, at: PhysAddr) -> SystemAddr {
        self.luts.translate(core, at)
    }

    /// A core's LUT entry.
    pub fn lut(&self, core: CoreId, index: LutIndex) -> LutEntry {
        self.luts.entry(core, index)
    }

    /// Writes a core's LUT entry, as the host does.
    pub fn set_lut(&mut self, core: CoreId, index: LutIndex, entry: LutEntry) {
        if self.luts.set(core, index, entry) {
            self.effects.push(self.last, Effect::Lut(core, index));
        }
    }

    /// The page of DRAM behind a core physical address, created if need be; `None` if it is not DRAM.
    #[inline]
    pub fn dram_page(&mut self, core: CoreId, at: PhysAddr) -> Option<PageIndex> {
        let window = self.luts.window(core, at);
        let Agent::Memory(controller) = window.agent else { return None };
        let (place, _) = self.dram.locate(controller, window.address(at));
        Some(self.dram.obtain(place))
    }

    /// Clock period of a tile.
    pub fn tile_period(&self, tile: TileId) -> Time {
        self.latency.period(tile)
    }

    /// GLCFG of a core; its APICEN bit is sampled when the core leaves reset.
    pub fn glcfg(&self, core: CoreId) -> Glcfg {
        self.tiles[core.tile().index()].pins[usize::from(core.slot())].read()
    }

    /// GCBCFG of a tile.
    pub fn gcbcfg(&self, tile: TileId) -> Gcbcfg {
        self.tiles[tile.index()].clock()
    }

    /// A core's own signal, which shows in its GLCFG.
    pub fn core_signal(&mut self, core: CoreId, signal: Signal) {
        self.tiles[core.tile().index()].pins[usize::from(core.slot())].signal(signal);
    }

    /// When the next event happens.
    #[inline]
    pub fn next_event(&self) -> Option<Time> {
        self.events.next()
    }

    /// Carries out every event up to and including `until`.
    pub fn run_events(&mut self, until: Time) {
        self.last = self.last.max(until);
        while let Some((at, event)) = self.events.pop(until) {
            match event {
                Event::Effect(effect) => self.effects.push(at, effect),
                Event::InterruptPacket(core, pin) if at < self.pins_settled[core.index()] => {
                    self.events.push(self.pins_settled[core.index()], Event::InterruptPacket(core, pin));
                }
                Event::InterruptPacket(core, pin) => {
                    let pins = &mut self.tiles[core.tile().index()].pins[usize::from(core.slot())];
                    for (pin, level) in pins.raise(pin).iter() {
                        self.effects.push(at, Effect::Pin(core, pin, level));
                    }
                }
                Event::VoltageSettled(core, domain, vid) => self.settle_voltage(at, Some(core), domain, vid),
            }
        }
    }

    /// Whether effects wait to be applied.
    #[inline]
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Takes the effects that arrived, oldest first, each with its time of arrival.
    pub fn take_effects(&mut self) -> impl Iterator<Item = (Time, Effect)> {
        std::iter::from_fn(|| self.effects.pop())
    }

    /// Whether findings wait to be taken.
    #[inline]
    pub fn has_findings(&self) -> bool {
        !self.findings.is_empty()
    }

    /// Takes the findings that did not stop their access, with the core that caused them.
    pub fn take_findings(&mut self) -> Vec<(CoreId, Finding)> {
        std::mem::take(&mut self.findings)
    }

    /// Counts of what crossed the mesh.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Everything a core transmitted on a UART, carriage returns included.
    pub fn console(&self, core: CoreId, uart: scc::host::Uart) -> &[u8] {
        self.host.console(core, uart)
    }

    /// Queues bytes for a core to receive on a UART.
    pub fn type_in(&mut self, core: CoreId, uart: scc::host::Uart, bytes: &[u8]) {
        self.host.type_in(core, uart, bytes);
    }

    /// Starts recording port accesses.
    pub fn record_io(&mut self) {
        self.host.record_io();
    }

    /// Takes the port accesses recorded since the last call.
    pub fn take_io_events(&mut self) -> Vec<IoEvent> {
        self.host.take_io_events()
    }

    /// Starts recording the transactions of all cores.
    pub fn record_transactions(&mut self) {
        self.bus_log.start();
    }

    /// The transactions recorded since they were forgotten last.
    pub fn transactions(&self) -> &[BusEvent] {
        self.bus_log.events()
    }

    /// Forgets the transactions recorded so far.
    pub fn forget_transactions(&mut self) {
        self.bus_log.clear();
    }

    /// Does everything due before an access at `now`.
    #[inline]
    fn catch_up(&mut self, now: Time) {
        self.last = self.last.max(now);
        if self.events.next().is_some_and(|due| due <= now) {
            self.run_events(now);
        }
    }

    /// Lets an effect reach its core at `at`.
    fn deliver(&mut self, access: &Access, at: Time, effect: Effect) {
        if at <= access.issued {
            self.effects.push(at, effect);
        } else {
            self.events.push(at, Event::Effect(effect));
        }
    }

    /// Sends the FPGA's interrupt packets on their way.
    fn send_packets(&mut self, access: &Access, packets: Packets) {
        for core in packets.cores() {
            self.statistics.interrupt_packets += 1;
            if self.losses.loses_packet() {
                self.statistics.lost_packets += 1;
                continue;
            }
            let tile = core.tile();
            let hops = fpga::TILE.coord().hops_to(tile.coord());
            let at = self.latency.packet_arrival(tile, hops, access.trip.arrival);
            self.events.push(at, Event::InterruptPacket(core, self.fpga.gic.pin(core)));
        }
        self.catch_up(access.issued);
    }

    /// Makes a voltage the one in force; `core` commanded it, or the host.
    fn settle_voltage(&mut self, at: Time, core: Option<CoreId>, domain: VoltageDomain, vid: Vid) {
        self.regulator.settle(domain, vid);
        for tile in domain.tiles() {
            if vid.get() == 0 {
                self.lose_power(at, tile);
            } else {
                self.powered[tile.index()] = true;
                if let Some(core) = core {
                    self.check_frequency(core, tile);
                }
            }
        }
    }

    /// Power-off loses all state of a tile (U39).
    fn lose_power(&mut self, at: Time, tile: TileId) {
        self.powered[tile.index()] = false;
        self.tiles[tile.index()] = Tile::new(tile, power_up_clock(&self.power_up.clocks, tile));
        self.buffers[tile.index()] = Mpb::new(self.power_up.contents.byte());
        self.latency.set_period(tile, self.power_up.clocks.period(tile));
        for core in tile.cores() {
            for index in LutIndex::all() {
                self.luts.set(core, index, LutEntry::RESET);
            }
        }
        self.effects.push(at, Effect::PowerLost(tile));
    }

    /// Reports a tile that runs faster than its voltage permits.
    fn check_frequency(&mut self, core: CoreId, tile: TileId) {
        let divider = u32::from(self.gcbcfg(tile).divider());
        let megahertz = u32::from(scc::timing::GRID_MEGAHERTZ) / (divider + 1);
        let limit = self.regulator.limit_megahertz(tile);
        if megahertz > u32::from(limit) {
            let kind = FindingKind::FrequencyAboveVoltage { tile, megahertz, limit };
            self.findings.push((core, Finding { kind, physical: None, system: None }));
        }
    }

    /// Reports something that does not stop the access; the host's accesses are not judged.
    #[cold]
    fn warn(&mut self, access: &Access, kind: FindingKind) {
        if let Requester::Core(core) = access.requester {
            let finding = self.finding(access, kind);
            self.findings.push((core, finding));
        }
    }

    #[cold]
    fn finding(&self, access: &Access, kind: FindingKind) -> Finding {
        let system = match (access.requester, access.physical) {
            (Requester::Core(core), Some(at)) => Some(self.translate(core, at)),
            _ => None,
        };
        Finding { kind, physical: access.physical, system }
    }
}
