//! Cases put together to a ROM.
//!
//! The image holds the monitor, the code of the cases in their order, then lists of memory contents, names and
//! the case table.

use super::boot;
use super::case::Case;
use super::layout::{
    ARENA, GDT, IDT, IMAGE, LDT, LDT_LIMIT, MONITOR_STACK, PAGE_DIRECTORY, ROM_BYTES, TASK, TASK_16, TASK_32,
    TASK_DOUBLE_FAULT, TASK_LIMIT, descriptor, selector, stack_top,
};
use super::monitor::matrix::ROWS;
use super::monitor::variables::{ENTRY_WORDS, Entry};
use super::monitor::{BASE_CONTENTS, Monitor, Result, TABLE_END, TABLE_START};
use i586::exception::Exception;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::{bits16, bits32};
use iced_x86::code_asm::CodeAssembler;

/// Bytes at the end of the double fault task's stack that nothing else uses.
const DOUBLE_FAULT_STACK: u32 = MONITOR_STACK - 0x1000;

/// Cases that share a ROM.
pub struct Suite {
    image: Vec<u8>,
    cases: Vec<Finished>,
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

/// A ROM and the names of its cases.
#[derive(Debug, Clone)]
pub struct Rom {
    /// 64 KB, to be put below 4 GB.
    pub bytes: Vec<u8>,
    /// The cases in the order in which they run.
    pub names: Vec<String>,
}

impl Default for Suite {
    fn default() -> Self {
        Suite::new()
    }
}

impl Suite {
    /// A suite without cases.
    #[must_use]
    pub fn new() -> Self {
        let monitor = Monitor::new();
        Suite {
            image: monitor.bytes,
            cases: Vec::new(),
            double_fault: monitor.double_fault,
            matrix: monitor.matrix,
        }
    }

    /// Adds a case; `describe` says what it begins with and what it probes.
    ///
    /// # Panics
    /// If its instructions cannot be encoded.
    pub fn case(&mut self, name: impl Into<String>, describe: impl FnOnce(&mut Case) -> Result) {
        self.add(name.into(), None, describe);
    }

    /// Adds a matrix: a probe that is run with every kind of descriptor at [`selector::FREE`], its selector in
    /// EAX, in each of the rings. `template` gives the descriptor's base, limit, G and D/B; `rows` is the set of
    /// types, S being bit 4.
    ///
    /// For far transfers there are a far pointer to the probe's end at [`super::layout::DATA`] and the data
    /// selector of the selector's RPL 8 bytes behind it.
    ///
    /// # Panics
    /// If its instructions cannot be encoded.
    pub fn matrix(
        &mut self,
        name: &str,
        template: Descriptor,
        rows: u32,
        probe: impl Fn(&mut CodeAssembler) -> Result,
    ) {
        for ring in 0..4 {
            let name = format!("{name}, ring {ring}, type ");
            self.add(name, Some((template, rows)), |case| case.ring(ring).probe(&probe));
        }
    }

    fn add(
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
        self.cases.push(Finished { name, rows: matrix.map_or(0, |(_, rows)| rows), entry, contents });
    }

    /// Puts everything together.
    ///
    /// # Panics
    /// If the cases do not fit into a ROM.
    #[must_use]
    pub fn rom(mut self) -> Rom {
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

/// Descriptors, task states and the double fault's gate, as every case begins with.
fn base_contents(double_fault: u32) -> Vec<(u32, Vec<u32>)> {
    let code = Descriptor::flat_code;
    let data = Descriptor::flat_data;
    // 16-bit segments: D/B clear.
    let small = |segment: Descriptor, base: u32| {
        let (low, high) = segment.words();
        Descriptor::from_words(low, high & !(1 << 22)).with_base(base).with_limit(0xFFFF)
    };
    let task = |base, limit| Descriptor::system(SystemKind::AvailableTss32, base, limit, 0);
    let descriptors = [
        (selector::CODE, code(0)),
        (selector::DATA, data(0)),
        (selector::CODE_3, code(3)),
        (selector::DATA_3, data(3)),
        (selector::TASK, task(TASK, TASK_LIMIT)),
        (selector::TASK_DOUBLE_FAULT, task(TASK_DOUBLE_FAULT, bits32::LIMIT_MIN)),
        (selector::LDT, Descriptor::system(SystemKind::Ldt, LDT, LDT_LIMIT, 0)),
        (selector::CODE_1, code(1)),
        (selector::DATA_1, data(1)),
        (selector::CODE_2, code(2)),
        (selector::DATA_2, data(2)),
        (selector::CODE_16, small(code(0), IMAGE)),
        (selector::CODE_16_3, small(code(3), IMAGE)),
        (selector::DATA_16, small(data(0), ARENA)),
        (selector::CODE_LOW, code(0).with_base(IMAGE).with_limit(ROM_BYTES - 1)),
        (selector::DATA_16_3, small(data(3), ARENA)),
        (selector::TASK_32, task(TASK_32, bits32::LIMIT_MIN)),
        (selector::TASK_16, Descriptor::system(SystemKind::AvailableTss16, TASK_16, bits16::LIMIT_MIN, 0)),
    ];
    let mut contents: Vec<(u32, Vec<u32>)> = vec![(GDT, vec![0, 0])];
    for (at, segment) in descriptors {
        // Marked as accessed, like those that the monitor has loaded.
        let segment = if segment.is_system() { segment } else { segment.with_accessed() };
        let (low, high) = segment.words();
        contents.push((descriptor(at), vec![low, high]));
    }
    let gate = Gate::new(SystemKind::TaskGate, Selector::from_bits(selector::TASK_DOUBLE_FAULT), 0, 0)
        .expect("a task gate is a gate");
    let (low, high) = gate.descriptor().words();
    contents.push((IDT + 8 * u32::from(Exception::DoubleFault.vector()), vec![low, high]));
    contents.push((TASK, task_words(&inner_stacks())));
    contents.push((TASK_DOUBLE_FAULT, task_words(&double_fault_state(double_fault))));
    contents
}

/// Stacks of rings 0 to 2, and an I/O permission map without limit: behind the segment's end.
fn inner_stacks() -> Vec<(u32, u32)> {
    let mut state = Vec::new();
    for ring in 0..3u8 {
        let at = bits32::ESP0 + bits32::STACK_STRIDE * u32::from(ring);
        state.push((at, stack_top(ring)));
        state.push((at + 4, u32::from(super::layout::data_selector(ring))));
    }
    state.push((bits32::TRAP, (TASK_LIMIT + 1) << 16));
    state
}

fn double_fault_state(entry: u32) -> Vec<(u32, u32)> {
    let data = u32::from(selector::DATA);
    let mut state = vec![
        (bits32::CR3, PAGE_DIRECTORY),
        (bits32::EIP, entry),
        (bits32::EFLAGS, 2),
        (bits32::GENERAL + 16, DOUBLE_FAULT_STACK),
    ];
    let segments = [data, u32::from(selector::CODE), data, data, data, data];
    state.extend((bits32::SEGMENTS..).step_by(4).zip(segments));
    state
}

fn task_words(state: &[(u32, u32)]) -> Vec<u32> {
    let mut words = vec![0; 26];
    for &(at, value) in state {
        words[at as usize / 4] = value;
    }
    words
}
