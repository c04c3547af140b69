//! The session as gdbstub drives it. Every method is a thin layer over the session.

use super::architecture::{P54c, RegisterFile};
use super::points::BreakKind;
use super::register_file;
use super::run::Plan;
use super::session::Session;
use super::stop::{core_of, thread_of};
use crate::cpu::watch::{WatchKind, Watchpoint};
use crate::machine::Machine;
use gdbstub::common::{Signal, Tid};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadResume, MultiThreadResumeOps, MultiThreadSchedulerLocking,
    MultiThreadSchedulerLockingOps, MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps, SwBreakpoint,
    SwBreakpointOps, WatchKind as GdbWatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps, outputln};
use gdbstub::target::ext::thread_extra_info::{ThreadExtraInfo, ThreadExtraInfoOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use scc::id::CoreId;
use std::convert::Infallible;

/// "Bad address", as gdb numbers it.
const BAD_ADDRESS: u8 = 14;
/// "Invalid argument".
const INVALID: u8 = 22;
/// No such thread: "no such process".
const NO_THREAD: u8 = 3;
/// Memory is read in pieces that never cross into another page.
const PIECE: usize = 32;

impl Target for Session<'_> {
    type Arch = P54c;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, P54c, Infallible> {
        BaseOps::MultiThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

fn core(thread: Tid) -> Result<CoreId, TargetError<Infallible>> {
    core_of(thread).ok_or(TargetError::Errno(NO_THREAD))
}

impl MultiThreadBase for Session<'_> {
    fn read_registers(&mut self, registers: &mut RegisterFile, thread: Tid) -> TargetResult<(), Self> {
        *registers = register_file::read(self.attached.machine, core(thread)?);
        Ok(())
    }

    fn write_registers(&mut self, registers: &RegisterFile, thread: Tid) -> TargetResult<(), Self> {
        register_file::write(self.attached.machine, core(thread)?, registers)
            .map_err(|_| TargetError::Errno(INVALID))
    }

    fn read_addrs(&mut self, start: u32, data: &mut [u8], thread: Tid) -> TargetResult<usize, Self> {
        match readable(self.attached.machine, core(thread)?, start, data) {
            0 if !data.is_empty() => Err(TargetError::Errno(BAD_ADDRESS)),
            bytes => Ok(bytes),
        }
    }

    fn write_addrs(&mut self, start: u32, data: &[u8], thread: Tid) -> TargetResult<(), Self> {
        self.attached
            .machine
            .poke_linear(core(thread)?, start, data)
            .map_err(|_| TargetError::Errno(BAD_ADDRESS))
    }

    fn list_active_threads(&mut self, active: &mut dyn FnMut(Tid)) -> Result<(), Infallible> {
        CoreId::all().map(thread_of).for_each(active);
        Ok(())
    }

    fn is_thread_alive(&mut self, thread: Tid) -> Result<bool, Infallible> {
        Ok(core_of(thread).is_some())
    }

    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

/// Reads as much as there is; returns how many bytes that were.
fn readable(machine: &Machine, core: CoreId, start: u32, data: &mut [u8]) -> usize {
    let mut done = 0;
    let mut at = start;
    while done < data.len() {
        let room = PIECE - at as usize % PIECE;
        let end = data.len().min(done + room);
        if machine.peek_linear(core, at, &mut data[done..end]).is_err() {
            break;
        }
        at = at.wrapping_add(u32::try_from(end - done).expect("a piece is short"));
        done = end;
    }
    done
}

impl MultiThreadResume for Session<'_> {
    fn resume(&mut self) -> Result<(), Infallible> {
        Session::resume(self);
        Ok(())
    }

    fn clear_resume_actions(&mut self) -> Result<(), Infallible> {
        self.plan = Plan::default();
        Ok(())
    }

    /// Signals mean nothing to a core and are dropped.
    fn set_resume_action_continue(&mut self, thread: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        self.plan.going_on.extend(core_of(thread));
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }
}

impl MultiThreadSingleStep for Session<'_> {
    fn set_resume_action_step(&mut self, thread: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        self.plan.step = core_of(thread);
        Ok(())
    }
}

impl MultiThreadSchedulerLocking for Session<'_> {
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), Infallible> {
        self.plan.locked = true;
        Ok(())
    }
}

impl ThreadExtraInfo for Session<'_> {
    fn thread_extra_info(&self, thread: Tid, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let Some(core) = core_of(thread) else { return Ok(0) };
        let text = self.core_summary(core);
        let bytes = text.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&text.as_bytes()[..bytes]);
        Ok(bytes)
    }
}

impl Breakpoints for Session<'_> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Session<'_> {
    fn add_sw_breakpoint(&mut self, linear: u32, _: usize) -> TargetResult<bool, Self> {
        self.points.add_breakpoint(linear, BreakKind::Software);
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, linear: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.points.remove_breakpoint(linear, BreakKind::Software))
    }
}

impl HwBreakpoint for Session<'_> {
    fn add_hw_breakpoint(&mut self, linear: u32, _: usize) -> TargetResult<bool, Self> {
        self.points.add_breakpoint(linear, BreakKind::Hardware);
        Ok(true)
    }

    fn remove_hw_breakpoint(&mut self, linear: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.points.remove_breakpoint(linear, BreakKind::Hardware))
    }
}

impl HwWatchpoint for Session<'_> {
    fn add_hw_watchpoint(&mut self, linear: u32, bytes: u32, kind: GdbWatchKind) -> TargetResult<bool, Self> {
        if bytes == 0 {
            return Ok(false);
        }
        self.points.add_watchpoint(watchpoint(linear, bytes, kind));
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        linear: u32,
        bytes: u32,
        kind: GdbWatchKind,
    ) -> TargetResult<bool, Self> {
        Ok(self.points.remove_watchpoint(watchpoint(linear, bytes, kind)))
    }
}

fn watchpoint(linear: u32, bytes: u32, kind: GdbWatchKind) -> Watchpoint {
    let kind = match kind {
        GdbWatchKind::Write => WatchKind::Write,
        GdbWatchKind::Read => WatchKind::Read,
        GdbWatchKind::ReadWrite => WatchKind::Access,
    };
    Watchpoint { linear, bytes, kind }
}

impl MonitorCmd for Session<'_> {
    fn handle_monitor_cmd(&mut self, command: &[u8], mut out: ConsoleOutput<'_>) -> Result<(), Infallible> {
        let command = String::from_utf8_lossy(command);
        let answer = match command.parse() {
            Ok(command) => self.answer(command),
            Err(error) => format!("{error}"),
        };
        for line in answer.lines() {
            outputln!(out, "{line}");
        }
        Ok(())
    }
}
