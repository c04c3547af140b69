//! One ROM in the making.
//!
//! The image holds the monitor, the code of the cases in their order, then lists of memory contents, names and
//! the case table.

use super::base::base_contents;
use super::boot;
use super::case::Case;
use super::layout::{IMAGE, ROM_BYTES};
use super::monitor::matrix::ROWS;
use super::monitor::variables::{ENTRY_WORDS, Entry};
use super::monitor::{BASE_CONTENTS, Monitor, Result, TABLE_END, TABLE_START};
use i586::segment::Descriptor;

/// Bytes that must be left for one more case.
const ROOM: usize = 0x800;

/// A ROM and the names of its cases.
#[derive(Debug, Clone)]
pub(super) struct Rom {
    /// 64 KB, to be put below 4 GB.
    pub(super) bytes: Vec<u8>,
    /// The cases in the order in which they run.
    pub(super) names: Vec<String>,
}

/// Cases that share a ROM.
pub(super) struct Volume {
    image: Vec<u8>,
    cases: Vec<Finished>,
    /// Bytes that names, contents and table will take.
    promised: usize,
    double_fault: u32,
    matrix: u32,
}

struct Finished {
    name: String,
    /// Types of a matrix, 0 for ordinary cases.
    rows: u32,
    entry: [u32; ENTRY_WORDS],
    contents: Vec<(u32, Vec<u32>)>,
}

impl Volume {
    pub(super) fn new() -> Self {
        let monitor = Monitor::new();
        let base = base_contents(monitor.double_fault);
        Volume {
            image: monitor.bytes,
            cases: Vec::new(),
            promised: list_bytes(&base),
            double_fault: monitor.double_fault,
            matrix: monitor.matrix,
        }
    }

    /// Tells whether there is room for one more case.
    pub(super) fn has_room(&self) -> bool {
        self.image.len() + self.promised + ROOM <= boot::START as usize
    }

    /// Adds a case, or a matrix of its probe with a descriptor's template and a set of types.
    pub(super) fn add(
        &mut self,
        name: String,
        matrix: Option<(Descriptor, u32)>,
        describe: impl FnOnce(&mut Case) -> Result,
    ) {
        let mut case = Case::new(name.clone(), self.here());
        describe(&mut case).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some((template, rows)) = matrix {
            case.matrix(self.matrix, template, rows);
        }
        let (name, entry, contents, code) = case.into_parts();
        self.image.extend_from_slice(&code);
        self.promised += name.len() + 4 + 4 * ENTRY_WORDS + list_bytes(&contents);
        self.cases.push(Finished { name, rows: matrix.map_or(0, |(_, rows)| rows), entry, contents });
    }

    /// Puts everything together.
    ///
    /// # Panics
    /// If the cases do not fit into a ROM.
    pub(super) fn rom(mut self) -> Rom {
        let base = self.list(&base_contents(self.double_fault));
        let mut table = Vec::new();
        let mut names = Vec::new();
        for mut case in std::mem::take(&mut self.cases) {
            let text = if case.rows == 0 { format!("{}: ", case.name) } else { case.name.clone() };
            case.entry[0] = self.here();
            self.image.extend_from_slice(text.as_bytes());
            self.image.push(0);
            case.entry[Entry::Contents as usize] = self.list(&case.contents);
            table.extend_from_slice(&case.entry);
            if case.rows == 0 {
                names.push(case.name);
            } else {
                let rows = (0..ROWS).filter(|row| case.rows >> row & 1 == 1);
                names.extend(rows.map(|row| format!("{}{row:x}", case.name)));
            }
        }
        let start = self.here();
        self.image.extend(table.iter().flat_map(|word| word.to_le_bytes()));
        let end = self.here();
        for (at, value) in [(TABLE_START, start), (TABLE_END, end), (BASE_CONTENTS, base)] {
            let offset = (at - IMAGE) as usize;
            self.image[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        }
        let used = self.image.len();
        assert!(used <= boot::START as usize, "{used} bytes are more than a ROM holds");
        let mut bytes = self.image;
        bytes.resize(ROM_BYTES as usize, 0xFF);
        boot::install(&mut bytes);
        Rom { bytes, names }
    }

    fn here(&self) -> u32 {
        IMAGE + u32::try_from(self.image.len()).expect("at most a ROM")
    }

    /// Adds a list of memory contents; returns its address.
    fn list(&mut self, contents: &[(u32, Vec<u32>)]) -> u32 {
        let at = self.here();
        let mut word = |word: u32| self.image.extend_from_slice(&word.to_le_bytes());
        for (address, words) in contents {
            word(*address);
            word(u32::try_from(words.len()).expect("a few words"));
            words.iter().copied().for_each(&mut word);
        }
        word(0);
        at
    }
}

/// Bytes of a list of memory contents.
fn list_bytes(contents: &[(u32, Vec<u32>)]) -> usize {
    contents.iter().map(|(_, words)| 8 + 4 * words.len()).sum::<usize>() + 4
}
