//! Draws the screen.
//!
//! ```text
//! live  48 cores: 48 up, 48 ok, 0 bad  1034.112 ms emulated in 5.1 s  12.0 MIPS
//! (0,3)        (1,3)        ...          six tiles of 13 columns in four rows of 3 lines, y upwards
//! 36 idle 0.2% 38 idle 0.2%
//! 37 idle 0.2% 39 PANIC
//! ...
//! core 00 console ─────────────────────────────────────────────────────────────
//! the newest lines
//! arrows select  Tab pane  p pause  ? help  q quit
//! ```
//!
//! A wide terminal has wider tiles, with counts of interrupts; a high one shows tasks and counts besides another pane.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use scc::id::{COLUMNS, CoreId, ROWS, TileCoord};
use scc_boot::{CoreState, Pace, Session};

use super::panes;
use super::rates::Rates;
use super::state::{Pane, ScreenState};

/// Columns of a tile in the picture, at least and at most.
const TILE_WIDTH: u16 = 13;
const WIDE_TILE: u16 = 26;
/// Lines of a tile.
const TILE_HEIGHT: u16 = 3;
/// Lines of header, mesh, footer, and a pane of one line with its title.
const LEAST_HEIGHT: u16 = 16;
/// Lines of a pane from which on tasks and counts are shown above it.
const TWO_PANES: u16 = 24;
/// Lines of tasks and counts above another pane.
const UPPER_PANE: u16 = 12;

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, screen: &ScreenState, session: &Session, rates: &Rates) {
    let (width, height) = (frame.area().width, frame.area().height);
    let least_width = u16::from(COLUMNS) * TILE_WIDTH;
    if width < least_width || height < LEAST_HEIGHT {
        let text = format!(
            "The mesh needs {least_width} columns and {LEAST_HEIGHT} lines; this terminal has {width} and {height}. \
             q quits; --plain does without a screen."
        );
        let wrapped = Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true });
        frame.render_widget(wrapped, frame.area());
        return;
    }
    let [header, mesh, pane, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(u16::from(ROWS) * TILE_HEIGHT),
        Constraint::Min(2),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(header_line(screen, session)), header);
    draw_mesh(frame, mesh, screen, session, rates);
    if pane.height >= TWO_PANES && screen.pane != Pane::Live {
        let parts = [Constraint::Length(UPPER_PANE), Constraint::Min(2)];
        let [upper, lower] = Layout::vertical(parts).areas(pane);
        panes::draw(frame, upper, Pane::Live, screen, session, rates);
        panes::draw(frame, lower, screen.pane, screen, session, rates);
    } else {
        panes::draw(frame, pane, screen.pane, screen, session, rates);
    }
    frame.render_widget(Paragraph::new(footer_line(screen)), footer);
    if screen.crashes_are_shown {
        panes::draw_crashes(frame, screen.selected);
    } else if screen.help_is_shown {
        panes::draw_help(frame);
    }
}

fn footer_line(screen: &ScreenState) -> Line<'_> {
    let keys = "arrows, 0-9 core  Tab pane  s stop  r restart  x crash  p pause  ? help  q quit";
    match screen.note.as_str() {
        "" => Line::styled(keys, Style::new().add_modifier(Modifier::DIM)),
        note => Line::raw(note),
    }
}

fn header_line(screen: &ScreenState, session: &Session) -> Line<'static> {
    let cores = session.observer.cores();
    let count =
        |wanted: fn(CoreState) -> bool| cores.iter().filter(|core| wanted(session.state(*core))).count();
    let up = count(|state| matches!(state, CoreState::Up | CoreState::Idle | CoreState::Passed));
    let (passed, bad) = (count(|state| state == CoreState::Passed), count(CoreState::is_bad));
    let microseconds = session.machine.time().as_picoseconds() / 1_000_000;
    let text = format!(
        "  {} cores: {up} up, {passed} ok, {bad} bad  {}.{:03} ms emulated in {:.1} s  {:.1} MIPS",
        cores.count(),
        microseconds / 1000,
        microseconds % 1000,
        session.observer.host_time().as_secs_f64(),
        screen.mips,
    );
    Line::from(vec![
        Span::styled(screen.pace_word(), Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(text),
    ])
}

fn draw_mesh(frame: &mut Frame<'_>, area: Rect, screen: &ScreenState, session: &Session, rates: &Rates) {
    let width = (area.width / u16::from(COLUMNS)).clamp(TILE_WIDTH, WIDE_TILE);
    for row in 0..ROWS {
        for x in 0..COLUMNS {
            let y = ROWS - 1 - row;
            let Some(coord) = TileCoord::new(x, y) else { continue };
            let place = Rect {
                x: area.x + u16::from(x) * width,
                y: area.y + u16::from(row) * TILE_HEIGHT,
                width,
                height: TILE_HEIGHT,
            };
            let mut lines = vec![Line::styled(coord.to_string(), Style::new().add_modifier(Modifier::DIM))];
            lines.extend(coord.tile().cores().map(|core| core_line(core, width, screen, session, rates)));
            frame.render_widget(Paragraph::new(lines), place.intersection(area));
        }
    }
}

