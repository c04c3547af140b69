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
pub(super) const HEADER_BYTES: usize = 14;
/// How long a station that sends nothing is remembered: the recommended ageing time.
pub(super) const STATION_AGE_MAX: Duration = Duration::from_secs(300);

/// An address of 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// The address of these bytes, in the order in which they are sent.
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// Its bytes, in the order in which they are sent.
    pub const fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// Whether it is the address of a group of stations, such as all.
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

/// What a switch has seen. All wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Frames that ports have brought.
    pub frames: u32,
    /// Their bytes.
    pub bytes: u32,
    /// Frames that a port was to get, and did not because its queue was full, or memory.
    pub full: u32,
    /// Frames that were no frames, or came from a port without anything.
    pub bad: u32,
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
}

/// The switch.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    limits: Limits,
    stations: Vec<Station>,
    ports: Vec<PortState>,
    counts: Counts,
}

impl Switch {
    /// A switch that knows no station, with nothing at its ports.
    ///
    /// # Panics
    /// Without memory for its tables. Later it needs memory only for frames, and drops one that there is none for.
    pub(super) fn new(limits: Limits) -> Self {
        let ports = core::iter::repeat_with(PortState::default).take(limits.ports).collect();
        Self { limits, stations: Vec::with_capacity(limits.stations), ports, counts: Counts::default() }
    }

    /// Connects a port, which frames reach from now on. A port that does not exist stays so.
    pub(super) fn connect(&mut self, port: Port, side: Side) {
        if let Some(state) = self.ports.get_mut(port.0) {
            state.side = Some(side);
        }
    }

    /// Takes away what a port leads to, with the frames that wait for it and the stations behind it.
    pub(super) fn disconnect(&mut self, port: Port) {
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
    pub(super) fn bring(&mut self, from: Port, frame: &[u8], now: Duration) -> Result<usize, FrameError> {
        let brought = self.take_in(from, frame, now);
        let count = if brought.is_ok() { &mut self.counts.frames } else { &mut self.counts.bad };
        *count = count.wrapping_add(1);
        if brought.is_ok() {
            let bytes = u32::try_from(frame.len()).unwrap_or(u32::MAX);
            self.counts.bytes = self.counts.bytes.wrapping_add(bytes);
        }
        brought
    }

    fn take_in(&mut self, from: Port, frame: &[u8], now: Duration) -> Result<usize, FrameError> {
        let addresses = frame.first_chunk::<12>().filter(|_| frame.len() >= HEADER_BYTES);
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] =
            *addresses.ok_or(FrameError::Short { bytes: frame.len() })?;
        let to = MacAddress([d0, d1, d2, d3, d4, d5]);
        let side = self.ports.get(from.0).and_then(|state| state.side).ok_or(FrameError::NoPort(from))?;
        // Before the sender is learnt, which may be in the place of the receiver.
        let known = self.port_of(to, now);
        self.learn(MacAddress([s0, s1, s2, s3, s4, s5]), from, now);
        Ok(match known {
            Some(port) => self.pass_on((from, side), port, frame),
            None => (0..self.ports.len()).map(|port| self.pass_on((from, side), Port(port), frame)).sum(),
        })
    }

    /// The next frame that waits for a port.
    pub(super) fn take(&mut self, port: Port) -> Option<Vec<u8>> {
        self.ports.get_mut(port.0)?.waiting.pop_front()
    }

    /// Whether a frame waits for a port.
    pub(super) fn has_waiting(&self, port: Port) -> bool {
        self.ports.get(port.0).is_some_and(|state| !state.waiting.is_empty())
    }

    /// What it has seen.
    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }

    /// Stations that it remembers, those that were silent for too long included.
    pub(super) const fn stations(&self) -> usize {
        self.stations.len()
    }

    /// Behind which port a station is, as far as is known at time `now`; that of a group never is.
    pub(super) fn port_of(&self, address: MacAddress, now: Duration) -> Option<Port> {
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
        let PortState { side: to_side, waiting } = &mut self.ports[to.0];
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
            self.counts.full = self.counts.full.wrapping_add(1);
            return 0;
        }
        copy.extend_from_slice(frame);
        waiting.push_back(copy);
        1
    }
}

#[cfg(test)]
mod tests;
