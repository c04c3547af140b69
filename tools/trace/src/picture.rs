//! A part of the timeline as a drawing for documents: a row for each core, letters as lines.

use std::collections::HashMap;

use scc::id::CoreId;

use crate::item::{Doing, Item, TaskId};
use crate::letters::Letters;
use crate::svg::{Anchor, Svg};
use crate::trace::Trace;
use crate::walk::walk;

/// Width of the drawing, of the names of cores, and of the timeline, in pixels.
const WIDTH: f64 = 1_200.0;
const GUTTER: f64 = 64.0;
const SPAN: f64 = WIDTH - GUTTER - 12.0;
/// Height of a row, of the ruler and of the legend.
const ROW: f64 = 24.0;
const RULER: f64 = 30.0;
const LEGEND: f64 = 34.0;
/// Part of a row that an interrupt takes, from above.
const INTERRUPT: f64 = 0.4;
/// Slices that end less than this right of the one before are not seen.
const LEAST: f64 = 0.4;

/// Colours of the tasks that run longest, and of all others.
const TASKS: [&str; 8] =
    ["#2563b0", "#2f9e63", "#c07a1a", "#7c4fc4", "#1f97a8", "#c2417f", "#6b8e23", "#8a5a44"];
const OTHERS: &str = "#7b8794";
const INK: &str = "#1c2330";
const DIM: &str = "#667085";
const GROUND: &str = "#f1f4f8";
const BOOT: &str = "#9aa8bd";
const LOST: &str = "#b58900";
const INTERRUPTS: &str = "#dc2626";
const LETTERS: &str = "#111827";

/// Ticks of the ruler at most.
const MOST_TICKS: u64 = 12;

/// A part of a trace, in picoseconds since power-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its beginning.
    pub from: u64,
    /// Its end.
    pub to: u64,
}

impl Extent {
    /// All of a trace.
    pub fn whole(trace: &Trace) -> Self {
        let (mut from, mut to) = (u64::MAX, 0);
        walk(trace, |_, _, item| {
            if let Item::Span(_, begin, end) = item {
                (from, to) = (from.min(begin.time), to.max(end.time));
            }
        });
        Self { from: from.min(to), to }
    }

    #[expect(clippy::cast_precision_loss, reason = "2^53 picoseconds are 2.5 hours of the chip")]
    fn x(self, time: u64) -> f64 {
        let span = (self.to - self.from).max(1) as f64;
        GUTTER + (time.clamp(self.from, self.to) - self.from) as f64 / span * SPAN
    }

    /// Where a line between two times and heights is at `time`, or where it leaves the extent before.
    #[expect(clippy::cast_precision_loss, reason = "2^53 picoseconds are 2.5 hours of the chip")]
    fn on_line(self, time: u64, [begin, end]: [(u64, f64); 2]) -> (f64, f64) {
        let time = time.clamp(self.from, self.to);
        let part = time.saturating_sub(begin.0) as f64 / (end.0 - begin.0).max(1) as f64;
        (self.x(time), begin.1 + part * (end.1 - begin.1))
    }
}

/// What is drawn of a core, in the order of time.
struct Row {
    core: CoreId,
    slices: Vec<(Doing, u64, u64)>,
}

/// Draws a part of a trace as SVG.
pub fn svg(trace: &Trace, extent: Extent) -> String {
    let mut rows: Vec<Row> = Vec::new();
    let mut letters = Letters::default();
    let tasks = walk(trace, |_, life, item| match item {
        Item::Life(..) if rows.last().is_none_or(|row| row.core != life.core) => {
            rows.push(Row { core: life.core, slices: Vec::new() });
        }
        Item::Span(doing, from, to) if from.time < extent.to && to.time > extent.from => {
            if let Some(row) = rows.last_mut() {
                row.slices.push((doing, from.time, to.time));
            }
        }
        Item::Mark(event, _, at) => letters.take(life.core, event, at),
        _ => {}
    });
    let name_of = |task: TaskId| tasks.get(task).name.as_str();
    let names = by_time(rows.iter().flat_map(|row| &row.slices), extent, name_of);
    let colour_of = |name: &str| names.iter().position(|known| known == name).and_then(|at| TASKS.get(at));
    let row_count = u32::try_from(rows.len()).expect("there are 48 cores");
    let height = RULER + f64::from(row_count) * ROW;
    let mut svg = Svg::new(WIDTH, height + LEGEND);
    ruler(&mut svg, extent, height);
    let mut middles = HashMap::new();
    for (number, row) in (0_u32..).zip(&rows) {
        let top = RULER + f64::from(number) * ROW;
        middles.insert(row.core.number(), top + ROW / 2.0);
        let colour = |doing| match doing {
            Doing::Boot => Some(BOOT),
            Doing::Unknown => Some(LOST),
            Doing::Interrupt(_) => Some(INTERRUPTS),
            Doing::Poll(task) => Some(*colour_of(name_of(task)).unwrap_or(&OTHERS)),
            Doing::Executor | Doing::Idle => None,
        };
        draw_row(&mut svg, row, top, extent, colour);
    }
    for letter in letters.joined() {
        let is_seen = letter.read > extent.from && letter.written < extent.to;
        if let (true, Some(from), Some(to)) = (is_seen, middles.get(&letter.from), middles.get(&letter.to)) {
            let line = [(letter.written, *from), (letter.read, *to)];
            svg.line(&line.map(|(time, _)| extent.on_line(time, line)), LETTERS, 1.0);
            if letter.read <= extent.to {
                svg.dot(extent.x(letter.read), *to, LETTERS);
            }
        }
    }
    legend(&mut svg, &names, rows.iter().flat_map(|row| &row.slices), height);
    svg.finish()
}

