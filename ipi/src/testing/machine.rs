//! Runs programs of several cores on the fake chip, one coroutine each.

use std::boxed::Box;
use std::cell::RefCell;
use std::fmt::Write;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::string::{String, ToString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::vec::Vec;

use corosensei::{Coroutine, CoroutineResult};
use scc::id::CoreId;

use super::Removed;
use super::board::{Board, Event};
use super::chooser::{Choice, Chooser};
use super::mesh::FakeMesh;
use crate::mesh::{Invalidate, Push};

/// What a core runs from its start; called anew in each life.
pub type Program = Rc<dyn for<'y> Fn(FakeMesh<'y>) -> Pin<Box<dyn Future<Output = ()> + 'y>>>;

/// Why a core handed control back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Suspended {
    /// It is about to do something that others can see.
    BeforeOperation,
    /// Its future is pending; it goes on when woken.
    Waiting,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All programs returned.
    Finished,
    /// Nobody will ever be woken again; the waiting cores.
    Deadlock(Vec<u8>),
    /// Too many operations: somebody runs in circles.
    Endless,
    /// A program panicked; its message.
    Panicked(String),
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Life {
    coroutine: Coroutine<(), Suspended, ()>,
    woken: Arc<Flag>,
    last: Suspended,
}

struct Core {
    id: CoreId,
    program: Program,
    life: Option<Life>,
    is_finished: bool,
}

#[derive(Clone, Copy, Debug)]
struct Reset {
    core: CoreId,
    at_operation: u64,
    restart_after: Option<u64>,
}

/// The fake chip with programs for some of its cores.
pub struct Machine {
    board: Rc<RefCell<Board>>,
    cores: Vec<Core>,
    resets: Vec<Reset>,
    current: usize,
    steps_left: u64,
}

impl Machine {
    /// A chip without programs whose freedom `chooser` uses.
    pub fn new(chooser: Chooser) -> Self {
        let board = Rc::new(RefCell::new(Board::new(chooser)));
        Self { board, cores: Vec::new(), resets: Vec::new(), current: 0, steps_left: 400_000 }
    }

