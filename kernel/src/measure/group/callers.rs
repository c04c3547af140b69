//! Calls of growing numbers of members to the leader, all at once.
//!
//! Each caller makes the same number of calls, one after the other. The leader takes the time from the moment at which all
//! are there to each caller's last request, and prints what it makes for one call, of all callers: if none is left behind,
//! the longest is little more than the shortest.
//!
//! ```text
//! [00 0.061004] info measure: name=callers cores=8 shortest=59120 median=60120 longest=62120
//! ```

use core::cell::{Cell, RefCell};
use core::pin::pin;

use executor::sync::Event;
use futures_util::future::join;
use ipi::mailbox::Mode;
use ipi::rpc::{Caller, Class, Options, Procedure, Rpc};
use scc::id::CoreId;

use super::{Field, GroupFigureError, SIZES, Times, with_service};
use crate::arch::i586::cpu;

/// Calls that each caller makes.
const CALLS: u32 = 8;

/// Answers with the request.
struct Count;

impl Procedure for Count {
    const NUMBER: u8 = 2;
    type Request = u32;
    type Reply = u32;
}

pub(super) async fn measure(field: &mut Field) -> Result<(), GroupFigureError> {
    let most = field.group.size();
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        match field.rank {
            0 => serve(field, size).await?,
            own if own < size => call(field).await?,
            _ => {
                field.align().await?;
                field.align().await?;
            }
        }
    }
    Ok(())
}

async fn call(field: &mut Field) -> Result<(), GroupFigureError> {
    let rpc = Rpc::new(field.mailbox, Mode::Interrupt)?;
    field.align().await?;
    let (leader, options) = (field.group.member(0), Options::until(field.deadline));
    let work = async {
        for number in 0..CALLS {
            rpc.call::<Count>(leader, &number, options).await?;
        }
        Ok(())
    };
    with_service(work, rpc.run()).await?;
    field.align().await
}

async fn serve(field: &mut Field, size: usize) -> Result<(), GroupFigureError> {
    let rpc = Rpc::new(field.mailbox, Mode::Interrupt)?;
    let callers = u32::try_from(size - 1).expect("at most 47 callers");
    let (all, left) = (Event::new(), Cell::new(CALLS * callers));
    let last = RefCell::new([None; CoreId::COUNT]);
    let count = async |caller: Caller, number| {
        last.borrow_mut()[caller.core.index()] = Some(cpu::time_stamp());
        left.set(left.get() - 1);
        if left.get() == 0 {
            all.set();
        }
        number
    };
    let serving = pin!(join(rpc.serve::<Count>(Class::Ordinary, count), rpc.run()));
    field.align().await?;
    let begin = cpu::time_stamp();
    // Replies are under way until all callers have come.
    let work = async {
        all.wait().await;
        let mut times = Times::new();
        last.borrow().iter().flatten().for_each(|end| times.add((end - begin) / u64::from(CALLS)));
        times.print(format_args!("name=callers cores={size}"));
        field.align().await
    };
    with_service(work, serving).await
}
