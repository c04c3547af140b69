//! A learning switch between network cards: it remembers behind which port a station is, from the frames that the station
//! sends, and copies a frame to every port while it does not know.
//!
//! Pure logic: time is handed in, and frames wait in bounded queues until somebody takes them. A full queue drops what
//! comes, and counts it; so a port that takes nothing costs the others nothing.
//!
//! Switches are connected each to each other, without a spanning tree: what comes from another switch goes to guests only,
//! because that switch has handed it to all others itself.
//!
//! Source: IEEE 802.1D-2004 §7.7 to §7.9.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

/// Bytes of a frame's addresses and type.
pub const HEADER_BYTES: usize = 14;
/// How long a station that sends nothing is remembered: the recommended ageing time.
pub const STATION_AGE_MAX: Duration = Duration::from_secs(300);

/// An address of 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// The address of these bytes, in the order in which they are sent.
    #[must_use]
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// Its bytes, in the order in which they are sent.
    #[must_use]
    pub const fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// Whether it is the address of a group of stations, such as all.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }
}

/// Number of a port, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub usize);

/// What a port leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A guest of this core.
    Guest,
    /// Another switch.
    Switch,
}

/// How large a switch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ports.
    pub ports: usize,
    /// Stations that are remembered; the one that was silent for longest makes room for a new one.
    pub stations: usize,
    /// Frames that wait for a port.
    pub waiting: usize,
}

/// What a port has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that it has brought.
    pub brought: u64,
    /// Frames that it was to get, and that waited for it.
    pub queued: u64,
    /// Frames that it was to get, and did not because its queue was full, or memory.
    pub dropped: u64,
}

/// Why a frame goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is no frame.
    #[error("frame of {bytes} bytes, shorter than its header")]
    Short {
        /// Its length.
        bytes: usize,
    },
    /// The port does not exist, or nothing is connected to it.
    #[error("nothing at port {}", .0.0)]
    NoPort(Port),
}

#[derive(Clone, Copy, Debug)]
struct Station {
    address: MacAddress,
    port: Port,
    heard: Duration,
}

#[derive(Clone, Debug, Default)]
struct PortState {
    side: Option<Side>,
    waiting: VecDeque<Vec<u8>>,
    counts: Counts,
}

/// The switch.
#[derive(Clone, Debug)]
pub struct Switch {
    limits: Limits,
    stations: Vec<Station>,
    ports: Vec<PortState>,
}

impl Switch {
    /// A switch that knows no station, with nothing at its ports.
    ///
    /// # Panics
    /// Without memory for its tables. Later it needs memory only for frames, and drops one that there is none for.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let ports = core::iter::repeat_with(PortState::default).take(limits.ports).collect();
        Self { limits, stations: Vec::with_capacity(limits.stations), ports }
    }

    /// Connects a port, which frames reach from now on. A port that does not exist stays so.
    pub fn connect(&mut self, port: Port, side: Side) {
        if let Some(state) = self.ports.get_mut(port.0) {
            state.side = Some(side);
        }
    }

    /// Takes away what a port leads to, with the frames that wait for it and the stations behind it.
    pub fn disconnect(&mut self, port: Port) {
        self.stations.retain(|station| station.port != port);
        if let Some(state) = self.ports.get_mut(port.0) {
            *state = PortState::default();
        }
    }

    /// Takes a frame that port `from` has brought at time `now`, which never goes back, and gives how many ports it now
    /// waits for.
    ///
    /// # Errors
    /// [`FrameError`]; the frame is dropped.
    pub fn bring(&mut self, from: Port, frame: &[u8], now: Duration) -> Result<usize, FrameError> {
        let addresses = frame.first_chunk::<12>().filter(|_| frame.len() >= HEADER_BYTES);
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] =
            *addresses.ok_or(FrameError::Short { bytes: frame.len() })?;
        let to = MacAddress([d0, d1, d2, d3, d4, d5]);
        let state = self.ports.get_mut(from.0).ok_or(FrameError::NoPort(from))?;
        let side = state.side.ok_or(FrameError::NoPort(from))?;
        state.counts.brought += 1;
        // Before the sender is learnt, which may be in the place of the receiver.
        let known = self.port_of(to, now);
        self.learn(MacAddress([s0, s1, s2, s3, s4, s5]), from, now);
        Ok(match known {
            Some(port) => self.pass_on((from, side), port, frame),
            None => (0..self.ports.len()).map(|port| self.pass_on((from, side), Port(port), frame)).sum(),
        })
    }

    /// The next frame that waits for a port.
    pub fn take(&mut self, port: Port) -> Option<Vec<u8>> {
        self.ports.get_mut(port.0)?.waiting.pop_front()
    }

    /// Whether a frame waits for a port.
    #[must_use]
    pub fn has_waiting(&self, port: Port) -> bool {
        self.ports.get(port.0).is_some_and(|state| !state.waiting.is_empty())
    }

    /// What a port has seen; `None` if there is no such port.
    #[must_use]
    pub fn counts(&self, port: Port) -> Option<Counts> {
        Some(self.ports.get(port.0)?.counts)
    }

    /// Behind which port a station is, as far as is known at time `now`; that of a group never is.
    #[must_use]
    pub fn port_of(&self, address: MacAddress, now: Duration) -> Option<Port> {
        let is_fresh = |station: &&Station| now.saturating_sub(station.heard) <= STATION_AGE_MAX;
        self.stations
            .iter()
            .filter(is_fresh)
            .find(|station| station.address == address)
            .map(|found| found.port)
    }

    fn learn(&mut self, address: MacAddress, port: Port, heard: Duration) {
        // No station sends as a group.
        if address.is_group() {
            return;
        }
        let station = Station { address, port, heard };
        if let Some(known) = self.stations.iter_mut().find(|known| known.address == address) {
            *known = station;
        } else if self.stations.len() < self.limits.stations {
            self.stations.push(station);
        } else if let Some(silent) = self.stations.iter_mut().min_by_key(|known| known.heard) {
            *silent = station;
        }
    }

    /// Queues a frame for a port if it leads anywhere from where the frame comes; 1 if it then waits.
    fn pass_on(&mut self, (from, side): (Port, Side), to: Port, frame: &[u8]) -> usize {
        let PortState { side: to_side, waiting, counts } = &mut self.ports[to.0];
        let leads_on = match (side, *to_side) {
            (_, None) | (Side::Switch, Some(Side::Switch)) => false,
            _ => from != to,
        };
        if !leads_on {
            return 0;
        }
        let mut copy = Vec::new();
        let is_full = waiting.len() >= self.limits.waiting
            || waiting.try_reserve(1).is_err()
            || copy.try_reserve_exact(frame.len()).is_err();
        if is_full {
            counts.dropped += 1;
            return 0;
        }
        copy.extend_from_slice(frame);
        waiting.push_back(copy);
        counts.queued += 1;
        1
    }
}

#[cfg(test)]
mod tests;
