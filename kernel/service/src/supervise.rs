//! Runs a service, and again after a failure.
//!
//! ```text
//!            returns Ok                    ┌──────────▶ Finished
//! Running ── told to stop ─────────────────┼──────────▶ Stopped
//!    ▲   └── returns Err, or its task panics ─▶ BackingOff, or Failed if the policy or its patience ends
//!    └───────────── after the back-off ────────────┘
//! ```
//!
//! A panic ends the service's task only. Nothing of the task is unwound on the chip: the places that it had for servers,
//! requests and channels stay taken. Hence the number of starts in a row is limited, and a service that finds no place
//! fails.

use core::error::Error;
use core::future::Future;
use core::pin::pin;

use futures_util::future::{Either, LocalBoxFuture, select};
use ipi::mesh::{Cycles, Mesh};

use crate::Ctx;
use crate::registry::{self, ServiceId};
use crate::site::Site;
use crate::status::State;

/// What follows a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// Nothing.
    Never,
    /// Another start after a while.
    OnFailure(BackOff),
}

/// How long to wait between starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackOff {
    /// Milliseconds after the first failure; each further one doubles them.
    pub first_milliseconds: u32,
    /// Milliseconds at most; a service that has run for longer than this has recovered.
    pub last_milliseconds: u32,
    /// Failures in a row after which it is not started again.
    pub failures: u32,
}

impl BackOff {
    /// 1 ms to 100 ms, five failures.
    pub const USUAL: Self = Self { first_milliseconds: 1, last_milliseconds: 100, failures: 5 };

    /// Milliseconds to wait after so many failures in a row; `None` for no further start.
    const fn after(self, failures: u32) -> Option<u32> {
        if failures >= self.failures {
            return None;
        }
        let doublings = failures.saturating_sub(1);
        let factor = if doublings < 31 { 1 << doublings } else { u32::MAX };
        let waited = self.first_milliseconds.saturating_mul(factor);
        Some(if waited < self.last_milliseconds { waited } else { self.last_milliseconds })
    }
}

/// Milliseconds that a service has for ending once it is told to stop.
const GRACE_MILLISECONDS: u32 = 100;

/// How a service ended by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It returned `Ok`.
    Well,
    /// It returned an error, which is in the log.
    Badly,
}

/// Why a task did not run to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TaskError {
    /// It panicked.
    #[error("panicked")]
    Panicked,
    /// It could not be started.
    #[error("no memory for a task")]
    NoRoom,
}

/// What runs a service so that its panic ends nothing else: a task of the kernel, or a poll that catches it.
pub trait Host<'s> {
    /// Runs `work` to its end. Dropping the future ends the work.
    ///
    /// # Errors
    /// [`TaskError`].
    fn run(
        &self,
        name: &'static str,
        work: LocalBoxFuture<'s, Ended>,
    ) -> impl Future<Output = Result<Ended, TaskError>>;
}

/// Judges what a service returned, and logs its error.
pub(crate) fn judge<M: Mesh, E: Error>(ctx: Ctx<'_, M>, result: Result<(), E>) -> Ended {
    match result {
        Ok(()) => Ended::Well,
        Err(error) => {
            log::error!(target: ctx.name(), "failed: {error}");
            Ended::Badly
        }
    }
}

/// Runs a service of `site`, and again after failures as its line in the registry says. Completes when it will not run
/// again.
///
/// *Cancel safety*: the service ends.
pub async fn supervise<'s, M: Mesh>(site: &'s Site<'s, M>, id: ServiceId, host: &impl Host<'s>) {
    keep_running(Ctx::new(site, id), id.service().restart, host, registry::begin).await;
}

/// Runs what `begin` makes, and again after failures as `restart` says.
async fn keep_running<'s, M: Mesh>(
    ctx: Ctx<'s, M>,
    restart: Restart,
    host: &impl Host<'s>,
    begin: impl Fn(Ctx<'s, M>) -> LocalBoxFuture<'s, Ended>,
) {
    let (status, name) = (ctx.own_status(), ctx.name());
    let mut in_a_row = 0;
    let last = loop {
        status.state.set(State::Running);
        status.starts.set(status.starts.get().wrapping_add(1));
        log::debug!(target: "service", "started name={name} starts={}", status.starts());
        let begun = ctx.now();
        let end = match run_once(ctx, host, begin(ctx)).await {
            Some(Ok(Ended::Well)) => {
                break if status.stop.is_set() { State::Stopped } else { State::Finished };
            }
            None => break State::Stopped,
            Some(Ok(Ended::Badly)) => None,
            Some(Err(error)) => Some(error),
        };
        status.failures.set(status.failures.get().wrapping_add(1));
        if let Some(error) = end {
            log::error!(target: "service", "ended name={name}: {error}");
        }
        let Restart::OnFailure(policy) = restart else { break State::Failed };
        let lasted: Cycles = ctx.now() - begun;
        in_a_row = if lasted > ctx.milliseconds(policy.last_milliseconds) { 1 } else { in_a_row + 1 };
        let Some(wait) = policy.after(in_a_row) else { break State::Failed };
        status.state.set(State::BackingOff);
        log::warn!(target: "service", "again name={name} in={wait}ms");
        if ctx.unless_stopped(ctx.sleep(wait)).await.is_none() {
            break State::Stopped;
        }
    };
    status.state.set(last);
    log::debug!(target: "service", "over name={name} state={}", last.word());
}

