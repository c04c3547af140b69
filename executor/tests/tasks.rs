//! What tasks do, as exact lists of events, on a machine without hardware.
#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use executor::testing::{EventRecorder, ManualMachine};
use executor::time::{Duration, Instant};
use executor::trace::Event::{self, *};
use executor::{Activity, Class, Executor, JoinError, JoinHandle, Platform, TaskPool, yield_now};

/// An executor, its machine, and what happens.
struct Stand {
    executor: &'static Executor<ManualMachine>,
    machine: &'static ManualMachine,
    events: &'static EventRecorder,
}

impl Stand {
    fn new() -> Self {
        let machine: &ManualMachine = Box::leak(Box::new(ManualMachine::new()));
        let events: &EventRecorder = Box::leak(Box::new(EventRecorder::new()));
        let executor: &Executor<_> = Box::leak(Box::new(Executor::new(machine)));
        machine.record_to(events);
        machine.connect(executor.alarm());
        Self { executor, machine, events }
    }

    fn spawn<T: 'static>(&self, class: Class, future: impl Future<Output = T> + 'static) -> JoinHandle<T> {
        self.executor.spawner().spawn("task", class, future).expect("there is memory")
    }

    /// Runs until idle and returns the events, each task by its number.
    fn run(&self) -> Vec<Event> {
        self.executor.run_until_idle();
        self.events.take()
    }
}

/// What to write for a poll, so that lists read well.
fn polls(events: &[Event]) -> Vec<u32> {
    let begins = events.iter().filter_map(|event| match event {
        PollBegin(task) => Some(task.number()),
        _ => None,
    });
    begins.collect()
}

#[test]
fn task_that_is_spawned_by_the_only_one_comes_before_it_if_that_yields() {
    let stand = Stand::new();
    let spawner = stand.executor.spawner();
    let only = stand.spawn(Class::Service, async move {
        spawner.spawn("other", Class::Service, yield_now()).expect("there is memory").detach();
        yield_now().await;
    });
    let (only, other) = (only.id().number(), only.id().number() + 1);
    assert_eq!(polls(&stand.run()), [only, other, only, other]);
}

#[test]
fn task_lives_from_spawn_to_release() {
    let stand = Stand::new();
    let task = stand.spawn(Class::Service, yield_now());
    let id = task.id();
    task.detach();
    let expected = [
        Spawn(id, "task"),
        Ready(id),
        PollBegin(id),
        PollEnd(id),
        Ready(id),
        PollBegin(id),
        Finish(id),
        Release(id),
    ];
    assert_eq!(stand.run(), expected);
}

#[test]
fn handle_keeps_the_output_and_the_storage() {
    let stand = Stand::new();
    let task = stand.spawn(Class::Service, async { vec![1, 2, 3] });
    let id = task.id();
    assert_eq!(stand.run(), [Spawn(id, "task"), Ready(id), PollBegin(id), Finish(id)]);
    assert!(task.is_finished());
    let joiner = stand.spawn(Class::Service, task);
    let joiner_id = joiner.id();
    let result = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&result);
    stand.spawn(Class::Idle, async move { *kept.borrow_mut() = Some(joiner.await) }).detach();
    let events = stand.run();
    assert!(events.contains(&Release(id)) && events.contains(&Release(joiner_id)));
    assert_eq!(result.take(), Some(Ok(Ok(vec![1, 2, 3]))));
}

#[test]
fn classes_are_served_in_order_of_urgency() {
    let stand = Stand::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    for class in [Class::Idle, Class::Vcpu, Class::Service, Class::FollowUp] {
        let order = Rc::clone(&order);
        stand.spawn(class, async move { order.borrow_mut().push(class) }).detach();
    }
    stand.run();
    assert_eq!(order.take(), Class::ALL);
}

