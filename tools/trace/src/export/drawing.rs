//! What viewers of timelines are shown, whatever their format.

use std::collections::HashMap;
use std::io;

use scc::id::CoreId;
use trace_format::record::{Event, TestOutcome};

use super::arrows;
use super::lanes::Lanes;
use crate::dealing::{Dealing, Edge, Side};
use crate::item::{Doing, GuestRun, Item, Moment, TaskId, Tasks};
use crate::trace::{Life, Trace};
use crate::walk::walk;

/// A row of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Row {
    /// A core outside of polls.
    Core(CoreId),
    /// A task of a core.
    Task(CoreId, TaskId),
    /// Calls and leases of a core: as many rows as there are at once, numbered from 0.
    Dealings(CoreId, u8),
}

impl Row {
    /// The core it belongs to.
    pub const fn core(self) -> CoreId {
        match self {
            Self::Core(core) | Self::Task(core, _) | Self::Dealings(core, _) => core,
        }
    }
}

/// Where an arrow begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arrow(pub u64);

/// Something drawn. Times are picoseconds of the chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stroke<'a> {
    /// A row appears; its name.
    Row(Row, &'a str),
    /// Something begins in a row, perhaps at the end of an arrow. Ends come in the reverse order of beginnings.
    Begin(Row, &'a str, u64, Option<Arrow>),
    /// What began last in a row ends.
    End(Row, u64),
    /// Something happens in a row, perhaps at the beginning of an arrow.
    Happens(Row, &'a str, u64, Option<Arrow>),
    /// Something happens in a row at the end of an arrow.
    Arrives(Row, &'a str, u64, Arrow),
    /// A core has this many tasks that are ready and not being polled.
    Ready(CoreId, usize, u64),
}

/// Draws a trace, row by row as they appear, each row in the order of time.
///
/// # Errors
/// What `draw` answers.
pub fn draw(trace: &Trace, mut draw: impl FnMut(&Stroke<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut pen = Pen {
        draw: &mut draw,
        answers: arrows::answers(trace),
        polled: None,
        known: Vec::new(),
        lanes: Lanes::default(),
        seen: 0,
        failed: None,
    };
    walk(trace, |tasks, life, item| {
        if pen.failed.is_none() {
            pen.failed = pen.take(trace, tasks, life, item).err();
        }
    });
    pen.failed.take().map_or_else(|| pen.end_dealings(), Err)
}

struct Pen<'a, F> {
    draw: &'a mut F,
    answers: HashMap<Arrow, u64>,
    polled: Option<TaskId>,
    known: Vec<Row>,
    lanes: Lanes,
    /// End of the last span.
    seen: u64,
    failed: Option<io::Error>,
}

impl<F: FnMut(&Stroke<'_>) -> io::Result<()>> Pen<'_, F> {
    fn take(&mut self, trace: &Trace, tasks: &Tasks, life: &Life, item: Item) -> io::Result<()> {
        let core = life.core;
        let row = self.polled.map_or(Row::Core(core), |task| Row::Task(core, task));
        if let Item::Span(_, _, to) = item {
            self.seen = to.time;
        }
        match item {
            Item::Life(number, at) => {
                self.end_dealings()?;
                self.lanes.core = Some(core);
                // What a lost record left open ends with the life.
                if self.polled.take().is_some() {
                    (self.draw)(&Stroke::End(row, at.time))?;
                }
                self.show(Row::Core(core), "core")?;
                let name =
                    if number == 0 { "left reset".to_owned() } else { format!("left reset, life {number}") };
                (self.draw)(&Stroke::Happens(Row::Core(core), &name, at.time, None))
            }
            Item::Span(Doing::Idle, from, to) => self.slice(Row::Core(core), "idle", from, to),
            Item::Span(Doing::Boot, from, to) => self.slice(Row::Core(core), "boot", from, to),
            Item::Span(Doing::Unknown, from, to) => self.slice(Row::Core(core), "records lost", from, to),
            Item::Span(..) => Ok(()),
            Item::Wake(task, wake) => {
                let name = format!("wakes {}", tasks.get(task).name);
                (self.draw)(&Stroke::Happens(row, &name, wake.at.time, Some(arrows::of_wake(&wake))))
            }
            Item::PollBegin(task, woken, at) => {
                self.polled = Some(task);
                let row = Row::Task(core, task);
                self.show(row, &tasks.get(task).name)?;
                let arrow = woken.as_ref().map(arrows::of_wake);
                (self.draw)(&Stroke::Begin(row, &tasks.get(task).name, at.time, arrow))
            }
            Item::Poll(poll) => {
                self.polled = None;
                (self.draw)(&Stroke::End(Row::Task(core, poll.task), poll.to.time))
            }
            Item::InterruptBegin(vector, at) => {
                (self.draw)(&Stroke::Begin(row, &format!("interrupt {vector:#04x}"), at.time, None))
            }
            Item::Interrupt(_, _, to) => (self.draw)(&Stroke::End(row, to.time)),
            Item::Guest(GuestRun { reason, from, to, .. }) => {
                self.slice(row, &format!("guest, until {reason}"), from, to)
            }
            Item::Lost(at) => {
                self.end_dealings()?;
                match self.polled.take() {
                    Some(task) => (self.draw)(&Stroke::End(Row::Task(core, task), at.time)),
                    None => Ok(()),
                }
            }
            Item::Ready(count, at) => (self.draw)(&Stroke::Ready(core, count, at.time)),
            Item::Mark(event, _, at) => self.mark(trace, row, event, at),
            Item::Log(line, at) => (self.draw)(&Stroke::Happens(row, &line.to_string(), at.time, None)),
        }
    }

    fn show(&mut self, row: Row, name: &str) -> io::Result<()> {
        match self.known.binary_search(&row) {
            Ok(_) => Ok(()),
            Err(at) => {
                self.known.insert(at, row);
                (self.draw)(&Stroke::Row(row, name))
            }
        }
    }

    fn slice(&mut self, row: Row, name: &str, from: Moment, to: Moment) -> io::Result<()> {
        (self.draw)(&Stroke::Begin(row, name, from.time, None))?;
        (self.draw)(&Stroke::End(row, to.time))
    }

    fn mark(&mut self, trace: &Trace, row: Row, event: Event, at: Moment) -> io::Result<()> {
        let own = row.core().number();
        let Some(words) = words_of(trace, event) else { return self.letter(row, event, at) };
        let Some((dealing, edge)) = Dealing::of(event) else {
            return (self.draw)(&Stroke::Happens(row, &words, at.time, None));
        };
        let (there, back) = (arrows::there(own, dealing), arrows::back(own, dealing));
        let stroke = match (dealing.side, edge) {
            (Side::Opener, Edge::Begin) => Stroke::Happens(row, &words, at.time, Some(there)),
            (Side::Partner, Edge::Begin) => Stroke::Arrives(row, &words, at.time, there),
            (Side::Partner, Edge::End) => Stroke::Happens(row, &words, at.time, Some(back)),
            (Side::Opener, Edge::End) => match self.answers.get(&back) {
                Some(answered) if *answered <= at.time => Stroke::Arrives(row, &words, at.time, back),
                // Who gives up does not wait for the other to be done.
                _ => Stroke::Happens(row, &words, at.time, None),
            },
        };
        (self.draw)(&stroke)?;
        match edge {
            Edge::Begin => self.begin(dealing, &words, at),
            Edge::End => self.end(dealing, at),
        }
    }

    /// Draws a letter; other events without words say nothing to a viewer.
    fn letter(&mut self, row: Row, event: Event, at: Moment) -> io::Result<()> {
        let own = row.core().number();
        match event {
            Event::LetterWritten { to, letter } => {
                let arrow = arrows::of_letter(own, to, letter);
                (self.draw)(&Stroke::Happens(row, &format!("letter to {to}"), at.time, Some(arrow)))
            }
            Event::LetterRead { from, letter } => {
                let arrow = arrows::of_letter(from, own, letter);
                (self.draw)(&Stroke::Arrives(row, &format!("letter from {from}"), at.time, arrow))
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, dealing: Dealing, words: &str, at: Moment) -> io::Result<()> {
        let Some(row) = self.lanes.begin(dealing) else { return Ok(()) };
        self.show(row, "calls and leases")?;
        (self.draw)(&Stroke::Begin(row, words, at.time, None))
    }

    fn end(&mut self, dealing: Dealing, at: Moment) -> io::Result<()> {
        self.lanes.end(dealing).map_or(Ok(()), |row| (self.draw)(&Stroke::End(row, at.time)))
    }

    /// Calls and leases whose ends are not recorded end here.
    fn end_dealings(&mut self) -> io::Result<()> {
        let seen = self.seen;
        self.lanes.drain().into_iter().try_for_each(|row| (self.draw)(&Stroke::End(row, seen)))
    }
}

/// What an event is called that is neither a poll nor an interrupt nor a letter; `None` for those that say nothing to a
/// viewer.
pub(crate) fn words_of(trace: &Trace, event: Event) -> Option<String> {
    Some(match event {
        Event::BootPhase(phase) => format!("boot: {phase}"),
        Event::TaskSpawn { name, .. } => format!("spawns {}", trace.text(name)),
        Event::Panic { file, line } => format!("panic at {}:{line}", trace.text(file)),
        Event::Exception { vector, eip, .. } => format!("exception {vector} at {eip:#010x}"),
        Event::CoreStarted(core) => format!("starts core {core}"),
        Event::CoreStopped(core) => format!("stops core {core}"),
        Event::MailSent(core) => format!("mail to {core} acknowledged"),
        Event::MailReceived(core) => format!("mail from {core}"),
        Event::DoorbellRung(core) => format!("rings at {core}"),
        Event::DirectRaised(core) => format!("raises the direct pin of {core}"),
        Event::CallBegin { to, call } => format!("calls procedure {} at {to}", call.procedure),
        Event::CallEnd { to, call } => format!("goes on after procedure {} at {to}", call.procedure),
        Event::ServeBegin { from, call } => format!("serves procedure {} for {from}", call.procedure),
        Event::ServeEnd { from, call } => format!("has served procedure {} for {from}", call.procedure),
        Event::LendBegin { to, lease } => format!("lends {} bytes to {to}", lease.bytes),
        Event::LendEnd { to, lease } => format!("lends {} bytes to {to} no more", lease.bytes),
        Event::BorrowBegin { from, lease } => format!("borrows {} bytes of {from}", lease.bytes),
        Event::BorrowEnd { from, lease } => format!("returns {} bytes to {from}", lease.bytes),
        Event::DoorbellTaken(0) => "takes doorbells unseen".to_owned(),
        Event::DoorbellTaken(cores) => {
            let senders = (0..48).filter(|core| cores >> core & 1 == 1).map(|core: u8| core.to_string());
            format!("rung by {}", senders.collect::<Vec<_>>().join(", "))
        }
        Event::SelfTest { name, outcome } => {
            let outcome = match outcome {
                TestOutcome::Passed => "passed",
                TestOutcome::Failed => "failed",
                TestOutcome::Skipped => "skipped",
            };
            format!("self-test {}: {outcome}", trace.text(name))
        }
        Event::SelfTestsDone { passed, failed } => format!("self-tests: {passed} passed, {failed} failed"),
        Event::TimerFired(due) => format!("timer due at {due}"),
        _ => return None,
    })
}