/// Runs a service once; `None` if it had to be ended after the signal to stop.
async fn run_once<'s, M: Mesh>(
    ctx: Ctx<'s, M>,
    host: &impl Host<'s>,
    work: LocalBoxFuture<'s, Ended>,
) -> Option<Result<Ended, TaskError>> {
    let patience = async {
        ctx.stopping().await;
        ctx.sleep(GRACE_MILLISECONDS).await;
    };
    match select(pin!(host.run(ctx.name(), work)), pin!(patience)).await {
        Either::Left((ended, _)) => Some(ended),
        Either::Right(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::boxed::Box;

    use super::*;
    use crate::testing::{Chip, InPlace};

    const POLICY: Restart =
        Restart::OnFailure(BackOff { first_milliseconds: 1, last_milliseconds: 4, failures: 3 });

    /// What a failing start of a service does.
    #[derive(Clone, Copy)]
    enum Fault {
        Returns,
        Panics,
    }

    /// A service that fails `failures` times and then ends well.
    async fn fail<M: Mesh>(ctx: Ctx<'_, M>, fault: Fault, failures: u32) -> Ended {
        let attempts = ctx.counter("attempts");
        attempts.increment();
        match fault {
            _ if attempts.get() > failures => Ended::Well,
            Fault::Returns => Ended::Badly,
            Fault::Panics => panic!("provoked"),
        }
    }

    /// State, starts and failures of a service that fails so often.
    fn outcome_of(fault: Fault, failures: u32, restart: Restart, expected: (State, u32, u32)) {
        Chip::new(1, "none")
            .visit(0, async move |ctx| {
                let begun = ctx.now();
                keep_running(ctx, restart, &InPlace, |ctx| Box::pin(fail(ctx, fault, failures))).await;
                let status = ctx.own_status();
                assert_eq!((status.state(), status.starts(), status.failures()), expected);
                // Each start but the first comes after a wait of 1 and 2 ms.
                let waited = [0, 1, 3][usize::try_from(status.starts() - 1).unwrap()];
                assert!(ctx.now() - begun >= ctx.milliseconds(waited));
            })
            .run();
    }

    #[test]
    fn failed_service_starts_again_until_it_ends_well_or_patience_ends() {
        for fault in [Fault::Returns, Fault::Panics] {
            outcome_of(fault, 0, POLICY, (State::Finished, 1, 0));
            outcome_of(fault, 2, POLICY, (State::Finished, 3, 2));
            outcome_of(fault, 9, POLICY, (State::Failed, 3, 3));
            outcome_of(fault, 9, Restart::Never, (State::Failed, 1, 1));
        }
    }

    #[test]
    fn service_that_ignores_the_signal_to_stop_is_ended() {
        Chip::new(1, "none")
            .visit(0, async |ctx| {
                let (status, begun) = (ctx.own_status(), ctx.now());
                status.stop.set();
                keep_running(ctx, POLICY, &InPlace, |_| {
                    Box::pin(async { futures_util::future::pending().await })
                })
                .await;
                assert_eq!((status.state(), status.failures()), (State::Stopped, 0));
                assert!(ctx.now() - begun >= ctx.milliseconds(GRACE_MILLISECONDS));
            })
            .run();
    }

    #[test]
    fn waits_double_up_to_a_limit_and_end() {
        let policy = BackOff { first_milliseconds: 3, last_milliseconds: 10, failures: 5 };
        let waits = [1, 2, 3, 4, 5, 60].map(|failures| policy.after(failures));
        assert_eq!(waits, [Some(3), Some(6), Some(10), Some(10), None, None]);
        let patient = BackOff { failures: u32::MAX, ..policy };
        assert_eq!(patient.after(60), Some(10));
    }
}
