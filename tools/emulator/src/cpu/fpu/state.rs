//! The FPU's registers and the rules that hold for every instruction: stack, exceptions, pointers.
//!
//! Registers are kept by physical number; TOP and the emptiness bits are kept beside them and the architectural
//! status and tag words are assembled when something reads them.
//! Source: Intel SDM vol. 1 §8.1; reset state: Pentium manual vol. 3 table "Processor state following RESET".

use core::fmt;

use super::control::{ControlWord, StatusFlags};
use super::float80::{Class, Float80};

/// Address, opcode and operand of the last instruction that was not a control instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstructionPointers {
    /// CS of the instruction.
    pub code_selector: u16,
    /// EIP of its first byte, prefixes included.
    pub code_offset: u32,
    /// Low three bits of the escape opcode and the ModR/M byte: 11 bits.
    pub opcode: u16,
    /// Segment of its memory operand.
    pub data_selector: u16,
    /// Offset of its memory operand.
    pub data_offset: u32,
}

/// The x87 FPU of one core.
#[derive(Clone, PartialEq, Eq)]
pub struct Fpu {
    registers: [Float80; 8],
    top: u8,
    /// Bit n: physical register n is not empty.
    occupied: u8,
    pub(super) control: ControlWord,
    /// Status word without TOP.
    pub(super) status: StatusFlags,
    pub(super) pointers: InstructionPointers,
}

impl Default for Fpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Fpu {
    /// The state after RESET: control word 0x40, status 0, every register +0 and tagged so.
    pub const fn new() -> Self {
        Self {
            registers: [Float80::ZERO; 8],
            top: 0,
            occupied: 0xFF,
            control: ControlWord::RESET,
            status: StatusFlags::empty(),
            pointers: InstructionPointers {
                code_selector: 0,
                code_offset: 0,
                opcode: 0,
                data_selector: 0,
                data_offset: 0,
            },
        }
    }

    /// FNINIT: everything but the register contents.
    pub fn initialize(&mut self) {
        *self = Self { registers: self.registers, occupied: 0, control: ControlWord::INITIAL, ..Self::new() };
    }

    /// The control word.
    pub fn control_word(&self) -> u16 {
        self.control.bits()
    }

    /// The status word, with TOP in bits 11-13.
    pub fn status_word(&self) -> u16 {
        self.status.bits() | u16::from(self.top) << 11
    }

    /// The tag word, two bits for each physical register: valid 0, zero 1, special 2, empty 3.
    pub fn tag_word(&self) -> u16 {
        (0..8).rev().fold(0, |word, number| word << 2 | self.tag(number))
    }

    fn tag(&self, number: usize) -> u16 {
        match self.registers[number].class() {
            _ if self.occupied >> number & 1 == 0 => 3,
            Class::Normal => 0,
            Class::Zero => 1,
            _ => 2,
        }
    }

    /// The pointers to the last instruction.
    pub fn pointers(&self) -> InstructionPointers {
        self.pointers
    }

    /// Records an instruction for which [`super::Operation::updates_pointers`] holds: selector and offset of its
    /// first byte, its escape opcode byte and ModR/M byte.
    #[inline]
    pub fn record_instruction(&mut self, selector: u16, offset: u32, opcode: u8, modrm: u8) {
        self.pointers.code_selector = selector;
        self.pointers.code_offset = offset;
        self.pointers.opcode = u16::from_be_bytes([opcode & 7, modrm]);
    }

    /// Records the memory operand of such an instruction.
    #[inline]
    pub fn record_data(&mut self, selector: u16, offset: u32) {
        self.pointers.data_selector = selector;
        self.pointers.data_offset = offset;
    }

    /// Whether an unmasked exception waits to be reported (ES): the next waiting instruction raises #MF, and
    /// FERR# is asserted.
    #[inline]
    pub fn pending_error(&self) -> bool {
        self.status.contains(StatusFlags::ERROR_SUMMARY)
    }

    /// Register ST(`index`), whether it is empty or not.
    #[inline]
    pub fn register(&self, index: u8) -> Float80 {
        self.registers[self.physical(index)]
    }

    /// Whether ST(`index`) is empty.
    #[inline]
    pub fn is_empty(&self, index: u8) -> bool {
        self.occupied >> self.physical(index) & 1 == 0
    }

    #[inline]
    fn physical(&self, index: u8) -> usize {
        usize::from(self.top.wrapping_add(index) & 7)
    }

    #[inline]
    pub(super) fn set_register(&mut self, index: u8, value: Float80) {
        let number = self.physical(index);
        self.registers[number] = value;
        self.occupied |= 1 << number;
    }

    #[inline]
    pub(super) fn free(&mut self, index: u8) {
        self.occupied &= !(1 << self.physical(index));
    }

    #[inline]
    pub(super) fn rotate(&mut self, distance: u8) {
        self.top = self.top.wrapping_add(distance) & 7;
    }

