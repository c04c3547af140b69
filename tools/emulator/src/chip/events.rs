//! Things that are on their way: effects and interrupt packets travelling through the mesh, the regulator settling.
//!
//! Events at the same time come out in the order they were put in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use scc::id::CoreId;
use scc::timing::Time;
use scc::vrc::{Vid, VoltageDomain};

use super::effects::{Effect, Pin};

/// Something that happens at a later time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// An effect reaches its core.
    Effect(Effect),
    /// An interrupt packet of the GIC reaches the core's tile and raises the pin.
    InterruptPacket(CoreId, Pin),
    /// A regulator finishes the command of a core.
    VoltageSettled(CoreId, VoltageDomain, Vid),
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: Time,
    sequence: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.sequence) == (other.at, other.sequence)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

impl EventQueue {
    pub(crate) fn push(&mut self, at: Time, event: Event) {
        self.heap.push(Reverse(Entry { at, sequence: self.sequence, event }));
        self.sequence += 1;
    }

    /// When the next event happens.
    #[inline]
    pub(crate) fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next event if it happens at or before `until`.
    #[inline]
    pub(crate) fn pop(&mut self, until: Time) -> Option<(Time, Event)> {
        if self.next()? > until {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_of_time_then_of_arrival() {
        let core: Vec<CoreId> = CoreId::all().take(3).collect();
        let time = Time::from_picoseconds;
        let mut queue = EventQueue::default();
        queue.push(time(20), Event::InterruptPacket(core[0], Pin::Intr));
        queue.push(time(10), Event::InterruptPacket(core[1], Pin::Intr));
        queue.push(time(10), Event::InterruptPacket(core[2], Pin::Nmi));
        assert_eq!(queue.next(), Some(time(10)));
        assert_eq!(queue.pop(time(15)), Some((time(10), Event::InterruptPacket(core[1], Pin::Intr))));
        assert_eq!(queue.pop(time(15)), Some((time(10), Event::InterruptPacket(core[2], Pin::Nmi))));
        assert_eq!(queue.pop(time(15)), None);
    }
}
