//! Runs one case on the host and on the emulated FPU and says where they differ.
//!
//! Everything is compared: control, status and tag word, all eight registers (empty ones too), the memory operand
//! and AX. What is excused is listed in [`Excuse`], with its reason.

use scc_emu::fpu::{
    Direction, Extent, Float80, Fpu, Layout, MemoryAccess, Number, OperandSize, Operation, PointerFormat,
    Source, StatusFlags, decode,
};

use crate::host::{self, Encoding, IMAGE_BYTES, MEMORY_BYTES};
use crate::operands::Random;

const LAYOUT: Layout = Layout { size: OperandSize::Double, format: PointerFormat::Protected };

/// One instruction with everything it depends on.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) operation: Operation,
    encoding: Encoding,
    image: [u8; IMAGE_BYTES],
    memory: [u8; MEMORY_BYTES],
}

/// Why a difference between the host and the emulated FPU is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excuse {
    /// FLD of a single or double denormal with #D unmasked: the manual leaves TOP and the registers unchanged
    /// (SDM vol. 1 §8.5.2); AMD processors push the operand.
    DenormalLoad,
    /// F2XM1 of 1 and beyond: AMD processors report an inexact result, and for 1 itself a wrong one when chopping;
    /// here 2^1 - 1 is exact.
    PowerLimit,
    /// FYL2X of a power of two: the logarithm is an integer, but AMD processors always report an inexact result.
    ExactLogarithm,
    /// FYL2XP1 of -1 and below is undefined; here it is an invalid operation, on AMD processors x itself.
    LogarithmDomain,
}

/// Every encoding that decodes, except those the FPU ignores.
pub(crate) fn encodings() -> Vec<(Operation, Encoding)> {
    let modrms = || (0..=0xFFu8).filter(|modrm| *modrm >= 0xC0 || modrm & 0xC7 == 7);
    (0xD8..=0xDFu8)
        .flat_map(|opcode| modrms().map(move |modrm| (opcode, modrm)))
        .filter_map(|(opcode, modrm)| Some((decode(opcode, modrm)?, Encoding::new(opcode, modrm)?)))
        .filter(|(operation, _)| *operation != Operation::Ignored)
        .collect()
}

fn word(image: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([image[at], image[at + 1]])
}

fn register(image: &[u8], index: usize) -> Float80 {
    let mut bits = [0; 16];
    bits[..10].copy_from_slice(&image[28 + 10 * index..][..10]);
    Float80::from_bits(u128::from_le_bytes(bits))
}

/// Position of a number among all numbers of its sign, so that neighbours differ by one.
fn position(value: Float80) -> i128 {
    let exponent = i128::from(value.sign_exponent & 0x7FFF).max(1) - 1;
    let magnitude = (exponent << 63) + i128::from(value.significand);
    if value.is_negative() { -magnitude } else { magnitude }
}

impl Case {
    pub(crate) fn random((operation, encoding): (Operation, Encoding), random: &mut Random) -> Self {
        let mut memory = [0xAA; MEMORY_BYTES];
        memory[..16].copy_from_slice(&random.memory(operation).to_le_bytes());
        if matches!(operation, Operation::LoadEnvironment | Operation::Restore) {
            // Loaded words may hold anything, unmasked exceptions included.
            memory[..IMAGE_BYTES].copy_from_slice(&random.image());
            memory[..12].copy_from_slice(&random.words());
        }
        Self { operation, encoding, image: random.image(), memory }
    }

