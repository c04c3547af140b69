//! Draws the screen.
//!
//! ```text
//! 48 cores: 40 ok, 8 up        1.234 ms emulated   2.5 s   85.1 MIPS   booting
//! (0,3)        (1,3)        ...          six tiles of 13 columns in four rows of 3 lines, y upwards
//!  36 ok        38 up
//!  37 ok        39 heap
//! ...
//! core 00 console ─────────────────────────────────────────────────────────────
//! the newest lines
//! arrows select  Tab pane  p pause  ? help  q quit
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph};
use scc::id::{COLUMNS, CoreId, ROWS, TileCoord};
use scc::timing::Time;
use scc_boot::{CoreState, Session};
use trace_format::record::TestOutcome;

use super::keys::HELP;
use super::state::{Pane, ScreenState};

/// Columns of a tile in the picture.
const TILE_WIDTH: u16 = 13;
/// Lines of a tile.
const TILE_HEIGHT: u16 = 3;

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, screen: &ScreenState, session: &Session) {
    let mesh_height = u16::from(ROWS) * TILE_HEIGHT;
    let [header, mesh, pane, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(mesh_height),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(header_line(screen, session)), header);
    draw_mesh(frame, mesh, screen, session);
    draw_pane(frame, pane, screen, session);
    let keys = "arrows, 0-9 core   Tab pane   p pause   ? help   q quit";
    frame.render_widget(Paragraph::new(keys).style(Style::new().add_modifier(Modifier::DIM)), footer);
    if screen.help_is_shown {
        draw_help(frame);
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
        "{} cores: {up} up, {passed} ok, {bad} bad   {}.{:03} ms emulated   {:.1} s   {:.1} MIPS   ",
        cores.count(),
        microseconds / 1000,
        microseconds % 1000,
        session.observer.host_time().as_secs_f64(),
        screen.mips,
    );
    Line::from(vec![
        Span::raw(text),
        Span::styled(screen.pace_word(), Style::new().add_modifier(Modifier::BOLD)),
    ])
}

fn draw_mesh(frame: &mut Frame<'_>, area: Rect, screen: &ScreenState, session: &Session) {
    for row in 0..ROWS {
        for x in 0..COLUMNS {
            let y = ROWS - 1 - row;
            let Some(coord) = TileCoord::new(x, y) else { continue };
            let place = Rect {
                x: area.x + u16::from(x) * TILE_WIDTH,
                y: area.y + u16::from(row) * TILE_HEIGHT,
                width: TILE_WIDTH,
                height: TILE_HEIGHT,
            };
            let mut lines = vec![Line::styled(coord.to_string(), Style::new().add_modifier(Modifier::DIM))];
            lines.extend(coord.tile().cores().map(|core| core_line(core, screen, session)));
            frame.render_widget(Paragraph::new(lines), place.intersection(area));
        }
    }
}

fn core_line(core: CoreId, screen: &ScreenState, session: &Session) -> Line<'static> {
    let state = session.state(core);
    let taking_part = session.observer.cores().contains(core);
    let word = if taking_part { state.word() } else { "-" };
    let mut style = Style::new().fg(colour(state));
    if !taking_part {
        style = Style::new().add_modifier(Modifier::DIM);
    }
    if core == screen.selected {
        style = style.add_modifier(Modifier::REVERSED);
    }
    Line::styled(format!("{:02} {word:<9}", core.number()), style)
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

fn draw_pane(frame: &mut Frame<'_>, area: Rect, screen: &ScreenState, session: &Session) {
    let core = screen.selected;
    let what = match screen.pane {
        Pane::Console if screen.scrolled > 0 => "console, scrolled back",
        Pane::Console => "console",
        Pane::Phases => "boot phases and tests",
    };
    let title = format!(" core {:02} {}: {what} ", core.number(), session.state(core).word());
    let block = Block::new().borders(Borders::TOP).title(title);
    let height = usize::from(block.inner(area).height);
    let lines: Vec<Line<'_>> = match screen.pane {
        Pane::Console => screen.visible_lines(height).into_iter().map(Line::raw).collect(),
        Pane::Phases => phase_lines(core, session).into_iter().map(Line::raw).collect(),
    };
    frame.render_widget(Paragraph::new(lines).block(block), area);
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

fn draw_help(frame: &mut Frame<'_>) {
    let lines: Vec<_> = HELP.iter().map(|(key, what)| Line::raw(format!(" {key:<10} {what}"))).collect();
    let area = frame.area();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let width = 52.min(area.width);
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" keys ")), place);
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
        terminal.draw(|frame| draw(frame, &screen, &session)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn mesh_is_drawn_with_the_origin_at_the_bottom_left() {
        let lines = picture(80, 24, |_| {});
        assert!(lines[0].starts_with("4 cores: 0 up, 0 ok, 0 bad   0.000 ms emulated"), "{}", lines[0]);
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
            screen.apply(Action::Digit(0));
            screen.apply(Action::Digit(2));
        });
        assert!(lines[13].contains("core 02"));
        assert_eq!(lines[14], "[2 0.000123] info kernel: up");
    }

    #[test]
    fn help_lists_the_keys_and_small_terminals_are_survived() {
        let lines = picture(80, 24, |screen| screen.apply(Action::Help));
        assert!(lines.iter().any(|line| line.contains("PgUp PgDn  scroll the console")));
        for (width, height) in [(10, 3), (1, 1), (200, 60)] {
            let lines = picture(width, height, |screen| screen.apply(Action::Help));
            assert_eq!(lines.len(), usize::from(height));
        }
    }
}
