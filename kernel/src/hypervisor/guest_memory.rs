//! Memory of a guest, which is copied and never referenced.
//!
//! A guest's memory lies at guest-physical addresses from 0 up, without a gap. It may change whenever the guest runs, so
//! what was copied once and checked is used, and not read again. Guest and hypervisor run on the same core, one at a time:
//! copies need no order beyond that of the program.

use guest_abi::GuestPhysAddr;

/// Bytes that [`GuestMemory::clear`] writes at once.
const CLEARED_AT_ONCE: usize = 256;

/// The checked accessor. Every implementation refuses what is not memory of the guest, whole: a copy that fails has
/// changed nothing. Task context.
pub trait GuestMemory {
    /// Bytes of memory, from address 0.
    fn bytes(&self) -> u32;

    /// Copies out of the guest.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless all of it is memory of the guest.
    fn read(&self, from: GuestPhysAddr, into: &mut [u8]) -> Result<(), OutsideMemory>;

    /// Copies into the guest.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless all of it is memory of the guest.
    fn write(&self, to: GuestPhysAddr, bytes: &[u8]) -> Result<(), OutsideMemory>;

    /// Reads words one behind the other. `from` is a multiple of 4, and all of them lie on one page.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless all of them are memory of the guest.
    fn read_words(&self, from: GuestPhysAddr, words: &mut [u32]) -> Result<(), OutsideMemory> {
        for (place, word) in places(from).zip(words) {
            *word = u32::from_le_bytes(self.read_array(place)?);
        }
        Ok(())
    }

    /// Writes words one behind the other. `to` is a multiple of 4, and all of them lie on one page.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless all of them are memory of the guest.
    fn write_words(&self, to: GuestPhysAddr, words: &[u32]) -> Result<(), OutsideMemory> {
        for (place, word) in places(to).zip(words) {
            self.write(place, &word.to_le_bytes())?;
        }
        Ok(())
    }

    /// Reads a word at a multiple of 4.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless it is memory of the guest.
    fn load(&self, from: GuestPhysAddr) -> Result<u32, OutsideMemory> {
        let mut word = [0];
        self.read_words(from, &mut word)?;
        Ok(word[0])
    }

    /// Checks a range without touching it.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless all of it is memory of the guest.
    fn check(&self, first: GuestPhysAddr, bytes: u32) -> Result<(), OutsideMemory> {
        match first.checked_add(bytes) {
            Some(end) if end.number() <= self.bytes() => Ok(()),
            _ => Err(OutsideMemory { first, bytes }),
        }
    }

    /// Copies a value of `N` bytes out of the guest.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless all of it is memory of the guest.
    fn read_array<const N: usize>(&self, from: GuestPhysAddr) -> Result<[u8; N], OutsideMemory> {
        let mut bytes = [0; N];
        self.read(from, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes zeros.
    ///
    /// # Errors
    /// [`OutsideMemory`] unless all of it is memory of the guest.
    fn clear(&self, first: GuestPhysAddr, bytes: u32) -> Result<(), OutsideMemory> {
        self.check(first, bytes)?;
        let mut done = 0;
        for count in pieces(bytes, CLEARED_AT_ONCE) {
            self.write(GuestPhysAddr::new(first.number() + done), &[0; CLEARED_AT_ONCE][..count as usize])?;
            done += count;
        }
        Ok(())
    }
}

/// Addresses of words, from `first` on.
fn places(first: GuestPhysAddr) -> impl Iterator<Item = GuestPhysAddr> {
    (first.number()..).step_by(4).map(GuestPhysAddr::new)
}

/// The lengths of the pieces, each at most `most`, that make up `bytes`.
pub(crate) fn pieces(bytes: u32, most: usize) -> impl Iterator<Item = u32> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let whole = core::iter::repeat_n(most, (bytes / most) as usize);
    whole.chain(Some(bytes % most).filter(|rest| *rest != 0))
}

/// A range that is not memory of the guest. The guest's fault, or that of whoever chose its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes at guest-physical {:#x} are not memory of the guest", first.number())]
pub struct OutsideMemory {
    /// Where the range begins.
    pub first: GuestPhysAddr,
    /// Its length.
    pub bytes: u32,
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::hypervisor::host_memory::HostMemory;

    #[test]
    fn ranges_end_with_memory_and_do_not_wrap() {
        let memory = HostMemory::new(0x2000);
        let at = GuestPhysAddr::new;
        assert_eq!(memory.check(at(0x1000), 0x1000), Ok(()));
        assert_eq!(memory.check(at(0x2000), 0), Ok(()));
        for (first, bytes) in [(0x1001, 0x1000), (0x2001, 0), (u32::MAX, 2), (1, u32::MAX)] {
            assert_eq!(memory.check(at(first), bytes), Err(OutsideMemory { first: at(first), bytes }));
        }
    }

    #[test]
    fn clearing_touches_its_range_only() {
        let memory = HostMemory::new(0x1000);
        memory.write(GuestPhysAddr::new(0), &[0xFF; 0x1000]).unwrap();
        memory.clear(GuestPhysAddr::new(3), 700).unwrap();
        let bytes: [u8; 0x1000] = memory.read_array(GuestPhysAddr::new(0)).unwrap();
        let cleared: Vec<_> = (0..0x1000).filter(|index| bytes[*index] == 0).collect();
        assert_eq!(cleared, (3..703).collect::<Vec<_>>());
    }

    #[test]
    fn pieces_make_up_the_whole() {
        let of = |bytes| pieces(bytes, 256).collect::<Vec<_>>();
        assert_eq!(of(0), []);
        assert_eq!(of(256), [256]);
        assert_eq!(of(600), [256, 256, 88]);
    }
}
