//! The fake's side of the hardware trait: every operation first lets the scheduler switch cores.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use corosensei::Yielder;
use scc::address::LINE_BYTES;
use scc::fpga::CounterId;
use scc::id::CoreId;

use super::Removed;
use super::board::{Board, Event};
use super::cache::{LineName, Transaction};
use super::chooser::Choice;
use super::machine::Suspended;
use super::pool;
use super::trace::Operation;
use crate::doorbell::Doorbell;
use crate::layout::{LINE, QUADWORD, scratch};
use crate::mesh::{
    CoreSet, Instant, Invalidate, Mesh, MpbAddress, Pool, PoolBase, PoolWindow, Push, Seat, Step,
};

// Rough costs in cycles: enough for time to pass in proportion.
const CACHED: u64 = 1;
const LINE_ACCESS: u64 = 60;
const FPGA: u64 = 600;
const POLL: u64 = 50;

/// One core's access to the fake chip.
#[derive(Clone)]
pub struct FakeMesh<'y> {
    core: CoreId,
    board: Rc<RefCell<Board>>,
    yielder: &'y Yielder<(), Suspended>,
}

impl<'y> FakeMesh<'y> {
    pub(super) fn new(core: CoreId, board: Rc<RefCell<Board>>, yielder: &'y Yielder<(), Suspended>) -> Self {
        Self { core, board, yielder }
    }

    /// What the core's interrupt handler records its doorbells in; a new one in each life.
    pub fn doorbell(&self) -> Arc<Doorbell> {
        self.board.borrow_mut().core(self.core).doorbell.clone()
    }

    /// After a [calm start](super::Machine::calm_start): waits until every core has called this in some life.
    /// Until then the chooser is not asked, so set-up is not explored.
    pub async fn ready(&self) {
        self.board.borrow_mut().calm.remove(&self.core);
        while !self.board.borrow().calm.is_empty() {
            crate::pause::pause().await;
        }
    }

    /// Resets this core for good before one of its next `operations` operations, which one is chosen.
    pub fn dies_within(&self, operations: u8) {
        let mut board = self.board.borrow_mut();
        let chosen = board.choose(Choice::Death, operations.into());
        let state = board.core(self.core);
        let chosen = u64::try_from(chosen).expect("less than 256");
        state.dies_at = Some(state.operations + 1 + chosen);
    }

    /// Takes [`dies_within`](Self::dies_within) back, if the core has survived.
    pub fn lives_on(&self) {
        self.board.borrow_mut().core(self.core).dies_at = None;
    }

    /// Time that a poll takes besides its operations.
    pub(super) fn spend_poll(&self) {
        self.board.borrow_mut().now += POLL;
    }

    fn is_dead(&self) -> bool {
        self.board.borrow_mut().core(self.core).is_dead
    }

    /// Point at which another core may run or an interrupt may come; false if the core has no power to act.
    fn step(&self, cost: u64) -> bool {
        if self.is_dead() {
            return false;
        }
        let is_calm = {
            let mut board = self.board.borrow_mut();
            board.core(self.core).operations += 1;
            !board.calm.is_empty()
        };
        if !is_calm {
            self.yielder.suspend(Suspended::BeforeOperation);
        }
        self.take_interrupt();
        self.board.borrow_mut().now += cost;
        true
    }

    /// Runs the interrupt handler if the core's interrupt bit is set.
    pub(super) fn take_interrupt(&self) {
        let doorbell = {
            let mut board = self.board.borrow_mut();
            let state = board.core(self.core);
            if !state.is_interrupted || state.is_in_handler {
                return;
            }
            state.is_in_handler = true;
            let doorbell = state.doorbell.clone();
            board.trace(self.core, Operation::Interrupted);
            doorbell
        };
        if self.step(LINE_ACCESS) {
            let waker = {
                let mut board = self.board.borrow_mut();
                let state = board.core(self.core);
                state.is_interrupted = false;
                state.receiver.take().or_else(|| state.server.take())
            };
            doorbell.notice();
            waker.into_iter().for_each(Waker::wake);
        }
        self.board.borrow_mut().core(self.core).is_in_handler = false;
    }

    fn send(&self, writes: &[Transaction]) {
        for (index, write) in writes.iter().enumerate() {
            if index == 0 || self.step(LINE_ACCESS) {
                self.board.borrow_mut().apply(self.core, write);
            }
        }
    }

