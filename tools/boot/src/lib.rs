//! Boots a kernel on the emulated SCC and shows how its cores get on.
//!
//! [`load_image`] puts the files that `scc-image` wrote into a machine, as the board's own tools would. [`Watch`]
//! collects what the cores say without disturbing them: console lines, and the records of the kernel's trace ring,
//! read through the debugger's view of memory. [`Session`] runs the machine until every core has reported or
//! something ends it, and has a [`Recording`] made if one is asked for; [`Results`] is what is left to say then, as a table or as JSON.
//!
//! The command line `scc-boot` is these parts with a screen; `cargo xtask boot` builds a kernel and starts it.
#![forbid(unsafe_code)]

mod console;
mod guests;
mod load;
mod progress;
mod recording;
mod results;
mod session;
mod terminal_link;
mod vitals;
mod watch;

pub use console::ConsoleLine;
pub use guests::GuestResult;
pub use load::{LoadError, load_image};
pub use progress::{CoreProgress, CoreState, Pace, PanicPlace, TestResult};
pub use recording::{RecordError, Recording};
pub use results::{CoreResult, PhaseTimes, Results, rate};
pub use session::{Goal, Observer, Outcome, RunUntil, Session, ends_the_run};
pub use terminal_link::{TerminalLink, forget as forget_terminal};
pub use vitals::{TaskVitals, Vitals};
pub use watch::{News, Watch};