/// Number, state or how it executes, share of time out of idle; in wide tiles interrupts.
fn core_line(
    core: CoreId,
    width: u16,
    screen: &ScreenState,
    session: &Session,
    rates: &Rates,
) -> Line<'static> {
    let state = session.state(core);
    let mut style = Style::new().fg(colour(state));
    let mut text = format!("{:02} {}", core.number(), state.word());
    if !session.observer.cores().contains(core) {
        style = Style::new().add_modifier(Modifier::DIM);
        text = format!("{:02} -", core.number());
    } else if let Some(pace) = live_word(state, session.pace(core)) {
        let share = rates.share(core).map_or_else(String::new, panes::percent);
        text = format!("{:02} {pace:<4}{share:>5}", core.number());
        if width >= WIDE_TILE {
            let interrupts = session.observer.watch.progress(core).vitals.all_interrupts();
            text.push_str(&format!("{interrupts:>8} irq"));
        }
    }
    if core == screen.selected {
        style = style.add_modifier(Modifier::REVERSED);
    }
    Line::styled(format!("{text:<12}"), style)
}

/// How a core executes, if that says more than its state: while it is up and nothing is wrong.
fn live_word(state: CoreState, pace: Pace) -> Option<&'static str> {
    match (state, pace) {
        (CoreState::Up | CoreState::Idle | CoreState::Passed, Pace::Running) => Some("run"),
        (CoreState::Up | CoreState::Idle | CoreState::Passed, Pace::Idle) => Some("idle"),
        _ => None,
    }
}

fn colour(state: CoreState) -> Color {
    match state {
        CoreState::Held => Color::DarkGray,
        CoreState::Booting(_) => Color::Yellow,
        CoreState::Up | CoreState::Idle => Color::Cyan,
        CoreState::Passed => Color::Green,
        CoreState::Failed
        | CoreState::Panicked
        | CoreState::Stopped
        | CoreState::ShutDown
        | CoreState::Hung => Color::Red,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use scc_boot::{ConsoleLine, Goal, News, Observer, Watch};
    use scc_emu::Machine;
    use scc_emu::loader::SymbolTable;

    use super::*;
    use crate::screen::keys::Action;

    fn picture(width: u16, height: u16, change: impl Fn(&mut ScreenState)) -> Vec<String> {
        let cores = "0-3".parse().unwrap();
        let observer = Observer::new(Watch::new(None), cores, Goal::SelfTests, SymbolTable::default());
        let session = Session::new(Machine::builder().build(), observer);
        let mut screen = ScreenState::new(session.observer.cores());
        change(&mut screen);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let rates = Rates::new();
        terminal.draw(|frame| draw(frame, &screen, &session, &rates)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn mesh_is_drawn_with_the_origin_at_the_bottom_left() {
        let lines = picture(80, 24, |_| {});
        assert!(
            lines[0].starts_with("booting  4 cores: 0 up, 0 ok, 0 bad  0.000 ms emulated"),
            "{}",
            lines[0]
        );
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>(),
            ["(0,3)", "(1,3)", "(2,3)", "(3,3)", "(4,3)", "(5,3)"]
        );
        assert_eq!(lines[11].split_whitespace().take(4).collect::<Vec<_>>(), ["00", "reset", "02", "reset"]);
        assert_eq!(
            lines[12].split_whitespace().skip(4).collect::<Vec<_>>(),
            ["05", "-", "07", "-", "09", "-", "11", "-"]
        );
        assert!(
            lines[13].starts_with("─ core 00 reset: console") || lines[13].contains("core 00 reset: console")
        );
        assert!(lines[23].contains("q quit"));
    }

    #[test]
    fn console_of_the_selected_core_is_shown() {
        let lines = picture(80, 24, |screen| {
            let core = CoreId::new(2).unwrap();
            let text = "[2 0.000123] info kernel: up".to_owned();
            screen.take(News { lines: vec![ConsoleLine { core, text }], phases: Vec::new() });
            let _first_digit = screen.apply(Action::Digit(0));
            let _second_digit = screen.apply(Action::Digit(2));
        });
        assert!(lines[13].contains("core 02"));
        assert_eq!(lines[14], "[2 0.000123] info kernel: up");
    }

    #[test]
    fn help_and_crashes_are_listed() {
        let help = picture(80, 24, |screen| assert_eq!(screen.apply(Action::Help), None));
        assert!(help.iter().any(|line| line.contains("PgUp PgDn  scroll the console")));
        let crashes = picture(80, 24, |screen| assert_eq!(screen.apply(Action::Crash), None));
        assert!(crashes.iter().any(|line| line.contains("8  panic")), "{crashes:?}");
    }

    #[test]
    fn tasks_have_a_pane_and_a_place_of_their_own_on_high_terminals() {
        let small = picture(80, 24, |screen| assert_eq!(screen.apply(Action::Pane), None));
        assert!(small.iter().any(|line| line.contains("core 00 reset: tasks and counts")), "{small:?}");
        let high = picture(160, 50, |_| {});
        let titles: Vec<_> = high.iter().filter(|line| line.contains("core 00 reset: ")).collect();
        assert_eq!(titles.len(), 2, "{high:?}");
    }

    #[test]
    fn terminal_that_is_too_small_says_so() {
        let lines = picture(60, 20, |_| {}).join(" ");
        assert!(lines.contains("needs 78 columns and 16 lines; this terminal has 60 and 20."), "{lines}");
        for (width, height) in [(10, 3), (1, 1), (78, 16), (200, 60)] {
            let lines = picture(width, height, |screen| assert_eq!(screen.apply(Action::Help), None));
            assert_eq!(lines.len(), usize::from(height));
        }
    }
}
