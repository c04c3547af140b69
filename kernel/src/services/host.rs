//! The services of crate `service` on this core: a task for each, supervised by another.
//!
//! A service that panics loses its task; its supervisor, which is another task, starts it again as the registry says.

use executor::{Class, JoinError, JoinHandle, Spawner};
use futures_util::future::LocalBoxFuture;
use ipi::mesh::CoreSet;
use service::{Ended, Host, Plan, TaskError, supervise};

use super::{Services, TASK_MEMORY};
use crate::command_line::{Cores, value_of};

/// What runs on which of `cores`: as word `services` says, or by default. A word that means nothing is reported, and
/// nothing runs.
#[must_use]
pub fn plan(command_line: &str, cores: Cores) -> Plan {
    let cores = cores.iter().fold(CoreSet::EMPTY, CoreSet::with);
    match value_of(command_line, "services") {
        None => Plan::by_default(cores),
        Some(words) => Plan::parse(words, cores).unwrap_or_else(|error| {
            log::error!(target: "service", "none started: {error}");
            Plan::empty(cores)
        }),
    }
}

/// Starts the services that are planned for this core. Once per boot, task context.
///
/// # Panics
/// Without memory for a few hundred bytes for each service.
pub fn start(spawner: Spawner, services: Services) {
    let site = services.site;
    for id in site.planned() {
        let supervisor = async move { supervise(site, id, &Tasks(spawner)).await };
        spawner.spawn("supervisor", Class::Service, supervisor).expect(TASK_MEMORY).detach();
    }
}

/// Runs services as tasks.
struct Tasks(Spawner);

impl Host<'static> for Tasks {
    async fn run(
        &self,
        name: &'static str,
        work: LocalBoxFuture<'static, Ended>,
    ) -> Result<Ended, TaskError> {
        let task = self.0.spawn(name, Class::Service, work).map_err(|_| TaskError::NoRoom)?;
        let mut running = Running(task);
        (&mut running.0).await.map_err(|error| match error {
            JoinError::Panicked => TaskError::Panicked,
            JoinError::Aborted => unreachable!("only the drop of its handle aborts it"),
        })
    }
}

/// A task that ends with its handle.
struct Running(JoinHandle<Ended>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}
