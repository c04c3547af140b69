//! `ping`: measures what a call of [`Echo`] takes to every other core, prints it, and ends.
//!
//! ```text
//! info ping: to=1 hops=0 shortest=5471 median=5502 cycles
//! info ping: done answered=3 unanswered=0
//! ```

use core::convert::Infallible;

use ipi::mesh::Mesh;
use ipi::rpc::CallError;
use scc::id::CoreId;

use crate::Ctx;
use crate::echo::Echo;
use crate::plan::nearest_first;

/// Calls to each core.
const CALLS: usize = 8;

pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), Infallible> {
    let (answered, unanswered) = (ctx.counter("answered"), ctx.counter("unanswered"));
    let here = ctx.core().tile().coord();
    for to in nearest_first(ctx.cores().without(ctx.core()), here) {
        let hops = to.tile().coord().hops_to(here);
        let measured = match ctx.while_starting(async || ctx.call::<Echo>(to, &0).await).await {
            Ok(_) => measure(ctx, to).await,
            Err(error) => Err(error),
        };
        match measured {
            Ok((shortest, median)) => {
                answered.increment();
                log::info!(target: ctx.name(), "to={to} hops={hops} shortest={shortest} median={median} cycles");
            }
            Err(error) => {
                unanswered.increment();
                log::warn!(target: ctx.name(), "to={to} hops={hops}: {error}");
            }
        }
    }
    log::info!(target: ctx.name(), "done answered={} unanswered={}", answered.get(), unanswered.get());
    Ok(())
}

// ANCHOR: measure
/// Cycles of the shortest call and of the median one.
async fn measure<M: Mesh>(ctx: Ctx<'_, M>, to: CoreId) -> Result<(u64, u64), CallError> {
    let mut cycles = [0; CALLS];
    for lasted in &mut cycles {
        let begin = ctx.now();
        ctx.call::<Echo>(to, &0).await?;
        *lasted = (ctx.now() - begin).get();
    }
    cycles.sort_unstable();
    Ok((cycles[0], cycles[CALLS / 2]))
}
// ANCHOR_END: measure

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use crate::State;
    use crate::registry::ServiceId;
    use crate::testing::{CYCLES_PER_MILLISECOND, Chip};

    /// Of 48 cores that core 0 starts one after the other, the last comes almost half a second after the first.
    #[test]
    fn core_that_starts_late_is_measured_too() {
        let half_a_second = 500 * u64::from(CYCLES_PER_MILLISECOND);
        Chip::new(3, "echo@1-2,ping@0")
            .reset(2, 10, Some(half_a_second))
            .visit(0, async |ctx| {
                let status = ctx.status(ServiceId::named("ping").unwrap());
                while status.state() != State::Finished {
                    ctx.sleep(1).await;
                }
                assert_eq!(status.counters().collect::<Vec<_>>(), [("answered", 2), ("unanswered", 0)]);
            })
            .run();
    }

    #[test]
    fn cores_with_an_echo_answer_and_others_are_counted() {
        Chip::new(4, "echo@1-2,ping@0")
            .visit(0, async |ctx| {
                let status = ctx.status(ServiceId::named("ping").unwrap());
                while status.state() != State::Finished {
                    ctx.sleep(1).await;
                }
                assert_eq!(status.counters().collect::<Vec<_>>(), [("answered", 2), ("unanswered", 1)]);
            })
            .run();
    }
}
