//! `--top`: which tasks run on which cores, how long they wait, how much mail there is; live, or once.
//!
//! Figures come from the trace rings, which are read without disturbing the cores. On a terminal the table is renewed
//! while the kernels run, no faster than the chip would; elsewhere the run lasts a given time and the table of its last
//! part is printed.

mod sample;
mod screen;
mod table;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use scc::timing::Time;
use scc_boot::{Outcome, Session};

use crate::plain;
use crate::span::Span;
use crate::start::BootError;
use sample::{Sample, Sampler};
use screen::{Next, Screen};

/// Host time between two pictures.
const FRAME: Duration = Duration::from_millis(50);
/// Emulated time of a sample. Kernels that stay up greet each other twice in it.
const SPAN: Time = Time::from_microseconds(100_000);
/// Emulated time that passes between two pictures at most: as much as on the chip.
const FRAME_OF_THE_CHIP: Time = Time::from_microseconds(50_000);
/// Emulated time after which a run without a terminal ends, unless it is told when.
const USUAL_END: Time = Time::from_microseconds(200_000);

/// Options of the table.
#[derive(Args, Debug)]
pub(crate) struct TopArguments {
    /// Show which tasks run on which cores and how long they wait, live; without a terminal or with --plain once
    #[arg(long, conflicts_with_all = ["record", "gdb"])]
    pub(crate) top: bool,
    /// Emulated time from power-on after which it is shown without a terminal, 200ms unless given
    #[arg(long, value_name = "SPAN", requires = "top")]
    top_for: Option<Span>,
    /// Write the figures of that moment to FILE as JSON, too
    #[arg(long, value_name = "FILE", requires = "top")]
    top_json: Option<PathBuf>,
}

/// Runs until the time that was asked for, and prints what the last part of it was like.
pub(crate) fn once(session: &mut Session, arguments: &TopArguments) -> Result<Outcome, BootError> {
    let interrupted = plain::watch_for_interrupt().map_err(BootError::Signal)?;
    let end = arguments.top_for.map_or(USUAL_END, |span| Time::from_microseconds(span.microseconds));
    let begin = end.saturating_sub(SPAN);
    let mut sampler = Sampler::new();
    let outcome = loop {
        let outcome = session.step().1.filter(|outcome| !matches!(outcome, Outcome::AllReported));
        let now = session.machine.time();
        if sampler.since() < begin && now >= begin {
            sampler.take(session);
        }
        if let Some(outcome) = outcome {
            break outcome;
        }
        if now >= end {
            break Outcome::TimeReached(end);
        }
        if interrupted.load(Ordering::Relaxed) {
            break Outcome::Interrupted;
        }
    };
    let sample = sampler.take(session);
    print!("{}", table::text(&sample));
    if let Some(file) = &arguments.top_json {
        let text = serde_json::to_string_pretty(&sample)? + "\n";
        std::fs::write(file, text).map_err(|source| BootError::Write { file: file.clone(), source })?;
    }
    Ok(outcome)
}

/// Shows the table until the user quits or nothing can run any more.
pub(crate) fn live(session: &mut Session) -> io::Result<Outcome> {
    let mut terminal = ratatui::try_init()?;
    let ended = (|| {
        let (mut sampler, mut screen) = (Sampler::new(), Screen::default());
        let mut sample = Sample::default();
        loop {
            let begin = Instant::now();
            if screen.is_paused {
                session.observer.add_pause(FRAME);
            } else if let Some(outcome) = advance(session, begin) {
                return Ok(outcome);
            }
            if session.machine.time().saturating_sub(sampler.since()) >= SPAN {
                sample = sampler.take(session);
            }
            terminal.draw(|frame| screen.draw(frame, &sample))?;
            while event::poll(FRAME.saturating_sub(begin.elapsed()))? {
                if let Event::Key(key) = event::read()?
                    && key.kind != KeyEventKind::Release
                    && screen.press(&key) == Next::Quit
                {
                    return Ok(Outcome::Interrupted);
                }
            }
        }
    })();
    ratatui::try_restore()?;
    ended
}

/// Runs for the time of a picture. That all cores have reported ends nothing: they stay up.
fn advance(session: &mut Session, begin: Instant) -> Option<Outcome> {
    let until = session.machine.time().saturating_add(FRAME_OF_THE_CHIP);
    while begin.elapsed() < FRAME && session.machine.time() < until {
        match session.step().1 {
            None | Some(Outcome::AllReported) => {}
            outcome => return outcome,
        }
    }
    None
}
