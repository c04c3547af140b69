//! A case in the making: random state, prefixes and operands around an opcode.
//!
//! The state is random first; choosing a memory operand then adjusts displacements and registers until the
//! effective address lies in the scratch memory. Registers that an instruction needs as they are get *pinned*
//! before that.

use super::random::Random;
use native_runner::{CODE_BYTES, Case, Mode, SCRATCH_BYTES};

/// Register numbers.
pub const EAX: u8 = 0;
/// ECX
pub const ECX: u8 = 1;
/// EDX
pub const EDX: u8 = 2;
/// EBX
pub const EBX: u8 = 3;
/// ESP
pub const ESP: u8 = 4;
/// EBP
pub const EBP: u8 = 5;
/// ESI
pub const ESI: u8 = 6;
/// EDI
pub const EDI: u8 = 7;

/// CF PF AF ZF SF OF and DF.
const FREE_FLAGS: u32 = 0xCD5;
/// DF
pub const DIRECTION: u32 = 0x400;
/// IF and the bit that is always one: what the operating system gives a program.
const FIXED_FLAGS: u32 = 0x202;
const LOCK: u8 = 0xF0;
const CS: u8 = 0x2E;
const ADDRESS_SIZE: u8 = 0x67;
const OPERAND_SIZE: u8 = 0x66;
/// Bytes at both ends of the scratch memory in which no operand begins.
const MARGIN: u32 = 48;

/// See the module.
#[derive(Debug)]
pub struct Draft<'r> {
    /// Where choices come from.
    pub random: &'r mut Random,
    /// Segments the case runs with.
    pub mode: Mode,
    /// Size in bytes of operands that are not bytes: 2 or 4.
    pub operand: u8,
    /// Whether effective addresses have 16 bits.
    pub address16: bool,
    /// EAX to EDI.
    pub registers: [u32; 8],
    /// EFLAGS.
    pub flags: u32,
    /// The scratch memory.
    pub memory: [u8; SCRATCH_BYTES],
    /// Where the instruction begins in the code region.
    pub entry: u16,
    pinned: u8,
    prefixes: Vec<u8>,
    code: Vec<u8>,
    /// Whether the address size makes a difference.
    addresses: bool,
}

impl<'r> Draft<'r> {
    /// Random state without an instruction.
    pub fn new(random: &'r mut Random) -> Self {
        let mode = match random.below(10) {
            0..4 => Mode::Flat,
            4..6 => Mode::Window,
            6 => Mode::WindowStack16,
            _ => Mode::Code16,
        };
        let operand = random.pick(&[2, 4]);
        let address16 = mode != Mode::Flat && random.once_in(2);
        let entry = if random.once_in(2) { 0x7FF0 + random.below(16) } else { 0x4000 + random.below(16) };
        let mut flags = FIXED_FLAGS | random.bits() & FREE_FLAGS;
        if !random.once_in(4) {
            flags &= !DIRECTION;
        }
        let mut memory = [0; SCRATCH_BYTES];
        memory.iter_mut().for_each(|byte| *byte = random.byte());
        Draft {
            mode,
            operand,
            address16,
            registers: std::array::from_fn(|_| random.word()),
            flags,
            memory,
            entry: u16::try_from(entry).expect("the code region has 64 KB"),
            pinned: 0,
            prefixes: Vec::new(),
            code: Vec::new(),
            addresses: false,
            random,
        }
    }

    /// Appends a byte of the instruction.
    pub fn byte(&mut self, byte: u8) {
        self.code.push(byte);
    }

