//! `--gdb` and `--trace`: the debugger and the trace hooked into a run.

use scc_emu::gdb::{Attachment, GdbError, Server, SessionEnd, Supervisor};
use scc_emu::trace::{TraceError, Tracer};
use scc_emu::{Limits, Machine, Report, RunEnd};

use super::exit::CommandError;
use super::output::Output;
use super::report::{Outcome, describe_finding};
use super::run_loop::{Session, ends_the_run};

/// Runs the machine, with its trace if there is one.
pub(super) fn run(
    machine: &mut Machine,
    limits: &Limits,
    tracer: Option<&mut Tracer>,
) -> Result<RunEnd, TraceError> {
    match tracer {
        None => Ok(machine.run(limits)),
        Some(tracer) => {
            let end = machine.run_traced(limits, tracer);
            if tracer.has_failed() { tracer.finish().map(|()| end) } else { Ok(end) }
        }
    }
}

/// Hands the machine to the gdb that connects to `address`. The answer is how the run ended, or `None` if gdb let
/// go and it goes on.
pub(super) fn serve_debugger(
    machine: &mut Machine,
    address: &str,
    session: &mut Session<'_>,
    output: &mut Output,
) -> Result<Option<Outcome>, CommandError> {
    let server = Server::bind(Some(address)).map_err(CommandError::Gdb)?;
    output.note(&server.invitation());
    let mut tracer = session.tracer.take();
    let (symbols, until) = (session.symbols, session.end);
    let mut debugged = Debugged { session, output, outcome: None };
    let attachment = Attachment {
        machine,
        supervisor: &mut debugged,
        symbols: Some(symbols),
        tracer: tracer.as_mut(),
        until,
    };
    let end = server.serve(attachment);
    let outcome = debugged.outcome;
    session.tracer = tracer;
    after_session(end.map_err(CommandError::Gdb)?, outcome, session, output)
}

fn after_session(
    end: SessionEnd,
    outcome: Option<Result<Outcome, CommandError>>,
    session: &Session<'_>,
    output: &Output,
) -> Result<Option<Outcome>, CommandError> {
    match end {
        SessionEnd::Detached => {
            output.note("gdb let go, the run goes on");
            Ok(None)
        }
        SessionEnd::Killed => Ok(Some(Outcome::Killed)),
        SessionEnd::Finished(_) => match outcome {
            Some(outcome) => outcome.map(Some),
            None => Ok(session.cycles_reached()),
        },
        SessionEnd::ConnectionLost(error) => Err(CommandError::Gdb(GdbError::Lost(error))),
    }
}

/// A run under gdb.
struct Debugged<'a, 'b> {
    session: &'a mut Session<'b>,
    output: &'a mut Output,
    outcome: Option<Result<Outcome, CommandError>>,
}

impl Supervisor for Debugged<'_, '_> {
    fn finished(&mut self, machine: &mut Machine) -> Option<u8> {
        let outcome = self.session.look(machine, self.output).transpose()?;
        let status = match &outcome {
            Ok(outcome) => outcome.status(),
            Err(error) => error.status(),
        };
        self.outcome = Some(outcome);
        Some(status.number())
    }

    fn stops_at(&mut self, report: &Report) -> bool {
        let stops = ends_the_run(report);
        if !stops {
            self.output.note(&describe_finding(report, self.session.symbols));
        }
        stops
    }

    fn stopped(&mut self, report: &str) {
        self.output.note(report);
    }
}
