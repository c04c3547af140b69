//! `survey`: asks [`stats`](crate::stats) of every core how each of its services is, prints it, and ends.
//!
//! ```text
//! info survey: core=1 name=echo state=running starts=1 failures=0 answered=9
//! ```

use core::convert::Infallible;

use ipi::mesh::Mesh;

use crate::Ctx;
use crate::registry::ServiceId;
use crate::stats::Report;

/// Milliseconds after which cores are asked: services of those that the host starts have begun by then.
const PAUSE_MILLISECONDS: u32 = 50;

pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), Infallible> {
    let (running, others) = (ctx.counter("running"), ctx.counter("others"));
    ctx.sleep(PAUSE_MILLISECONDS).await;
    for id in ServiceId::all() {
        let name = id.service().name;
        for core in ctx.cores_of(id) {
            match ctx.while_starting(async || ctx.call::<Report>(core, &id.number()).await).await {
                Ok(Some(health)) => {
                    if health.state == crate::State::Running { running } else { others }.increment();
                    log::info!(target: ctx.name(), "core={core} name={name} {health}");
                }
                Ok(None) => log::warn!(target: ctx.name(), "core={core} name={name}: has another image"),
                Err(error) => {
                    others.increment();
                    log::warn!(target: ctx.name(), "core={core} name={name}: {error}");
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::State;
    use crate::testing::Chip;

    #[test]
    fn every_planned_service_of_every_core_is_asked_after() {
        // Core 2 has no stats, so nobody answers for its echo.
        Chip::new(3, "stats@0-1,echo@1-2,survey@0")
            .visit(0, async |ctx| {
                let status = ctx.status(ServiceId::named("survey").unwrap());
                while status.state() != State::Finished {
                    ctx.sleep(1).await;
                }
                // Twice stats, an echo, and the survey itself.
                assert_eq!(status.counters().collect::<Vec<_>>(), [("running", 4), ("others", 1)]);
            })
            .run();
    }
}
