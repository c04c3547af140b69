//! What the native runner and the tests that drive it agree on.
//!
//! A case is one instruction, or a few in a row, with everything it may read; an outcome is everything it may have changed. Both are
//! fixed-size little-endian records. The tests write a batch (a 32-bit count, then that many cases) to the
//! runner's standard input and read as many outcomes from its standard output; end of input ends the runner.
//! Its first four bytes of output are [`GREETING`].
//!
//! ```text
//! linear address   contents
//! CODE_BASE        64 KB of INT3 with the instruction at CODE_BASE + entry
//! WINDOW_BASE      64 KB of zeroes with the scratch memory at WINDOW_BASE + SCRATCH_OFFSET
//! ```
#![no_std]
#![forbid(unsafe_code)]

/// First output of a runner that is ready.
pub const GREETING: [u8; 4] = *b"x86\n";

/// Most cases in a batch.
pub const BATCH: usize = 256;

/// Linear address of the 64 KB that instructions run in.
pub const CODE_BASE: u32 = 0x0100_0000;

/// Linear address of the 64 KB that hold the scratch memory.
pub const WINDOW_BASE: u32 = 0x0110_0000;

/// Size of the code region and of the window, in bytes.
pub const REGION_BYTES: u32 = 0x1_0000;

/// Offset of the scratch memory in its window: across the middle, where a page ends.
pub const SCRATCH_OFFSET: u32 = 0x7F00;

/// Size of the scratch memory in bytes.
pub const SCRATCH_BYTES: usize = 512;

/// Longest machine code of a case: a dozen instructions.
pub const CODE_BYTES: usize = 64;

/// Size of an encoded [`Case`].
pub const CASE_BYTES: usize = 4 + CODE_BYTES + 8 * 4 + 4 + SCRATCH_BYTES;

/// Size of an encoded [`Outcome`].
pub const OUTCOME_BYTES: usize = 8 * 4 + 6 * 4 + 6 * 2 + SCRATCH_BYTES;

/// Selector of the 16-bit code segment over the code region.
pub const CODE16: u16 = 0x07;
/// Selector of the data segment over the window; as a stack it is 32 bits wide.
pub const WINDOW: u16 = 0x0F;
/// Selector of the same with a 16-bit stack.
pub const WINDOW_STACK16: u16 = 0x17;

/// Which segments an instruction runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The host's flat 32-bit segments; FS and GS are null.
    Flat,
    /// Flat 32-bit code; data and stack segments cover the window.
    Window,
    /// As `Window`, with a 16-bit stack.
    WindowStack16,
    /// 16-bit code at the code region, data segments and a 16-bit stack over the window.
    Code16,
}

impl Mode {
    /// All modes.
    pub const ALL: [Mode; 4] = [Mode::Flat, Mode::Window, Mode::WindowStack16, Mode::Code16];

    /// Number of the mode in a record.
    const fn code(self) -> u8 {
        match self {
            Mode::Flat => 0,
            Mode::Window => 1,
            Mode::WindowStack16 => 2,
            Mode::Code16 => 3,
        }
    }

    /// EIP of the instruction at `entry` in the code region.
    pub const fn eip(self, entry: u16) -> u32 {
        match self {
            Mode::Code16 => entry as u32,
            _ => CODE_BASE + entry as u32,
        }
    }

    /// Base of the data and stack segments.
    pub const fn data_base(self) -> u32 {
        match self {
            Mode::Flat => 0,
            _ => WINDOW_BASE,
        }
    }

    /// Offset of the scratch memory in the data and stack segments.
    pub const fn scratch(self) -> u32 {
        WINDOW_BASE + SCRATCH_OFFSET - self.data_base()
    }
}

/// An instruction, or a few in a row, and what they run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Segments.
    pub mode: Mode,
    /// Number of bytes of `code` that count.
    pub length: u8,
    /// Where in the code region they begin.
    pub entry: u16,
    /// The instructions.
    pub code: [u8; CODE_BYTES],
    /// EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.
    pub registers: [u32; 8],
    /// EFLAGS; bits that only the system may change are ignored.
    pub flags: u32,
    /// The scratch memory.
    pub memory: [u8; SCRATCH_BYTES],
}

impl Case {
    /// Writes the record into `bytes`, which is [`CASE_BYTES`] long.
    pub fn encode(&self, bytes: &mut [u8]) {
        let mut writer = Writer { bytes };
        writer.put(&[self.mode.code(), self.length]);
        writer.put(&self.entry.to_le_bytes());
        writer.put(&self.code);
        self.registers.iter().for_each(|register| writer.put(&register.to_le_bytes()));
        writer.put(&self.flags.to_le_bytes());
        writer.put(&self.memory);
    }

