//! The hardware under this crate, as one small trait.
//!
//! A core reaches message buffers through its L1 cache and a one-line write-combining buffer, neither of which
//! is coherent with anything. [`Mesh`] shows both instead of hiding them:
//!
//! - [`read`](Mesh::read) may return a line as it was at any earlier time, until
//!   [`invalidate`](Mesh::invalidate) (CL1INVMB) was executed after the change.
//! - [`write`](Mesh::write) goes into a cached copy of the line if the L1 holds one, where nobody sees it and
//!   the next invalidate discards it; else into the write-combining buffer, where it may stay for ever.
//! - [`push`](Mesh::push) forces that buffer out by storing to another line.
//!
//! So every reader invalidates first, and every writer invalidates, writes, and pushes. Each place where this
//! crate does so has a name in [`Invalidate`] or [`Push`]; the tests take each away in turn.
//!
//! Two transactions of one core never reorder, and nothing orders the transactions of two cores except a
//! line's contents, a test-and-set register, a counter or a doorbell (SCC reference §1.3).
//!
//! Costs are in core cycles at tile 533 MHz and mesh 800 MHz without contention, n = hops + 1 (SCC reference
//! §10.2, §10.3). A write costs its core one cycle plus the wait for the previous transaction to end.

mod address;
mod core_set;
mod fence;
mod pool;
mod step;
mod time;

use core::future::Future;
use core::task::Waker;

pub use address::{AddressError, MpbAddress};
pub use core_set::CoreSet;
pub use fence::{Invalidate, Push};
pub use pool::{POOL_BYTES, Pool, PoolBase, PoolRange, PoolWindow};
use scc::fpga::CounterId;
use scc::id::CoreId;
pub use step::{CallStage, CallStep, LeaseStage, LeaseStep, Step};
pub use time::{Cycles, Deadline, Instant};

use crate::layout::{LINE, QUADWORD};
use crate::wire::{LineWords, Quadword, bytes_of, words_of};

/// Who is woken when another core interrupts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seat {
    /// A task that waits for mail, and then has the server woken.
    Receiver,
    /// The task that looks after everything.
    Server,
}

/// What this crate asks of the chip. All methods belong to tasks of one core, unless they say otherwise.
pub trait Mesh {
    /// Core this is. No cost.
    fn core(&self) -> CoreId;

    /// Core cycles since some fixed moment of this life of the core. About 10 cycles (RDTSC). Any context.
    fn now(&self) -> Instant;

    /// Completes at `at` or soon after, at once if `at` has passed. Spurious wake-ups are allowed.
    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()>;

    /// Copies bytes from the line at `from`, as the L1 sees it. The range must not leave the line.
    ///
    /// A cached line costs 1 cycle per load, an uncached one 20 cycles in the own buffer with bypass and
    /// 45 + 5.33 n in another core's. Each line is fetched in one transaction, so bytes of one line belong
    /// together. SCC reference §2.5 (MPBT), §5.2, §10.2.
    fn read(&self, from: MpbAddress, bytes: &mut [u8]);

    /// Stores bytes at `to` in ascending order. The range must not leave the line.
    ///
    /// A whole line normally leaves as one transaction; anything less waits in the write-combining buffer, and
    /// leaves in ascending quadwords, each atomic. An interrupt handler that stores to a message buffer can
    /// split even a whole line, so nothing here relies on more than the ascending quadwords.
    /// SCC reference §2.5, §2.7, §5.2.
    fn write(&self, to: MpbAddress, bytes: &[u8]);

