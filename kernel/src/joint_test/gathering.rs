//! Whether a core belongs to the group that begins, or starts when it has begun: the leader says so in its window.
//!
//! A word holds the stage and the leader's life, so that one of a former life is not believed. Nobody asks by a call, for
//! all would do so at once.

use ipi::mesh::{Cycles, Mesh as _};
use ipi::transfer::{get, put};

use super::{JointError, START_MILLISECONDS, Team};

/// How far the leader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for the cores that take part.
    Gathering,
    /// All of them have come.
    Begun,
}

/// Where in its window the leader says so.
const WORD: usize = 8;
const IN_WINDOW: &str = "four bytes near the start of the window";
/// Cycles between two looks of a member.
const BETWEEN_LOOKS: Cycles = Cycles::new(20_000);

/// Says how far this core is, if it leads.
pub(super) fn tell(team: &Team, stage: Stage) {
    let mailbox = team.mailbox();
    put(mailbox.mesh(), team.own, WORD, &word(stage, mailbox.epoch().get())).expect(IN_WINDOW);
}

/// How far the leader is; waits for it to say so.
pub(super) async fn find(team: &Team) -> Result<Stage, JointError> {
    let (mailbox, leader) = (team.mailbox(), team.leader());
    let mesh = mailbox.mesh();
    let patience = team.within(START_MILLISECONDS);
    while !patience.is_over(mesh.now()) {
        if let Some(life) = mailbox.life_of(leader) {
            let mut found = [0; 4];
            get(mesh, leader, WORD, &mut found).expect(IN_WINDOW);
            let says = |stage: &Stage| word(*stage, life.get()) == found;
            if let Some(stage) = [Stage::Gathering, Stage::Begun].into_iter().find(says) {
                return Ok(stage);
            }
        }
        mesh.sleep_until(mesh.now() + BETWEEN_LOOKS).await;
    }
    Err(JointError::NoLeader(leader))
}

fn word(stage: Stage, life: u16) -> [u8; 4] {
    let [low, high] = life.to_le_bytes();
    let stage = match stage {
        Stage::Gathering => 1,
        Stage::Begun => 2,
    };
    [low, high, stage, 0xA5]
}
