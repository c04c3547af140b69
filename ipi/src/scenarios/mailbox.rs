//! Mail between two and three cores.

use std::boxed::Box;
use std::format;
use std::string::String;

use super::*;
use crate::mailbox::{Mode, SendError};

/// One core sends three mails, the other receives them, both by doorbells.
pub(super) fn three_mails(chooser: Chooser) -> (Machine, Check) {
    mails(chooser, Mode::Interrupt, None, 3)
}

/// One core sends two mails, the other receives them, both by doorbells.
pub(super) fn two_mails(chooser: Chooser) -> (Machine, Check) {
    mails(chooser, Mode::Interrupt, None, 2)
}

/// One core sends two mails to another that waits for it alone, both by doorbells.
pub(super) fn two_mails_of_one(chooser: Chooser) -> (Machine, Check) {
    mails(chooser, Mode::Interrupt, Some(core(0)), 2)
}

/// The same with a receiver and a sender that poll; nothing but its own looks shows the receiver a letter.
pub(super) fn three_mails_polled(chooser: Chooser) -> (Machine, Check) {
    mails(chooser, Mode::Polled(CoreSet::of(core(0)).with(core(1))), None, 3)
}

/// The same with a receiver that polls for one sender only.
pub(super) fn three_mails_polled_of_one(chooser: Chooser) -> (Machine, Check) {
    mails(chooser, Mode::Polled(CoreSet::of(core(0))), Some(core(0)), 3)
}

fn mails(chooser: Chooser, mode: Mode, from: Option<CoreId>, count: u8) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, Settings { acknowledge: mode, ..brisk(2) });
                let work = async {
                    for number in 0..count {
                        let mail = mail(channel(2), &[number; 18]);
                        let sent = mailbox.send(core(1), mail, Deadline::Never).await;
                        assert_eq!(sent, Ok(()));
                    }
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                let settings = brisk(2);
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, settings);
                let receiver = mailbox.open(channel(2), mode).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    for _ in 0..count {
                        let received = match from {
                            Some(core) => receiver.recv_from(core).await,
                            None => receiver.recv().await,
                        };
                        let content = received.mail.payload().to_vec();
                        witness.saw(format!("{content:?}"));
                    }
                };
                match mode {
                    Mode::Polled(_) => witness.work_alone(mailbox.mesh(), 2, work).await,
                    Mode::Interrupt | Mode::Hybrid(..) => witness.work(&mailbox, 2, work).await,
                }
            })
        })
        .calm_start();
    let seen = witness.seen;
    let check = move || {
        let expected: Vec<_> = (0..count).map(|number| format!("{:?}", [number; 18])).collect();
        let seen = seen.borrow();
        if *seen == expected { Ok(()) } else { Err(format!("saw {seen:?}")) }
    };
    (machine, Box::new(check))
}

/// A core sends more than the channel holds; another channel of the same pair stays open meanwhile.
pub(super) fn full_channel(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let many = async {
                    for number in 0..10 {
                        let mail = mail(channel(2), &[number]);
                        assert_eq!(mailbox.send(core(1), mail, Deadline::Never).await, Ok(()));
                    }
                };
                let one = async {
                    while mailbox.is_open_to(core(1), channel(2)) || mailbox.statistics().accepted > 0 {
                        crate::pause::pause().await;
                        mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(500)).await;
                    }
                    let passing = mail(channel(3), b"passes");
                    assert_eq!(mailbox.send(core(1), passing, Deadline::Never).await, Ok(()));
                };
                let both = async {
                    futures_util::join!(many, one);
                };
                witness.work(&mailbox, 2, both).await;
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let slow = mailbox.open(channel(2), Mode::Interrupt).unwrap();
                let other = mailbox.open(channel(3), Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    while mailbox.closed_to(core(0)).bits() == 0 {
                        mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(500)).await;
                    }
                    other.recv().await;
                    for _ in 0..10 {
                        let received = slow.recv().await;
                        witness.saw(format!("{:?}", received.mail.payload()));
                    }
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .calm_start();
    let expected = ["[0]", "[1]", "[2]", "[3]", "[4]", "[5]", "[6]", "[7]", "[8]", "[9]"];
    let check = witness.expects(expected);
    (machine, check)
}

/// Two cores post to each other without waiting; the mailbox sends again what was refused.
pub(super) fn posted_both_ways(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let mut machine = Machine::new(chooser);
    for me in 0..2_u8 {
        let witness = witness.clone();
        machine = machine.core(me, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let receiver = mailbox.open(channel(1), Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let peer = core(1 - me);
                let work = async {
                    for number in 0..2 {
                        while mailbox.try_send(peer, &mail(channel(1), &[number])).is_err() {
                            mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(700)).await;
                        }
                    }
                    let first = receiver.recv_from(peer).await;
                    let second = receiver.recv_from(peer).await;
                    assert_eq!(mailbox.take_undelivered(peer), None);
                    witness.saw(format!("{:?}{:?}", first.mail.payload(), second.mail.payload()));
                };
                witness.work(&mailbox, 2, work).await;
            })
        });
    }
    (machine.calm_start(), witness.expects(["[0][1]", "[0][1]"]))
}

