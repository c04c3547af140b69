//! The atomics of feature `single-core-x86`, interrupted after any instruction.
//!
//! The processor's trap flag has a signal handler called after each instruction of a scenario, which is to the thread
//! what an interrupt handler is to a core: it comes between two instructions and is over before the next. In each run the
//! handler does once what interrupt handlers do: it wakes tasks, gives a permit, sends a message, drops the last waker of a
//! task, rings the alarm. There is a run for each instruction of the scenario. At the end of a run, every wake must have led to a poll, and what was given must have been
//! taken once.
//!
//! A counter that is changed by a load and a store shows that the handler does come in between: it loses a count.
//!
//! `cargo test --release -p executor --features single-core-x86 --test interrupted`; not built without the feature, which no host
//! program asks for.
#![cfg(all(not(loom), target_os = "linux", target_arch = "x86_64"))]
#![expect(unsafe_code, reason = "sets the trap flag and handles its signal")]

use std::arch::asm;
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::mem::MaybeUninit;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use std::task::{Poll, Waker};

use executor::sync::{Channel, Notify, Semaphore};
use executor::time::Instant;
use executor::{Alarm, Class, Executor, Platform, TaskPool, yield_now};

/// Fewest instructions of a scenario that has any.
const FEWEST: u32 = 500;
/// Tasks that interrupts wake, half of them in static storage, half in boxes.
const LISTENERS: usize = 2;
/// Yields of each busy task.
const ROUNDS: u32 = 1;
/// The trap flag in EFLAGS.
const TRAP: i64 = 1 << 8;

struct Host;

impl Platform for Host {
    fn now(&self) -> Instant {
        Instant::START
    }

    fn set_alarm(&self, _: Option<Instant>) {}

    fn idle(&self, _: &dyn Fn() -> bool) {}
}

/// What one listener was told, and how often its poll saw something new.
#[derive(Default)]
struct Listener {
    told: AtomicU32,
    heard: AtomicU32,
    waker: Cell<Option<Waker>>,
}

/// What the handler has in hand.
struct Stand {
    /// After how many instructions the interrupt comes.
    moment: u32,
    steps: Cell<u32>,
    listeners: [Listener; LISTENERS],
    /// The listener that was polled last.
    current: Cell<usize>,
    /// Wakers of tasks that are doing something all the time.
    busy: [Cell<Option<Waker>>; 2],
    /// The last waker of a boxed task that has ended.
    last: Cell<Option<Waker>>,
    alarm: Alarm,
    notify: Notify,
    notified: Listener,
    permits: Semaphore,
    permits_taken: Cell<u32>,
    messages: Channel<u32, 4>,
    received: Cell<u32>,
    /// Counted by one instruction, and by two.
    whole: AtomicU32,
    torn: AtomicU32,
}

/// The stand of the run that is under way.
static STAND: AtomicPtr<Stand> = AtomicPtr::new(ptr::null_mut());

/// Called after each instruction while the trap flag is set.
extern "C" fn trapped(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    // SAFETY: a run sets its leaked stand before it sets the trap flag; the handler runs on the same thread.
    let stand = unsafe { &*STAND.load(Relaxed) };
    let step = stand.steps.get();
    stand.steps.set(step + 1);
    if step == stand.moment {
        stand.interrupt();
        // SAFETY: the kernel restores these registers from what it was given to the handler.
        unsafe { (*context).uc_mcontext.gregs[libc::REG_EFL as usize] &= !TRAP };
    }
}

impl Stand {
    /// The interrupt handler.
    fn interrupt(&self) {
        count(&self.whole, &self.torn);
        // The one that is, or was last, polled: so that wakes come in and just after polls.
        let listener = &self.listeners[self.current.get()];
        listener.told.fetch_add(1, Relaxed);
        wake(&listener.waker);
        self.busy.iter().for_each(wake);
        self.permits.release(1);
        self.messages.try_send(1).expect("four places");
        self.alarm.ring();
        self.notified.told.fetch_add(1, Relaxed);
        self.notify.notify_one();
        // Its storage is not freed here, but queued for the executor.
        drop(self.last.take());
    }
}

/// Wakes by a waker that stays where it is.
fn wake(place: &Cell<Option<Waker>>) {
    // SAFETY: the place is filled before any interrupt and not changed after that.
    if let Some(waker) = unsafe { &*place.as_ptr() } {
        waker.wake_by_ref();
    }
}

/// Counts, once in one instruction and once in two.
#[inline(never)]
fn count(whole: &AtomicU32, torn: &AtomicU32) {
    // SAFETY: both words are valid for reads and writes and may change under shared references.
    unsafe {
        asm!("inc dword ptr [{whole}]", "mov {read:e}, [{torn}]", "inc {read:e}", "mov [{torn}], {read:e}",
             whole = in(reg) whole.as_ptr(), torn = in(reg) torn.as_ptr(), read = out(reg) _, options(nostack));
    }
}

/// Runs `work` with the handler called after each of its instructions.
#[inline(never)]
fn stepped(work: impl FnOnce()) {
    // SAFETY: the flag changes nothing but that the signal comes, which is handled.
    unsafe { asm!("pushfq", "or qword ptr [rsp], {trap}", "popfq", trap = const TRAP) };
    work();
    // SAFETY: as above.
    unsafe { asm!("pushfq", "and qword ptr [rsp], {rest}", "popfq", rest = const !TRAP) };
}

