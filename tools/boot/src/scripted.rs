//! `--session`: commands are typed at a guest through its terminal, and its answers compared.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guest_terminal::{Answered, Dialogue, Machine, Script};
use scc::timing::Time;
use scc_boot::{Outcome, Session};

use crate::plain;
use crate::seats::Seats;
use crate::start::BootError;

/// Runs a session to its end; the second answer is what the guest answered. Time is the board's.
pub(crate) fn run(
    session: &mut Session,
    seats: &mut Seats,
    file: &Path,
) -> Result<(Outcome, Vec<Answered>), BootError> {
    let script = Script::read(file, Machine::Scc)?;
    let interrupted = plain::watch_for_interrupt().map_err(BootError::Signal)?;
    let seat = seats.seats()[0].clone();
    seats.link(0).attach(Some(seat.number));
    let mut dialogue = Dialogue::new(script);
    let mut transcript = Transcript::new(format!("core {:02} {}", seat.core.number(), seat.name));
    let mut told = 0;
    let outcome = loop {
        let handed = seats.pump(&mut session.machine)?;
        let (news, ended) = session.step();
        plain::show(&session.machine, &session.observer, &news).map_err(BootError::Output)?;
        let heard = seats.link(0).hear(&session.machine);
        transcript.add(heard).map_err(BootError::Output)?;
        let now = duration(session.machine.time());
        let typed = if session.observer.guests_have_ended(seat.core) {
            dialogue.ended().map(|()| String::new())
        } else {
            dialogue.hear(heard, now)
        };
        let typed = match typed {
            Ok(typed) => typed,
            Err(error) => break Outcome::SessionFailed(error.to_string()),
        };
        for answered in &dialogue.answered()[told..] {
            println!("session: ok: {} ({} us)", answered.run, answered.microseconds);
        }
        told = dialogue.answered().len();
        seats.link(0).send(typed.as_bytes());
        if interrupted.load(Ordering::Relaxed) {
            break Outcome::Interrupted;
        }
        match ended {
            // Cores that only wait for what is typed go on when it is.
            Some(Outcome::AllStopped) if handed || !typed.is_empty() => {}
            Some(Outcome::AllStopped) => {
                let silent = dialogue.hear(&[], Duration::MAX);
                break silent
                    .err()
                    .map_or(Outcome::AllStopped, |error| Outcome::SessionFailed(error.to_string()));
            }
            Some(outcome) => break outcome,
            None => {}
        }
    };
    transcript.finish().map_err(BootError::Output)?;
    plain::finish(session, &outcome)?;
    Ok((outcome, dialogue.answered().to_vec()))
}

fn duration(time: Time) -> Duration {
    Duration::from_nanos(time.as_picoseconds() / 1_000)
}

/// What the guest writes, as lines behind its name.
struct Transcript {
    name: String,
    open: Vec<u8>,
}

impl Transcript {
    const fn new(name: String) -> Self {
        Self { name, open: Vec::new() }
    }

    fn add(&mut self, text: &[u8]) -> io::Result<()> {
        for byte in text.iter().filter(|byte| **byte != b'\r') {
            if *byte == b'\n' {
                self.print()?;
            } else {
                self.open.push(*byte);
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.open.is_empty() { Ok(()) } else { self.print() }
    }

    fn print(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.open);
        writeln!(io::stdout(), "{} > {}", self.name, String::from_utf8_lossy(&line))
    }
}
