//! `name`: finds a core on which a service runs.
//!
//! Where a service is meant to run is the [plan](crate::Plan), which every core knows; whether it does, its core is
//! asked. So there is no directory that could be lost or out of date: the answer was true when the core gave it.

use ipi::mesh::Mesh;
use ipi::rpc::{Procedure, ServeError};
use scc::id::CoreId;

use crate::Ctx;
use crate::registry::{NAME_MOST, ServiceId};
use crate::stats::Report;
use crate::status::State;

/// Asks for the number of a core on which a service runs, by its name, the rest of which is zero. For callers that cannot
/// [`find`] it themselves.
pub struct Find;

impl Procedure for Find {
    const NUMBER: u8 = 19;
    type Request = [u8; NAME_MOST];
    type Reply = Option<u8>;
}

/// Why no core was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FindError {
    /// The registry has no such service.
    #[error("no service has this name")]
    Unknown,
    /// No core that is meant to run it says that it does.
    #[error("it runs nowhere")]
    NotRunning,
}

// ANCHOR: find
/// The nearest core on which the service called `name` runs. Asks one core after the other, each for 20 ms at most; a
/// core without `stats` does not answer.
///
/// # Errors
/// [`FindError`].
///
/// *Cancel safety*: may be dropped at any time.
pub async fn find<M: Mesh>(ctx: Ctx<'_, M>, name: &str) -> Result<CoreId, FindError> {
    let id = ServiceId::named(name).ok_or(FindError::Unknown)?;
    for core in ctx.cores_of(id) {
        let answer = ctx.call::<Report>(core, &id.number()).await;
        if answer.is_ok_and(|health| health.is_some_and(|health| health.state == State::Running)) {
            return Ok(core);
        }
    }
    Err(FindError::NotRunning)
}
// ANCHOR_END: find

/// Answers calls of [`Find`] until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), ServeError> {
    ctx.serve::<Find>(async |_, name| {
        let length = name.iter().position(|byte| *byte == 0).unwrap_or(NAME_MOST);
        let name = core::str::from_utf8(&name[..length]).ok()?;
        find(ctx, name).await.ok().map(CoreId::number)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Stop;
    use crate::testing::{Chip, core};

    #[test]
    fn nearest_core_that_runs_the_service_is_found_and_the_next_after_its_end() {
        Chip::new(4, "stats,control,echo@2-3,name@3")
            .visit(0, async |ctx| {
                let echo = ServiceId::named("echo").unwrap();
                assert_eq!(find(ctx, "echo").await, Ok(core(2)));
                assert_eq!(ctx.call::<Stop>(core(2), &echo.number()).await, Ok(true));
                ctx.sleep(1).await;
                assert_eq!(find(ctx, "echo").await, Ok(core(3)));
                assert_eq!(find(ctx, "kv").await, Err(FindError::NotRunning));
                assert_eq!(find(ctx, "ecco").await, Err(FindError::Unknown));
                let mut name = [0; NAME_MOST];
                name[..4].copy_from_slice(b"echo");
                assert_eq!(ctx.call::<Find>(core(3), &name).await, Ok(Some(3)));
                assert_eq!(ctx.call::<Find>(core(3), &[0xFF; NAME_MOST]).await, Ok(None));
            })
            .run();
    }
}
