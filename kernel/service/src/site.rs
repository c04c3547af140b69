//! The services of one core: what they share, and how each of them is.

use core::cell::Cell;

use ipi::mesh::Mesh;
use ipi::rpc::Rpc;
use scc::id::CoreId;

use crate::plan::Plan;
use crate::registry::{SERVICES, ServiceId};
use crate::status::Status;

/// What all services of one core share. Belongs to the tasks of that core.
pub struct Site<'s, M: Mesh> {
    pub(crate) calls: &'s Rpc<'s, 's, M>,
    pub(crate) plan: Plan,
    pub(crate) cycles_per_millisecond: u32,
    pub(crate) statuses: [Status; SERVICES.len()],
    numbers_given: Cell<u32>,
}

impl<'s, M: Mesh> Site<'s, M> {
    /// The services that `plan` has for this core, none of them started. `calls` is run by somebody else.
    pub fn new(calls: &'s Rpc<'s, 's, M>, plan: Plan, cycles_per_millisecond: u32) -> Self {
        let statuses = core::array::from_fn(|_| Status::default());
        Self { calls, plan, cycles_per_millisecond, statuses, numbers_given: Cell::new(0) }
    }

    /// This core.
    pub fn core(&self) -> CoreId {
        self.calls.mailbox().mesh().core()
    }

    /// The services that are to run here.
    pub fn planned(&self) -> impl Iterator<Item = ServiceId> {
        self.plan.services_of(self.core())
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
