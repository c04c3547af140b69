//! What the tests of this workspace share: judges to compare the emulator with.
#![forbid(unsafe_code)]

pub mod differential;
pub mod guest;
pub mod judged;
pub mod native;
