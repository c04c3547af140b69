//! What tests of asynchronous code need: a machine whose clock is moved by hand, and a recorder of events.

mod machine;
#[cfg(all(feature = "alloc", feature = "trace"))]
mod recorder;

pub use machine::ManualMachine;
#[cfg(all(feature = "alloc", feature = "trace"))]
pub use recorder::EventRecorder;
