//! Bulk: a message of any length, pipelined through the sender's message buffer. Prints:
//!
//! ```text
//! core 1 has 10000 bytes with sum 1273080
//! ```

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{join, select};
use ipi::mailbox::{Mailbox, Mode, Settings};
use ipi::mesh::{Deadline, Mesh};
use ipi::testing::{Chooser, FakeMesh, Machine, Odds, Outcome};
use ipi::transfer::{ReceiveError, TransferError, Transfers};
use ipi::wire::Tag;
use scc::id::CoreId;

const SENDER: CoreId = CoreId::new(0).expect("cores are 0 to 47");
const RECEIVER: CoreId = CoreId::new(1).expect("cores are 0 to 47");
const TAG: Tag = Tag(7);

// ANCHOR: send
async fn send(transfers: &Transfers<'_, '_, impl Mesh>) -> Result<(), TransferError> {
    let message: Vec<u8> = (0..10_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    // Complete when the receiving task has all of it.
    transfers.send(RECEIVER, TAG, &message, Deadline::Never).await
}
// ANCHOR_END: send

// ANCHOR: receive
async fn receive(transfers: &Transfers<'_, '_, impl Mesh>) -> Result<String, ReceiveError> {
    let mut buffer = vec![0; 16_384];
    let length = transfers.recv(SENDER, TAG, &mut buffer, Deadline::Never).await?;
    let sum: u32 = buffer[..length].iter().copied().map(u32::from).sum();
    Ok(format!("core 1 has {length} bytes with sum {sum}"))
}
// ANCHOR_END: receive

async fn sender(mesh: FakeMesh<'_>) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, Settings::default());
    let transfers = Transfers::new(&mailbox, Mode::Interrupt).expect("nobody has opened its channels");
    mailbox.mesh().ready().await;
    let work = async { send(&transfers).await.expect("core 1 receives") };
    select(pin!(work), pin!(join(mailbox.run(), transfers.run()))).await;
}

async fn receiver(mesh: FakeMesh<'_>, said: Rc<RefCell<String>>) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, Settings::default());
    let transfers = Transfers::new(&mailbox, Mode::Interrupt).expect("nobody has opened its channels");
    mailbox.mesh().ready().await;
    let work = async { *said.borrow_mut() = receive(&transfers).await.expect("core 0 sends") };
    select(pin!(work), pin!(join(mailbox.run(), transfers.run()))).await;
}

/// Runs both cores on a fake chip and returns what core 1 says.
pub(crate) fn run() -> String {
    let said = Rc::new(RefCell::new(String::new()));
    let on_core_1 = said.clone();
    let mut machine = Machine::new(Chooser::seeded(1, Odds::SWITCHING))
        .core(0, |mesh| Box::pin(sender(mesh)))
        .core(1, move |mesh| Box::pin(receiver(mesh, on_core_1.clone())))
        .calm_start();
    assert_eq!(machine.run(), Outcome::Finished);
    said.take()
}

fn main() {
    println!("{}", run());
}
