//! An async executor for one core, driven by interrupts.
//!
//! An [`Executor`] polls tasks that are ready and, when none is, asks its [`Platform`] to wait. Wakers may be used
//! in interrupt handlers: a wake allocates nothing, takes no lock and cannot fail. There is one executor per core;
//! executors share nothing.
//!
//! - [`Class`]: priority classes; strict between classes, in turn inside one.
//! - [`Spawner`], [`TaskPool`], [`JoinHandle`]: starting tasks, in static memory or boxes; awaiting and aborting them.
//! - [`time`]: deadlines, time limits, intervals; tickless.
//! - [`sync`]: what tasks, and interrupt handlers, tell each other.
//! - [`testing`]: a machine whose clock is moved by hand, and a recorder of events.
//!
//! The crate knows no hardware and needs no allocator.
//!
//! # A whole program on a host
//!
//! ```
//! use std::sync::{Condvar, Mutex};
//! use std::time;
//!
//! use executor::sync::Channel;
//! use executor::time::{Duration, Instant};
//! use executor::{Class, Executor, Platform};
//!
//! /// A thread of a host as a machine, with a clock of microseconds.
//! struct Host {
//!     start: time::Instant,
//!     pended: Mutex<bool>,
//!     changed: Condvar,
//! }
//!
//! impl Platform for Host {
//!     fn now(&self) -> Instant {
//!         Instant::from_ticks(self.start.elapsed().as_micros().try_into().expect("584,000 years"))
//!     }
//!     // The loop below rings after each millisecond, so there is nothing to set.
//!     fn set_alarm(&self, _: Option<Instant>) {}
//!     fn idle(&self, has_work: &dyn Fn() -> bool) {
//!         let pended = self.pended.lock().expect("no panic");
//!         let wait = |pended: &mut bool| !*pended && !has_work();
//!         let limit = time::Duration::from_millis(1);
//!         let (mut pended, _) = self.changed.wait_timeout_while(pended, limit, wait).expect("no panic");
//!         *pended = false;
//!     }
//!     fn pend(&self) {
//!         *self.pended.lock().expect("no panic") = true;
//!         self.changed.notify_one();
//!     }
//! }
//!
//! static NUMBERS: Channel<u32, 4> = Channel::new();
//!
//! let host = Host { start: time::Instant::now(), pended: Mutex::new(false), changed: Condvar::new() };
//! let host: &'static Host = Box::leak(Box::new(host));
//! let executor: &'static Executor<Host> = Box::leak(Box::new(Executor::new(host)));
//! let (spawner, timers) = (executor.spawner(), executor.timers());
//! let sum = spawner.spawn("adder", Class::Service, async {
//!     NUMBERS.receive().await + NUMBERS.receive().await
//! });
//! let sum = sum.expect("there is memory");
//! let sender = async move {
//!     NUMBERS.send(40).await;
//!     timers.sleep(Duration::from_ticks(500)).await;
//!     NUMBERS.send(2).await;
//! };
//! spawner.spawn("sender", Class::Service, sender).expect("there is memory").detach();
//! while !sum.is_finished() {
//!     executor.run_until_idle();
//!     host.idle(&|| executor.has_work());
//!     executor.alarm().ring();
//! }
//! ```
//!
//! # On a bare machine
//!
//! The executor and its tasks lie in statics; a wake comes from the core's own interrupt handlers, so there is
//! nothing to pend. Handlers ring the alarm and wake tasks through what is in [`sync`].
//!
//! ```
//! use executor::time::Instant;
//! use executor::{Class, Executor, ExecutorCell, Platform, TaskPool};
//!
//! struct Core;
//!
//! impl Platform for Core {
//!     fn now(&self) -> Instant {
//!         Instant::from_ticks(0) // the time-stamp counter
//!     }
//!     fn set_alarm(&self, deadline: Option<Instant>) {
//!         let _ = deadline; // the count of the local timer; its interrupt handler calls `Alarm::ring`
//!     }
//!     fn idle(&self, has_work: &dyn Fn() -> bool) {
//!         // cli
//!         if !has_work() {
//!             // sti; hlt
//!         }
//!         // sti
//!     }
//! }
//!
//! static EXECUTOR: ExecutorCell<Core> = ExecutorCell::new(Executor::new(&Core).woken_here());
//! static SERVICES: TaskPool<256, 8> = TaskPool::new();
//!
//! let executor = EXECUTOR.claim().expect("the first and only claim");
//! let service = executor.spawner().spawn_in(&SERVICES, "greeter", Class::Service, async { "hello" });
//! service.expect("a slot is free").detach();
//! executor.run_until_idle(); // on the machine: executor.run()
//! ```
//!
//! # Panics in tasks
//!
//! [`Platform::guard`] decides. On a host it can catch the panic by unwinding. Where panics abort, a platform can
//! jump from its panic handler back to a recovery point recorded before the poll; then no destructor of the task runs.
//! In both cases the task ends, its future is leaked, and its handle yields [`JoinError::Panicked`].
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(test, loom))]
extern crate std;

mod accounting;
mod atomic;
mod claim;
mod class;
mod core_state;
mod executor;
mod lanes;
mod platform;
mod run_queue;
mod series;
mod spawner;
pub mod sync;
mod task;
pub mod testing;
pub mod time;
#[cfg(feature = "trace")]
pub mod trace;
mod waker;
mod yielding;

#[cfg(feature = "accounting")]
pub use accounting::Usage;
pub use claim::ExecutorCell;
pub use class::Class;
pub use executor::{Alarm, Executor, Step};
pub use platform::{Panicked, Platform};
pub use spawner::{Pressure, Spawner};
pub use task::{Activity, JoinError, JoinHandle, NoRoom, TaskId, TaskInfo, TaskPool, Tasks};
pub use waker::class_of;
pub use yielding::yield_now;
