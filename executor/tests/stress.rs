//! No wake-up is lost between threads, with the idle protocol of a host.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Poll, Waker};

use executor::time::Instant;
use executor::{Class, Executor, Platform};

/// A thread as a machine: idle lasts until a pend that no idle has seen.
#[derive(Default)]
struct Thread {
    pended: Mutex<bool>,
    changed: Condvar,
}

impl Platform for Thread {
    fn now(&self) -> Instant {
        Instant::START
    }

    fn set_alarm(&self, _: Option<Instant>) {}

    fn idle(&self, _: &dyn Fn() -> bool) {
        let pended = self.pended.lock().expect("no panic");
        *self.changed.wait_while(pended, |pended| !*pended).expect("no panic") = false;
    }

    fn pend(&self) {
        *self.pended.lock().expect("no panic") = true;
        self.changed.notify_one();
    }
}

#[test]
fn every_round_of_two_wakers_reaches_the_task() {
    const ROUNDS: u32 = 20_000;
    let machine: &Thread = Box::leak(Box::default());
    let executor: &Executor<Thread> = Box::leak(Box::new(Executor::new(machine)));
    let said: Arc<[AtomicU32; 2]> = Arc::default();
    let heard = Arc::new(AtomicU32::new(0));
    let waker = Arc::new(Mutex::new(None::<Waker>));
    let program = {
        let (said, heard, waker) = (Arc::clone(&said), Arc::clone(&heard), Arc::clone(&waker));
        std::future::poll_fn(move |context| {
            waker.lock().expect("no panic").get_or_insert_with(|| context.waker().clone());
            let least = said.iter().map(|said| said.load(Ordering::Acquire)).min().unwrap_or(0);
            heard.store(least, Ordering::Release);
            if least == ROUNDS { Poll::Ready(()) } else { Poll::Pending }
        })
    };
    let task = executor.spawner().spawn("listener", Class::Service, program).expect("memory");
    executor.run_until_idle();
    let speakers = [0, 1].map(|number| {
        let (said, heard) = (Arc::clone(&said), Arc::clone(&heard));
        let waker = waker.lock().expect("no panic").clone().expect("was polled");
        std::thread::spawn(move || {
            for round in 1..=ROUNDS {
                said[number].store(round, Ordering::Release);
                waker.wake_by_ref();
                // Only a wake that arrives lets this go on.
                while heard.load(Ordering::Acquire) < round {
                    std::thread::yield_now();
                }
            }
        })
    });
    while !task.is_finished() {
        executor.run_until_idle();
        if !task.is_finished() {
            machine.idle(&|| executor.has_work());
        }
    }
    for speaker in speakers {
        speaker.join().expect("no panic");
    }
}
