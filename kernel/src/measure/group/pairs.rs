//! Calls, messages and lent blocks from the leader to each other member, one after the other.

use alloc::vec;

use executor::Class::Service;
use ipi::mailbox::Mode;
use ipi::rpc::{Class, Mechanism, Options, Procedure};
use ipi::transfer::Transfers;
use ipi::wire::Tag;
use scc::id::CoreId;

use super::crew::Crew;
use super::{Field, GroupFigureError, Times, lend, polling, way, with_service};
use crate::arch::i586::cpu;
use crate::mail::Mailbox;

/// Calls that count, and those before them that fill the caches.
const SAMPLES: u32 = 16;
const WARM: u32 = 112;
/// Bytes of messages, and how many of each are sent; the first of them does not count.
const LENGTHS: [(usize, u32); 9] = [
    (1, 9),
    (32, 9),
    (512, 9),
    (4 << 10, 5),
    (8 << 10, 5),
    (12 << 10, 5),
    (16 << 10, 3),
    (64 << 10, 3),
    (1 << 20, 2),
];
/// Longest message by doorbells, each block of which takes two.
const LONGEST_BY_DOORBELL: usize = 64 << 10;

/// Answers with the request: one part each way.
struct Echo;

impl Procedure for Echo {
    const NUMBER: u8 = 1;
    type Request = u32;
    type Reply = u32;
}

pub(super) async fn measure(field: &mut Field) -> Result<(), GroupFigureError> {
    let leader = field.group.member(0);
    for rank in 1..field.group.size() {
        let peer = field.group.member(rank);
        for mechanism in Mechanism::ALL {
            match field.rank {
                0 => call(field, peer, mechanism).await?,
                own if own == rank => serve(field, mechanism).await?,
                _ => field.align().await?,
            }
        }
        for mode in [polling, |_| Mode::Interrupt] {
            match field.rank {
                0 => send(field, peer, mode(peer)).await?,
                own if own == rank => receive(field, mode(leader)).await?,
                _ => field.align().await?,
            }
            field.align().await?;
        }
        match field.rank {
            0 => lend::lend(field, peer).await?,
            own if own == rank => lend::borrow(field).await?,
            _ => {
                field.align().await?;
                field.align().await?;
            }
        }
        field.align().await?;
    }
    Ok(())
}

/// Begins a step: how acknowledgements and requests are noticed on this core.
fn set_mode(mailbox: &Mailbox, peer: CoreId, mechanism: Mechanism) -> Mode {
    let mode = if mechanism == Mechanism::PolledFlag { polling(peer) } else { Mode::Interrupt };
    mailbox.set_acknowledge(mode);
    mode
}

async fn call(field: &mut Field, peer: CoreId, mechanism: Mechanism) -> Result<(), GroupFigureError> {
    let crew = Crew::start(field, set_mode(field.mailbox, peer, mechanism))?;
    let (rpc, options) = (crew.rpc(), Options::until(field.deadline).by(mechanism));
    crew.wait_for::<Echo>(field, peer, options).await;
    let mut times = Times::new();
    for round in 0..WARM + SAMPLES {
        let begin = cpu::time_stamp();
        rpc.call::<Echo>(peer, &round, options).await?;
        if round >= WARM {
            times.add(cpu::time_stamp() - begin);
        }
    }
    times.print(format_args!("name=call way={} to={peer}", name(mechanism)));
    crew.dismiss().await;
    field.mailbox.set_acknowledge(Mode::Interrupt);
    // The callee serves until then.
    field.align().await
}

async fn serve(field: &mut Field, mechanism: Mechanism) -> Result<(), GroupFigureError> {
    let leader = field.group.member(0);
    let mut crew = Crew::start(field, set_mode(field.mailbox, leader, mechanism))?;
    crew.echo::<Echo>(Service, Class::Ordinary);
    field.align().await?;
    crew.dismiss().await;
    field.mailbox.set_acknowledge(Mode::Interrupt);
    Ok(())
}

async fn send(field: &mut Field, peer: CoreId, mode: Mode) -> Result<(), GroupFigureError> {
    field.mailbox.set_acknowledge(mode);
    let transfers = Transfers::new(field.mailbox, mode)?;
    let deadline = field.deadline;
    // All of the receiver's channels are open.
    field.align().await?;
    let work = async {
        for (length, count) in lengths(mode) {
            // Zeros: contents are checked by the self-test.
            let message = vec![0; length];
            let mut times = Times::new();
            for round in 0..count {
                let begin = cpu::time_stamp();
                transfers.send(peer, Tag(0), &message, deadline).await?;
                if round > 0 {
                    times.add(cpu::time_stamp() - begin);
                }
            }
            times.print(format_args!("name=send way={} to={peer} bytes={length}", way(mode)));
        }
        Ok(())
    };
    with_service(work, transfers.run()).await?;
    field.mailbox.set_acknowledge(Mode::Interrupt);
    Ok(())
}

async fn receive(field: &mut Field, mode: Mode) -> Result<(), GroupFigureError> {
    field.mailbox.set_acknowledge(mode);
    let transfers = Transfers::new(field.mailbox, mode)?;
    let (leader, deadline) = (field.group.member(0), field.deadline);
    field.align().await?;
    let work = async {
        for (length, count) in lengths(mode) {
            let mut buffer = vec![0; length];
            for _ in 0..count {
                transfers.recv(leader, Tag(0), &mut buffer, deadline).await?;
            }
        }
        Ok(())
    };
    with_service(work, transfers.run()).await?;
    field.mailbox.set_acknowledge(Mode::Interrupt);
    Ok(())
}

fn lengths(mode: Mode) -> impl Iterator<Item = (usize, u32)> {
    let most = if matches!(mode, Mode::Polled(_)) { usize::MAX } else { LONGEST_BY_DOORBELL };
    LENGTHS.into_iter().filter(move |(length, _)| *length <= most)
}

/// The word for a mechanism.
const fn name(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::GicRequest => "doorbell",
        Mechanism::InterruptBit => "direct",
        Mechanism::PolledFlag => "polled",
        Mechanism::CallQueue => "queue",
        Mechanism::Slot => "slot",
    }
}
