//! `--session`: commands are typed at a guest through its terminal, and its answers compared.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guest_terminal::{Answered, Dialogue, Machine, Script, SessionError};
use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::{Outcome, Session};

use crate::plain;
use crate::seats::Seats;
use crate::start::BootError;

/// Runs a session to its end; the second answer is what the guest answered. Time is the board's. Afterwards the same guest
/// on other cores is told to end, one after the other, because the run is over when all have.
pub(crate) fn run(
    session: &mut Session,
    seats: &mut Seats,
    file: &Path,
) -> Result<(Outcome, Vec<Answered>), BootError> {
    let script = Script::read(file, Machine::Scc, seats.seats().len())?;
    let interrupted = plain::watch_for_interrupt().map_err(BootError::Signal)?;
    let farewell = script.farewell();
    let mut talk = Conversation::begin(seats, 0, Dialogue::new(script, Duration::ZERO));
    let mut others =
        (1..seats.seats().len()).filter(|seat| seats.seats()[*seat].number == 0).collect::<Vec<_>>();
    others.reverse();
    let mut answered = Vec::new();
    let outcome = loop {
        let handed = seats.pump(&mut session.machine)?;
        let (news, ended) = session.step();
        plain::show(&session.machine, &session.observer, &news).map_err(BootError::Output)?;
        let now = duration(session.machine.time());
        let mut typed = match talk.go_on(session, seats, now, &mut answered)? {
            Ok(typed) => typed,
            Err(error) => break Outcome::SessionFailed(error.to_string()),
        };
        if session.observer.guests_have_ended(talk.core) {
            others.retain(|seat| !session.observer.guests_have_ended(seats.seats()[*seat].core));
            if let Some(seat) = others.pop() {
                talk.transcript.finish().map_err(BootError::Output)?;
                talk = Conversation::begin(seats, seat, Dialogue::new(farewell.clone(), now));
                // Its shell has asked before anybody listened.
                "\n".clone_into(&mut typed);
            }
        }
        seats.link(talk.seat).send(typed.as_bytes());
        if interrupted.load(Ordering::Relaxed) {
            break Outcome::Interrupted;
        }
        match ended {
            // Cores that only wait for what is typed go on when it is.
            Some(Outcome::AllStopped) if handed || !typed.is_empty() => {}
            Some(Outcome::AllStopped) => {
                let silent = talk.dialogue.hear(&[], Duration::MAX);
                break silent
                    .err()
                    .map_or(Outcome::AllStopped, |error| Outcome::SessionFailed(error.to_string()));
            }
            Some(outcome) => break outcome,
            None => {}
        }
    };
    talk.transcript.finish().map_err(BootError::Output)?;
    plain::finish(session, &outcome)?;
    Ok((outcome, answered))
}

/// A guest that is talked to.
struct Conversation {
    seat: usize,
    core: CoreId,
    dialogue: Dialogue,
    transcript: Transcript,
}

impl Conversation {
    /// Attaches its terminal.
    fn begin(seats: &mut Seats, number: usize, dialogue: Dialogue) -> Self {
        let seat = seats.seats()[number].clone();
        seats.link(number).attach(Some(seat.number));
        let transcript = Transcript::new(format!("core {:02} {}", seat.core.number(), seat.name));
        Self { seat: number, core: seat.core, dialogue, transcript }
    }

    /// Hears what the guest has said, shows it to the user, adds its answers to `answered`, and gives what is typed.
    fn go_on(
        &mut self,
        session: &Session,
        seats: &mut Seats,
        now: Duration,
        answered: &mut Vec<Answered>,
    ) -> Result<Result<String, SessionError>, BootError> {
        let heard = seats.link(self.seat).hear(&session.machine);
        self.transcript.add(heard).map_err(BootError::Output)?;
        let typed = if session.observer.guests_have_ended(self.core) {
            self.dialogue.ended().map(|()| String::new())
        } else {
            self.dialogue.hear(heard, now)
        };
        if let Some(new) = self.dialogue.answered().get(answered.len()..) {
            new.iter().for_each(|one| println!("session: ok: {} ({} us)", one.run, one.microseconds));
            answered.extend_from_slice(new);
        }
        Ok(typed)
    }
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
