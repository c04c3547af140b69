//! The environment and state images of FNSTENV, FLDENV, FNSAVE and FRSTOR.
//!
//! ```text
//! 32-bit protected        32-bit real             16-bit protected   16-bit real
//!  0 control word          0 control word          0 control word     0 control word
//!  4 status word           4 status word           2 status word      2 status word
//!  8 tag word              8 tag word              4 tag word         4 tag word
//! 12 EIP                  12 IP[15:0]              6 IP               6 IP[15:0]
//! 16 CS, opcode << 16     16 IP[31:16]<<12,opcode  8 CS               8 IP[19:16]<<12, opcode
//! 20 operand offset       20 operand[15:0]        10 operand offset  10 operand[15:0]
//! 24 operand selector     24 operand[31:16]<<12   12 operand selector 12 operand[19:16]<<12
//! ```
//!
//! The eight registers follow, ST(0) first, ten bytes each. Unused upper halves of 32-bit words are stored as ones.
//! Source: Intel SDM vol. 1 §8.1.10 (figures 8-9 to 8-12).

#![expect(clippy::cast_possible_truncation, reason = "16-bit layouts keep the low halves of the pointers")]

use super::control::ControlWord;
use super::float80::Float80;
use super::state::{Fpu, InstructionPointers};

/// Operand size of the instruction that stores or loads an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandSize {
    /// 16 bits.
    Word,
    /// 32 bits.
    Double,
}

/// Format of the pointers in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerFormat {
    /// Selector and offset.
    Protected,
    /// Linear addresses of real and virtual-8086 mode, with the opcode.
    Real,
}

/// Layout of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Width of the words.
    pub size: OperandSize,
    /// What the pointer words hold.
    pub format: PointerFormat,
}

/// An environment image; the first [`Layout::environment_bytes`] bytes count.
pub type Environment = [u8; 28];
/// A state image; the first [`Layout::state_bytes`] bytes count.
pub type StateImage = [u8; 108];

impl Layout {
    /// Length of the environment: 14 or 28.
    pub const fn environment_bytes(self) -> usize {
        match self.size {
            OperandSize::Word => 14,
            OperandSize::Double => 28,
        }
    }

    /// Length of a word of the environment, 2 or 4, which is what alignment checks ask of an image.
    pub const fn word_bytes(self) -> u32 {
        match self.size {
            OperandSize::Word => 2,
            OperandSize::Double => 4,
        }
    }

    /// Length of environment and registers: 94 or 108.
    pub const fn state_bytes(self) -> usize {
        self.environment_bytes() + 80
    }

    /// The four pointer words.
    fn pointer_words(self, pointers: InstructionPointers) -> [u32; 4] {
        let InstructionPointers { code_selector, code_offset, opcode, data_selector, data_offset } = pointers;
        match (self.format, self.size) {
            (PointerFormat::Protected, OperandSize::Double) => {
                let code = u32::from(opcode) << 16 | u32::from(code_selector);
                [code_offset, code, data_offset, 0xFFFF_0000 | u32::from(data_selector)]
            }
            (PointerFormat::Protected, OperandSize::Word) => {
                [code_offset, u32::from(code_selector), data_offset, u32::from(data_selector)]
            }
            (PointerFormat::Real, size) => {
                let linear = |selector, offset: u32| (u32::from(selector) << 4).wrapping_add(offset);
                let (code, data) = (linear(code_selector, code_offset), linear(data_selector, data_offset));
                // With 16-bit words the shift drops address bits 20-31.
                let high = |address: u32| (address >> 16) << 12;
                let fill = if size == OperandSize::Double { 0xFFFF_0000 } else { 0 };
                let (low_code, low_data) = (fill | code & 0xFFFF, fill | data & 0xFFFF);
                [low_code, high(code) | u32::from(opcode), low_data, high(data)]
            }
        }
    }

    /// The pointers that four words stand for. Linear addresses become offsets in a zero segment, which stores the
    /// same words again.
    fn pointers(self, [code, code_high, data, data_high]: [u32; 4]) -> InstructionPointers {
        match self.format {
            PointerFormat::Protected => InstructionPointers {
                code_selector: code_high as u16,
                code_offset: code,
                opcode: if self.size == OperandSize::Double { (code_high >> 16) as u16 & 0x7FF } else { 0 },
                data_selector: data_high as u16,
                data_offset: data,
            },
            PointerFormat::Real => {
                let linear = |low: u32, high: u32| low & 0xFFFF | (high >> 12 & 0xFFFF) << 16;
                InstructionPointers {
                    code_selector: 0,
                    code_offset: linear(code, code_high),
                    opcode: code_high as u16 & 0x7FF,
                    data_selector: 0,
                    data_offset: linear(data, data_high),
                }
            }
        }
    }
}

impl Fpu {
    /// The image FNSTENV stores; call [`Self::commit_environment`] once it is in memory.
    pub fn environment(&self, layout: Layout) -> Environment {
        let mut image = [0; 28];
        let words = [self.control_word(), self.status_word(), self.tag_word()];
        let pointers = layout.pointer_words(self.pointers);
        match layout.size {
            OperandSize::Word => {
                let all = words.into_iter().chain(pointers.map(|word| word as u16));
                for (bytes, word) in image.chunks_exact_mut(2).zip(all) {
                    bytes.copy_from_slice(&word.to_le_bytes());
                }
            }
            OperandSize::Double => {
                let all = words.map(|word| 0xFFFF_0000 | u32::from(word)).into_iter().chain(pointers);
                for (bytes, word) in image.chunks_exact_mut(4).zip(all) {
                    bytes.copy_from_slice(&word.to_le_bytes());
                }
            }
        }
        image
    }

