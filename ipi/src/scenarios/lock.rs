//! Locks: one holder at a time, and dead holders are found.

use std::boxed::Box;
use std::cell::Cell;
use std::format;
use std::rc::Rc;

use super::*;
use crate::lock::{Lock, LockError, LockGuard};
use crate::testing::FakeMesh;
use crate::wire::LockNote;

/// Two cores raise a number under the lock, in two steps between which the other may run.
pub(super) fn contended(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let holders = Rc::new(Cell::new(0));
    let mut machine = Machine::new(chooser);
    for me in 0..2_u8 {
        let (witness, holders) = (witness.clone(), holders.clone());
        machine = machine.core(me, move |mesh| {
            let (witness, holders) = (witness.clone(), holders.clone());
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                for _ in 0..2 {
                    let lock = Lock::new(core(5));
                    let guard = lock.acquire(&mailbox, Deadline::Never).await.ok().unwrap();
                    assert_eq!(holders.replace(1), 0, "two holders at once");
                    mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(100)).await;
                    holders.set(0);
                    drop(guard);
                }
                witness.saw(String::from("done"));
            })
        });
    }
    (machine.calm_start(), witness.expects(["done", "done"]))
}

/// Core 0 holds the lock and passes it on to core 1, which dies with it; core 2, which waited all the time, finds
/// out who is dead and takes over.
pub(super) fn dead_owner(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let first_waits = Rc::new(Cell::new(false));
    let mut machine = Machine::new(chooser);
    for me in 0..3_u8 {
        let (witness, first_waits) = (witness.clone(), first_waits.clone());
        machine = machine.core(me, move |mesh| {
            let (witness, first_waits) = (witness.clone(), first_waits.clone());
            Box::pin(async move {
                let lives = mesh.counter(crate::layout::life_counter(core(me)));
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(3));
                let mesh = mailbox.mesh();
                let lock = Lock::new(core(0));
                if lives > 0 {
                    return;
                }
                match me {
                    0 => {
                        let guard = lock.acquire(&mailbox, Deadline::Never).await.ok().unwrap();
                        first_waits.set(true);
                        mesh.sleep_until(mesh.now() + Cycles::new(60_000)).await;
                        drop(guard);
                    }
                    1 => {
                        while !first_waits.get() {
                            mesh.sleep_until(mesh.now() + Cycles::new(100)).await;
                        }
                        let guard = lock.acquire(&mailbox, Deadline::Never).await.ok().unwrap();
                        witness.saw(String::from("core 1 holds it"));
                        // Dies here: the machine resets it.
                        loop {
                            mesh.sleep_until(mesh.now() + Cycles::new(100)).await;
                            mesh.is_in_reset(core(2));
                            let _held = &guard;
                        }
                    }
                    _ => {
                        while !first_waits.get() {
                            mesh.sleep_until(mesh.now() + Cycles::new(100)).await;
                        }
                        // Core 0 lives and holds it: no other answer than to wait longer.
                        let found = lock.acquire(&mailbox, in_cycles(mesh, 20_000)).await;
                        assert_eq!(found.err(), Some(LockError::TimedOut));
                        while witness.seen.borrow().is_empty() {
                            mesh.sleep_until(mesh.now() + Cycles::new(100)).await;
                        }
                        let deadline = in_cycles(mesh, 2_000_000);
                        let found = lock.acquire(&mailbox, deadline).await;
                        let Err(LockError::OwnerDead(note)) = found else {
                            panic!("core 2 gets {:?}", found.err());
                        };
                        assert_eq!(note.owner, core(1));
                        let guard = lock.seize(&mailbox, note).ok().unwrap();
                        assert_eq!(lock.seize(&mailbox, note).err(), Some(LockError::NotSeized));
                        drop(guard);
                        assert!(lock.try_acquire(&mailbox).is_some());
                        witness.saw(String::from("core 2 took over"));
                    }
                }
            })
        });
    }
    (machine.reset(1, 900, None), witness.expects(["core 1 holds it", "core 2 took over"]))
}

/// Core 0 has held the lock, released it and died; core 1 must not take it for the holder of what is held now.
pub(super) fn dead_but_released(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (first, second) = (witness.clone(), witness.clone());
    let lock = Lock::new(core(2));
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = first.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let guard = lock.acquire(&mailbox, Deadline::Never).await.ok().unwrap();
                // Another task of this core waits in vain, and looks at the note, which caches its line.
                let found = lock.acquire(&mailbox, in_cycles(mailbox.mesh(), 20_000)).await;
                assert_eq!(found.err(), Some(LockError::TimedOut));
                drop(guard);
                witness.saw(String::from("released"));
                loop {
                    mailbox.mesh().is_in_reset(core(1));
                }
            })
        })
        .core(1, move |mesh| {
            let witness = second.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let mesh = mailbox.mesh();
                while witness.seen.borrow().is_empty() || !mesh.is_in_reset(core(0)) {
                    mesh.sleep_until(mesh.now() + Cycles::new(500)).await;
                }
                // Held by somebody who has not written its note yet.
                assert!(mesh.test_and_set(core(2)));
                let found = lock.acquire(&mailbox, in_cycles(mesh, 200_000)).await;
                witness.saw(format!("{:?}", found.err()));
            })
        });
    (machine.reset(0, 800, None), witness.expects(["released", "Some(TimedOut)"]))
}

/// Operations of the longest takeover among three cores, and some more.
const SEIZE_OPERATIONS: u8 = 24;

