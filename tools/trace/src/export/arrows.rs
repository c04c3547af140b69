//! Numbers of arrows, the same at both of their ends.

use std::collections::HashMap;

use trace_format::record::{LetterNumber, RemoteCall};

use super::drawing::Arrow;
use crate::dealing::{Dealing, Edge, Side, Subject};
use crate::item::{Item, Wake};
use crate::trace::Trace;
use crate::walk::walk;

/// Arrows of letters are numbered from here on, below that those of calls and leases, of what comes back, and of wakes.
const LETTERS: u64 = 1 << 63;
const CALLS: u64 = 1 << 62;
const REPLIES: u64 = 1 << 61;
const LEASES: u64 = 1 << 60;
const RETURNS: u64 = REPLIES | LEASES;

/// The arrow from a wake to its poll.
pub(super) const fn of_wake(wake: &Wake) -> Arrow {
    Arrow(wake.number + 1)
}

/// The arrow of a letter: cores in 12 bits, place in 32, flow folded into the rest.
pub(super) fn of_letter(from: u8, to: u8, letter: LetterNumber) -> Arrow {
    let flow = u64::from(letter.flow ^ letter.flow >> 16) & 0xFFFF;
    Arrow(LETTERS | cores(from, to) | flow << 32 | u64::from(letter.place))
}

/// The arrow from one who calls or lends to the other.
pub(super) fn there(own: u8, dealing: Dealing) -> Arrow {
    arrow(own, dealing, CALLS, LEASES)
}

/// The arrow back.
pub(super) fn back(own: u8, dealing: Dealing) -> Arrow {
    arrow(own, dealing, REPLIES, RETURNS)
}

/// Cores in 12 bits, life and number in 32, of calls the procedure.
fn arrow(own: u8, dealing: Dealing, calls: u64, leases: u64) -> Arrow {
    let Dealing { side, peer, subject } = dealing;
    let cores = if side == Side::Opener { cores(own, peer) } else { cores(peer, own) };
    let (space, life, number, procedure) = match subject {
        Subject::Call(RemoteCall { life, number, procedure }) => (calls, life, number, procedure),
        Subject::Lease(lease) => (leases, lease.life, lease.number, 0),
    };
    Arrow(space | cores | u64::from(life) << 32 | u64::from(number) << 16 | u64::from(procedure))
}

fn cores(from: u8, to: u8) -> u64 {
    (u64::from(from) << 6 | u64::from(to)) << 48
}

/// When each partner was done, by the arrow back.
pub(super) fn answers(trace: &Trace) -> HashMap<Arrow, u64> {
    let mut answers = HashMap::new();
    walk(trace, |_, life, item| {
        if let Item::Mark(event, _, at) = item
            && let Some((dealing @ Dealing { side: Side::Partner, .. }, Edge::End)) = Dealing::of(event)
        {
            answers.insert(back(life.core.number(), dealing), at.time);
        }
    });
    answers
}
