//! `echo`: answers with what it was asked.
//!
//! A procedure, which callers name, and its server: the least that a service consists of.

use ipi::mesh::Mesh;
use ipi::rpc::{Procedure, ServeError};

use crate::Ctx;

// ANCHOR: procedure
/// What other cores call.
pub struct Echo;

impl Procedure for Echo {
    const NUMBER: u8 = 16;
    type Request = u32;
    type Reply = u32;
}
// ANCHOR_END: procedure

// ANCHOR: run
/// Answers calls of [`Echo`] until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), ServeError> {
    let answered = ctx.counter("answered");
    ctx.serve::<Echo>(async |_caller, number| {
        answered.increment();
        number
    })
    .await
}
// ANCHOR_END: run

// ANCHOR: test
#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chip, core};

    #[test]
    fn echo_answers_another_core() {
        Chip::new(2, "echo@1")
            .visit(0, async |ctx| assert_eq!(ctx.call::<Echo>(core(1), &7).await, Ok(7)))
            .run();
    }
}
// ANCHOR_END: test
