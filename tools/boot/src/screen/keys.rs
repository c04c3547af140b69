//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// End the session.
    Quit,
    /// Stop or continue the machine.
    Pause,
    /// Show or hide the help.
    Help,
    /// Show the next pane.
    Pane,
    /// Put the selected core into reset.
    Stop,
    /// Start the selected core again.
    Restart,
    /// Choose what the selected core is to die of.
    Crash,
    /// The core left, right, above or below of the selected one.
    Move(Direction),
    /// The next core by number.
    Next,
    /// A digit of a core's number.
    Digit(u8),
    /// Older console lines.
    ScrollUp,
    /// Newer console lines.
    ScrollDown,
}

/// Where to on the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Towards smaller x.
    Left,
    /// Towards larger x.
    Right,
    /// Towards larger y.
    Up,
    /// Towards smaller y.
    Down,
}

/// The keys and what they do, for the help.
pub(crate) const HELP: &[(&str, &str)] = &[
    ("arrows", "select a core on the mesh"),
    ("0-9", "select a core by its two digits"),
    ("n", "next core"),
    ("Tab", "console; tasks and counts; boot phases and tests"),
    ("PgUp PgDn", "scroll the console"),
    ("s", "stop: put the core into reset"),
    ("r", "restart: load and release the core again"),
    ("x", "crash: restart the core with a provoked failure"),
    ("p", "pause or go on"),
    ("?", "this help"),
    ("q", "quit"),
];

/// What a key stands for.
pub(crate) fn action(key: &KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Quit);
    }
    Some(match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Action::Quit,
        KeyCode::Char('p' | ' ') => Action::Pause,
        KeyCode::Char('?' | 'h') => Action::Help,
        KeyCode::Char('n') => Action::Next,
        KeyCode::Char('s') => Action::Stop,
        KeyCode::Char('r') => Action::Restart,
        KeyCode::Char('x') => Action::Crash,
        KeyCode::Char(digit) => Action::Digit(u8::try_from(digit.to_digit(10)?).ok()?),
        KeyCode::Tab => Action::Pane,
        KeyCode::Left => Action::Move(Direction::Left),
        KeyCode::Right => Action::Move(Direction::Right),
        KeyCode::Up => Action::Move(Direction::Up),
        KeyCode::Down => Action::Move(Direction::Down),
        KeyCode::PageUp => Action::ScrollUp,
        KeyCode::PageDown => Action::ScrollDown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_for_actions() {
        for (code, wanted) in [
            (KeyCode::Char('q'), Some(Action::Quit)),
            (KeyCode::Char(' '), Some(Action::Pause)),
            (KeyCode::Char('7'), Some(Action::Digit(7))),
            (KeyCode::Up, Some(Action::Move(Direction::Up))),
            (KeyCode::Char('x'), Some(Action::Crash)),
            (KeyCode::Char('y'), None),
            (KeyCode::F(1), None),
        ] {
            assert_eq!(action(&KeyEvent::from(code)), wanted);
        }
        let control = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        assert_eq!(action(&control('c')), Some(Action::Quit));
        assert_eq!(action(&control('p')), None);
    }
}
