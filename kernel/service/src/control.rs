//! `control`: gives a service of this core the signal to stop when another core asks for it.

use ipi::mesh::Mesh;
use ipi::rpc::{Procedure, ServeError};

use crate::Ctx;
use crate::registry::ServiceId;
use crate::status::State;

/// Asks for the end of a service, by [number](ServiceId::number).
pub struct Stop;

impl Procedure for Stop {
    const NUMBER: u8 = 18;
    type Request = u8;
    /// Whether it ran, and was told.
    type Reply = bool;
}

/// Answers calls of [`Stop`] until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), ServeError> {
    ctx.serve::<Stop>(async |_, number| {
        let Some(id) = ServiceId::new(number) else { return false };
        let status = ctx.status(id);
        let runs = matches!(status.state(), State::Running | State::BackingOff);
        if runs {
            status.stop.set();
        }
        runs
    })
    .await
}

#[cfg(test)]
mod tests {
    use ipi::rpc::CallError;
    use ipi::wire::Failure;

    use super::*;
    use crate::echo::Echo;
    use crate::testing::{Chip, core};

    #[test]
    fn stopped_service_answers_nobody_and_is_not_started_again() {
        Chip::new(2, "control,echo")
            .visit(0, async |ctx| {
                let echo = ServiceId::named("echo").unwrap();
                assert_eq!(ctx.call::<Echo>(core(1), &1).await, Ok(1));
                assert_eq!(ctx.call::<Stop>(core(1), &echo.number()).await, Ok(true));
                ctx.sleep(1).await;
                let answer = ctx.call::<Echo>(core(1), &2).await;
                assert_eq!(answer, Err(CallError::Failed(Failure::NoSuchProcedure)));
                assert_eq!(ctx.call::<Stop>(core(1), &echo.number()).await, Ok(false));
                assert_eq!(ctx.call::<Stop>(core(1), &u8::MAX).await, Ok(false));
                assert_eq!(ctx.status(echo).state(), State::Running, "that of the other core");
            })
            .run();
    }
}
