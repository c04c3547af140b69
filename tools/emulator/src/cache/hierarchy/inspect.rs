//! The debugger's view of the caches: looking disturbs nothing, and a patch reaches every copy.

use super::super::line::Line;
use super::Hierarchy;
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;
use std::fmt;

/// Which of a core's caches hold a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copies {
    /// State in the L1 data cache: M, E or S.
    pub l1_data: Option<char>,
    /// Whether that copy carries the message tag.
    pub message: bool,
    /// Whether the L1 code cache has it.
    pub l1_code: bool,
    /// Whether L2 has it, and if so whether it is dirty there.
    pub l2: Option<bool>,
    /// Bytes of it that wait in the write-combining buffer, one bit each.
    pub combining: u32,
}

impl fmt::Display for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.l1_data {
            Some(state) => write!(f, "L1D {state}{}", if self.message { " message" } else { "" })?,
            None => write!(f, "L1D -")?,
        }
        write!(f, ", L1I {}", if self.l1_code { "valid" } else { "-" })?;
        match self.l2 {
            Some(true) => write!(f, ", L2 dirty")?,
            Some(false) => write!(f, ", L2 clean")?,
            None => write!(f, ", L2 -")?,
        }
        if self.combining != 0 {
            write!(f, ", combining buffer bytes {:#010x}", self.combining)?;
        }
        Ok(())
    }
}

impl Hierarchy {
    /// The byte a load through a mapping of type `kind` would find before it gets to memory.
    pub(crate) fn seen_by_load(&self, at: PhysAddr, kind: MemoryType) -> Option<u8> {
        let (line, offset) = (Line::of(at), at.offset_in_line());
        if kind.is_cacheable()
            && let Some(slot) = self.l1_data.find(line)
        {
            return Some(self.l1_data.bytes(slot)[offset]);
        }
        if kind.is_mpbt() {
            return self.write_combine.byte(line, offset);
        }
        if kind.is_cacheable() { self.l2_byte(line, offset) } else { None }
    }

    /// The byte an instruction fetch would find before it gets to memory.
    pub(crate) fn seen_by_fetch(&self, at: PhysAddr, kind: MemoryType) -> Option<u8> {
        if !kind.is_cacheable() {
            return None;
        }
        let (line, offset) = (Line::of(at), at.offset_in_line());
        if let Some(slot) = self.l1_code.find(line) {
            return Some(self.l1_code.bytes(slot)[offset]);
        }
        // A fetch that misses writes a dirty data line back first.
        match self.l1_data.find(line) {
            Some(slot) if self.l1_data.is_dirty(slot) => Some(self.l1_data.bytes(slot)[offset]),
            _ => self.l2_byte(line, offset),
        }
    }

    /// Replaces a byte in every copy this core has; none changes its state.
    pub(crate) fn patch(&mut self, at: PhysAddr, byte: u8) {
        let (line, offset) = (Line::of(at), at.offset_in_line());
        if let Some(slot) = self.l1_data.find(line) {
            self.l1_data.write(slot, offset, 1, u64::from(byte));
        }
        if let Some(slot) = self.l1_code.find(line) {
            self.l1_code.patch(slot, offset, byte);
        }
        if let Some(slot) = self.l2.find(line) {
            self.l2.patch(slot, offset, byte);
        }
        self.write_combine.patch(line, offset, byte);
    }

    /// Where the line of `at` is cached.
    pub(crate) fn copies(&self, at: PhysAddr) -> Copies {
        let line = Line::of(at);
        let l1 = self.l1_data.find(line);
        Copies {
            l1_data: l1.map(|slot| match () {
                () if self.l1_data.is_dirty(slot) => 'M',
                () if self.l1_data.is_shared(slot) => 'S',
                () => 'E',
            }),
            message: l1.is_some_and(|slot| self.l1_data.is_message(slot)),
            l1_code: self.l1_code.find(line).is_some(),
            l2: self.l2.find(line).map(|slot| self.l2.dirty_line(slot).is_some()),
            combining: (0..32)
                .filter(|&offset| self.write_combine.byte(line, offset).is_some())
                .fold(0, |bytes, offset| bytes | 1 << offset),
        }
    }

    fn l2_byte(&self, line: Line, offset: usize) -> Option<u8> {
        let slot = self.l2_hit(line)?;
        self.l2.peek(slot).map(|bytes| bytes[offset])
    }
}
