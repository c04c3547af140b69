//! What the tests of this workspace share: judges to compare the emulator with, guest programs, the kernel on a board.
#![forbid(unsafe_code)]

pub mod core_program;
pub mod differential;
pub mod guest;
pub mod judged;
pub mod kernel;
pub mod native;
