//! `load`: reads and writes [`kv`](crate::kv) at random, prints what each operation did and when, and ends.
//!
//! ```text
//! info load: key=1 write=50331906 called=17 returned=20
//! info load: key=1 read=50331906 called=21 returned=24
//! info load: key=0 write=50331911 called=25: no two replicas answered in time
//! info load: done finished=29 failed=1
//! ```
//!
//! A key that was never written reads as 0, which is never written. Moments are counted by a counter of the FPGA, so they
//! order the operations of all cores: a program can judge from the lines of all of them whether the store was linearizable,
//! with `testing::history`.

use core::convert::Infallible;

use ipi::layout;
use ipi::mesh::Mesh;

use crate::Ctx;
use crate::kv::{get, put};

/// Operations.
const OPERATIONS: u32 = 40;
/// Keys.
const KEYS: u32 = 3;
/// Milliseconds between two operations.
const PAUSE_MILLISECONDS: u32 = 1;

pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), Infallible> {
    let (finished, failed) = (ctx.counter("finished"), ctx.counter("failed"));
    let moment = || ctx.mail().mesh().count_up(layout::order_counter());
    let own = u32::from(ctx.core().number()) << 24 | u32::from(ctx.mail().epoch().get()) << 8;
    let mut random = own | 1;
    for number in 0..OPERATIONS {
        // Xorshift of Marsaglia.
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let key = u16::try_from(random % KEYS).expect("less than the number of keys");
        let called = moment();
        let written = (random & 0x100 == 0).then_some(own | number);
        let end = match written {
            Some(value) => put(ctx, key, value).await.map(|()| written),
            None => get(ctx, key).await,
        };
        let what = if written.is_some() { "write" } else { "read" };
        match end {
            Ok(value) => {
                finished.increment();
                let value = value.unwrap_or(0);
                log::info!(target: ctx.name(), "key={key} {what}={value} called={called} returned={}", moment());
            }
            Err(error) => {
                failed.increment();
                log::warn!(target: ctx.name(), "key={key} {what}={} called={called}: {error}", written.unwrap_or(0));
            }
        }
        ctx.sleep(PAUSE_MILLISECONDS).await;
    }
    log::info!(target: ctx.name(), "done finished={} failed={}", finished.get(), failed.get());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use crate::State;
    use crate::registry::ServiceId;
    use crate::testing::Chip;

    #[test]
    fn all_operations_finish_on_a_chip_without_losses() {
        Chip::new(4, "kv@0-2,load@3")
            .visit(3, async |ctx| {
                let status = ctx.status(ServiceId::named("load").unwrap());
                while status.state() != State::Finished {
                    ctx.sleep(1).await;
                }
                assert_eq!(status.counters().collect::<Vec<_>>(), [("finished", 40), ("failed", 0)]);
            })
            .run();
    }
}
