//! Letters, joined from what both of their ends recorded.

use std::collections::HashMap;

use scc::id::CoreId;
use trace_format::record::{Event, LetterNumber};

use crate::item::Moment;

/// A letter that was written and read. Times are picoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) written: u64,
    pub(crate) read: u64,
    pub(crate) from: u8,
    pub(crate) to: u8,
}

/// Ends of letters, of which those of the readers wait for those of the writers.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    written: HashMap<(u8, u8, LetterNumber), Vec<u64>>,
    read: Vec<(u8, u8, LetterNumber, u64)>,
}

impl Letters {
    /// Takes an event of a core, which need not be about a letter.
    pub(crate) fn take(&mut self, core: CoreId, event: Event, at: Moment) {
        match event {
            Event::LetterWritten { to, letter } => {
                self.written.entry((core.number(), to, letter)).or_default().push(at.time);
            }
            Event::LetterRead { from, letter } => self.read.push((from, core.number(), letter, at.time)),
            _ => {}
        }
    }

    /// All letters with both ends, in the order of writing: a letter read was written last before that.
    pub(crate) fn joined(self) -> Vec<Letter> {
        let joined = |(from, to, number, read)| {
            let written = self.written.get(&(from, to, number))?;
            let before = written.partition_point(|written| *written <= read);
            let written = before.checked_sub(1).map(|at| written[at])?;
            Some(Letter { written, read, from, to })
        };
        let mut letters: Vec<_> = self.read.iter().copied().filter_map(joined).collect();
        letters.sort_by_key(|letter| letter.written);
        letters
    }
}
