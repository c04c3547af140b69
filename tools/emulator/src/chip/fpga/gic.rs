//! Global interrupt controller: per core a status, a mask and whether a packet is on its way or unanswered.
//!
//! ```text
//!            status & !mask != 0                    write to RESET (either word)
//!  idle ───────────────────────────► pending ─────────────────────────────────► idle, evaluated again
//!            sends one packet                 clears the written status bits
//! ```
//!
//! Events set status bits in either state, also when masked. Registers go in, a set of cores to send an interrupt
//! packet to comes out; carrying the packet to the core's tile is the mesh's business.
//!
//! Source: SCC reference §7.5 (U43, U44).

use scc::gic::{self, Word};
use scc::id::CoreId;

use crate::chip::effects::Pin;
use crate::chip::lanes::DwordLanes;

/// Cores that the controller sends an interrupt packet to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Packets(u64);

impl Packets {
    fn push(&mut self, core: CoreId) {
        self.0 |= 1 << core.index();
    }

    /// The cores, in ascending order.
    pub(crate) fn cores(self) -> impl Iterator<Item = CoreId> {
        CoreId::all().filter(move |core| self.0 & (1 << core.index()) != 0)
    }

    /// Whether there is nothing to send.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[derive(Debug, Clone, Copy)]
struct CoreInterrupts {
    status: u64,
    mask: u64,
    pending: bool,
    config: u32,
}

/// The controller of all cores.
#[derive(Debug)]
pub(crate) struct Gic {
    cores: [CoreInterrupts; CoreId::COUNT],
}

impl Gic {
    /// State after FPGA reset: nothing set, everything masked.
    pub(crate) fn new() -> Self {
        let core = CoreInterrupts { status: 0, mask: gic::MASK_RESET, pending: false, config: 0 };
        Self { cores: [core; CoreId::COUNT] }
    }

    /// STATUS of a core.
    pub(crate) fn status(&self, core: CoreId, word: Word) -> u32 {
        word.of(self.cores[core.index()].status)
    }

    /// MASK of a core.
    pub(crate) fn mask(&self, core: CoreId, word: Word) -> u32 {
        word.of(self.cores[core.index()].mask)
    }

    /// CONFIG of a core.
    pub(crate) fn config(&self, core: CoreId) -> u32 {
        self.cores[core.index()].config
    }

    /// The pin that a packet to `core` raises, by its CONFIG.
    pub(crate) fn pin(&self, core: CoreId) -> Pin {
        if self.config(core) & 1 == 0 { Pin::Intr } else { Pin::Nmi }
    }

    /// Writes CONFIG of a core; a packet already sent is not changed.
    pub(crate) fn write_config(&mut self, core: CoreId, lanes: DwordLanes) {
        let config = &mut self.cores[core.index()].config;
        *config = lanes.merge_into(*config) & 1;
    }

    /// Writes MASK of a core.
    pub(crate) fn write_mask(&mut self, core: CoreId, word: Word, lanes: DwordLanes) -> Packets {
        let state = &mut self.cores[core.index()];
        let others = state.mask & !word.place(u32::MAX);
        let merged = lanes.merge_into(word.of(state.mask));
        state.mask = (others | word.place(merged)) & gic::SOURCES;
        self.evaluate(core)
    }

    /// Writes RESET of a core: clears the given status bits and takes the packet as answered.
    pub(crate) fn write_reset(&mut self, core: CoreId, word: Word, value: u32) -> Packets {
        let state = &mut self.cores[core.index()];
        state.status &= !word.place(value);
        state.pending = false;
        self.evaluate(core)
    }

    /// Writes IPI_REQUEST of `target`: bit `s` raises the interrupt of sender `s` there.
    pub(crate) fn write_request(&mut self, target: CoreId, word: Word, value: u32) -> Packets {
        self.raise(target, gic::status_of_request(word, value))
    }

    /// Writes MCPC_REQUEST, the host's, the host's: bit `n` raises the host's interrupt at core `n`.
    pub(crate) fn write_host_request(&mut self, word: Word, value: u32) -> Packets {
        let targets = word.place(value);
        let mut packets = Packets::default();
        for core in CoreId::all().filter(|core| targets & (1 << core.index()) != 0) {
            packets.0 |= self.raise(core, 1 << gic::STATUS_BIT_OF_HOST).0;
        }
        packets
    }

    /// Disables every source of a core, as the host does when it pulls the core's reset.
    pub(crate) fn mask_all(&mut self, core: CoreId) {
        self.cores[core.index()].mask = gic::MASK_RESET;
    }

    fn raise(&mut self, core: CoreId, bits: u64) -> Packets {
        self.cores[core.index()].status |= bits;
        self.evaluate(core)
    }

