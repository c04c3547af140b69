//! What the kernel takes: cycles of wakes, yields, tasks, timers and records, bytes of memory.
//!
//! Every figure is a line on the console, for tools as much as for people:
//!
//! ```text
//! [00 0.021934] info measure: name=yield cold=1220 median=577 most=581 count=64
//! [00 0.081200] info measure: name=heap bytes=262144
//! ```
//!
//! Times are cycles of the core. The first one is told apart as `cold`: what was printed before it has displaced code
//! and data from the caches. The time stamps that bound a figure are part of it; `clock` says how much that is.
//!
//! An interrupt's way is cut where something is recorded anyway: its handler begins with the trace record of the
//! interrupt, and [`doorbell`] notes the wake.

mod group;
mod pairs;

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use executor::sync::Notify;
use executor::time::Timers;
use executor::{Class, Spawner, TaskPool};
use i586::page::PAGE_BYTES;
use trace_format::record::{Event, Stamped, TaskNumber};

use crate::arch::i586::cpu;
use crate::command_line::{Cores, Measure};
use crate::doorbell::{self, Ring};
use crate::irq::vectors;
use crate::mm::trace_ring::TRACE_RING;
use crate::mm::{heap, image, kernel_space};
use crate::platform::{Absent, machine};
use crate::{hypervisor, layout, runtime, trace};

/// Warm times of a figure.
const COUNT: usize = 64;
/// Sleeps whose lateness is measured: name, microseconds.
const SLEEPS: [(&str, u32); 4] =
    [("sleep-10us", 10), ("sleep-100us", 100), ("sleep-1ms", 1_000), ("sleep-10ms", 10_000)];
/// Sleeps beside guests.
const BESIDE_GUESTS_MICROSECONDS: u32 = 200;
/// Time after which guests have been made.
const GUESTS_ARE_MADE_MILLISECONDS: u32 = 3;
/// Records among which an interrupt's is looked for: more than follow it until the woken task runs.
const LAST_RECORDS: u32 = 16;
/// Longest time that interrupts, one after the other, may take.
const PATIENCE_MILLISECONDS: u32 = 10;
/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for a task";

/// Why a figure is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Missing {
    #[error(transparent)]
    Absent(#[from] Absent),
    #[error("no interrupt within {PATIENCE_MILLISECONDS} ms")]
    NoInterrupt,
    #[error("the record of vector {0} is gone")]
    NoRecord(u8),
}

/// Times in the order in which they were taken; the first one is cold.
struct Times(Vec<u64>);

impl Times {
    fn new() -> Self {
        Self(Vec::with_capacity(COUNT + 1))
    }

    fn add(&mut self, cycles: u64) {
        self.0.push(cycles);
    }

    fn print(mut self, name: &str) {
        let Some((cold, warm)) = self.0.split_first_mut() else { return };
        warm.sort_unstable();
        if let (Some(median), Some(most)) = (warm.get(warm.len() / 2), warm.last()) {
            let count = warm.len();
            log::info!(target: "measure", "name={name} cold={cold} median={median} most={most} count={count}");
        }
    }
}

/// Measures and prints what is asked for. The kernel is best measured on a core on which nothing else runs; the others
/// take all of `cores` to do the same, and no mailbox may have been started.
pub async fn measure(spawner: Spawner, cores: Cores, what: Measure) {
    match what {
        Measure::Kernel => kernel(spawner).await,
        Measure::Letters(letters) => pairs::measure(spawner, cores, letters).await,
        Measure::Together(what) => group::measure(spawner, cores, what).await,
        Measure::Guests => beside_guests(spawner, cores).await,
    }
}

async fn kernel(spawner: Spawner) {
    measure_clock();
    measure_record();
    measure_yield(spawner).await;
    measure_spawn(spawner).await;
    let (timers, mut results) = (spawner.timers(), Vec::new());
    for (name, microseconds) in SLEEPS {
        results.push((name, measure_sleep(timers, name, microseconds).await));
    }
    results.push(("direct", measure_direct(spawner).await));
    results.push(("doorbell", measure_doorbell(timers).await));
    for (name, result) in results {
        if let Err(missing) = result {
            log::info!(target: "measure", "left out name={name}: {missing}");
        }
    }
    print_memory();
}

