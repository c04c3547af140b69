//! How long a transaction takes: the uncontended round trip, and waiting for a busy destination.
//!
//! The parts of a round trip come from [`LatencyParameters`]. A destination that serves one request at a time is
//! taken for its service time from the moment a request is issued; an access to an idle destination takes exactly the
//! uncontended time.
//!
//! Source: SCC reference §10.2, §10.3 (U58 to U63).

use scc::id::TileId;
use scc::lut::MemoryController;
use scc::timing::{LatencyParameters, MeshClock, Time};

use super::clocks::Clocks;
use super::config::Timing;
use super::reservations::Reservations;

/// Where a transaction goes, as far as time is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The own tile's message buffer, around the router.
    Bypass,
    /// Message buffer or registers of a tile.
    Tile(TileId),
    /// A memory controller.
    Memory(MemoryController),
    /// A register of the FPGA, or a write the FPGA acknowledges for the host.
    Fpga,
    /// The host, which must answer itself.
    Host,
    /// The voltage regulator controller.
    Regulator,
}

/// The moments of one transaction, absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trip {
    /// When it takes effect at the destination.
    pub(crate) arrival: Time,
    /// When the answer is back at the core.
    pub(crate) done: Time,
}

/// Clocks, latencies and the queues of the destinations.
#[derive(Debug)]
pub(crate) struct Latency {
    parameters: Option<LatencyParameters>,
    mesh: MeshClock,
    periods: [Time; TileId::COUNT],
    ports: [Reservations; TileId::COUNT],
    controllers: [Reservations; MemoryController::ALL.len()],
    fpga: Reservations,
    regulator: Reservations,
}

impl Latency {
    pub(crate) fn new(timing: Timing, clocks: &Clocks) -> Self {
        Self {
            parameters: match timing {
                Timing::Scc(parameters) => Some(parameters),
                Timing::Flat => None,
            },
            mesh: clocks.mesh(),
            periods: std::array::from_fn(|tile| {
                TileId::all().nth(tile).map_or(Time::ZERO, |tile| clocks.period(tile))
            }),
            ports: std::array::from_fn(|_| Reservations::new()),
            controllers: std::array::from_fn(|_| Reservations::new()),
            fpga: Reservations::new(),
            regulator: Reservations::new(),
        }
    }

    /// Clock period of a tile.
    pub(crate) fn period(&self, tile: TileId) -> Time {
        self.periods[tile.index()]
    }

    /// Changes the clock of a tile.
    pub(crate) fn set_period(&mut self, tile: TileId, period: Time) {
        self.periods[tile.index()] = period;
    }

    /// Whether every answer is there at once.
    #[inline(always)]
    pub(crate) fn is_flat(&self) -> bool {
        self.parameters.is_none()
    }

    /// Sends a request from `tile` over `hops` links at `now` and queues it at its destination.
    #[inline]
    pub(crate) fn trip(&mut self, tile: TileId, destination: Destination, hops: u32, now: Time) -> Trip {
        let Some(parameters) = &self.parameters else { return Trip { arrival: now, done: now } };
        let requester = self.periods[tile.index()];
        let mesh = self.mesh;
        let (round_trip, far_end, service, queue) = match destination {
            Destination::Bypass | Destination::Tile(_) => {
                let target = if let Destination::Tile(target) = destination { target } else { tile };
                let period = self.periods[target.index()];
                let round_trip = if destination == Destination::Bypass {
                    parameters.mpb_bypass(requester)
                } else if target == tile {
                    parameters.own_tile(requester, mesh)
                } else {
                    parameters.remote_tile(requester, period, mesh, hops)
                };
                let port = Time::from_cycles(parameters.port_cycles, period);
                let service = Time::from_cycles(parameters.port_service_cycles, period);
                (round_trip, port, service, &mut self.ports[target.index()])
            }
            Destination::Memory(controller) => {
                let queue = &mut self.controllers[controller.index()];
                (
                    parameters.memory(requester, mesh, hops),
                    parameters.memory,
                    parameters.memory_service,
                    queue,
                )
            }
            Destination::Fpga => {
                let round_trip = parameters.fpga(requester, mesh, hops);
                (round_trip, parameters.fpga, parameters.fpga_service, &mut self.fpga)
            }
            Destination::Host => {
                let round_trip = parameters.host(requester, mesh, hops);
                (round_trip, parameters.host, parameters.fpga_service, &mut self.fpga)
            }
            Destination::Regulator => {
                let round_trip = parameters.voltage_regulator(requester, mesh, hops);
                let command = parameters.voltage_regulator;
                (round_trip, command, command, &mut self.regulator)
            }
        };
        let start = queue.take(now, service);
        let done = start + round_trip;
        // The far end answers half-way between the two passages through the mesh.
        let passage = Time::from_picoseconds((round_trip - far_end).as_picoseconds() / 2);
        Trip { arrival: start + passage, done }
    }

