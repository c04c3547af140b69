//! Driver of the global interrupt controller in the FPGA.
//!
//! The controller sets a bit in the core's status register and, unless an interrupt is pending already, raises the
//! core's pin. The handler clears the pin in its own tile. A task writes the bits that it has read, or all of a word
//! unread, to the reset register, which also ends "pending": if a bit is left, the pin rises again at once. What a task
//! looks up after that misses nothing. What can happen is an interrupt with no bit set, because the reset register has
//! two words: it is answered and means nothing. Bits are taken, not counted: two requests of one sender may arrive as
//! one. Facts: SCC reference §7.5.

use scc::gic::{
    GicRegister, SOURCES, STATUS_BIT_OF_HOST, Word, ipi_of_status_bit, ipi_request, status_bit_of_ipi,
};
use scc::id::CoreId;

/// What the driver needs of the machine.
pub trait GicAccess {
    /// Reads a register of the controller.
    fn read(&mut self, register: GicRegister) -> u32;
    /// Writes a register of the controller.
    fn write(&mut self, register: GicRegister, value: u32);
    /// Clears the pin of this core that the controller raises.
    fn clear_pin(&mut self);
}

/// What was reported, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events(u64);

impl Events {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// A ring of `core`.
    #[must_use]
    pub const fn of(core: CoreId) -> Self {
        Self(1 << status_bit_of_ipi(core))
    }

    /// Rings of a set of cores, bit n for core n.
    #[must_use]
    pub const fn of_senders(bits: u64) -> Self {
        Self(bits << SENDERS.trailing_zeros() & SENDERS)
    }

    /// What is in either set.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Cores that rang, in ascending order.
    pub fn senders(self) -> impl Iterator<Item = CoreId> {
        let senders = self.0 & SENDERS;
        (0..64).filter(move |bit| senders & 1 << bit != 0).filter_map(ipi_of_status_bit)
    }

    /// The same as a set, bit n for core n: the inverse of [`Self::of_senders`].
    #[must_use]
    pub const fn sender_bits(self) -> u64 {
        (self.0 & SENDERS) >> SENDERS.trailing_zeros()
    }

    /// Whether `core` rang.
    #[must_use]
    pub const fn is_from(self, core: CoreId) -> bool {
        self.0 & 1 << status_bit_of_ipi(core) != 0
    }

    /// Whether the host rang.
    #[must_use]
    pub const fn is_from_host(self) -> bool {
        self.0 & 1 << STATUS_BIT_OF_HOST != 0
    }

    /// Whether nothing was reported: a spurious interrupt.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The status bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// Status bits of cores.
const SENDERS: u64 = ((1 << 48) - 1) << 6;
/// Sources that the kernel listens to: all cores and the host.
const LISTENED: u64 = SENDERS | 1 << STATUS_BIT_OF_HOST;

/// This core's part of the controller.
#[derive(Debug)]
pub struct Gic<A> {
    access: A,
    core: CoreId,
}

impl<A: GicAccess> Gic<A> {
    /// Drives the part of `core`, which must be the core that calls.
    pub const fn new(core: CoreId, access: A) -> Self {
        Self { access, core }
    }

    /// Routes cores and host to LINT0 and forgets what came before. The pin's local vector is unmasked already.
    pub fn open(&mut self) {
        self.write_pair(GicRegister::Mask, SOURCES);
        self.access.write(GicRegister::Config(self.core), 0);
        self.access.clear_pin();
        self.write_pair(GicRegister::Reset, SOURCES);
        self.write_pair(GicRegister::Mask, SOURCES & !LISTENED);
    }

    /// Looks at what was reported and lowers the pin, before [`Self::finish`].
    pub fn begin(&mut self) -> Events {
        let low = self.access.read(GicRegister::Status(self.core, Word::Low));
        let high = self.access.read(GicRegister::Status(self.core, Word::High));
        self.access.clear_pin();
        Events(Word::Low.place(low) | Word::High.place(high))
    }

    /// Takes what [`Self::begin`] has seen off the controller, which may interrupt again from then on.
    pub fn finish(&mut self, events: Events) {
        let (low, high) = (Word::Low.of(events.0), Word::High.of(events.0));
        // One word must be written even if no bit was seen, or "pending" would stay and nothing ever arrive again.
        if low != 0 || high == 0 {
            self.access.write(GicRegister::Reset(self.core, Word::Low), low);
        }
        if high != 0 {
            self.access.write(GicRegister::Reset(self.core, Word::High), high);
        }
    }

    /// Takes off the controller, unseen, all that is in those words that have bits of `events`, or in both if there are none.
    /// If something is left, the controller interrupts again at once.
    pub fn finish_words(&mut self, events: Events) {
        for word in [Word::Low, Word::High] {
            if events.is_empty() || word.of(events.0) != 0 {
                self.access.write(GicRegister::Reset(self.core, word), word.of(LISTENED));
            }
        }
    }

    /// Rings at `target`, which learns who rang.
    pub fn ring(&mut self, target: CoreId) {
        let (register, value) = ipi_request(self.core, target);
        self.access.write(register, value);
    }

