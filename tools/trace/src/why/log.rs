//! What a chain is looked up in: polls, interrupts, letters and doorbells of every core, in the order of time.

use std::collections::{BTreeMap, HashMap};

use scc::id::CoreId;
use trace_format::record::{Event, LetterNumber};

use crate::item::{GuestRun, Item, Moment, Poll, TaskId, Tasks};
use crate::trace::Trace;
use crate::walk::walk;

/// Where something came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    /// When, in picoseconds.
    pub(super) at: u64,
    /// The poll that did it, if it was done in one.
    pub(super) poll: Option<Poll>,
}

#[derive(Debug, Default)]
struct CoreLog {
    polls: Vec<Poll>,
    interrupts: Vec<(u8, Moment, Moment)>,
    /// Stays in guests.
    guests: Vec<GuestRun>,
    /// Times of writing, by receiver and letter.
    written: HashMap<(u8, LetterNumber), Vec<u64>>,
    read: Vec<(u64, u8, LetterNumber)>,
    /// Times, receivers and ways of rings and raised pins.
    rung: Vec<(u64, u8, &'static str)>,
}

/// Everything that chains are made of.
#[derive(Debug, Default)]
pub(super) struct Log {
    cores: BTreeMap<u8, CoreLog>,
}

impl Log {
    /// Gathers it.
    pub(super) fn of(trace: &Trace) -> (Tasks, Self) {
        let mut log = Self::default();
        let tasks = walk(trace, |_, life, item| {
            let core = log.cores.entry(life.core.number()).or_default();
            match item {
                Item::Poll(poll) => core.polls.push(poll),
                Item::Interrupt(vector, from, to) => core.interrupts.push((vector, from, to)),
                Item::Guest(run) => core.guests.push(run),
                Item::Mark(Event::LetterWritten { to, letter }, _, at) => {
                    core.written.entry((to, letter)).or_default().push(at.time);
                }
                Item::Mark(Event::LetterRead { from, letter }, _, at) => {
                    core.read.push((at.time, from, letter))
                }
                Item::Mark(Event::DoorbellRung(to), _, at) => core.rung.push((at.time, to, "rung")),
                Item::Mark(Event::DirectRaised(to), _, at) => {
                    core.rung.push((at.time, to, "raised its direct pin"));
                }
                _ => {}
            }
        });
        (tasks, log)
    }

    /// All polls.
    pub(super) fn polls(&self) -> impl Iterator<Item = &Poll> {
        self.cores.values().flat_map(|core| &core.polls)
    }

    /// The poll that ran on a core at a time.
    pub(super) fn poll_at(&self, core: CoreId, time: u64) -> Option<Poll> {
        let polls = &self.cores.get(&core.number())?.polls;
        let before = polls.partition_point(|poll| poll.from.time <= time);
        polls[..before].last().filter(|poll| time <= poll.to.time).copied()
    }

    /// Who interrupted a core whose handler runs at a time, by which deed, and from where.
    ///
    /// It is whoever rang or raised the direct pin last before the handler, but after the one before of the same vector: the
    /// handler does not ask the controller.
    pub(super) fn ringer(&self, core: CoreId, time: u64) -> Option<(CoreId, &'static str, Source)> {
        let own = self.cores.get(&core.number())?;
        let handler = own.interrupts.partition_point(|(_, from, _)| from.time <= time);
        let ((vector, from, to), earlier) = own.interrupts[..handler].split_last()?;
        if time > to.time {
            return None;
        }
        let previous = earlier.iter().rev().find(|(other, ..)| other == vector);
        let (earliest, latest) = (previous.map_or(0, |(_, from, _)| from.time), from.time);
        CoreId::all()
            .filter_map(|sender| {
                let rung = &self.cores.get(&sender.number())?.rung;
                let before = rung.partition_point(|(at, ..)| *at <= latest);
                let (at, _, verb) = rung[..before].iter().rev().find(|(_, to, _)| *to == core.number())?;
                let source = Source { at: *at, poll: self.poll_at(sender, *at) };
                (*at >= earliest).then_some((sender, *verb, source))
            })
            .max_by_key(|(.., source)| source.at)
    }

    /// Who wrote the letter that a core read last between two times, and where.
    pub(super) fn letter(&self, core: CoreId, from: u64, to: u64) -> Option<(CoreId, Source)> {
        let read = &self.cores.get(&core.number())?.read;
        let before = read.partition_point(|(at, ..)| *at <= to);
        let (at, sender, letter) = *read[..before].last().filter(|(at, ..)| *at >= from)?;
        let written = self.cores.get(&sender)?.written.get(&(core.number(), letter))?;
        let written = *written[..written.partition_point(|written| *written <= at)].last()?;
        let sender = CoreId::new(sender)?;
        Some((sender, Source { at: written, poll: self.poll_at(sender, written) }))
    }

    /// The stays in guests that ended on a core between two times, in picoseconds.
    pub(super) fn left(&self, core: CoreId, from: u64, to: u64) -> &[GuestRun] {
        let guests = self.cores.get(&core.number()).map_or(&[][..], |own| &own.guests);
        let up_to = &guests[..guests.partition_point(|run| run.to.time <= to)];
        &up_to[up_to.partition_point(|run| run.to.time < from)..]
    }

    /// Which tasks ran on a core between two moments of one life, for how many cycles and how often; without a task:
    /// interrupts.
    pub(super) fn ran(&self, core: CoreId, from: Moment, to: Moment) -> Vec<(Option<TaskId>, u64, usize)> {
        let Some(own) = self.cores.get(&core.number()) else { return Vec::new() };
        let mut ran: BTreeMap<Option<TaskId>, (u64, usize)> = BTreeMap::new();
        let mut interrupted = BTreeMap::new();
        let within = |a: Moment, b: Moment| b.cycles.min(to.cycles).saturating_sub(a.cycles.max(from.cycles));
        let first = own.interrupts.partition_point(|(.., end)| end.time < from.time);
        for (_, begin, end) in own.interrupts[first..].iter().take_while(|(_, begin, _)| begin.time < to.time)
        {
            let cycles = within(*begin, *end);
            if let Some(poll) = self.poll_at(core, begin.time) {
                *interrupted.entry(poll.from.cycles).or_insert(0) += cycles;
            }
            let entry = ran.entry(None).or_default();
            *entry = (entry.0 + cycles, entry.1 + 1);
        }
        let first = own.polls.partition_point(|poll| poll.to.time < from.time);
        for poll in own.polls[first..].iter().take_while(|poll| poll.from.time < to.time) {
            let lost = interrupted.get(&poll.from.cycles).copied().unwrap_or(0);
            let cycles = within(poll.from, poll.to).saturating_sub(lost);
            if cycles > 0 {
                let entry = ran.entry(Some(poll.task)).or_default();
                *entry = (entry.0 + cycles, entry.1 + 1);
            }
        }
        ran.into_iter().map(|(what, (cycles, times))| (what, cycles, times)).collect()
    }
}
