//! The order in which the pointer chase visits its pages: one cycle through all of them, by chance.

use super::Random;

/// Pages in the cycle.
pub(crate) const PAGES: usize = 4096;

/// Hops between two reloads of CR3.
pub(crate) const HOPS_PER_STRETCH: u32 = 256;

/// Stretches per round.
pub(crate) const STRETCHES: u32 = 16;

/// For each page the one to visit next.
pub(crate) type Order = [u16; PAGES];

/// A random cycle through all pages, by Sattolo's shuffle.
pub(crate) fn cycle(seed: u32) -> Order {
    let mut random = Random::new(seed);
    let mut order: Order = core::array::from_fn(|page| u16::try_from(page).expect("4,096 pages fit"));
    for last in (1..PAGES).rev() {
        let below = u32::try_from(last).expect("4,096 pages fit");
        let other = usize::try_from(random.next() % below).expect("below 4,096");
        order.swap(last, other);
    }
    order
}

/// The page on which a chase of so many rounds from page 0 ends.
pub(crate) fn last_page(rounds: u32, seed: u32) -> u32 {
    let order = cycle(seed);
    let mut page = 0;
    for _ in 0..rounds {
        for _ in 0..STRETCHES * HOPS_PER_STRETCH {
            page = order[usize::from(page)];
        }
        // A round is as long as the cycle; one hop more makes the rounds tell apart.
        page = order[usize::from(page)];
    }
    u32::from(page) ^ seed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycle_visits_every_page_once() {
        let order = cycle(1);
        let (mut page, mut length) = (order[0], 1);
        while page != 0 {
            page = order[usize::from(page)];
            length += 1;
        }
        assert_eq!(length, PAGES);
    }
}
