//! Guest programs for tests: written with an assembler, booted from the reset vector on the emulator library.
//!
//! ```text
//! Program   what one core is loaded with: boot stub, descriptor tables, page map, 32-bit code
//! Code      the assembler, with the words that tests use (results, faults, hand-shakes, APIC, message lines)
//! PageMap   linear pages with their memory types
//! Board     a machine: loads programs, releases cores, runs them within bounds, reads their results
//! layout    where all that lies in a core's private memory
//! ```
//!
//! A program leaves numbers in its results page, which it maps uncached, and ends in `cli; hlt`. An exception
//! that it did not announce ends it too, and [`Board`] reports it. Where host and guest must take turns, the
//! guest waits with [`Code::wait_for_host`] until the host has seen [`Board::reach`] and says [`Board::go`].

mod board;
mod boot;
mod code;
pub mod layout;
mod page_map;
mod program;

pub use board::{Board, core, tile};
pub use code::{Code, Landing, NO_FAULT, Result, own_register, tile_register};
pub use page_map::PageMap;
pub use program::{Draft, Program, Setting};
