//! How Linux starts: its 32-bit boot protocol, with a few values of this interface.
//!
//! The hypervisor loads the ELF file by its physical addresses and enters it at its entry in ring 1 with flat segments
//! and paging off. ESI holds the guest-physical address of the page of boot parameters, which is zero but for the
//! protocol's magic number, [`LOADER`], [`SUBARCHITECTURE`], the command line, the initial file system and the map of
//! memory ("The Linux/x86 Boot Protocol", Documentation/arch/x86/boot.rst).
//!
//! A kernel that knows this interface has an ELF note: name [`NOTE_NAME`], type [`NOTE_TYPE`], and as its contents two
//! words, the version that it was made for and the [`Features`](crate::Features) that it needs.

/// Value of `type_of_loader`: a loader without a number of its own.
pub const LOADER: u8 = 0xFF;
/// Value of `hardware_subarch`. Linux gives out the numbers from 0; this one is far from them.
pub const SUBARCHITECTURE: u32 = 0x5CC0;
/// Name in the ELF note of a kernel for this interface.
pub const NOTE_NAME: &str = "SCC";
/// Type of that note.
pub const NOTE_TYPE: u32 = 1;
