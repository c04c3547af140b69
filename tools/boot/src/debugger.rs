//! `--gdb`: the session under a debugger.

use std::sync::atomic::{AtomicBool, Ordering};

use scc_boot::{Observer, Outcome, Session, ends_the_run};
use scc_emu::gdb::{Attachment, GdbError, Server, SessionEnd, Supervisor};
use scc_emu::{Machine, Report};

use crate::plain;
use crate::start::BootError;

/// Serves the gdb that connects to `address`. The answer is how the run ended, or `None` if gdb let go and it goes
/// on.
pub(crate) fn serve(
    session: &mut Session,
    address: &str,
    interrupted: &AtomicBool,
) -> Result<Option<Outcome>, BootError> {
    let server = Server::bind(Some(address))?;
    eprintln!("scc-boot: {}", server.invitation());
    let Session { machine, observer, .. } = session;
    let mut debugged = Debugged { observer, interrupted, outcome: None };
    let attachment =
        Attachment { machine, supervisor: &mut debugged, symbols: None, tracer: None, until: None };
    let end = server.serve(attachment)?;
    Ok(match end {
        SessionEnd::Detached => None,
        SessionEnd::Killed => Some(Outcome::Killed),
        SessionEnd::Finished(_) => debugged.outcome,
        SessionEnd::ConnectionLost(error) => return Err(GdbError::Accept(error).into()),
    })
}

/// A run under gdb.
struct Debugged<'a> {
    observer: &'a mut Observer,
    interrupted: &'a AtomicBool,
    outcome: Option<Outcome>,
}

impl Supervisor for Debugged<'_> {
    fn finished(&mut self, machine: &mut Machine) -> Option<u8> {
        let (news, outcome) = self.observer.look(machine);
        if let Err(error) = plain::show(machine, self.observer, &news) {
            eprintln!("scc-boot: cannot write to standard output: {error}");
            self.outcome = Some(Outcome::Interrupted);
        }
        if self.interrupted.load(Ordering::Relaxed) {
            self.outcome = Some(Outcome::Interrupted);
        }
        self.outcome = self.outcome.take().or(outcome);
        self.outcome.as_ref().map(|_| 0)
    }

    fn stops_at(&mut self, report: &Report) -> bool {
        ends_the_run(report)
    }

    fn stopped(&mut self, report: &str) {
        eprintln!("scc-boot: {report}");
    }
}
