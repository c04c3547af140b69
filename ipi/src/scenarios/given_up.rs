//! A transfer given up while its block is being copied, at moments that the scenario chooses.

use std::boxed::Box;

use futures_util::join;

use super::*;
use crate::layout::{Block, bulk, flow};
use crate::mailbox::Mode;
use crate::mesh::Push;
use crate::testing::FakeMesh;
use crate::transfer::{ReceiveError, Transfers};
use crate::wire::{Attention, FlowWord, Offer, Progress, Run, Tag, TransferId, TransferMail};

const ROUNDS: u16 = 10;

/// The sender's part is done by hand: it fills a block, gives up a little later, and fills the block anew. The
/// receiver gets the block whole or an error.
pub(super) fn while_copied(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (sender, receiver) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| Box::pin(give_up(mesh, sender.clone())))
        .core(1, move |mesh| Box::pin(receive(mesh, receiver.clone())))
        .calm_start();
    (machine, Box::new(|| Ok(())))
}

async fn give_up(mesh: FakeMesh<'_>, witness: Witness) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
    let accepts = mailbox.open(Channel::ACCEPT, Mode::Interrupt).unwrap();
    mailbox.mesh().ready().await;
    let work = async {
        for round in 1..=ROUNDS {
            let transfer = TransferId(round);
            let length = u32::try_from(Block::BYTES).unwrap();
            let offer = Offer { transfer, tag: Tag(0), length, attention: Attention::Ring, early: None };
            let offer = TransferMail::Offer(offer).emit();
            assert_eq!(mailbox.send(core(1), offer, Deadline::Never).await, Ok(()));
            let slot = loop {
                match TransferMail::parse(&accepts.recv().await.mail) {
                    Ok(TransferMail::Accept { transfer: accepted, slot, .. }) if accepted == transfer => {
                        break slot;
                    }
                    other => assert!(matches!(other, Ok(TransferMail::Decline { .. })), "{other:?}"),
                }
            };
            let mesh = mailbox.mesh();
            let tell = |progress| {
                let word = FlowWord { transfer, writer: core(0), life: mailbox.epoch(), progress };
                mesh.write_quadword(flow(core(1), slot), word.emit());
                mesh.push(Push::Flow);
                mesh.ring(core(1));
            };
            let run = Run::new(Block::new(0).unwrap(), 1).unwrap();
            fill(mesh, round.to_le_bytes()[0]);
            tell(Progress::Filled(1, run));
            mesh.sleep_until(mesh.now() + Cycles::new(350 * u64::from(round))).await;
            tell(Progress::GivenUp);
            fill(mesh, 0xEE);
        }
    };
    witness.work(&mailbox, 1, work).await;
}

fn fill(mesh: &impl Mesh, byte: u8) {
    mesh.write_lines(bulk(core(0), Block::new(0).unwrap()), &[byte; Block::BYTES]);
}

async fn receive(mesh: FakeMesh<'_>, witness: Witness) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
    let transfers = Transfers::new(&mailbox, Mode::Interrupt).unwrap();
    mailbox.mesh().ready().await;
    let work = async {
        loop {
            let mut buffer = [0; Block::BYTES];
            match transfers.recv(core(0), Tag(0), &mut buffer, Deadline::Never).await {
                Ok(_) => assert!(buffer.iter().all(|byte| *byte == buffer[0] && *byte != 0xEE), "torn"),
                Err(error) => assert_eq!(error, ReceiveError::GivenUp),
            }
        }
    };
    let all = async {
        join!(work, transfers.run(), mailbox.run());
    };
    either(witness.others(mailbox.mesh(), 1), all).await;
}
