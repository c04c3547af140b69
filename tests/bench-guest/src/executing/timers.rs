//! Ten thousand timers: set, fired, cancelled. Time passes by hand, so that only the queue of timers is measured.
#![expect(unsafe_code, reason = "pins elements of a static slice")]

use core::pin::Pin;
use core::task::{Context, Waker};

use executor::testing::ManualMachine;
use executor::time::{Duration, Instant, Sleep, Timers};
use executor::{Executor, ExecutorCell};

use super::programs::Times;
use super::{arena, clock};

/// Timers that are set at the same time.
const TIMERS: u32 = 10_000;
/// Deadlines lie below this.
const SPAN: u32 = 1 << 20;

static MACHINE: ManualMachine = ManualMachine::new();
static EXECUTOR: ExecutorCell<ManualMachine> = ExecutorCell::new(Executor::new(&MACHINE));

/// Mean ticks of an insert, a fire and a cancellation.
pub(super) fn measure() -> (Times, Times, Times) {
    let executor = EXECUTOR.claim().expect("used by one run");
    MACHINE.connect(executor.alarm());
    let timers = executor.timers();
    let count = usize::try_from(TIMERS).expect("few");
    let mut random = 1_u32;
    let sleeps = arena::place(count, || sleep(timers, &mut random));
    let insert = insert_all(sleeps);
    let begin = clock::now();
    MACHINE.advance(Duration::from_ticks(u64::from(SPAN)));
    executor.run_until_idle();
    let fire = clock::now().wrapping_sub(begin);
    for place in sleeps.iter_mut() {
        pinned(place).set(sleep(timers, &mut random));
    }
    insert_all(sleeps);
    let begin = clock::now();
    for place in sleeps.iter_mut() {
        pinned(place).reset(Instant::NEVER);
    }
    let cancel = clock::now().wrapping_sub(begin);
    let mean = |ticks: u32| Times::sample(|| ticks / TIMERS);
    (mean(insert), mean(fire), mean(cancel))
}

fn insert_all(sleeps: &mut [Sleep]) -> u32 {
    let mut context = Context::from_waker(Waker::noop());
    let begin = clock::now();
    for place in sleeps.iter_mut() {
        assert!(pinned(place).poll(&mut context).is_pending(), "no deadline has passed");
    }
    clock::now().wrapping_sub(begin)
}

/// A deadline like any other, from now on.
fn sleep(timers: Timers, random: &mut u32) -> Sleep {
    *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    timers.sleep(Duration::from_ticks(u64::from(*random % SPAN) + 1))
}

fn pinned(place: &mut Sleep) -> Pin<&mut Sleep> {
    // SAFETY: the slice is static and nothing is moved out of it.
    unsafe { Pin::new_unchecked(place) }
}
