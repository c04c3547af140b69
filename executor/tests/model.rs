//! The executor against a simple reference scheduler, with random programs.
#![cfg(not(loom))]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use executor::testing::ManualMachine;
use executor::time::{Duration, Instant};
use executor::{Class, Executor, yield_now};
use proptest::collection::vec;
use proptest::prelude::*;

fn stand() -> (&'static Executor<ManualMachine>, &'static ManualMachine) {
    let machine: &ManualMachine = Box::leak(Box::new(ManualMachine::new()));
    let executor: &Executor<_> = Box::leak(Box::new(Executor::new(machine)));
    machine.connect(executor.alarm());
    (executor, machine)
}

/// Order of polls of tasks that yield so often: a queue per class, the most urgent first.
fn reference(tasks: &[(usize, u32)]) -> Vec<usize> {
    let mut queues: [VecDeque<(usize, u32)>; 4] = Default::default();
    for (task, (class, yields)) in tasks.iter().enumerate() {
        queues[*class].push_back((task, *yields));
    }
    let mut order = Vec::new();
    while let Some(queue) = queues.iter_mut().find(|queue| !queue.is_empty()) {
        let (task, left) = queue.pop_front().expect("not empty");
        order.push(task);
        if left > 0 {
            queue.push_back((task, left - 1));
        }
    }
    order
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn polls_come_in_the_order_of_the_reference(tasks in vec((0_usize..4, 0_u32..5), 0..20)) {
        let (executor, _) = stand();
        let order = Rc::new(RefCell::new(Vec::new()));
        for (task, (class, yields)) in tasks.iter().copied().enumerate() {
            let order = Rc::clone(&order);
            let program = async move {
                for _ in 0..yields {
                    order.borrow_mut().push(task);
                    yield_now().await;
                }
                order.borrow_mut().push(task);
            };
            executor.spawner().spawn("task", Class::ALL[class], program).expect("memory").detach();
        }
        executor.run_until_idle();
        prop_assert_eq!(order.take(), reference(&tasks));
    }

    #[test]
    fn timers_fire_at_the_first_moment_that_is_not_early(
        deadlines in vec((0_u64..200, any::<bool>()), 0..60),
        steps in vec(1_u64..30, 1..20),
    ) {
        let (executor, machine) = stand();
        let timers = executor.timers();
        let fired = Rc::new(RefCell::new(Vec::new()));
        let mut handles = Vec::new();
        for (deadline, _) in &deadlines {
            let (fired, deadline) = (Rc::clone(&fired), *deadline);
            let program = async move {
                timers.sleep_until(Instant::from_ticks(deadline)).await;
                fired.borrow_mut().push((deadline, timers.now().ticks()));
            };
            handles.push(executor.spawner().spawn("task", Class::Service, program).expect("memory"));
        }
        executor.run_until_idle();
        let (mut now, mut kept) = (0, Vec::new());
        for ((deadline, is_aborted), handle) in deadlines.iter().zip(handles) {
            if *is_aborted {
                handle.abort();
            }
            if !is_aborted || *deadline == 0 {
                kept.push(*deadline);
            }
        }
        executor.run_until_idle();
        let mut expected: Vec<(u64, u64)> = kept.iter().filter(|at| **at == 0).map(|at| (*at, 0)).collect();
        for step in steps {
            let before = now;
            now += step;
            machine.advance(Duration::from_ticks(step));
            executor.run_until_idle();
            let mut due: Vec<_> = kept.iter().filter(|at| **at > before && **at <= now).map(|at| (*at, now)).collect();
            due.sort_unstable();
            expected.extend(due);
            // The alarm of a cancelled timer may stay and ring for nothing; none may come late.
            if let Some(next) = kept.iter().copied().filter(|at| *at > now).min() {
                prop_assert!(machine.deadline().is_some_and(|alarm| alarm.ticks() <= next));
            }
        }
        prop_assert_eq!(fired.take(), expected);
    }
}
