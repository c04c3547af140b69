//! Calls: a typed request to another core, an async handler there, a typed reply. Prints:
//!
//! ```text
//! core 1 says that 2 + 3 = 5
//! ```

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{join3, select};
use ipi::mailbox::{Mailbox, Mode, Settings};
use ipi::mesh::{Cycles, Deadline, Mesh};
use ipi::rpc::{CallError, Caller, Class, Options, Procedure, Rpc};
use ipi::testing::{Chooser, FakeMesh, Machine, Odds, Outcome};
use scc::id::CoreId;

const SERVER: CoreId = CoreId::new(1).expect("cores are 0 to 47");

// ANCHOR: procedure
struct Add;

impl Procedure for Add {
    const NUMBER: u8 = 1;
    type Request = (u32, u32);
    type Reply = u32;
}
// ANCHOR_END: procedure

// ANCHOR: call
async fn ask(rpc: &Rpc<'_, '_, impl Mesh>) -> Result<String, CallError> {
    let mesh = rpc.mailbox().mesh();
    // There is an answer or an error by then, also if core 1 is reset in between.
    let options = Options::until(Deadline::At(mesh.now() + Cycles::new(2_000_000)));
    let sum = rpc.call::<Add>(SERVER, &(2, 3), options).await?;
    Ok(format!("core 1 says that 2 + 3 = {sum}"))
}
// ANCHOR_END: call

// ANCHOR: serve
async fn serve(rpc: &Rpc<'_, '_, impl Mesh>) {
    let add = async |_: Caller, (one, other): (u32, u32)| one.wrapping_add(other);
    rpc.serve::<Add>(Class::Ordinary, add).await.expect("one of 16 places is free");
}
// ANCHOR_END: serve

async fn client(mesh: FakeMesh<'_>, said: Rc<RefCell<String>>) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, Settings::default());
    let rpc = Rpc::new(&mailbox, Mode::Interrupt).expect("nobody else has opened its channels");
    mailbox.mesh().ready().await;
    let work = async { *said.borrow_mut() = ask(&rpc).await.expect("core 1 serves") };
    select(pin!(work), pin!(futures_util::future::join(mailbox.run(), rpc.run()))).await;
}

async fn server(mesh: FakeMesh<'_>, said: Rc<RefCell<String>>) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, Settings::default());
    let rpc = Rpc::new(&mailbox, Mode::Interrupt).expect("nobody else has opened its channels");
    let answered = async {
        mailbox.mesh().ready().await;
        while said.borrow().is_empty() {
            mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(10_000)).await;
        }
    };
    // A kernel serves for ever; here the programs are to end.
    select(pin!(join3(serve(&rpc), rpc.run(), mailbox.run())), pin!(answered)).await;
}

/// Runs both cores on a fake chip and returns what core 0 learns.
pub(crate) fn run() -> String {
    let said = Rc::new(RefCell::new(String::new()));
    let (asked, answered) = (said.clone(), said.clone());
    // The chooser lets go after all have said that they are ready: the server serves by then.
    let mut machine = Machine::new(Chooser::seeded(1, Odds::SWITCHING))
        .core(0, move |mesh| Box::pin(client(mesh, asked.clone())))
        .core(1, move |mesh| Box::pin(server(mesh, answered.clone())))
        .calm_start();
    assert_eq!(machine.run(), Outcome::Finished);
    said.take()
}

fn main() {
    println!("{}", run());
}
