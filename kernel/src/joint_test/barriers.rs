//! Barriers by flags and by counting: whoever has passed finds that all others had arrived.

use ipi::barrier::{CounterBarrier, FlagBarrier};
use ipi::mailbox::Mode;
use ipi::mesh::CoreSet;
use ipi::transfer::{get, put};

use super::{JointError, PATIENCE_MILLISECONDS, Team, barrier_id};
use crate::runtime;

/// Passages of each barrier that are checked.
const ROUNDS: u32 = 4;
/// Longest time that a member dawdles before it arrives.
const DAWDLE_MICROSECONDS: u32 = 20;
/// Where in its own window a member notes how often it has arrived.
const ARRIVED: usize = 4;
const IN_WINDOW: &str = "four bytes near the start of the window";

/// Notes that this core has not arrived yet.
pub(super) fn prepare(team: &Team) {
    arrive(team, 0);
}

pub(super) async fn check(team: &mut Team) -> Result<(), JointError> {
    let mailbox = team.mailbox();
    let mut by_flags = FlagBarrier::new(team.group, barrier_id(1), 1, Mode::Interrupt);
    for round in 1..=ROUNDS {
        dawdle(team, round).await;
        arrive(team, round);
        by_flags.wait(mailbox, team.soon()).await?;
        all_have_arrived(team, round)?;
    }
    let mut by_polling = FlagBarrier::new(team.group, barrier_id(2), 1, Mode::Polled(CoreSet::EMPTY));
    for round in ROUNDS + 1..=2 * ROUNDS {
        dawdle(team, round).await;
        arrive(team, round);
        by_polling.wait(mailbox, team.soon()).await?;
        all_have_arrived(team, round)?;
    }
    let members = u32::try_from(team.group.size()).expect("at most 48");
    let mut counting = CounterBarrier::new(barrier_id(3), members).expect("a group has members");
    if team.rank == 0 {
        counting.clear(mailbox.mesh());
    }
    team.align(PATIENCE_MILLISECONDS).await?;
    for round in 2 * ROUNDS + 1..=3 * ROUNDS {
        dawdle(team, round).await;
        arrive(team, round);
        counting.wait(mailbox.mesh(), team.soon()).await?;
        all_have_arrived(team, round)?;
    }
    Ok(())
}

/// Lets some time pass, another one on each core and in each round.
async fn dawdle(team: &Team, round: u32) {
    let mixed =
        (u32::from(team.own.number()) + 1).wrapping_mul(0x9E37_79B1) ^ round.wrapping_mul(0x85EB_CA6B);
    let span = runtime::frequency().microseconds((mixed >> 16) % (DAWDLE_MICROSECONDS + 1));
    team.timers.sleep(span).await;
}

fn arrive(team: &Team, round: u32) {
    put(team.mailbox().mesh(), team.own, ARRIVED, &round.to_le_bytes()).expect(IN_WINDOW);
}

fn all_have_arrived(team: &Team, round: u32) -> Result<(), JointError> {
    let mesh = team.mailbox().mesh();
    for member in team.group.members() {
        let mut bytes = [0; 4];
        get(mesh, *member, ARRIVED, &mut bytes).expect(IN_WINDOW);
        if u32::from_le_bytes(bytes) < round {
            return Err(JointError::Early(*member));
        }
    }
    Ok(())
}
