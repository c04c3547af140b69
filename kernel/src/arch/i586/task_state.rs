//! A task-state segment as words. Offsets come from [`i586::tss`].

use i586::tss::bits32;

use super::descriptors::{CODE, DATA};
use super::trap::TrapFrame;

const WORDS: usize = 26;
const _: () = assert!(WORDS * 4 == bits32::LIMIT_MIN as usize + 1);

/// The 32-bit task-state segment, without I/O permission map.
#[repr(C)]
pub(super) struct TaskState([u32; WORDS]);

impl TaskState {
    /// All zero.
    pub(super) const EMPTY: Self = Self([0; WORDS]);

    /// A segment that nothing was saved in.
    pub(super) const fn new() -> Self {
        let mut words = [0; WORDS];
        // The base of the I/O permission map lies beyond the limit: there is none.
        words[WORDS - 1] = (bits32::LIMIT_MIN + 1) << 16;
        Self(words)
    }

    /// Has a switch to this task begin at `entry` in ring 0, interrupts off, on an empty stack.
    pub(super) fn set_start(&mut self, entry: u32, stack_end: u32, directory: u32) {
        // ESP is general register 4; flags have their always-one bit only.
        let registers = [(bits32::EIP, entry), (bits32::EFLAGS, 2), (bits32::GENERAL + 4 * 4, stack_end)];
        registers.into_iter().for_each(|(offset, value)| self.set(offset, value));
        for segment in 0..bits32::SEGMENT_COUNT {
            // Segment 1 is CS.
            let selector = if segment == 1 { CODE } else { DATA };
            self.set(bits32::SEGMENTS + 4 * segment, u32::from(selector.into_bits()));
        }
        self.set_directory(directory);
    }

    /// Has the processor take the stack that ends at `end` when it comes from an outer ring to `ring`, 0 to 2.
    pub(super) fn set_stack(&mut self, ring: u32, selector: u16, end: u32) {
        self.set(bits32::ESP0 + ring * bits32::STACK_STRIDE, end);
        self.set(bits32::SS0 + ring * bits32::STACK_STRIDE, u32::from(selector));
    }

    /// Changes the page directory that the task runs with.
    pub(super) fn set_directory(&mut self, directory: u32) {
        self.set(bits32::CR3, directory);
    }

    /// What the processor saved here when it switched away.
    pub(super) fn frame(&self, vector: u8) -> TrapFrame {
        let general = |number: u32| self.get(bits32::GENERAL + 4 * number);
        TrapFrame {
            edi: general(7),
            esi: general(6),
            ebp: general(5),
            esp: general(4),
            ebx: general(3),
            edx: general(2),
            ecx: general(1),
            eax: general(0),
            vector: u32::from(vector),
            error: 0,
            eip: self.get(bits32::EIP),
            cs: self.get(bits32::SEGMENTS + 4) & 0xFFFF,
            eflags: self.get(bits32::EFLAGS),
        }
    }

    fn get(&self, offset: u32) -> u32 {
        self.0[offset as usize / 4]
    }

    /// Writes a word, unless it is there already: caches do not allocate on a write.
    fn set(&mut self, offset: u32, value: u32) {
        let word = &mut self.0[offset as usize / 4];
        if *word != value {
            *word = value;
        }
    }
}
