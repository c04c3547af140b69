//! The services of one core: what they share, and how each of them is.

use core::cell::Cell;

use executor::sync::Mutex;
use ipi::mesh::{Cycles, Deadline, Mesh};
use ipi::rpc::Rpc;
use ipi::transfer::Transfers;
use scc::id::CoreId;

use crate::block::Sectors;
use crate::console::{Console, Numbers};
use crate::net::Hub;
use crate::plan::Plan;
use crate::registry::{SERVICES, ServiceId};
use crate::status::Status;

/// Milliseconds after the start of a core's services in which every other core of the plan starts, too. Cores that the host
/// starts need a few; of 48 that core 0 starts one after the other, the last polls its first task half a second after core 0.
const START_MILLISECONDS: u64 = 1_000;

/// What a core has for its services. All of it outlives a restart of any of them.
pub struct Equipment<'s, M: Mesh> {
    /// Calls; somebody else polls [`Rpc::run`].
    pub calls: &'s Rpc<'s, 's, M>,
    /// Transfers; somebody else polls [`Transfers::run`].
    pub transfers: &'s Transfers<'s, 's, M>,
    /// The core's own console.
    pub console: &'s dyn Console,
    /// What the core lends to others, if anything.
    pub disk: Option<&'s dyn Sectors>,
    /// The switch that guests of the core plug in.
    pub hub: &'s Hub,
}

impl<M: Mesh> Clone for Equipment<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Mesh> Copy for Equipment<'_, M> {}

/// What all services of one core share. Belongs to the tasks of that core.
pub struct Site<'s, M: Mesh> {
    pub(crate) equipment: Equipment<'s, M>,
    pub(crate) plan: Plan,
    pub(crate) cycles_per_millisecond: u32,
    /// Until when a core that does not answer may be starting.
    pub(crate) all_started: Deadline,
    pub(crate) statuses: [Status; SERVICES.len()],
    /// Of the core's lines on the console; locked while one is under way.
    pub(crate) line_numbers: Mutex<Numbers>,
    numbers_given: Cell<u32>,
}

impl<'s, M: Mesh> Site<'s, M> {
    /// The services that `plan` has for this core, none of them started.
    pub fn new(equipment: Equipment<'s, M>, plan: Plan, cycles_per_millisecond: u32) -> Self {
        let statuses = core::array::from_fn(|_| Status::default());
        let (line_numbers, numbers_given) = (Mutex::new(Numbers::default()), Cell::new(0));
        let start = Cycles::new(START_MILLISECONDS * u64::from(cycles_per_millisecond));
        let all_started = Deadline::At(equipment.calls.mailbox().mesh().now() + start);
        Self { equipment, plan, cycles_per_millisecond, all_started, statuses, line_numbers, numbers_given }
    }

    /// What the core has.
    pub const fn equipment(&self) -> &Equipment<'s, M> {
        &self.equipment
    }

    /// This core.
    pub fn core(&self) -> CoreId {
        self.equipment.calls.mailbox().mesh().core()
    }

    /// The services that are to run here.
    pub fn planned(&self) -> impl Iterator<Item = ServiceId> {
        self.plan.services_of(self.core())
    }

    /// Whether the service called `name` is to run here.
    pub fn plans(&self, name: &str) -> bool {
        self.planned().any(|id| id.service().name == name)
    }

    /// How a service is here.
    pub const fn status(&self, id: ServiceId) -> &Status {
        &self.statuses[id.index()]
    }

    /// A number that nobody else gets in this life of the core; wraps after 2^32.
    pub(crate) fn fresh_number(&self) -> u32 {
        let number = self.numbers_given.get().wrapping_add(1);
        self.numbers_given.set(number);
        number
    }
}
