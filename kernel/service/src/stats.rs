//! `stats`: tells other cores how the services of this one are.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use ipi::mesh::Mesh;
use ipi::rpc::{Procedure, ServeError};
use serde::{Deserialize, Serialize};

use crate::Ctx;
use crate::registry::ServiceId;
use crate::status::{State, Status};

/// Asks how a service is, by [number](ServiceId::number).
pub struct Report;

impl Procedure for Report {
    const NUMBER: u8 = 17;
    type Request = u8;
    /// Nothing if there is no such service.
    type Reply = Option<Health>;
}

/// How a service is on one core.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Health {
    /// Its state.
    pub state: State,
    /// How often it was started.
    pub starts: u32,
    /// How often it failed.
    pub failures: u32,
    /// Its counters.
    pub counters: Vec<(String, u32)>,
}

impl Health {
    fn of(status: &Status) -> Self {
        let counters = status.counters().map(|(name, value)| (name.to_owned(), value));
        Self {
            state: status.state(),
            starts: status.starts(),
            failures: status.failures(),
            counters: counters.collect(),
        }
    }
}

/// `state=running starts=1 failures=0 answered=12`.
impl fmt::Display for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, starts, failures, counters } = self;
        write!(formatter, "state={} starts={starts} failures={failures}", state.word())?;
        counters.iter().try_for_each(|(name, value)| write!(formatter, " {name}={value}"))
    }
}

/// Answers calls of [`Report`] until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), ServeError> {
    ctx.serve::<Report>(async |_, number| Some(Health::of(ctx.status(ServiceId::new(number)?)))).await
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::echo::Echo;
    use crate::testing::{Chip, core};

    #[test]
    fn report_has_state_and_counters_of_the_other_core() {
        Chip::new(2, "stats@1,echo@1")
            .visit(0, async |ctx| {
                let report = async |name: &str| {
                    let id = ServiceId::named(name).unwrap();
                    ctx.call::<Report>(core(1), &id.number()).await.unwrap().unwrap().to_string()
                };
                ctx.call::<Echo>(core(1), &1).await.unwrap();
                assert_eq!(report("echo").await, "state=running starts=1 failures=0 answered=1");
                assert_eq!(report("kv").await, "state=absent starts=0 failures=0");
                assert_eq!(ctx.call::<Report>(core(1), &255).await, Ok(None));
            })
            .run();
    }
}
