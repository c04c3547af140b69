//! What is written to each other: letters and messages of which every byte depends on seed, sender, receiver, flow and
//! number, and the random numbers that decide about it.

use alloc::vec::Vec;

use ipi::wire::{Channel, Flow, Kind, Mail};
use scc::id::CoreId;

/// Kind of a letter.
const LETTER: Kind = Kind(0);
/// Kind of the end of a flow of letters.
const END: Kind = Kind(1);
/// Most messages have up to 2 to this power bytes.
const SHORT: u32 = 4;
/// The longest have 2 to this power: 1 MB.
const LONG: u32 = 20;
/// Messages after the expected one that a reader recognises.
const MOST_MISSING: u32 = 256;

/// Numbers that a seed makes: SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let [.., a, b, c, d] = (mixed ^ mixed >> 31).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.next() % bound
    }
}

/// A flow: what one core writes to one other in one way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) seed: u32,
    pub(super) from: CoreId,
    pub(super) to: CoreId,
    /// Number of the channel, or what stands for it.
    pub(super) label: u8,
}

impl Way {
    fn random(self, number: u32) -> Random {
        let [from, to, label] = [self.from.number(), self.to.number(), self.label].map(u64::from);
        Random(u64::from(self.seed) << 48 ^ from << 40 ^ to << 34 ^ label << 30 ^ u64::from(number))
    }

    /// Letter `number`, or the end if that is the number of all.
    pub(super) fn letter(self, channel: Channel, number: u32, all: u32) -> Mail {
        if number == all {
            return Mail::empty(channel, END, Flow(number));
        }
        let mut random = self.random(number);
        let mut content = [0; Mail::MOST];
        for bytes in content.chunks_mut(4) {
            let word = random.next().to_le_bytes();
            bytes.copy_from_slice(&word[..bytes.len()]);
        }
        let length = usize::from(content[0]) % (Mail::MOST + 1);
        Mail::new(channel, LETTER, Flow(number), &content[..length]).expect("at most 18 bytes")
    }

    /// Length of message `number`, 1 byte to 1 MB, of which each power of two is rarer than the one before, and the first
    /// word of its contents.
    fn shape(self, number: u32) -> (usize, u32) {
        let mut random = self.random(number);
        let mut bits = SHORT;
        while bits < LONG && random.below(10) < 6 {
            bits += 1;
        }
        let length = 1 + random.below(1 << bits);
        (usize::try_from(length).expect("at most 1 MB"), random.next())
    }

    /// Message `number`; empty for the end if that is the number of all.
    pub(super) fn message(self, number: u32, all: u32) -> Vec<u8> {
        if number == all {
            return Vec::new();
        }
        let (length, first) = self.shape(number);
        let mut message: Vec<_> = words(first).take(length.div_ceil(4)).flat_map(u32::to_le_bytes).collect();
        message.truncate(length);
        message
    }

    /// Number of the message with these contents, of those that may come when `next` is expected.
    pub(super) fn number_of(self, message: &[u8], next: u32, all: u32) -> Option<u32> {
        if message.is_empty() {
            return Some(all);
        }
        let last = all.min(next.saturating_add(MOST_MISSING));
        (next..last).find(|number| {
            let (length, first) = self.shape(*number);
            length == message.len()
                && message
                    .chunks(4)
                    .zip(words(first))
                    .all(|(bytes, word)| word.to_le_bytes().starts_with(bytes))
        })
    }
}

/// The words of a message that begins with `first`.
fn words(first: u32) -> impl Iterator<Item = u32> {
    core::iter::successors(Some(first), |word| Some(word.wrapping_add(0x9E37_79B9) ^ word >> 15))
}
