//! What tasks tell each other, on a machine without hardware.
#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use executor::sync::oneshot::{Closed, Oneshot};
use executor::sync::{Channel, Event, Full, Mutex, Notify, Semaphore};
use executor::testing::ManualMachine;
use executor::time::{Duration, Elapsed, Instant, MissedTicks};
use executor::{Class, Executor, JoinHandle, yield_now};
use futures_util::future::{Either, join, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

struct Stand {
    executor: &'static Executor<ManualMachine>,
    machine: &'static ManualMachine,
    said: Rc<RefCell<Vec<String>>>,
}

impl Stand {
    fn new() -> Self {
        let machine: &ManualMachine = Box::leak(Box::new(ManualMachine::new()));
        let executor: &Executor<_> = Box::leak(Box::new(Executor::new(machine)));
        machine.connect(executor.alarm());
        Self { executor, machine, said: Rc::default() }
    }

    /// Starts a task that says what its future says.
    fn spawn<T: ToString>(&self, future: impl Future<Output = T> + 'static) -> JoinHandle<()> {
        let said = Rc::clone(&self.said);
        let task = async move {
            let text = future.await.to_string();
            said.borrow_mut().push(text);
        };
        self.executor.spawner().spawn("task", Class::Service, task).expect("there is memory")
    }

    /// Runs until idle; returns what was said.
    fn run(&self) -> Vec<String> {
        self.executor.run_until_idle();
        self.said.take()
    }

    fn pass(&self, ticks: u64) -> Vec<String> {
        self.machine.advance(Duration::from_ticks(ticks));
        self.run()
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

#[test]
fn notifications_wake_one_each_in_order_and_one_is_kept() {
    let (stand, notify) = (Stand::new(), leak(Notify::new()));
    for name in ["first", "second", "third"] {
        stand
            .spawn(async move {
                notify.notified().await;
                name
            })
            .detach();
    }
    assert!(stand.run().is_empty());
    notify.notify_one();
    assert_eq!(stand.run(), ["first"]);
    notify.notify_one();
    notify.notify_one();
    notify.notify_one();
    notify.notify_one();
    assert_eq!(stand.run(), ["second", "third"]);
    assert_eq!(notify.notified().now_or_never(), Some(()));
    assert_eq!(notify.notified().now_or_never(), None);
}

#[test]
fn notify_all_wakes_who_waits_and_keeps_nothing() {
    let (stand, notify) = (Stand::new(), leak(Notify::new()));
    for name in ["first", "second"] {
        stand
            .spawn(async move {
                notify.notified().await;
                name
            })
            .detach();
    }
    stand.run();
    notify.notify_all();
    assert_eq!(stand.run(), ["first", "second"]);
    assert_eq!(notify.notified().now_or_never(), None);
}

#[test]
fn notification_of_a_dropped_waiter_goes_to_the_next() {
    let (stand, notify) = (Stand::new(), leak(Notify::new()));
    let first = stand.spawn(async {
        notify.notified().await;
        "first"
    });
    stand
        .spawn(async {
            notify.notified().await;
            "second"
        })
        .detach();
    stand.run();
    notify.notify_one();
    first.abort();
    assert_eq!(stand.run(), ["second"]);
}

#[test]
fn event_releases_all_and_stays_set_until_reset() {
    let (stand, event) = (Stand::new(), leak(Event::new()));
    for name in ["first", "second"] {
        stand
            .spawn(async move {
                event.wait().await;
                name
            })
            .detach();
    }
    assert!(stand.run().is_empty());
    event.set();
    assert_eq!(stand.run(), ["first", "second"]);
    stand
        .spawn(async {
            event.wait().await;
            "late"
        })
        .detach();
    assert_eq!(stand.run(), ["late"]);
    assert!(event.reset() && !event.reset());
    assert_eq!(event.wait().now_or_never(), None);
}

#[test]
fn mutex_goes_round_in_order_of_asking() {
    let (stand, mutex) = (Stand::new(), leak(Mutex::new(Vec::new())));
    for number in 0..3 {
        stand
            .spawn(async move {
                for _ in 0..2 {
                    let mut guard = mutex.lock().await;
                    yield_now().await;
                    guard.push(number);
                }
                ""
            })
            .detach();
    }
    stand.run();
    assert_eq!(*mutex.try_lock().expect("free"), [0, 1, 2, 0, 1, 2]);
}

#[test]
fn locked_mutex_refuses_and_passes_by_dropped_waiters() {
    let (stand, mutex) = (Stand::new(), leak(Mutex::new(7)));
    let guard = mutex.try_lock().expect("free");
    assert!(mutex.try_lock().is_none());
    let gone = stand.spawn(async { *mutex.lock().await });
    stand.spawn(async { *mutex.lock().await + 1 }).detach();
    stand.run();
    gone.abort();
    stand.run();
    drop(guard);
    assert_eq!(stand.run(), ["8"]);
}

#[test]
fn semaphore_admits_as_many_as_it_has_permits() {
    let (stand, semaphore) = (Stand::new(), leak(Semaphore::new(2)));
    let inside = Rc::new(Cell::new(0));
    for _ in 0..5 {
        let inside = Rc::clone(&inside);
        stand
            .spawn(async move {
                let _permit = semaphore.acquire().await;
                inside.set(inside.get() + 1);
                let most = inside.get();
                yield_now().await;
                inside.set(inside.get() - 1);
                most
            })
            .detach();
    }
    assert!(stand.run().iter().all(|most| most == "1" || most == "2"));
    assert_eq!(semaphore.available(), 2);
    semaphore.try_acquire().expect("free").forget();
    semaphore.release(3);
    assert_eq!(semaphore.available(), 4);
}

#[test]
fn full_channel_refuses_then_accepts_after_receive() {
    let channel = Channel::<u32, 2>::new();
    assert_eq!(channel.try_send(1), Ok(()));
    assert_eq!(channel.try_send(2), Ok(()));
    assert_eq!(channel.try_send(3), Err(Full(3)));
    assert_eq!(channel.try_receive(), Some(1));
    assert_eq!(channel.try_send(4), Ok(()));
    assert_eq!(
        (channel.try_receive(), channel.try_receive(), channel.try_receive()),
        (Some(2), Some(4), None)
    );
}

#[test]
fn senders_wait_for_places_in_order() {
    let (stand, channel) = (Stand::new(), leak(Channel::<u32, 1>::new()));
    for number in 0..4 {
        stand
            .spawn(async move {
                channel.send(number).await;
                format!("sent {number}")
            })
            .detach();
    }
    assert_eq!(stand.run(), ["sent 0"]);
    assert_eq!(channel.try_send(9), Err(Full(9)));
    let messages = async {
        channel.messages().take(4).map(|number| number.to_string()).collect::<Vec<_>>().await.concat()
    };
    stand.spawn(messages).detach();
    assert!(stand.run().contains(&"0123".to_owned()));
}

#[test]
fn channel_drops_messages_that_nobody_received() {
    let message = Rc::new(());
    let channel = Channel::<_, 4>::new();
    for _ in 0..3 {
        channel.try_send(Rc::clone(&message)).expect("a place is free");
    }
    channel.try_receive();
    drop(channel);
    assert_eq!(Rc::strong_count(&message), 1);
}

#[test]
fn oneshot_delivers_or_tells_that_nobody_will() {
    let stand = Stand::new();
    let (sender, receiver) = Oneshot::share(leak(Oneshot::new())).expect("new");
    stand.spawn(async { format!("{:?}", receiver.receive().await) }).detach();
    assert!(stand.run().is_empty());
    sender.send(5);
    assert_eq!(stand.run(), ["Ok(5)"]);
    let place = leak(Oneshot::<u8>::new());
    let (sender, receiver) = Oneshot::share(place).expect("new");
    assert!(Oneshot::share(place).is_none());
    let receiver = receiver.try_receive().expect_err("nothing was sent");
    drop(sender);
    assert_eq!(receiver.try_receive().expect("the sender has told"), Err(Closed));
}

#[test]
fn combinators_of_futures_util_wait_for_several() {
    let (stand, notify, event) = (Stand::new(), leak(Notify::new()), leak(Event::new()));
    stand
        .spawn(async {
            let (notified, waited) = (pin!(notify.notified()), pin!(event.wait()));
            match select(notified, waited).await {
                Either::Left(_) => "notified first",
                Either::Right(_) => "set first",
            }
        })
        .detach();
    stand
        .spawn(async {
            join(event.wait(), notify.notified()).await;
            "both"
        })
        .detach();
    stand
        .spawn(async {
            let all: FuturesUnordered<_> = (0..3).map(|_| event.wait()).collect();
            all.count().await
        })
        .detach();
    assert!(stand.run().is_empty());
    event.set();
    assert_eq!(stand.run(), ["set first", "3"]);
    notify.notify_one();
    assert_eq!(stand.run(), ["both"]);
}

#[test]
fn timeout_gives_up_at_its_deadline() {
    let stand = Stand::new();
    let (timers, notify) = (stand.executor.timers(), leak(Notify::new()));
    let span = Duration::from_ticks(5);
    for _ in 0..2 {
        stand
            .spawn(async move {
                match timers.timeout(span, notify.notified()).await {
                    Ok(()) => "notified",
                    Err(Elapsed) => "gave up",
                }
            })
            .detach();
    }
    stand.run();
    notify.notify_one();
    assert_eq!(stand.pass(4), ["notified"]);
    assert_eq!(stand.pass(1), ["gave up"]);
}

#[test]
fn interval_ticks_when_due() {
    let stand = Stand::new();
    let timers = stand.executor.timers();
    stand
        .spawn(async move {
            let interval =
                timers.interval(Instant::from_ticks(10), Duration::from_ticks(10), MissedTicks::Skip);
            let times = interval.take(3).map(|due| format!("{}@{} ", due.ticks(), timers.now().ticks()));
            times.collect::<String>().await
        })
        .detach();
    stand.run();
    assert!(stand.pass(9).is_empty());
    stand.pass(1);
    stand.pass(25);
    assert_eq!(stand.pass(10), ["10@10 20@35 40@45 "]);
}
