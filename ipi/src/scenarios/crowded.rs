//! More messages than anybody asks for yet.

use std::boxed::Box;
use std::string::ToString;
use std::vec;

use super::transfer::transferring;
use super::*;
use crate::mailbox::Mode;
use crate::testing::{FakeMesh, Odds};
use crate::transfer::Transfers;
use crate::wire::Tag;

/// Messages of each core that is not asked yet: as many as can be on offer.
const EACH: u16 = 16;

/// Bytes of each message.
const LENGTH: usize = 700;

const CORES: u8 = 4;

/// Two cores offer all they can before a third one does, which is asked first.
pub(super) fn asked_for_last(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let mut machine = Machine::new(chooser).steps(2_000_000);
    for from in 1..CORES {
        let witness = witness.clone();
        machine = machine.core(from, move |mesh| Box::pin(send_all(mesh, witness.clone())));
    }
    let receiver = witness.clone();
    let machine = machine.core(0, move |mesh| Box::pin(receive_all(mesh, receiver.clone()))).calm_start();
    (machine, witness.expects(["all received"]))
}

const fn is_late(from: CoreId) -> bool {
    from.number() == CORES - 1
}

fn content(from: CoreId, tag: u16) -> Vec<u8> {
    vec![from.number() * 16 + tag.to_le_bytes()[0]; LENGTH]
}

async fn send_all(mesh: FakeMesh<'_>, witness: Witness) {
    transferring!(mesh, witness, brisk(CORES), Mode::Interrupt, CORES.into(), |transfers| async {
        let mesh = transfers.mailbox().mesh();
        let own = mesh.core();
        if is_late(own) {
            mesh.sleep_until(mesh.now() + Cycles::new(200_000)).await;
        }
        let sends = (0..EACH).map(|tag| {
            let transfers = &transfers;
            async move {
                let sent = transfers.send(core(0), Tag(tag), &content(own, tag), Deadline::Never).await;
                assert_eq!(sent, Ok(()));
            }
        });
        futures_util::future::join_all(sends).await;
    });
}

async fn receive_all(mesh: FakeMesh<'_>, witness: Witness) {
    transferring!(mesh, witness, brisk(CORES), Mode::Interrupt, CORES.into(), |transfers| async {
        let mesh = transfers.mailbox().mesh();
        mesh.sleep_until(mesh.now() + Cycles::new(400_000)).await;
        for from in (1..CORES).rev().map(core) {
            for tag in (0..EACH).rev() {
                let mut buffer = vec![0; LENGTH];
                let got = transfers.recv(from, Tag(tag), &mut buffer, Deadline::Never).await;
                assert_eq!(got, Ok(LENGTH));
                assert!(buffer == content(from, tag), "another message");
            }
        }
        witness.saw("all received".to_string());
    });
}

/// Offers without content that fill the receiver's queue.
const EMPTY: u16 = 8;

#[test]
fn polled_offer_that_finds_no_room_is_offered_again() {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let mode = Mode::Polled(CoreSet::of(core(0)).with(core(1)));
    let mut machine = Machine::new(Chooser::seeded(5, Odds::SWITCHING))
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), mode, 2, |transfers| async {
                    let mesh = transfers.mailbox().mesh();
                    let sends = (0..=EMPTY).map(|tag| {
                        let transfers = &transfers;
                        async move {
                            let message = if tag == EMPTY { &[7; 70][..] } else { &[] };
                            if tag == EMPTY {
                                mesh.sleep_until(mesh.now() + Cycles::new(300_000)).await;
                            }
                            let sent = transfers.send(core(1), Tag(tag), message, Deadline::Never).await;
                            assert_eq!(sent, Ok(()));
                        }
                    });
                    futures_util::future::join_all(sends).await;
                });
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let transfers = Transfers::new(&mailbox, mode).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    // Meanwhile the queue fills.
                    mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(500_000)).await;
                    assert_eq!(mailbox.statistics().refused, 1);
                    let receive = async {
                        for tag in 0..=EMPTY {
                            let mut buffer = [0; 70];
                            let got = transfers.recv(core(0), Tag(tag), &mut buffer, Deadline::Never).await;
                            assert_eq!(got, Ok(if tag == EMPTY { 70 } else { 0 }));
                            assert_eq!(buffer, [if tag == EMPTY { 7 } else { 0 }; 70]);
                        }
                    };
                    either(receive, transfers.run()).await;
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .calm_start();
    assert_eq!(machine.run(), Outcome::Finished, "{}", machine.report());
}