    fn write_pair(&mut self, register: fn(CoreId, Word) -> GicRegister, value: u64) {
        for word in [Word::Low, Word::High] {
            self.access.write(register(self.core, word), word.of(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::vec::Vec;

    use scc::gic::{MASK_RESET, status_of_request};

    use super::*;

    /// One core's part of the controller by the rules of the reference, and the pin.
    #[derive(Default)]
    struct Part {
        status: u64,
        mask: u64,
        pending: bool,
        pin: bool,
        edges: u32,
        ring_after_status: Option<(Word, u32)>,
    }

    impl Part {
        fn settle(&mut self) {
            if self.status & !self.mask != 0 && !self.pending {
                self.pending = true;
                self.edges += u32::from(!self.pin);
                self.pin = true;
            }
        }

        fn request(&mut self, word: Word, value: u32) {
            self.status |= status_of_request(word, value);
            self.settle();
        }
    }

    impl GicAccess for &RefCell<Part> {
        fn read(&mut self, register: GicRegister) -> u32 {
            let mut part = self.borrow_mut();
            let GicRegister::Status(_, word) = register else { panic!("{register:?} is not read") };
            let value = word.of(part.status);
            if word == Word::High
                && let Some((word, value)) = part.ring_after_status.take()
            {
                part.request(word, value);
            }
            value
        }

        fn write(&mut self, register: GicRegister, value: u32) {
            let mut part = self.borrow_mut();
            match register {
                GicRegister::Mask(_, word) => {
                    let other = if word == Word::Low { Word::High } else { Word::Low };
                    part.mask = word.place(value) | other.place(other.of(part.mask));
                }
                GicRegister::Reset(_, word) => {
                    part.status &= !word.place(value);
                    part.pending = false;
                }
                GicRegister::IpiRequest(_, word) => part.status |= status_of_request(word, value),
                GicRegister::Config(_) => assert_eq!(value, 0),
                other => panic!("{other:?} is not written"),
            }
            part.settle();
        }

        fn clear_pin(&mut self) {
            self.borrow_mut().pin = false;
        }
    }

    fn core(number: u8) -> CoreId {
        CoreId::new(number).unwrap()
    }

    fn opened(part: &RefCell<Part>) -> Gic<&RefCell<Part>> {
        part.borrow_mut().mask = MASK_RESET;
        let mut gic = Gic::new(core(5), part);
        gic.open();
        gic
    }

    fn take(gic: &mut Gic<&RefCell<Part>>) -> Events {
        let events = gic.begin();
        gic.finish(events);
        events
    }

    #[test]
    fn stale_events_are_gone_after_opening_and_new_ones_arrive() {
        let part = RefCell::new(Part { status: 1 << 40, pending: true, pin: true, ..Part::default() });
        let mut gic = opened(&part);
        assert!(!part.borrow().pin);
        gic.ring(core(5));
        assert!(part.borrow().pin);
        let events = take(&mut gic);
        assert!(events.senders().eq([core(5)]) && events.is_from(core(5)) && !events.is_from_host());
        assert!(take(&mut gic).is_empty());
    }

    #[test]
    fn senders_of_both_words_arrive_with_at_most_one_empty_interrupt() {
        let part = RefCell::new(Part::default());
        let mut gic = opened(&part);
        part.borrow_mut().request(Word::Low, 1 << 3);
        part.borrow_mut().request(Word::High, 1 << 15);
        let events = take(&mut gic);
        assert_eq!(events.senders().map(CoreId::number).collect::<Vec<_>>(), [3, 47]);
        let mut empty = 0;
        while core::mem::take(&mut part.borrow_mut().pin) {
            assert!(take(&mut gic).is_empty());
            empty += 1;
        }
        assert!(empty <= 1 && !part.borrow().pending, "{empty}");
    }

    #[test]
    fn words_taken_off_unseen_leave_the_other_to_interrupt_again() {
        let part = RefCell::new(Part::default());
        let mut gic = opened(&part);
        for (known, left) in [(Events::of(core(3)), 1), (Events::of(core(47)), 1), (Events::NONE, 0)] {
            part.borrow_mut().request(Word::Low, 1 << 3);
            part.borrow_mut().request(Word::High, 1 << 15);
            part.borrow_mut().pin = false;
            gic.finish_words(known);
            // The pin rises between the two words as well, which means nothing.
            assert!(left == 0 || part.borrow().pin);
            assert_eq!(take(&mut gic).senders().count(), left);
            part.borrow_mut().pin = false;
        }
    }

    #[test]
    fn ring_between_status_and_reset_raises_the_pin_again() {
        for sender in 0..48 {
            let part = RefCell::new(Part::default());
            let mut gic = opened(&part);
            part.borrow_mut().request(Word::Low, 1);
            let (GicRegister::IpiRequest(_, word), value) = ipi_request(core(sender), core(5)) else {
                panic!("a request");
            };
            part.borrow_mut().ring_after_status = Some((word, value));
            let mut seen = take(&mut gic).bits();
            while part.borrow().pin {
                seen |= take(&mut gic).bits();
            }
            // The second ring of core 0 itself may be taken together with the first.
            assert_eq!(seen, 1 << 6 | 1 << status_bit_of_ipi(core(sender)));
            assert!(!part.borrow().pending);
        }
    }
}
