//! Blocks lent round the ring of members: each lends to the next one, which reads and writes where the block lies.

use alloc::vec;

use futures_util::future::join;
use ipi::wire::Tag;

use super::{Contents, JointError, Team};

/// Lengths about the borders of lines and of the pieces in which blocks are written.
const LENGTHS: [usize; 4] = [1, 33, 1_057, 20_000];

pub(super) async fn check(team: &Team) -> Result<(), JointError> {
    if team.group.size() == 1 {
        return Ok(());
    }
    for (tag, length) in (0..).map(Tag).zip(LENGTHS) {
        let (lent, borrowed) = join(lend(team, tag, length), borrow(team, tag, length)).await;
        lent.and(borrowed)?;
    }
    Ok(())
}

/// Lends a block for reading, then for writing, and looks at what was written.
async fn lend(team: &Team, tag: Tag, length: usize) -> Result<(), JointError> {
    let (to, lending) = (team.neighbour(1), team.services.lending);
    let error = |error| JointError::Lend { to, error };
    let mut block = lending.allocate(length)?;
    block.write(0, &Contents::new(team.own, to, length).to_vec())?;
    lending.lend(to, tag, &block, team.soon()).await.map_err(error)?;
    lending.lend_mut(to, tag, &mut block, team.soon()).await.map_err(error)?;
    let mut bytes = vec![0; length];
    block.read(0, &mut bytes)?;
    Contents::new(to, team.own, length).check(&bytes)
}

/// Reads what the block holds, then writes something else.
async fn borrow(team: &Team, tag: Tag, length: usize) -> Result<(), JointError> {
    let (from, lending) = (team.neighbour(team.group.size() - 1), team.services.lending);
    let error = |error| JointError::Borrow { from, error };
    let borrowed = lending.borrow(from, tag, team.soon()).await.map_err(error)?;
    let mut bytes = vec![0; borrowed.length()];
    borrowed.read(0, &mut bytes)?;
    Contents::new(from, team.own, length).check(&bytes)?;
    drop(borrowed);
    let mut borrowed = lending.borrow(from, tag, team.soon()).await.map_err(error)?;
    Ok(borrowed.write(0, &Contents::new(team.own, from, length).to_vec())?)
}
