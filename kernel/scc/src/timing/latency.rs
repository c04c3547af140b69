//! Access latencies, composed of named parts.
//!
//! A round trip without contention is the sum of
//!
//! ```text
//! core side       issue of the request and return of the answer              requesting tile's clock
//! packetising     MIU work, if the request leaves through the router         requesting tile's clock
//! clock crossing  2 per round trip and tile entered or left                  slower of tile and mesh
//! routers         hops + 1 routers, in both directions                       mesh clock
//! far end         buffer port, DRAM, FPGA, host or voltage regulator         its own clock
//! ```
//!
//! The sums are calibrated against published measurements at tile 533 MHz, mesh 800 MHz, DDR 800: 20 core
//! cycles for the own buffer with bypass, 50.3 through the router, 102 for a buffer 8 hops away, 96 for DRAM
//! at the own router, 5.33 more per hop. Unverified: how core side, packetising, port and crossings share
//! those sums; measurements at two other pairs of tile and mesh clocks would separate them.
//! Sources: SCC reference §1.3, §10.2, §10.3 for routers, DRAM, FPGA, regulator and service times.

use super::{FPGA_PERIOD, MemoryClock, MeshClock, Time};

/// Parts every latency is made of; [`Default`] is the calibrated chip.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LatencyParameters {
    /// Issue and return in the requesting core, in its tile's cycles. Unverified split.
    pub core_side_cycles: u64,
    /// Port and array of a message buffer or CRB, in cycles of the tile that owns it. Unverified split.
    pub port_cycles: u64,
    /// Packetising in the requesting tile when the router is used, in its cycles. Unverified split.
    pub packetising_cycles: u64,
    /// One clock crossing in half cycles of the slower clock. Unverified split; the specification's bound is
    /// 6 whole cycles.
    pub crossing_half_cycles: u64,
    /// One router with its link, in mesh cycles, each direction.
    pub router_cycles: u64,
    /// Memory controller and DRAM: 46 memory cycles.
    pub memory: Time,
    /// System interface and FPGA register bank. Unverified: no published measurement.
    pub fpga: Time,
    /// Answer of the host to a read of its window or a port. Unverified: depends on the host.
    pub host: Time,
    /// Completion of a voltage regulator command. Unverified: no published measurement.
    pub voltage_regulator: Time,
    /// L1 hit, in tile cycles.
    pub l1_hit_cycles: u64,
    /// L2 hit, in tile cycles.
    pub l2_hit_cycles: u64,
    /// Time a message buffer port is taken by one transaction, in cycles of its tile.
    pub port_service_cycles: u64,
    /// Time a memory controller is taken by one 32-byte line.
    pub memory_service: Time,
    /// Time the FPGA is taken by one transaction.
    pub fpga_service: Time,
}

impl Default for LatencyParameters {
    fn default() -> Self {
        Self {
            core_side_cycles: 15,
            port_cycles: 5,
            packetising_cycles: 16,
            crossing_half_cycles: 9,
            router_cycles: 4,
            // 30 cycles at 400 MHz and 16 at 800 MHz.
            memory: Time::from_nanoseconds(75 + 20),
            // 1.125 us without routers at tile 533 MHz, of which the requesting tile takes 75 ns.
            fpga: Time::from_nanoseconds(1_125 - 75),
            // 20000 core cycles at 533 MHz.
            host: Time::from_nanoseconds(37_500),
            voltage_regulator: Time::from_microseconds(1_000),
            l1_hit_cycles: 1,
            l2_hit_cycles: 18,
            port_service_cycles: 4,
            memory_service: Time::from_nanoseconds(6),
            fpga_service: Time::from_cycles(4, FPGA_PERIOD),
        }
    }
}

/// Round trips. Periods are those of the tile clocks; `hops` is the Manhattan distance between the requesting
/// tile and the one that holds or hosts the destination.
impl LatencyParameters {
    /// The calibrated chip with its DRAM at `clock`.
    pub fn with_memory_clock(clock: MemoryClock) -> Self {
        let usual = Self::default();
        Self { memory: clock.scale(usual.memory), memory_service: clock.scale(usual.memory_service), ..usual }
    }

    /// Own tile's message buffer with the LUT's bypass bit.
    pub const fn mpb_bypass(&self, requester: Time) -> Time {
        Time::from_cycles(self.core_side_cycles + self.port_cycles, requester)
    }

    /// Own tile's message buffer or CRB through the router.
    pub const fn own_tile(&self, requester: Time, mesh: MeshClock) -> Time {
        self.departure(requester, mesh)
            .plus(self.routers(mesh, 0))
            .plus(Time::from_cycles(self.port_cycles, requester))
    }

    /// Message buffer or CRB of another tile.
    pub const fn remote_tile(&self, requester: Time, target: Time, mesh: MeshClock, hops: u32) -> Time {
        self.departure(requester, mesh)
            .plus(self.routers(mesh, hops))
            .plus(self.crossings(target, mesh))
            .plus(Time::from_cycles(self.port_cycles, target))
    }

    /// Line or word of a memory controller.
    pub const fn memory(&self, requester: Time, mesh: MeshClock, hops: u32) -> Time {
        self.departure(requester, mesh).plus(self.routers(mesh, hops)).plus(self.memory)
    }

    /// FPGA register.
    pub const fn fpga(&self, requester: Time, mesh: MeshClock, hops: u32) -> Time {
        self.departure(requester, mesh).plus(self.routers(mesh, hops)).plus(self.fpga)
    }