    /// The aligned word at `from`, as the L1 sees it. Cost: as [`read`](Self::read).
    fn read_word(&self, from: MpbAddress) -> u32 {
        let mut bytes = [0; 4];
        self.read(from, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// The line at `from`, as the L1 sees it; its words belong together. Cost: as [`read`](Self::read).
    fn read_line(&self, from: MpbAddress) -> LineWords {
        let mut bytes = [0; LINE];
        self.read(from, &mut bytes);
        words_of(&bytes)
    }

    /// Stores an aligned word at `to`, as [`write`](Self::write) does.
    fn write_word(&self, to: MpbAddress, word: u32) {
        self.write(to, &word.to_le_bytes());
    }

    /// Stores an aligned quadword at `to`, as [`write`](Self::write) does.
    fn write_quadword(&self, to: MpbAddress, [first, last]: Quadword) {
        let mut bytes = [0; QUADWORD];
        bytes[..4].copy_from_slice(&first.to_le_bytes());
        bytes[4..].copy_from_slice(&last.to_le_bytes());
        self.write(to, &bytes);
    }

    /// Stores a byte at `to`, as [`write`](Self::write) does.
    fn write_byte(&self, to: MpbAddress, byte: u8) {
        self.write(to, &[byte]);
    }

    /// Stores a whole line at `to`, as [`write`](Self::write) does.
    fn write_line(&self, to: MpbAddress, words: LineWords) {
        self.write(to, &bytes_of(words));
    }

    /// Writes a line whose end is made when its beginning has been stored: what other stores have left in the buffer leaves
    /// meanwhile. Costs and order as with [`write_line`](Self::write_line).
    fn write_line_in_parts(&self, to: MpbAddress, beginning: [u32; 5], end: impl FnOnce() -> [u32; 3]) {
        let ([a, b, c, d, e], [f, g, h]) = (beginning, end());
        self.write_line(to, [a, b, c, d, e, f, g, h]);
    }

    /// Copies bytes of consecutive lines, the first of which begins at `from`, as the L1 sees them. What is read of one
    /// line need not belong together: the caller knows, or finds out afterwards, that nobody writes meanwhile.
    ///
    /// # Panics
    /// If `from` is not the first byte of a line, or the buffer of its owner ends before the bytes do.
    fn read_lines(&self, from: MpbAddress, bytes: &mut [u8]) {
        for (at, line) in from.lines().zip(bytes.chunks_mut(LINE)) {
            self.read(at.expect("the range ends within the buffer"), line);
        }
    }

    /// Stores bytes to consecutive lines, the first of which begins at `to`. Whole lines leave one by one; the bytes of
    /// an incomplete last one wait as after [`write`](Self::write).
    ///
    /// # Panics
    /// As for [`read_lines`](Self::read_lines).
    fn write_lines(&self, to: MpbAddress, bytes: &[u8]) {
        for (at, line) in to.lines().zip(bytes.chunks(LINE)) {
            self.write(at.expect("the range ends within the buffer"), line);
        }
    }

    /// Where this core's pool is; `None` if it has none. The first call may take memory for page tables.
    fn pool(&self) -> Option<PoolBase>;

    /// Copies bytes out of a pool from the beginning of a line on, as the L1 sees them: as [`read_lines`](Self::read_lines),
    /// and a line costs a transaction with the memory of the pool's owner, 91 + 5.33 n. SCC reference §2.5, §10.2.
    ///
    /// # Panics
    /// If `offset` is not a multiple of 32, or the pool ends before the bytes do.
    fn read_pool(&self, pool: Pool, offset: u32, bytes: &mut [u8]);

    /// Stores bytes to a pool from the beginning of a line on, as [`write_lines`](Self::write_lines) does. What is not out
    /// when a window is pointed elsewhere goes there.
    ///
    /// # Panics
    /// As for [`read_pool`](Self::read_pool).
    fn write_pool(&self, pool: Pool, offset: u32, bytes: &[u8]);

    /// Has a window show the pool of `owner`, which is at `base` there; false if no memory is behind that. What the L1 holds
    /// of the window stays what it was. Two accesses to tile registers. SCC reference §3.2.
    fn show_pool(&self, window: PoolWindow, owner: CoreId, base: PoolBase) -> bool;

    /// Has a window show nothing any more.
    fn hide_pool(&self, window: PoolWindow);

    /// Drops all cached lines of message buffers and pools, unwritten data included (CL1INVMB): about 2 cycles, plus a
    /// miss for each line read again. `place` names the caller for tests. SCC reference §2.6.
    fn invalidate(&self, place: Invalidate);

    /// Pushes the write-combining buffer out by a store to the [scratch line](crate::layout::scratch) of the
    /// own buffer: 1 cycle and up to four transactions, 45 + 5.33 n each. `place` names the caller for tests.
    /// SCC reference §2.7.
    fn push(&self, place: Push);

    /// Requests an interrupt of `target` at the global interrupt controller. One FPGA write, about 600 cycles until the
    /// next transaction can start. SCC reference §7.5.
    fn ring(&self, target: CoreId);

    /// Takes off the interrupt controller what has interrupted this core, which it does not do again before; whether
    /// there was anything. `rung` are cores known to have rung: if they are not all, the controller interrupts again, and
    /// if none is known, it is taken off unseen. Whatever was announced until now may have been taken off with it: the
    /// caller looks after all of it. One or two FPGA writes, about 600 cycles each until the next transaction can start,
    /// which is why the handler leaves them to a task. SCC reference §7.5, rule 3.
    fn rearm(&self, rung: CoreSet) -> bool;

    /// Has a task woken by the handler of the next interrupt that another core causes, before or after it is counted. A
    /// later task in the same seat takes its place. The handler wakes the receiver, once, and only if there is none the
    /// server.
    fn wake_when_rung(&self, seat: Seat, waker: &Waker);

    /// Leaves the receiver's seat empty.
    fn vacate(&self);

    /// Whether the task is polled as soon as the one that serves the mailbox is.
    fn is_urgent(&self, waker: &Waker) -> bool;

    /// Sets the interrupt bit of `target` directly: anonymous, and lost if two cores do it at once.
    /// Read and write of a tile register, 45 + 5.33 n each. SCC reference §4.3.
    fn interrupt(&self, target: CoreId);

    /// Takes the test-and-set register of `register` if it is free; whether this core has it now.
    /// 45 + 5.33 n. SCC reference §4.8.
    fn test_and_set(&self, register: CoreId) -> bool;

    /// Frees the test-and-set register of `register`, whoever took it. 45 + 5.33 n. SCC reference §4.8.
    fn clear(&self, register: CoreId);

    /// Adds 1 to an FPGA counter, wrapping; its value before. About 600 cycles. SCC reference §7.6.
    fn count_up(&self, counter: CounterId) -> u32;

    /// Value of an FPGA counter. About 600 cycles. SCC reference §7.6.
    fn counter(&self, counter: CounterId) -> u32;

    /// Sets an FPGA counter. About 600 cycles. SCC reference §7.6.
    fn set_counter(&self, counter: CounterId, value: u32);

    /// Whether `core` is held in reset now. One read of a tile register, 45 + 5.33 n. SCC reference §4.5.
    fn is_in_reset(&self, core: CoreId) -> bool;

    /// Takes note of a step of a call or lease, for those who record what a core does; others leave it.
    fn note(&self, _step: Step) {}
}
