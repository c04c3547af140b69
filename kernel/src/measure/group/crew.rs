//! The tasks that calls need on a core, as its services have them, for as long as a step lasts.

use alloc::rc::Rc;
use alloc::vec::Vec;

use executor::Class::{FollowUp, Service};
use executor::{JoinHandle, Spawner};
use ipi::mailbox::Mode;
use ipi::mesh::Mesh as _;
use ipi::rpc::{Class, Options, Procedure, Rpc};
use scc::id::CoreId;

use super::{Field, GroupFigureError};
use crate::platform::machine::mesh::ChipMesh;

/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for a task";

/// A core's calls, and the tasks that take their letters in.
pub(super) struct Crew {
    spawner: Spawner,
    rpc: Rc<Rpc<'static, 'static, ChipMesh>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Crew {
    pub(super) fn start(field: &Field, mode: Mode) -> Result<Self, GroupFigureError> {
        let rpc = Rc::new(Rpc::new(field.mailbox, mode)?);
        let mut crew = Self { spawner: field.spawner, rpc, tasks: Vec::new() };
        let (all, apart) = (Rc::clone(&crew.rpc), Rc::clone(&crew.rpc));
        crew.add("calls", Service, async move { all.run().await });
        crew.add("calls-in", FollowUp, async move { apart.take_in().await });
        Ok(crew)
    }

    pub(super) fn rpc(&self) -> &Rpc<'static, 'static, ChipMesh> {
        &self.rpc
    }

    /// Calls `peer` until it serves the procedure, or the deadline has come.
    pub(super) async fn wait_for<P: Procedure<Request = u32>>(
        &self,
        field: &Field,
        peer: CoreId,
        options: Options,
    ) {
        while self.rpc.call::<P>(peer, &0, options).await.is_err()
            && !field.deadline.is_over(field.mailbox.mesh().now())
        {
            executor::yield_now().await;
        }
    }

    /// Adds a task that answers calls with their requests.
    pub(super) fn echo<P: Procedure<Request = u32, Reply = u32>>(
        &mut self,
        task: executor::Class,
        class: Class,
    ) {
        let rpc = Rc::clone(&self.rpc);
        self.add("echo", task, async move {
            if let Err(error) = rpc.serve::<P>(class, async |_, word| word).await {
                log::error!(target: "measure", "failed name=echo: {error}");
            }
        });
    }

    /// Adds a task, which does not end by itself.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        class: executor::Class,
        work: impl Future<Output = ()> + 'static,
    ) {
        self.tasks.push(self.spawner.spawn(name, class, work).expect(TASK_MEMORY));
    }

    /// Ends all tasks, and closes the channels of calls with them.
    pub(super) async fn dismiss(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        for task in self.tasks {
            let ended = task.await;
            debug_assert!(ended.is_err(), "these tasks do not end by themselves");
        }
    }
}
