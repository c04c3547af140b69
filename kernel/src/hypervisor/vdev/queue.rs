//! A split virtqueue, seen from the device.
//!
//! ```text
//! available ring     0 flags   2 index   4 heads of chains, 16 bits each
//! used ring          0 flags   2 index   4 head and bytes written, 32 bits each
//! ```
//!
//! The driver writes the available ring, the device the used ring. Indices count up and wrap at 65,536. Both sides run on
//! the same core, one at a time, so there are no barriers, and neither side sees the other half way.
//!
//! Source: VIRTIO 1.2 §2.7.

use guest_abi::GuestPhysAddr;

use super::super::guest_memory::GuestMemory;
use super::chain::{Chain, DESCRIPTOR_BYTES, IndirectTables, Table};
use super::fault::Fault;

/// `VIRTQ_AVAIL_F_NO_INTERRUPT`: the driver looks by itself.
const NO_INTERRUPT: u16 = 1;
/// Offset of the index in both rings.
const INDEX: u32 = 2;
/// Offset of the entries in both rings.
const ENTRIES: u32 = 4;

/// Whether the driver wants to hear of a used buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    Wanted,
    Unwanted,
}

/// Where a queue lies, as the driver has said it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct QueuePlaces {
    pub(super) descriptors: u64,
    pub(super) available: u64,
    pub(super) used: u64,
}

/// A queue in use. Its parts have addresses of 32 bits; whether they are memory is found out by every access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Virtqueue {
    table: Table,
    available: GuestPhysAddr,
    used: GuestPhysAddr,
    /// How many chains were taken and given back, modulo 65,536.
    taken: u16,
    given_back: u16,
}

impl Virtqueue {
    /// A queue of `size` entries, of at most `most`.
    pub(super) fn new(
        places: QueuePlaces,
        size: u32,
        most: u16,
        indirect: IndirectTables,
    ) -> Result<Self, Fault> {
        let entries = u16::try_from(size).ok().filter(|size| size.is_power_of_two() && *size <= most);
        let entries = entries.ok_or(Fault::QueueSize(size))?;
        let place = part(places.descriptors, 16, DESCRIPTOR_BYTES * size)?;
        let table = Table { place, entries, indirect };
        let available = part(places.available, 2, ENTRIES + 2 * size)?;
        let used = part(places.used, 4, ENTRIES + 8 * size)?;
        Ok(Self { table, available, used, taken: 0, given_back: 0 })
    }

    /// The next chain that the driver has made available.
    pub(super) fn take(&mut self, memory: &impl GuestMemory) -> Result<Option<Chain>, Fault> {
        let size = self.table.entries;
        let index = read_half(memory, self.available, INDEX)?;
        match index.wrapping_sub(self.taken) {
            0 => return Ok(None),
            waiting if waiting > size => {
                return Err(Fault::AvailableIndex { index, taken: self.taken, size });
            }
            _ => {}
        }
        let head = read_half(memory, self.available, ENTRIES + 2 * u32::from(self.taken % size))?;
        let chain = Chain::walk(memory, self.table, head)?;
        self.taken = self.taken.wrapping_add(1);
        Ok(Some(chain))
    }

    /// Gives a chain back, of whose buffers `written` bytes were written.
    pub(super) fn give_back(
        &mut self,
        memory: &impl GuestMemory,
        head: u16,
        written: u32,
    ) -> Result<Interrupt, Fault> {
        let entry = ENTRIES + 8 * u32::from(self.given_back % self.table.entries);
        memory
            .write(at(self.used, entry), [u32::from(head), written].map(u32::to_le_bytes).as_flattened())?;
        self.given_back = self.given_back.wrapping_add(1);
        memory.write(at(self.used, INDEX), &self.given_back.to_le_bytes())?;
        let flags = read_half(memory, self.available, 0)?;
        Ok(if flags & NO_INTERRUPT == 0 { Interrupt::Wanted } else { Interrupt::Unwanted })
    }
}

/// A part of a queue whose end has an address of 32 bits.
fn part(address: u64, alignment: u32, bytes: u32) -> Result<GuestPhysAddr, Fault> {
    let place = u32::try_from(address).ok().filter(|place| place % alignment == 0);
    let place = place.map(GuestPhysAddr::new).filter(|place| place.checked_add(bytes).is_some());
    place.ok_or(Fault::QueuePlace { address, alignment })
}

/// A place in a part, which ends below 4 GiB.
const fn at(part: GuestPhysAddr, offset: u32) -> GuestPhysAddr {
    GuestPhysAddr::new(part.number() + offset)
}

fn read_half(memory: &impl GuestMemory, part: GuestPhysAddr, offset: u32) -> Result<u16, Fault> {
    Ok(u16::from_le_bytes(memory.read_array(at(part, offset))?))
}

#[cfg(test)]
mod tests;