    /// When an interrupt packet that the FPGA sends at `sent` reaches a tile.
    pub(crate) fn packet_arrival(&self, tile: TileId, hops: u32, sent: Time) -> Time {
        match &self.parameters {
            Some(parameters) => sent + parameters.fpga_to_tile(self.periods[tile.index()], self.mesh, hops),
            None => sent,
        }
    }

    /// When a regulator command that arrived at `arrival` is finished.
    pub(crate) fn regulator_settled(&self, arrival: Time) -> Time {
        match &self.parameters {
            Some(parameters) => arrival + parameters.voltage_regulator,
            None => arrival,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::timing::tile_period;

    fn latency() -> Latency {
        Latency::new(Timing::Scc(LatencyParameters::default()), &Clocks::default())
    }

    fn tile(number: u8) -> TileId {
        TileId::new(number).expect("tile number")
    }

    fn at(nanoseconds: u64) -> Time {
        Time::from_nanoseconds(nanoseconds)
    }

    /// Checklist 76: calibration points, in whole core cycles at 533 MHz.
    #[test]
    fn uncontended_round_trips_match_the_measured_core_cycles() {
        let cycles = |time: Time| time.cycles_floor(tile_period(2));
        let mut latency = latency();
        let trip = |latency: &mut Latency, destination, hops| {
            latency.trip(tile(0), destination, hops, Time::ZERO).done
        };
        assert_eq!(cycles(trip(&mut latency, Destination::Bypass, 0)), 20);
        assert_eq!(cycles(trip(&mut latency, Destination::Tile(tile(23)), 8)), 102);
        assert_eq!(cycles(trip(&mut latency, Destination::Memory(MemoryController::Mc0), 0)), 96);
    }

    #[test]
    fn an_idle_destination_adds_no_waiting() {
        let mut latency = latency();
        let memory = Destination::Memory(MemoryController::Mc1);
        let first = latency.trip(tile(0), memory, 5, at(0));
        let second = latency.trip(tile(0), memory, 5, at(6));
        assert_eq!(second.done - at(6), first.done - at(0));
    }

    #[test]
    fn requests_to_a_busy_controller_queue_in_order() {
        let mut latency = latency();
        let memory = Destination::Memory(MemoryController::Mc0);
        let first = latency.trip(tile(0), memory, 0, at(100)).done;
        for position in 1..5 {
            let done = latency.trip(tile(0), memory, 0, at(100)).done;
            assert_eq!(done - first, at(6 * position));
        }
        let other = latency.trip(tile(0), Destination::Memory(MemoryController::Mc2), 0, at(100)).done;
        assert_eq!(other, first);
    }

    #[test]
    fn a_second_regulator_command_waits_for_the_first() {
        let mut latency = latency();
        let first = latency.trip(tile(0), Destination::Regulator, 0, at(0)).done;
        let second = latency.trip(tile(9), Destination::Regulator, 0, at(1)).done;
        assert_eq!(second - first, Time::from_microseconds(1000));
    }

    #[test]
    fn effects_arrive_between_issue_and_answer() {
        let mut latency = latency();
        let trip = latency.trip(tile(0), Destination::Fpga, 3, at(1000));
        assert!(at(1000) < trip.arrival && trip.arrival < trip.done);
    }

    #[test]
    fn flat_timing_answers_at_once() {
        let mut latency = Latency::new(Timing::Flat, &Clocks::default());
        for destination in [Destination::Regulator, Destination::Fpga, Destination::Tile(tile(7))] {
            assert_eq!(latency.trip(tile(0), destination, 3, at(5)), Trip { arrival: at(5), done: at(5) });
        }
        assert_eq!(latency.packet_arrival(tile(3), 1, at(5)), at(5));
    }
}
