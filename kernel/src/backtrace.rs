//! Who called whom: the chain of frame pointers.
//!
//! Every function of the kernel starts with `push ebp; mov ebp, esp`, so that EBP points to the caller's EBP, above
//! which lies the return address. Functions of the prebuilt `core` may keep no frame and are then left out.

/// Longest chain that is followed.
const LONGEST: usize = 32;

/// Returns the return addresses from the innermost frame outwards.
///
/// `word` reads an aligned word of the stack and refuses every other address. The chain ends where it says so, at a
/// frame that is not further up, and after 32 frames.
pub fn walk(frame_pointer: u32, word: impl Fn(u32) -> Option<u32>) -> impl Iterator<Item = u32> {
    let mut next = Some(frame_pointer);
    let step = move || {
        let frame = next?;
        let caller = word(frame)?;
        let returns_to = word(frame.checked_add(4)?)?;
        next = (caller > frame).then_some(caller);
        (returns_to != 0).then_some(returns_to)
    };
    core::iter::from_fn(step).take(LONGEST)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// A stack at 0x1000 with these words.
    fn stack(words: &[u32]) -> impl Fn(u32) -> Option<u32> {
        move |address| {
            let distance = address.checked_sub(0x1000).filter(|distance| distance.is_multiple_of(4))?;
            words.get(distance as usize / 4).copied()
        }
    }

    #[test]
    fn chain_is_followed_to_the_frame_without_caller() {
        let words = [0x1008, 0xA, 0x1010, 0xB, 0, 0xC];
        assert_eq!(walk(0x1000, stack(&words)).collect::<Vec<_>>(), [0xA, 0xB, 0xC]);
    }

    #[test]
    fn chain_ends_at_loops_and_outside_the_stack() {
        assert_eq!(walk(0x1000, stack(&[0x1000, 0xA])).collect::<Vec<_>>(), [0xA]);
        assert_eq!(walk(0x1000, stack(&[0x9000, 0xA])).collect::<Vec<_>>(), [0xA]);
        assert_eq!(walk(3, stack(&[0x1008, 0xA])).count(), 0);
        assert_eq!(walk(u32::MAX - 3, |_| Some(1)).count(), 0);
    }

    #[test]
    fn endless_chains_are_cut() {
        assert_eq!(walk(0x1000, |address| Some(address + 8)).count(), LONGEST);
    }
}
