//! The lower part of the screen: one core's console, its tasks and counts, or its boot; and what lies over it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph};
use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::{Pace, Session, TaskVitals, Vitals};
use trace_format::record::TestOutcome;

use super::keys::HELP;
use super::rates::Rates;
use super::state::{CRASHES, Pane, ScreenState};

/// Draws a pane about the selected core.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    pane: Pane,
    screen: &ScreenState,
    session: &Session,
    rates: &Rates,
) {
    let core = screen.selected;
    let what = match pane {
        Pane::Console if screen.scrolled > 0 => "console, scrolled back",
        Pane::Console => "console",
        Pane::Live => "tasks and counts",
        Pane::Phases => "boot phases and tests",
    };
    let title = format!(" core {:02} {}: {what} ", core.number(), session.state(core).word());
    let block = Block::new().borders(Borders::TOP).title(title);
    let inner = block.inner(area);
    let (height, width) = (usize::from(inner.height), usize::from(inner.width));
    let lines: Vec<Line<'_>> = match pane {
        Pane::Console => screen.visible_lines(height, width).into_iter().map(Line::raw).collect(),
        Pane::Live => live_lines(core, session, rates).into_iter().map(Line::raw).collect(),
        Pane::Phases => phase_lines(core, session).into_iter().map(Line::raw).collect(),
    };
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// A share as a percentage of at most five characters.
pub(super) fn percent(share: f64) -> String {
    if share < 0.0995 { format!("{:.1}%", share * 100.0) } else { format!("{:.0}%", share * 100.0) }
}

/// What the core does, its counts, and a line for each task.
fn live_lines(core: CoreId, session: &Session, rates: &Rates) -> Vec<String> {
    let progress = session.observer.watch.progress(core);
    let Vitals { tasks, interrupts, mail_sent, mail_received, .. } = &progress.vitals;
    let pace = match session.pace(core) {
        Pace::Reset => "in reset",
        Pace::Running => "running",
        Pace::Idle => "idle",
        Pace::Halted => "halted for good",
    };
    let share = rates.share(core).map_or_else(|| "-".to_owned(), percent);
    let boots = progress.boots;
    let vectors: Vec<_> = interrupts.iter().map(|(vector, count)| format!("{count} x {vector:#x}")).collect();
    let mut lines = vec![
        format!("{pace}, busy {share}, mail {mail_sent} sent {mail_received} taken, boots {boots}"),
        format!("interrupts {}: {}", progress.vitals.all_interrupts(), vectors.join(", ")),
    ];
    let lost = session.observer.watch.lost(core);
    if lost > 0 {
        lines.push(format!("{lost} trace records were lost; what they told is missing here"));
    }
    lines.push(format!("{:<16} {:<8} {:>9} {:>12} {:>8}", "task", "state", "polls", "cycles", "a poll"));
    for (number, task) in tasks {
        let TaskVitals { name, polls, cycles, is_ready, .. } = task;
        let name = name.clone().unwrap_or_else(|| format!("number {number}"));
        let state = if *is_ready { "ready" } else { "waiting" };
        let mean = cycles.checked_div(*polls).unwrap_or_default();
        lines.push(format!("{name:<16} {state:<8} {polls:>9} {cycles:>12} {mean:>8}"));
    }
    lines
}

/// Phases and tests in three columns.
fn phase_lines(core: CoreId, session: &Session) -> Vec<String> {
    let progress = session.observer.watch.progress(core);
    let period = session.machine.fabric().tile_period(core.tile());
    let phases = progress.phases.iter().map(|(phase, cycles)| {
        let microseconds = Time::from_cycles(*cycles, period).as_picoseconds() / 1_000_000;
        format!("{phase:<12}{microseconds:>9} us")
    });
    let tests = progress.tests.iter().map(|test| {
        let word = match test.outcome {
            TestOutcome::Passed => "ok",
            TestOutcome::Failed => "FAILED",
            TestOutcome::Skipped => "skipped",
        };
        format!("{:<15}{word:>9}", test.name)
    });
    let entries: Vec<_> = phases.chain(tests).collect();
    entries
        .chunks(3)
        .map(|row| row.iter().map(|entry| format!("{entry:<26}")).collect::<String>().trim_end().to_owned())
        .collect()
}

/// Draws the keys over the rest.
pub(super) fn draw_help(frame: &mut Frame<'_>) {
    let lines = HELP.iter().map(|(key, what)| format!(" {key:<10} {what}")).collect();
    draw_over(frame, " keys ", lines);
}

/// Draws what the selected core can be told to die of over the rest.
pub(super) fn draw_crashes(frame: &mut Frame<'_>, core: CoreId) {
    let mut lines: Vec<_> =
        CRASHES.iter().zip(1..).map(|(kind, digit)| format!(" {digit}  {kind}")).collect();
    lines.push(" any other key: none".to_owned());
    draw_over(frame, &format!(" core {core} starts again, then "), lines);
}

fn draw_over(frame: &mut Frame<'_>, title: &str, lines: Vec<String>) {
    let area = frame.area();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let width = 64.min(area.width);
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    let lines: Vec<_> = lines.into_iter().map(Line::raw).collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(title)), place);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_a_digit_behind_the_point_while_they_are_small() {
        assert_eq!([0.0, 0.0123, 0.0996, 1.0].map(percent), ["0.0%", "1.2%", "10%", "100%"]);
    }
}
