//! `talk`: says on the [`console`](crate::console) that it is there, repeats each line that is typed, and ends at `bye`, or
//! when nothing is typed for a while.
//!
//! ```text
//! [00 0.012345] console 03: talk: here
//! [00 1.024680] console 03: talk: hello
//! ```

use alloc::format;

use ipi::mesh::Mesh;

use crate::Ctx;
use crate::console::{ConsoleError, print, read};

/// Milliseconds after which it ends if nothing is typed.
const PATIENCE_MILLISECONDS: u32 = 10_000;
/// What ends it.
const FAREWELL: &str = "bye";

pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), ConsoleError> {
    let heard = ctx.counter("heard");
    ctx.while_starting(async || print(ctx, "talk: here").await).await?;
    while let Some(asked) = ctx.unless_stopped(read(ctx, ctx.within(PATIENCE_MILLISECONDS))).await {
        let Some(line) = asked? else { break };
        heard.increment();
        print(ctx, &format!("talk: {line}")).await?;
        if line == FAREWELL {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use crate::State;
    use crate::registry::ServiceId;
    use crate::testing::{Chip, core};

    #[test]
    fn what_is_typed_is_repeated_until_the_farewell() {
        let chip = Chip::new(2, "console@0,talk@1");
        let (paper, typist) = (chip.paper(), chip.paper());
        chip.visit(1, async move |ctx| {
            typist.type_in("hello\rbye\rtoo late\r");
            let status = ctx.status(ServiceId::named("talk").unwrap());
            while status.state() != State::Finished {
                ctx.sleep(1).await;
            }
            assert_eq!(status.counters().collect::<Vec<_>>(), [("heard", 2)]);
        })
        .run();
        assert_eq!(paper.printed_of(core(1)), ["talk: here", "talk: hello", "talk: bye"]);
    }
}
