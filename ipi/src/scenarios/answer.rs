//! A core that answers letters, each to the life that wrote it.

use std::boxed::Box;
use std::string::ToString;

use super::*;
use crate::mailbox::Mode;

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
