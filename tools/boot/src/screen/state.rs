//! What the screen shows besides the machine: selection, console lines, pause.

use std::collections::VecDeque;
use std::time::Instant;

use scc::id::{CoreId, TileCoord};
use scc_boot::{News, Outcome, Session};
use scc_image::CoreList;

use super::keys::{Action, Direction};

/// Console lines kept of each core.
const KEPT_LINES: usize = 1000;
/// Lines by which the console scrolls.
const SCROLL: usize = 5;

/// What the lower part of the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    /// The selected core's console.
    Console,
    /// The selected core's boot phases and tests.
    Phases,
}

/// Whether the machine can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    /// Some core runs or waits for something that will come.
    Alive,
    /// No core can run any more.
    Stopped,
}

/// Whether the machine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pace {
    Running,
    /// Stopped by the user.
    Paused,
    /// The machine cannot or shall not go on.
    Over,
}

/// What the screen shows besides the machine.
#[derive(Debug, Clone)]
pub(crate) struct ScreenState {
    pub(crate) selected: CoreId,
    pub(crate) pane: Pane,
    pub(crate) help_is_shown: bool,
    /// Lines between the end of the console and the last one shown.
    pub(crate) scrolled: usize,
    pub(crate) mips: f64,
    lines: Vec<VecDeque<String>>,
    pace: Pace,
    outcome: Option<Outcome>,
    /// First digit of a core's number.
    digit: Option<u8>,
    last_frame: Option<Instant>,
}

impl ScreenState {
    /// A screen on which the first of `cores` is selected.
    pub(crate) fn new(cores: &CoreList) -> Self {
        Self {
            selected: cores.first(),
            pane: Pane::Console,
            help_is_shown: false,
            scrolled: 0,
            mips: 0.0,
            lines: vec![VecDeque::new(); CoreId::COUNT],
            pace: Pace::Running,
            outcome: None,
            digit: None,
            last_frame: None,
        }
    }

    /// Whether the machine shall run on.
    pub(crate) fn is_running(&self) -> bool {
        self.pace == Pace::Running
    }

    /// One word about the pace, and what is known about the end.
    pub(crate) fn pace_word(&self) -> &'static str {
        match (&self.pace, &self.outcome) {
            (Pace::Paused, _) => "PAUSED",
            (_, None) => "booting",
            (_, Some(Outcome::AllReported)) => "all reported",
            (_, Some(Outcome::Finding(_))) => "FINDING",
            (_, Some(_)) => "stopped",
        }
    }

    /// Why the run is over, or would be without a user.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Keeps the new lines.
    pub(crate) fn take(&mut self, news: News) {
        for line in news.lines {
            let lines = &mut self.lines[line.core.index()];
            if lines.len() == KEPT_LINES {
                lines.pop_front();
            }
            lines.push_back(line.text);
        }
    }

    /// Notes that the run would be over without a user. A machine that can go on does, if nothing was found.
    pub(crate) fn end(&mut self, outcome: Outcome, machine: Machine) {
        if machine == Machine::Stopped || outcome != Outcome::AllReported {
            self.pace = Pace::Over;
        }
        if self.outcome.is_none() || outcome != Outcome::AllReported {
            self.outcome = Some(outcome);
        }
    }

    /// Takes the time since the last picture off the host time of the session.
    pub(crate) fn note_pause(&mut self, session: &mut Session, now: Instant) {
        if let Some(last) = self.last_frame.replace(now) {
            session.observer.add_pause(now - last);
        }
    }

    /// Instructions per microsecond, as measured last.
    pub(crate) fn set_mips(&mut self, mips: f64) {
        self.mips = mips;
    }

    /// The newest lines of the selected core that fit `height`, less those scrolled away.
    pub(crate) fn visible_lines(&self, height: usize) -> Vec<&str> {
        let lines = &self.lines[self.selected.index()];
        let end = lines.len().saturating_sub(self.scrolled);
        lines.range(end.saturating_sub(height)..end).map(String::as_str).collect()
    }

    /// Does what a key stands for; quitting is the caller's.
    pub(crate) fn apply(&mut self, action: Action) {
        let first_digit = self.digit.take();
        match action {
            Action::Quit => {}
            Action::Pause => self.toggle_pause(),
            Action::Help => self.help_is_shown = !self.help_is_shown,
            Action::Pane => {
                self.pane = match self.pane {
                    Pane::Console => Pane::Phases,
                    Pane::Phases => Pane::Console,
                }
            }
            Action::Move(direction) => self.select(neighbour(self.selected, direction)),
            Action::Next => {
                let next = CoreId::all().find(|core| *core > self.selected);
                self.select(next.or_else(|| CoreId::new(0)).expect("core 0 exists"));
            }
            Action::Digit(digit) => match first_digit {
                Some(first) => {
                    if let Some(core) = CoreId::new(first * 10 + digit) {
                        self.select(core);
                    }
                }
                None => self.digit = Some(digit),
            },
            Action::ScrollUp => {
                let most = self.lines[self.selected.index()].len().saturating_sub(1);
                self.scrolled = (self.scrolled + SCROLL).min(most);
            }
            Action::ScrollDown => self.scrolled = self.scrolled.saturating_sub(SCROLL),
        }
    }

    fn toggle_pause(&mut self) {
        self.last_frame = None;
        self.pace = match self.pace {
            Pace::Running => Pace::Paused,
            Pace::Paused => Pace::Running,
            Pace::Over => Pace::Over,
        };
    }

    fn select(&mut self, core: CoreId) {
        self.selected = core;
        self.scrolled = 0;
    }
}