    /// Read of the host's window or of a port.
    pub const fn host(&self, requester: Time, mesh: MeshClock, hops: u32) -> Time {
        self.departure(requester, mesh).plus(self.routers(mesh, hops)).plus(self.host)
    }

    /// Command to the voltage regulator.
    pub const fn voltage_regulator(&self, requester: Time, mesh: MeshClock, hops: u32) -> Time {
        self.departure(requester, mesh).plus(self.routers(mesh, hops)).plus(self.voltage_regulator)
    }

    /// Routers passed on the way there and back: `hops + 1` each way.
    pub const fn routers(&self, mesh: MeshClock, hops: u32) -> Time {
        Time::from_cycles(2 * self.router_cycles * (hops as u64 + 1), mesh.period())
    }

    /// Interrupt packet or other write from the FPGA to a tile, one way: half the routers, half the
    /// crossings, and the register port.
    pub const fn fpga_to_tile(&self, target: Time, mesh: MeshClock, hops: u32) -> Time {
        let round_trip = self.routers(mesh, hops).plus(self.crossings(target, mesh));
        Time(round_trip.0.div_ceil(2)).plus(Time::from_cycles(self.port_cycles, target))
    }

    /// What the requesting tile contributes to a trip through its router.
    const fn departure(&self, requester: Time, mesh: MeshClock) -> Time {
        Time::from_cycles(self.core_side_cycles + self.packetising_cycles, requester)
            .plus(self.crossings(requester, mesh))
    }

    /// Both crossings between one tile's clock and the mesh clock in a round trip.
    const fn crossings(&self, tile: Time, mesh: MeshClock) -> Time {
        Time::from_cycles(self.crossing_half_cycles, tile.later(mesh.period()))
    }
}

#[cfg(test)]
mod tests {
    use super::LatencyParameters;
    use crate::timing::{MemoryClock, MeshClock, Time, tile_period};

    /// Core cycles at 533 MHz in thirds, in which all mesh terms at 800 MHz are whole.
    fn thirds_of_cycles(time: Time) -> u64 {
        assert_eq!(time.as_picoseconds() % 625, 0);
        time.as_picoseconds() / 625
    }

    #[test]
    fn default_sums_match_the_measured_core_cycles() {
        let parameters = LatencyParameters::default();
        let (tile, mesh) = (tile_period(2), MeshClock::Mhz800);
        assert_eq!(thirds_of_cycles(parameters.mpb_bypass(tile)), 60);
        assert_eq!(thirds_of_cycles(parameters.own_tile(tile, mesh)), 151);
        assert_eq!(thirds_of_cycles(parameters.remote_tile(tile, tile, mesh, 8)), 306);
        assert_eq!(thirds_of_cycles(parameters.memory(tile, mesh, 0)), 288);
    }

    #[test]
    fn every_hop_costs_sixteen_thirds_of_a_core_cycle() {
        let parameters = LatencyParameters::default();
        let (tile, mesh) = (tile_period(2), MeshClock::Mhz800);
        for hops in 0..8 {
            let hop = parameters.memory(tile, mesh, hops + 1) - parameters.memory(tile, mesh, hops);
            assert_eq!(thirds_of_cycles(hop), 16);
            let fpga = parameters.fpga(tile, mesh, hops);
            assert_eq!(fpga - parameters.routers(mesh, hops), Time::from_nanoseconds(1_125));
        }
    }

    /// In nanoseconds: 71.25 of DRAM, and the rest as at DDR3-800.
    #[test]
    fn faster_memory_takes_three_quarters_of_the_time() {
        let usual = LatencyParameters::default();
        let fast = LatencyParameters::with_memory_clock(MemoryClock::Ddr1066);
        assert_eq!(fast.memory, Time::from_picoseconds(71_250));
        assert_eq!(fast.memory_service, Time::from_picoseconds(4_500));
        let (tile, mesh) = (tile_period(1), MeshClock::Mhz1600);
        assert_eq!(usual.memory(tile, mesh, 3) - fast.memory(tile, mesh, 3), Time::from_picoseconds(23_750));
        assert_eq!(usual.remote_tile(tile, tile, mesh, 3), fast.remote_tile(tile, tile, mesh, 3));
    }

    #[test]
    fn slow_target_tile_lengthens_the_far_end_only() {
        let parameters = LatencyParameters::default();
        let (fast, slow, mesh) = (tile_period(1), tile_period(15), MeshClock::Mhz800);
        let difference =
            parameters.remote_tile(fast, slow, mesh, 3) - parameters.remote_tile(fast, fast, mesh, 3);
        // 5 port cycles and 9 crossing cycles, each 8.75 ns longer.
        assert_eq!(difference, Time::from_picoseconds(14 * 8_750));
    }

    #[test]
    fn crossing_counts_cycles_of_the_mesh_when_it_is_slower() {
        let parameters = LatencyParameters { crossing_half_cycles: 2, ..LatencyParameters::default() };
        let none = LatencyParameters { crossing_half_cycles: 0, ..LatencyParameters::default() };
        let (tile, mesh) = (tile_period(0), MeshClock::Mhz800);
        assert_eq!(
            parameters.own_tile(tile, mesh) - none.own_tile(tile, mesh),
            Time::from_picoseconds(2_500)
        );
    }
}
