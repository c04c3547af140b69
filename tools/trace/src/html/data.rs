//! What the page draws, as columns of numbers and a small head that says where they lie.
//!
//! ```text
//! per core   start    f64   nanoseconds since the beginning of the trace, ascending
//!            length   f32   nanoseconds, rounded
//!            cycles   u32   length in cycles of the core
//!            wait     u32   polls: cycles from the wake; u32::MAX if none is recorded
//!            kind     u16   what it is: index into the head's names
//!            levels   for each slot of time: dominant kind u16, share of polls u8, share of interrupts u8
//! letters    written f64, read f64, from u8, to u8, in the order of writing
//! marks      time f64, text u32, core u8
//! ```
//!
//! Slices are polls, interrupts, stays in guests, boot and lost records; an interrupt or a guest in a poll is a slice of its
//! own behind the poll's.
//! Levels are what is drawn as long as slices are narrower than a pixel.

mod levels;

use std::collections::HashMap;

use scc::id::CoreId;
use serde::Serialize;
use trace_format::record::Event;

use self::levels::levels;
use crate::export::drawing::words_of;
use crate::item::{Doing, GuestRun, Item, Moment};
use crate::letters::{Letter, Letters};
use crate::report::Figures;
use crate::trace::Trace;
use crate::walk::walk;
use crate::why::Link;

/// Picoseconds of a nanosecond.
const NANOSECOND: f64 = 1_000.0;

/// Kinds that every trace has.
const BOOT: &str = "booting";
const LOST: &str = "records lost";

#[derive(Debug, Default)]
struct Row {
    core: u8,
    start: Vec<f64>,
    length: Vec<f64>,
    cycles: Vec<u32>,
    wait: Vec<u32>,
    kind: Vec<u16>,
}

/// All that the page draws.
#[derive(Debug)]
pub(super) struct Data {
    begin: u64,
    end: f64,
    kinds: Vec<Kind>,
    rows: Vec<RowHead>,
    letters: Place,
    marks: Place,
    texts: Vec<String>,
    bytes: Vec<u8>,
}

/// What a slice is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
struct Kind {
    name: String,
    class: Class,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
enum Class {
    Task,
    Interrupt,
    Guest,
    Boot,
    Lost,
}

/// Where a table lies in the bytes.
#[derive(Debug, Clone, Copy, Serialize)]
struct Place {
    count: usize,
    offset: usize,
}

#[derive(Debug, Serialize)]
struct RowHead {
    core: u8,
    slices: Place,
    levels: Vec<Place>,
}

/// What the page is told beside the columns.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    begin_picoseconds: u64,
    end: f64,
    kinds: &'a [Kind],
    rows: &'a [RowHead],
    letters: Place,
    marks: Place,
    texts: &'a [String],
    figures: &'a Figures,
    chain: Vec<ChainLink<'a>>,
}

/// A link of a chain of causes. Times are nanoseconds since the beginning of the trace.
#[derive(Serialize)]
struct ChainLink<'a> {
    core: u8,
    task: &'a str,
    /// When the task was woken, if that is recorded.
    woken: Option<f64>,
    from: f64,
    to: f64,
    /// Cycles from the wake to the poll.
    waited: Option<u64>,
    cause: &'a str,
    meanwhile: &'a [String],
    /// When the poll of the next link did what led to this one.
    led: Option<f64>,
}

#[derive(Default)]
struct Gathering {
    begin: u64,
    end: f64,
    kinds: Vec<Kind>,
    numbers: HashMap<Kind, u16>,
    rows: Vec<Row>,
    letters: Letters,
    marks: Vec<(f64, u32, u8)>,
    texts: Vec<String>,
    text_numbers: HashMap<String, u32>,
}

impl Data {
    /// Draws a trace up.
    pub(super) fn of(trace: &Trace) -> Self {
        let first = |life: &crate::trace::Life| life.clock.picoseconds(0);
        let mut gathering =
            Gathering { begin: trace.lives().iter().map(first).min().unwrap_or(0), ..Gathering::default() };
        walk(trace, |tasks, life, item| {
            let task_name = |task| tasks.get(task).name.clone();
            gathering.take(trace, life.core, item, task_name);
        });
        gathering.lay_out()
    }

