//! Memory operands: every ModRM and SIB form, solved for an address in the scratch memory.

use super::draft::{Draft, EBP, EBX, EDI, ESI, ESP};

/// An encoded memory operand.
pub(super) struct Form {
    /// ModRM without its reg field.
    pub(super) modrm: u8,
    /// SIB and displacement.
    pub(super) tail: Vec<u8>,
    /// The effective address.
    pub(super) offset: u32,
}

/// A sum that makes an address: `base + (index << scale) + displacement`.
#[derive(Debug, Clone, Copy)]
struct Sum {
    base: Option<u8>,
    index: Option<u8>,
    scale: u8,
}

impl Draft<'_> {
    /// A 32-bit form whose address is `target` or, where registers are pinned, at least in the scratch memory.
    pub(super) fn form32(&mut self, target: u32) -> Form {
        loop {
            let mode = self.random.byte_below(3);
            let rm = self.register();
            let mut tail = Vec::new();
            let mut sum = Sum { base: Some(rm), index: None, scale: 0 };
            if rm == 4 {
                let sib = self.random.byte();
                let (base, index) = (sib & 7, sib >> 3 & 7);
                sum = Sum { base: Some(base), index: (index != 4).then_some(index), scale: sib >> 6 };
                tail.push(sib);
            }
            let absolute = mode == 0 && sum.base == Some(EBP);
            if absolute {
                sum.base = None;
            }
            let size = match mode {
                0 if absolute => 4,
                0 => 0,
                1 => 1,
                _ => 4,
            };
            if let Some((displacement, offset)) = self.solve32(sum, size, target) {
                tail.extend_from_slice(&displacement.to_le_bytes()[..size]);
                return Form { modrm: mode << 6 | rm, tail, offset };
            }
        }
    }

    /// Finds the displacement and moves registers; `None` if the form cannot reach the scratch memory.
    fn solve32(&mut self, sum: Sum, size: usize, target: u32) -> Option<(u32, u32)> {
        let mut displacement = match size {
            0 => 0,
            1 => sign_extend(self.random.byte()),
            _ => self.random.word(),
        };
        let missing = target.wrapping_sub(self.evaluate(sum, displacement));
        match (sum.base, sum.index) {
            _ if size == 4 => displacement = displacement.wrapping_add(missing),
            (Some(base), Some(index)) if base == index && !self.is_pinned(base) => {
                let factor = (1 << sum.scale) + 1;
                self.registers[usize::from(base)] = target.wrapping_sub(displacement) / factor;
            }
            (Some(base), index) if index != Some(base) && !self.is_pinned(base) => self.add(base, missing),
            (_, Some(index)) if sum.base != Some(index) && sum.scale == 0 && !self.is_pinned(index) => {
                self.add(index, missing);
            }
            _ => {}
        }
        let offset = self.evaluate(sum, displacement);
        self.is_inside(offset).then_some((displacement, offset))
    }

    fn evaluate(&self, sum: Sum, displacement: u32) -> u32 {
        let value = |register: Option<u8>| register.map_or(0, |number| self.registers[usize::from(number)]);
        value(sum.base).wrapping_add(value(sum.index) << sum.scale).wrapping_add(displacement)
    }

    fn add(&mut self, register: u8, amount: u32) {
        let register = &mut self.registers[usize::from(register)];
        *register = register.wrapping_add(amount);
    }

    /// As [`Draft::form32`], with a 16-bit form.
    pub(super) fn form16(&mut self, target: u32) -> Form {
        const SUMS: [(Option<u8>, Option<u8>); 8] = [
            (Some(EBX), Some(ESI)),
            (Some(EBX), Some(EDI)),
            (Some(EBP), Some(ESI)),
            (Some(EBP), Some(EDI)),
            (Some(ESI), None),
            (Some(EDI), None),
            (Some(EBP), None),
            (Some(EBX), None),
        ];
        loop {
            let mode = self.random.byte_below(3);
            let rm = self.register();
            let (mut base, index) = SUMS[usize::from(rm)];
            let absolute = mode == 0 && rm == 6;
            if absolute {
                base = None;
            }
            let size = match mode {
                0 if absolute => 2,
                0 => 0,
                1 => 1,
                _ => 2,
            };
            let mut displacement = match size {
                0 => 0,
                1 => sign_extend(self.random.byte()),
                _ => self.random.word(),
            };
            let sum = Sum { base, index, scale: 0 };
            let missing = target.wrapping_sub(self.evaluate(sum, displacement)) & 0xFFFF;
            match [base, index].into_iter().flatten().find(|&register| !self.is_pinned(register)) {
                _ if size == 2 => displacement = displacement.wrapping_add(missing),
                Some(register) => self.add_low(register, missing),
                None => {}
            }
            let offset = self.evaluate(sum, displacement) & 0xFFFF;
            if self.is_inside(offset) {
                let tail = displacement.to_le_bytes()[..size].to_vec();
                return Form { modrm: mode << 6 | rm, tail, offset };
            }
        }
    }

    /// Adds to the low half of a register.
    fn add_low(&mut self, register: u8, amount: u32) {
        let register = &mut self.registers[usize::from(register)];
        *register = *register & 0xFFFF_0000 | register.wrapping_add(amount) & 0xFFFF;
    }

    /// Appends any memory operand, wherever it may point (LEA).
    pub fn any_address(&mut self, reg: u8) {
        self.uses_address_size();
        let (mode, rm) = (self.random.byte_below(3), self.register());
        self.byte(mode << 6 | reg << 3 | rm);
        let mut absolute = mode == 0 && rm == if self.address16 { 6 } else { EBP };
        if !self.address16 && rm == ESP {
            let sib = self.random.byte();
            self.byte(sib);
            absolute = mode == 0 && sib & 7 == EBP;
        }
        let word = if self.address16 { 2 } else { 4 };
        match mode {
            0 if absolute => self.immediate(word),
            0 => 0,
            1 => self.immediate(1),
            _ => self.immediate(word),
        };
    }
}

fn sign_extend(byte: u8) -> u32 {
    i32::from(byte.cast_signed()).cast_unsigned()
}