/// Runs the guests, and meanwhile measures how late the sleeps of a service end.
async fn beside_guests(spawner: Spawner, cores: Cores) {
    let guests = spawner
        .spawn("guests", Class::Service, hypervisor::run_all(spawner, None, cores))
        .expect(TASK_MEMORY);
    let (timers, mut late) = (spawner.timers(), Times::new());
    // Making a guest takes up to a million cycles in one poll, during which services wait.
    timers.sleep(runtime::frequency().milliseconds(GUESTS_ARE_MADE_MILLISECONDS)).await;
    for _ in 0..=COUNT {
        let deadline = timers.now() + runtime::frequency().microseconds(BESIDE_GUESTS_MICROSECONDS);
        timers.sleep_until(deadline).await;
        if guests.is_finished() {
            break;
        }
        late.add(cpu::time_stamp() - deadline.ticks());
    }
    late.print("sleep-beside-guests");
    if let Err(error) = guests.await {
        log::error!(target: "measure", "guests: {error}");
    }
}

/// Two time stamps with nothing between them.
fn measure_clock() {
    let mut times = Times::new();
    for _ in 0..=COUNT {
        let before = cpu::time_stamp();
        times.add(cpu::time_stamp() - before);
    }
    times.print("clock");
}

fn measure_record() {
    let mut times = Times::new();
    for _ in 0..=COUNT {
        let before = cpu::time_stamp();
        // Of the task without a number, which nobody reads anything into.
        trace::record(Event::TaskReady(TaskNumber(0)));
        times.add(cpu::time_stamp() - before);
    }
    times.print("record");
}

/// From one task, before it yields, to the next one of the same class: two that do nothing else.
async fn measure_yield(spawner: Spawner) {
    // Zero until a task has yielded.
    let (yielded, times) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Times::new())));
    let yielders = [0, 1].map(|_| {
        let (yielded, times) = (Rc::clone(&yielded), Rc::clone(&times));
        let yielder = async move {
            loop {
                let now = cpu::time_stamp();
                if times.borrow().0.len() > COUNT {
                    break;
                }
                if yielded.get() != 0 {
                    times.borrow_mut().add(now - yielded.get());
                }
                yielded.set(cpu::time_stamp());
                executor::yield_now().await;
            }
        };
        spawner.spawn("yielder", Class::Service, yielder).expect(TASK_MEMORY)
    });
    for yielder in yielders {
        expect_end(yielder.await);
    }
    times.replace(Times::new()).print("yield");
}

/// Spawning into the heap and into a pool, and from the call to the task's first instruction.
async fn measure_spawn(spawner: Spawner) {
    static POOL: TaskPool<128, 1> = TaskPool::new();
    let (mut boxed, mut pooled, mut polled) = (Times::new(), Times::new(), Times::new());
    for _ in 0..=COUNT {
        let before = cpu::time_stamp();
        let task = spawner.spawn("spawned", Class::Service, async {});
        boxed.add(cpu::time_stamp() - before);
        expect_end(task.expect(TASK_MEMORY).await);
    }
    boxed.print("spawn");
    for _ in 0..=COUNT {
        let before = cpu::time_stamp();
        let task = spawner.spawn("spawned", Class::Service, async { cpu::time_stamp() });
        if let Ok(first) = task.expect(TASK_MEMORY).await {
            polled.add(first - before);
        }
    }
    polled.print("spawn-to-poll");
    for _ in 0..=COUNT {
        let before = cpu::time_stamp();
        let task = spawner.spawn_in(&POOL, "pooled", Class::Service, async {});
        pooled.add(cpu::time_stamp() - before);
        match task {
            Ok(task) => expect_end(task.await),
            Err(_) => unreachable!("the only task of the pool has ended"),
        }
    }
    pooled.print("spawn-in-pool");
}

/// A task without a way to fail has come to its end.
fn expect_end(result: Result<(), executor::JoinError>) {
    result.expect("the task neither panics nor is aborted");
}

/// How late the task goes on after a deadline, while the core is halted; cut at the handler's beginning.
async fn measure_sleep(timers: Timers, name: &str, microseconds: u32) -> Result<(), Missing> {
    let (mut late, mut handler, mut rest) = (Times::new(), Times::new(), Times::new());
    for _ in 0..=COUNT {
        let deadline = timers.now() + runtime::frequency().microseconds(microseconds);
        timers.sleep_until(deadline).await;
        let (now, deadline) = (cpu::time_stamp(), deadline.ticks());
        let begun = begin_of_handler(vectors::TIMER, deadline)?;
        late.add(now - deadline);
        handler.add(begun - deadline);
        rest.add(now - begun);
    }
    late.print(name);
    if microseconds == 1_000 {
        handler.print("timer-deadline-to-handler");
        rest.print("timer-handler-to-poll");
    }
    Ok(())
}