/// The core next to another one in the picture: the two cores of a tile stand above each other, core 0 on top.
fn neighbour(core: CoreId, direction: Direction) -> CoreId {
    let coord = core.tile().coord();
    let (x, y, z) = (coord.x(), coord.y(), core.slot());
    let place = match (direction, z) {
        (Direction::Left, _) => x.checked_sub(1).map(|x| (x, y, z)),
        (Direction::Right, _) => Some((x + 1, y, z)),
        (Direction::Up, 1) => Some((x, y, 0)),
        (Direction::Up, _) => Some((x, y + 1, 1)),
        (Direction::Down, 0) => Some((x, y, 1)),
        (Direction::Down, _) => y.checked_sub(1).map(|y| (x, y, 0)),
    };
    let found = place.and_then(|(x, y, z)| CoreId::from_tile(TileCoord::new(x, y)?.tile(), z));
    found.unwrap_or(core)
}

#[cfg(test)]
mod tests {
    use scc_boot::ConsoleLine;

    use super::*;

    fn screen() -> ScreenState {
        ScreenState::new(&CoreList::all())
    }

    #[test]
    fn arrows_walk_over_the_mesh_and_stop_at_its_edges() {
        let mut screen = screen();
        let mut walk = |direction| {
            screen.apply(Action::Move(direction));
            screen.selected.number()
        };
        assert_eq!(walk(Direction::Left), 0);
        assert_eq!(walk(Direction::Right), 2);
        assert_eq!(walk(Direction::Up), 15);
        assert_eq!(walk(Direction::Up), 14);
        assert_eq!(walk(Direction::Down), 15);
        assert_eq!(walk(Direction::Down), 2);
        assert_eq!(walk(Direction::Down), 3);
        assert_eq!(walk(Direction::Down), 3);
    }

    #[test]
    fn two_digits_select_a_core_and_impossible_ones_do_not() {
        let mut screen = screen();
        for (digits, selected) in [([1, 7], 17), ([4, 8], 17), ([0, 5], 5)] {
            digits.into_iter().for_each(|digit| screen.apply(Action::Digit(digit)));
            assert_eq!(screen.selected.number(), selected);
        }
        screen.apply(Action::Digit(4));
        screen.apply(Action::Next);
        screen.apply(Action::Digit(4));
        assert_eq!(screen.selected.number(), 6);
    }

    #[test]
    fn pause_holds_until_the_machine_is_over() {
        let mut screen = screen();
        screen.apply(Action::Pause);
        assert_eq!((screen.is_running(), screen.pace_word()), (false, "PAUSED"));
        screen.apply(Action::Pause);
        screen.end(Outcome::AllReported, Machine::Alive);
        assert_eq!((screen.is_running(), screen.pace_word()), (true, "all reported"));
        screen.end(Outcome::AllReported, Machine::Stopped);
        screen.apply(Action::Pause);
        assert_eq!((screen.is_running(), screen.pace_word()), (false, "all reported"));
        screen.end(Outcome::AllStopped, Machine::Stopped);
        assert_eq!(screen.pace_word(), "stopped");
    }

    #[test]
    fn console_shows_the_newest_lines_and_scrolls_back() {
        let mut screen = screen();
        let core = screen.selected;
        let lines = (0..20).map(|n| ConsoleLine { core, text: n.to_string() }).collect();
        screen.take(News { lines, phases: Vec::new() });
        assert_eq!(screen.visible_lines(2), ["18", "19"]);
        screen.apply(Action::ScrollUp);
        assert_eq!(screen.visible_lines(2), ["13", "14"]);
        for _ in 0..9 {
            screen.apply(Action::ScrollUp);
        }
        assert_eq!(screen.visible_lines(2), ["0"]);
        screen.apply(Action::Next);
        assert_eq!(screen.visible_lines(2), [""; 0]);
    }
}
