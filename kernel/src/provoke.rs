//! Ends of a core on request, so that what they look like can be seen and tested.

use alloc::vec::Vec;
use core::hint::black_box;

use executor::{Class, Spawner};

use crate::arch::i586::{blunder, cpu};
use crate::command_line::Fatal;
use crate::runtime;

/// Bytes of each allocation that is never freed.
const PIECE_BYTES: usize = 1 << 20;

/// Does it. Returns only from what a core survives.
pub async fn fatal(kind: Fatal, spawner: Spawner) {
    log::warn!(target: "provoke", "kind={kind:?}");
    match kind {
        Fatal::StackOverflow => {
            black_box(descend(black_box(0)));
        }
        Fatal::HeapExhaustion => exhaust(),
        Fatal::UnexpectedInterrupt => blunder::raise_unexpected_interrupt(),
        Fatal::DoubleFault => blunder::lose_the_stack(),
        Fatal::PageFault => blunder::read_page_zero(),
        Fatal::WriteToCode => blunder::write_to_code(),
        Fatal::Panic => {
            cpu::disable_interrupts();
            panic!("provoked");
        }
        Fatal::TaskPanic => {
            let task =
                runtime::spawn(spawner, "doomed", Class::Service, async { panic!("provoked in a task") });
            let ended = task.expect("the heap has memory for a task").await;
            log::warn!(target: "provoke", "task ended: {:?}", ended.map(|()| "without error"));
        }
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn descend(depth: u32) -> u32 {
    let frame = black_box([depth; 32]);
    descend(frame[3].wrapping_add(1)).wrapping_add(black_box(frame)[1])
}

fn exhaust() {
    let mut pieces = Vec::new();
    loop {
        pieces.push(black_box(Vec::<u8>::with_capacity(PIECE_BYTES)));
    }
}
