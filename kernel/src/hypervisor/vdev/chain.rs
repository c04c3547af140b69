//! Chains of descriptors: the buffers of one request.
//!
//! A chain is copied out of the guest and checked once, when it is taken; the guest may run and change its descriptors
//! while the request is served. Every step of the walk is counted, so a chain that leads back into itself ends.
//!
//! ```text
//! descriptor, 16 bytes     0 address, 64 bits     8 length     12 flags, 16 bits     14 next, 16 bits
//! ```
//!
//! Source: VIRTIO 1.2 §2.7.5 and, for tables that a descriptor names, §2.7.5.3.

use bitflags::bitflags;
use guest_abi::GuestPhysAddr;
use zerocopy::FromBytes;
use zerocopy::byteorder::little_endian::{U16, U32, U64};

use super::super::guest_memory::GuestMemory;
use super::fault::Fault;

/// Most buffers of a chain. Devices tell their drivers so, where there is a field for it.
pub(super) const SEGMENTS_MAX: usize = 32;
/// Bytes of a descriptor.
pub(super) const DESCRIPTOR_BYTES: u32 = 16;

bitflags! {
    /// Flags of a descriptor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Flags: u16 {
        /// VIRTQ_DESC_F_NEXT: the chain goes on.
        const NEXT = 1 << 0;
        /// VIRTQ_DESC_F_WRITE: the device writes the buffer.
        const WRITE = 1 << 1;
        /// VIRTQ_DESC_F_INDIRECT: the buffer is a table of descriptors.
        const INDIRECT = 1 << 2;
    }
}

#[derive(FromBytes)]
#[repr(C)]
struct RawDescriptor {
    address: U64,
    length: U32,
    flags: U16,
    next: U16,
}

/// Whether descriptors may name tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IndirectTables {
    /// The driver has taken `VIRTIO_F_INDIRECT_DESC`.
    Allowed,
    /// It has not.
    Forbidden,
}

/// A table of descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Where it lies; all of it has addresses of 32 bits.
    pub(super) place: GuestPhysAddr,
    /// How many descriptors it has.
    pub(super) entries: u16,
    /// Whether they may name tables.
    pub(super) indirect: IndirectTables,
}

impl Table {
    fn descriptor(&self, memory: &impl GuestMemory, index: u16) -> Result<RawDescriptor, Fault> {
        if index >= self.entries {
            return Err(Fault::Descriptor { index, entries: self.entries });
        }
        let place = GuestPhysAddr::new(self.place.number() + DESCRIPTOR_BYTES * u32::from(index));
        let bytes: [u8; DESCRIPTOR_BYTES as usize] = memory.read_array(place)?;
        Ok(zerocopy::transmute!(bytes))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    place: GuestPhysAddr,
    bytes: u32,
}

/// The buffers of a request: first those that the device reads, then those that it writes, all in the guest's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    head: u16,
    segments: [Segment; SEGMENTS_MAX],
    /// Number of buffers, and how many of them are read.
    count: usize,
    read_count: usize,
    readable: u32,
    writable: u32,
}

impl Chain {
    /// Walks the chain that begins with descriptor `head` of `table`.
    pub(super) fn walk(memory: &impl GuestMemory, mut table: Table, head: u16) -> Result<Self, Fault> {
        let empty = Segment { place: GuestPhysAddr::new(0), bytes: 0 };
        let segments = [empty; SEGMENTS_MAX];
        let mut chain = Self { head, segments, count: 0, read_count: 0, readable: 0, writable: 0 };
        let (mut index, mut left) = (head, table.entries);
        loop {
            let descriptor = table.descriptor(memory, index)?;
            left = left.checked_sub(1).ok_or(Fault::Loop)?;
            let flags = Flags::from_bits_truncate(descriptor.flags.get());
            if flags.contains(Flags::INDIRECT) {
                if table.indirect == IndirectTables::Forbidden || flags.contains(Flags::NEXT) {
                    return Err(Fault::Indirect);
                }
                table = indirect_table(&descriptor)?;
                (index, left) = (0, table.entries);
                continue;
            }
            chain.add(memory, &descriptor, flags)?;
            if !flags.contains(Flags::NEXT) {
                return Ok(chain);
            }
            index = descriptor.next.get();
        }
    }

