//! Ends of a core on request, so that what they look like can be seen and tested.

use alloc::vec::Vec;
use core::hint::black_box;

use executor::{Class, JoinError, Spawner};

use crate::arch::i586::{blunder, cpu};
use crate::command_line::Fatal;

/// Bytes of each allocation that is never freed.
const PIECE_BYTES: usize = 1 << 20;

/// More than the direct map holds, from which the heap grows.
const GREED_BYTES: usize = 256 << 20;

/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for a task";

/// Does it. Returns only from what a core survives.
pub async fn fatal(kind: Fatal, spawner: Spawner) {
    log::warn!(target: "provoke", "kind={kind:?}");
    match kind {
        Fatal::StackOverflow => {
            black_box(descend(black_box(0)));
        }
        Fatal::HeapExhaustion => {
            exhaust();
            let task = spawner.spawn("greedy", Class::Service, async { drop(greed()) });
            report_end("greedy", task.expect(TASK_MEMORY).await);
        }
        Fatal::UnexpectedInterrupt => blunder::raise_unexpected_interrupt(),
        Fatal::DoubleFault => blunder::lose_the_stack(),
        Fatal::PageFault => blunder::read_page_zero(),
        Fatal::GeneralProtection => blunder::load_wrong_selector(),
        Fatal::WriteToCode => blunder::write_to_code(),
        Fatal::Panic => {
            cpu::disable_interrupts();
            panic!("provoked");
        }
        Fatal::TaskPanic => {
            let task = spawner.spawn("doomed", Class::Service, async { panic!("provoked in a task") });
            report_end("doomed", task.expect(TASK_MEMORY).await);
        }
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn descend(depth: u32) -> u32 {
    let frame = black_box([depth; 32]);
    descend(frame[3].wrapping_add(1)).wrapping_add(black_box(frame)[1])
}

/// Takes all memory, in a way that gets an error when there is no more; then gives it back.
#[inline(never)]
fn exhaust() {
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let refused = loop {
        let mut piece = Vec::new();
        let taken = pieces.try_reserve(1).and_then(|()| piece.try_reserve_exact(PIECE_BYTES));
        if let Err(error) = taken {
            break error;
        }
        pieces.push(black_box(piece));
    };
    let megabytes = pieces.len() * (PIECE_BYTES >> 20);
    drop(pieces);
    log::warn!(target: "provoke", "heap exhausted after={megabytes}M: {refused}");
}

/// Asks for more than there can be, in a way that cannot fail other than by a panic.
#[inline(never)]
fn greed() -> Vec<u8> {
    black_box(Vec::with_capacity(black_box(GREED_BYTES)))
}

fn report_end(name: &str, result: Result<(), JoinError>) {
    match result {
        Ok(()) => log::warn!(target: "provoke", "task={name} returned"),
        Err(error) => log::warn!(target: "provoke", "task={name}: {error}"),
    }
}
