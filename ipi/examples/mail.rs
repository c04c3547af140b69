//! Mail: a letter of up to 18 bytes, put into a queue of the core it is for. Prints:
//!
//! ```text
//! core 1 has "hello" from core 0
//! ```

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::select;
use ipi::mailbox::{Mailbox, Mode, SendError, Settings};
use ipi::mesh::{Deadline, Mesh};
use ipi::testing::{Chooser, FakeMesh, Machine, Odds, Outcome};
use ipi::wire::{Channel, Flow, Kind, Mail};
use scc::id::CoreId;

const GREETINGS: Channel = Channel::new(0).expect("channels are 0 to 14");
const READER: CoreId = CoreId::new(1).expect("cores are 0 to 47");

// ANCHOR: send
async fn write(mailbox: &Mailbox<'_, impl Mesh>) -> Result<(), SendError> {
    let mail = Mail::new(GREETINGS, Kind(0), Flow(0), b"hello").expect("at most 18 bytes");
    loop {
        // Complete when the letter is in the queue of core 1.
        match mailbox.send(READER, mail, Deadline::Never).await {
            // Its mailbox is there, but nobody has opened the channel yet.
            Err(SendError::NotListening) => ipi::testing::yield_now().await,
            other => return other,
        }
    }
}
// ANCHOR_END: send

// ANCHOR: receive
async fn read(mailbox: &Mailbox<'_, impl Mesh>) -> String {
    let greetings = mailbox.open(GREETINGS, Mode::Interrupt).expect("nobody else has opened it");
    let received = greetings.recv().await;
    let text = String::from_utf8_lossy(received.mail.payload()).into_owned();
    format!("core 1 has {text:?} from core {}", received.from)
}
// ANCHOR_END: receive

async fn writer(mesh: FakeMesh<'_>) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, Settings::default());
    // On a kernel, a task of its own polls `run`.
    select(pin!(async { write(&mailbox).await.expect("core 1 lives") }), pin!(mailbox.run())).await;
}

async fn reader(mesh: FakeMesh<'_>, said: Rc<RefCell<String>>) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, Settings::default());
    select(pin!(async { *said.borrow_mut() = read(&mailbox).await }), pin!(mailbox.run())).await;
}

/// Runs both cores on a fake chip and returns what core 1 says.
pub(crate) fn run() -> String {
    let said = Rc::new(RefCell::new(String::new()));
    let on_core_1 = said.clone();
    let mut machine = Machine::new(Chooser::seeded(1, Odds::SWITCHING))
        .core(0, |mesh| Box::pin(writer(mesh)))
        .core(1, move |mesh| Box::pin(reader(mesh, on_core_1.clone())));
    assert_eq!(machine.run(), Outcome::Finished);
    said.take()
}

fn main() {
    println!("{}", run());
}
