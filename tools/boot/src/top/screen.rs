//! The live table on a terminal: cores above, tasks below, and keys.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::sample::Sample;
use super::table::{self, Order, WIDTH};

/// Lines that are needed: heading, keys, and a few of each table.
const HEIGHT: u16 = 12;
/// Lines that a key of pages scrolls by.
const PAGE: usize = 10;

/// What the screen shows besides the samples.
#[derive(Debug, Clone, Default)]
pub(super) struct Screen {
    pub(super) order: Order,
    pub(super) is_paused: bool,
    /// Lines of tasks above the first one that is shown.
    scrolled: usize,
}

/// What becomes of the session after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It goes on.
    On,
    /// The user has seen enough.
    Quit,
}

impl Screen {
    /// Does what a key stands for.
    pub(super) fn press(&mut self, key: &KeyEvent) -> Next {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control => return Next::Quit,
            KeyCode::Char('q') | KeyCode::Esc => return Next::Quit,
            KeyCode::Char('s') => self.order = self.order.next(),
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Up => self.scrolled = self.scrolled.saturating_sub(1),
            KeyCode::Down => self.scrolled += 1,
            KeyCode::PageUp => self.scrolled = self.scrolled.saturating_sub(PAGE),
            KeyCode::PageDown => self.scrolled += PAGE,
            _ => {}
        }
        Next::On
    }

    /// Draws a sample.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, sample: &Sample) {
        let area = frame.area();
        if area.width < WIDTH || area.height < HEIGHT {
            let text = format!(
                "The table needs {WIDTH} columns and {HEIGHT} lines; this terminal has {} and {}. q quits; --plain \
                 prints it once.",
                area.width, area.height
            );
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
            return;
        }
        let [heading, cores, tasks, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(2),
            Constraint::Fill(3),
            Constraint::Length(1),
        ])
        .areas(area);
        frame.render_widget(Paragraph::new(table::heading(sample)), heading);
        let dim = Style::new().add_modifier(Modifier::DIM);
        let below = |area: Rect| usize::from(area.height.saturating_sub(1));
        let lines = table::cores(sample, self.order);
        render(frame, cores, table::CORES, lines.into_iter().take(below(cores)));
        let lines = table::tasks(sample, self.order);
        self.scrolled = self.scrolled.min(lines.len().saturating_sub(below(tasks)));
        render(frame, tasks, table::TASKS, lines.into_iter().skip(self.scrolled).take(below(tasks)));
        let pace = if self.is_paused { "paused" } else { "live" };
        let text =
            format!("{pace}  s sorted by {}  arrows, PgUp, PgDn tasks  p pause  q quit", self.order.name());
        frame.render_widget(Paragraph::new(Line::styled(text, dim)), keys);
    }
}

fn render(frame: &mut Frame<'_>, area: Rect, heading: &'static str, lines: impl Iterator<Item = String>) {
    let heading = Line::styled(heading, Style::new().add_modifier(Modifier::REVERSED));
    let lines: Vec<_> = std::iter::once(heading).chain(lines.map(Line::raw)).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn picture(width: u16, height: u16, keys: &[KeyCode]) -> Vec<String> {
        let mut screen = Screen::default();
        for key in keys {
            assert_eq!(screen.press(&KeyEvent::from(*key)), Next::On);
        }
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| screen.draw(frame, &table::example())).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn cores_stand_above_tasks_both_sorted() {
        let lines = picture(100, 14, &[]);
        let beginning = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        assert_eq!([1, 2, 3].map(|at: usize| beginning(&lines[at])), ["core state", "1 up", "0 up"]);
        assert!(lines.iter().any(|line| line.starts_with("core task")), "{lines:?}");
        let tasks = |lines: &[String]| {
            let at = lines.iter().position(|line| line.starts_with("core task")).unwrap();
            lines[at + 1..at + 4].iter().map(|line| beginning(line)).collect::<Vec<_>>()
        };
        assert_eq!(tasks(&lines), ["1 mail", "0 mail", "0 calls"]);
        assert_eq!(tasks(&picture(100, 14, &[KeyCode::Char('s')])), ["0 mail", "1 mail", "0 calls"]);
        // All tasks are seen: there is nothing to scroll to.
        assert_eq!(tasks(&picture(100, 14, &[KeyCode::PageDown])), ["1 mail", "0 mail", "0 calls"]);
        assert!(picture(100, 14, &[KeyCode::Char('p')])[13].starts_with("paused  s sorted by share"));
    }

    #[test]
    fn terminal_that_is_too_small_says_so() {
        let text = picture(60, 10, &[]).join(" ");
        assert!(text.contains("needs 78 columns and 12 lines; this terminal has 60 and 10."), "{text}");
        for (width, height) in [(1, 1), (78, 12), (200, 60)] {
            assert_eq!(picture(width, height, &[]).len(), usize::from(height));
        }
    }

    #[test]
    fn user_quits_by_key() {
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for key in [control_c, KeyEvent::from(KeyCode::Esc), KeyEvent::from(KeyCode::Char('q'))] {
            assert_eq!(Screen::default().press(&key), Next::Quit);
        }
    }
}
