//! The run on a terminal: the mesh with the state of each core, the console of a chosen one, keys.
//!
//! The machine runs between two pictures, no faster than the chip would; keys are looked at with each picture. When
//! every core has reported the board keeps running until the user quits. Cores can be stopped, started again and
//! crashed meanwhile.

mod draw;
mod keys;
mod panes;
mod rates;
mod state;

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEventKind};
use scc::timing::Time;
use scc_boot::{Outcome, Session, rate};

use crate::restart::Restart;
use keys::{Action, action};
use rates::Rates;
use state::{Command, Machine, ScreenState};

/// Host time between two pictures.
const FRAME: Duration = Duration::from_millis(50);
/// Emulated time that passes between two pictures at most: as much as on the chip.
const FRAME_OF_THE_CHIP: Time = Time::from_microseconds(50_000);
/// Host time between two looks at the keys while nothing runs.
const REST: Duration = Duration::from_millis(100);
/// Host time over which speed is measured.
const SPEED_SPAN: Duration = Duration::from_millis(500);

/// Whether there is a terminal to draw on and to take keys from.
pub(crate) fn is_possible() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// Runs a session until the user quits or its time is over; `restart` starts cores again.
pub(crate) fn run(session: &mut Session, restart: &Restart) -> io::Result<Outcome> {
    let mut terminal = ratatui::try_init()?;
    let ended = (|| {
        let mut screen = ScreenState::new(session.observer.cores());
        let (mut speed, mut rates) = (Speed::new(session), Rates::new());
        loop {
            let begin = Instant::now();
            if let Some(outcome) = advance(session, &mut screen) {
                return Ok(outcome);
            }
            if speed.measure(session, &mut screen) {
                rates.measure(session);
            }
            terminal.draw(|frame| draw::draw(frame, &screen, session, &rates))?;
            let frame = if screen.is_running() { FRAME } else { REST };
            while event::poll(frame.saturating_sub(begin.elapsed()))? {
                if let Event::Key(key) = event::read()?
                    && key.kind != KeyEventKind::Release
                    && let Some(action) = action(&key)
                {
                    if action == Action::Quit && !screen.crashes_are_shown {
                        return Ok(outcome(session, &screen));
                    }
                    if let Some(command) = screen.apply(action) {
                        obey(command, session, restart, &mut screen);
                    }
                    break;
                }
            }
        }
    })();
    ratatui::try_restore()?;
    ended
}

/// How a session that the user ends has ended: as it would have without a user, if that still holds.
fn outcome(session: &mut Session, screen: &ScreenState) -> Outcome {
    match screen.outcome() {
        None => Outcome::Interrupted,
        Some(Outcome::AllReported) => {
            session.observer.look(&session.machine).1.unwrap_or(Outcome::Interrupted)
        }
        Some(outcome) => outcome.clone(),
    }
}

/// Does to the selected core what the user wants.
fn obey(command: Command, session: &mut Session, restart: &Restart, screen: &mut ScreenState) {
    let core = screen.selected;
    if !session.observer.cores().contains(core) {
        screen.note = format!("core {core} does not take part; --cores says which do");
        return;
    }
    let words = match command {
        Command::Stop => {
            session.machine.hold_in_reset(core);
            screen.note = format!("core {core} was put into reset");
            return;
        }
        Command::Restart => String::new(),
        Command::Crash(kind) => format!("provoke={kind}@{core}"),
    };
    screen.note = match restart.start(&mut session.machine, core, &words) {
        Ok(()) if words.is_empty() => format!("core {core} was started again"),
        Ok(()) => format!("core {core} was started again with {words}"),
        Err(error) => format!("core {core} was not started: {error}"),
    };
    screen.revive();
}

/// Runs for the time of a picture, or until the chip is ahead of the host's clock. An answer ends the session.
fn advance(session: &mut Session, screen: &mut ScreenState) -> Option<Outcome> {
    let begin = Instant::now();
    if !screen.is_running() {
        screen.note_pause(session, begin);
        return None;
    }
    let until = session.machine.time().saturating_add(FRAME_OF_THE_CHIP);
    while begin.elapsed() < FRAME && screen.is_running() && session.machine.time() < until {
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

    /// Measures if it is time to; tells whether it was.
    fn measure(&mut self, session: &Session, screen: &mut ScreenState) -> bool {
        let span = self.since.elapsed();
        let is_over = span >= SPEED_SPAN;
        if is_over {
            let instructions = session.machine.instructions();
            screen.set_mips(rate(instructions - self.instructions, span.as_secs_f64()));
            *self = Self::new(session);
        }
        is_over
    }
}
