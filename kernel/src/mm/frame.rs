//! Physical memory in frames of 4 KB: which are free.
//!
//! One bit per frame. Frames that the direct map shows are precious, since only they can be touched without mapping
//! them first: [`Zone::Direct`] asks for one, [`Zone::Any`] takes from the top, so that direct frames go last.

use i586::page::PAGE_BYTES;
use scc::address::PhysAddr;

/// Bits of a word of the bitmap.
const WORD_BITS: u32 = u32::BITS;

/// A frame of core-physical memory: the address of its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame(u32);

impl Frame {
    /// The frame that holds `address`.
    #[must_use]
    pub const fn containing(address: PhysAddr) -> Self {
        Self(address.get() & !(PAGE_BYTES - 1))
    }

    /// The frame with a number, counted from address 0.
    const fn numbered(number: u32) -> Self {
        Self(number * PAGE_BYTES)
    }

    const fn number(self) -> u32 {
        self.0 / PAGE_BYTES
    }

    /// Address of its first byte.
    #[must_use]
    pub const fn base(self) -> PhysAddr {
        PhysAddr::new(self.0)
    }
}

/// Which frames will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Those of the direct map.
    Direct,
    /// All; frames outside the direct map first.
    Any,
}

/// Why a frame was not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FreeError {
    /// It lies outside the memory that is managed.
    #[error("frame at {} does not belong to the allocator", .0.base())]
    Foreign(Frame),
    /// It is free already.
    #[error("frame at {} was free already", .0.base())]
    Free(Frame),
}

/// The free frames of a core's memory.
#[derive(Debug)]
pub struct FrameAllocator<'a> {
    free: &'a mut [u32],
    frames: u32,
    direct: u32,
    available: u32,
}

impl<'a> FrameAllocator<'a> {
    /// Words of bitmap that `bytes` of memory need.
    #[must_use]
    pub const fn words_for(bytes: u32) -> u32 {
        (bytes / PAGE_BYTES).div_ceil(WORD_BITS)
    }

    /// Manages the memory from 0 to `bytes`, of which the first `direct_bytes` are in the direct map. Nothing is free
    /// yet. What `bitmap` does not cover is left out.
    #[must_use]
    pub fn new(bitmap: &'a mut [u32], bytes: u32, direct_bytes: u32) -> Self {
        bitmap.fill(0);
        let covered = u32::try_from(bitmap.len()).unwrap_or(u32::MAX).saturating_mul(WORD_BITS);
        let frames = (bytes / PAGE_BYTES).min(covered);
        Self { free: bitmap, frames, direct: (direct_bytes / PAGE_BYTES).min(frames), available: 0 }
    }

    /// Free frames.
    #[must_use]
    pub const fn available(&self) -> u32 {
        self.available
    }

    /// Frees all frames that lie completely within `first` to `end` and are not free.
    pub fn release(&mut self, first: PhysAddr, end: PhysAddr) {
        let mut number = first.get().div_ceil(PAGE_BYTES);
        let end = (end.get() / PAGE_BYTES).min(self.frames);
        while number < end {
            // Word by word: there may be hundreds of thousands of frames.
            let first_bit = number % WORD_BITS;
            let bits = (end - number).min(WORD_BITS - first_bit);
            let mask = u32::MAX >> (WORD_BITS - bits) << first_bit;
            let word = &mut self.free[(number / WORD_BITS) as usize];
            self.available += (mask & !*word).count_ones();
            *word |= mask;
            number += bits;
        }
    }

    /// Takes one frame. `None` if there is none.
    pub fn allocate(&mut self, zone: Zone) -> Option<Frame> {
        let number = match zone {
            Zone::Direct => self.lowest_free(self.direct)?,
            Zone::Any => self.highest_free()?,
        };
        self.take(number);
        Some(Frame::numbered(number))
    }

    /// Takes up to `count` frames, those outside the direct map first, hands each to `take`, and returns how many.
    pub fn allocate_many(&mut self, count: u32, mut take: impl FnMut(Frame)) -> u32 {
        let mut taken = 0;
        while taken < count
            && let Some(number) = self.highest_free()
        {
            // The rest of its word, without looking for each anew.
            let word = number / WORD_BITS;
            for number in (word * WORD_BITS..=number).rev().take((count - taken) as usize) {
                if self.is_free(number) {
                    self.take(number);
                    take(Frame::numbered(number));
                    taken += 1;
                }
            }
        }
        taken
    }

    /// Takes `count` frames in a row and returns the first. `None` if there is no such row.
    pub fn allocate_row(&mut self, count: u32, zone: Zone) -> Option<Frame> {
        let limit = if zone == Zone::Direct { self.direct } else { self.frames };
        let mut length = 0;
        for number in self.lowest_free(limit)?..limit {
            length = if self.is_free(number) { length + 1 } else { 0 };
            if length == count {
                let first = number + 1 - count;
                (first..=number).for_each(|number| self.take(number));
                return Some(Frame::numbered(first));
            }
        }
        None
    }

