//! What a core offers to others besides mail: calls, bulk transfers and lent memory, each served by a task of its own.
//!
//! Locks, barriers and collectives need no task: they are values of crate `ipi` over a [`Mailbox`] or over
//! [`Services::transfers`]. A core without work sleeps for good with all of these running.
//!
//! Above them run the services of crate `service`, see [`host`].

mod equipment;
pub mod host;
pub mod identify;

use alloc::boxed::Box;

use executor::{Class, Spawner};
use ipi::mailbox::{Mode, OpenError};
use ipi::rpc::Rpc;
use service::net::{Hub, LIMITS};
use service::{Equipment, Plan};

use crate::mail::Mailbox;
use crate::platform::machine::clocks;
use crate::platform::machine::mesh::ChipMesh;
use crate::runtime;

pub use self::equipment::OwnConsole;

/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for the tasks of services";

/// This core's calls, outgoing and incoming.
pub type Calls = Rpc<'static, 'static, ChipMesh>;
/// This core's bulk transfers.
pub type Transfers = ipi::transfer::Transfers<'static, 'static, ChipMesh>;

/// What this core lends and borrows.
pub type Lending = ipi::lend::Lending<'static, 'static, ChipMesh>;

/// What the services of crate `service` share on this core.
pub type Site = service::Site<'static, ChipMesh>;

/// The services that run on this core.
#[derive(Clone, Copy)]
pub struct Services {
    /// Mail.
    pub mailbox: &'static Mailbox,
    /// Calls.
    pub calls: &'static Calls,
    /// Bulk transfers, which also carry collectives.
    pub transfers: &'static Transfers,
    /// Memory that other cores use in place.
    pub lending: &'static Lending,
    /// What is planned above them.
    pub site: &'static Site,
    /// The core's own console.
    pub console: &'static OwnConsole,
}

impl Services {
    /// The core's own console, if service `console` is planned here.
    #[must_use]
    pub fn planned_console(self) -> Option<&'static OwnConsole> {
        self.site.plans("console").then_some(self.console)
    }
}

/// Opens the channels of calls, transfers and lending and serves them from then on, each by a task of the class of services,
/// and the built-in procedures, see [`identify`]. A task of the class of interrupt follow-ups takes in the letters of calls, but
/// leaves them to the other while calls are polled. What `plan` has for this core is not started, see [`host`]. Once per boot,
/// task context.
///
/// The others are not in that class, though they follow up mail: calls and transfers can be switched to polling,
/// and a task that polls is always ready, so a more urgent one would keep every service from running.
///
/// # Errors
/// [`OpenError`] if it is called again.
///
/// # Panics
/// Without memory for 40 KB.
pub fn start(spawner: Spawner, mailbox: &'static Mailbox, plan: Plan) -> Result<Services, OpenError> {
    let calls: &'static Calls = Box::leak(Box::new(Rpc::new(mailbox, Mode::Interrupt)?));
    let transfers: &'static Transfers =
        Box::leak(Box::new(ipi::transfer::Transfers::new(mailbox, Mode::Interrupt)?));
    let lending: &'static Lending = Box::leak(Box::new(ipi::lend::Lending::new(mailbox, Mode::Interrupt)?));
    spawner.spawn("calls", Class::Service, calls.run()).expect(TASK_MEMORY).detach();
    spawner.spawn("calls-in", Class::FollowUp, calls.take_in()).expect(TASK_MEMORY).detach();
    spawner.spawn("transfers", Class::Service, transfers.run()).expect(TASK_MEMORY).detach();
    spawner.spawn("lending", Class::Service, lending.run()).expect(TASK_MEMORY).detach();
    spawner.spawn("identify", Class::Service, identify::serve(calls)).expect(TASK_MEMORY).detach();
    let console: &OwnConsole = Box::leak(Box::default());
    let disk = equipment::disk(&plan);
    let site = Site::new(
        Equipment { calls, transfers, console, disk, hub: hub() },
        plan,
        clocks::cycles_per_millisecond(),
    );
    Ok(Services { mailbox, calls, transfers, lending, site: Box::leak(Box::new(site)), console })
}

/// A switch for this core's guests, which is never dropped.
///
/// # Panics
/// Without memory for 4 KB.
#[must_use]
pub fn hub() -> &'static Hub {
    Box::leak(Box::new(Hub::new(LIMITS, runtime::uptime)))
}