/// Waits until core `number` is in reset.
async fn until_dead(mesh: &impl Mesh, number: u8) {
    while !mesh.is_in_reset(core(number)) {
        mesh.sleep_until(mesh.now() + Cycles::new(500)).await;
    }
}

/// Takes the lock over as often as it finds its owner dead, until it holds it; dies within the first `risk` operations
/// of a takeover, if it takes so many and `risk` is not 0.
async fn take_over<'m, 'd, 'y>(
    lock: Lock,
    mailbox: &'m Mailbox<'d, FakeMesh<'y>>,
    risk: u8,
) -> LockGuard<'m, 'd, FakeMesh<'y>> {
    let deadline = in_cycles(mailbox.mesh(), 2_000_000);
    loop {
        let found = match lock.acquire(mailbox, deadline).await {
            Err(LockError::OwnerDead(note)) => {
                if risk > 0 {
                    mailbox.mesh().dies_within(risk);
                }
                let seized = lock.seize(mailbox, note);
                mailbox.mesh().lives_on();
                seized
            }
            other => other,
        };
        match found {
            Ok(guard) => return guard,
            Err(LockError::NotSeized) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Core 0 dies with the lock, core 1 dies while it takes it over or afterwards, and core 2 takes over from either.
pub(super) fn dead_seizer(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let lock = Lock::new(core(5));
    let mut machine = Machine::new(chooser);
    for me in 0..3_u8 {
        let witness = witness.clone();
        machine = machine.core(me, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(3));
                let mesh = mailbox.mesh();
                match me {
                    0 => {
                        let _guard = lock.acquire(&mailbox, Deadline::Never).await.ok().unwrap();
                        mesh.dies_within(1);
                        mesh.is_in_reset(core(1));
                    }
                    1 => {
                        until_dead(mesh, 0).await;
                        let found = lock.acquire(&mailbox, Deadline::Never).await;
                        let Err(LockError::OwnerDead(note)) = found else { panic!("core 0 is dead") };
                        mesh.dies_within(SEIZE_OPERATIONS);
                        let _guard = lock.seize(&mailbox, note).ok().unwrap();
                        loop {
                            mesh.is_in_reset(core(2));
                        }
                    }
                    _ => {
                        until_dead(mesh, 1).await;
                        drop(take_over(lock, &mailbox, 0).await);
                        assert!(lock.try_acquire(&mailbox).is_some());
                        witness.saw(String::from("core 2 took over"));
                    }
                }
            })
        });
    }
    (machine.calm_start(), witness.expects(["core 2 took over"]))
}

/// Core 0 dies with the lock on the register of core 1; cores 1 and 2 take it over at the same time, and core 1 may die
/// on the way. No two living cores ever hold it, and core 2 does in the end.
pub(super) fn rival_seizers(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let holder = Rc::new(Cell::new(None));
    let lock = Lock::new(core(1));
    let mut machine = Machine::new(chooser);
    for me in 0..3_u8 {
        let (witness, holder) = (witness.clone(), holder.clone());
        machine = machine.core(me, move |mesh| {
            let (witness, holder) = (witness.clone(), holder.clone());
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(3));
                let mesh = mailbox.mesh();
                if me == 0 {
                    let _guard = lock.acquire(&mailbox, Deadline::Never).await.ok().unwrap();
                    mesh.dies_within(1);
                    mesh.is_in_reset(core(1));
                }
                until_dead(mesh, 0).await;
                let risk = if me == 1 { SEIZE_OPERATIONS } else { 0 };
                let guard = take_over(lock, &mailbox, risk).await;
                let other = holder.replace(Some(me));
                assert!(
                    other.is_none_or(|other| mesh.is_in_reset(core(other))),
                    "{other:?} holds it, and {me}"
                );
                mesh.sleep_until(mesh.now() + Cycles::new(100)).await;
                holder.set(None);
                drop(guard);
                if me == 2 {
                    witness.saw(String::from("core 2 held it"));
                }
            })
        });
    }
    (machine.calm_start(), witness.expects(["core 2 held it"]))
}

/// Core 1 fails to take over the lock on its own register, the note of which it has looked at, and lives on; core 2
/// succeeds.
pub(super) fn withdrawn_claim(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let lock = Lock::new(core(1));
    let mut machine = Machine::new(chooser);
    for me in 0..3_u8 {
        let witness = witness.clone();
        machine = machine.core(me, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(3));
                let mesh = mailbox.mesh();
                if me == 0 {
                    let _guard = lock.acquire(&mailbox, Deadline::Never).await.ok().unwrap();
                    mesh.dies_within(1);
                    mesh.is_in_reset(core(1));
                }
                until_dead(mesh, 0).await;
                if me == 1 {
                    let other = LockNote { owner: core(9), life: mailbox.epoch() };
                    assert_eq!(lock.seize(&mailbox, other).err(), Some(LockError::NotSeized));
                    witness.saw(String::from("core 1 did not"));
                    witness.others(mesh, 1).await;
                    return;
                }
                while witness.seen.borrow().is_empty() {
                    mesh.sleep_until(mesh.now() + Cycles::new(500)).await;
                }
                let found = lock.acquire(&mailbox, Deadline::Never).await;
                let Err(LockError::OwnerDead(note)) = found else { panic!("core 0 is dead") };
                assert!(lock.seize(&mailbox, note).is_ok());
                witness.saw(String::from("core 2 did"));
                witness.finished.set(1);
            })
        });
    }
    (machine.calm_start(), witness.expects(["core 1 did not", "core 2 did"]))
}
