//! The chip under crate `ipi`: message buffers, doorbells, test-and-set registers and counters of the FPGA.
//!
//! Message buffers are mapped MPBT and write-through, so a store leaves L1 whether it hits or not and waits in the
//! write-combining buffer; a load may return what L1 holds until CL1INVMB. Handlers store to no message buffer, so what
//! a task has written leaves in the order of the write. Facts: SCC reference §2.5-§2.7, §4.3, §4.8, §7.5, §7.6.

use core::cell::Cell;
use core::future::{Future, pending};
use core::sync::atomic::{Ordering, compiler_fence};
use core::task::Waker;

use executor::time::{Instant as Moment, Timers};
use futures_util::future::Either;
use ipi::layout;
use ipi::mesh::{
    CallStage, CallStep, CoreSet, Instant, Invalidate, LeaseStage, LeaseStep, Mesh, MpbAddress, Pool,
    PoolBase, PoolWindow, Push, Seat, Step,
};
use ipi::wire::{LineWords, Quadword};
use scc::fpga::{CounterId, CounterRegister, FpgaRegister};
use scc::id::CoreId;
use scc::tile::{Gcbcfg, TileRegister};
use trace_format::record::{Event, Lease, LetterNumber, RemoteCall};

use super::gic::Events;
use super::window::{
    TileWindow, read_fpga, read_message_bytes, read_message_lines, read_message_word, read_message_words,
    read_pool_lines, write_first_message_words, write_fpga, write_message_byte, write_message_bytes,
    write_message_lines, write_message_quadword, write_message_word, write_pool_lines,
};
use super::{doorbell, identity, pool};
use crate::arch::i586::cpu;
use crate::irq;
use crate::mail;
use crate::platform::Absent;
use crate::trace;

/// The chip as this core sees it. Belongs to its tasks.
#[derive(Debug)]
pub struct ChipMesh {
    core: CoreId,
    timers: Timers,
    /// Whether stores since the last push may be in the write-combining buffer. Whole lines leave by themselves.
    is_unpushed: Cell<bool>,
}

/// The chip, with the executor's timers as its alarm.
///
/// # Errors
/// None here; [`Absent`] on platforms without message buffers.
pub fn open(timers: Timers) -> Result<ChipMesh, Absent> {
    Ok(ChipMesh { core: identity::core(), timers, is_unpushed: Cell::new(false) })
}

const fn counting(counter: CounterId) -> FpgaRegister {
    FpgaRegister::Counter(CounterRegister::Count(counter))
}

const fn value_of(counter: CounterId) -> FpgaRegister {
    FpgaRegister::Counter(CounterRegister::Init(counter))
}

/// What the line of a letter says about which one it is: its first and its last word.
#[inline(always)]
const fn number_of(line: &LineWords) -> LetterNumber {
    LetterNumber { flow: line[0], place: line[7] }
}

impl ChipMesh {
    /// Records that a line was read, if it is one in which letters are left for this core.
    #[cold]
    #[inline(never)]
    fn record_read(&self, from: MpbAddress, letter: LetterNumber) {
        if from.owner() == self.core
            && let Some(sender) = layout::sender_of_mail(from)
        {
            trace::record(Event::LetterRead { from: sender.number(), letter });
        }
    }

    /// Records that a line was about to be written, if it is the one in which this core leaves letters for the owner.
    #[cold]
    #[inline(never)]
    fn record_written(&self, before: u64, to: MpbAddress, letter: LetterNumber) {
        if layout::sender_of_mail(to) == Some(self.core) {
            trace::record_at(before, Event::LetterWritten { to: to.owner().number(), letter });
        }
    }
}

impl Mesh for ChipMesh {
    #[inline]
    fn core(&self) -> CoreId {
        self.core
    }

    #[inline]
    fn now(&self) -> Instant {
        Instant::from_cycles(cpu::time_stamp())
    }

    /// The end of time takes no timer, so that a core that waits for nothing else stays asleep.
    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> {
        match at.as_cycles() {
            u64::MAX => Either::Left(pending()),
            cycles => Either::Right(self.timers.sleep_until(Moment::from_ticks(cycles))),
        }
    }

    /// With interrupts held back: a handler could have the line evicted between two loads, and the rest of it would be
    /// newer than its beginning.
    fn read(&self, from: MpbAddress, bytes: &mut [u8]) {
        cpu::without_interrupts(|| read_message_bytes(from.owner(), from.offset(), bytes));
    }

    #[inline]
    fn read_word(&self, from: MpbAddress) -> u32 {
        read_message_word(from)
    }

    /// Again if an interrupt came in between; to look for that costs less than to hold interrupts back. Inlined, as is
    /// [`write_line`](Self::write_line): a line that is passed in registers is not copied to the stack and back.
    #[inline(always)]
    fn read_line(&self, from: MpbAddress) -> LineWords {
        let line = loop {
            let taken = irq::taken();
            compiler_fence(Ordering::SeqCst);
            let line = read_message_words(from);
            compiler_fence(Ordering::SeqCst);
            if irq::taken() == taken {
                break line;
            }
        };
        if trace::are_letters_recorded() {
            self.record_read(from, number_of(&line));
        }
        line
    }

    fn read_lines(&self, from: MpbAddress, bytes: &mut [u8]) {
        read_message_lines(from, bytes);
    }

    fn write_lines(&self, to: MpbAddress, bytes: &[u8]) {
        self.is_unpushed.set(true);
        write_message_lines(to, bytes);
    }

    #[inline]
    fn write_word(&self, to: MpbAddress, word: u32) {
        self.is_unpushed.set(true);
        write_message_word(to, word);
    }