    /// Takes a frame back.
    ///
    /// # Errors
    /// [`FreeError`]; the allocator is unchanged then.
    pub fn free(&mut self, frame: Frame) -> Result<(), FreeError> {
        if frame.number() >= self.frames {
            return Err(FreeError::Foreign(frame));
        }
        if self.is_free(frame.number()) {
            return Err(FreeError::Free(frame));
        }
        self.free[(frame.number() / WORD_BITS) as usize] |= 1 << (frame.number() % WORD_BITS);
        self.available += 1;
        Ok(())
    }

    fn is_free(&self, number: u32) -> bool {
        self.free[(number / WORD_BITS) as usize] & 1 << (number % WORD_BITS) != 0
    }

    fn take(&mut self, number: u32) {
        self.free[(number / WORD_BITS) as usize] &= !(1 << (number % WORD_BITS));
        self.available -= 1;
    }

    fn lowest_free(&self, limit: u32) -> Option<u32> {
        let found = (0..).zip(self.free.iter()).find(|(_, word)| **word != 0);
        let number = found.map(|(index, word): (u32, _)| index * WORD_BITS + word.trailing_zeros())?;
        (number < limit).then_some(number)
    }

    fn highest_free(&self) -> Option<u32> {
        let mut words = (0..self.frames.div_ceil(WORD_BITS)).rev();
        let index = words.find(|index| self.free[*index as usize] != 0)?;
        Some(index * WORD_BITS + WORD_BITS - 1 - self.free[index as usize].leading_zeros())
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    const MEMORY: u32 = 100 * PAGE_BYTES;

    fn with<R>(work: impl FnOnce(&mut FrameAllocator<'_>) -> R) -> R {
        let mut bitmap = vec![0xA5A5_A5A5; FrameAllocator::words_for(MEMORY) as usize];
        let mut frames = FrameAllocator::new(&mut bitmap, MEMORY, 40 * PAGE_BYTES);
        frames.release(PhysAddr::new(0x1001), PhysAddr::new(MEMORY + 0x5000));
        work(&mut frames)
    }

    #[test]
    fn nothing_is_free_until_released_and_partial_frames_are_not() {
        with(|frames| {
            assert_eq!(frames.available(), 98);
            assert_eq!(frames.allocate(Zone::Direct), Some(Frame::numbered(2)));
            assert_eq!(frames.allocate(Zone::Any), Some(Frame::numbered(99)));
            assert_eq!(frames.available(), 96);
        });
    }

    #[test]
    fn direct_zone_ends_while_others_go_on() {
        with(|frames| {
            let direct = core::iter::from_fn(|| frames.allocate(Zone::Direct)).count();
            assert_eq!(direct, 38);
            assert_eq!(frames.allocate(Zone::Any), Some(Frame::numbered(99)));
            let rest = core::iter::from_fn(|| frames.allocate(Zone::Any)).count();
            assert_eq!((rest, frames.available()), (59, 0));
        });
    }

    #[test]
    fn many_frames_are_taken_from_the_top_and_none_twice() {
        with(|frames| {
            let mut taken = vec![];
            assert_eq!(frames.allocate(Zone::Any), Some(Frame::numbered(99)));
            assert_eq!(frames.free(Frame::numbered(98)), Err(FreeError::Free(Frame::numbered(98))));
            assert_eq!(frames.allocate_many(40, |frame| taken.push(frame)), 40);
            assert!(taken.iter().copied().eq((59..=98).rev().map(Frame::numbered)));
            assert_eq!(frames.allocate_many(100, |_| {}), 57);
            assert_eq!(frames.available(), 0);
        });
    }

    #[test]
    fn rows_are_found_between_frames_in_use() {
        with(|frames| {
            let first = frames.allocate_row(10, Zone::Direct).unwrap();
            assert_eq!(first, Frame::numbered(2));
            assert_eq!(frames.allocate_row(10, Zone::Direct), Some(Frame::numbered(12)));
            frames.release(first.base(), Frame::numbered(11).base());
            assert_eq!(frames.allocate_row(10, Zone::Direct), Some(Frame::numbered(22)));
            assert_eq!(frames.allocate_row(9, Zone::Direct), Some(Frame::numbered(2)));
            assert_eq!(frames.allocate_row(20, Zone::Direct), None);
            assert_eq!(frames.allocate_row(68, Zone::Any), Some(Frame::numbered(32)));
        });
    }

    #[test]
    fn freeing_twice_or_foreign_frames_is_refused() {
        with(|frames| {
            let frame = frames.allocate(Zone::Any).unwrap();
            assert_eq!(frames.free(frame), Ok(()));
            assert_eq!(frames.free(frame), Err(FreeError::Free(frame)));
            assert_eq!(frames.free(Frame::numbered(100)), Err(FreeError::Foreign(Frame::numbered(100))));
            assert_eq!(frames.available(), 98);
        });
    }
}
