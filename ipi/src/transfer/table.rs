//! Transfers of one core: what it offers, what it is offered, and which blocks and slots are in use.
//!
//! Offers wait in a list that takes memory from the heap when more wait than ever before. A limit to all of them together
//! would have those that nobody asks for yet keep out the one that is asked for, and all would wait for ever.

use alloc::vec::Vec;

use scc::id::CoreId;

use crate::layout::{Block, FlowSlot, Stamp};
use crate::wire::{Attention, Early, Epoch, Extent, Offer, Run, Tag, TransferId};

/// Offers of this core, and of each other core to it, that can be open at once.
const PLACES: usize = 16;

/// Blocks of one transfer: two steps of two blocks each.
const MOST_BLOCKS: u8 = 4;

/// Distance between the first transfer numbers of two lives: odd, so that 65536 lives differ.
const SPREAD: u16 = 0x9E37;

/// What became of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reaction {
    /// Nothing yet.
    None,
    /// The receiver waits at its slot.
    Accepted(FlowSlot, Attention),
    /// The receiver does not want it.
    Declined,
}

/// An offer to this core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Offered {
    pub(super) from: CoreId,
    pub(super) life: Epoch,
    pub(super) offer: Offer,
}

/// State of all transfers of one core.
#[derive(Debug)]
pub(super) struct Table {
    outgoing: [Option<(TransferId, CoreId, Reaction)>; PLACES],
    /// Oldest first.
    offers: Vec<Offered>,
    declines: Vec<(CoreId, Epoch, TransferId)>,
    last: TransferId,
    blocks_in_use: u8,
    /// Those of them that were filled before anybody asked.
    early_blocks: u8,
    stamps_in_use: u8,
    slots_in_use: u16,
}

impl Table {
    /// A table without transfers. Numbers of two lives begin far apart, so that a peer's late flow word for the
    /// former one is not taken for progress in this one.
    pub(super) const fn new(life: Epoch) -> Self {
        Self {
            outgoing: [None; PLACES],
            offers: Vec::new(),
            declines: Vec::new(),
            last: TransferId(life.get().wrapping_mul(SPREAD)),
            blocks_in_use: 0,
            early_blocks: 0,
            stamps_in_use: 0,
            slots_in_use: 0,
        }
    }

    /// Takes a place for an offer to `to`; its number, which is the next one whose place is free.
    pub(super) fn begin(&mut self, to: CoreId) -> Option<TransferId> {
        let mut id = self.last;
        for _ in 0..PLACES {
            id = TransferId(id.0.wrapping_add(1));
            let place = self.place(id);
            if place.is_none() {
                *place = Some((id, to, Reaction::None));
                self.last = id;
                return Some(id);
            }
        }
        None
    }

    /// Where a transfer is noted if it is open: its number says where.
    fn place(&mut self, id: TransferId) -> &mut Option<(TransferId, CoreId, Reaction)> {
        &mut self.outgoing[usize::from(id.0) % PLACES]
    }

    pub(super) fn reaction(&self, id: TransferId) -> Reaction {
        match self.outgoing[usize::from(id.0) % PLACES] {
            Some((open, _, reaction)) if open == id => reaction,
            _ => Reaction::Declined,
        }
    }

    /// Notes an acceptance; whether the transfer still exists.
    pub(super) fn accept(
        &mut self,
        from: CoreId,
        id: TransferId,
        slot: FlowSlot,
        attention: Attention,
    ) -> bool {
        self.react(from, id, Reaction::Accepted(slot, attention))
    }

    pub(super) fn decline(&mut self, from: CoreId, id: TransferId) {
        self.react(from, id, Reaction::Declined);
    }

    fn react(&mut self, from: CoreId, id: TransferId, reaction: Reaction) -> bool {
        let open = self.place(id).as_mut().filter(|(open, to, _)| *open == id && *to == from);
        open.map(|open| open.2 = reaction).is_some()
    }

    pub(super) fn end(&mut self, id: TransferId) {
        let place = self.place(id);
        if place.is_some_and(|(open, ..)| open == id) {
            *place = None;
        }
    }

    /// Takes adjacent blocks: four, two or one, as many as there are but no more than the next power of two of `wanted`.
    pub(super) fn take_blocks(&mut self, wanted: usize) -> Option<Run> {
        self.take_up_to(MOST_BLOCKS, wanted)
    }

    /// Takes blocks for a message that nobody has asked for. Two blocks are left for those that somebody has, so these
    /// never wait for one that is not wanted. `extent` says how much of them is to be filled before the message is offered,
    /// given how many there are.
    pub(super) fn take_early(&mut self, wanted: usize, extent: impl Fn(Run) -> Extent) -> Option<Early> {
        let stamp = Stamp::all().find(|stamp| self.stamps_in_use >> stamp.number() & 1 == 0)?;
        let left = u32::from(MOST_BLOCKS).checked_sub(self.early_blocks.count_ones())?;
        let run = self.take_up_to(u8::try_from(left).ok()?, wanted)?;
        self.early_blocks |= run.mask();
        self.stamps_in_use |= 1 << stamp.number();
        Some(Early { run, extent: extent(run), stamp })
    }

    fn take_up_to(&mut self, most: u8, wanted: usize) -> Option<Run> {
        let most = wanted.next_power_of_two().min(most.into());
        let counts = [MOST_BLOCKS, 2, 1].into_iter().filter(|count| usize::from(*count) <= most);
        let mut runs = counts.flat_map(|count| Block::all().filter_map(move |first| Run::new(first, count)));
        let run = runs.find(|run| run.mask() & self.blocks_in_use == 0)?;
        self.blocks_in_use |= run.mask();
        Some(run)
    }

