//! The run as plain lines: what cores print, and a line about the way of each core that is up.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::{ConsoleLine, News, Observer, Outcome, Session};
use scc_emu::Machine;
use signal_hook::consts::{SIGINT, SIGTERM};
use trace_format::phase::BootPhase;

use crate::debugger;
use crate::start::BootError;

/// Runs a session to its end and prints what happens.
pub(crate) fn run(session: &mut Session, gdb: Option<&str>) -> Result<Outcome, BootError> {
    let interrupted = watch_for_interrupt().map_err(BootError::Signal)?;
    let mut outcome = match gdb {
        Some(address) => debugger::serve(session, address, &interrupted)?,
        None => None,
    };
    while outcome.is_none() {
        let (news, ended) = session.step();
        show(&session.machine, &session.observer, &news).map_err(BootError::Output)?;
        outcome = ended.or_else(|| interrupted.load(Ordering::Relaxed).then_some(Outcome::Interrupted));
    }
    let outcome = outcome.expect("the loop ends with an outcome");
    finish(session, &outcome)?;
    Ok(outcome)
}

/// Prints what is still on its way when a session has ended.
pub(crate) fn finish(session: &mut Session, outcome: &Outcome) -> Result<(), BootError> {
    if *outcome == Outcome::AllReported {
        let news = session.settle();
        show(&session.machine, &session.observer, &news).map_err(BootError::Output)?;
    }
    for line in session.observer.watch.rest_of_lines() {
        write_line(&mut io::stdout().lock(), &line).map_err(BootError::Output)?;
    }
    Ok(())
}

/// A flag that Ctrl-C sets; a second Ctrl-C ends the process at once.
pub(crate) fn watch_for_interrupt() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&flag))?;
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}

/// Prints what is new.
pub(crate) fn show(machine: &Machine, observer: &Observer, news: &News) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in &news.lines {
        write_line(&mut out, line)?;
    }
    for (core, phase) in &news.phases {
        if *phase == BootPhase::FirstTask {
            writeln!(out, "core {:02} > {}", core.number(), way(machine, observer, *core))?;
        }
    }
    Ok(())
}

fn write_line(out: &mut impl Write, line: &ConsoleLine) -> io::Result<()> {
    writeln!(out, "core {:02} | {}", line.core.number(), line.text)
}

/// The phases of a core with their times since reset, in microseconds.
fn way(machine: &Machine, observer: &Observer, core: CoreId) -> String {
    let period = machine.fabric().tile_period(core.tile());
    let phases = observer.watch.progress(core).phases.iter().map(|(phase, cycles)| {
        let nanoseconds = Time::from_cycles(*cycles, period).as_picoseconds() / 1000;
        format!("{phase} {}.{}", nanoseconds / 1000, nanoseconds % 1000 / 100)
    });
    format!("up, us since reset: {}", phases.collect::<Vec<_>>().join(", "))
}
