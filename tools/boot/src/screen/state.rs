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
    /// The selected core's tasks, interrupts and letters.
    Live,
    /// The selected core's boot phases and tests.
    Phases,
}

/// What the user wants done to a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Into reset.
    Stop,
    /// Out of a reset, with its memory filled again.
    Restart,
    /// The same, and to die of this.
    Crash(&'static str),
}

/// What a core can be told to die of, in the words of the kernel's command line.
pub(crate) const CRASHES: [&str; 9] = [
    "stack-overflow",
    "heap-exhaustion",
    "unexpected-interrupt",
    "double-fault",
    "page-fault",
    "write-to-code",
    "general-protection",
    "panic",
    "task-panic",
];

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
    /// Whether a digit now chooses what the selected core is to die of.
    pub(crate) crashes_are_shown: bool,
    /// What was done last for the user.
    pub(crate) note: String,
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
            crashes_are_shown: false,
            note: String::new(),
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
            (Pace::Over, Some(Outcome::AllReported)) => "all halted",
            (_, Some(Outcome::AllReported)) => "live",
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

    /// The newest lines of the selected core, less those scrolled away, cut into pieces of `width` characters; as many
    /// pieces as fit `height`.
    pub(crate) fn visible_lines(&self, height: usize, width: usize) -> Vec<String> {
        let lines = &self.lines[self.selected.index()];
        let end = lines.len().saturating_sub(self.scrolled);
        let mut pieces = Vec::new();
        for line in lines.range(end.saturating_sub(height)..end) {
            let characters: Vec<char> = line.chars().collect();
            match characters.len() {
                0 => pieces.push(String::new()),
                _ => pieces.extend(characters.chunks(width.max(1)).map(String::from_iter)),
            }
        }
        pieces.split_off(pieces.len().saturating_sub(height))
    }

    /// Does what a key stands for; quitting is the caller's, and what the answer says about the selected core.
    pub(crate) fn apply(&mut self, action: Action) -> Option<Command> {
        let first_digit = self.digit.take();
        self.note.clear();
        if std::mem::take(&mut self.crashes_are_shown) {
            let Action::Digit(digit) = action else { return None };
            let kind = usize::from(digit).checked_sub(1).and_then(|index| CRASHES.get(index));
            return kind.map(|kind| Command::Crash(kind));
        }
        match action {
            Action::Stop => return Some(Command::Stop),
            Action::Restart => return Some(Command::Restart),
            Action::Crash => self.crashes_are_shown = true,
            Action::Quit => {}
            Action::Pause => self.toggle_pause(),
            Action::Help => self.help_is_shown = !self.help_is_shown,
            Action::Pane => {
                self.pane = match self.pane {
                    Pane::Console => Pane::Live,
                    Pane::Live => Pane::Phases,
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
        None
    }

    /// Lets a machine that was over because no core could run go on, since a core was started again.
    pub(crate) fn revive(&mut self) {
        if self.pace == Pace::Over && !matches!(self.outcome, Some(Outcome::Finding(_))) {
            self.pace = Pace::Running;
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
            assert_eq!(screen.apply(Action::Move(direction)), None);
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
            digits.into_iter().for_each(|digit| _ = screen.apply(Action::Digit(digit)));
            assert_eq!(screen.selected.number(), selected);
        }
        screen.apply(Action::Digit(4));
        screen.apply(Action::Next);
        screen.apply(Action::Digit(4));
        assert_eq!(screen.selected.number(), 6);
    }

    #[test]
    fn keys_about_the_selected_core_are_handed_on() {
        let mut screen = screen();
        assert_eq!(screen.apply(Action::Stop), Some(Command::Stop));
        assert_eq!(screen.apply(Action::Restart), Some(Command::Restart));
        assert_eq!(screen.apply(Action::Crash), None);
        assert_eq!(screen.apply(Action::Digit(8)), Some(Command::Crash("panic")));
        // Another key closes the list and does nothing else; 0 names nothing.
        for key in [Action::Quit, Action::Stop, Action::Digit(0)] {
            screen.apply(Action::Crash);
            assert_eq!(screen.apply(key), None);
            assert!(!screen.crashes_are_shown);
        }
        assert_eq!(screen.selected.number(), 0);
    }

    #[test]
    fn pause_holds_until_the_machine_is_over() {
        let mut screen = screen();
        screen.apply(Action::Pause);
        assert_eq!((screen.is_running(), screen.pace_word()), (false, "PAUSED"));
        screen.apply(Action::Pause);
        screen.end(Outcome::AllReported, Machine::Alive);
        assert_eq!((screen.is_running(), screen.pace_word()), (true, "live"));
        screen.end(Outcome::AllReported, Machine::Stopped);
        screen.apply(Action::Pause);
        assert_eq!((screen.is_running(), screen.pace_word()), (false, "all halted"));
        screen.end(Outcome::AllStopped, Machine::Stopped);
        assert_eq!(screen.pace_word(), "stopped");
        screen.revive();
        assert!(screen.is_running());
    }

    #[test]
    fn console_shows_the_newest_lines_and_scrolls_back() {
        let mut screen = screen();
        let core = screen.selected;
        assert!(screen.visible_lines(9, 0).is_empty());
        let long = ConsoleLine { core, text: "abcdefgh".to_owned() };
        screen.take(News { lines: vec![long], phases: Vec::new() });
        assert_eq!(screen.visible_lines(9, 3), ["abc", "def", "gh"]);
        assert_eq!(screen.visible_lines(2, 3), ["def", "gh"]);
        let lines = (0..19).map(|n| n + 1).map(|n| ConsoleLine { core, text: n.to_string() }).collect();
        screen.take(News { lines, phases: Vec::new() });
        assert_eq!(screen.visible_lines(2, 80), ["18", "19"]);
        screen.apply(Action::ScrollUp);
        assert_eq!(screen.visible_lines(2, 80), ["13", "14"]);
        for _ in 0..9 {
            screen.apply(Action::ScrollUp);
        }
        assert_eq!(screen.visible_lines(2, 80), ["abcdefgh"]);
        screen.apply(Action::Next);
        assert_eq!(screen.visible_lines(2, 80), [""; 0]);
    }
}
