//! A terminal as a guest's driver uses it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::string::String;
use std::task::{Poll, Waker};
use std::vec::Vec;

use super::super::guest_driver::{CountingLine, GuestDriver, MEMORY_BYTES, Task};
use super::super::register::Register;
use super::super::transport::InterruptStatus;
use super::*;
use crate::hypervisor::host_memory::HostMemory;

/// A screen that may be full, and a keyboard.
#[derive(Default)]
struct Terminal {
    shown: RefCell<Vec<u8>>,
    typed: RefCell<VecDeque<u8>>,
    reader: Cell<Option<Waker>>,
}

impl Terminal {
    fn type_in(&self, text: &str) {
        self.typed.borrow_mut().extend(text.bytes());
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }
}

impl TextSink for &Terminal {
    async fn write(&mut self, text: &[u8]) {
        self.shown.borrow_mut().extend(text);
    }
}

impl TextSource for &Terminal {
    async fn read(&mut self, into: &mut [u8]) -> usize {
        poll_fn(|context| {
            let mut typed = self.typed.borrow_mut();
            if typed.is_empty() {
                self.reader.set(Some(context.waker().clone()));
                return Poll::Pending;
            }
            let count = typed.len().min(into.len());
            for (place, byte) in into.iter_mut().zip(typed.drain(..count)) {
                *place = byte;
            }
            Poll::Ready(count)
        })
        .await
    }
}

/// Runs with the tasks of output and input.
fn with_terminal(work: impl FnOnce(&Terminal, &mut GuestDriver<'_>, &mut [Task<'_>; 2])) {
    let (line, terminal) = (CountingLine::default(), Terminal::default());
    let device = device(line.clone());
    let memory = HostMemory::new(MEMORY_BYTES);
    let output = async {
        serve_output(&device, &memory, &mut &terminal).await;
    };
    let input = async {
        serve_input(&device, &memory, &mut &terminal).await;
    };
    let mut tasks = [Task::new(output), Task::new(input)];
    let mut driver = GuestDriver::new(&device, &memory, &line);
    driver.start(2);
    work(&terminal, &mut driver, &mut tasks);
}

fn run(tasks: &mut [Task<'_>; 2]) {
    tasks.iter_mut().for_each(|task| {
        task.run();
    });
}

#[test]
fn text_of_several_buffers_is_shown_in_order() {
    with_terminal(|terminal, driver, tasks| {
        assert_eq!(driver.read(Register::Kind), 3);
        let long = "0123456789".repeat(40);
        driver.offer(1, &[b"first, ", b"second, "], &[]);
        driver.offer(1, &[long.as_bytes()], &[]);
        driver.kick(1);
        run(tasks);
        assert_eq!(*terminal.shown.borrow(), [b"first, second, ", long.as_bytes()].concat());
        assert_eq!(driver.used(1), [(0, 0), (2, 0)]);
        assert_eq!(driver.interrupts(), (2, InterruptStatus::USED));
    });
}

#[test]
fn typed_text_waits_for_buffers_and_fills_several() {
    with_terminal(|terminal, driver, tasks| {
        run(tasks);
        terminal.type_in("hello");
        run(tasks);
        let rooms: Vec<_> =
            [2, 2, 8].into_iter().flat_map(|bytes| driver.offer(0, &[], &[bytes]).1).collect();
        driver.kick(0);
        run(tasks);
        assert_eq!(driver.used(0), [(0, 2), (1, 2), (2, 1)]);
        let texts: Vec<_> =
            rooms.iter().map(|room| String::from_utf8(driver.contents(*room)).unwrap()).collect();
        assert_eq!(texts, ["he", "ll", "o\0\0\0\0\0\0\0"]);
    });
}

#[test]
fn typed_text_survives_a_reset() {
    with_terminal(|terminal, driver, tasks| {
        terminal.type_in("x");
        run(tasks);
        driver.start(2);
        let (_, rooms) = driver.offer(0, &[], &[4]);
        driver.kick(0);
        run(tasks);
        assert_eq!((driver.used(0), driver.contents(rooms[0])), ([(0, 1)].to_vec(), b"x\0\0\0".to_vec()));
    });
}
