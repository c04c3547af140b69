//! Messages of many lengths round the ring of members, each sending and receiving at once.

use alloc::vec;

use futures_util::future::join;
use ipi::wire::Tag;

use super::{Contents, JointError, Team};

/// Lengths about the borders of lines and blocks.
const LENGTHS: [usize; 7] = [0, 1, 33, 512, 513, 1_025, 4_096];
/// Length of what the first members send besides.
const LONGEST: usize = 64 << 10;
/// How many they are: it takes longer than all other messages together.
const LONG_SENDERS: usize = 2;

pub(super) async fn check(team: &Team) -> Result<(), JointError> {
    if team.group.size() == 1 {
        return Ok(());
    }
    for (tag, length) in (0..).map(Tag).zip(LENGTHS) {
        let (sent, received) = join(send(team, tag, length), receive(team, tag, length)).await;
        sent.and(received)?;
    }
    let tag = Tag(u16::MAX >> 2);
    let sent = async { if team.rank < LONG_SENDERS { send(team, tag, LONGEST).await } else { Ok(()) } };
    let is_next = (team.rank + team.group.size() - 1) % team.group.size() < LONG_SENDERS;
    let received = async { if is_next { receive(team, tag, LONGEST).await } else { Ok(()) } };
    let (sent, received) = join(sent, received).await;
    sent.and(received)
}

async fn send(team: &Team, tag: Tag, length: usize) -> Result<(), JointError> {
    let to = team.neighbour(1);
    let message = Contents::new(team.own, to, length).to_vec();
    let sent = team.services.transfers.send(to, tag, &message, team.soon()).await;
    sent.map_err(|error| JointError::Send { to, length, error })
}

async fn receive(team: &Team, tag: Tag, length: usize) -> Result<(), JointError> {
    let from = team.neighbour(team.group.size() - 1);
    // Longer than what comes, so that a message of another length is noticed.
    let mut buffer = vec![0; length + 1];
    let received = team.services.transfers.recv(from, tag, &mut buffer, team.soon()).await;
    let got = received.map_err(|error| JointError::Receive { from, length, error })?;
    Contents::new(from, team.own, length).check(&buffer[..got])
}