fn handle_traps() {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zero is a value of the type.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = (trapped as *const ()).addr();
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the action is complete: a handler of that form, an empty mask.
    let result = unsafe { libc::sigaction(libc::SIGTRAP, action, ptr::null_mut()) };
    assert_eq!(result, 0, "the handler is installed");
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A task that waits to be told.
fn listen(stand: &'static Stand, number: usize) -> impl Future<Output = ()> {
    poll_fn(move |context| {
        let listener = &stand.listeners[number];
        stand.current.set(number);
        listener.heard.store(listener.told.load(Relaxed), Relaxed);
        leave(&listener.waker, context.waker());
        Poll::Pending
    })
}

/// Leaves a waker where the handler finds it; in the first poll, before any interrupt.
fn leave(place: &Cell<Option<Waker>>, waker: &Waker) {
    // SAFETY: nobody changes the place but this, before any interrupt.
    if unsafe { &*place.as_ptr() }.is_none() {
        place.set(Some(waker.clone()));
    }
}

/// The executor at work, while the handler comes in between. Returns the stand after everything has come to rest.
fn run(moment: u32) -> &'static Stand {
    let executor: &Executor<Host> = leak(Executor::new(&Host).woken_here());
    let pool: &TaskPool<128, { LISTENERS / 2 }> = leak(TaskPool::new());
    let stand = leak(Stand {
        moment,
        steps: Cell::new(0),
        listeners: std::array::from_fn(|_| Listener::default()),
        current: Cell::new(0),
        busy: Default::default(),
        last: Cell::default(),
        alarm: executor.alarm(),
        notify: Notify::new(),
        notified: Listener::default(),
        permits: Semaphore::new(0),
        permits_taken: Cell::new(0),
        messages: Channel::new(),
        received: Cell::new(0),
        whole: AtomicU32::new(0),
        torn: AtomicU32::new(0),
    });
    let spawner = executor.spawner();
    let spawn = |class, future: std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        spawner.spawn("task", class, future).expect("there is memory").detach();
    };
    for number in 0..LISTENERS {
        let class = if number == 0 { Class::FollowUp } else { Class::Service };
        if number % 2 == 0 {
            spawner.spawn_in(pool, "static", class, listen(stand, number)).expect("a slot is free").detach();
        } else {
            spawner.spawn("boxed", class, listen(stand, number)).expect("there is memory").detach();
        }
    }
    spawn(
        Class::Service,
        Box::pin(async {
            loop {
                stand.permits.acquire().await.forget();
                stand.permits_taken.set(stand.permits_taken.get() + 1);
            }
        }),
    );
    spawn(
        Class::Service,
        Box::pin(async {
            loop {
                stand.received.set(stand.received.get() + stand.messages.receive().await);
            }
        }),
    );
    spawn(
        Class::FollowUp,
        Box::pin(async {
            loop {
                stand.notify.notified().await;
                stand.notified.heard.store(stand.notified.told.load(Relaxed), Relaxed);
            }
        }),
    );
    let kept = Rc::new(Cell::new(None));
    let place = Rc::clone(&kept);
    spawn(
        Class::Service,
        Box::pin(poll_fn(move |context| {
            place.set(Some(context.waker().clone()));
            Poll::Ready(())
        })),
    );
    for place in &stand.busy {
        spawn(
            Class::FollowUp,
            Box::pin(async move {
                let mut is_first = true;
                poll_fn(|context| {
                    leave(place, context.waker());
                    if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
                for _ in 0..ROUNDS {
                    count(&stand.whole, &stand.torn);
                    // Of both, so that the interrupt may come to a wake as well as to a poll of the one that it wakes.
                    stand.listeners.iter().for_each(|listener| wake(&listener.waker));
                    stand.permits.release(1);
                    yield_now().await;
                }
                pending::<()>().await;
            }),
        );
    }
    executor.run_until_idle();
    stand.last.set(kept.take());
    STAND.store(ptr::from_ref(stand).cast_mut(), Relaxed);
    stepped(|| {
        stand.busy.iter().for_each(wake);
        executor.run_until_idle();
    });
    executor.run_until_idle();
    stand
}

#[test]
fn nothing_is_lost_or_doubled_wherever_an_interrupt_comes() {
    handle_traps();
    let mut torn = 0;
    for moment in 0.. {
        let stand = run(moment);
        if stand.steps.get() <= moment {
            assert!(moment > FEWEST, "the scenario has only {moment} instructions");
            break;
        }
        for (number, listener) in stand.listeners.iter().chain([&stand.notified]).enumerate() {
            let (told, heard) = (listener.told.load(Relaxed), listener.heard.load(Relaxed));
            assert_eq!(told, heard, "listener {number}, interrupt at {moment}: told, heard");
        }
        assert_eq!(stand.permits_taken.get(), 1 + 2 * ROUNDS, "permits, interrupt at {moment}");
        assert_eq!(stand.received.get(), 1, "messages, interrupt at {moment}");
        assert_eq!(stand.whole.load(Relaxed), 1 + 2 * ROUNDS, "counts, interrupt at {moment}");
        torn += 1 + 2 * ROUNDS - stand.torn.load(Relaxed);
    }
    assert!(torn > 0, "the handler never came between a load and its store");
}
