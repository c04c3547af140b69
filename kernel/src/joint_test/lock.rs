//! Lock: all members count in the leader's window, by reading and writing, under one lock.

use ipi::lock::Lock;
use ipi::transfer::{get, put};

use super::{JointError, PATIENCE_MILLISECONDS, Team};

/// Times that each member counts.
const ROUNDS: u32 = 8;
/// Where in the leader's window.
const COUNT: usize = 0;
const IN_WINDOW: &str = "four bytes at the start of the window";

/// Sets the count to 0.
pub(super) fn prepare(team: &Team) {
    put(team.mailbox().mesh(), team.own, COUNT, &[0; 4]).expect(IN_WINDOW);
}

pub(super) async fn check(team: &mut Team) -> Result<(), JointError> {
    let (mailbox, leader) = (team.mailbox(), team.leader());
    for _ in 0..ROUNDS {
        let guard = Lock::new(leader).acquire(mailbox, team.soon()).await?;
        let next = count(team) + 1;
        put(mailbox.mesh(), leader, COUNT, &next.to_le_bytes()).expect(IN_WINDOW);
        drop(guard);
    }
    team.align(PATIENCE_MILLISECONDS).await?;
    let members = u32::try_from(team.group.size()).expect("at most 48");
    let (expected, found) = (members * ROUNDS, count(team));
    if found == expected { Ok(()) } else { Err(JointError::Count { members, expected, found }) }
}

fn count(team: &Team) -> u32 {
    let mut bytes = [0; 4];
    get(team.mailbox().mesh(), team.leader(), COUNT, &mut bytes).expect(IN_WINDOW);
    u32::from_le_bytes(bytes)
}
