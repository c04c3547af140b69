//! What a driver in a guest can do wrong.
//!
//! A wrong access to a register is answered by an [`AccessError`] and changes nothing. Anything wrong in a queue or a request
//! is a [`Fault`]: the device stops, sets `DEVICE_NEEDS_RESET`, and goes on when the driver has reset it.

use super::super::guest_memory::OutsideMemory;
use super::chain::SEGMENTS_MAX;

/// Why a device has stopped. The guest's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A queue was to be used with a size that is 0, no power of two, or above the largest.
    #[error("queue of {0} entries")]
    QueueSize(u32),
    /// A part of a queue lies at no multiple of what it must, or beyond 32 bits.
    #[error("part of a queue at {address:#x}, not a multiple of {alignment} below 4 GiB")]
    QueuePlace {
        /// Where.
        address: u64,
        /// The multiple.
        alignment: u32,
    },
    /// A queue, a table or a buffer is not in the guest's memory.
    #[error(transparent)]
    Memory(#[from] OutsideMemory),
    /// A buffer lies beyond 32 bits.
    #[error("buffer of {bytes} bytes at {address:#x}")]
    BufferPlace {
        /// Where.
        address: u64,
        /// How long.
        bytes: u32,
    },
    /// More buffers were made available than the queue has.
    #[error("available index {index}, with {size} entries behind {taken} that were taken")]
    AvailableIndex {
        /// What the driver wrote.
        index: u16,
        /// How many were taken, modulo 65,536.
        taken: u16,
        /// Entries of the queue.
        size: u16,
    },
    /// A descriptor's number is not below that of the table's entries.
    #[error("descriptor {index} of a table of {entries}")]
    Descriptor {
        /// The number.
        index: u16,
        /// Entries of the table.
        entries: u16,
    },
    /// A chain has more descriptors than its table.
    #[error("descriptors form a loop")]
    Loop,
    /// A chain has more buffers than any request needs.
    #[error("chain of more than {SEGMENTS_MAX} buffers")]
    ChainTooLong,
    /// A buffer to be read stands behind one to be written.
    #[error("buffer to read behind one to write")]
    Order,
    /// The buffers of a chain are longer than 32 bits can say.
    #[error("chain of 4 GiB or more")]
    ChainBytes,
    /// An indirect table that was not negotiated, is inside another, or is followed by more.
    #[error("indirect table where none may be")]
    Indirect,
    /// An indirect table that is no whole number of descriptors, or has none or too many.
    #[error("indirect table of {0} bytes")]
    IndirectBytes(u32),
    /// A request is shorter than its parts.
    #[error("request ends at byte {bytes}, before byte {needed}")]
    RequestEnds {
        /// Bytes of its buffers, of those to read or of those to write.
        bytes: u32,
        /// Where an access ended.
        needed: u32,
    },
}

/// Why an access to a register means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no register.
    #[error("no register at offset {offset:#x}")]
    NoRegister {
        /// Offset in the window.
        offset: u32,
    },
    /// The register takes only 32 bits, at its own offset.
    #[error("access of {bytes} bytes to the register at offset {offset:#x}")]
    Width {
        /// Offset in the window.
        offset: u32,
        /// Bytes of the access.
        bytes: u32,
    },
    /// The register cannot be read.
    #[error("read of the register at offset {offset:#x}, which is only written")]
    WriteOnly {
        /// Offset in the window.
        offset: u32,
    },
    /// The register cannot be written.
    #[error("write to the register at offset {offset:#x}, which is only read")]
    ReadOnly {
        /// Offset in the window.
        offset: u32,
    },
}
