//! What kernel and tools agree on: trace records, the ring that holds them, symbols, and how a kernel on a PC ends.
//!
//! Layouts and encodings only; the kernel writes them, tools and the kernel's own panic report read them.
//! All numbers are little-endian words of 32 bits, as the core stores them.
//!
//! | What | Where in the kernel's memory | Module |
//! |---|---|---|
//! | trace ring | ELF symbol [`RING_SYMBOL`] | [`ring`], with the [`record`]s in it and the boot [`phase`]s |
//! | symbol table | ELF symbol [`symbols::PLACE_SYMBOL`] | [`symbols`] |
//!
//! On a PC there is [`debug_exit`] besides. What a recorder makes of the rings of all cores is a [`mod@file`].
//!
//! Whoever changes a layout or the meaning of a number changes [`ring::VERSION`], [`symbols::VERSION`] or [`file::VERSION`];
//! new kinds of records may be added without, because a reader skips kinds that it does not know.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod debug_exit;
pub mod file;
pub mod phase;
pub mod record;
pub mod ring;
pub mod symbols;

/// ELF symbol of the core's trace ring: a [`ring::RingHeader`] with the records right behind it.
pub const RING_SYMBOL: &str = "TRACE_RING";