    /// Completes FNSTENV: masks all exceptions, so that none is pending.
    pub fn commit_environment(&mut self) {
        self.set_control(self.control.with_all_masked());
    }

    /// Performs FLDENV. An exception that the loaded words leave unmasked is pending afterwards.
    pub fn load_environment(&mut self, image: &Environment, layout: Layout) {
        let step = layout.environment_bytes() / 7;
        let word = |index: usize| {
            let at = index * step;
            let high = if step == 4 { [image[at + 2], image[at + 3]] } else { [0, 0] };
            u32::from_le_bytes([image[at], image[at + 1], high[0], high[1]])
        };
        self.control = ControlWord::from_bits(word(0) as u16);
        self.set_status_word(word(1) as u16);
        self.set_tag_word(word(2) as u16);
        self.pointers = layout.pointers([word(3), word(4), word(5), word(6)]);
    }

    /// The image FNSAVE stores; call [`Self::initialize`] once it is in memory.
    pub fn image(&self, layout: Layout) -> StateImage {
        let mut image = [0; 108];
        image[..28].copy_from_slice(&self.environment(layout));
        let registers = &mut image[layout.environment_bytes()..];
        for (index, bytes) in (0..8).zip(registers.chunks_exact_mut(10)) {
            bytes.copy_from_slice(&self.register(index).to_bits().to_le_bytes()[..10]);
        }
        image
    }

    /// Performs FRSTOR.
    pub fn restore(&mut self, image: &StateImage, layout: Layout) {
        let mut environment = [0; 28];
        environment.copy_from_slice(&image[..28]);
        self.load_environment(&environment, layout);
        let tags = self.tag_word();
        let registers = &image[layout.environment_bytes()..];
        for (index, bytes) in (0..8).zip(registers.chunks_exact(10)) {
            let mut bits = [0; 16];
            bits[..10].copy_from_slice(bytes);
            self.set_register(index, Float80::from_bits(u128::from_le_bytes(bits)));
        }
        self.set_tag_word(tags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUTS: [Layout; 4] = [
        Layout { size: OperandSize::Word, format: PointerFormat::Protected },
        Layout { size: OperandSize::Double, format: PointerFormat::Protected },
        Layout { size: OperandSize::Word, format: PointerFormat::Real },
        Layout { size: OperandSize::Double, format: PointerFormat::Real },
    ];

    fn sample() -> Fpu {
        let mut fpu = Fpu::new();
        fpu.initialize();
        fpu.push(Float80::ONE);
        fpu.push(Float80::ZERO);
        fpu.record_instruction(0x1000, 0x2345, 0xDC, 0x0F);
        fpu.record_data(0x2000, 0x6789);
        fpu
    }

    #[test]
    fn images_match_the_manuals_figures() {
        let fpu = sample();
        let word = |image: Environment, at: usize| u16::from_le_bytes([image[at], image[at + 1]]);
        let protected = fpu.environment(LAYOUTS[0]);
        let expected = [0x037F, 0x3000, 0x1FFF, 0x2345, 0x1000, 0x6789, 0x2000];
        assert_eq!([0, 2, 4, 6, 8, 10, 12].map(|at| word(protected, at)), expected);
        let real = fpu.environment(LAYOUTS[2]);
        assert_eq!([6, 8, 10, 12].map(|at| word(real, at)), [0x2345, 0x140F, 0x6789, 0x2000]);
        let wide = fpu.environment(LAYOUTS[1]);
        assert_eq!(
            [12, 16, 18, 20, 24, 26].map(|at| word(wide, at)),
            [0x2345, 0x1000, 0x040F, 0x6789, 0x2000, 0xFFFF]
        );
        let real = fpu.environment(LAYOUTS[3]);
        assert_eq!([12, 16, 18, 20, 24].map(|at| word(real, at)), [0x2345, 0x140F, 0, 0x6789, 0x2000]);
    }

    #[test]
    fn restore_reads_what_save_wrote_in_every_layout() {
        for layout in LAYOUTS {
            let fpu = sample();
            let image = fpu.image(layout);
            let mut other = Fpu::new();
            other.restore(&image, layout);
            assert_eq!(other.image(layout), image, "{layout:?}");
            assert_eq!((other.register(0), other.register(1)), (Float80::ZERO, Float80::ONE));
            assert!(other.is_empty(2));
        }
    }

    #[test]
    fn storing_the_environment_masks_and_loading_it_unmasks_again() {
        let mut fpu = sample();
        fpu.set_control(ControlWord::from_bits(0x037E));
        fpu.set_status_word(0x0001);
        assert!(fpu.pending_error());
        let image = fpu.environment(LAYOUTS[1]);
        fpu.commit_environment();
        assert!(!fpu.pending_error());
        fpu.load_environment(&image, LAYOUTS[1]);
        assert!(fpu.pending_error());
    }
}
