//! A recorder of events, for tests that state exactly what happens.

use alloc::vec::Vec;

use crate::trace::{Event, Then};
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

    /// Keeps an event; one that tells several things as several.
    pub(crate) fn record(&self, event: Event) {
        self.events.with(|events| match event {
            Event::PollSwitch { ended, then, begun } => {
                events.push(Event::PollEnd(ended));
                events.extend((then == Then::Yielded).then_some(Event::Ready(ended)));
                events.push(Event::PollBegin(begun));
            }
            event => events.push(event),
        });
    }
}
