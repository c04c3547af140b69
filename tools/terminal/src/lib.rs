//! Talks to a guest, for programs that play its terminal: the emulator's front end, and the one of QEMU's PC.
//!
//! A [`Dialogue`] follows a [`Script`]: it is handed what the guest writes and says what is typed next, and knows neither
//! clock nor machine. [`Keys`] tells what a user types for the guest from what is meant for the program; [`Keyboard`] is
//! the user's terminal, whose settings come back on every way out.
#![forbid(unsafe_code)]

mod dialogue;
mod keyboard;
mod keys;
mod script;

pub use dialogue::{Answer, Answered, Dialogue, SessionError};
pub use keyboard::Keyboard;
pub use keys::{HELP, Key, Keys};
pub use script::{MARK, Machine, Script, ScriptError, Step};
