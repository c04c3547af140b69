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
//! Slices are polls, interrupts, boot and lost records; an interrupt in a poll is a slice of its own behind the poll's.
//! Levels are what is drawn as long as slices are narrower than a pixel.

use std::collections::HashMap;

use scc::id::CoreId;
use serde::Serialize;
use trace_format::record::{Event, LetterNumber};

use crate::export::drawing::words_of;
use crate::item::{Doing, Item, Moment};
use crate::report::Figures;
use crate::trace::Trace;
use crate::walk::walk;

/// Slots of the coarsest and of the finest level at most: a few more than a screen has pixels, and half a million.
const FEWEST_SLOTS: usize = 1 << 10;
const MOST_SLOTS: usize = 1 << 19;
/// Slices for which the finest level has a slot.
const SLICES_OF_SLOT: usize = 8;
/// Slots of a level that one slot of the next coarser level covers.
const FINER: usize = 4;

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

#[derive(Debug, Clone, Copy)]
struct Letter {
    written: f64,
    read: f64,
    from: u8,
    to: u8,
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
}

#[derive(Default)]
struct Gathering {
    begin: u64,
    end: f64,
    kinds: Vec<Kind>,
    numbers: HashMap<Kind, u16>,
    rows: Vec<Row>,
    written: HashMap<(u8, u8, LetterNumber), Vec<f64>>,
    read: Vec<(u8, u8, LetterNumber, f64)>,
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
    pub(super) fn head<'a>(&'a self, figures: &'a Figures) -> Head<'a> {
        Head {
            begin_picoseconds: self.begin,
            end: self.end,
            kinds: &self.kinds,
            rows: &self.rows,
            letters: self.letters,
            marks: self.marks,
            texts: &self.texts,
            figures,
        }
    }

    /// The columns.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Gathering {
    #[expect(clippy::cast_precision_loss, reason = "2^53 picoseconds are 2.5 hours of the chip")]
    fn nanoseconds(&self, at: Moment) -> f64 {
        at.time.saturating_sub(self.begin) as f64 / NANOSECOND
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
                let wait = poll.woken.map(|wake| poll.from.cycles - wake.at.cycles);
                self.slice(Class::Task, task_name(poll.task), poll.from, poll.to, wait);
            }
            Item::Interrupt(vector, from, to) => {
                self.slice(Class::Interrupt, format!("interrupt {vector:#04x}"), from, to, None);
            }
            Item::Mark(Event::LetterWritten { to, letter }, _, at) => {
                let at = self.nanoseconds(at);
                self.written.entry((core.number(), to, letter)).or_default().push(at);
            }
            Item::Mark(Event::LetterRead { from, letter }, _, at) => {
                let at = self.nanoseconds(at);
                self.read.push((from, core.number(), letter, at));
            }
            Item::Mark(event, _, at) if is_shown(event) => {
                if let Some(words) = words_of(trace, event) {
                    let text = self.text(words);
                    self.marks.push((self.nanoseconds(at), text, core.number()));
                }
            }
            _ => {}
        }
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
        let letters = self.match_letters();
        let letters_at = Place { count: letters.len(), offset: aligned(&mut bytes) };
        bytes.extend(letters.iter().flat_map(|letter| letter.written.to_le_bytes()));
        bytes.extend(letters.iter().flat_map(|letter| letter.read.to_le_bytes()));
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

    /// Joins the ends of letters: a letter read was written last before that.
    fn match_letters(&mut self) -> Vec<Letter> {
        let mut letters = Vec::new();
        for (from, to, number, read) in std::mem::take(&mut self.read) {
            let Some(written) = self.written.get(&(from, to, number)) else { continue };
            let before = written.partition_point(|written| *written <= read);
            if let Some(written) = before.checked_sub(1).map(|at| written[at]) {
                letters.push(Letter { written, read, from, to });
            }
        }
        letters.sort_by(|a, b| a.written.total_cmp(&b.written));
        letters
    }
}

