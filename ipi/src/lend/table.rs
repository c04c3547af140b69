//! Leases of one core: what it lends, what it is offered, what it has borrowed.

use alloc::vec::Vec;

use scc::id::CoreId;

use super::space::Space;
use crate::mesh::{PoolRange, PoolWindow};
use crate::wire::{Access, Epoch, LeaseId, LeaseRecord, LendMail, LendOffer, Tag};

/// Offers of one core that wait; the oldest of more is returned.
const OFFERS: usize = 16;
/// Distance between the first lease numbers of two lives: odd, so that 65536 lives differ.
const SPREAD: u16 = 0x9E37;

/// What became of a lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Its lender waits.
    Lent,
    /// The borrower has returned the block; whether it had borrowed it.
    Returned(bool),
    /// The lender has given up, and the borrower may still be writing.
    Held {
        /// Nobody has the block any more: it is free when the lease ends.
        is_dropped: bool,
    },
}

/// A block that is lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lease {
    pub(super) id: LeaseId,
    pub(super) to: CoreId,
    pub(super) life: Option<Epoch>,
    pub(super) range: PoolRange,
    pub(super) access: Access,
    pub(super) fate: Fate,
}

/// A block that this core may borrow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Offered {
    pub(super) from: CoreId,
    pub(super) life: Epoch,
    pub(super) offer: LendOffer,
}

/// State of all leases of one core.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) space: Space,
    leases: [Option<Lease>; LeaseRecord::COUNT],
    last: LeaseId,
    /// Oldest first.
    offers: Vec<Offered>,
    /// Matched and not returned.
    borrowed: Vec<(CoreId, Epoch, LeaseId)>,
    mails: Vec<(CoreId, Epoch, LendMail)>,
    windows: [bool; PoolWindow::COUNT],
}

impl Table {
    /// A table without leases. Numbers of two lives begin far apart.
    pub(super) const fn new(life: Epoch, space: Space) -> Self {
        Self {
            space,
            leases: [None; LeaseRecord::COUNT],
            last: LeaseId(life.get().wrapping_mul(SPREAD)),
            offers: Vec::new(),
            borrowed: Vec::new(),
            mails: Vec::new(),
            windows: [false; PoolWindow::COUNT],
        }
    }

    /// Takes a record for a lease to `to`, and its number.
    pub(super) fn begin(
        &mut self,
        to: CoreId,
        range: PoolRange,
        access: Access,
    ) -> Option<(LeaseRecord, LeaseId)> {
        let record = LeaseRecord::all().find(|record| self.leases[usize::from(record.number())].is_none())?;
        self.last = LeaseId(self.last.0.wrapping_add(1));
        let lease = Lease { id: self.last, to, life: None, range, access, fate: Fate::Lent };
        self.leases[usize::from(record.number())] = Some(lease);
        Some((record, self.last))
    }

    /// The lease in a record that was taken and not freed.
    pub(super) fn lease(&mut self, record: LeaseRecord) -> &mut Lease {
        self.leases[usize::from(record.number())]
            .as_mut()
            .expect("its lender or its borrower has not ended it")
    }

    /// Frees a record, and the block if nobody has it any more.
    pub(super) fn end(&mut self, record: LeaseRecord) {
        let ended = self.leases[usize::from(record.number())].take();
        if let Some(Lease { range, fate: Fate::Held { is_dropped: true }, .. }) = ended {
            self.space.give_back(range);
        }
    }

    /// All leases.
    fn all(&self) -> impl Iterator<Item = (LeaseRecord, Lease)> {
        LeaseRecord::all().zip(self.leases).filter_map(|(record, lease)| Some((record, lease?)))
    }

    /// Leases of a block.
    fn leases_of(&self, range: PoolRange) -> impl Iterator<Item = (LeaseRecord, Lease)> {
        self.all().filter(move |(_, lease)| lease.range == range)
    }

    /// Whether a borrower may still be writing to a block whose lender has given up.
    pub(super) fn is_held(&self, range: PoolRange) -> bool {
        self.leases_of(range).any(|(_, lease)| matches!(lease.fate, Fate::Held { .. }))
    }

    /// Frees a block as soon as nobody uses it; the records of leases that end with it.
    pub(super) fn drop_block(&mut self, range: PoolRange) -> Vec<LeaseRecord> {
        let (mut ended, mut is_held) = (Vec::new(), false);
        for (record, lease) in self.leases_of(range).collect::<Vec<_>>() {
            if lease.access == Access::Write && !matches!(lease.fate, Fate::Returned(_)) {
                self.lease(record).fate = Fate::Held { is_dropped: true };
                is_held = true;
            } else {
                ended.push(record);
            }
        }
        ended.iter().for_each(|record| self.end(*record));
        if !is_held {
            self.space.give_back(range);
        }
        ended
    }

    /// Leases whose borrower may be gone without a word.
    pub(super) fn held(&self) -> Vec<(LeaseRecord, Lease)> {
        self.all().filter(|(_, lease)| matches!(lease.fate, Fate::Held { .. })).collect()
    }

    /// Takes a return in.
    pub(super) fn returned(&mut self, from: CoreId, id: LeaseId, was_borrowed: bool) {
        let is_it = |lease: &Lease| lease.id == id && lease.to == from;
        let Some(index) = self.leases.iter().position(|lease| lease.as_ref().is_some_and(is_it)) else {
            return;
        };
        let record = u8::try_from(index).ok().and_then(LeaseRecord::new).expect("one of sixteen");
        match self.lease(record).fate {
            Fate::Held { .. } => self.end(record),
            _ => self.lease(record).fate = Fate::Returned(was_borrowed),
        }
    }

