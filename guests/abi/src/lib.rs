//! What a guest and the hypervisor agree on, version 1.
//!
//! A guest's kernel runs in ring 1, its programs in ring 3. It talks to the hypervisor by [`call`]s, and reads and writes
//! the [`shared`] page; [`interrupt`] says how interrupts come. Two kinds of guests differ in how they start:
//!
//! - A bare guest starts at the entry of its ELF file with its memory mapped one to one; EBX holds the guest-physical
//!   address of the [`start`] information, which names the shared page.
//! - [`linux`] starts with paging off, by the boot protocol of 32-bit Linux, and registers a shared page of its own.
//!
//! ```text
//! guest-physical  0x1000      start information of a bare guest, one page
//!                 0x2000      its shared page
//!                 0x100000    the guest's image, and memory up to the size that the start information gives
//! linear          0xC0000000  from here up all address spaces of a guest show the same: it is the kernel's
//!                 0xF0000000  from here up the space is the hypervisor's: the guest can read it and not write it
//! ```
//!
//! What a hypervisor can do it says by [`Features`].
//!
//! All numbers are little-endian words of 32 bits. Whoever changes the meaning of one raises [`VERSION`]; what is only
//! added is announced by a bit of [`Features`], and a number that a hypervisor does not know is answered by
//! [`CallError::Unknown`].
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod address;
pub mod call;
mod counter;
pub mod device;
pub mod end;
mod features;
pub mod interrupt;
pub mod linux;
pub mod list;
mod number;
pub mod segment;
pub mod shared;
pub mod start;
pub mod status;
pub mod terminal;

pub use address::{GuestPhysAddr, GuestVirtAddr};
pub use call::Call;
pub use counter::Counter;
pub use end::EndReason;
pub use features::Features;
pub use number::CallNumber;
pub use status::CallError;

/// Version of everything in this crate.
pub const VERSION: u32 = 1;

/// First linear address whose translations are the kernel's: all address spaces of a guest share them, whatever their tag,
/// from here up to [`HOLE`].
pub const KERNEL_HALF: u32 = 0xC000_0000; // not an address: virtual
/// First linear address that is the hypervisor's, in every address space.
pub const HOLE: u32 = 0xF000_0000; // not an address: virtual