    /// The differences; empty if there are none but excused ones.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut memory = self.memory;
        let mut emulated_memory = self.memory;
        let host = host::run(self.encoding, &self.image, &mut memory);
        let (emulated, ax) = self.emulate(&mut emulated_memory);
        let approximate = self.is_transcendental();
        let mut ignored = StatusFlags::empty();
        if approximate {
            // C1 tells which way an approximation happened to be rounded.
            ignored |= StatusFlags::C1;
        }
        match self.excuse() {
            None => {}
            Some(Excuse::DenormalLoad | Excuse::LogarithmDomain) => return Vec::new(),
            Some(Excuse::PowerLimit | Excuse::ExactLogarithm) => {
                ignored |= StatusFlags::PRECISION | StatusFlags::UNDERFLOW;
                ignored |= StatusFlags::ERROR_SUMMARY | StatusFlags::BUSY;
            }
        }
        let mut found = Vec::new();
        let mut compare = |name: &str, host: u16, emulated: u16, ignored: u16| {
            if (host ^ emulated) & !ignored != 0 {
                found.push(format!("{name}: host {host:04x} emulated {emulated:04x}"));
            }
        };
        compare("control", word(&host.image, 0), word(&emulated, 0), 0);
        compare("status", word(&host.image, 4), word(&emulated, 4), ignored.bits());
        compare("tags", word(&host.image, 8), word(&emulated, 8), 0);
        compare("ax", host.ax, ax, 0);
        for index in 0..8 {
            let (expected, actual) = (register(&host.image, index), register(&emulated, index));
            let tolerance = i128::from(approximate);
            if expected != actual && (position(expected) - position(actual)).abs() > tolerance {
                found.push(format!("st{index}: host {expected:?} emulated {actual:?}"));
            }
        }
        // The pointers of an environment are the host's own addresses.
        let is_image = matches!(self.operation, Operation::StoreEnvironment | Operation::Save);
        let same = |range: core::ops::Range<usize>| memory[range.clone()] == emulated_memory[range];
        if !same(0..12) || !same(28..MEMORY_BYTES) || !is_image && !same(12..28) {
            found.push(format!("memory: host {memory:02x?} emulated {emulated_memory:02x?}"));
        }
        found
    }

    fn operand(&self) -> u128 {
        u128::from_le_bytes(*self.memory.first_chunk().expect("longer than an operand"))
    }

    fn emulate(&self, memory: &mut [u8; MEMORY_BYTES]) -> ([u8; IMAGE_BYTES], u16) {
        let mut fpu = Fpu::new();
        fpu.restore(&self.image, LAYOUT);
        let mut ax = 0;
        match (self.operation, self.operation.memory()) {
            (Operation::StoreEnvironment, _) => {
                memory[..28].copy_from_slice(&fpu.environment(LAYOUT));
                fpu.commit_environment();
            }
            (Operation::Save, _) => {
                memory[..IMAGE_BYTES].copy_from_slice(&fpu.image(LAYOUT));
                fpu.initialize();
            }
            (operation, Some(MemoryAccess { direction: Direction::Store, extent: Extent::Bytes(count) })) => {
                let store = fpu.prepare_store(operation).expect("stores a number or a word");
                if let Some(bits) = store.bits {
                    memory[..count].copy_from_slice(&bits.to_le_bytes()[..count]);
                }
                fpu.commit_store(operation, store);
            }
            (Operation::LoadEnvironment, _) => {
                let environment = self.memory.first_chunk().expect("longer than an environment");
                fpu.load_environment(environment, LAYOUT);
            }
            (Operation::Restore, _) => {
                fpu.restore(self.memory.first_chunk().expect("longer than an image"), LAYOUT);
            }
            (operation, _) => {
                fpu.execute(operation, self.operand());
                if operation == Operation::StoreStatusAx {
                    ax = fpu.status_word();
                }
            }
        }
        (fpu.image(LAYOUT), ax)
    }

    pub(crate) fn is_transcendental(&self) -> bool {
        matches!(
            self.operation,
            Operation::PowerOfTwoMinusOne
                | Operation::Logarithm(_)
                | Operation::Arctangent
                | Operation::Circular(_)
        )
    }

    fn excuse(&self) -> Option<Excuse> {
        use scc_emu::fpu::LogarithmArgument::{LessOne, Whole};
        let top = register(&self.image, 0);
        let exponent = top.sign_exponent & 0x7FFF;
        let denormal_unmasked = self.image[0] & 2 == 0;
        match self.operation {
            Operation::Load(Source::Memory(Number::Single)) if denormal_unmasked => {
                (self.operand() & 0x7F80_0000 == 0).then_some(Excuse::DenormalLoad)
            }
            Operation::Load(Source::Memory(Number::Double)) if denormal_unmasked => {
                (self.operand() & 0x7FF0_0000_0000_0000 == 0).then_some(Excuse::DenormalLoad)
            }
            Operation::PowerOfTwoMinusOne => (exponent >= 0x3FFF).then_some(Excuse::PowerLimit),
            Operation::Logarithm(Whole) => {
                top.significand.is_power_of_two().then_some(Excuse::ExactLogarithm)
            }
            Operation::Logarithm(LessOne) => {
                (top.is_negative() && exponent >= 0x3FFF).then_some(Excuse::LogarithmDomain)
            }
            _ => None,
        }
    }

    /// Everything needed to repeat the case.
    pub(crate) fn describe(&self) -> String {
        let registers: Vec<_> = (0..8).map(|index| register(&self.image, index)).collect();
        format!(
            "{:?} {:?} cw {:04x} sw {:04x} tw {:04x} memory {:02x?} registers {registers:?}",
            self.operation,
            self.encoding,
            word(&self.image, 0),
            word(&self.image, 4),
            word(&self.image, 8),
            self.memory
        )
    }
}
