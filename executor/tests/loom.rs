//! Models of everything that an interrupt handler touches. A thread of the model stands for a handler and does
//! more than one: it may stop anywhere.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p executor --release --test loom`
#![cfg(loom)]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex as StdMutex;
use std::task::{Context, Poll, Waker};

use executor::sync::{Channel, Event, Notify, Semaphore};
use executor::time::Instant;
use executor::{Class, Executor, JoinHandle, Platform, TaskPool};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use loom::thread;

/// Explores every order with up to two switches of threads that neither of them asked for; more find nothing new
/// here and take hours.
fn model(program: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(program);
}

/// A machine on which nothing happens.
struct Still;

impl Platform for Still {
    fn now(&self) -> Instant {
        Instant::START
    }

    fn set_alarm(&self, _: Option<Instant>) {}

    fn idle(&self, _: &dyn Fn() -> bool) {}
}

fn executor() -> &'static Executor<Still> {
    Box::leak(Box::new(Executor::new(&Still)))
}

fn spawn<T: 'static>(
    executor: &'static Executor<Still>,
    future: impl Future<Output = T> + 'static,
) -> JoinHandle<T> {
    executor.spawner().spawn("task", Class::Service, future).expect("there is memory")
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A future that is ready when the value has come to `end`, and the waker it leaves.
fn until(
    value: &Arc<AtomicU32>,
    end: u32,
) -> (impl Future<Output = ()> + 'static, Arc<StdMutex<Option<Waker>>>) {
    let (value, place) = (Arc::clone(value), Arc::new(StdMutex::new(None)));
    let kept = Arc::clone(&place);
    let future = poll_fn(move |context| {
        *kept.lock().expect("no panic") = Some(context.waker().clone());
        if value.load(Relaxed) == end { Poll::Ready(()) } else { Poll::Pending }
    });
    (future, place)
}

/// Two tasks that wait until their values are 1, and their wakers.
fn two_waiting_tasks(
    executor: &'static Executor<Still>,
) -> ([Arc<AtomicU32>; 2], [JoinHandle<()>; 2], [Waker; 2]) {
    let values = [0, 1].map(|_| Arc::new(AtomicU32::new(0)));
    let waiting = values.each_ref().map(|value| until(value, 1));
    let places = waiting.each_ref().map(|(_, place)| Arc::clone(place));
    let tasks = waiting.map(|(future, _)| spawn(executor, future));
    executor.run_until_idle();
    let wakers = places.map(|place| place.lock().expect("no panic").take().expect("was polled"));
    (values, tasks, wakers)
}

#[test]
fn no_wake_of_two_handlers_is_lost() {
    model(|| {
        let executor = executor();
        let value = Arc::new(AtomicU32::new(0));
        let (future, waker) = until(&value, 2);
        let task = spawn(executor, future);
        executor.run_until_idle();
        let waker = waker.lock().expect("no panic").clone().expect("was polled");
        let handlers = [0, 1].map(|_| {
            let (value, waker) = (Arc::clone(&value), waker.clone());
            thread::spawn(move || {
                value.fetch_add(1, Relaxed);
                waker.wake();
            })
        });
        executor.run_until_idle();
        for handler in handlers {
            handler.join().expect("no panic");
        }
        executor.run_until_idle();
        assert!(task.is_finished());
        drop(waker);
        executor.run_until_idle();
    });
}

#[test]
fn two_tasks_are_woken_into_one_queue_while_it_is_emptied() {
    model(|| {
        let executor = executor();
        let (values, tasks, wakers) = two_waiting_tasks(executor);
        let handlers = [0, 1].map(|number| {
            let value = Arc::clone(&values[number]);
            let waker = wakers[number].clone();
            thread::spawn(move || {
                value.store(1, Relaxed);
                waker.wake();
            })
        });
        executor.run_until_idle();
        for handler in handlers {
            handler.join().expect("no panic");
        }
        executor.run_until_idle();
        assert!(tasks.iter().all(JoinHandle::is_finished));
        drop(wakers);
        executor.run_until_idle();
    });
}

#[test]
fn task_is_woken_while_the_executor_goes_from_it_to_the_next() {
    model(|| {
        let executor = executor();
        let (values, tasks, wakers) = two_waiting_tasks(executor);
        // Both are ready at once, so that one comes after the other in a lane.
        wakers.iter().for_each(Waker::wake_by_ref);
        let [first, _] = wakers.clone();
        let value = Arc::clone(&values[0]);
        let handler = thread::spawn(move || {
            value.store(1, Relaxed);
            first.wake();
        });
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        assert!(tasks[0].is_finished());
        values[1].store(1, Relaxed);
        wakers[1].wake_by_ref();
        executor.run_until_idle();
        assert!(tasks[1].is_finished());
        drop(wakers);
        executor.run_until_idle();
    });
}

#[test]
fn waker_that_outlives_its_boxed_task_has_it_freed_by_the_executor() {
    model(|| {
        let executor = executor();
        // Loom reports a leak if the future, which holds one, is not dropped, or the place.
        let value = Arc::new(AtomicU32::new(1));
        let (future, waker) = until(&value, 1);
        spawn(executor, future).detach();
        executor.run_until_idle();
        let waker = waker.lock().expect("no panic").take().expect("was polled");
        let other = waker.clone();
        let handler = thread::spawn(move || other.wake());
        drop(waker);
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        assert!(!executor.has_work());
    });
}

#[test]
fn stale_wake_of_a_static_slot_does_no_harm_to_its_next_task() {
    model(|| {
        let executor = executor();
        let pool: &TaskPool<128, 1> = leak(TaskPool::new());
        let value = Arc::new(AtomicU32::new(1));
        let (future, waker) = until(&value, 1);
        executor.spawner().spawn_in(pool, "first", Class::Service, future).expect("free").detach();
        executor.run_until_idle();
        let waker = waker.lock().expect("no panic").take().expect("was polled");
        let handler = thread::spawn(move || waker.wake());
        let polls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&polls);
        let next = async move {
            counted.fetch_add(1, Relaxed);
        };
        let task = executor.spawner().spawn_in(pool, "second", Class::Service, next).expect("free again");
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        assert!(task.is_finished());
        assert_eq!(polls.load(Relaxed), 1);
    });
}