    /// Reads a record; `None` if `bytes` is not [`CASE_BYTES`] long or holds impossible values.
    pub fn decode(bytes: &[u8]) -> Option<Case> {
        if bytes.len() != CASE_BYTES {
            return None;
        }
        let mut reader = Reader { bytes };
        let [mode, length] = reader.take()?;
        let entry = u16::from_le_bytes(reader.take()?);
        let mode = Mode::ALL.into_iter().find(|candidate| candidate.code() == mode)?;
        let fits =
            usize::from(length) <= CODE_BYTES && usize::from(entry) + CODE_BYTES <= REGION_BYTES as usize;
        let code = reader.take()?;
        let mut registers = [0; 8];
        for register in &mut registers {
            *register = reader.word()?;
        }
        let flags = reader.word()?;
        let memory = reader.take()?;
        fits.then_some(Case { mode, length, entry, code, registers, flags, memory })
    }
}

/// The state in which an instruction, or the trap that followed it, left the CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.
    pub registers: [u32; 8],
    /// EFLAGS.
    pub flags: u32,
    /// EIP that the trap reported.
    pub eip: u32,
    /// Vector of the trap; 3 is the INT3 behind the instruction.
    pub vector: u32,
    /// Error code of the trap, 0 if it has none.
    pub error_code: u32,
    /// Linear address of the last page fault.
    pub fault_address: u32,
    /// 1 if a byte of the window outside the scratch memory changed.
    pub strayed: u32,
    /// ES, CS, SS, DS, FS, GS.
    pub segments: [u16; 6],
    /// The scratch memory.
    pub memory: [u8; SCRATCH_BYTES],
}

impl Outcome {
    /// Writes the record into `bytes`, which is [`OUTCOME_BYTES`] long.
    pub fn encode(&self, bytes: &mut [u8]) {
        let mut writer = Writer { bytes };
        self.registers.iter().for_each(|register| writer.put(&register.to_le_bytes()));
        for word in [self.flags, self.eip, self.vector, self.error_code, self.fault_address, self.strayed] {
            writer.put(&word.to_le_bytes());
        }
        self.segments.iter().for_each(|selector| writer.put(&selector.to_le_bytes()));
        writer.put(&self.memory);
    }

    /// Reads a record; `None` if `bytes` is not [`OUTCOME_BYTES`] long.
    pub fn decode(bytes: &[u8]) -> Option<Outcome> {
        if bytes.len() != OUTCOME_BYTES {
            return None;
        }
        let mut reader = Reader { bytes };
        let mut registers = [0; 8];
        for register in &mut registers {
            *register = reader.word()?;
        }
        let (flags, eip, vector) = (reader.word()?, reader.word()?, reader.word()?);
        let (error_code, fault_address, strayed) = (reader.word()?, reader.word()?, reader.word()?);
        let mut segments = [0; 6];
        for selector in &mut segments {
            *selector = u16::from_le_bytes(reader.take()?);
        }
        let memory = reader.take()?;
        Some(Outcome { registers, flags, eip, vector, error_code, fault_address, strayed, segments, memory })
    }
}

struct Writer<'a> {
    bytes: &'a mut [u8],
}

impl Writer<'_> {
    fn put(&mut self, field: &[u8]) {
        let bytes = core::mem::take(&mut self.bytes);
        let (head, tail) = bytes.split_at_mut(field.len());
        head.copy_from_slice(field);
        self.bytes = tail;
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.bytes.split_first_chunk()?;
        self.bytes = tail;
        Some(*head)
    }

    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_reads_back_as_written() {
        let mut memory = [0; SCRATCH_BYTES];
        memory[SCRATCH_BYTES - 1] = 9;
        let case = Case {
            mode: Mode::Code16,
            length: 3,
            entry: 0x1234,
            code: [0x90; CODE_BYTES],
            registers: [1, 2, 3, 4, 5, 6, 7, 8],
            flags: 0x202,
            memory,
        };
        let mut bytes = [0; CASE_BYTES];
        case.encode(&mut bytes);
        assert_eq!(Case::decode(&bytes), Some(case));
    }

    #[test]
    fn case_that_would_run_past_the_code_region_is_refused() {
        let mut bytes = [0; CASE_BYTES];
        bytes[2..4].copy_from_slice(&0xFFF8u16.to_le_bytes());
        assert_eq!(Case::decode(&bytes), None);
    }

    #[test]
    fn outcome_reads_back_as_written() {
        let outcome = Outcome {
            registers: [8, 7, 6, 5, 4, 3, 2, 1],
            flags: 0x246,
            eip: CODE_BASE,
            vector: 3,
            error_code: 0,
            fault_address: 4,
            strayed: 0,
            segments: [1, 2, 3, 4, 5, 6],
            memory: [5; SCRATCH_BYTES],
        };
        let mut bytes = [0; OUTCOME_BYTES];
        outcome.encode(&mut bytes);
        assert_eq!(Outcome::decode(&bytes), Some(outcome));
    }
}