    fn add(
        &mut self,
        memory: &impl GuestMemory,
        descriptor: &RawDescriptor,
        flags: Flags,
    ) -> Result<(), Fault> {
        let (address, bytes) = (descriptor.address.get(), descriptor.length.get());
        let beyond = Fault::BufferPlace { address, bytes };
        let place = GuestPhysAddr::new(u32::try_from(address).map_err(|_| beyond)?);
        memory.check(place, bytes)?;
        let sum = if flags.contains(Flags::WRITE) { &mut self.writable } else { &mut self.readable };
        *sum = sum.checked_add(bytes).ok_or(Fault::ChainBytes)?;
        if !flags.contains(Flags::WRITE) {
            if self.read_count != self.count {
                return Err(Fault::Order);
            }
            self.read_count += 1;
        }
        *self.segments.get_mut(self.count).ok_or(Fault::ChainTooLong)? = Segment { place, bytes };
        self.count += 1;
        Ok(())
    }

    /// Number of its first descriptor, by which it is given back.
    pub(super) const fn head(&self) -> u16 {
        self.head
    }

    /// Bytes that the device may read.
    #[must_use]
    pub(super) const fn readable(&self) -> u32 {
        self.readable
    }

    /// Bytes that the device may write.
    #[must_use]
    pub(super) const fn writable(&self) -> u32 {
        self.writable
    }

    /// Copies from byte `offset` on of the buffers that are read.
    ///
    /// # Errors
    /// [`Fault::RequestEnds`] if there is less.
    pub(super) fn read(&self, memory: &impl GuestMemory, offset: u32, into: &mut [u8]) -> Result<(), Fault> {
        check_end(offset, into.len(), self.readable)?;
        let mut rest = into;
        for (place, bytes) in parts(&self.segments[..self.read_count], offset) {
            if rest.is_empty() {
                break;
            }
            let (part, behind) = rest.split_at_mut(rest.len().min(bytes as usize));
            memory.read(place, part)?;
            rest = behind;
        }
        Ok(())
    }

    /// Copies to byte `offset` on of the buffers that are written.
    ///
    /// # Errors
    /// [`Fault::RequestEnds`] if there is less.
    pub(super) fn write(&self, memory: &impl GuestMemory, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        check_end(offset, bytes.len(), self.writable)?;
        let mut rest = bytes;
        for (place, bytes) in parts(&self.segments[self.read_count..self.count], offset) {
            if rest.is_empty() {
                break;
            }
            let (part, behind) = rest.split_at(rest.len().min(bytes as usize));
            memory.write(place, part)?;
            rest = behind;
        }
        Ok(())
    }
}

fn indirect_table(descriptor: &RawDescriptor) -> Result<Table, Fault> {
    let (address, bytes) = (descriptor.address.get(), descriptor.length.get());
    let beyond = Fault::BufferPlace { address, bytes };
    let place = GuestPhysAddr::new(u32::try_from(address).map_err(|_| beyond)?);
    place.checked_add(bytes).ok_or(beyond)?;
    let entries = u16::try_from(bytes / DESCRIPTOR_BYTES).unwrap_or(0);
    if entries == 0 || bytes % DESCRIPTOR_BYTES != 0 {
        return Err(Fault::IndirectBytes(bytes));
    }
    Ok(Table { place, entries, indirect: IndirectTables::Forbidden })
}

fn check_end(offset: u32, length: usize, bytes: u32) -> Result<(), Fault> {
    let end = u32::try_from(length).ok().and_then(|length| offset.checked_add(length));
    match end {
        Some(end) if end <= bytes => Ok(()),
        _ => Err(Fault::RequestEnds { bytes, needed: end.unwrap_or(u32::MAX) }),
    }
}

/// The places of `segments` from byte `offset` on, with their lengths.
fn parts(segments: &[Segment], offset: u32) -> impl Iterator<Item = (GuestPhysAddr, u32)> {
    let mut before = offset;
    segments.iter().filter_map(move |segment| {
        let skipped = before.min(segment.bytes);
        before -= skipped;
        // The end of the segment has an address of 32 bits.
        (skipped < segment.bytes)
            .then(|| (GuestPhysAddr::new(segment.place.number() + skipped), segment.bytes - skipped))
    })
}

#[cfg(test)]
mod tests;