    #[inline]
    fn write_byte(&self, to: MpbAddress, byte: u8) {
        self.is_unpushed.set(true);
        write_message_byte(to, byte);
    }

    /// Sends off what other stores have left in the buffer, then the line.
    #[inline(always)]
    fn write_line(&self, to: MpbAddress, [a, b, c, d, e, f, g, h]: LineWords) {
        self.write_line_in_parts(to, [a, b, c, d, e], || [f, g, h]);
    }

    /// What was stored before leaves with the first word of the line.
    #[inline(always)]
    fn write_line_in_parts(&self, to: MpbAddress, beginning: [u32; 5], end: impl FnOnce() -> [u32; 3]) {
        let before = trace::are_letters_recorded().then(trace::stamp);
        let rest = write_first_message_words(to, beginning);
        let end = end();
        rest.write(end);
        self.is_unpushed.set(false);
        if let Some(before) = before {
            self.record_written(before, to, LetterNumber { flow: beginning[0], place: end[2] });
        }
    }

    fn write(&self, to: MpbAddress, bytes: &[u8]) {
        self.is_unpushed.set(true);
        write_message_bytes(to.owner(), to.offset(), bytes);
    }

    #[inline]
    fn write_quadword(&self, to: MpbAddress, words: Quadword) {
        self.is_unpushed.set(true);
        write_message_quadword(to, words);
    }

    fn pool(&self) -> Option<PoolBase> {
        pool::open()
    }

    fn read_pool(&self, pool: Pool, offset: u32, bytes: &mut [u8]) {
        read_pool_lines(pool, offset, bytes);
    }

    fn write_pool(&self, pool: Pool, offset: u32, bytes: &[u8]) {
        self.is_unpushed.set(true);
        write_pool_lines(pool, offset, bytes);
    }

    fn show_pool(&self, window: PoolWindow, owner: CoreId, base: PoolBase) -> bool {
        pool::show(window, owner, base)
    }

    fn hide_pool(&self, window: PoolWindow) {
        pool::hide(window);
    }

    #[inline]
    fn invalidate(&self, _place: Invalidate) {
        cpu::invalidate_message_lines();
    }

    /// Nothing to do after a whole line: the eighth of its ascending stores has sent it off.
    #[inline]
    fn push(&self, _place: Push) {
        if self.is_unpushed.replace(false) {
            write_message_word(layout::scratch(self.core), 0);
        }
    }

    /// Recorded after the store, which the core does not wait for, as of before it.
    #[inline(never)]
    fn ring(&self, target: CoreId) {
        let before = trace::stamp();
        doorbell::request(target);
        trace::record_at(before, Event::DoorbellRung(target.number()));
    }

    fn rearm(&self, rung: CoreSet) -> bool {
        crate::doorbell::rearm(Events::of_senders(rung.bits()))
    }

    fn wake_when_rung(&self, seat: Seat, waker: &Waker) {
        crate::doorbell::wake_when_rung(seat, waker);
    }

    fn vacate(&self) {
        crate::doorbell::vacate();
    }

    fn is_urgent(&self, waker: &Waker) -> bool {
        executor::class_of(waker) == Some(mail::CLASS)
    }

    /// Recorded as a [`ring`](Self::ring) is.
    #[inline(always)]
    fn interrupt(&self, target: CoreId) {
        let before = trace::stamp();
        doorbell::raise_direct_pin(target);
        trace::record_at(before, Event::DirectRaised(target.number()));
    }

    fn test_and_set(&self, register: CoreId) -> bool {
        TileWindow::of(register.tile()).take_lock(register.slot())
    }

    fn clear(&self, register: CoreId) {
        TileWindow::of(register.tile()).free_lock(register.slot());
    }

    fn count_up(&self, counter: CounterId) -> u32 {
        read_fpga(counting(counter))
    }

    fn counter(&self, counter: CounterId) -> u32 {
        read_fpga(value_of(counter))
    }

    fn set_counter(&self, counter: CounterId, value: u32) {
        write_fpga(value_of(counter), value);
    }

    fn is_in_reset(&self, core: CoreId) -> bool {
        let bits = TileWindow::of(core.tile()).read(TileRegister::Gcbcfg);
        Gcbcfg::from_bits(bits).core_in_reset(core.slot())
    }

    /// Each arm records by itself, so that what its kind of record looks like is known at compile time.
    #[inline(always)]
    fn note(&self, step: Step) {
        match step {
            Step::Call(CallStep { stage, peer, life, call, procedure }) => {
                let call = RemoteCall { life: life.get(), number: call.0, procedure: procedure.0 };
                let peer = peer.number();
                match stage {
                    CallStage::Calls => trace::record(Event::CallBegin { to: peer, call }),
                    CallStage::Called => trace::record(Event::CallEnd { to: peer, call }),
                    CallStage::Serves => trace::record(Event::ServeBegin { from: peer, call }),
                    CallStage::Served => trace::record(Event::ServeEnd { from: peer, call }),
                }
            }
            Step::Lease(LeaseStep { stage, peer, life, lease, bytes }) => {
                let lease = Lease { life: life.get(), number: lease.0, bytes };
                let peer = peer.number();
                match stage {
                    LeaseStage::Lends => trace::record(Event::LendBegin { to: peer, lease }),
                    LeaseStage::Lent => trace::record(Event::LendEnd { to: peer, lease }),
                    LeaseStage::Borrows => trace::record(Event::BorrowBegin { from: peer, lease }),
                    LeaseStage::Returns => trace::record(Event::BorrowEnd { from: peer, lease }),
                }
            }
        }
    }
}