/// The receiver is reset and restarted; the sender is told, and can send to the new life.
pub(super) fn restarted_receiver(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .filled_with(0xA5)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let work = async {
                    let mut lives = std::vec::Vec::new();
                    let mut number = 0;
                    while lives.len() < 2 {
                        let deadline = in_cycles(mailbox.mesh(), 200_000);
                        let sent = mailbox.send(core(1), mail(channel(0), &[number]), deadline).await;
                        if sent.is_ok() {
                            number += 1;
                            let life = mailbox.life_of(core(1));
                            if !lives.contains(&life) {
                                lives.push(life);
                            }
                        }
                    }
                };
                witness.work(&mailbox, 1, work).await;
                witness.saw(String::from("two lives"));
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let receiver = mailbox.open(channel(0), Mode::Interrupt).unwrap();
                let mut last = None;
                let work = async {
                    while witness.finished.get() == 0 {
                        let sleep = mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(5_000));
                        let receive = async {
                            let received = receiver.recv().await;
                            let number = received.mail.payload()[0];
                            assert!(last.is_none_or(|last| last < number), "{number} after {last:?}");
                            last = Some(number);
                        };
                        either(receive, sleep).await;
                    }
                };
                either(work, mailbox.run()).await;
            })
        })
        .reset(1, 700, Some(9_000));
    (machine, witness.expects(["two lives"]))
}

/// A core sends to itself, through its own lines.
pub(super) fn own_mail(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let program = witness.clone();
    let machine = Machine::new(chooser).core(0, move |mesh| {
        let witness = program.clone();
        Box::pin(async move {
            let doorbell;
            let mailbox = start!(mesh, doorbell, brisk(1));
            let receiver = mailbox.open(channel(0), Mode::Interrupt).unwrap();
            let work = async {
                for number in 0..3 {
                    let deadline = in_cycles(mailbox.mesh(), 200_000);
                    let sent = mailbox.send(core(0), mail(channel(0), &[number]), deadline).await;
                    assert_eq!(sent, Ok(()));
                    witness.saw(format!("{:?}", receiver.recv().await.mail.payload()));
                }
            };
            witness.work(&mailbox, 1, work).await;
        })
    });
    (machine, witness.expects(["[0]", "[1]", "[2]"]))
}

/// A core sends itself more than the channel holds, and tells itself when there is room.
pub(super) fn own_full_channel(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let program = witness.clone();
    let machine = Machine::new(chooser).core(0, move |mesh| {
        let witness = program.clone();
        Box::pin(async move {
            let doorbell;
            let mailbox = start!(mesh, doorbell, brisk(1));
            let receiver = mailbox.open(channel(0), Mode::Interrupt).unwrap();
            let send = async {
                for number in 0..10 {
                    assert_eq!(
                        mailbox.send(core(0), mail(channel(0), &[number]), Deadline::Never).await,
                        Ok(())
                    );
                }
            };
            let receive = async {
                while mailbox.closed_to(core(0)).bits() == 0 {
                    mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(500)).await;
                }
                for number in 0..10 {
                    assert_eq!(receiver.recv().await.mail.payload(), [number]);
                }
            };
            let both = async {
                futures_util::join!(send, receive);
            };
            witness.work(&mailbox, 1, both).await;
            witness.saw(String::from("all"));
        })
    });
    (machine, witness.expects(["all"]))
}

/// A core sends before the other has a mailbox; only the hello line is looked at in between.
pub(super) fn late_receiver(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let settings = Settings { rescan: Cycles::new(10_000_000), ..brisk(2) };
                let mailbox = start!(mesh, doorbell, settings);
                let work = async {
                    let deadline = in_cycles(mailbox.mesh(), 400_000);
                    let sent = mailbox.send(core(1), mail(channel(0), b"early"), deadline).await;
                    assert_eq!(sent, Ok(()));
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                mesh.sleep_until(mesh.now() + Cycles::new(50_000)).await;
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let receiver = mailbox.open(channel(0), Mode::Interrupt).unwrap();
                let work = async {
                    witness.saw(format!("{:?}", receiver.recv().await.mail.payload()));
                };
                witness.work(&mailbox, 2, work).await;
            })
        });
    (machine, witness.expects(["[101, 97, 114, 108, 121]"]))
}

#[test]
fn mail_to_a_core_without_a_mailbox_fails_at_the_deadline() {
    let witness = Witness::default();
    let sender = witness.clone();
    let mut machine =
        Machine::new(Chooser::seeded(1, crate::testing::Odds::SWITCHING)).core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let deadline = in_cycles(mailbox.mesh(), 50_000);
                let sent = mailbox.send(core(1), mail(channel(0), b"x"), deadline).await;
                assert_eq!(sent, Err(SendError::PeerDown));
                witness.saw(format!("{sent:?}"));
            })
        });
    assert_eq!(machine.run(), Outcome::Finished);
    assert_eq!(witness.seen.borrow().len(), 1);
}

#[test]
fn mail_on_a_channel_without_receiver_is_answered_so() {
    let witness = Witness::default();
    let idle = witness.clone();
    let mut machine = Machine::new(Chooser::seeded(2, crate::testing::Odds::SWITCHING))
        .core(0, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let work = async {
                    let sent = mailbox.send(core(1), mail(channel(0), b"x"), Deadline::Never).await;
                    assert_eq!(sent, Err(SendError::NotListening));
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .core(1, move |mesh| {
            let witness = idle.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                witness.work(&mailbox, 2, async {}).await;
            })
        });
    assert_eq!(machine.run(), Outcome::Finished, "{}", machine.report());
}
