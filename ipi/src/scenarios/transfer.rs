//! Bulk data: what arrives is what was sent, whole or reported as failed.

use std::boxed::Box;
use std::string::ToString;
use std::vec;

use futures_util::join;

use super::*;
use crate::mailbox::Mode;
use crate::testing::FakeMesh;
use crate::transfer::{ReceiveError, TransferError, Transfers, get, put};
use crate::wire::Tag;

/// Content that differs from line to line and from message to message.
fn content(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|index| (index / 32 * 7 + index + seed * 37).to_le_bytes()[0]).collect()
}

const LENGTHS: [usize; 5] = [0, 1, 33, 512, 1_700];

/// Starts a mailbox and transfers on a core and does `$work` with them.
macro_rules! transferring {
    ($mesh:expr, $witness:expr, $settings:expr, $mode:expr, $cores:expr, |$transfers:ident| $work:expr) => {{
        let doorbell = $mesh.doorbell();
        let mailbox = Mailbox::start($mesh, &doorbell, $settings);
        let $transfers = Transfers::new(&mailbox, $mode).unwrap();
        mailbox.mesh().ready().await;
        either($witness.work(&mailbox, $cores, $work), $transfers.run()).await;
    }};
}
pub(super) use transferring;

async fn send_all(mesh: FakeMesh<'_>, witness: Witness, mode: Mode) {
    transferring!(mesh, witness, brisk(2), mode, 2, |transfers| async {
        let sends = (0..).zip(LENGTHS).map(|(number, length)| {
            let (transfers, message) = (&transfers, content(length, length));
            async move {
                // The own hello line, in which stamps lie, is cached.
                transfers.mailbox().life_of(core(0));
                let sent = transfers.send(core(1), Tag(number), &message, Deadline::Never).await;
                assert_eq!(sent, Ok(()), "{length} bytes");
            }
        });
        futures_util::future::join_all(sends).await;
    });
}

async fn receive_all(mesh: FakeMesh<'_>, witness: Witness, mode: Mode) {
    transferring!(mesh, witness, brisk(2), mode, 2, |transfers| async {
        // In another order than sent.
        for (number, length) in (0..5).zip(LENGTHS).rev() {
            let mut buffer = vec![0xEE; 2_000];
            let got = transfers.recv(core(0), Tag(number), &mut buffer, Deadline::Never).await;
            assert_eq!(got, Ok(length));
            assert!(buffer[..length] == content(length, length), "{length} bytes differ");
            assert!(buffer[length..].iter().all(|byte| *byte == 0xEE));
        }
        witness.saw("all received".to_string());
    });
}

/// Messages of several lengths at once, by doorbells.
pub(super) fn lengths(chooser: Chooser) -> (Machine, Check) {
    overlapping(chooser, Mode::Interrupt)
}

/// Messages of several lengths at once, polled.
pub(super) fn lengths_polled(chooser: Chooser) -> (Machine, Check) {
    overlapping(chooser, Mode::Polled(CoreSet::of(core(0)).with(core(1))))
}

fn overlapping(chooser: Chooser, mode: Mode) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| Box::pin(send_all(mesh, sender.clone(), mode)))
        .core(1, move |mesh| Box::pin(receive_all(mesh, receiver.clone(), mode)))
        .calm_start();
    (machine, witness.expects(["all received"]))
}

/// The receiver is reset and restarted while it receives; the sender is told each time, and messages that
/// arrive are whole.
pub(super) fn restarted_receiver(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), Mode::Interrupt, 1, |transfers| async {
                    let mut lives = Vec::new();
                    for seed in 0.. {
                        let deadline = in_cycles(transfers.mailbox().mesh(), 500_000);
                        let message = content(seed, 1_500);
                        let sent = transfers.send(core(1), Tag(3), &message, deadline).await;
                        let life = transfers.mailbox().life_of(core(1));
                        if sent.is_ok() && !lives.contains(&life) {
                            lives.push(life);
                        }
                        if lives.len() == 2 {
                            break;
                        }
                    }
                    witness.saw("two lives".to_string());
                });
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let transfers = Transfers::new(&mailbox, Mode::Interrupt).unwrap();
                let work = async {
                    loop {
                        let mut buffer = vec![0; 1_500];
                        let deadline = in_cycles(mailbox.mesh(), 600_000);
                        let got = transfers.recv(core(0), Tag(3), &mut buffer, deadline).await;
                        if got.is_ok() {
                            assert!((0..100).any(|seed| content(seed, 1_500) == buffer), "a torn message");
                        }
                    }
                };
                let all = async {
                    join!(work, transfers.run(), mailbox.run());
                };
                either(witness.others(mailbox.mesh(), 1), all).await;
            })
        })
        .reset(1, 1_200, Some(20_000));
    (machine, witness.expects(["two lives"]))
}

