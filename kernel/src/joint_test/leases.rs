//! Leases that the highest core has when the leader resets it: it reads what it has borrowed, has written to it, and has lent
//! a block itself.
//!
//! | Lease | After the reset | In the next life |
//! |---|---|---|
//! | of the leader's block, for writing | fails; the block is the leader's again, with what was written | |
//! | of the highest core's block | the leader reads it where it lies | has ended |

use alloc::vec;
use core::future::pending;
use core::pin::pin;

use futures_util::future::{join, select};
use ipi::lend::{AccessError, Borrowed, LendError};
use ipi::mailbox::PeerError;
use ipi::wire::Tag;
use scc::id::CoreId;

use super::{Contents, JointError, Team};
use crate::platform::machine::mesh::ChipMesh;

/// Matches the leases.
const TAG: Tag = Tag(7);
/// Bytes of each block: many pages, and no whole line at the end.
const LENGTH: usize = 10_001;

/// A block of the highest core that this core has borrowed.
pub(super) type Lease = Borrowed<'static, 'static, 'static, ChipMesh>;

/// The highest core borrows and lends, says so by `tell`, and waits to be reset.
pub(super) async fn hold(team: &Team, tell: impl FnOnce()) -> Result<(), JointError> {
    let (leader, lending) = (team.leader(), team.services.lending);
    let mut block = lending.allocate(LENGTH)?;
    block.write(0, &Contents::new(team.own, leader, LENGTH).to_vec())?;
    let lend = async {
        let lent = lending.lend(leader, TAG, &block, team.soon()).await;
        lent.map_err(|error| JointError::Lend { to: leader, error })
    };
    let borrow = async {
        let borrowed = lending.borrow(leader, TAG, team.soon()).await;
        let mut borrowed = borrowed.map_err(|error| JointError::Borrow { from: leader, error })?;
        borrowed.write(0, &Contents::new(team.own, leader, LENGTH).to_vec())?;
        tell();
        pending().await
    };
    select(pin!(lend), pin!(borrow)).await.factor_first().0
}

/// The leader lends and borrows, resets `victim` by `stop`, and has its block back; the other one, which `victim` had lent.
pub(super) async fn outlive(
    team: &Team,
    victim: CoreId,
    stop: impl Future<Output = Result<(), JointError>>,
) -> Result<Lease, JointError> {
    let lending = team.services.lending;
    let mut block = lending.allocate(LENGTH)?;
    block.write(0, &vec![0; LENGTH])?;
    let lease = async {
        let borrowed = lending.borrow(victim, TAG, team.soon()).await;
        let borrowed = borrowed.map_err(|error| JointError::Borrow { from: victim, error })?;
        stop.await?;
        read(team, victim, &borrowed)?;
        Ok::<_, JointError>(borrowed)
    };
    let (lent, lease) = join(lending.lend_mut(victim, TAG, &mut block, team.soon()), lease).await;
    let lease = lease?;
    match lent {
        Err(LendError::Peer(PeerError::Reset)) => {}
        Ok(()) => return Err(JointError::Outlived(victim)),
        Err(error) => return Err(JointError::Lend { to: victim, error }),
    }
    let mut bytes = vec![0; LENGTH];
    block.read(0, &mut bytes)?;
    Contents::new(victim, team.own, LENGTH).check(&bytes)?;
    Ok(lease)
}

fn read(team: &Team, victim: CoreId, lease: &Lease) -> Result<(), JointError> {
    let mut bytes = vec![0; LENGTH];
    lease.read(0, &mut bytes)?;
    Contents::new(victim, team.own, LENGTH).check(&bytes)
}

/// Whether the lease of a block of `victim`, which has begun a new life, has ended.
pub(super) fn has_ended(victim: CoreId, lease: &Lease) -> Result<(), JointError> {
    match lease.read(0, &mut [0; 32]) {
        Err(AccessError::Ended) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) => Err(JointError::Outlived(victim)),
    }
}
