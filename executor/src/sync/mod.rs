//! What tasks, and interrupt handlers, tell each other.
//!
//! | | gives | takes |
//! |---|---|---|
//! | [`Notify`] | [`notify_one`](Notify::notify_one), [`notify_all`](Notify::notify_all): any context | task |
//! | [`Event`] | [`set`](Event::set): any context | task |
//! | [`Semaphore`] | [`release`](Semaphore::release), drop of a permit: any context | task; `try_acquire` any context |
//! | [`Mutex`] | drop of the guard: task | task; `try_lock` any context |
//! | [`Channel`] | [`try_send`](Channel::try_send): any context; [`send`](Channel::send): task | task |
//! | [`oneshot`] | [`send`](oneshot::Sender::send): any context | task |
//!
//! All may lie in statics. Giving never waits and allocates nothing. Who waits is served in the order of the first
//! poll. A waiting future lies, pinned, in the task that awaits it.
//!
//! In an interrupt handler, giving wakes whoever waits by their waker. Those of this crate's tasks may be woken
//! there; wakers of combinators such as `FuturesUnordered` count references and may free memory, so a task must not
//! wait through them for what a handler gives.
//!
//! Like all state of a core, these order the tasks and interrupt handlers of one core. On a host they may be shared
//! between threads. Between cores without coherent caches they do nothing.

mod channel;
mod event;
mod mutex;
mod notify;
pub mod oneshot;
mod semaphore;

pub use channel::{Channel, Full};
pub use event::Event;
pub use mutex::{Mutex, MutexGuard};
pub use notify::Notify;
pub use semaphore::{Permit, Semaphore};
