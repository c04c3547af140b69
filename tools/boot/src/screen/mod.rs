//! The run on a terminal: the mesh with the state of each core, the console of a chosen one, keys.
//!
//! The machine runs between two pictures; keys are looked at with each picture. When every core has reported the
//! board keeps running until the user quits.

mod draw;
mod keys;
mod state;

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEventKind};
use scc_boot::{Outcome, Session, rate};

use keys::{Action, action};
use state::{Machine, ScreenState};

/// Host time between two pictures.
const FRAME: Duration = Duration::from_millis(50);
/// Host time between two looks at the keys while nothing runs.
const REST: Duration = Duration::from_millis(100);
/// Host time over which speed is measured.
const SPEED_SPAN: Duration = Duration::from_secs(1);

/// Whether there is a terminal to draw on and to take keys from.
pub(crate) fn is_possible() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// Runs a session until the user quits or its time is over.
pub(crate) fn run(session: &mut Session) -> io::Result<Outcome> {
    let mut terminal = ratatui::try_init()?;
    let ended = (|| {
        let mut screen = ScreenState::new(session.observer.cores());
        let mut speed = Speed::new(session);
        loop {
            if let Some(outcome) = advance(session, &mut screen) {
                return Ok(outcome);
            }
            speed.measure(session, &mut screen);
            terminal.draw(|frame| draw::draw(frame, &screen, session))?;
            let patience = if screen.is_running() { Duration::ZERO } else { REST };
            while event::poll(patience)? {
                if let Event::Key(key) = event::read()?
                    && key.kind != KeyEventKind::Release
                    && let Some(action) = action(&key)
                {
                    if action == Action::Quit {
                        return Ok(screen.outcome().cloned().unwrap_or(Outcome::Interrupted));
                    }
                    screen.apply(action);
                    break;
                }
            }
        }
    })();
    ratatui::try_restore()?;
    ended
}

/// Runs for the time of a picture. An answer ends the session.
fn advance(session: &mut Session, screen: &mut ScreenState) -> Option<Outcome> {
    let begin = Instant::now();
    if !screen.is_running() {
        screen.note_pause(session, begin);
        return None;
    }
    while begin.elapsed() < FRAME && screen.is_running() {
        let (news, outcome) = session.step();
        screen.take(news);
        match outcome {
            Some(outcome @ Outcome::WallReached(_)) => return Some(outcome),
            Some(outcome) => {
                let machine = if session.is_stopped() { Machine::Stopped } else { Machine::Alive };
                screen.end(outcome, machine);
            }
            None => {}
        }
    }
    None
}

/// Instructions per second of the last moments.
struct Speed {
    since: Instant,
    instructions: u64,
}

impl Speed {
    fn new(session: &Session) -> Self {
        Self { since: Instant::now(), instructions: session.machine.instructions() }
    }

    fn measure(&mut self, session: &Session, screen: &mut ScreenState) {
        let span = self.since.elapsed();
        if span >= SPEED_SPAN {
            let instructions = session.machine.instructions();
            screen.set_mips(rate(instructions - self.instructions, span.as_secs_f64()));
            *self = Self::new(session);
        }
    }
}
