//! Tree pseudo-LRU replacement of a four-way set, three bits per set (SCC reference §2.3, U08).
//!
//! ```text
//!            bit 0: 0 = the next victim is in {0, 1}, 1 = in {2, 3}
//!           /      \
//!   bit 1: way 0/1   bit 2: way 2/3
//! ```
//!
//! An access to a way makes the two bits on its path point away from it. Invalid ways are filled first; that
//! choice belongs to the caches, which know the tags.
//!
//! The way used last is kept beside the three bits: touching it again changes nothing, so a cache that looks
//! there first has nothing to write on most hits.

/// Ways of every cache of the core.
pub(crate) const WAYS: usize = 4;

/// Replacement state of one set: the tree in bits 0 to 2, the way used last in bits 3 and 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeBits(u8);

impl Default for TreeBits {
    /// All bits 0, as if way 3 had been used last.
    fn default() -> Self {
        Self(3 << Self::LATEST)
    }
}

impl TreeBits {
    /// Position of the way used last.
    const LATEST: u32 = 3;
    /// Per way, the tree bits left alone by an access to it.
    const KEEP: [u8; WAYS] = [0b100, 0b100, 0b010, 0b010];
    /// Per way, what an access to it sets.
    const SET: [u8; WAYS] = [0b0_0011, 0b0_1001, 0b1_0100, 0b1_1000];

    /// Returns the way used last.
    #[inline(always)]
    pub(crate) fn latest(self) -> usize {
        usize::from(self.0 >> Self::LATEST) % WAYS
    }

    /// Records an access to `way` (0 to 3).
    #[inline(always)]
    pub(crate) const fn touch(&mut self, way: usize) {
        let way = way % WAYS;
        self.0 = (self.0 & Self::KEEP[way]) | Self::SET[way];
    }

    /// Returns the way that is replaced next if all four are valid.
    pub(crate) const fn victim(self) -> usize {
        if self.0 & 1 == 0 {
            if self.0 & 2 == 0 { 0 } else { 1 }
        } else if self.0 & 4 == 0 {
            2
        } else {
            3
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_states() -> impl Iterator<Item = TreeBits> {
        (0..8).map(|tree| {
            let latest = (0..4).find(|&way| {
                let mut bits = TreeBits(tree);
                bits.touch(way);
                bits.0 & 7 == tree
            });
            TreeBits(tree | u8::try_from(latest.unwrap()).unwrap() << TreeBits::LATEST)
        })
    }

    #[test]
    fn the_way_just_used_is_never_the_victim() {
        for start in all_states() {
            for way in 0..WAYS {
                let mut bits = start;
                bits.touch(way);
                assert_ne!(bits.victim(), way, "{start:?}");
                assert_eq!(bits.victim() / 2, 1 - way / 2, "the victim is in the other pair, {start:?}");
            }
        }
    }

    #[test]
    fn touching_the_latest_way_again_changes_nothing() {
        for start in all_states().chain([TreeBits::default()]) {
            let mut bits = start;
            bits.touch(start.latest());
            assert_eq!(bits, start);
            for way in 0..WAYS {
                bits.touch(way);
                assert_eq!(bits.latest(), way);
            }
        }
    }

    #[test]
    fn four_fills_use_four_ways() {
        for start in all_states() {
            let mut bits = start;
            let mut used = [false; WAYS];
            for _ in 0..WAYS {
                let way = bits.victim();
                used[way] = true;
                bits.touch(way);
            }
            assert_eq!(used, [true; WAYS], "{start:?}");
        }
    }

    /// Runs the reads `sequence` (letters are small numbers) on a full set; true if only letters remain.
    fn evicts_everything_older(start: TreeBits, ways: [u8; WAYS], sequence: &[u8]) -> bool {
        let mut ways = ways;
        let mut bits = start;
        for &letter in sequence {
            let way = ways.iter().position(|&held| held == letter).unwrap_or_else(|| bits.victim());
            ways[way] = letter;
            bits.touch(way);
        }
        ways.iter().all(|&held| held < 4)
    }

    /// Every content of a full set: letters 0 to 3 at most once each, anything else an older line.
    fn all_contents() -> Vec<[u8; WAYS]> {
        let mut contents = Vec::new();
        for number in 0..5_u32.pow(4) {
            let ways: [u8; WAYS] = std::array::from_fn(|way| {
                let digit = number / 5_u32.pow(u32::try_from(way).unwrap()) % 5;
                if digit < 4 { u8::try_from(digit).unwrap() } else { 10 + u8::try_from(way).unwrap() }
            });
            let distinct = (0..WAYS).all(|a| (a + 1..WAYS).all(|b| ways[a] != ways[b]));
            if distinct {
                contents.push(ways);
            }
        }
        contents
    }

    #[test]
    fn reading_a_b_c_d_a_evicts_every_older_line_from_every_state() {
        for start in all_states() {
            for ways in all_contents() {
                assert!(evicts_everything_older(start, ways, &[0, 1, 2, 3, 0]), "{start:?} {ways:?}");
            }
        }
    }

    #[test]
    fn four_reads_alone_leave_a_line_behind_in_some_states() {
        let survives = all_states()
            .flat_map(|start| all_contents().into_iter().map(move |ways| (start, ways)))
            .filter(|&(start, ways)| !evicts_everything_older(start, ways, &[0, 1, 2, 3]))
            .count();
        assert!(survives > 0);
    }
}
