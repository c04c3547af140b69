//! Panics in tasks, contained by a platform that unwinds and by one that does not.
#![cfg(not(loom))]
#![expect(unsafe_code, reason = "a guard that leaves a stack without unwinding it")]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::ptr;
use std::rc::Rc;

use corosensei::{Coroutine, CoroutineResult, Yielder};
use executor::time::Instant;
use executor::{Class, Executor, JoinError, JoinHandle, Panicked, Platform, Step, yield_now};
use futures_util::FutureExt;

/// A machine on which nothing happens, except that panics of tasks are caught.
struct Catching;

impl Platform for Catching {
    fn now(&self) -> Instant {
        Instant::START
    }

    fn set_alarm(&self, _: Option<Instant>) {}

    fn idle(&self, _: &dyn Fn() -> bool) {}

    fn guard<R>(&self, run: impl FnOnce() -> R) -> Result<R, Panicked> {
        catch_unwind(AssertUnwindSafe(run)).map_err(|_| Panicked)
    }
}

/// A panic that the harness does not print.
fn fail() {
    std::panic::set_hook(Box::new(|_| {}));
    panic_any("on purpose");
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        fail();
    }
}

fn executor() -> &'static Executor<Catching> {
    Box::leak(Box::new(Executor::new(&Catching)))
}

fn spawn<P: Platform, T: 'static>(
    executor: &'static Executor<P>,
    class: Class,
    future: impl Future<Output = T> + 'static,
) -> JoinHandle<T> {
    executor.spawner().spawn("task", class, future).expect("there is memory")
}

/// Who is polled by [`one_of_five`].
const ORDER: [u32; 11] = [0, 1, 2, 3, 4, 0, 1, 3, 4, 5, 5];

/// Five tasks of which the third fails after its first poll, and one of a later class; who was polled, in order.
fn one_of_five<P: Platform>(
    executor: &'static Executor<P>,
    fail: fn(),
    run: impl Fn(&'static Executor<P>),
) -> Vec<u32> {
    let polled = Rc::new(RefCell::new(Vec::new()));
    let mut handles = Vec::new();
    for number in 0..6 {
        let polled = Rc::clone(&polled);
        let class = if number == 5 { Class::Idle } else { Class::Service };
        handles.push(spawn(executor, class, async move {
            polled.borrow_mut().push(number);
            yield_now().await;
            if number == 2 {
                fail();
            }
            polled.borrow_mut().push(number);
        }));
    }
    run(executor);
    let ends: Vec<_> = handles.into_iter().map(|handle| handle.now_or_never()).collect();
    let expected: Vec<_> =
        (0..6).map(|number| Some(if number == 2 { Err(JoinError::Panicked) } else { Ok(()) })).collect();
    assert_eq!(ends, expected);
    polled.take()
}

#[test]
fn panic_ends_one_task_and_the_others_keep_their_order() {
    assert_eq!(one_of_five(executor(), fail, Executor::run_until_idle), ORDER);
    assert_eq!(
        one_of_five(executor(), fail, |executor| while executor.poll_once() == Step::Worked {}),
        ORDER
    );
}

#[test]
fn output_that_panics_in_its_drop_ends_nothing_else() {
    let executor = executor();
    spawn(executor, Class::Service, async { Bomb }).detach();
    let other = spawn(executor, Class::Service, async { 7 });
    executor.run_until_idle();
    assert_eq!(other.now_or_never(), Some(Ok(7)));
    assert_eq!(executor.tasks().count(), 0);
}

#[test]
fn future_that_panics_in_its_drop_ends_as_panicked() {
    let executor = executor();
    let task = spawn(executor, Class::Service, async {
        let _bomb = Bomb;
        std::future::pending::<()>().await;
    });
    executor.run_until_idle();
    task.abort();
    executor.run_until_idle();
    assert_eq!(task.now_or_never(), Some(Err(JoinError::Panicked)));
    assert_eq!(executor.tasks().count(), 0);
}

#[test]
fn waker_of_a_joiner_that_panics_is_not_taken_for_the_tasks_panic() {
    struct Failing;
    impl std::task::Wake for Failing {
        fn wake(self: std::sync::Arc<Self>) {
            fail();
        }
    }
    let executor = executor();
    let mut task = spawn(executor, Class::Service, async { 7 });
    let waker = std::sync::Arc::new(Failing).into();
    assert!(task.poll_unpin(&mut std::task::Context::from_waker(&waker)).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| executor.run_until_idle())).is_err());
    assert_eq!(task.now_or_never(), Some(Ok(7)));
}

/// A machine that contains a failure as a bare one does: it goes back to the guard, and nothing between is unwound.
/// The guarded function runs on a stack of its own, which is left for good.
struct Abandoning;

type Way = Yielder<(), ()>;

thread_local! {
    /// How the stack of the innermost guard is left.
    static WAY_OUT: Cell<*const Way> = const { Cell::new(ptr::null()) };
}

/// What is guarded, and its result.
struct Job<R, W> {
    work: Option<W>,
    result: Option<R>,
}

/// # Safety
/// `job` points to a `Job<R, W>` that nobody else uses.
unsafe fn work<R, W: FnOnce() -> R>(job: *mut ()) {
    // SAFETY: the caller's duty.
    let job = unsafe { &mut *job.cast::<Job<R, W>>() };
    job.result = job.work.take().map(|work| work());
}

impl Platform for Abandoning {
    fn now(&self) -> Instant {
        Instant::START
    }

    fn set_alarm(&self, _: Option<Instant>) {}

    fn idle(&self, _: &dyn Fn() -> bool) {}

    fn guard<R>(&self, run: impl FnOnce() -> R) -> Result<R, Panicked> {
        fn worker<R, W: FnOnce() -> R>(_: &Job<R, W>) -> unsafe fn(*mut ()) {
            work::<R, W>
        }
        let mut job = Job { work: Some(run), result: None };
        let (function, place) = (worker(&job), (&raw mut job).cast::<()>());
        let outer = WAY_OUT.get();
        let mut guarded = Coroutine::new(move |way: &Way, ()| {
            WAY_OUT.set(way);
            // SAFETY: the function is for this job, which lives until the guard returns; then this stack is not used.
            unsafe { function(place) };
        });
        let ended = guarded.resume(());
        WAY_OUT.set(outer);
        match ended {
            CoroutineResult::Return(()) => Ok(job.result.expect("the work has returned")),
            CoroutineResult::Yield(()) => {
                std::mem::forget(guarded);
                Err(Panicked)
            }
        }
    }
}

/// Goes back to the guard that is under way.
fn abandon() {
    // SAFETY: the way out lies on the stack that this call is part of.
    unsafe { &*WAY_OUT.get() }.suspend(());
}

#[test]
fn what_was_ready_behind_a_task_that_does_not_return_is_polled() {
    let executor: &'static Executor<Abandoning> = Box::leak(Box::new(Executor::new(&Abandoning)));
    assert_eq!(one_of_five(executor, abandon, Executor::run_until_idle), ORDER);
    let executor: &'static Executor<Abandoning> = Box::leak(Box::new(Executor::new(&Abandoning)));
    assert_eq!(
        one_of_five(executor, abandon, |executor| while executor.poll_once() == Step::Worked {}),
        ORDER
    );
}
