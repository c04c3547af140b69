//! How a service of one core is: its state, and what it and its supervisor count.

use core::cell::Cell;

use executor::sync::Event;
use serde::{Deserialize, Serialize};

/// Counters that a service can have.
const MOST_COUNTERS: usize = 8;

/// State of a service on one core.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum State {
    /// The plan does not place it here.
    #[default]
    Absent,
    /// It runs.
    Running,
    /// It failed and will be started again.
    BackingOff,
    /// It has done its work.
    Finished,
    /// It was told to stop, and did or was ended.
    Stopped,
    /// It failed and will not be started again.
    Failed,
}

impl State {
    /// One word for lines and tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Running => "running",
            Self::BackingOff => "backing-off",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// What is known of a service on one core. Tasks of the core only.
#[derive(Debug, Default)]
pub struct Status {
    pub(crate) state: Cell<State>,
    pub(crate) starts: Cell<u32>,
    pub(crate) failures: Cell<u32>,
    pub(crate) stop: Event,
    names: [Cell<&'static str>; MOST_COUNTERS],
    values: [Cell<u32>; MOST_COUNTERS],
}

impl Status {
    /// Its state.
    pub fn state(&self) -> State {
        self.state.get()
    }

    /// How often it was started.
    pub fn starts(&self) -> u32 {
        self.starts.get()
    }

    /// How often it failed, panics included.
    pub fn failures(&self) -> u32 {
        self.failures.get()
    }

    /// Names and values of its counters, in the order in which it asked for them.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let all = self.names.iter().zip(&self.values).map(|(name, value)| (name.get(), value.get()));
        all.take_while(|(name, _)| !name.is_empty())
    }

    /// The counter called `name`, which keeps its value when the service starts again.
    ///
    /// # Panics
    /// For a ninth name.
    pub(crate) fn counter(&self, name: &'static str) -> Counter<'_> {
        let place = self.names.iter().position(|known| known.get() == name || known.get().is_empty());
        let place = place.expect("a service has at most eight counters");
        self.names[place].set(name);
        Counter(&self.values[place])
    }
}

/// A number that others can see. Wraps.
#[derive(Clone, Copy, Debug)]
pub struct Counter<'s>(&'s Cell<u32>);

impl Counter<'_> {
    /// Counts one.
    pub fn increment(self) {
        self.add(1);
    }

    /// Counts so many.
    pub fn add(self, count: u32) {
        self.0.set(self.0.get().wrapping_add(count));
    }

    /// Shows a number that somebody else counts.
    pub fn set(self, value: u32) {
        self.0.set(value);
    }

    /// Value now.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn counter_asked_for_again_goes_on_from_its_value() {
        let status = Status::default();
        status.counter("answered").increment();
        status.counter("refused").increment();
        status.counter("answered").increment();
        assert_eq!(status.counters().collect::<Vec<_>>(), [("answered", 2), ("refused", 1)]);
    }

    #[test]
    #[should_panic(expected = "at most eight")]
    fn ninth_counter_is_a_mistake_of_the_service() {
        let status = Status::default();
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
            status.counter(name);
        }
    }
}
