//! Arbitrary bytes in every line that others write: nothing panics, and talk goes on once they stop.

use std::boxed::Box;

use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::test_runner::Config;

use super::*;
use crate::layout::LINE;
use crate::mailbox::Mode;
use crate::mesh::MpbAddress;
use crate::rpc::{Caller, Class, Procedure, Rpc};
use crate::testing::{FakeMesh, Odds};
use crate::transfer::Transfers;
use crate::wire::Tag;

struct Echo;

impl Procedure for Echo {
    const NUMBER: u8 = 1;
    type Request = u32;
    type Reply = u32;
}

/// Lines 0 to 255 and what is written there.
type Scribbles = Vec<(u16, [u8; LINE])>;

async fn scribble(mesh: FakeMesh<'_>, scribbles: Scribbles, witness: Witness) {
    let mut wait = 30_000;
    for (line, bytes) in scribbles {
        mesh.sleep_until(mesh.now() + Cycles::new(wait)).await;
        wait = 700;
        let at = MpbAddress::new(core(1), line * 32).unwrap();
        mesh.write(at, &bytes);
        mesh.push(crate::mesh::Push::Letter);
        mesh.ring(core(1));
    }
    witness.finished.set(1);
}

async fn victim(mesh: FakeMesh<'_>, witness: Witness) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, brisk(3));
    let receiver = mailbox.open(channel(0), Mode::Interrupt).unwrap();
    let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
    let transfers = Transfers::new(&mailbox, Mode::Interrupt).unwrap();
    let echo = async |_: Caller, number: u32| number;
    let receive = async {
        let mut buffer = [0; 600];
        let deadline = in_cycles(mailbox.mesh(), 100_000);
        // Nobody sends: whatever the garbage says, there is an end.
        let got = transfers.recv(core(0), Tag(0), &mut buffer, deadline).await;
        assert!(got.is_err(), "garbage makes no whole message");
        loop {
            receiver.recv().await;
        }
    };
    let all = async {
        futures_util::join!(
            mailbox.run(),
            rpc.run(),
            transfers.run(),
            rpc.serve::<Echo>(Class::Ordinary, echo),
            receive
        );
    };
    let done = async {
        witness.others(mailbox.mesh(), 1).await;
        mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(100_000)).await;
    };
    either(done, all).await;
    witness.saw(String::from("survived"));
}

proptest! {
    #![proptest_config(Config { cases: 100, failure_persistence: None, ..Config::default() })]
    #[test]
    fn arbitrary_bytes_in_any_line_do_no_harm(
        seed in any::<u64>(),
        scribbles in proptest::collection::vec((0..256_u16, any::<[u8; LINE]>()), 1..30),
        plausible in any::<bool>(),
    ) {
        let witness = Witness::default();
        let (first, second) = (witness.clone(), witness.clone());
        let scribbles: Scribbles = scribbles.into_iter().map(|(line, mut bytes)| {
            if plausible {
                // A letter of life 1 for life 1 on some channel, with any content.
                bytes[22] &= 0xF;
                bytes[24] %= 19;
                bytes[25] = 0;
                let sequence = bytes[30] % 4;
                bytes[26..32].copy_from_slice(&[1, 0, 1, 0, sequence, 0]);
            }
            (if plausible { line % 48 } else { line }, bytes)
        }).collect();
        let mut machine = Machine::new(Chooser::seeded(seed, Odds::SWITCHING)).steps(2_000_000)
            .core(0, move |mesh| Box::pin(scribble(mesh, scribbles.clone(), first.clone())))
            .core(1, move |mesh| Box::pin(victim(mesh, second.clone())));
        prop_assert_eq!(machine.run(), Outcome::Finished);
        prop_assert_eq!(witness.seen.borrow().len(), 1);
    }
}
