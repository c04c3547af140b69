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
mod intake;
mod platform;
mod run_queue;
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
pub use yielding::yield_now;
