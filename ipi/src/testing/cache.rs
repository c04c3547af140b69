//! One core's view of all message buffers: cached lines and the write-combining buffer.
//!
//! Models an MPBT mapping with write-back, the least kind of those in use: a store that hits a cached line goes
//! nowhere else. SCC reference §2.5-§2.7.

use std::collections::HashMap;
use std::vec::Vec;

use crate::layout::{LINE, QUADWORD};

/// Line as a core addresses it: whose buffer, or [which pool](super::pool), and line within that.
pub(super) type LineName = (u8, u16);

/// One write on the mesh: atomic at the buffer it goes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Transaction {
    pub(super) line: LineName,
    pub(super) offset: usize,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Combining {
    line: LineName,
    bytes: [u8; LINE],
    valid: u32,
}

/// L1 lines with the MPBT tag, and the write-combining buffer.
#[derive(Debug, Default)]
pub(super) struct Cache {
    lines: HashMap<LineName, [u8; LINE]>,
    /// No line was invalidated yet: whatever ran before may have read any of them.
    is_unknown: bool,
    combining: Option<Combining>,
}

impl Cache {
    /// Cache after code that nobody knows: it may hold any line, with what it was long ago.
    pub(super) fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    /// Cached copy of a line.
    pub(super) fn cached(&self, line: LineName) -> Option<&[u8; LINE]> {
        self.lines.get(&line).or(self.is_unknown.then_some(&[0; LINE]))
    }

    /// Keeps what memory held when the line was fetched.
    pub(super) fn fill(&mut self, line: LineName, bytes: [u8; LINE]) {
        self.lines.insert(line, bytes);
    }

    /// CL1INVMB: cached lines are gone, stores in them too; the write-combining buffer stays.
    pub(super) fn invalidate(&mut self) {
        self.lines.clear();
        self.is_unknown = false;
    }

    /// Stores bytes; the writes that this sends to the mesh, in order.
    pub(super) fn store(&mut self, line: LineName, offset: usize, bytes: &[u8]) -> Vec<Transaction> {
        if self.is_unknown {
            self.lines.entry(line).or_insert([0; LINE]);
        }
        if let Some(cached) = self.lines.get_mut(&line) {
            cached[offset..offset + bytes.len()].copy_from_slice(bytes);
            return Vec::new();
        }
        let mut sent = Vec::new();
        if self.combining.as_ref().is_some_and(|combining| combining.line != line) {
            sent = self.flush();
        }
        let combining = self.combining.get_or_insert(Combining { line, bytes: [0; LINE], valid: 0 });
        combining.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
        for byte in offset..offset + bytes.len() {
            combining.valid |= 1 << byte;
        }
        if combining.valid == u32::MAX {
            sent.extend(self.flush());
        }
        sent
    }

    /// Empties the write-combining buffer: a whole line at once, else one write per run within a quadword.
    pub(super) fn flush(&mut self) -> Vec<Transaction> {
        let Some(Combining { line, bytes, valid }) = self.combining.take() else { return Vec::new() };
        if valid == u32::MAX {
            return Vec::from([Transaction { line, offset: 0, bytes: bytes.to_vec() }]);
        }
        let is_valid = |byte: usize| valid >> byte & 1 != 0;
        let mut sent = Vec::new();
        let mut byte = 0;
        while byte < LINE {
            let end_of_quadword = byte / QUADWORD * QUADWORD + QUADWORD;
            let end = (byte..end_of_quadword).find(|at| !is_valid(*at)).unwrap_or(end_of_quadword);
            if end > byte {
                sent.push(Transaction { line, offset: byte, bytes: bytes[byte..end].to_vec() });
            }
            byte = end.max(byte + 1);
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LineName = (0, 0);
    const B: LineName = (0, 1);

    #[test]
    fn whole_line_leaves_at_once_and_a_part_stays() {
        let mut cache = Cache::default();
        assert_eq!(cache.store(A, 0, &[1; 32]).len(), 1);
        assert_eq!(cache.store(A, 8, &[2; 16]), []);
        let sent = cache.store(B, 0, &[3; 4]);
        assert_eq!(
            sent.iter().map(|write| (write.offset, write.bytes.len())).collect::<Vec<_>>(),
            [(8, 8), (16, 8)]
        );
    }

    #[test]
    fn store_that_hits_the_cache_is_lost_by_an_invalidate() {
        let mut cache = Cache::default();
        cache.fill(A, [0; LINE]);
        assert_eq!(cache.store(A, 0, &[1; 32]), []);
        assert_eq!(cache.cached(A), Some(&[1; LINE]));
        cache.invalidate();
        assert_eq!(cache.cached(A), None);
        assert_eq!(cache.flush(), []);
    }
}
