//! Calls where a task of a class of its own takes letters in. Nothing is lost, so nobody needs to ring again, and nobody does.

use std::boxed::Box;
use std::string::ToString;

use futures_util::{join, poll};

use super::seat::{run_beside, unaided};
use super::*;
use crate::mailbox::Mode;
use crate::rpc::{Class, Options, Procedure, Rpc};
use crate::testing::Odds;

/// Cycles after which one who takes letters in ends.
const ABANDONED: u64 = 30_000;

/// Doubles a number.
struct Double;

impl Procedure for Double {
    const NUMBER: u8 = 4;
    type Request = u8;
    type Reply = u8;
}

/// What the callee polls besides its server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Callee {
    /// What takes letters in apart, and nothing else.
    Apart,
    /// That once, as if it waited for something else, until it ends with a letter in its queue; and the rest.
    Abandoned,
    /// Both, in a polled mode.
    Polled,
}

/// Calls core 1 some times; the caller has what takes letters in apart as well.
fn called(seed: u64, class: Class, how: Callee) {
    let witness = Witness::default();
    let (caller, callee) = (witness.clone(), witness.clone());
    let mut machine = Machine::new(Chooser::seeded(seed, Odds::SWITCHING))
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, unaided());
                let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    for number in 0..3 {
                        let options = Options::until(in_cycles(mailbox.mesh(), 1_000_000));
                        let options = Options { class, ..options };
                        assert_eq!(rpc.call::<Double>(core(1), &number, options).await, Ok(number * 2));
                    }
                    witness.saw("answered".to_string());
                };
                let rest = async { _ = join!(rpc.run(), rpc.take_in()) };
                either(witness.work(&mailbox, 2, work), rest).await;
            })
        })
        .core(1, move |mesh| {
            let witness = callee.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, unaided());
                let mode =
                    if how == Callee::Polled { Mode::Polled(CoreSet::of(core(0))) } else { Mode::Interrupt };
                let rpc = Rpc::new(&mailbox, mode).unwrap();
                mailbox.mesh().ready().await;
                let taken_in = async {
                    if how == Callee::Abandoned {
                        let mut taken_in = Box::pin(rpc.take_in());
                        assert!(poll!(taken_in.as_mut()).is_pending());
                        mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(ABANDONED)).await;
                    } else {
                        rpc.take_in().await;
                    }
                };
                let rest = async {
                    if how != Callee::Apart {
                        rpc.run().await;
                    }
                };
                let work = async {
                    let server = rpc.serve::<Double>(class, async |_, number| number * 2);
                    let at_work = async { _ = join!(server, taken_in) };
                    either(witness.others(mailbox.mesh(), 1), at_work).await;
                };
                run_beside(&witness, &mailbox, Box::pin(work), Box::pin(rest)).await;
            })
        })
        .calm_start();
    assert_eq!(machine.run(), Outcome::Finished, "seed {seed}: {}", machine.report());
    assert_eq!(*witness.seen.borrow(), ["answered"]);
}

fn called_often(how: Callee) {
    for class in [Class::Urgent, Class::Ordinary] {
        (0..8).for_each(|seed| called(seed, class, how));
    }
}

#[test]
fn calls_are_taken_in_apart_and_served_without_the_rest() {
    called_often(Callee::Apart);
}

#[test]
fn letters_are_left_to_the_rest_once_nobody_takes_them_in_apart() {
    called_often(Callee::Abandoned);
}

#[test]
fn letters_are_left_to_those_who_poll() {
    called_often(Callee::Polled);
}