/// The own direct pin, raised just before the core halts, while a task waits that does nothing else: the interrupt, its
/// handler, and from the wake in the handler to the first instruction of the task's poll.
async fn measure_direct(spawner: Spawner) -> Result<(), Missing> {
    let (rung, taken) = (Rc::new(Cell::new(None)), Rc::new(Notify::new()));
    let (ring, tell) = (Rc::clone(&rung), Rc::clone(&taken));
    let waiter = async move {
        loop {
            ring.set(Some(doorbell::wait().await));
            tell.notify_one();
        }
    };
    let waiter = spawner.spawn("waiter", Class::Service, waiter).expect(TASK_MEMORY);
    let patience = runtime::frequency().milliseconds(PATIENCE_MILLISECONDS);
    let result = spawner.timers().timeout(patience, raise_and_wait(&rung, &taken)).await;
    waiter.abort();
    result.unwrap_or(Err(Missing::NoInterrupt))
}

/// Raises the own direct pin, again and again, and takes apart how long the other task's wake took.
async fn raise_and_wait(rung: &Cell<Option<Ring>>, taken: &Notify) -> Result<(), Missing> {
    let [mut entry, mut handler, mut wake, mut whole] = core::array::from_fn(|_| Times::new());
    for _ in 0..=COUNT {
        // The other task comes to wait before this one goes on.
        executor::yield_now().await;
        let raised = cpu::time_stamp();
        machine::doorbell::interrupt(machine::identity::core())?;
        taken.notified().await;
        let ring = rung.take().ok_or(Missing::NoInterrupt)?;
        let begun = begin_of_handler(vectors::DIRECT, raised)?;
        entry.add(begun - raised);
        handler.add(ring.woken - begun);
        wake.add(ring.polled - ring.woken);
        whole.add(ring.polled - raised);
    }
    entry.print("direct-raise-to-handler");
    handler.print("direct-handler-to-wake");
    wake.print("direct-wake-to-poll");
    whole.print("direct-raise-to-poll");
    Ok(())
}

/// From ringing at itself, by the global interrupt controller, to the woken task.
async fn measure_doorbell(timers: Timers) -> Result<(), Missing> {
    let mut times = Times::new();
    let patience = runtime::frequency().milliseconds(PATIENCE_MILLISECONDS);
    for _ in 0..=COUNT {
        let before = cpu::time_stamp();
        machine::doorbell::ring(machine::identity::core())?;
        timers.timeout(patience, doorbell::wait()).await.map_err(|_| Missing::NoInterrupt)?;
        times.add(cpu::time_stamp() - before);
    }
    times.print("doorbell-ring-to-poll");
    Ok(())
}

/// When the handler of the last interrupt with `vector` began, which was after `since`.
fn begin_of_handler(vector: u8, since: u64) -> Result<u64, Missing> {
    let begins = TRACE_RING.newest(LAST_RECORDS).filter_map(|words| match Stamped::decode(words) {
        Ok(Stamped { cycles, event: Event::IrqEnter { vector: found, .. } }) if found == vector => {
            Some(cycles)
        }
        _ => None,
    });
    begins.last().filter(|begun| *begun >= since).ok_or(Missing::NoRecord(vector))
}

/// Memory that the core uses. Stacks are part of the image's memory, whose size its file tells.
fn print_memory() {
    let end = image::pieces().map(|(place, _, bytes)| place.get() + bytes).max().unwrap_or(0);
    let end = end.max(image::end() - layout::DIRECT_MAP);
    let frames = machine::private_bytes() / PAGE_BYTES - end.div_ceil(PAGE_BYTES);
    let free = kernel_space::available_frames();
    let lendable = kernel_space::pool().map_or(0, |first| machine::private_bytes() - first.get());
    let tables = frames - free - heap::frames() - lendable / PAGE_BYTES;
    for (name, bytes) in [
        ("lendable", lendable),
        ("stacks", layout::BOOT_STACK_BYTES + layout::FAULT_STACK_BYTES),
        ("page-tables", tables * PAGE_BYTES),
        ("heap", heap::frames() * PAGE_BYTES),
        ("free", free * PAGE_BYTES),
    ] {
        log::info!(target: "measure", "name={name} bytes={bytes}");
    }
}
