//! Dependent pointers over 4,096 pages, one per page, paging on.
#![expect(unsafe_code, reason = "pointers are made of fixed addresses and followed as raw ones")]

use core::ptr::with_exposed_provenance_mut;

use super::{layout, paging};
use crate::workload::chase::{HOPS_PER_STRETCH, PAGES, STRETCHES, cycle};

/// What happens between stretches of hops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reload {
    /// Nothing.
    Never,
    /// The TLB is emptied.
    EveryStretch,
}

/// A pointer to the next one.
type Link = *mut usize;

/// Follows the pointers; the checksum is the page on which it ends.
pub(super) fn run(rounds: u32, seed: u32, reload: Reload) -> u32 {
    paging::enable();
    let order = cycle(seed);
    for (page, next) in order.iter().enumerate() {
        // SAFETY: the link lies in RAM set aside for it, aligned.
        unsafe { link(page).write_volatile(link(usize::from(*next)).expose_provenance()) };
    }
    let mut at = link(0);
    for _ in 0..rounds {
        for _ in 0..STRETCHES {
            for _ in 0..HOPS_PER_STRETCH {
                at = follow(at);
            }
            if reload == Reload::EveryStretch {
                paging::reload();
            }
        }
        at = follow(at);
    }
    page_of(at) ^ seed
}

/// Where the link of a page is: at another offset in each, so that they spread over the sets of a cache.
fn link(page: usize) -> Link {
    with_exposed_provenance_mut(layout::CHASE + page * 4096 + ((page * 64) & 0xFC0))
}

#[inline(always)]
fn follow(at: Link) -> Link {
    // SAFETY: every link is reached from link 0 and holds the address of a link.
    with_exposed_provenance_mut(unsafe { at.read_volatile() })
}

fn page_of(at: Link) -> u32 {
    u32::try_from((at.expose_provenance() - layout::CHASE) / 4096 % PAGES).expect("4,096 pages fit")
}