/// Names of tasks, those first that ran longest in the extent.
fn by_time<'a>(
    slices: impl Iterator<Item = &'a (Doing, u64, u64)>,
    extent: Extent,
    name_of: impl Fn(TaskId) -> &'a str,
) -> Vec<String> {
    let mut times: HashMap<&str, u64> = HashMap::new();
    for (doing, from, to) in slices {
        if let Doing::Poll(task) = doing {
            *times.entry(name_of(*task)).or_default() += *to.min(&extent.to) - *from.max(&extent.from);
        }
    }
    let mut names: Vec<_> = times.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    names.into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn draw_row<'c>(
    svg: &mut Svg,
    row: &Row,
    top: f64,
    extent: Extent,
    colour: impl Fn(Doing) -> Option<&'c str>,
) {
    let label = format!("core {:02}", row.core.number());
    svg.text(GUTTER - 8.0, top + ROW / 2.0 + 4.0, 11.0, Anchor::End, DIM, &label);
    svg.rectangle(GUTTER, top + 1.0, (SPAN, ROW - 2.0), GROUND, None);
    let mut drawn = (f64::MIN, "");
    for (doing, from, to) in &row.slices {
        let Some(colour) = colour(*doing) else { continue };
        let (left, right) = (extent.x(*from), extent.x(*to));
        if right < drawn.0 + LEAST && colour == drawn.1 {
            continue;
        }
        let part = if matches!(doing, Doing::Interrupt(_)) { INTERRUPT } else { 1.0 };
        let size = ((right - left).max(LEAST), (ROW - 2.0) * part);
        svg.rectangle(left, top + 1.0, size, colour, None);
        drawn = (left + size.0, colour);
    }
}

/// Times along the upper edge.
fn ruler(svg: &mut Svg, extent: Extent, height: f64) {
    let step = step_of((extent.to - extent.from).max(1));
    let mut time = extent.from.next_multiple_of(step);
    while time <= extent.to {
        let x = extent.x(time);
        svg.line(&[(x, RULER - 6.0), (x, height)], "#d5dbe5", 1.0);
        let anchor = if x > WIDTH - GUTTER / 2.0 { Anchor::End } else { Anchor::Middle };
        svg.text(x, RULER - 10.0, 11.0, anchor, DIM, &milliseconds(time));
        time += step;
    }
}

/// Distance of ticks in picoseconds: 1, 2 or 5 times a power of ten.
fn step_of(span: u64) -> u64 {
    let mut power = 1;
    loop {
        if let Some(step) = [1, 2, 5].map(|n| n * power).into_iter().find(|step| span / step < MOST_TICKS) {
            return step;
        }
        power *= 10;
    }
}

/// A time with as many digits as it needs.
fn milliseconds(picoseconds: u64) -> String {
    let (whole, rest) = (picoseconds / 1_000_000_000, picoseconds % 1_000_000_000);
    let digits = format!("{rest:09}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{whole} ms") } else { format!("{whole}.{digits} ms") }
}

/// Names of what is drawn, and of nothing else.
fn legend<'a>(
    svg: &mut Svg,
    names: &[String],
    slices: impl Iterator<Item = &'a (Doing, u64, u64)>,
    height: f64,
) {
    let known = names.iter().map(String::as_str).zip(TASKS);
    let (mut interrupts, mut boot, mut lost) = (false, false, false);
    for (doing, ..) in slices {
        interrupts |= matches!(doing, Doing::Interrupt(_));
        boot |= matches!(doing, Doing::Boot);
        lost |= matches!(doing, Doing::Unknown);
    }
    let others = names.len() > TASKS.len();
    let rest = [
        (others, "other tasks", OTHERS),
        (interrupts, "interrupt", INTERRUPTS),
        (boot, "booting", BOOT),
        (lost, "records lost", LOST),
        (true, "idle, executor", GROUND),
    ];
    let rest = rest.into_iter().filter(|(is_drawn, ..)| *is_drawn).map(|(_, name, colour)| (name, colour));
    let mut x = GUTTER;
    for (name, colour) in known.chain(rest) {
        svg.rectangle(x, height + 12.0, (11.0, 11.0), colour, None);
        svg.text(x + 16.0, height + 21.5, 11.0, Anchor::Start, INK, name);
        let letters = u32::try_from(name.chars().count()).unwrap_or(u32::MAX);
        x += 16.0 + f64::from(letters) * 6.2 + 16.0;
    }
    svg.line(&[(x, height + 17.5), (x + 20.0, height + 17.5)], LETTERS, 1.0);
    svg.dot(x + 20.0, height + 17.5, LETTERS);
    svg.text(x + 28.0, height + 21.5, 11.0, Anchor::Start, INK, "letter");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_that_leaves_the_extent_ends_at_its_edge_and_half_way_down() {
        let extent = Extent { from: 100, to: 200 };
        let line = [(150, 10.0), (250, 30.0)];
        assert_eq!(extent.on_line(150, line), (extent.x(150), 10.0));
        assert_eq!(extent.on_line(250, line), (GUTTER + SPAN, 20.0));
        assert_eq!(extent.on_line(50, [(50, 10.0), (150, 30.0)]), (GUTTER, 20.0));
    }

    #[test]
    fn ticks_are_round_numbers_and_few() {
        for (span, step) in [(11, 1), (12, 2), (100, 10), (400_000_000, 50_000_000)] {
            assert_eq!(step_of(span), step, "{span}");
        }
        assert_eq!([70_000_000_000, 70_050_000_000].map(milliseconds), ["70 ms", "70.05 ms"]);
    }
}
