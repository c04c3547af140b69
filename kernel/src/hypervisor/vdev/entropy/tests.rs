//! A source of random numbers as a guest's driver uses it.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::vec;

use super::super::guest_driver::{CountingLine, GuestDriver, MEMORY_BYTES, Task};
use super::super::register::Register;
use super::*;
use crate::hypervisor::host_memory::HostMemory;

/// Counts up, if it may.
#[derive(Default)]
struct Source {
    next: Cell<u8>,
    is_shut: Cell<bool>,
    waiting: Cell<Option<Waker>>,
}

impl Entropy for &Source {
    async fn fill(&mut self, into: &mut [u8]) {
        poll_fn(|context| {
            if self.is_shut.get() {
                self.waiting.set(Some(context.waker().clone()));
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        for byte in into {
            *byte = self.next.replace(self.next.get() + 1);
        }
    }
}

fn with_source(work: impl FnOnce(&Source, &mut GuestDriver<'_>, &mut Task<'_>)) {
    let (line, source) = (CountingLine::default(), Source::default());
    let device = device(line.clone());
    let memory = HostMemory::new(MEMORY_BYTES);
    let serve = async {
        serve(&device, &memory, &mut &source).await;
    };
    let mut task = Task::new(serve);
    let mut driver = GuestDriver::new(&device, &memory, &line);
    driver.start(1);
    work(&source, &mut driver, &mut task);
}

#[test]
fn no_more_is_given_than_asked_for_or_than_one_poll_may_take() {
    with_source(|_, driver, task| {
        assert_eq!(driver.read(Register::Kind), 4);
        let (_, few) = driver.offer(0, &[], &[2, 3]);
        let (_, many) = driver.offer(0, &[], &[1000]);
        driver.kick(0);
        task.run();
        assert_eq!(driver.used(0), [(0, 5), (2, 64)]);
        assert_eq!((driver.contents(few[0]), driver.contents(few[1])), (vec![0, 1], vec![2, 3, 4]));
        assert_eq!(driver.contents(many[0])[..3], [5, 6, 7]);
    });
}

#[test]
fn request_of_an_earlier_life_touches_nothing() {
    with_source(|source, driver, task| {
        source.is_shut.set(true);
        let (_, old) = driver.offer(0, &[], &[4]);
        driver.kick(0);
        task.run();
        driver.start(1);
        let (_, new) = driver.offer(0, &[], &[4]);
        driver.kick(0);
        source.is_shut.set(false);
        source.waiting.take().expect("the service waits").wake();
        task.run();
        assert_eq!(driver.contents(old[0]), [0; 4]);
        assert_eq!((driver.used(0), driver.contents(new[0])), (vec![(0, 4)], vec![4, 5, 6, 7]));
    });
}

#[test]
fn queue_that_was_set_up_anew_does_not_get_the_old_ones_requests() {
    with_source(|source, driver, task| {
        source.is_shut.set(true);
        let (_, old) = driver.offer(0, &[], &[4]);
        driver.kick(0);
        task.run();
        driver.write(Register::QueueReady, 0);
        driver.set_up(0);
        source.is_shut.set(false);
        source.waiting.take().expect("the service waits").wake();
        task.run();
        assert_eq!((driver.used(0), driver.contents(old[0])), (vec![], vec![0; 4]));
    });
}
