//! The leader resets the highest core: leases between both end, calls of it fail in time, and calls succeed when it has been
//! started again.

use ipi::mesh::Mesh as _;
use ipi::rpc::{Mechanism, Options};
use ipi::transfer::{get, put};
use scc::id::CoreId;

use super::calls::{self, Dismiss, Mix};
use super::{JointError, START_MILLISECONDS, Team, leases};
use crate::platform::machine::core_start;
use crate::runtime;

/// Deadline of a call of a core in reset.
const DEADLINE_MILLISECONDS: u32 = 5;
/// What a call may outlive its deadline by.
const SLACK_MICROSECONDS: u32 = 200;

/// Where in its window the highest core says that it has told all others of its last arrival.
const READY: usize = 12;
const IN_WINDOW: &str = "a byte near the start of the window";

/// Notes that this core may not be reset yet.
pub(super) fn prepare(team: &Team) {
    put(team.mailbox().mesh(), team.own, READY, &[0]).expect(IN_WINDOW);
}

/// The highest core waits to be reset, in the middle of two leases. Others may still wait at the barrier that it has passed,
/// but no longer for it.
pub(super) async fn await_reset(team: &Team) -> JointError {
    let tell = || put(team.mailbox().mesh(), team.own, READY, &[1]).expect(IN_WINDOW);
    let patience = runtime::frequency().milliseconds(START_MILLISECONDS);
    match team.timers.timeout(patience, leases::hold(team, tell)).await {
        Ok(Err(error)) => error,
        Ok(Ok(())) | Err(_) => JointError::NotReset,
    }
}

fn is_ready(team: &Team, core: CoreId) -> bool {
    let mut ready = [0];
    get(team.mailbox().mesh(), core, READY, &mut ready).expect(IN_WINDOW);
    ready == [1]
}

pub(super) async fn check(team: &Team) -> Result<(), JointError> {
    let victim = team.group.member(team.group.size() - 1);
    if victim == team.own {
        return Ok(());
    }
    let lease = leases::outlive(team, victim, stop(team, victim)).await?;
    for mechanism in Mechanism::ALL {
        call_in_vain(team, victim, mechanism).await?;
    }
    core_start::start(victim)?;
    meet_again(team, victim).await?;
    leases::has_ended(victim, &lease)?;
    drop(lease);
    for mechanism in Mechanism::ALL {
        calls::call(team, victim, mechanism, 0).await?;
    }
    let dismissed = team.services.calls.cast::<Dismiss>(victim, &(), Options::until(team.soon())).await;
    dismissed.map_err(|error| JointError::Call { to: victim, error })
}

/// Resets a core that has said that it may be.
async fn stop(team: &Team, victim: CoreId) -> Result<(), JointError> {
    let patience = team.soon();
    while !is_ready(team, victim) {
        team.timers.sleep(runtime::frequency().microseconds(SLACK_MICROSECONDS)).await;
        if patience.is_over(team.mailbox().mesh().now()) {
            return Err(JointError::NotReady(victim));
        }
    }
    Ok(core_start::stop(victim)?)
}

async fn call_in_vain(team: &Team, to: CoreId, mechanism: Mechanism) -> Result<(), JointError> {
    let mesh = team.mailbox().mesh();
    let begin = mesh.now();
    let options = Options::until(team.within(DEADLINE_MILLISECONDS)).by(mechanism);
    let answered = team.services.calls.call::<Mix>(to, &[0; 6], options).await.is_ok();
    let frequency = runtime::frequency();
    let longest = frequency.milliseconds(DEADLINE_MILLISECONDS).ticks()
        + frequency.microseconds(SLACK_MICROSECONDS).ticks();
    match (mesh.now() - begin).get() {
        _ if answered => Err(JointError::Answered(to)),
        cycles if cycles > longest => Err(JointError::Late { to, cycles }),
        _ => Ok(()),
    }
}

/// Calls until the new life answers; calls that meet the former one fail.
async fn meet_again(team: &Team, victim: CoreId) -> Result<(), JointError> {
    let patience = team.within(START_MILLISECONDS);
    loop {
        match calls::call(team, victim, Mechanism::GicRequest, 0).await {
            Err(JointError::Call { .. }) if !patience.is_over(team.mailbox().mesh().now()) => {}
            other => return other,
        }
    }
}
