//! Letters that only the board, or only a look, shows to their receiver.

use std::boxed::Box;
use std::format;

use super::*;
use crate::layout;
use crate::mailbox::{Mode, Notice};
use crate::mesh::Invalidate;

/// A rescan that never comes.
const NEVER: Cycles = Cycles::new(u64::MAX);

/// A third core writes over the sender's byte of the receiver's board for a while; the sender rings until the receiver
/// finds the letter all the same.
pub(super) fn overwritten(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, Settings { rescan: NEVER, ..brisk(3) });
                let work = async {
                    let sent = mailbox.send(core(1), mail(channel(2), b"seen"), Deadline::Never).await;
                    assert_eq!(sent, Ok(()));
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, Settings { rescan: NEVER, ..brisk(3) });
                let receiver = mailbox.open(channel(2), Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    witness.saw(format!("{:?}", receiver.recv().await.mail.payload()));
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .core(2, move |mesh| {
            Box::pin(async move {
                mesh.invalidate(Invalidate::StartWrite);
                mesh.ready().await;
                for _ in 0..100 {
                    mesh.write(layout::board(core(1), core(0)), &[0]);
                    mesh.write(layout::scratch(core(2)), &[0]);
                }
            })
        })
        .calm_start();
    (machine, witness.expects(["[115, 101, 101, 110]"]))
}

/// A core posts to another that polls, and looks for acknowledgements by itself: nobody rings, nobody writes again.
pub(super) fn posted_without_a_bell(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let work = async {
                    for number in 0..3 {
                        let mail = mail(channel(2), &[number; 18]);
                        while mailbox.try_send_with(core(1), &mail, Notice::Nothing).is_err() {
                            mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(300)).await;
                        }
                    }
                };
                witness.work_alone(mailbox.mesh(), 2, work).await;
            })
        })
        .core(1, move |mesh| {
            let witness = receiver.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let receiver = mailbox.open(channel(2), Mode::Polled(CoreSet::of(core(0)))).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    for _ in 0..3 {
                        witness.saw(format!("{}", receiver.recv().await.mail.payload()[17]));
                    }
                };
                witness.work_alone(mailbox.mesh(), 2, work).await;
            })
        })
        .calm_start();
    (machine, witness.expects(["0", "1", "2"]))
}