#[test]
fn task_that_wakes_itself_goes_behind_all_that_were_ready() {
    let stand = Stand::new();
    for _ in 0..3 {
        stand
            .spawn(Class::Service, async {
                yield_now().await;
                yield_now().await;
            })
            .detach();
    }
    assert_eq!(polls(&stand.run()), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
}

#[test]
fn urgent_task_woken_during_a_poll_comes_next() {
    let stand = Stand::new();
    let waker: Rc<Cell<Option<Waker>>> = Rc::default();
    let kept = Rc::clone(&waker);
    let mut first = true;
    stand
        .spawn(
            Class::FollowUp,
            poll_fn(move |context| {
                kept.set(Some(context.waker().clone()));
                if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
            }),
        )
        .detach();
    stand.run();
    let pressure = stand.executor.pressure();
    for number in 0..2 {
        let waker = Rc::clone(&waker);
        stand
            .spawn(Class::Vcpu, async move {
                if number == 0 {
                    assert!(!pressure.higher_class_ready(Class::Vcpu));
                    waker.take().expect("was polled").wake();
                    assert!(pressure.higher_class_ready(Class::Vcpu));
                    assert!(!pressure.higher_class_ready(Class::FollowUp));
                }
            })
            .detach();
    }
    assert_eq!(polls(&stand.run()), [2, 1, 3]);
}

#[test]
fn many_wakes_make_one_poll() {
    let stand = Stand::new();
    let waker: Rc<Cell<Option<Waker>>> = Rc::default();
    let kept = Rc::clone(&waker);
    stand
        .spawn(
            Class::Service,
            poll_fn::<(), _>(move |context| {
                kept.set(Some(context.waker().clone()));
                Poll::Pending
            }),
        )
        .detach();
    stand.run();
    let waker = waker.take().expect("was polled");
    for _ in 0..5 {
        waker.wake_by_ref();
    }
    assert_eq!(polls(&stand.run()), [1]);
}

#[test]
fn aborted_task_drops_its_future_at_the_next_step() {
    struct Flag(Rc<Cell<u32>>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let stand = Stand::new();
    let drops = Rc::new(Cell::new(0));
    let flag = Flag(Rc::clone(&drops));
    let task = stand.spawn(Class::Service, async move {
        pending::<()>().await;
        drop(flag);
    });
    let id = task.id();
    stand.run();
    task.abort();
    assert_eq!(drops.get(), 0);
    assert_eq!(stand.run(), [Ready(id), Abort(id)]);
    assert_eq!(drops.get(), 1);
    let outcome = stand.spawn(Class::Service, task);
    stand.run();
    let check =
        stand.spawn(Class::Service, async move { assert_eq!(outcome.await, Ok(Err(JoinError::Aborted))) });
    stand.run();
    assert!(check.is_finished());
}

#[test]
fn boxed_task_is_freed_after_its_last_waker() {
    let stand = Stand::new();
    let waker: Rc<Cell<Option<Waker>>> = Rc::default();
    let kept = Rc::clone(&waker);
    let task = stand.spawn(
        Class::Service,
        poll_fn(move |context| {
            kept.set(Some(context.waker().clone()));
            Poll::Ready(())
        }),
    );
    stand.run();
    drop(task);
    let waker = waker.take().expect("was polled");
    waker.wake_by_ref();
    assert_eq!(polls(&stand.run()), []);
    drop(waker);
    assert!(stand.executor.has_work(), "the memory is still to be freed");
    assert_eq!(polls(&stand.run()), []);
}

#[test]
fn full_pool_returns_the_future_and_takes_it_after_an_end() {
    static POOL: TaskPool<64, 2> = TaskPool::new();
    let stand = Stand::new();
    let spawner = stand.executor.spawner();
    let spawn = |value: u8| spawner.spawn_in(&POOL, "pooled", Class::Service, async move { value });
    let first = spawn(1).expect("free");
    spawn(2).expect("free").detach();
    let refused = spawn(3).expect_err("full").future;
    stand.run();
    let third =
        spawner.spawn_in(&POOL, "pooled", Class::Service, refused).expect("the detached one has ended");
    assert!(spawn(4).is_err(), "the handle of the first keeps its slot");
    drop(first);
    spawn(5).expect("free").detach();
    stand.run();
    assert!(third.is_finished());
}

#[test]
fn tasks_are_listed_with_what_they_do_and_used() {
    let stand = Stand::new();
    let (machine, spawner) = (stand.machine, stand.executor.spawner());
    let busy = async move {
        machine.advance(Duration::from_ticks(30));
        yield_now().await;
        machine.advance(Duration::from_ticks(5));
        pending::<()>().await;
    };
    spawner.spawn("busy", Class::Service, busy).expect("memory").detach();
    let ended = spawner.spawn("ended", Class::Idle, async {}).expect("memory");
    machine.advance(Duration::from_ticks(7));
    stand.run();
    spawner.spawn("ready", Class::Vcpu, async {}).expect("memory").detach();
    let list: Vec<_> = stand.executor.tasks().map(|task| (task.name, task.class, task.activity)).collect();
    let expected = [
        ("ready", Class::Vcpu, Activity::Ready),
        ("ended", Class::Idle, Activity::Ended),
        ("busy", Class::Service, Activity::Waiting),
    ];
    assert_eq!(list, expected);
    let usage = stand.executor.tasks().last().expect("three tasks").usage;
    assert_eq!((usage.polls, usage.total.ticks()), (2, 35));
    assert_eq!((usage.longest_poll.ticks(), usage.longest_wait.ticks()), (30, 7));
    drop(ended);
}

#[test]
fn list_survives_the_end_of_the_next_task() {
    let stand = Stand::new();
    let mut handles: Vec<_> = (0..4).map(|_| stand.spawn(Class::Service, async {})).collect();
    stand.run();
    let mut tasks = stand.executor.tasks();
    assert_eq!(tasks.next().map(|task| task.id.number()), Some(4));
    handles.remove(2).detach();
    handles.remove(1).detach();
    assert_eq!(tasks.next().map(|task| task.id.number()), Some(1));
    assert_eq!(tasks.next(), None);
}

#[test]
#[should_panic(expected = "a task ran its own executor")]
fn task_cannot_run_its_executor() {
    let stand = Stand::new();
    let executor = stand.executor;
    stand.spawn(Class::Service, async move { executor.run_until_idle() }).detach();
    stand.run();
}

#[test]
fn machine_is_pended_when_an_empty_queue_gets_a_task() {
    let stand = Stand::new();
    stand.spawn(Class::Service, async {}).detach();
    stand.spawn(Class::Service, async {}).detach();
    assert_eq!(stand.machine.take_pends(), 1);
}

#[test]
fn sleepers_wake_in_order_of_their_deadlines_and_never_early() {
    let stand = Stand::new();
    let timers = stand.executor.timers();
    let woken = Rc::new(RefCell::new(Vec::new()));
    for deadline in [30, 10, 20, 10] {
        let woken = Rc::clone(&woken);
        stand
            .spawn(Class::Service, async move {
                timers.sleep_until(Instant::from_ticks(deadline)).await;
                woken.borrow_mut().push((deadline, timers.now().ticks()));
            })
            .detach();
    }
    stand.run();
    for _ in 0..30 {
        stand.machine.advance(Duration::from_ticks(1));
        stand.run();
    }
    assert_eq!(woken.take(), [(10, 10), (10, 10), (20, 20), (30, 30)]);
    assert_eq!(stand.machine.deadline(), None);
}

#[test]
fn dropped_sleep_cancels_its_timer() {
    let stand = Stand::new();
    let timers = stand.executor.timers();
    let task = stand.spawn(Class::Service, timers.sleep(Duration::from_ticks(10)));
    stand.run();
    task.abort();
    stand.run();
    stand.machine.advance(Duration::from_ticks(10));
    assert!(stand.run().iter().all(|event| !matches!(event, TimerFire(_))));
}

#[test]
fn many_timers_at_once_leave_room_for_tasks() {
    let stand = Stand::new();
    let timers = stand.executor.timers();
    for _ in 0..40 {
        stand.spawn(Class::Service, timers.sleep(Duration::from_ticks(1))).detach();
    }
    stand.run();
    stand.machine.advance(Duration::from_ticks(1));
    let events = stand.run();
    let first_poll = events.iter().position(|event| matches!(event, PollBegin(_))).expect("polls");
    let fired_before = events[..first_poll].iter().filter(|event| matches!(event, TimerFire(_))).count();
    assert!(fired_before < 40, "{fired_before} timers fired before the first poll");
    assert_eq!(events.iter().filter(|event| matches!(event, Finish(_))).count(), 40);
}

#[test]
fn platform_is_dyn_compatible() {
    let machine: &dyn Platform = &ManualMachine::new();
    assert_eq!(machine.now(), Instant::START);
}