    fn store(&self, line: LineName, offset: usize, bytes: &[u8]) {
        let writes = self.board.borrow_mut().core(self.core).cache.store(line, offset, bytes);
        self.send(&writes);
    }

    /// Stores bytes of one line, with an interrupt in between if that is chosen.
    fn store_perhaps_split(&self, line: LineName, offset: usize, bytes: &[u8]) {
        let quadwords = bytes.len().div_ceil(QUADWORD);
        let split = self.board.borrow().choose(Choice::Split, quadwords);
        match split {
            0 => self.store(line, offset, bytes),
            whole => {
                let (first, second) = bytes.split_at(whole * QUADWORD);
                self.store(line, offset, first);
                self.flush();
                self.store(line, offset + first.len(), second);
            }
        }
    }

    /// Copies bytes of one line as the cache has it, which then does.
    fn load(
        &self,
        line: LineName,
        offset: usize,
        bytes: &mut [u8],
        operation: impl FnOnce(bool) -> Operation,
    ) {
        let mut board = self.board.borrow_mut();
        let cached = board.core(self.core).cache.cached(line).copied();
        board.trace(self.core, operation(cached.is_some()));
        let content = cached.unwrap_or_else(|| {
            let content = board.line(self.core, line);
            board.now += LINE_ACCESS;
            board.core(self.core).cache.fill(line, content);
            content
        });
        bytes.copy_from_slice(&content[offset..][..bytes.len()]);
    }

    fn point_window(&self, window: PoolWindow, owner: Option<CoreId>) {
        if self.step(LINE_ACCESS) {
            let mut board = self.board.borrow_mut();
            board.trace(self.core, Operation::Window(window, owner.map(CoreId::number)));
            board.core(self.core).windows[usize::from(window.number())] = owner;
        }
    }

    fn flush(&self) {
        let writes = self.board.borrow_mut().core(self.core).cache.flush();
        self.send(&writes);
    }
}

