//! What a core did by slots of time, for as long as its slices are narrower than a pixel.

use super::{Class, Kind, Row};

/// Slots of the coarsest and of the finest level at most: a few more than a screen has pixels, and half a million.
const FEWEST_SLOTS: usize = 1 << 10;
const MOST_SLOTS: usize = 1 << 19;
/// Slices for which the finest level has a slot.
const SLICES_OF_SLOT: usize = 8;
/// Slots of a level that one slot of the next coarser level covers.
const FINER: usize = 4;

/// What a core did in a slot of time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Slot {
    /// Kind that took the most of it, and how much.
    kind: u16,
    most: f32,
    /// Nanoseconds of polls, boot and lost records, and of interrupts.
    polls: f32,
    interrupts: f32,
    /// Nanoseconds of the slot.
    width: f32,
}

impl Slot {
    /// As the page reads it.
    pub(super) fn bytes(self) -> [u8; 4] {
        let [low, high] = self.kind.to_le_bytes();
        [low, high, share(self.polls, self.width), share(self.interrupts, self.width)]
    }
}

/// A share of 255, at least 1 if there is any.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 255")]
fn share(part: f32, whole: f32) -> u8 {
    if part <= 0.0 { 0 } else { (part / whole * 255.0).clamp(1.0, 255.0) as u8 }
}

/// Levels from the coarsest to the finest.
pub(super) fn levels(row: &Row, kinds: &[Kind], span: f64) -> Vec<Vec<Slot>> {
    let mut finest = FEWEST_SLOTS;
    while finest < MOST_SLOTS && finest * SLICES_OF_SLOT < row.start.len() {
        finest *= FINER;
    }
    let mut levels = vec![finest_level(row, kinds, span, finest)];
    while let Some(finer) = levels.last().filter(|level| level.len() > FEWEST_SLOTS) {
        levels.push(finer.chunks(FINER).map(together).collect());
    }
    levels.reverse();
    levels
}

fn together(slots: &[Slot]) -> Slot {
    let mut whole = Slot::default();
    for slot in slots {
        whole.polls += slot.polls;
        whole.interrupts += slot.interrupts;
        whole.width += slot.width;
        if slot.most > whole.most {
            (whole.kind, whole.most) = (slot.kind, slot.most);
        }
    }
    whole
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "slots are half a million at most, and shares are drawn"
)]
fn finest_level(row: &Row, kinds: &[Kind], span: f64, count: usize) -> Vec<Slot> {
    let width = span / count as f64;
    let mut slots = vec![Slot { width: width as f32, ..Slot::default() }; count];
    for ((start, length), kind) in row.start.iter().zip(&row.length).zip(&row.kind) {
        let end = start + length;
        let first = ((start / width) as usize).min(count - 1);
        let last = ((end / width) as usize).min(count - 1);
        for (at, slot) in slots.iter_mut().enumerate().take(last + 1).skip(first) {
            let (from, to) = (at as f64 * width, (at + 1) as f64 * width);
            let part = (end.min(to) - start.max(from)).max(0.0) as f32;
            match kinds[usize::from(*kind)].class {
                Class::Interrupt => slot.interrupts += part,
                // Its poll is counted.
                Class::Guest => {}
                Class::Task | Class::Boot | Class::Lost => {
                    slot.polls += part;
                    if part > slot.most {
                        (slot.kind, slot.most) = (*kind, part);
                    }
                }
            }
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(slices: &[(f64, f64, u16)]) -> Row {
        Row {
            core: 0,
            start: slices.iter().map(|slice| slice.0).collect(),
            length: slices.iter().map(|slice| slice.1).collect(),
            cycles: vec![0; slices.len()],
            wait: vec![0; slices.len()],
            kind: slices.iter().map(|slice| slice.2).collect(),
        }
    }

    fn kinds() -> Vec<Kind> {
        let kind = |name: &str, class| Kind { name: name.to_owned(), class };
        vec![kind("a", Class::Task), kind("b", Class::Task), kind("irq", Class::Interrupt)]
    }

    #[test]
    fn slots_tell_shares_and_the_dominant_kind() {
        let row = row(&[(0.0, 600.0, 0), (100.0, 100.0, 2), (700.0, 900.0, 1)]);
        let level = finest_level(&row, &kinds(), 2_000.0, 2);
        assert_eq!((level[0].kind, level[0].polls, level[0].interrupts), (0, 900.0, 100.0));
        assert_eq!((level[1].kind, level[1].polls, level[1].interrupts), (1, 600.0, 0.0));
        assert_eq!(level[0].bytes(), [0, 0, 229, 25]);
    }

    #[test]
    fn coarser_levels_keep_what_finer_ones_hold() {
        let slices: Vec<_> = (0..20_000).map(|n| (f64::from(n) * 10.0, 5.0, 0)).collect();
        let levels = levels(&row(&slices), &kinds(), 200_000.0);
        assert_eq!(levels.iter().map(Vec::len).collect::<Vec<_>>(), [1_024, 4_096]);
        for level in levels {
            let polls: f32 = level.iter().map(|slot| slot.polls).sum();
            assert!((polls - 100_000.0).abs() < 10.0, "{polls}");
        }
    }

    #[test]
    fn what_is_there_is_never_rounded_away() {
        assert_eq!([share(0.0, 5.0), share(0.001, 5.0), share(5.0, 5.0), share(6.0, 5.0)], [0, 1, 255, 255]);
    }
}