    /// Keeps an offer. Those of an earlier life of the core are over; of too many, the oldest is returned.
    pub(super) fn add_offer(&mut self, from: CoreId, life: Epoch, offer: LendOffer) {
        self.offers.retain(|offered| offered.from != from || offered.life == life);
        if self.offers.iter().filter(|offered| offered.from == from).count() == OFFERS
            && let Some(oldest) = self.take_offer(|offered| offered.from == from)
        {
            self.add_return(from, life, oldest.offer.lease, false);
        }
        self.offers.push(Offered { from, life, offer });
    }

    /// Takes the oldest offer of a core with this tag; it is borrowed until it is returned.
    pub(super) fn match_offer(&mut self, from: CoreId, tag: Tag) -> Option<Offered> {
        let found = self.take_offer(|offered| offered.from == from && offered.offer.tag == tag)?;
        self.borrowed.push((from, found.life, found.offer.lease));
        Some(found)
    }

    fn take_offer(&mut self, is_wanted: impl FnMut(&Offered) -> bool) -> Option<Offered> {
        let place = self.offers.iter().position(is_wanted)?;
        Some(self.offers.remove(place))
    }

    /// Returns what is withdrawn, unless it is borrowed now.
    pub(super) fn withdraw(&mut self, from: CoreId, life: Epoch, lease: LeaseId) {
        self.take_offer(|offered| {
            offered.from == from && offered.life == life && offered.offer.lease == lease
        });
        if !self.borrowed.contains(&(from, life, lease)) {
            self.add_return(from, life, lease, false);
        }
    }

    /// Ends what was matched.
    pub(super) fn end_borrowed(&mut self, from: CoreId, life: Epoch, lease: LeaseId, was_borrowed: bool) {
        self.borrowed.retain(|borrowed| *borrowed != (from, life, lease));
        self.add_return(from, life, lease, was_borrowed);
    }

    fn add_return(&mut self, to: CoreId, life: Epoch, lease: LeaseId, was_borrowed: bool) {
        self.add_mail(to, life, LendMail::Return { lease, was_borrowed });
    }

    /// Queues a mail.
    pub(super) fn add_mail(&mut self, to: CoreId, life: Epoch, mail: LendMail) {
        self.mails.push((to, life, mail));
    }

    pub(super) fn next_mail(&mut self) -> Option<(CoreId, Epoch, LendMail)> {
        if self.mails.is_empty() { None } else { Some(self.mails.remove(0)) }
    }

    pub(super) fn take_window(&mut self) -> Option<PoolWindow> {
        let window = PoolWindow::all().find(|window| !self.windows[usize::from(window.number())])?;
        self.windows[usize::from(window.number())] = true;
        Some(window)
    }

    pub(super) fn free_window(&mut self, window: PoolWindow) {
        self.windows[usize::from(window.number())] = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(number: u8) -> CoreId {
        CoreId::new(number).unwrap()
    }

    fn table() -> Table {
        Table::new(Epoch::after(0), Space::new())
    }

    #[test]
    fn block_dropped_while_its_borrower_writes_is_free_after_the_return() {
        let mut table = table();
        let range = table.space.take(100).unwrap();
        let (_, id) = table.begin(core(1), range, Access::Write).unwrap();
        assert_eq!(table.drop_block(range), []);
        assert!(table.is_held(range));
        assert_ne!(table.space.take(100), Some(range));
        table.returned(core(2), id, true);
        assert!(table.is_held(range), "another core has nothing to return");
        table.returned(core(1), id, true);
        assert!(!table.is_held(range));
        assert_eq!(table.space.take(100), Some(range));
    }

    #[test]
    fn block_dropped_while_it_is_read_is_free_at_once_and_its_records_are_named() {
        let mut table = table();
        let range = table.space.take(100).unwrap();
        let records = [1, 2].map(|to| table.begin(core(to), range, Access::Read).unwrap().0);
        assert_eq!(table.drop_block(range), records);
        assert_eq!(table.space.take(100), Some(range));
    }

    #[test]
    fn only_what_is_not_borrowed_is_returned_when_it_is_withdrawn() {
        let (mut table, life) = (table(), Epoch::after(0));
        let offer = |lease| LendOffer {
            lease: LeaseId(lease),
            tag: Tag(7),
            base: crate::mesh::PoolBase::new(0).unwrap(),
            range: PoolRange::new(512, 32).unwrap(),
            record: LeaseRecord::new(0).unwrap(),
            access: Access::Read,
        };
        (0..17).for_each(|lease| table.add_offer(core(1), life, offer(lease)));
        let returned = |lease, was_borrowed| {
            Some((core(1), life, LendMail::Return { lease: LeaseId(lease), was_borrowed }))
        };
        assert_eq!(table.next_mail(), returned(0, false), "the oldest of seventeen");
        assert_eq!(table.match_offer(core(1), Tag(7)).map(|found| found.offer.lease.0), Some(1));
        table.withdraw(core(1), life, LeaseId(1));
        table.withdraw(core(1), life, LeaseId(2));
        assert_eq!(table.next_mail(), returned(2, false));
        table.end_borrowed(core(1), life, LeaseId(1), true);
        assert_eq!(table.next_mail(), returned(1, true));
        assert_eq!(table.match_offer(core(1), Tag(7)).map(|found| found.offer.lease.0), Some(3));
        assert_eq!(table.next_mail(), None);
    }
}