#[test]
fn notification_meets_a_task_that_begins_to_wait() {
    model(|| {
        let (executor, notify) = (executor(), leak(Notify::new()));
        let task = spawn(executor, notify.notified());
        let handler = thread::spawn(|| notify.notify_one());
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        assert!(task.is_finished());
    });
}

#[test]
fn two_notifications_wake_two_tasks() {
    model(|| {
        let (executor, notify) = (executor(), leak(Notify::new()));
        let tasks = [0, 1].map(|_| spawn(executor, notify.notified()));
        executor.run_until_idle();
        let handler = thread::spawn(|| notify.notify_one());
        notify.notify_one();
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        assert!(tasks.iter().all(JoinHandle::is_finished));
    });
}

#[test]
fn notification_of_a_waiter_that_gives_up_reaches_the_next() {
    model(|| {
        let (executor, notify) = (executor(), leak(Notify::new()));
        let first = spawn(executor, notify.notified());
        let second = spawn(executor, notify.notified());
        executor.run_until_idle();
        let handler = thread::spawn(|| notify.notify_one());
        first.abort();
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        let mut context = Context::from_waker(Waker::noop());
        let first_was_aborted = matches!(pin!(first).poll(&mut context), Poll::Ready(Err(_)));
        assert!(second.is_finished() || !first_was_aborted);
    });
}

#[test]
fn event_meets_a_task_that_begins_to_wait() {
    model(|| {
        let (executor, event) = (executor(), leak(Event::new()));
        let task = spawn(executor, event.wait());
        let handler = thread::spawn(|| event.set());
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        assert!(task.is_finished());
    });
}

#[test]
fn permits_are_neither_lost_nor_doubled() {
    model(|| {
        let (executor, semaphore) = (executor(), leak(Semaphore::new(0)));
        let task = spawn(executor, async { semaphore.acquire().await.forget() });
        let handler = thread::spawn(|| {
            semaphore.release(1);
            semaphore.try_acquire().map(|permit| permit.forget()).is_some()
        });
        executor.run_until_idle();
        let was_taken = handler.join().expect("no panic");
        executor.run_until_idle();
        assert!(task.is_finished() != was_taken);
        assert_eq!(semaphore.available(), 0);
    });
}

#[test]
fn messages_of_a_task_and_a_handler_arrive() {
    model(|| {
        let (executor, channel) = (executor(), leak(Channel::<u32, 2>::new()));
        let sum = spawn(executor, async { channel.receive().await + channel.receive().await });
        let handler = thread::spawn(|| channel.try_send(1).expect("two places"));
        channel.try_send(2).expect("two places");
        executor.run_until_idle();
        handler.join().expect("no panic");
        executor.run_until_idle();
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(pin!(sum).poll(&mut context), Poll::Ready(Ok(3)));
    });
}

#[test]
fn full_channel_accepts_again_once_a_message_was_received() {
    model(|| {
        let (executor, channel) = (executor(), leak(Channel::<u32, 1>::new()));
        channel.try_send(1).expect("empty");
        let sender = spawn(executor, channel.send(2));
        executor.run_until_idle();
        // A handler may come at any time and must not overtake the sender who waits.
        let handler = thread::spawn(|| channel.try_send(3).is_ok());
        assert_eq!(channel.try_receive(), Some(1));
        executor.run_until_idle();
        assert!(!handler.join().expect("no panic"));
        executor.run_until_idle();
        assert!(sender.is_finished());
        assert_eq!(channel.try_receive(), Some(2));
    });
}

#[test]
fn alarm_is_seen() {
    model(|| {
        let executor = executor();
        let alarm = executor.alarm();
        let handler = thread::spawn(move || alarm.ring());
        executor.run_until_idle();
        handler.join().expect("no panic");
        assert!(!executor.has_work() || executor.poll_once() == executor::Step::Worked);
        assert!(!executor.has_work());
    });
}
