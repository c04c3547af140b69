//! Urgent calls while nothing takes ordinary ones in.

use std::boxed::Box;
use std::string::ToString;

use futures_util::join;

use super::*;
use crate::mailbox::Mode;
use crate::rpc::{Class, Options, Procedure, Rpc};
use crate::testing::Odds;

/// Doubles a number.
struct Double;

impl Procedure for Double {
    const NUMBER: u8 = 4;
    type Request = u8;
    type Reply = u8;
}

/// Calls core 1 urgently, which polls what serves urgent calls and, if `is_run`, the rest.
fn called(seed: u64, mode: Mode, is_run: bool) {
    let witness = Witness::default();
    let (caller, callee) = (witness.clone(), witness.clone());
    let mut machine = Machine::new(Chooser::seeded(seed, Odds::SWITCHING))
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    for number in 0..3 {
                        let options = Options::until(in_cycles(mailbox.mesh(), 1_000_000)).urgent();
                        assert_eq!(rpc.call::<Double>(core(1), &number, options).await, Ok(number * 2));
                    }
                    witness.saw("answered".to_string());
                };
                either(witness.work(&mailbox, 1, work), rpc.run()).await;
            })
        })
        .core(1, move |mesh| {
            let witness = callee.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let rpc = Rpc::new(&mailbox, mode).unwrap();
                mailbox.mesh().ready().await;
                let rest = async {
                    if is_run {
                        rpc.run().await;
                    }
                };
                let all = async {
                    let server = rpc.serve::<Double>(Class::Urgent, async |_, number| number * 2);
                    let _ = join!(server, rpc.run_urgent(), rest, mailbox.run());
                };
                either(witness.others(mailbox.mesh(), 1), all).await;
            })
        })
        .calm_start();
    assert_eq!(machine.run(), Outcome::Finished, "seed {seed}: {}", machine.report());
    assert_eq!(*witness.seen.borrow(), ["answered"]);
}

#[test]
fn urgent_call_is_taken_in_and_served_without_what_takes_ordinary_ones_in() {
    (0..8).for_each(|seed| called(seed, Mode::Interrupt, false));
}

#[test]
fn urgent_call_is_left_to_those_who_poll() {
    (0..8).for_each(|seed| called(seed, Mode::Polled(CoreSet::of(core(0))), true));
}