/// Five senders wait for the same few blocks, and give up in the middle over and over, so that blocks are used
/// again at once; the receivers get whole messages or errors.
pub(super) fn impatient_senders(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| Box::pin(give_up_often(mesh, sender.clone())))
        .core(1, move |mesh| Box::pin(check_all(mesh, receiver.clone())))
        .calm_start()
        .steps(2_000_000);
    let seen = witness.seen;
    let check = move || match seen.borrow().len() {
        5 => Ok(()),
        other => Err(format!("{other} last messages")),
    };
    (machine, Box::new(check))
}

const ATTEMPTS: usize = 5;
const CROWD: u16 = 5;

async fn give_up_often(mesh: FakeMesh<'_>, witness: Witness) {
    transferring!(mesh, witness, brisk(2), Mode::Interrupt, 1, |transfers| async {
        let senders = (0..CROWD).map(|tag| {
            let (transfers, witness) = (&transfers, &witness);
            async move {
                for attempt in 0..=ATTEMPTS {
                    let message = content(usize::from(tag) * 40 + attempt, 1_100);
                    let patience = 9_000 + 1_700 * u64::from(tag) + 2_300 * u64::try_from(attempt).unwrap();
                    let deadline = match attempt {
                        ATTEMPTS => Deadline::Never,
                        _ => in_cycles(transfers.mailbox().mesh(), patience),
                    };
                    let sent = transfers.send(core(1), Tag(tag), &message, deadline).await;
                    assert!(attempt < ATTEMPTS || sent == Ok(()), "{sent:?}");
                }
                // All is copied, but the receivers' futures have not completed yet.
                while witness.seen.borrow().len() < usize::from(CROWD) {
                    let mesh = transfers.mailbox().mesh();
                    mesh.sleep_until(mesh.now() + Cycles::new(1_000)).await;
                }
            }
        });
        futures_util::future::join_all(senders).await;
    });
}

async fn check_all(mesh: FakeMesh<'_>, witness: Witness) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
    let transfers = Transfers::new(&mailbox, Mode::Interrupt).unwrap();
    mailbox.mesh().ready().await;
    let receivers = (0..CROWD).map(|tag| {
        let (transfers, witness) = (&transfers, &witness);
        async move {
            loop {
                let mut buffer = vec![0; 1_100];
                match transfers.recv(core(0), Tag(tag), &mut buffer, Deadline::Never).await {
                    Ok(_) => {
                        let is = |attempt: &usize| content(usize::from(tag) * 40 + attempt, 1_100) == buffer;
                        let attempt = (0..=ATTEMPTS).find(is).expect("a message is whole");
                        if attempt == ATTEMPTS {
                            witness.saw(format!("the last of {tag}"));
                        }
                    }
                    Err(error) => assert_eq!(error, ReceiveError::GivenUp),
                }
            }
        }
    });
    let all = async {
        join!(futures_util::future::join_all(receivers), transfers.run(), mailbox.run());
    };
    either(witness.others(mailbox.mesh(), 1), all).await;
}

/// A message longer than the blocks is given up before anybody has asked for it, and its sender does nothing any more.
pub(super) fn given_up_unasked(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), Mode::Interrupt, 2, |transfers| async {
                    let deadline = in_cycles(transfers.mailbox().mesh(), 15_000);
                    let sent = transfers.send(core(1), Tag(0), &[7; 3_000], deadline).await;
                    assert!(sent.is_err(), "{sent:?}");
                });
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), Mode::Interrupt, 2, |transfers| async {
                    let mesh = transfers.mailbox().mesh();
                    mesh.sleep_until(mesh.now() + Cycles::new(30_000)).await;
                    let mut buffer = [0; 3_000];
                    let got = transfers.recv(core(0), Tag(0), &mut buffer, Deadline::Never).await;
                    assert_eq!(got, Err(ReceiveError::GivenUp));
                    witness.saw("given up".to_string());
                });
            })
        })
        .calm_start();
    (machine, witness.expects(["given up"]))
}

/// Short messages by doorbells.
pub(super) fn short_ones(chooser: Chooser) -> (Machine, Check) {
    short(chooser, Mode::Interrupt)
}

/// Short messages, polled.
pub(super) fn short_ones_polled(chooser: Chooser) -> (Machine, Check) {
    short(chooser, Mode::Polled(CoreSet::of(core(0)).with(core(1))))
}

