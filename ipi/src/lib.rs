//! Talking between the cores of the SCC: mail and doorbells.
//!
//! Every operation is a future and none blocks; any executor can poll them. All of it is written against one
//! hardware trait, [`mesh::Mesh`], with two implementations: the kernel's, and the fake in `testing`, which is
//! at most as kind as the chip. The layers, each built only from those above it:
//!
//! ```text
//! mesh        the hardware trait: lines, invalidate, push, doorbells, test-and-set, counters, clock
//! layout      who owns which line of a core's 8 KB of message buffer
//! wire        every message: a checked view of its bytes and a parsed form
//! doorbell    what the interrupt handler records
//! mailbox     one line per sender: channels, sequence numbers, lives, backpressure
//! lock        test-and-set registers with back-off and a note of the owner
//! barrier     dissemination by flags, or an FPGA counter
//! rpc         calls and casts with typed requests
//! transfer    put, get, and messages of any length pipelined through the buffer
//! lend        blocks of private memory that another core reads and writes in place
//! collective  broadcast, reduce, gather, scatter, all-to-all over a group of cores
//! ```
//!
//! Messages move without allocation. The tables of calls take their memory from the heap when they are made, the lists of
//! waiting tasks and of offered transfers as much as the most that ever waited at once.
//!
//! Nothing here is shared memory in Rust's sense: no reference and no atomic points into a message buffer.
//! State of one core is kept in cells and used by tasks of that core alone; the only part that an interrupt
//! handler touches is [`doorbell::Doorbell`]. Facts of the chip: SCC reference §2.3-§2.9, §4.8, §5, §7.5, §7.6.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "testing"))]
extern crate std;

pub mod barrier;
pub mod collective;
pub mod doorbell;
pub mod group;
pub mod layout;
pub mod lend;
pub mod lock;
pub mod mailbox;
pub mod mesh;
mod pause;
pub mod rpc;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod transfer;
mod waiters;
pub mod wire;

#[cfg(test)]
mod scenarios;
