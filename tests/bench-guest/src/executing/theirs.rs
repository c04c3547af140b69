//! Embassy's executor, with the interface that it has for platforms.
#![expect(unsafe_code, reason = "its interface for platforms")]

use core::sync::atomic::{AtomicU32, Ordering};

use embassy_executor::Spawner;
use embassy_executor::raw::{Executor, TaskStorage};

use super::programs::{Empty, Subject, Times};
use super::{arena, clock};

/// Whether the executor asked to be polled.
static PENDED: AtomicU32 = AtomicU32::new(0);

/// What the executor calls when a task becomes ready while none was.
// SAFETY: the name and signature that its documentation asks for.
#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    PENDED.store(1, Ordering::Relaxed);
}

/// The executor at work.
pub(super) struct Theirs {
    executor: &'static Executor,
    spawner: Spawner,
}

impl Theirs {
    /// A new executor.
    pub(super) fn new() -> Self {
        let executor = arena::place_one(Executor::new(core::ptr::null_mut()));
        Self { executor, spawner: executor.spawner() }
    }
}

impl Subject for Theirs {
    const NAME: &'static str = "embassy";

    fn spawn<F: Future<Output = ()> + 'static>(&self, future: F) {
        let storage: &'static TaskStorage<F> = arena::place_one(TaskStorage::new());
        self.spawner.spawn(storage.spawn(|| future).expect("new storage is free"));
    }

    fn run(&self) {
        while PENDED.load(Ordering::Relaxed) != 0 {
            PENDED.store(0, Ordering::Relaxed);
            // SAFETY: not called by a task.
            unsafe { self.executor.poll() };
        }
    }

    fn spawn_and_end(&self) -> Times {
        let storage: &'static TaskStorage<Empty> = arena::place_one(TaskStorage::new());
        Times::sample(|| {
            let begin = clock::now();
            self.spawner.spawn(storage.spawn(|| Empty).expect("the task before has ended"));
            let end = clock::now();
            self.run();
            end.wrapping_sub(begin)
        })
    }
}