/// A short message is given up at some moment, perhaps while it is copied, and its block used for the next one at once.
fn short(chooser: Chooser, mode: Mode) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), mode, 1, |transfers| async {
                    let deadline = in_cycles(transfers.mailbox().mesh(), 2_500);
                    // Whether this one arrives is left open.
                    if let Err(error) = transfers.send(core(1), Tag(1), &[1; 70], deadline).await {
                        assert!(matches!(error, TransferError::Offer(_) | TransferError::Peer(_)), "{error}");
                    }
                    let sent = transfers.send(core(1), Tag(1), &[2; 70], Deadline::Never).await;
                    assert_eq!(sent, Ok(()));
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
                    loop {
                        let mut buffer = [0; 70];
                        match transfers.recv(core(0), Tag(1), &mut buffer, Deadline::Never).await {
                            Ok(_) => {
                                assert!(buffer == [1; 70] || buffer == [2; 70], "torn: {buffer:?}");
                                if buffer == [2; 70] {
                                    witness.saw("the second".to_string());
                                }
                            }
                            Err(error) => assert_eq!(error, ReceiveError::GivenUp),
                        }
                    }
                };
                let all = async {
                    join!(work, transfers.run(), mailbox.run());
                };
                either(witness.others(mailbox.mesh(), 1), all).await;
            })
        })
        .calm_start();
    (machine, witness.expects(["the second"]))
}

/// One message after the other through the same blocks, polled; each is longer than they are.
pub(super) fn long_ones(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let mode = Mode::Polled(CoreSet::of(core(0)).with(core(1)));
    let message = |round: usize| content(round, 2_100 + 500 * round);
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), mode, 2, |transfers| async {
                    for round in 0..3 {
                        let sent = transfers.send(core(1), Tag(1), &message(round), Deadline::Never).await;
                        assert_eq!(sent, Ok(()));
                    }
                });
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), mode, 2, |transfers| async {
                    for round in 0..3 {
                        let mut buffer = vec![0; 4_000];
                        let got = transfers.recv(core(0), Tag(1), &mut buffer, Deadline::Never).await;
                        assert!(got == Ok(message(round).len()) && buffer.starts_with(&message(round)));
                    }
                    witness.saw("all received".to_string());
                });
            })
        })
        .calm_start();
    (machine, witness.expects(["all received"]))
}

/// Two cores take turns in writing to a window of the first and reading it, told apart by counters only.
pub(super) fn windows(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let turn = scc::fpga::CounterId::new(90).unwrap();
    let mut machine = Machine::new(chooser);
    for me in 0..2_u8 {
        let witness = witness.clone();
        machine = machine.core(me, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                mesh.ready().await;
                for round in 0..3_u8 {
                    while mesh.counter(turn) != u32::from(round * 2 + me) {
                        mesh.sleep_until(mesh.now() + Cycles::new(500)).await;
                    }
                    let mut seen = [0; 70];
                    get(&mesh, core(0), 10, &mut seen).unwrap();
                    let before = (round * 2 + me).wrapping_sub(1);
                    assert!(round + me == 0 || seen == [before; 70], "an old window: {seen:?}");
                    put(&mesh, core(0), 10, &[round * 2 + me; 70]).unwrap();
                    mesh.count_up(turn);
                }
                witness.saw("done".to_string());
            })
        });
    }
    (machine.calm_start(), witness.expects(["done", "done"]))
}

/// One core looks into a window until another has put something there.
pub(super) fn watched_window(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let watcher = witness.clone();
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            Box::pin(async move {
                mesh.ready().await;
                mesh.sleep_until(mesh.now() + Cycles::new(5_000)).await;
                put(&mesh, core(1), 511, &[5]).unwrap();
                assert!(put(&mesh, core(1), 511, &[5, 6]).is_err());
            })
        })
        .core(1, move |mesh| {
            let witness = watcher.clone();
            Box::pin(async move {
                mesh.ready().await;
                let mut seen = [0];
                while seen != [5] {
                    mesh.sleep_until(mesh.now() + Cycles::new(900)).await;
                    get(&mesh, core(1), 511, &mut seen).unwrap();
                }
                witness.saw("seen".to_string());
            })
        })
        .calm_start();
    (machine, witness.expects(["seen"]))
}

#[test]
fn message_longer_than_the_buffer_is_declined() {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let mut machine = Machine::new(Chooser::seeded(4, crate::testing::Odds::HOSTILE))
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), Mode::Interrupt, 2, |transfers| async {
                    let sent = transfers.send(core(1), Tag(0), &[0; 100], Deadline::Never).await;
                    assert_eq!(sent, Err(TransferError::Declined));
                });
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                transferring!(mesh, witness, brisk(2), Mode::Interrupt, 2, |transfers| async {
                    let got = transfers.recv(core(0), Tag(0), &mut [0; 99], Deadline::Never).await;
                    assert_eq!(got, Err(ReceiveError::TooLong(100)));
                });
            })
        });
    assert_eq!(machine.run(), Outcome::Finished, "{}", machine.report());
    assert_eq!(witness.finished.get(), 2);
}
