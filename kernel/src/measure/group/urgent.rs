//! Calls of the leader to a member on which busy tasks of the class of services take turns: ordinary calls, which are taken in
//! and served by tasks of that class, and urgent ones, which are not.
//!
//! ```text
//! [00 0.061004] info measure: name=busy-call way=urgent to=1 shortest=39120 median=40120 longest=52120
//! ```

use alloc::rc::Rc;

use executor::Class::{FollowUp, Service};
use ipi::mailbox::Mode;
use ipi::rpc::{Class, Options, Procedure, Rpc};

use super::{Field, GroupFigureError, Times, with_service};
use crate::arch::i586::cpu;

/// Busy tasks, and cycles of a poll of each.
const BUSY: usize = 8;
const STINT: u64 = 10_000;
/// Calls that count, and those before them that fill the caches.
const SAMPLES: u32 = 16;
const WARM: u32 = 4;
/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for a task";

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
    let rpc = Rpc::new(field.mailbox, Mode::Interrupt)?;
    field.align().await?;
    let (callee, options) = (field.group.member(1), Options::until(field.deadline));
    let work = async {
        for (way, options) in [("ordinary", options), ("urgent", options.urgent())] {
            let mut times = Times::new();
            for round in 0..WARM + SAMPLES {
                let begin = cpu::time_stamp();
                rpc.call::<Echo>(callee, &round, options).await?;
                if round >= WARM {
                    times.add(cpu::time_stamp() - begin);
                }
            }
            times.print(format_args!("name=busy-call way={way} to={callee}"));
        }
        Ok(())
    };
    with_service(work, rpc.run()).await?;
    field.align().await
}

async fn serve(field: &mut Field) -> Result<(), GroupFigureError> {
    let rpc = Rc::new(Rpc::new(field.mailbox, Mode::Interrupt)?);
    let mut tasks = alloc::vec::Vec::new();
    let [ordinary, urgent] = [(Service, Class::Ordinary), (FollowUp, Class::Urgent)].map(|(task, class)| {
        let rpc = Rc::clone(&rpc);
        let serving = async move {
            if let Err(error) = rpc.serve::<Echo>(class, async |_, word| word).await {
                log::error!(target: "measure", "failed name=busy-call: {error}");
            }
        };
        field.spawner.spawn("echo", task, serving).expect(TASK_MEMORY)
    });
    let all = Rc::clone(&rpc);
    let run = field.spawner.spawn("calls", Service, async move { all.run().await }).expect(TASK_MEMORY);
    let take_in = async move { rpc.take_in().await };
    let take_in = field.spawner.spawn("calls-in", FollowUp, take_in).expect(TASK_MEMORY);
    tasks.extend([ordinary, urgent, run, take_in]);
    tasks.extend((0..BUSY).map(|_| field.spawner.spawn("busy", Service, keep_busy()).expect(TASK_MEMORY)));
    field.align().await?;
    // Meanwhile the leader calls.
    field.align().await?;
    tasks.iter().for_each(executor::JoinHandle::abort);
    for task in tasks {
        let ended = task.await;
        debug_assert!(ended.is_err(), "these tasks do not end by themselves");
    }
    Ok(())
}

async fn keep_busy() {
    loop {
        cpu::spin(STINT);
        executor::yield_now().await;
    }
}
