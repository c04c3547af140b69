//! Services: what the cores of the chip do for each other.
//!
//! A service is one async function in one file, `pub(crate) async fn run(ctx)`, and one line of the [`registry`]. It
//! knows its surroundings through [`Ctx`] only, so the same file runs in the kernel and, in ordinary tests, on the fake
//! chip of `testing`.
//!
//! ```text
//! registry    name, procedures, placement and restarts of every service, checked at build time
//! plan        which service runs on which cores: by default, or as the user says
//! site        the services of one core: what they have, states, counters
//! ctx         what a service gets: name, core, mail, calls, timers, counters, the signal to stop
//! supervise   runs a service, and again after a failure
//! ```
//!
//! Those that ship: [`echo`] answers, [`ping`] measures, [`name`] finds the core of a service, [`stats`] tells how the
//! services of a core are, [`survey`] prints that for the chip, [`control`] stops a service, [`console`] prints and reads
//! for all cores, [`talk`] does so by it, [`block`] lends a core's disk, [`net`] carries the frames of guests, [`kv`] stores
//! values on three cores so that the loss of one is survived, [`load`] exercises it.
//!
//! Everything is polled by tasks of one core; nothing here is used by interrupt handlers.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "testing"))]
extern crate std;

mod ctx;
mod plan;
pub mod registry;
mod site;
mod status;
mod supervise;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub mod block;
pub mod console;
pub mod control;
pub mod echo;
pub mod kv;
pub mod load;
pub mod name;
pub mod net;
pub mod ping;
pub mod stats;
pub mod survey;
pub mod talk;

pub use ctx::Ctx;
pub use plan::{Placement, Plan, PlanError, Starts};
pub use site::{Equipment, Site};
pub use status::{Counter, State, Status};
pub use supervise::{BackOff, Ended, Host, Restart, TaskError, supervise};
