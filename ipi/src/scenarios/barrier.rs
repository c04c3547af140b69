//! Barriers: nobody passes before everybody has arrived.

use std::boxed::Box;
use std::cell::Cell;
use std::format;
use std::rc::Rc;

use super::*;
use crate::barrier::{CounterBarrier, FlagBarrier};
use crate::group::Group;
use crate::layout::BarrierId;
use crate::mailbox::Mode;

/// Three cores pass a flag barrier twice, by doorbells.
pub(super) fn rung(chooser: Chooser) -> (Machine, Check) {
    flags(chooser, 3, Mode::Interrupt)
}

/// Two cores pass a flag barrier twice, by doorbells.
pub(super) fn of_two(chooser: Chooser) -> (Machine, Check) {
    flags(chooser, 2, Mode::Interrupt)
}

/// Three cores pass a flag barrier twice, polling; nothing else comes to their help.
pub(super) fn polled(chooser: Chooser) -> (Machine, Check) {
    flags(chooser, 3, Mode::Polled(CoreSet::EMPTY))
}

fn flags(chooser: Chooser, cores: u8, mode: Mode) -> (Machine, Check) {
    let witness = Witness::default();
    let arrived = Rc::new(Cell::new(0));
    let mut machine = Machine::new(chooser);
    for me in 0..cores {
        let (witness, arrived) = (witness.clone(), arrived.clone());
        machine = machine.core(me, move |mesh| {
            let (witness, arrived) = (witness.clone(), arrived.clone());
            Box::pin(async move {
                let slow = Cycles::new(50_000_000);
                let settings = match mode {
                    Mode::Polled(_) => Settings { first_ring: slow, rescan: slow, ..brisk(cores) },
                    _ => brisk(cores),
                };
                let doorbell;
                let mailbox = start!(mesh, doorbell, settings);
                let members: Vec<_> = (0..cores).map(core).collect();
                let group = Group::new(&members).unwrap();
                let mut barrier = FlagBarrier::new(group, BarrierId::new(1).unwrap(), 7, mode);
                let work = async {
                    for passage in 1..=2_u32 {
                        arrived.set(arrived.get() + 1);
                        let deadline = in_cycles(mailbox.mesh(), 1_000_000);
                        assert_eq!(barrier.wait(&mailbox, deadline).await, Ok(()));
                        assert!(arrived.get() >= passage * u32::from(cores), "passed too early");
                    }
                };
                witness.work(&mailbox, cores.into(), work).await;
            })
        });
    }
    let seen = witness.finished.clone();
    let check = move || match seen.get() {
        finished if finished == usize::from(cores) => Ok(()),
        finished => Err(format!("{finished} cores passed")),
    };
    (machine.calm_start(), Box::new(check))
}

/// Two cores pass a flag barrier, one of them restarted.
pub(super) fn of_two_with_a_restarted_one(chooser: Chooser) -> (Machine, Check) {
    with_a_restarted_one(chooser, 2)
}

/// Three cores pass a flag barrier, one of them restarted.
pub(super) fn of_three_with_a_restarted_one(chooser: Chooser) -> (Machine, Check) {
    with_a_restarted_one(chooser, 3)
}

/// Others arrive while core 1 still shows the hello line of a life that is over, or none; what they write by then, its
/// start clears.
fn with_a_restarted_one(chooser: Chooser, cores: u8) -> (Machine, Check) {
    let witness = Witness::default();
    let mut machine = Machine::new(chooser);
    for me in 0..cores {
        let witness = witness.clone();
        machine = machine.core(me, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                let is_first_life = mesh.counter(crate::layout::life_counter(core(me))) == 0;
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(cores));
                if me == 1 && is_first_life {
                    // Until the machine resets it.
                    loop {
                        mailbox.mesh().is_in_reset(core(0));
                    }
                }
                let members: Vec<_> = (0..cores).map(core).collect();
                let group = Group::new(&members).unwrap();
                let mut barrier = FlagBarrier::new(group, BarrierId::new(1).unwrap(), 7, Mode::Interrupt);
                let work = async {
                    while me != 1 && mailbox.life_of(core(1)).is_none() {
                        mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(1_000)).await;
                    }
                    let deadline = in_cycles(mailbox.mesh(), 1_000_000);
                    assert_eq!(barrier.wait(&mailbox, deadline).await, Ok(()));
                    witness.saw(String::from("passed"));
                };
                witness.work(&mailbox, cores.into(), work).await;
            })
        });
    }
    let seen = witness.seen;
    let check = move || match seen.borrow().len() {
        passed if passed == usize::from(cores) => Ok(()),
        passed => Err(format!("{passed} cores passed")),
    };
    (machine.reset(1, 800, Some(20_000)), Box::new(check))
}

/// Three cores pass a flag barrier twice, one of which starts its mailbox long after the others.
pub(super) fn with_a_late_one(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let mut machine = Machine::new(chooser);
    for me in 0..3_u8 {
        let witness = witness.clone();
        machine = machine.core(me, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                mesh.sleep_until(mesh.now() + Cycles::new(u64::from(me) * 9_000)).await;
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(3));
                let group = Group::new(&[core(0), core(2), core(1)]).unwrap();
                let mut barrier = FlagBarrier::new(group, BarrierId::new(1).unwrap(), 7, Mode::Interrupt);
                let work = async {
                    for _ in 0..2 {
                        let deadline = in_cycles(mailbox.mesh(), 1_000_000);
                        assert_eq!(barrier.wait(&mailbox, deadline).await, Ok(()));
                    }
                    witness.saw(String::from("passed"));
                };
                witness.work(&mailbox, 3, work).await;
            })
        });
    }
    (machine, witness.expects(["passed", "passed", "passed"]))
}

/// Three cores pass a counting barrier three times.
pub(super) fn counted(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let arrived = Rc::new(Cell::new(0));
    let mut machine = Machine::new(chooser);
    for me in 0..3_u8 {
        let (witness, arrived) = (witness.clone(), arrived.clone());
        machine = machine.core(me, move |mesh| {
            let (witness, arrived) = (witness.clone(), arrived.clone());
            Box::pin(async move {
                mesh.ready().await;
                let mut barrier = CounterBarrier::new(BarrierId::new(0).unwrap(), 3).unwrap();
                for passage in 1..=3 {
                    arrived.set(arrived.get() + 1);
                    let deadline = in_cycles(&mesh, 1_000_000);
                    assert_eq!(barrier.wait(&mesh, deadline).await, Ok(()));
                    assert!(arrived.get() >= passage * 3, "passed too early");
                }
                witness.saw(String::from("passed"));
            })
        });
    }
    (machine.calm_start(), witness.expects(["passed", "passed", "passed"]))
}
