//! Why the machine stopped, in words and in gdb's terms.

use super::points::BreakKind;
use crate::cpu::watch::{WatchKind, Watchpoint};
use crate::loader::CoreSymbols;
use crate::machine::{Machine, Report};
use gdbstub::common::{Signal, Tid};
use gdbstub::stub::MultiThreadStopReason;
use gdbstub::target::ext::breakpoints::WatchKind as GdbWatchKind;
use scc::id::CoreId;

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The core finished its step.
    Step(CoreId),
    /// The core is about to execute an instruction with a breakpoint on it.
    Breakpoint(CoreId, BreakKind),
    /// The core has made an access to a watched range.
    Watchpoint(CoreId, Watchpoint),
    /// Software did something the chip would not survive.
    Finding(Box<Report>),
    /// A triple fault shut the core down.
    Shutdown(CoreId),
    /// No core can ever run again by itself.
    Idle,
    /// gdb's user interrupted.
    Interrupt,
    /// The run's own end was reached, with this exit status.
    Finished(u8),
}

/// The thread that stands for a core.
pub(super) fn thread_of(core: CoreId) -> Tid {
    Tid::MIN.saturating_add(core.index())
}

/// The core that a thread stands for.
pub(super) fn core_of(thread: Tid) -> Option<CoreId> {
    CoreId::new(u8::try_from(thread.get() - 1).ok()?)
}

impl Stop {
    /// The core it happened on.
    pub(super) fn core(&self) -> Option<CoreId> {
        match self {
            Stop::Step(core)
            | Stop::Breakpoint(core, _)
            | Stop::Watchpoint(core, _)
            | Stop::Shutdown(core) => Some(*core),
            Stop::Finding(report) => Some(report.core),
            Stop::Idle | Stop::Interrupt | Stop::Finished(_) => None,
        }
    }

    /// What gdb is told; `focus` is the core shown if it happened on none.
    pub(super) fn reason(&self, focus: CoreId) -> MultiThreadStopReason<u32> {
        let signal = |core, signal| MultiThreadStopReason::SignalWithThread { tid: thread_of(core), signal };
        match self {
            Stop::Step(core) => signal(*core, Signal::SIGTRAP),
            Stop::Breakpoint(core, BreakKind::Software) => MultiThreadStopReason::SwBreak(thread_of(*core)),
            Stop::Breakpoint(core, BreakKind::Hardware) => MultiThreadStopReason::HwBreak(thread_of(*core)),
            Stop::Watchpoint(core, watch) => MultiThreadStopReason::Watch {
                tid: thread_of(*core),
                kind: match watch.kind {
                    WatchKind::Read => GdbWatchKind::Read,
                    WatchKind::Write => GdbWatchKind::Write,
                    WatchKind::Access => GdbWatchKind::ReadWrite,
                },
                addr: watch.linear,
            },
            Stop::Finding(report) => signal(report.core, Signal::SIGABRT),
            Stop::Shutdown(core) => signal(*core, Signal::SIGSEGV),
            Stop::Idle => signal(focus, Signal::SIGTRAP),
            Stop::Interrupt => signal(focus, Signal::SIGINT),
            Stop::Finished(status) => MultiThreadStopReason::Exited(*status),
        }
    }

    /// One line for people.
    pub(super) fn describe(&self, machine: &Machine, symbols: Option<&CoreSymbols>) -> String {
        let cause = match self {
            Stop::Step(_) => "step done".to_owned(),
            Stop::Breakpoint(..) => "breakpoint".to_owned(),
            Stop::Watchpoint(_, watch) => {
                let access = match watch.kind {
                    WatchKind::Read => "read from",
                    WatchKind::Write => "write to",
                    WatchKind::Access => "access to",
                };
                format!("{access} {} watched bytes at {:#010x}", watch.bytes, watch.linear)
            }
            Stop::Finding(report) => report.finding.to_string(),
            Stop::Shutdown(_) => "triple fault; the core has shut down".to_owned(),
            Stop::Idle => "no core can run: all are halted for good, shut down, hung or in reset".to_owned(),
            Stop::Interrupt => "interrupted".to_owned(),
            Stop::Finished(status) => format!("the run ends with status {status}"),
        };
        match self.core() {
            Some(core) => format!("{}: {cause}", place(machine, core, symbols)),
            None => cause,
        }
    }
}

/// Where a core is, with the symbol if it is known.
pub(super) fn place(machine: &Machine, core: CoreId, symbols: Option<&CoreSymbols>) -> String {
    let registers = machine.registers(core);
    let linear = machine.core(core).linear_eip();
    let mut text = format!("core {core} at EIP {:#010x}", registers.eip);
    if linear != registers.eip {
        text += &format!(" (linear {linear:#010x})");
    }
    if let Some(symbol) = symbols.and_then(|symbols| symbols.lookup(core, linear)) {
        text += &format!(" <{symbol}>");
    }
    text
}
