//! A core that answers letters, each to the life that wrote it.

use std::boxed::Box;
use std::string::ToString;

use super::*;
use crate::mailbox::{Mode, Notice};
use crate::testing::FakeMesh;

/// The sender is reset after its first answer; its next life is answered too, though the answering core has sent nothing
/// to it before.
pub(super) fn to_a_restarted_sender(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (asking, answering) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = asking.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let receiver = mailbox.open(channel(1), Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let is_first = mailbox.epoch().get() == 1;
                let work = async {
                    mailbox.send(core(1), mail(channel(0), &[7]), Deadline::Never).await.unwrap();
                    receiver.recv().await;
                    witness.saw("answer".to_string());
                    if is_first {
                        // Time for the reset to come in.
                        loop {
                            mailbox.mesh().is_in_reset(core(1));
                            crate::testing::yield_now().await;
                        }
                    }
                };
                witness.work(&mailbox, 1, work).await;
            })
        })
        .core(1, move |mesh| {
            let witness = answering.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                let receiver = mailbox.open(channel(0), Mode::Interrupt).unwrap();
                let work = async {
                    loop {
                        let letter = receiver.recv().await;
                        let patience = in_cycles(mailbox.mesh(), 200_000);
                        let answer = mail(channel(1), &[8]);
                        // The life that asked may be over.
                        let _ = mailbox.send_to_life(letter.from, letter.life, answer, patience).await;
                    }
                };
                either(witness.others(mailbox.mesh(), 1), async { either(work, mailbox.run()).await }).await;
            })
        })
        .reset(0, 3_000, Some(5_000));
    (machine, witness.expects(["answer", "answer"]))
}

/// A sender that does nothing but try to post finds by itself that its last letter is answered.
pub(super) fn to_a_persistent_poster(chooser: Chooser) -> (Machine, Check) {
    looked_for(chooser, brisk(2), async |mailbox, mail| {
        let mesh = mailbox.mesh();
        while mailbox.try_send_with(core(1), &mail, Notice::Nothing).is_err() {
            mesh.sleep_until(mesh.now() + Cycles::new(700)).await;
        }
    })
}

/// A sender that polls finds that its letter is answered long before it would ring again.
pub(super) fn to_a_polling_sender(chooser: Chooser) -> (Machine, Check) {
    let long = Cycles::new(100_000_000);
    let acknowledge = Mode::Polled(CoreSet::of(core(1)));
    let settings = Settings { rescan: long, first_ring: long, last_ring: long, acknowledge, ..brisk(2) };
    looked_for(chooser, settings, async |mailbox, mail| {
        let deadline = in_cycles(mailbox.mesh(), 200_000);
        assert_eq!(mailbox.send(core(1), mail, deadline).await, Ok(()));
    })
}

/// Four letters, one after the other, to a core that polls. Nothing runs on the sending core besides `send`.
fn looked_for(
    chooser: Chooser,
    settings: Settings,
    send: impl AsyncFn(&Mailbox<'_, FakeMesh<'_>>, Mail) + Copy + 'static,
) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = sender.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, settings);
                let work = async {
                    for number in 0..4 {
                        send(&mailbox, mail(channel(1), &[number])).await;
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
                let receiver = mailbox.open(channel(1), Mode::Polled(CoreSet::of(core(0)))).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    let mut numbers = Vec::new();
                    for _ in 0..4 {
                        numbers.extend_from_slice(receiver.recv().await.mail.payload());
                    }
                    witness.saw(format!("{numbers:?}"));
                };
                witness.work(&mailbox, 2, work).await;
            })
        });
    (machine.calm_start(), witness.expects(["[0, 1, 2, 3]"]))
}
