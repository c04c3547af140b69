//! What an instruction changed: a snapshot of the visible registers, compared with a later one.

use crate::cpu::delivery::Interrupted;
use crate::cpu::fpu::{Float80, Fpu};
use crate::cpu::state::Core;
use std::fmt::Write;

const GENERAL: [&str; 8] = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const SEGMENTS: [&str; 6] = ["es", "cs", "ss", "ds", "fs", "gs"];
const CONTROL: [&str; 4] = ["cr0", "cr2", "cr3", "cr4"];
/// Number of ESP.
const STACK_POINTER: usize = 4;

/// The registers a trace shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    general: [u32; 8],
    eflags: u32,
    selectors: [u16; 6],
    control: [u32; 4],
    fpu_words: [u16; 2],
    fpu_top: Float80,
}

impl Snapshot {
    pub(super) fn of(core: &Core) -> Self {
        Snapshot {
            general: std::array::from_fn(|index| core.regs[index]),
            eflags: core.flags.get().bits(),
            selectors: std::array::from_fn(|index| core.segments[index].selector),
            control: [core.cr0, core.cr2, core.cr3, core.cr4],
            fpu_words: fpu_words(&core.fpu),
            fpu_top: core.fpu.register(0),
        }
    }

    /// Undoes what entering a handler did.
    pub(super) fn rewind(mut self, before: &Interrupted) -> Self {
        self.general[STACK_POINTER] = before.esp;
        self.eflags = before.eflags;
        self.selectors = before.selectors;
        self
    }

    /// Appends ` name=value` for everything that is different in `later`.
    pub(super) fn write_changes(&self, later: &Snapshot, out: &mut String) {
        let words = GENERAL.iter().zip(self.general).zip(later.general);
        let control = CONTROL.iter().zip(self.control).zip(later.control);
        let flags = std::iter::once(((&"efl", self.eflags), later.eflags));
        for ((name, before), after) in words.chain(flags).chain(control) {
            if before != after {
                write!(out, " {name}={after:08x}").expect(INFALLIBLE);
            }
        }
        for ((name, before), after) in SEGMENTS.iter().zip(self.selectors).zip(later.selectors) {
            if before != after {
                write!(out, " {name}={after:04x}").expect(INFALLIBLE);
            }
        }
        for ((name, before), after) in ["fcw", "fsw"].iter().zip(self.fpu_words).zip(later.fpu_words) {
            if before != after {
                write!(out, " {name}={after:04x}").expect(INFALLIBLE);
            }
        }
        if self.fpu_top != later.fpu_top {
            write!(out, " st0={:?}", later.fpu_top).expect(INFALLIBLE);
        }
    }
}

const INFALLIBLE: &str = "writing to a string cannot fail";

fn fpu_words(fpu: &Fpu) -> [u16; 2] {
    [fpu.control_word(), fpu.status_word()]
}
