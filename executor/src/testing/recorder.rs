//! A recorder of events, for tests that state exactly what happens.

use alloc::vec::Vec;

use crate::time::Instant;
use crate::trace::{Event, Trace};
use crate::waker::gate::Gate;

/// Keeps every event until it is taken. Tasks and threads only: it allocates.
#[derive(Debug, Default)]
pub struct EventRecorder {
    events: Gate<Vec<Event>>,
}

impl EventRecorder {
    /// A recorder without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Events since this was last called, oldest first.
    pub fn take(&self) -> Vec<Event> {
        self.events.with(core::mem::take)
    }
}

impl Trace for EventRecorder {
    fn record(&self, _at: Instant, event: Event) {
        self.events.with(|events| events.push(event));
    }
}
