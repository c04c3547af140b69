//! Histories of readers and writers while replicas come and go.

use std::cell::RefCell;
use std::rc::Rc;
use std::vec::Vec;

use super::*;
use crate::registry::ServiceId;
use crate::testing::history::{Action, Operation, check};
use crate::testing::{Chip, core};

/// Operations of all cores, in the order in which they were called; moments are counted by calls and returns.
#[derive(Clone, Default)]
struct Record(Rc<RefCell<(u64, Vec<Operation>)>>);

impl Record {
    fn moment(&self) -> u64 {
        let (moment, _) = &mut *self.0.borrow_mut();
        *moment += 1;
        *moment
    }

    fn called(&self, key: u16, action: Action) -> usize {
        let called = self.moment();
        let (_, operations) = &mut *self.0.borrow_mut();
        operations.push(Operation { key, action, called, returned: None });
        operations.len() - 1
    }

    fn returned(&self, index: usize, action: Action) {
        let moment = self.moment();
        let (_, operations) = &mut *self.0.borrow_mut();
        (operations[index].action, operations[index].returned) = (action, Some(moment));
    }

    /// Operations that returned.
    fn finished(&self) -> usize {
        self.0.borrow().1.iter().filter(|operation| operation.returned.is_some()).count()
    }
}

/// Reads and writes three keys at random.
async fn work<M: Mesh>(ctx: Ctx<'_, M>, record: &Record, seed: u32, operations: u32) {
    let mut random = seed.wrapping_mul(0x9E37_79B9) | 1;
    for number in 0..operations {
        // Xorshift of Marsaglia.
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let key = u16::try_from(random % 3).unwrap();
        if random & 0x100 == 0 {
            let value = seed << 16 | u32::from(ctx.mail().epoch().get()) << 8 | number;
            let index = record.called(key, Action::Write(value));
            if put(ctx, key, value).await.is_ok() {
                record.returned(index, Action::Write(value));
            }
        } else {
            let index = record.called(key, Action::Read(None));
            if let Ok(value) = get(ctx, key).await {
                record.returned(index, Action::Read(value));
            }
        }
    }
}

/// Three replicas and two cores that read and write, `operations` each.
fn store(record: &Record, seed: u64, operations: u32) -> Chip {
    let (one, other) = (record.clone(), record.clone());
    let seed_of_work = u32::try_from(seed % 1_000).unwrap() * 2 + 1;
    Chip::new(5, "kv@0-2")
        .hostile(seed)
        .visit(3, async move |ctx| work(ctx, &one, seed_of_work, operations).await)
        .visit(4, async move |ctx| work(ctx, &other, seed_of_work + 1, operations).await)
}

/// Judges a record, of whose operations at least so many should have returned.
fn judge(record: &Record, seed: u64, finished: usize) {
    let (_, operations) = &*record.0.borrow();
    if let Err(violation) = check(operations) {
        panic!("seed {seed}: {violation}");
    }
    assert!(record.finished() >= finished, "seed {seed}: {} operations returned", record.finished());
}

#[test]
fn history_without_losses_is_linearizable_and_complete() {
    for seed in 0..12 {
        let record = Record::default();
        store(&record, seed, 20).run();
        judge(&record, seed, 40);
    }
}

#[test]
fn loss_of_one_replica_is_survived() {
    for seed in 0..16 {
        let record = Record::default();
        store(&record, seed, 20).reset(1, 1_000 + seed * 120, None).run();
        judge(&record, seed, 38);
    }
}

#[test]
fn replica_that_forgot_comes_back_and_history_stays_linearizable() {
    for seed in 0..24 {
        let record = Record::default();
        let restarted = u8::try_from(seed % 3).unwrap();
        let next = u8::try_from((seed + 1) % 3).unwrap();
        // One after the other, so that whatever the first knew alone would be lost with the second.
        store(&record, seed, 40)
            .reset(restarted, 1_000 + seed * 40, Some(10_000))
            .reset(next, 2_500 + seed * 40, Some(10_000))
            .run();
        judge(&record, seed, 40);
    }
}

#[test]
fn writer_that_is_reset_leaves_a_value_or_none() {
    for seed in 0..12 {
        let record = Record::default();
        store(&record, seed, 20).reset(3, 1_000 + seed * 100, Some(5_000)).run();
        judge(&record, seed, 38);
    }
}

#[test]
fn restarted_replica_has_what_the_others_have() {
    Chip::new(4, "kv@0-2")
        .visit(3, async |ctx| {
            for key in 0..20 {
                put(ctx, key, u32::from(key) + 100).await.unwrap();
            }
            // Both others have to answer, so the restarted one does.
            while ctx.mail().life_of(core(1)).map(ipi::wire::Epoch::get) != Some(2) {
                ctx.sleep(1).await;
            }
            for key in 0..20 {
                assert_eq!(get(ctx, key).await, Ok(Some(u32::from(key) + 100)));
            }
        })
        .reset(1, 6_000, Some(10_000))
        .run();
}

#[test]
fn store_without_three_replicas_does_not_run() {
    Chip::new(3, "kv@0-1")
        .visit(0, async |ctx| {
            assert_eq!(get(ctx, 1).await, Err(KvError::NotThree));
            ctx.sleep(1).await;
            let status = ctx.status(ServiceId::named("kv").unwrap());
            assert_eq!((status.state(), status.failures()), (crate::State::Failed, 1));
        })
        .run();
}

#[test]
fn longest_reply_fits_a_call() {
    let lives = [replica::Life { number: u16::MAX, is_later: true }; REPLICAS];
    let tag = Tag { sequence: u32::MAX, writer: (47, u16::MAX, u32::MAX) };
    let page = [Some((u16::MAX, Version { tag, value: u32::MAX })); PAGE];
    let reply = Reply { lives, answer: Answer::Page(page) };
    let mut bytes = [0; ipi::rpc::MOST_BYTES];
    postcard::to_slice(&reply, &mut bytes).unwrap();
}