    /// Gives core `number`, 0 to 47, a program.
    ///
    /// # Panics
    ///
    /// There is no such core.
    #[must_use]
    pub fn core<P>(mut self, number: u8, program: P) -> Self
    where
        P: for<'y> Fn(FakeMesh<'y>) -> Pin<Box<dyn Future<Output = ()> + 'y>> + 'static,
    {
        let id = CoreId::new(number).expect("cores are 0 to 47");
        self.board.borrow_mut().add_core(id);
        self.cores.push(Core { id, program: Rc::new(program), life: None, is_finished: false });
        self
    }

    /// Skips one invalidate or push.
    #[must_use]
    pub fn without(self, removed: Removed) -> Self {
        self.board.borrow_mut().removed = Some(removed);
        self
    }

    /// Fills all message buffers with `byte` before the start.
    #[must_use]
    pub fn filled_with(self, byte: u8) -> Self {
        self.board.borrow_mut().fill(byte);
        self
    }

    /// Leaves every core in peace until it calls [`FakeMesh::ready`].
    #[must_use]
    pub fn calm_start(self) -> Self {
        self.board.borrow_mut().calm = self.cores.iter().map(|core| core.id).collect();
        self
    }

    /// Lets at most `steps` operations happen before the run counts as endless.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.steps_left = steps;
        self
    }

    /// Resets core `number` before the operation with this number, counted over all its lives, and starts it
    /// again after `restart_after` cycles, or never.
    ///
    /// # Panics
    ///
    /// There is no such core.
    #[must_use]
    pub fn reset(mut self, number: u8, at_operation: u64, restart_after: Option<u64>) -> Self {
        let core = CoreId::new(number).expect("cores are 0 to 47");
        self.resets.push(Reset { core, at_operation, restart_after });
        self
    }

    /// Resets that have not come, because their cores did not get as far.
    pub fn resets_left(&self) -> usize {
        self.resets.len()
    }

    /// Runs until all programs have returned or nothing can happen any more.
    pub fn run(&mut self) -> Outcome {
        for index in 0..self.cores.len() {
            self.start(index);
        }
        let outcome = self.run_started();
        self.stop_all();
        outcome
    }

    /// The last operations, one per line.
    pub fn report(&self) -> String {
        self.board.borrow().last_records().iter().fold(String::new(), |mut text, record| {
            writeln!(text, "{record}").expect("strings take everything");
            text
        })
    }

    /// Places that invalidated or pushed so far.
    pub fn places(&self) -> (Vec<Invalidate>, Vec<Push>) {
        let board = self.board.borrow();
        let invalidates = board.places.iter().filter_map(|(invalidate, _)| *invalidate).collect();
        (invalidates, board.places.iter().filter_map(|(_, push)| *push).collect())
    }

    fn run_started(&mut self) -> Outcome {
        loop {
            self.handle_events();
            if self.cores.iter().all(|core| core.is_finished) {
                return Outcome::Finished;
            }
            let Some(index) = self.pick() else {
                if self.board.borrow_mut().skip_to_next_event() {
                    continue;
                }
                let waiting = self.cores.iter().filter(|core| !core.is_finished);
                return Outcome::Deadlock(waiting.map(|core| core.id.number()).collect());
            };
            if self.steps_left == 0 {
                return Outcome::Endless;
            }
            self.steps_left -= 1;
            if let Err(message) = self.resume(index) {
                return Outcome::Panicked(message);
            }
        }
    }

    fn handle_events(&mut self) {
        loop {
            let event = self.board.borrow_mut().due();
            match event {
                None => return,
                Some(Event::Wake(waker)) => waker.wake(),
                Some(Event::Doorbell { sender, target }) => self.board.borrow_mut().arrive(sender, target),
                Some(Event::Restart(core)) => {
                    let index = self.cores.iter().position(|other| other.id == core);
                    self.start(index.expect("only cores of the machine are reset"));
                }
            }
        }
    }

    fn can_run(&self, index: usize) -> bool {
        let core = &self.cores[index];
        core.life.as_ref().is_some_and(|life| {
            life.last == Suspended::BeforeOperation
                || life.woken.0.load(Ordering::Relaxed)
                || self.board.borrow_mut().core(core.id).is_interrupted
        })
    }

    /// Core that runs next: the current one, unless it waits or the chooser switches.
    fn pick(&mut self) -> Option<usize> {
        let count = self.cores.len();
        let others: Vec<usize> = (1..count)
            .map(|step| (self.current + step) % count)
            .filter(|index| self.can_run(*index))
            .collect();
        let is_in_the_middle = self.cores[self.current]
            .life
            .as_ref()
            .is_some_and(|life| life.last == Suspended::BeforeOperation);
        let next = if is_in_the_middle {
            let chosen = self.board.borrow().choose(Choice::Switch, 1 + others.len());
            match chosen {
                0 => self.current,
                other => others[other - 1],
            }
        } else if others.is_empty() {
            self.can_run(self.current).then_some(self.current)?
        } else {
            // The current core waits or polls in a loop: somebody else's turn, and who is no preemption.
            others[0]
        };
        self.current = next;
        Some(next)
    }

    fn resume(&mut self, index: usize) -> Result<(), String> {
        let core = self.cores[index].id;
        let (operations, dies_at) = {
            let mut board = self.board.borrow_mut();
            let state = board.core(core);
            (state.operations, state.dies_at)
        };
        if dies_at.is_some_and(|dies_at| dies_at <= operations) {
            self.end_life(index);
            self.cores[index].is_finished = true;
            return Ok(());
        }
        if let Some(due) =
            self.resets.iter().position(|reset| reset.core == core && reset.at_operation <= operations)
        {
            let reset = self.resets.remove(due);
            self.end_life(index);
            if let Some(delay) = reset.restart_after {
                let mut board = self.board.borrow_mut();
                let at = board.now + delay;
                board.schedule(at, Event::Restart(core));
            } else {
                self.cores[index].is_finished = true;
            }
            return Ok(());
        }
        let Some(life) = self.cores[index].life.as_mut() else { return Ok(()) };
        let resumed = catch_unwind(AssertUnwindSafe(|| life.coroutine.resume(())));
        match resumed {
            Ok(CoroutineResult::Yield(suspended)) => life.last = suspended,
            Ok(CoroutineResult::Return(())) => {
                self.cores[index].life = None;
                self.cores[index].is_finished = true;
            }
            Err(panic) => {
                self.cores[index].life = None;
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                return Err(text.unwrap_or_else(|| "a panic without a message".to_string()));
            }
        }
        Ok(())
    }

    fn start(&mut self, index: usize) {
        let Core { id, program, .. } = &self.cores[index];
        let (id, program, board) = (*id, program.clone(), self.board.clone());
        board.borrow_mut().start(id);
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        let flag = woken.clone();
        let coroutine = Coroutine::new(move |yielder, ()| {
            let mesh = FakeMesh::new(id, board, yielder);
            let waker = Waker::from(flag.clone());
            let mut program = program(mesh.clone());
            loop {
                flag.0.store(false, Ordering::Relaxed);
                mesh.spend_poll();
                if program.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(()) {
                    return;
                }
                loop {
                    yielder.suspend(Suspended::Waiting);
                    mesh.take_interrupt();
                    if flag.0.load(Ordering::Relaxed) {
                        break;
                    }
                }
            }
        });
        self.cores[index].is_finished = false;
        self.cores[index].life = Some(Life { coroutine, woken, last: Suspended::Waiting });
    }

    /// Resets a core: its program goes without doing anything more.
    fn end_life(&mut self, index: usize) {
        self.board.borrow_mut().reset(self.cores[index].id);
        drop(self.cores[index].life.take());
    }

    fn stop_all(&mut self) {
        for index in 0..self.cores.len() {
            if self.cores[index].life.is_some() {
                self.end_life(index);
            }
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop_all();
    }
}