    #[inline]
    pub(super) fn push(&mut self, value: Float80) {
        self.rotate(7);
        self.set_register(0, value);
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        self.free(0);
        self.rotate(1);
    }

    /// Takes over a status word; ES and B follow from its exceptions and the control word.
    pub(super) fn set_status_word(&mut self, word: u16) {
        self.status = StatusFlags::from_bits_truncate(word);
        self.top = u16::to_le_bytes(word >> 11 & 7)[0];
        self.update_error_summary();
    }

    /// Takes over a tag word; of each tag only "empty or not" is kept.
    pub(super) fn set_tag_word(&mut self, word: u16) {
        self.occupied =
            (0..8).fold(0, |occupied, number| occupied | u8::from(word >> (2 * number) & 3 != 3) << number);
    }

    pub(super) fn set_control(&mut self, control: ControlWord) {
        self.control = control;
        self.update_error_summary();
    }

    pub(super) fn update_error_summary(&mut self) {
        let pending = !self.control.unmasked(self.status).is_empty();
        self.status.set(StatusFlags::ERROR_SUMMARY | StatusFlags::BUSY, pending);
    }

    /// Replaces C0, C2 and C3.
    #[inline]
    pub(super) fn set_condition(&mut self, flags: StatusFlags) {
        self.status.remove(StatusFlags::CONDITION);
        self.status.insert(flags & StatusFlags::CONDITION);
    }

    /// Records the exceptions and C1 of an operation. Returns whether its result is to be written: not if an
    /// exception found before the result was computed is unmasked; later exceptions do not count then.
    #[inline]
    pub(super) fn settle(&mut self, flags: StatusFlags) -> bool {
        self.settle_unless(flags, StatusFlags::BEFORE_RESULT)
    }

    /// As [`Self::settle`] for a memory destination, which is not written on unmasked overflow or underflow either.
    #[inline]
    pub(super) fn settle_store(&mut self, flags: StatusFlags) -> bool {
        self.settle_unless(flags, StatusFlags::BEFORE_STORE)
    }

    #[inline]
    fn settle_unless(&mut self, flags: StatusFlags, preventing: StatusFlags) -> bool {
        self.status.remove(StatusFlags::C1);
        let raised = flags & StatusFlags::RAISED;
        if self.control.unmasked(raised).is_empty() {
            self.status.insert(raised);
            return true;
        }
        self.settle_unmasked(raised, preventing)
    }

    #[cold]
    fn settle_unmasked(&mut self, mut raised: StatusFlags, preventing: StatusFlags) -> bool {
        let prevented = !self.control.unmasked(raised & preventing).is_empty();
        if prevented && !raised.contains(StatusFlags::STACK_FAULT) {
            raised &= preventing;
        }
        self.status.insert(raised);
        if !self.control.unmasked(raised).is_empty() {
            self.status.insert(StatusFlags::ERROR_SUMMARY | StatusFlags::BUSY);
        }
        !prevented
    }
}

impl fmt::Debug for Fpu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fpu {{ cw {:04x} sw {:04x}", self.control_word(), self.status_word())?;
        for index in (0..8).filter(|&index| !self.is_empty(index)) {
            write!(formatter, " st{index} {:?}", self.register(index))?;
        }
        write!(formatter, " }}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_and_initialize_give_the_documented_words() {
        let mut fpu = Fpu::new();
        assert_eq!((fpu.control_word(), fpu.status_word(), fpu.tag_word()), (0x40, 0, 0x5555));
        fpu.initialize();
        assert_eq!((fpu.control_word(), fpu.status_word(), fpu.tag_word()), (0x37F, 0, 0xFFFF));
    }

    #[test]
    fn tags_describe_contents_by_physical_register() {
        let mut fpu = Fpu::new();
        fpu.initialize();
        fpu.push(Float80::ONE);
        fpu.push(Float80::ZERO);
        fpu.push(Float80::INFINITY);
        assert_eq!(fpu.tag_word(), 0b0001_1011_1111_1111);
        assert_eq!(fpu.status_word() >> 11, 5);
    }

    #[test]
    fn unmasking_a_recorded_exception_makes_it_pending() {
        let mut fpu = Fpu::new();
        fpu.initialize();
        assert!(fpu.settle(StatusFlags::INVALID));
        assert!(!fpu.pending_error());
        fpu.set_control(ControlWord::from_bits(0x37E));
        assert!(fpu.pending_error());
        assert_eq!(fpu.status_word(), 0x8081);
    }

    #[test]
    fn debug_shows_words_and_occupied_registers() {
        let mut fpu = Fpu::new();
        fpu.initialize();
        fpu.push(Float80::ONE);
        assert_eq!(format!("{fpu:?}"), "Fpu { cw 037f sw 3800 st0 3fff:8000000000000000 }");
    }
}
