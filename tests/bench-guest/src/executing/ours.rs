//! The executor of this project, as a program without allocator uses it.

use executor::time::Instant;
use executor::{Class, Executor, ExecutorCell, Platform, Spawner, TaskPool};

use super::clock;
use super::programs::{Empty, Subject, Times};

/// Its name in the report.
pub(super) const NAME: &str = "executor";

/// A core whose wakers are used on the core itself, so that nothing is to be pended.
struct Core;

impl Platform for Core {
    fn now(&self) -> Instant {
        Instant::from_ticks(u64::from(clock::now()))
    }

    fn set_alarm(&self, _: Option<Instant>) {}

    fn idle(&self, _: &dyn Fn() -> bool) {}
}

/// Bytes of a slot: enough for every program.
const SLOT: usize = 32 * size_of::<usize>();

static EXECUTOR: ExecutorCell<Core> = ExecutorCell::new(Executor::new(&Core).woken_here());
static POOL: TaskPool<SLOT, 1_100> = TaskPool::new();

/// The executor at work.
pub(super) struct Ours {
    executor: &'static Executor<Core>,
    spawner: Spawner,
}

impl Ours {
    /// Takes the executor.
    ///
    /// # Panics
    /// If it was taken before.
    pub(super) fn claim() -> Self {
        let executor = EXECUTOR.claim().expect("the executor is used by one run");
        Self { executor, spawner: executor.spawner() }
    }
}

impl Subject for Ours {
    const NAME: &'static str = NAME;

    fn spawn<F: Future<Output = ()> + 'static>(&self, future: F) {
        self.spawner.spawn_in(&POOL, "bench", Class::Service, future).expect("there is room").detach();
    }

    fn run(&self) {
        self.executor.run_until_idle();
    }

    fn spawn_and_end(&self) -> Times {
        Times::sample(|| {
            let begin = clock::now();
            self.spawn(Empty);
            let end = clock::now();
            self.run();
            end.wrapping_sub(begin)
        })
    }
}