    pub(super) fn free_early(&mut self, Early { run, stamp, .. }: Early) {
        self.early_blocks &= !run.mask();
        self.stamps_in_use &= !(1 << stamp.number());
        self.free_blocks(run);
    }

    pub(super) fn free_blocks(&mut self, run: Run) {
        self.blocks_in_use &= !run.mask();
    }

    pub(super) fn take_slot(&mut self) -> Option<FlowSlot> {
        let slot = FlowSlot::incoming().find(|slot| self.slots_in_use >> slot.number() & 1 == 0)?;
        self.slots_in_use |= 1 << slot.number();
        Some(slot)
    }

    pub(super) fn free_slot(&mut self, slot: FlowSlot) {
        self.slots_in_use &= !(1 << slot.number());
    }

    /// Makes room for one more offer; false if there is no memory.
    pub(super) fn has_room_for_offer(&mut self) -> bool {
        self.offers.try_reserve(1).is_ok()
    }

    /// Forgets offers of lives of the sender other than this.
    pub(super) fn forget_other_lives(&mut self, from: CoreId, life: Epoch) {
        if !self.offers.is_empty() {
            self.offers.retain(|offered| offered.from != from || offered.life == life);
        }
    }

    /// Keeps an offer; those of the sender's earlier lives are gone with it. Of more offers than a sender has places, it
    /// has given one up at least: the oldest is declined, which a sender that has forgotten it ignores. Without memory the
    /// offer itself is.
    pub(super) fn add_offer(&mut self, Offered { from, life, offer }: Offered) {
        self.forget_other_lives(from, life);
        if self.offers.iter().filter(|offered| offered.from == from).count() == PLACES
            && let Some(oldest) = self.take_offer(|offered| offered.from == from)
        {
            self.add_decline(from, life, oldest.offer.transfer);
        }
        match self.offers.try_reserve(1) {
            Ok(()) => self.offers.push(Offered { from, life, offer }),
            Err(_) => self.add_decline(from, life, offer.transfer),
        }
    }

    /// Takes the oldest offer of a sender with a tag.
    pub(super) fn match_offer(&mut self, from: CoreId, tag: Tag) -> Option<Offered> {
        self.take_offer(|offered| offered.from == from && offered.offer.tag == tag)
    }

    fn take_offer(&mut self, is_wanted: impl FnMut(&Offered) -> bool) -> Option<Offered> {
        let place = self.offers.iter().position(is_wanted)?;
        Some(self.offers.remove(place))
    }

    /// The oldest offer with a tag, of any sender.
    pub(super) fn first_offer(&self, tag: Tag) -> Option<Offered> {
        self.offers.iter().find(|offered| offered.offer.tag == tag).copied()
    }

    /// Queues a decline, if there is a place.
    pub(super) fn add_decline(&mut self, to: CoreId, life: Epoch, id: TransferId) {
        if self.declines.len() < PLACES && self.declines.try_reserve(1).is_ok() {
            self.declines.push((to, life, id));
        }
    }

    pub(super) fn next_to_decline(&mut self) -> Option<(CoreId, Epoch, TransferId)> {
        self.declines.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(transfer: u16) -> Offer {
        let attention = Attention::Ring;
        Offer { transfer: TransferId(transfer), tag: Tag(7), length: 1, attention, early: None }
    }

    #[test]
    fn sender_with_more_offers_than_places_has_its_oldest_declined_and_others_keep_theirs() {
        let (mut table, life) = (Table::new(Epoch::after(0)), Epoch::after(0));
        let [one, other] = [1, 2].map(|number| CoreId::new(number).unwrap());
        let offered = |from, transfer| Offered { from, life, offer: offer(transfer) };
        table.add_offer(offered(other, 99));
        (0..17).for_each(|transfer| table.add_offer(offered(one, transfer)));
        assert_eq!(table.next_to_decline(), Some((one, life, TransferId(0))));
        assert_eq!(table.next_to_decline(), None);
        let mut left = |from| {
            core::iter::from_fn(|| table.match_offer(from, Tag(7)))
                .map(|found| found.offer.transfer.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(left(one), (1..17).collect::<Vec<_>>());
        assert_eq!(left(other), [99]);
    }

    #[test]
    fn open_transfers_have_places_and_numbers_of_their_own() {
        let (mut table, to) = (Table::new(Epoch::after(0)), CoreId::new(1).unwrap());
        let first = table.begin(to).unwrap();
        let numbers: Vec<_> = core::iter::from_fn(|| table.begin(to)).collect();
        assert_eq!(numbers.len(), PLACES - 1);
        table.end(numbers[7]);
        assert_eq!(table.reaction(numbers[7]), Reaction::Declined);
        let next = table.begin(to).unwrap();
        assert!(next != first && !numbers.contains(&next));
        assert!(table.accept(to, next, FlowSlot::new(6).unwrap(), Attention::Poll));
        assert!(!table.accept(to, numbers[7], FlowSlot::new(6).unwrap(), Attention::Poll));
        assert_eq!(table.reaction(first), Reaction::None);
        table.end(numbers[7]);
        assert!(matches!(table.reaction(next), Reaction::Accepted(..)));
        assert_eq!(table.begin(to), None);
    }
}
