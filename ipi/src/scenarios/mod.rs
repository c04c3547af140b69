//! Several cores on the fake mesh: what must hold under every behaviour of the chip.
//!
//! A [`Scenario`] builds programs for a few cores and a check of what they saw. The same scenarios run with
//! seeds, exhaustively up to a bound, and with single invalidates and pushes taken away.

mod answer;
mod apart;
mod barrier;
mod board;
mod callers;
mod collective;
mod crowded;
mod explored;
mod garbage;
mod given_up;
mod lend;
mod lock;
mod mailbox;
mod removal;
mod rpc;
mod seat;
mod seeded;
mod soak;
mod transfer;

mod watch;

use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::format;
use std::future::Future;
use std::rc::Rc;
use std::string::String;
use std::vec::Vec;

use scc::id::CoreId;

use crate::mailbox::{Mailbox, Settings};
use crate::mesh::{CoreSet, Cycles, Deadline, Mesh};
use crate::pause::either;
use crate::testing::{Chooser, Machine, Outcome};
use crate::wire::{Channel, Flow, Kind, Mail};

/// Programs, and what must hold when they have ended; the check's message says what does not.
type Check = Box<dyn FnOnce() -> Result<(), String>>;
type Scenario = fn(Chooser) -> (Machine, Check);

/// Runs a scenario once; the error says how it failed.
fn run(machine: &mut Machine, check: Check) -> Result<(), String> {
    match machine.run() {
        Outcome::Finished => check(),
        other => Err(format!("{other:?}")),
    }
}

fn core(number: u8) -> CoreId {
    CoreId::new(number).unwrap()
}

fn channel(number: u8) -> Channel {
    Channel::new(number).unwrap()
}

fn mail(channel: Channel, content: &[u8]) -> Mail {
    Mail::new(channel, Kind(1), Flow(0), content).unwrap()
}

/// Settings that find lost doorbells soon, for the first `cores` cores.
fn brisk(cores: u8) -> Settings {
    Settings {
        peers: CoreSet::from_bits((1 << cores) - 1),
        rescan: Cycles::new(20_000),
        first_ring: Cycles::new(4_000),
        last_ring: Cycles::new(16_000),
        ..Settings::default()
    }
}

fn in_cycles(mesh: &impl Mesh, cycles: u64) -> Deadline {
    Deadline::At(mesh.now() + Cycles::new(cycles))
}

/// What the cores of a scenario share outside the fake chip: how many have finished, and what they saw.
#[derive(Clone, Default)]
struct Witness {
    finished: Rc<Cell<usize>>,
    seen: Rc<RefCell<Vec<String>>>,
}

impl Witness {
    fn saw(&self, what: String) {
        self.seen.borrow_mut().push(what);
    }

    /// Runs `work` and the mailbox beside it, and the mailbox alone until `cores` cores have done their work.
    async fn work<M: Mesh>(&self, mailbox: &Mailbox<'_, M>, cores: usize, work: impl Future<Output = ()>) {
        let all = async {
            work.await;
            self.finished.set(self.finished.get() + 1);
            self.others(mailbox.mesh(), cores).await;
        };
        either(all, mailbox.run()).await;
    }

    /// Runs `work` without the mailbox, and waits until `cores` cores have done their work.
    async fn work_alone(&self, mesh: &impl Mesh, cores: usize, work: impl Future<Output = ()>) {
        work.await;
        self.finished.set(self.finished.get() + 1);
        self.others(mesh, cores).await;
    }

    /// Waits until `cores` cores have done their work.
    async fn others(&self, mesh: &impl Mesh, cores: usize) {
        while self.finished.get() < cores {
            mesh.sleep_until(mesh.now() + Cycles::new(3_000)).await;
        }
    }

    /// A check that exactly this was seen, in this order.
    fn expects<const N: usize>(&self, expected: [&'static str; N]) -> Check {
        let seen = self.seen.clone();
        Box::new(move || {
            let seen = seen.borrow();
            if *seen == expected { Ok(()) } else { Err(format!("saw {seen:?}, not {expected:?}")) }
        })
    }
}

/// Starts a mailbox on a fake core and then lets the chooser loose.
macro_rules! start {
    ($mesh:expr, $doorbell:ident, $settings:expr) => {{
        $doorbell = $mesh.doorbell();
        let mailbox = Mailbox::start($mesh, &$doorbell, $settings);
        mailbox.mesh().ready().await;
        mailbox
    }};
}
use start;