    /// What the page is told beside the bytes.
    pub(super) fn head<'a>(&'a self, figures: &'a Figures, chain: &'a [Link]) -> Head<'a> {
        let link = |link: &'a Link| {
            let poll = &link.poll;
            ChainLink {
                core: link.task.core.number(),
                task: &link.task.name,
                woken: poll.woken.map(|wake| nanoseconds(self.begin, wake.at.time)),
                from: nanoseconds(self.begin, poll.from.time),
                to: nanoseconds(self.begin, poll.to.time),
                waited: poll.waited(),
                cause: &link.cause,
                meanwhile: &link.meanwhile,
                led: link.led.map(|time| nanoseconds(self.begin, time)),
            }
        };
        Head {
            begin_picoseconds: self.begin,
            end: self.end,
            kinds: &self.kinds,
            rows: &self.rows,
            letters: self.letters,
            marks: self.marks,
            texts: &self.texts,
            figures,
            chain: chain.iter().map(link).collect(),
        }
    }

    /// The columns.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Gathering {
    fn nanoseconds(&self, at: Moment) -> f64 {
        nanoseconds(self.begin, at.time)
    }

    fn take(
        &mut self,
        trace: &Trace,
        core: CoreId,
        item: Item,
        task_name: impl Fn(crate::item::TaskId) -> String,
    ) {
        match item {
            Item::Life(..) if self.rows.last().is_none_or(|row| row.core != core.number()) => {
                self.rows.push(Row { core: core.number(), ..Row::default() });
            }
            Item::Span(doing, from, to) => {
                self.end = self.end.max(self.nanoseconds(to));
                match doing {
                    Doing::Boot => self.slice(Class::Boot, BOOT.to_owned(), from, to, None),
                    Doing::Unknown => self.slice(Class::Lost, LOST.to_owned(), from, to, None),
                    _ => {}
                }
            }
            Item::Poll(poll) => {
                let wait = poll.waited();
                self.slice(Class::Task, task_name(poll.task), poll.from, poll.to, wait);
            }
            Item::Interrupt(vector, from, to) => {
                self.slice(Class::Interrupt, format!("interrupt {vector:#04x}"), from, to, None);
            }
            Item::Guest(GuestRun { reason, from, to, .. }) => {
                self.slice(Class::Guest, format!("guest, until {reason}"), from, to, None);
            }
            Item::Mark(event @ (Event::LetterWritten { .. } | Event::LetterRead { .. }), _, at) => {
                self.letters.take(core, event, at);
            }
            Item::Log(line, at) => self.mark(at, line.to_string(), core),
            Item::Mark(event, _, at) if is_shown(event) => {
                if let Some(words) = words_of(trace, event) {
                    self.mark(at, words, core);
                }
            }
            _ => {}
        }
    }

    fn mark(&mut self, at: Moment, words: String, core: CoreId) {
        let text = self.text(words);
        self.marks.push((self.nanoseconds(at), text, core.number()));
    }

    fn slice(&mut self, class: Class, name: String, from: Moment, to: Moment, wait: Option<u64>) {
        let kind = self.kind(Kind { name, class });
        let (start, end) = (self.nanoseconds(from), self.nanoseconds(to));
        let narrow = |cycles: u64| u32::try_from(cycles).unwrap_or(u32::MAX - 1);
        let row = self.rows.last_mut().expect("a life begins before anything else");
        row.start.push(start);
        row.length.push(end - start);
        row.cycles.push(narrow(to.cycles - from.cycles));
        row.wait.push(wait.map_or(u32::MAX, narrow));
        row.kind.push(kind);
    }

    fn kind(&mut self, kind: Kind) -> u16 {
        if let Some(number) = self.numbers.get(&kind) {
            return *number;
        }
        // A trace with more names than that shows the rest as the last one.
        let number = u16::try_from(self.kinds.len()).unwrap_or(u16::MAX);
        if number < u16::MAX {
            self.kinds.push(kind.clone());
            self.numbers.insert(kind, number);
        }
        number.min(u16::MAX - 1)
    }

    fn text(&mut self, words: String) -> u32 {
        if let Some(number) = self.text_numbers.get(&words) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).expect("a trace has fewer texts than records");
        self.texts.push(words.clone());
        self.text_numbers.insert(words, number);
        number
    }

    fn lay_out(mut self) -> Data {
        let mut bytes = Vec::new();
        let mut rows = Vec::new();
        let span = self.end.max(1.0);
        for row in std::mem::take(&mut self.rows) {
            let row = row.sorted();
            let slices = row.write(&mut bytes);
            let levels = levels(&row, &self.kinds, span)
                .into_iter()
                .map(|level| {
                    let offset = aligned(&mut bytes);
                    bytes.extend(level.iter().flat_map(|slot| slot.bytes()));
                    Place { count: level.len(), offset }
                })
                .collect();
            rows.push(RowHead { core: row.core, slices, levels });
        }
        let letters = std::mem::take(&mut self.letters).joined();
        let begin = self.begin;
        let times = |end: fn(&Letter) -> u64| {
            letters.iter().flat_map(move |letter| nanoseconds(begin, end(letter)).to_le_bytes())
        };
        let letters_at = Place { count: letters.len(), offset: aligned(&mut bytes) };
        bytes.extend(times(|letter| letter.written));
        bytes.extend(times(|letter| letter.read));
        bytes.extend(letters.iter().map(|letter| letter.from));
        bytes.extend(letters.iter().map(|letter| letter.to));
        self.marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let marks = Place { count: self.marks.len(), offset: aligned(&mut bytes) };
        bytes.extend(self.marks.iter().flat_map(|mark| mark.0.to_le_bytes()));
        bytes.extend(self.marks.iter().flat_map(|mark| mark.1.to_le_bytes()));
        bytes.extend(self.marks.iter().map(|mark| mark.2));
        Data {
            begin: self.begin,
            end: span,
            kinds: self.kinds,
            rows,
            letters: letters_at,
            marks,
            texts: self.texts,
            bytes,
        }
    }
}

