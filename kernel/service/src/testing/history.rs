//! Whether a recorded history of reads and writes is linearizable.
//!
//! It is if every operation can be given one moment between its call and its return so that, at these moments, each read
//! returns what was written last. The search is that of Wing and Gong (Journal of Parallel and Distributed Computing,
//! 1993) with the memory of Lowe (Concurrency and Computation, 2017): it takes operations in every order that the calls
//! and returns allow, and visits no set of taken operations twice with the same value. Keys are checked one by one, which
//! suffices: linearizability is local (Herlihy and Wing, 1990).

use std::collections::{BTreeMap, HashSet};
use std::vec::Vec;

/// Operations of one key that a check can take.
pub const MOST: usize = 128;

/// What an operation did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It read this; nothing if nobody had written.
    Read(Option<u32>),
    /// It wrote this, or tried to.
    Write(u32),
}

/// An operation with its place in time, counted by any clock that is one for all cores. Equal moments count as
/// concurrent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operation {
    /// What it is about.
    pub key: u16,
    /// What it did.
    pub action: Action,
    /// When it was called.
    pub called: u64,
    /// When it returned; nothing if it failed or its core did: it may have any moment since its call, or none.
    pub returned: Option<u64>,
}

/// A key whose operations fit no order.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("operations of key {key} fit no order: {operations:?}")]
pub struct Violation {
    /// The key.
    pub key: u16,
    /// Its operations by their calls.
    pub operations: Vec<Operation>,
}

/// Checks a history of a store that begins empty.
///
/// # Errors
/// The first key whose operations fit no order.
///
/// # Panics
/// If a key has more than [`MOST`] operations.
pub fn check(history: &[Operation]) -> Result<(), Violation> {
    let mut keys: BTreeMap<u16, Vec<Operation>> = BTreeMap::new();
    for operation in history {
        // A read that did not return tells nothing.
        if operation.returned.is_some() || matches!(operation.action, Action::Write(_)) {
            keys.entry(operation.key).or_default().push(*operation);
        }
    }
    for (key, mut operations) in keys {
        assert!(operations.len() <= MOST, "key {key} has more than {MOST} operations");
        operations.sort_by_key(|operation| operation.called);
        if !fits(&operations) {
            return Err(Violation { key, operations });
        }
    }
    Ok(())
}

/// Whether the operations of one key fit an order.
fn fits(operations: &[Operation]) -> bool {
    let mut visited = HashSet::new();
    let mut pending = Vec::from([(0_u128, None)]);
    while let Some((taken, value)) = pending.pop() {
        if !visited.insert((taken, value)) {
            continue;
        }
        let left = || operations.iter().enumerate().filter(|(index, _)| taken & 1 << index == 0);
        // None of them can have its moment after the first return among those that are left.
        let Some(first_return) = left().filter_map(|(_, operation)| operation.returned).min() else {
            return true;
        };
        for (index, operation) in left().take_while(|(_, operation)| operation.called <= first_return) {
            match operation.action {
                Action::Read(read) if read == value => pending.push((taken | 1 << index, value)),
                Action::Read(_) => {}
                Action::Write(written) => pending.push((taken | 1 << index, Some(written))),
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(value: u32, called: u64, returned: Option<u64>) -> Operation {
        Operation { key: 1, action: Action::Write(value), called, returned }
    }

    fn read(value: Option<u32>, called: u64, returned: u64) -> Operation {
        Operation { key: 1, action: Action::Read(value), called, returned: Some(returned) }
    }

    #[test]
    fn histories_that_fit_an_order_pass() {
        let histories: &[&[Operation]] = &[
            &[],
            &[read(None, 1, 2), write(7, 3, Some(4)), read(Some(7), 5, 6)],
            // Concurrent with the write: either value, but not back.
            &[write(7, 1, Some(10)), read(None, 2, 3), read(Some(7), 4, 5), read(Some(7), 6, 7)],
            // Two writes at once, read in either order.
            &[write(7, 1, Some(5)), write(8, 1, Some(5)), read(Some(8), 6, 7)],
            &[write(7, 1, Some(5)), write(8, 1, Some(5)), read(Some(7), 6, 7)],
            // A write that never returned takes effect late, or never.
            &[write(7, 1, None), read(None, 2, 3), read(Some(7), 50, 51)],
            &[write(7, 1, None), read(None, 2, 3), write(8, 4, Some(5)), read(Some(8), 50, 51)],
        ];
        for history in histories {
            assert_eq!(check(history), Ok(()));
        }
    }

    #[test]
    fn histories_that_fit_no_order_are_refused() {
        let histories: &[&[Operation]] = &[
            // Never written, not yet written, overwritten.
            &[read(Some(7), 1, 2)],
            &[read(Some(7), 1, 2), write(7, 3, Some(4))],
            &[write(7, 1, Some(2)), write(8, 3, Some(4)), read(Some(7), 5, 6)],
            // Lost.
            &[write(7, 1, Some(2)), read(None, 3, 4)],
            // Two readers one after the other disagree about the order.
            &[write(7, 1, Some(9)), read(Some(7), 2, 3), read(None, 4, 5)],
            &[
                write(7, 1, Some(2)),
                write(8, 3, Some(20)),
                write(9, 3, Some(20)),
                read(Some(8), 4, 5),
                read(Some(9), 6, 7),
                read(Some(8), 8, 9),
            ],
        ];
        for history in histories {
            assert!(check(history).is_err(), "{history:?}");
        }
    }

    #[test]
    fn keys_are_judged_one_by_one() {
        let other = |operation: Operation| Operation { key: 2, ..operation };
        assert_eq!(check(&[write(7, 1, Some(2)), other(read(None, 3, 4))]), Ok(()));
        let lost = [write(7, 1, Some(2)), other(write(8, 1, Some(2))), other(read(None, 3, 4))];
        assert_eq!(check(&lost).unwrap_err().key, 2);
    }
}
