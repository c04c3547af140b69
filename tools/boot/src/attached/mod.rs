//! The run on a terminal that is attached to a guest: keys go to it, what it writes appears as it is. Ctrl-A is for this
//! program: another guest, the kernels' own lines, the mesh, the end.
//!
//! The machine runs no faster than the chip would. The run is over when all guests have ended and all cores have reported.

mod view;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use guest_terminal::{Key, Keyboard, Keys};
use scc::timing::Time;
use scc_boot::{Outcome, Session};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::restart::Restart;
use crate::screen;
use crate::seats::Seats;
use crate::start::BootError;
use view::View;

/// Host time between two looks at the keys.
const FRAME: Duration = Duration::from_millis(20);
/// Emulated time that passes in between at most: as much as on the chip.
const FRAME_OF_THE_CHIP: Time = Time::from_microseconds(20_000);
/// Host time between two looks at the keys while every core waits for something.
const REST: Duration = Duration::from_millis(50);

/// How the machine stands after a frame.
enum Frame {
    /// It has more to do.
    Busy,
    /// It is as far as the chip would be, or waits for keys.
    Waits,
    /// The run is over.
    Over(Outcome),
}

/// Runs a session until all guests have ended or the user quits. The terminal's settings come back in any case.
pub(crate) fn run(session: &mut Session, restart: &Restart, seats: &mut Seats) -> Result<Outcome, BootError> {
    let ended = end_on_signals().map_err(BootError::Signal)?;
    attach_first_guests(seats);
    let mut view = View::new(seats.seats().len());
    let mut keyboard = Keyboard::take().map_err(BootError::Terminal)?;
    let mut keys = Keys::default();
    view.introduce(seats).map_err(BootError::Terminal)?;
    loop {
        let begin = Instant::now();
        let frame = advance(session, seats, &mut view, begin)?;
        let patience = match frame {
            Frame::Over(outcome) => return Ok(outcome),
            Frame::Busy => Duration::ZERO,
            Frame::Waits => REST.saturating_sub(begin.elapsed()),
        };
        let mut typed = Vec::new();
        let more = keyboard.read(&mut typed, patience).map_err(BootError::Terminal)?;
        if !more || ended.load(Ordering::Relaxed) {
            return Ok(Outcome::Interrupted);
        }
        for key in typed.into_iter().filter_map(|byte| keys.take(byte)) {
            match key {
                Key::Quit => return Ok(Outcome::Interrupted),
                Key::Guest(byte) => seats.link(view.current()).send(&[byte]),
                Key::Mesh => {
                    drop(keyboard);
                    screen::run(session, restart).map_err(BootError::Terminal)?;
                    keyboard = Keyboard::take().map_err(BootError::Terminal)?;
                    view.show_again(seats).map_err(BootError::Terminal)?;
                }
                other => view.obey(other, seats).map_err(BootError::Terminal)?,
            }
        }
    }
}

/// Attaches each core's terminal to its first guest.
fn attach_first_guests(seats: &mut Seats) {
    seats.links().for_each(|link| link.attach(Some(0)));
}

/// Runs for the time of a frame, or until the chip is ahead of the host's clock.
fn advance(
    session: &mut Session,
    seats: &mut Seats,
    view: &mut View,
    begin: Instant,
) -> Result<Frame, BootError> {
    let until = session.machine.time().saturating_add(FRAME_OF_THE_CHIP);
    let mut frame = Frame::Busy;
    while begin.elapsed() < FRAME {
        let handed = seats.pump(&mut session.machine)?;
        let (news, outcome) = session.step();
        view.take(&news, session, seats).map_err(BootError::Terminal)?;
        match outcome {
            // Cores that only wait for keys go on when one comes.
            Some(Outcome::AllStopped) if !handed && !all_guests_have_ended(session, seats) => {
                frame = Frame::Waits;
                break;
            }
            Some(Outcome::AllReported | Outcome::AllStopped) if !all_guests_have_ended(session, seats) => {}
            Some(outcome) => return Ok(Frame::Over(outcome)),
            None => {}
        }
        if session.machine.time() >= until {
            frame = Frame::Waits;
            break;
        }
    }
    Ok(frame)
}

fn all_guests_have_ended(session: &Session, seats: &Seats) -> bool {
    seats.seats().iter().all(|seat| session.observer.guests_have_ended(seat.core))
}

/// A flag that signals set. None of them may end the process at once: the terminal's settings have to come back.
fn end_on_signals() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}