/// From one time in picoseconds to another.
#[expect(clippy::cast_precision_loss, reason = "2^53 picoseconds are 2.5 hours of the chip")]
fn nanoseconds(begin: u64, time: u64) -> f64 {
    time.saturating_sub(begin) as f64 / NANOSECOND
}

/// Events that stand above a core's row: what happens now and then, not what letters and timers cause all the time.
const fn is_shown(event: Event) -> bool {
    !matches!(
        event,
        Event::TimerFired(_)
            | Event::DoorbellRung(_)
            | Event::DoorbellTaken(_)
            | Event::DirectRaised(_)
            | Event::MailSent(_)
            | Event::MailReceived(_)
    )
}

/// Fills up to a multiple of 8, which columns of f64 need.
fn aligned(bytes: &mut Vec<u8>) -> usize {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.len()
}

impl Row {
    /// The slices in the order of their beginnings; what begins at once stays in the order of length, longest first.
    fn sorted(self) -> Self {
        let mut order: Vec<_> = (0..self.start.len()).collect();
        order.sort_by(|a, b| {
            let by_start = self.start[*a].total_cmp(&self.start[*b]);
            by_start.then(self.length[*b].total_cmp(&self.length[*a]))
        });
        Self {
            core: self.core,
            start: order.iter().map(|at| self.start[*at]).collect(),
            length: order.iter().map(|at| self.length[*at]).collect(),
            cycles: order.iter().map(|at| self.cycles[*at]).collect(),
            wait: order.iter().map(|at| self.wait[*at]).collect(),
            kind: order.iter().map(|at| self.kind[*at]).collect(),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a length is drawn; its cycles are exact beside it")]
    fn write(&self, bytes: &mut Vec<u8>) -> Place {
        let offset = aligned(bytes);
        bytes.extend(self.start.iter().flat_map(|start| start.to_le_bytes()));
        bytes.extend(self.length.iter().flat_map(|length| (*length as f32).to_le_bytes()));
        bytes.extend(self.cycles.iter().flat_map(|cycles| cycles.to_le_bytes()));
        bytes.extend(self.wait.iter().flat_map(|wait| wait.to_le_bytes()));
        bytes.extend(self.kind.iter().flat_map(|kind| kind.to_le_bytes()));
        Place { count: self.start.len(), offset }
    }
}