/// Events that stand above a core's row: what happens now and then, not what letters and timers cause all the time.
const fn is_shown(event: Event) -> bool {
    !matches!(
        event,
        Event::TimerFired(_)
            | Event::DoorbellRung(_)
            | Event::DoorbellTaken(_)
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

/// What a core did in a slot of time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Slot {
    /// Kind that took the most of it, and how much.
    kind: u16,
    most: f32,
    /// Nanoseconds of polls, boot and lost records, and of interrupts.
    polls: f32,
    interrupts: f32,
    /// Nanoseconds of the slot.
    width: f32,
}

impl Slot {
    fn bytes(self) -> [u8; 4] {
        let [low, high] = self.kind.to_le_bytes();
        [low, high, share(self.polls, self.width), share(self.interrupts, self.width)]
    }
}

/// A share of 255, at least 1 if there is any.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 255")]
fn share(part: f32, whole: f32) -> u8 {
    if part <= 0.0 { 0 } else { (part / whole * 255.0).clamp(1.0, 255.0) as u8 }
}

/// Levels from the coarsest to the finest.
fn levels(row: &Row, kinds: &[Kind], span: f64) -> Vec<Vec<Slot>> {
    let mut finest = FEWEST_SLOTS;
    while finest < MOST_SLOTS && finest * SLICES_OF_SLOT < row.start.len() {
        finest *= FINER;
    }
    let mut levels = vec![finest_level(row, kinds, span, finest)];
    while let Some(finer) = levels.last().filter(|level| level.len() > FEWEST_SLOTS) {
        levels.push(finer.chunks(FINER).map(together).collect());
    }
    levels.reverse();
    levels
}

fn together(slots: &[Slot]) -> Slot {
    let mut whole = Slot::default();
    for slot in slots {
        whole.polls += slot.polls;
        whole.interrupts += slot.interrupts;
        whole.width += slot.width;
        if slot.most > whole.most {
            (whole.kind, whole.most) = (slot.kind, slot.most);
        }
    }
    whole
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "slots are half a million at most, and shares are drawn"
)]
fn finest_level(row: &Row, kinds: &[Kind], span: f64, count: usize) -> Vec<Slot> {
    let width = span / count as f64;
    let mut slots = vec![Slot { width: width as f32, ..Slot::default() }; count];
    for ((start, length), kind) in row.start.iter().zip(&row.length).zip(&row.kind) {
        let end = start + length;
        let first = ((start / width) as usize).min(count - 1);
        let last = ((end / width) as usize).min(count - 1);
        for (at, slot) in slots.iter_mut().enumerate().take(last + 1).skip(first) {
            let (from, to) = (at as f64 * width, (at + 1) as f64 * width);
            let part = (end.min(to) - start.max(from)).max(0.0) as f32;
            if kinds[usize::from(*kind)].class == Class::Interrupt {
                slot.interrupts += part;
            } else {
                slot.polls += part;
                if part > slot.most {
                    (slot.kind, slot.most) = (*kind, part);
                }
            }
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(slices: &[(f64, f64, u16)]) -> Row {
        Row {
            core: 0,
            start: slices.iter().map(|slice| slice.0).collect(),
            length: slices.iter().map(|slice| slice.1).collect(),
            cycles: vec![0; slices.len()],
            wait: vec![0; slices.len()],
            kind: slices.iter().map(|slice| slice.2).collect(),
        }
    }

    fn kinds() -> Vec<Kind> {
        let kind = |name: &str, class| Kind { name: name.to_owned(), class };
        vec![kind("a", Class::Task), kind("b", Class::Task), kind("irq", Class::Interrupt)]
    }

    #[test]
    fn slots_tell_shares_and_the_dominant_kind() {
        let row = row(&[(0.0, 600.0, 0), (100.0, 100.0, 2), (700.0, 900.0, 1)]);
        let level = finest_level(&row, &kinds(), 2_000.0, 2);
        assert_eq!((level[0].kind, level[0].polls, level[0].interrupts), (0, 900.0, 100.0));
        assert_eq!((level[1].kind, level[1].polls, level[1].interrupts), (1, 600.0, 0.0));
        assert_eq!(level[0].bytes(), [0, 0, 229, 25]);
    }

    #[test]
    fn coarser_levels_keep_what_finer_ones_hold() {
        let slices: Vec<_> = (0..20_000).map(|n| (f64::from(n) * 10.0, 5.0, 0)).collect();
        let levels = levels(&row(&slices), &kinds(), 200_000.0);
        assert_eq!(levels.iter().map(Vec::len).collect::<Vec<_>>(), [1_024, 4_096]);
        for level in levels {
            let polls: f32 = level.iter().map(|slot| slot.polls).sum();
            assert!((polls - 100_000.0).abs() < 10.0, "{polls}");
        }
    }

    #[test]
    fn what_is_there_is_never_rounded_away() {
        assert_eq!([share(0.0, 5.0), share(0.001, 5.0), share(5.0, 5.0), share(6.0, 5.0)], [0, 1, 255, 255]);
    }
}
