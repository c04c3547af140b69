//! Collectives, each result compared with one that every member computes alone.

use alloc::vec;
use alloc::vec::Vec;

use ipi::collective::{Collective, Context};
use ipi::group::Group;

use super::{Contents, JointError, Team, same};
use crate::platform::machine::mesh::ChipMesh;

/// Bytes of each member's part: more than a block for those that go through a tree.
const LONG: usize = 600;
/// Bytes of each member's part where all of them meet in one buffer.
const SHORT: usize = 100;
/// Members of an all-to-all: its messages grow with the square of their number.
const MOST_IN_ALL_TO_ALL: usize = 12;

type Operations<'a> = Collective<'a, 'static, 'static, ChipMesh>;

pub(super) async fn check(team: &Team) -> Result<(), JointError> {
    let collective = open(team, team.group, 1)?;
    // A root in the middle, so that ranks are not the tree's.
    let root = team.group.size() / 2;
    trees(team, &collective, root).await?;
    exchanges(team, &collective, root).await?;
    let some = Group::new(&team.group.members()[..team.group.size().min(MOST_IN_ALL_TO_ALL)])?;
    if team.rank < some.size() { all_to_all(team, &open(team, some, 2)?, &some).await } else { Ok(()) }
}

fn open(team: &Team, group: Group, context: u8) -> Result<Operations<'_>, JointError> {
    let context = Context::new(context).expect("contexts are 0 to 127");
    Ok(Collective::new(team.services.transfers, group, context)?)
}

async fn trees(team: &Team, collective: &Operations<'_>, root: usize) -> Result<(), JointError> {
    let part_of = |rank| part_of(team, rank, LONG);
    collective.set_deadline(team.soon());
    let mut bytes = if team.rank == root { part_of(root) } else { vec![0; LONG] };
    collective.broadcast(root, &mut bytes).await?;
    same(&bytes, &part_of(root))?;

    let mut sum = vec![0; LONG];
    (0..team.group.size()).for_each(|rank| add(&mut sum, &part_of(rank)));
    let mut scratch = vec![0; LONG];
    let mut bytes = part_of(team.rank);
    collective.set_deadline(team.soon());
    collective.reduce(root, &mut bytes, &mut scratch, add).await?;
    if team.rank == root {
        same(&bytes, &sum)?;
    }

    let mut bytes = part_of(team.rank);
    collective.set_deadline(team.soon());
    collective.all_reduce(&mut bytes, &mut scratch, add).await?;
    same(&bytes, &sum)
}

async fn exchanges(team: &Team, collective: &Operations<'_>, root: usize) -> Result<(), JointError> {
    let parts = || (0..team.group.size()).flat_map(|rank| part_of(team, rank, SHORT)).collect::<Vec<_>>();
    let all = if team.rank == root { parts() } else { Vec::new() };
    let mut gathered = vec![0; all.len()];
    let mut own = part_of(team, team.rank, SHORT);
    collective.set_deadline(team.soon());
    collective.gather(root, &own, &mut gathered).await?;
    same(&gathered, &all)?;

    own.fill(0);
    collective.set_deadline(team.soon());
    collective.scatter(root, &all, &mut own).await?;
    same(&own, &part_of(team, team.rank, SHORT))
}

async fn all_to_all(team: &Team, collective: &Operations<'_>, group: &Group) -> Result<(), JointError> {
    let between = |from, to| Contents::new(from, to, SHORT).to_vec();
    let outgoing: Vec<u8> = group.members().iter().flat_map(|to| between(team.own, *to)).collect();
    let expected: Vec<u8> = group.members().iter().flat_map(|from| between(*from, team.own)).collect();
    let mut incoming = vec![0; expected.len()];
    collective.set_deadline(team.soon());
    collective.all_to_all(&outgoing, &mut incoming).await?;
    same(&incoming, &expected)
}

/// What a member contributes.
fn part_of(team: &Team, rank: usize, length: usize) -> Vec<u8> {
    Contents::new(team.group.member(rank), team.leader(), length).to_vec()
}

/// Adds bytes, each by itself and wrapping.
fn add(sum: &mut [u8], more: &[u8]) {
    for (byte, more) in sum.iter_mut().zip(more) {
        *byte = byte.wrapping_add(*more);
    }
}
