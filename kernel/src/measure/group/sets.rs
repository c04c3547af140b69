//! Barriers, broadcasts and locks among the first members, for growing numbers of them.

use alloc::vec;

use ipi::barrier::{CounterBarrier, FlagBarrier};
use ipi::collective::{Collective, Context};
use ipi::group::Group;
use ipi::lock::Lock;
use ipi::mailbox::Mode;
use ipi::mesh::{CoreSet, Mesh as _};
use ipi::transfer::Transfers;

use super::{Field, GroupFigureError, SIZES, Times, barrier, with_service};
use crate::arch::i586::cpu;

/// Passages of a barrier that count, and those before them.
const SAMPLES: u32 = 8;
const WARM: u32 = 2;
/// Times that each member takes the lock.
const TURNS: u32 = 8;
/// Bytes of broadcasts.
const BROADCASTS: [usize; 2] = [32, 4 << 10];

pub(super) async fn measure(field: &mut Field) -> Result<(), GroupFigureError> {
    let most = field.group.size();
    for (incarnation, size) in (1..).zip(SIZES).filter(|(_, size)| *size <= most) {
        if let Some(group) = field.first(size)? {
            flags(field, group, incarnation, Mode::Polled(CoreSet::EMPTY), "polled").await?;
        }
        field.align().await?;
        if let Some(group) = field.first(size)? {
            flags(field, group, incarnation, Mode::Interrupt, "doorbell").await?;
        }
        field.align().await?;
        if field.rank == 0 {
            field.mailbox.mesh().set_counter(ipi::layout::barrier_counter(barrier(3)), 0);
        }
        field.align().await?;
        if field.rank < size {
            counting(field, size).await?;
        }
        field.align().await?;
        if field.rank < size {
            lock(field, size).await?;
        }
        field.align().await?;
        if let Some(group) = field.first(size)? {
            broadcasts(field, group, incarnation).await?;
        }
        field.align().await?;
    }
    Ok(())
}

/// From the leader's arrival to its leaving, when all arrive as soon as they have left.
async fn flags(
    field: &Field,
    group: Group,
    incarnation: u16,
    mode: Mode,
    way: &str,
) -> Result<(), GroupFigureError> {
    let id = if matches!(mode, Mode::Interrupt) { barrier(1) } else { barrier(2) };
    let mut flags = FlagBarrier::new(group, id, incarnation, mode);
    let mut times = Times::new();
    for round in 0..WARM + SAMPLES {
        let begin = cpu::time_stamp();
        flags.wait(field.mailbox, field.deadline).await?;
        if round >= WARM {
            times.add(cpu::time_stamp() - begin);
        }
    }
    field.print(times, format_args!("name=barrier way={way} cores={}", group.size()));
    Ok(())
}

async fn counting(field: &Field, size: usize) -> Result<(), GroupFigureError> {
    let members = u32::try_from(size).expect("at most 48");
    let mut counting = CounterBarrier::new(barrier(3), members).expect("a set has members");
    let mut times = Times::new();
    for round in 0..WARM + SAMPLES {
        let begin = cpu::time_stamp();
        counting.wait(field.mailbox.mesh(), field.deadline).await?;
        if round >= WARM {
            times.add(cpu::time_stamp() - begin);
        }
    }
    field.print(times, format_args!("name=barrier way=counter cores={size}"));
    Ok(())
}

/// From the leader's request for the lock to its having it, while all want it.
async fn lock(field: &Field, size: usize) -> Result<(), GroupFigureError> {
    let mut times = Times::new();
    let lock = Lock::new(field.group.member(0));
    for _ in 0..TURNS {
        let begin = cpu::time_stamp();
        let guard = lock.acquire(field.mailbox, field.deadline).await?;
        times.add(cpu::time_stamp() - begin);
        drop(guard);
        executor::yield_now().await;
    }
    field.print(times, format_args!("name=lock cores={size}"));
    Ok(())
}

/// From the leader's call to the moment at which it has learnt, by a polled barrier, that all have the bytes.
async fn broadcasts(field: &Field, group: Group, incarnation: u16) -> Result<(), GroupFigureError> {
    let all = group.members().iter().copied().fold(CoreSet::EMPTY, CoreSet::with);
    let mode = Mode::Polled(all);
    let (mailbox, deadline) = (field.mailbox, field.deadline);
    mailbox.set_acknowledge(mode);
    let transfers = Transfers::new(mailbox, mode)?;
    let mut gate = FlagBarrier::new(group, barrier(4), incarnation, mode);
    let context = Context::new(0).expect("contexts are 0 to 127");
    let collective = Collective::new(&transfers, group, context)?;
    collective.set_deadline(deadline);
    let work = async {
        for length in BROADCASTS {
            let mut bytes = vec![0; length];
            let mut times = Times::new();
            for round in 0..WARM + SAMPLES / 2 {
                gate.wait(mailbox, deadline).await?;
                let begin = cpu::time_stamp();
                collective.broadcast(0, &mut bytes).await?;
                gate.wait(mailbox, deadline).await?;
                if round >= WARM {
                    times.add(cpu::time_stamp() - begin);
                }
            }
            field.print(times, format_args!("name=broadcast bytes={length} cores={}", group.size()));
        }
        Ok(())
    };
    let ended = with_service(work, transfers.run()).await;
    mailbox.set_acknowledge(Mode::Interrupt);
    ended
}
