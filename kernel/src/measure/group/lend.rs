//! Blocks that the leader lends to each other member: what it takes until they are back.
//!
//! ```text
//! [00 0.061004] info measure: name=lend way=read to=46 bytes=65536 shortest=240120 median=241190 longest=245012
//! ```

use alloc::vec;

use ipi::lend::Lending;
use ipi::mailbox::Mode;
use ipi::wire::Tag;
use scc::id::CoreId;

use super::{Field, GroupFigureError, Times, polling, with_service};
use crate::arch::i586::cpu;

/// Bytes of blocks.
const LENGTHS: [usize; 4] = [4 << 10, 16 << 10, 64 << 10, 1 << 20];
/// Times that each is lent for each use; the first does not count.
const ROUNDS: u32 = 4;
/// Bytes that are read at once by a borrower that keeps nothing.
const PIECE: usize = 1 << 10;

/// What the borrower does.
#[derive(Clone, Copy)]
enum Use {
    /// Nothing.
    Handed,
    /// Reads all of it, piece by piece, and keeps none.
    Read,
    /// Copies all of it to memory of its own.
    Copied,
}

impl Use {
    const ALL: [Self; 3] = [Self::Handed, Self::Read, Self::Copied];

    const fn name(self) -> &'static str {
        match self {
            Self::Handed => "handed",
            Self::Read => "read",
            Self::Copied => "copied",
        }
    }
}

/// The leader's part, polled.
pub(super) async fn lend(field: &mut Field, peer: CoreId) -> Result<(), GroupFigureError> {
    let mode = polling(peer);
    field.mailbox.set_acknowledge(mode);
    let lending = Lending::new(field.mailbox, mode)?;
    let deadline = field.deadline;
    // The borrower's channel is open.
    field.align().await?;
    let work = async {
        for length in LENGTHS {
            let mut block = lending.allocate(length)?;
            // Zeros: contents are checked by the self-test.
            block.write(0, &vec![0; length])?;
            for purpose in Use::ALL {
                let mut times = Times::new();
                for round in 0..ROUNDS {
                    let begin = cpu::time_stamp();
                    lending.lend(peer, Tag(0), &block, deadline).await?;
                    if round > 0 {
                        times.add(cpu::time_stamp() - begin);
                    }
                }
                times.print(format_args!("name=lend way={} to={peer} bytes={length}", purpose.name()));
            }
        }
        field.align().await
    };
    with_service(work, lending.run()).await?;
    field.mailbox.set_acknowledge(Mode::Interrupt);
    Ok(())
}

/// The other member's part.
pub(super) async fn borrow(field: &mut Field) -> Result<(), GroupFigureError> {
    let (leader, deadline) = (field.group.member(0), field.deadline);
    let mode = polling(leader);
    field.mailbox.set_acknowledge(mode);
    let lending = Lending::new(field.mailbox, mode)?;
    // To make it takes longer than to lend, and nothing is returned meanwhile.
    let mut memory = vec![0; LENGTHS[LENGTHS.len() - 1]];
    field.align().await?;
    let work = async {
        for length in LENGTHS {
            let buffer = &mut memory[..length];
            for purpose in Use::ALL {
                for _ in 0..ROUNDS {
                    let borrowed = lending.borrow(leader, Tag(0), deadline).await?;
                    match purpose {
                        Use::Handed => {}
                        Use::Read => {
                            let mut pieces = (0..length).step_by(PIECE);
                            pieces.try_for_each(|at| borrowed.read(at, &mut buffer[..PIECE]))?;
                        }
                        Use::Copied => borrowed.read(0, buffer)?,
                    }
                }
            }
        }
        // The last block has to be back before this end stops serving.
        field.align().await
    };
    with_service(work, lending.run()).await?;
    field.mailbox.set_acknowledge(Mode::Interrupt);
    Ok(())
}