    fn evaluate(&mut self, core: CoreId) -> Packets {
        let mut packets = Packets::default();
        let state = &mut self.cores[core.index()];
        if state.status & !state.mask != 0 && !state.pending {
            state.pending = true;
            packets.push(core);
        }
        packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(number: usize) -> CoreId {
        CoreId::all().nth(number).expect("48 cores")
    }

    fn unmask(gic: &mut Gic, target: CoreId) -> Packets {
        let first = gic.write_mask(target, Word::Low, DwordLanes::whole(0));
        let second = gic.write_mask(target, Word::High, DwordLanes::whole(0));
        Packets(first.0 | second.0)
    }

    fn request(gic: &mut Gic, target: CoreId, sender: u32) -> Packets {
        if sender < 32 {
            gic.write_request(target, Word::Low, 1 << sender)
        } else {
            gic.write_request(target, Word::High, 1 << (sender - 32))
        }
    }

    /// Checklist 57 (U43).
    #[test]
    fn a_request_sets_the_senders_status_bit_at_the_target() {
        for (sender, word, bit) in
            [(0, Word::Low, 6), (25, Word::Low, 31), (26, Word::High, 0), (47, Word::High, 21)]
        {
            let mut gic = Gic::new();
            request(&mut gic, core(5), sender);
            assert_eq!(gic.status(core(5), word), 1 << bit, "sender {sender}");
            assert_eq!(gic.status(core(6), word), 0);
        }
    }

    /// Checklist 58.
    #[test]
    fn a_masked_event_is_remembered_and_delivered_when_unmasked() {
        let mut gic = Gic::new();
        assert!(request(&mut gic, core(3), 7).is_empty());
        assert_eq!(gic.status(core(3), Word::Low), 1 << 13);
        assert_eq!(unmask(&mut gic, core(3)).cores().collect::<Vec<_>>(), [core(3)]);
    }

    /// Checklist 59.
    #[test]
    fn a_second_event_waits_for_the_reset_of_the_first() {
        let mut gic = Gic::new();
        unmask(&mut gic, core(0));
        assert!(!request(&mut gic, core(0), 1).is_empty());
        assert!(request(&mut gic, core(0), 2).is_empty());
        assert!(!gic.write_reset(core(0), Word::Low, 1 << 7).is_empty());
        assert_eq!(gic.status(core(0), Word::Low), 1 << 8);
        assert!(gic.write_reset(core(0), Word::Low, 1 << 8).is_empty());
    }

    /// U44(b): either word of RESET answers the packet, also with no bit written.
    #[test]
    fn clearing_the_words_one_after_the_other_sends_a_second_packet() {
        let mut gic = Gic::new();
        unmask(&mut gic, core(9));
        request(&mut gic, core(9), 0);
        request(&mut gic, core(9), 40);
        assert!(!gic.write_reset(core(9), Word::Low, u32::MAX).is_empty());
        assert!(gic.write_reset(core(9), Word::High, u32::MAX).is_empty());
        assert_eq!(gic.status(core(9), Word::High), 0);
    }

    /// Checklist 60.
    #[test]
    fn reset_clears_only_the_bits_written() {
        let mut gic = Gic::new();
        request(&mut gic, core(1), 0);
        request(&mut gic, core(1), 1);
        gic.write_reset(core(1), Word::Low, 1 << 6);
        assert_eq!(gic.status(core(1), Word::Low), 1 << 7);
        gic.write_mask(core(1), Word::High, DwordLanes::whole(0x1234_5678));
        assert_eq!(gic.mask(core(1), Word::High), 0x0034_5678);
        assert_eq!(gic.mask(core(1), Word::Low), u32::MAX);
    }

    /// Checklist 61.
    #[test]
    fn configuration_chooses_the_pin() {
        let mut gic = Gic::new();
        assert_eq!(gic.pin(core(2)), Pin::Intr);
        gic.write_config(core(2), DwordLanes::whole(0xFFFF_FFFF));
        assert_eq!(gic.config(core(2)), 1);
        assert_eq!(gic.pin(core(2)), Pin::Nmi);
    }

    /// Checklist 62.
    #[test]
    fn a_host_request_sets_bit_54_of_each_named_core() {
        let mut gic = Gic::new();
        unmask(&mut gic, core(31));
        unmask(&mut gic, core(47));
        assert_eq!(gic.write_host_request(Word::Low, 1 << 31).cores().collect::<Vec<_>>(), [core(31)]);
        assert_eq!(gic.write_host_request(Word::High, 0xFFFF_8000).cores().collect::<Vec<_>>(), [core(47)]);
        assert_eq!(gic.status(core(47), Word::High), 1 << 22);
        assert_eq!(gic.status(core(0), Word::High), 0);
    }

    /// U44(d).
    #[test]
    fn masking_does_not_recall_a_packet() {
        let mut gic = Gic::new();
        unmask(&mut gic, core(4));
        assert!(!request(&mut gic, core(4), 4).is_empty());
        gic.mask_all(core(4));
        assert!(unmask(&mut gic, core(4)).is_empty());
    }
}
