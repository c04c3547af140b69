//! The core's trace ring in memory, where tools find it by its symbol.
//!
//! Layout and rules of writing are those of [`trace_format::ring`]. All words are atomics because handlers write too;
//! there are no locked instructions, for only this core and its own handlers write.
#![expect(
    unsafe_code,
    reason = "tools find the ring by its symbol; it lies in memory that start-up does not clear"
)]

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

use trace_format::record::{KIND_WORD, RECORD_BYTES, RecordWords};
use trace_format::ring::{HEADER_BYTES, MAGIC, VERSION, lap_bit};

use super::kernel_space;
use crate::arch::i586::cpu;

/// Records the ring holds.
const SLOTS: usize = 512;
const SLOT_MASK: u32 = 511;
const _: () = assert!(SLOTS.is_power_of_two() && SLOT_MASK as usize == SLOTS - 1);

/// Words of the header, in the order of `RingHeader`.
const HEADER_WORDS: usize = HEADER_BYTES / 4;
const VERSION_WORD: usize = 1;
const CAPACITY_WORD: usize = 2;
const WRITTEN_WORD: usize = 3;
const RATE_WORD: usize = 4;
const ANCHOR_WORD: usize = 5;

/// L2: lines that far apart are in one set, which has four.
const WAY_BYTES: u32 = 64 << 10;
/// Reads of other lines of a set, by way, after which no older line is left there, in whatever order it has used them
/// before. Source: SCC reference §2.4.
const DISPLACING: [u32; 5] = [0, 1, 2, 3, 0];
/// Bytes of a line.
const LINE_BYTES: u32 = 32;

/// Header and slots.
#[repr(C, align(32))]
pub struct TraceRing {
    header: [AtomicU32; HEADER_WORDS],
    slots: [[AtomicU32; 4]; SLOTS],
}

/// The ring of this core. Its contents mean nothing before [`TraceRing::start`].
// SAFETY: no other definition of this symbol is linked, and any bits are a value of the type.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.uninitialised.trace")]
pub static TRACE_RING: TraceRing = TraceRing {
    header: [const { AtomicU32::new(0) }; HEADER_WORDS],
    slots: [const { [const { AtomicU32::new(0) }; 4] }; SLOTS],
};

impl TraceRing {
    /// Makes the ring empty. Once, before the first record.
    pub fn start(&self) {
        self.header.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        let slots = u32::try_from(self.slots.as_ptr().addr()).expect("addresses have 32 bits");
        // One instruction, because the caches are off and each instruction of a loop would come from memory.
        // SAFETY: these are the words of the slots, which nobody uses before the ring is made.
        unsafe { cpu::fill_words(slots, 0, (SLOT_MASK + 1) * 4) };
        let [v0, v1] = VERSION.to_le_bytes();
        let [r0, r1, ..] = RECORD_BYTES.to_le_bytes();
        self.header[VERSION_WORD].store(u32::from_le_bytes([v0, v1, r0, r1]), Ordering::Relaxed);
        self.header[CAPACITY_WORD].store(SLOT_MASK + 1, Ordering::Relaxed);
        self.header[0].store(MAGIC, Ordering::Release);
    }

    /// Brings the ring into the caches, which do not allocate on writes.
    pub fn warm(&self) {
        self.slots.iter().step_by(2).for_each(|slot| _ = slot[0].load(Ordering::Relaxed));
    }

    /// States the rate of the records' times in kHz.
    pub fn set_rate(&self, kilohertz: u32) {
        self.header[RATE_WORD].store(kilohertz, Ordering::Relaxed);
    }

    /// States at which cycle of the core the FPGA's clock had counted so many ticks. Early: the cycle is to fit a word.
    pub fn set_anchor(&self, cycles: u64, ticks: u64) {
        let [c0, c1, c2, c3, ..] = cycles.to_le_bytes();
        let [t0, t1, t2, t3, t4, t5, t6, t7] = ticks.to_le_bytes();
        for (word, bytes) in [[c0, c1, c2, c3], [t0, t1, t2, t3], [t4, t5, t6, t7]].into_iter().enumerate() {
            self.header[ANCHOR_WORD + word].store(u32::from_le_bytes(bytes), Ordering::Relaxed);
        }
    }

    /// Brings the ring from the caches into memory, where a host that dumps it finds it. Interrupts are off and stay so, or
    /// newer records would be missing there. Nothing writes L2 back but displacing its lines: 170,000 cycles.
    pub fn write_back(&'static self) {
        let first = u32::try_from((&raw const *self).addr()).expect("addresses have 32 bits");
        let bytes = u32::try_from(size_of::<Self>()).expect("a ring has some kilobytes");
        // Behind the image, and as far as four ways reach; in the direct map, which shows ordinary memory of this core.
        let ways = (first + (1 << 20)).next_multiple_of(WAY_BYTES);
        for way in DISPLACING {
            // None of what follows may be answered by L1.
            cpu::write_back_l1();
            for line in (first..first + bytes).step_by(LINE_BYTES as usize) {
                kernel_space::read_lines(ways + way * WAY_BYTES + line % WAY_BYTES, LINE_BYTES);
            }
        }
    }

    /// Writes a record over the oldest one. Any context; 22 cycles with the slot in L1, by `docs/benchmarks/kernel.md`.
    #[inline(always)]
    pub fn write(&'static self, record: RecordWords) {
        let number = claim();
        let slot = &self.slots[(number & SLOT_MASK) as usize];
        // Caches do not allocate on a write: reading first makes the stores hit.
        slot[KIND_WORD].load(Ordering::Relaxed);
        for word in [0, 2, 3] {
            slot[word].store(record[word], Ordering::Relaxed);
        }
        let lap = lap_bit(number, SLOT_MASK + 1);
        slot[KIND_WORD].store(record[KIND_WORD] | lap, Ordering::Release);
    }

    /// The newest `count` records, oldest first. Meant for the end of a core, when nobody writes any more.
    pub fn newest(&self, count: u32) -> impl Iterator<Item = RecordWords> {
        let written = self.header[WRITTEN_WORD].load(Ordering::Relaxed);
        let first = written.saturating_sub(count.min(SLOT_MASK));
        (first..written).map(|number| {
            let slot = &self.slots[(number & SLOT_MASK) as usize];
            [0, 1, 2, 3].map(|word: usize| slot[word].load(Ordering::Relaxed))
        })
    }
}

/// Number of the next record of [`TRACE_RING`]. Without LOCK prefix, which would only matter to other cores and go past
/// the first-level cache.
#[inline(always)]
fn claim() -> u32 {
    let mut number = 1;
    // SAFETY: adds to a word of the ring that is only accessed atomically with respect to this core's handlers.
    unsafe {
        asm!("xadd dword ptr [{ring} + {word}], {number}", ring = sym TRACE_RING, word = const WRITTEN_WORD * 4,
             number = inout(reg) number, options(nostack));
    }
    number
}
