//! Calls of the leader to a member on which busy tasks of the class of services take turns: ordinary calls, which are taken in
//! and served by tasks of that class, and urgent ones, which are not.
//!
//! ```text
//! [00 0.061004] info measure: name=busy-call way=urgent to=1 shortest=39120 median=40120 longest=52120
//! ```

use executor::Class::{FollowUp, Service};
use ipi::mailbox::Mode;
use ipi::rpc::{Class, Options, Procedure};

use super::crew::Crew;
use super::{Field, GroupFigureError, Times};
use crate::arch::i586::cpu;

/// Busy tasks, and cycles of a poll of each.
const BUSY: usize = 8;
const STINT: u64 = 10_000;
/// Calls that count, and those before them that fill the caches.
const SAMPLES: u32 = 16;
const WARM: u32 = 4;

/// Answers with the request.
struct Echo;

impl Procedure for Echo {
    const NUMBER: u8 = 3;
    type Request = u32;
    type Reply = u32;
}

pub(super) async fn measure(field: &mut Field) -> Result<(), GroupFigureError> {
    match field.rank {
        0 => call(field).await,
        1 => serve(field).await,
        _ => {
            field.align().await?;
            field.align().await
        }
    }
}

async fn call(field: &mut Field) -> Result<(), GroupFigureError> {
    let crew = Crew::start(field, Mode::Interrupt)?;
    field.align().await?;
    let (callee, options) = (field.group.member(1), Options::until(field.deadline));
    for (way, options) in [("ordinary", options), ("urgent", options.urgent())] {
        crew.wait_for::<Echo>(field, callee, options).await;
        let mut times = Times::new();
        for round in 0..WARM + SAMPLES {
            let begin = cpu::time_stamp();
            crew.rpc().call::<Echo>(callee, &round, options).await?;
            if round >= WARM {
                times.add(cpu::time_stamp() - begin);
            }
        }
        times.print(format_args!("name=busy-call way={way} to={callee}"));
    }
    crew.dismiss().await;
    field.align().await
}

async fn serve(field: &mut Field) -> Result<(), GroupFigureError> {
    let mut crew = Crew::start(field, Mode::Interrupt)?;
    crew.echo::<Echo>(Service, Class::Ordinary);
    crew.echo::<Echo>(FollowUp, Class::Urgent);
    (0..BUSY).for_each(|_| crew.add("busy", Service, keep_busy()));
    field.align().await?;
    // Meanwhile the leader calls.
    field.align().await?;
    crew.dismiss().await;
    Ok(())
}

async fn keep_busy() {
    loop {
        cpu::spin(STINT);
        executor::yield_now().await;
    }
}