impl Mesh for FakeMesh<'_> {
    fn core(&self) -> CoreId {
        self.core
    }

    fn now(&self) -> Instant {
        let mut board = self.board.borrow_mut();
        board.now += 1;
        Instant::from_cycles(board.now)
    }

    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> {
        let mut is_set = false;
        poll_fn(move |context| {
            let mut board = self.board.borrow_mut();
            if board.now >= at.as_cycles() {
                return Poll::Ready(());
            }
            if !is_set {
                is_set = true;
                board.schedule(at.as_cycles(), Event::Wake(context.waker().clone()));
            }
            Poll::Pending
        })
    }

    fn read(&self, from: MpbAddress, bytes: &mut [u8]) {
        assert!(from.offset_in_line() + bytes.len() <= LINE, "a read leaves its line: {from}");
        if !self.step(CACHED) {
            return;
        }
        let line = (from.owner().number(), from.line());
        let length = bytes.len();
        self.load(line, from.offset_in_line(), bytes, |is_cached| {
            if is_cached { Operation::ReadCached(from, length) } else { Operation::Read(from, length) }
        });
    }

    fn write(&self, to: MpbAddress, bytes: &[u8]) {
        assert!(to.offset_in_line() + bytes.len() <= LINE, "a write leaves its line: {to}");
        if !self.step(CACHED) {
            return;
        }
        self.board.borrow_mut().trace(self.core, Operation::Write(to, bytes.len()));
        self.store_perhaps_split((to.owner().number(), to.line()), to.offset_in_line(), bytes);
    }

    fn pool(&self) -> Option<PoolBase> {
        Some(pool::BASE)
    }

    fn read_pool(&self, pool: Pool, offset: u32, bytes: &mut [u8]) {
        assert!(offset.is_multiple_of(LINE_BYTES), "a read begins with a line: {offset}");
        for (offset, piece) in (offset..).step_by(LINE).zip(bytes.chunks_mut(LINE)) {
            if self.step(CACHED) {
                let line = pool::seen(pool, offset);
                let operation = Operation::Pool(pool, line.1, piece.len());
                self.load(line, 0, piece, |_| operation);
            }
        }
    }

    fn write_pool(&self, pool: Pool, offset: u32, bytes: &[u8]) {
        assert!(offset.is_multiple_of(LINE_BYTES), "a write begins with a line: {offset}");
        for (offset, piece) in (offset..).step_by(LINE).zip(bytes.chunks(LINE)) {
            if self.step(CACHED) {
                let line = pool::seen(pool, offset);
                self.board.borrow_mut().trace(self.core, Operation::Pool(pool, line.1, piece.len()));
                self.store_perhaps_split(line, 0, piece);
            }
        }
    }

    fn show_pool(&self, window: PoolWindow, owner: CoreId, base: PoolBase) -> bool {
        self.point_window(window, Some(owner));
        base == pool::BASE
    }

    fn hide_pool(&self, window: PoolWindow) {
        self.point_window(window, None);
    }

    fn invalidate(&self, place: Invalidate) {
        if !self.step(CACHED) {
            return;
        }
        let mut board = self.board.borrow_mut();
        board.places.insert((Some(place), None));
        if board.removed != Some(Removed::Invalidate(place)) {
            board.trace(self.core, Operation::Invalidate(place));
            board.core(self.core).cache.invalidate();
        }
    }

    fn push(&self, place: Push) {
        if !self.step(LINE_ACCESS) {
            return;
        }
        {
            let mut board = self.board.borrow_mut();
            board.places.insert((None, Some(place)));
            if board.removed == Some(Removed::Push(place)) {
                return;
            }
            board.trace(self.core, Operation::Push(place));
        }
        let scratch = scratch(self.core);
        self.store((scratch.owner().number(), scratch.line()), scratch.offset_in_line(), &[0]);
    }

    fn ring(&self, target: CoreId) {
        if self.step(FPGA) {
            self.board.borrow_mut().ring(self.core, target);
        }
    }

    fn rearm(&self, rung: CoreSet) -> bool {
        let is_pending = self.board.borrow_mut().core(self.core).is_pending;
        if is_pending && self.step(FPGA) {
            self.board.borrow_mut().core(self.core).answer_controller(rung);
        }
        is_pending
    }

    fn wake_when_rung(&self, seat: Seat, waker: &Waker) {
        let mut board = self.board.borrow_mut();
        let state = board.core(self.core);
        match seat {
            Seat::Receiver => state.receiver = Some(waker.clone()),
            Seat::Server => state.server = Some(waker.clone()),
        }
    }

    fn vacate(&self) {
        self.board.borrow_mut().core(self.core).receiver = None;
    }

    /// The tasks of a core are polled in turn.
    fn is_urgent(&self, _waker: &Waker) -> bool {
        true
    }

    fn interrupt(&self, target: CoreId) {
        if !self.step(LINE_ACCESS) {
            return;
        }
        // Read and write of the register: a bit set in between by another core is lost (SCC reference §4.3).
        let mut board = self.board.borrow_mut();
        let chosen = board.choose(Choice::Doorbell, 2);
        if let Some(state) = board.cores.get_mut(&target).filter(|_| chosen == 0) {
            state.is_interrupted = true;
        }
    }

    fn test_and_set(&self, register: CoreId) -> bool {
        if !self.step(LINE_ACCESS) {
            return false;
        }
        let mut board = self.board.borrow_mut();
        board.trace(self.core, Operation::TestAndSet(register.number()));
        board.test_and_set(register)
    }

    fn clear(&self, register: CoreId) {
        if self.step(LINE_ACCESS) {
            let mut board = self.board.borrow_mut();
            board.trace(self.core, Operation::Clear(register.number()));
            board.clear(register);
        }
    }

    fn count_up(&self, counter: CounterId) -> u32 {
        if !self.step(FPGA) {
            return 0;
        }
        let mut board = self.board.borrow_mut();
        board.trace(self.core, Operation::Counter(counter.number()));
        let value = board.counter(counter);
        let before = *value;
        *value = before.wrapping_add(1);
        before
    }

    fn counter(&self, counter: CounterId) -> u32 {
        if self.step(FPGA) { *self.board.borrow_mut().counter(counter) } else { 0 }
    }

    fn set_counter(&self, counter: CounterId, value: u32) {
        if self.step(FPGA) {
            *self.board.borrow_mut().counter(counter) = value;
        }
    }

    fn is_in_reset(&self, core: CoreId) -> bool {
        self.step(LINE_ACCESS) && self.board.borrow().cores.get(&core).is_none_or(|state| state.is_dead)
    }

    fn note(&self, step: Step) {
        if !self.is_dead() {
            self.board.borrow_mut().trace(self.core, Operation::Step(step));
        }
    }
}