    /// Appends bytes of the instruction.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.code.extend_from_slice(bytes);
    }

    /// Appends an opcode whose low bit selects between bytes and words; returns the operand size in bytes.
    pub fn sized_opcode(&mut self, opcode: u8) -> u8 {
        let wide = self.random.byte_below(4) != 0;
        self.byte(opcode | u8::from(wide));
        if wide { self.operand } else { 1 }
    }

    /// Appends a random immediate of `size` bytes and returns its value.
    pub fn immediate(&mut self, size: u8) -> u32 {
        let value = self.random.word();
        self.constant(value, size);
        value
    }

    /// Appends an immediate of `size` bytes.
    pub fn constant(&mut self, value: u32, size: u8) {
        self.code.extend_from_slice(&value.to_le_bytes()[..usize::from(size)]);
    }

    /// Adds a prefix.
    pub fn prefix(&mut self, prefix: u8) {
        self.prefixes.push(prefix);
    }

    /// Says that the instruction depends on the address size though it has no memory operand.
    pub fn uses_address_size(&mut self) {
        self.addresses = true;
    }

    /// Keeps memory operands from changing a register, and sets it.
    pub fn pin(&mut self, register: u8, value: u32) {
        self.registers[usize::from(register)] = value;
        self.keep(register);
    }

    /// Keeps memory operands from changing a register.
    pub fn keep(&mut self, register: u8) {
        self.pinned |= 1 << register;
    }

    /// Whether a register must stay as it is.
    pub fn is_pinned(&self, register: u8) -> bool {
        self.pinned >> register & 1 != 0
    }

    /// A random register number.
    pub fn register(&mut self) -> u8 {
        self.random.byte_below(8)
    }

    /// Appends a register or memory operand of `size` bytes; says where in the scratch memory it lies.
    pub fn operand(&mut self, reg: u8, size: u8) -> Option<usize> {
        if self.random.once_in(2) {
            let rm = self.register();
            self.register_operand(reg, rm);
            return None;
        }
        Some(self.memory_operand(reg, size))
    }

    /// Appends a register operand.
    pub fn register_operand(&mut self, reg: u8, rm: u8) {
        self.byte(0xC0 | reg << 3 | rm);
    }

    /// Appends a memory operand of `size` bytes; returns where in the scratch memory it lies.
    pub fn memory_operand(&mut self, reg: u8, size: u8) -> usize {
        let target = self.place(size);
        self.memory_operand_at(reg, target)
    }

    /// Appends a memory operand as near as possible to `target`, an offset in its segment; returns where in the
    /// scratch memory it lies.
    pub fn memory_operand_at(&mut self, reg: u8, target: u32) -> usize {
        self.uses_address_size();
        self.segment_override();
        let form = if self.address16 { self.form16(target) } else { self.form32(target) };
        self.code.push(form.modrm | reg << 3);
        self.code.extend_from_slice(&form.tail);
        self.index(form.offset)
    }

    /// A random place for an operand of `size` bytes, as an offset in its segment.
    pub fn place(&mut self, size: u8) -> u32 {
        let room = u32::try_from(SCRATCH_BYTES).expect("the scratch memory is small") - 2 * MARGIN;
        let inside = if self.random.once_in(6) {
            // Across the end of the page in the middle.
            room / 2 - self.random.below(u32::from(size) + 1)
        } else {
            self.random.below(room - u32::from(size))
        };
        self.mode.scratch() + MARGIN + inside
    }

    /// Whether an operand may begin at an offset in its segment.
    pub fn is_inside(&self, offset: u32) -> bool {
        let room = u32::try_from(SCRATCH_BYTES).expect("the scratch memory is small");
        offset.checked_sub(self.mode.scratch()).is_some_and(|at| at >= MARGIN && at + MARGIN < room)
    }

    /// Index in the scratch memory of an offset in its segment.
    pub fn index(&self, offset: u32) -> usize {
        (offset - self.mode.scratch()) as usize
    }

    /// Writes a value into the scratch memory.
    pub fn store(&mut self, at: usize, value: u32, size: u8) {
        let size = usize::from(size);
        self.memory[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }

    /// Width of the stack pointer in bits.
    pub fn has_stack16(&self) -> bool {
        matches!(self.mode, Mode::WindowStack16 | Mode::Code16)
    }

    /// Points ESP into the middle of the scratch memory and pins it; returns its offset.
    pub fn stack(&mut self) -> u32 {
        let offset = self.mode.scratch() + 192 + self.random.below(128);
        let offset = if self.random.once_in(3) { offset } else { offset & !3 };
        let upper = if self.has_stack16() { self.random.word() << 16 } else { 0 };
        self.pin(ESP, upper | offset);
        offset
    }

    /// Puts LOCK before a few instructions, more often where it is legal than where it is not.
    pub fn lock(&mut self, legal: bool) {
        if self.random.once_in(if legal { 8 } else { 100 }) {
            self.prefix(LOCK);
        }
    }

    /// Takes an override to the code segment back.
    pub fn drop_code_override(&mut self) {
        self.prefixes.retain(|&prefix| prefix != CS);
    }

    /// Adds a segment override to some memory operands.
    fn segment_override(&mut self) {
        const ES: u8 = 0x26;
        const SS: u8 = 0x36;
        const DS: u8 = 0x3E;
        const FS: u8 = 0x64;
        const GS: u8 = 0x65;
        if !self.random.once_in(4) {
            return;
        }
        let prefix = match self.mode {
            // FS and GS are null there, and code cannot be written.
            Mode::Flat if self.random.once_in(12) => self.random.pick(&[CS, FS, GS]),
            Mode::Flat => self.random.pick(&[ES, SS, DS]),
            Mode::Code16 if self.random.once_in(12) => CS,
            _ => self.random.pick(&[ES, SS, DS, FS, GS]),
        };
        self.prefix(prefix);
    }

    /// Bytes of the instructions so far, without prefixes that [`Draft::finish`] adds.
    pub fn length(&self) -> usize {
        self.code.len()
    }

    /// Drops what was appended after `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.code.truncate(length);
    }

    /// The case as it is so far.
    pub fn preview(&self) -> Case {
        self.case(&self.code)
    }

    fn case(&self, bytes: &[u8]) -> Case {
        let mut code = [0; CODE_BYTES];
        code[..bytes.len()].copy_from_slice(bytes);
        Case {
            mode: self.mode,
            length: u8::try_from(bytes.len()).expect("instructions are short"),
            entry: self.entry,
            code,
            registers: self.registers,
            flags: self.flags,
            memory: self.memory,
        }
    }

    /// Completes the case.
    pub fn finish(mut self) -> Case {
        let narrow_code = self.mode == Mode::Code16;
        if (self.operand == 2) != narrow_code {
            self.prefix(OPERAND_SIZE);
        }
        let noise = !self.addresses && self.random.once_in(16);
        if noise || self.addresses && self.address16 != narrow_code {
            self.prefix(ADDRESS_SIZE);
        }
        for last in (1..self.prefixes.len()).rev() {
            let other = self.random.below(u32::try_from(last).expect("few prefixes") + 1);
            self.prefixes.swap(last, other as usize);
        }
        let bytes = [self.prefixes.as_slice(), &self.code].concat();
        self.case(&bytes)
    }

    /// EIP of the instruction.
    pub fn eip(&self) -> u32 {
        self.mode.eip(self.entry)
    }
}
