//! Collective operations on groups of several sizes.

use std::boxed::Box;
use std::string::ToString;
use std::vec;

use super::transfer::transferring;
use super::*;
use crate::collective::{Collective, CollectiveError, Context};
use crate::group::Group;
use crate::mailbox::Mode;
use crate::testing::{FakeMesh, Odds};
use crate::transfer::Transfers;

/// Bytes per member: more than a block, so that transfers are pipelined.
const PART: usize = 520;

fn part(from: usize, to: usize) -> Vec<u8> {
    (0..PART).map(|index| (from * 16 + to + index).to_le_bytes()[0]).collect()
}

async fn member(mesh: FakeMesh<'_>, witness: Witness, size: u8, root: usize) {
    let settings = brisk(size);
    let cores = usize::from(size);
    transferring!(mesh, witness, settings, Mode::Interrupt, cores, |transfers| async {
        // Ranks run against core numbers.
        let members: Vec<_> = (0..size).rev().map(core).collect();
        let group = Group::new(&members).unwrap();
        let collective = Collective::new(&transfers, group, Context::new(1).unwrap()).unwrap();
        let done = operations(&collective, cores, root).await;
        assert_eq!(done, Ok(()));
        witness.saw("done".to_string());
    });
}

async fn operations<M: Mesh>(
    collective: &Collective<'_, '_, '_, M>,
    size: usize,
    root: usize,
) -> Result<(), CollectiveError> {
    let me = collective.rank();
    let mut bytes = if me == root { part(7, 7) } else { vec![0; PART] };
    collective.broadcast(root, &mut bytes).await?;
    assert!(bytes == part(7, 7), "broadcast");

    let add = |sum: &mut [u8], other: &[u8]| {
        sum.iter_mut().zip(other).for_each(|(sum, other)| *sum = sum.wrapping_add(*other));
    };
    let total = |index| (0..size).map(|from| part(from, 0)[index]).fold(0, u8::wrapping_add);
    let mut sum = part(me, 0);
    collective.all_reduce(&mut sum, &mut vec![0; PART], add).await?;
    assert!((0..PART).all(|index| sum[index] == total(index)), "all-reduce");

    let mut all = vec![0; if me == root { PART * size } else { 0 }];
    collective.gather(root, &part(me, 1), &mut all).await?;
    assert!(all.chunks(PART).enumerate().all(|(from, got)| got == part(from, 1)), "gather");

    let all: Vec<u8> = if me == root { (0..size).flat_map(|to| part(9, to)).collect() } else { vec![] };
    let mut own = vec![0; PART];
    collective.scatter(root, &all, &mut own).await?;
    assert!(own == part(9, me), "scatter");

    let outgoing: Vec<u8> = (0..size).flat_map(|to| part(me, to)).collect();
    let mut incoming = vec![0; PART * size];
    collective.all_to_all(&outgoing, &mut incoming).await?;
    assert!(incoming.chunks(PART).enumerate().all(|(from, got)| got == part(from, me)), "all-to-all");
    Ok(())
}

#[test]
fn operations_give_every_member_its_result() {
    for (size, root) in [(1, 0), (2, 1), (3, 0), (5, 3)] {
        let witness = Witness::default();
        let chooser = Chooser::seeded(size.into(), Odds::HOSTILE);
        let mut machine = Machine::new(chooser).steps(20_000_000);
        for me in 0..size {
            let witness = witness.clone();
            machine = machine.core(me, move |mesh| Box::pin(member(mesh, witness.clone(), size, root)));
        }
        assert_eq!(machine.run(), Outcome::Finished, "size {size}\n{}", machine.report());
        assert_eq!(witness.seen.borrow().len(), usize::from(size));
    }
}
