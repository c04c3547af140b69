//! Moves a core's registers to and from gdb's register file.
//!
//! Only what gdb changed is written back: gdb sends the whole file for every single change, and translations or
//! the x87's hidden state must survive that.

use super::architecture::RegisterFile;
use crate::cpu::fpu::{Fpu, Layout, OperandSize, PointerFormat};
use crate::cpu::segment::SegmentName;
use crate::machine::{Machine, Registers};
use i586::control::Cr0;
use scc::id::CoreId;

/// Our segment order (ES, CS, SS, DS, FS, GS) by gdb's (CS, SS, DS, ES, FS, GS).
const SEGMENTS: [SegmentName; 6] =
    [SegmentName::Cs, SegmentName::Ss, SegmentName::Ds, SegmentName::Es, SegmentName::Fs, SegmentName::Gs];

/// Image layout used to change the x87's registers.
const IMAGE: Layout = Layout { size: OperandSize::Double, format: PointerFormat::Protected };

/// A change of registers that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RegisterError {
    /// A selector means a descriptor in protected mode; only the core itself loads those.
    #[error("selectors can be changed in real mode only")]
    Selector,
    /// Not a selector.
    #[error("{0:#x} is not a selector")]
    Width(u32),
}

/// Reads the registers of a core.
pub(super) fn read(machine: &Machine, core: CoreId) -> RegisterFile {
    let registers = machine.registers(core);
    let fpu = machine.fpu(core);
    let base = registers.segments[SegmentName::Cs.index()].base;
    RegisterFile {
        general: registers.general,
        eip: base.wrapping_add(registers.eip),
        eflags: registers.eflags,
        selectors: SEGMENTS.map(|name| u32::from(registers.segments[name.index()].selector)),
        stack: std::array::from_fn(|index| stack_register(fpu, index)),
        fpu: fpu_words(fpu),
        control: registers.control,
    }
}

/// Changes the registers of a core to those in `file`.
pub(super) fn write(machine: &mut Machine, core: CoreId, file: &RegisterFile) -> Result<(), RegisterError> {
    let now = read(machine, core);
    let mut registers = machine.registers(core);
    let reload = file.selectors != now.selectors || file.control != now.control;
    if file.selectors != now.selectors {
        change_selectors(&mut registers, &now, file)?;
    }
    let base = registers.segments[SegmentName::Cs.index()].base;
    registers.general = file.general;
    registers.eip = file.eip.wrapping_sub(base);
    registers.eflags = file.eflags;
    registers.control = file.control;
    if reload {
        machine.set_registers(core, &registers);
    } else {
        machine.set_visible_registers(core, &registers);
    }
    if file.stack != now.stack || file.fpu != now.fpu {
        set_fpu(machine.fpu_mut(core), file);
    }
    Ok(())
}

fn change_selectors(
    registers: &mut Registers,
    now: &RegisterFile,
    file: &RegisterFile,
) -> Result<(), RegisterError> {
    if registers.control[0] & Cr0::PROTECTION.bits() != 0 {
        return Err(RegisterError::Selector);
    }
    for ((name, old), new) in SEGMENTS.into_iter().zip(now.selectors).zip(file.selectors) {
        if new != old {
            let selector = u16::try_from(new).map_err(|_| RegisterError::Width(new))?;
            let segment = &mut registers.segments[name.index()];
            segment.selector = selector;
            segment.base = u32::from(selector) << 4;
        }
    }
    Ok(())
}

fn stack_register(fpu: &Fpu, index: usize) -> [u8; 10] {
    let index = u8::try_from(index).expect("eight registers");
    let bytes = fpu.register(index).to_bits().to_le_bytes();
    std::array::from_fn(|byte| bytes[byte])
}

fn fpu_words(fpu: &Fpu) -> [u32; 8] {
    let pointers = fpu.pointers();
    [
        u32::from(fpu.control_word()),
        u32::from(fpu.status_word()),
        u32::from(fpu.tag_word()),
        u32::from(pointers.code_selector),
        pointers.code_offset,
        u32::from(pointers.data_selector),
        pointers.data_offset,
        u32::from(pointers.opcode),
    ]
}

/// FRSTOR of an image made from the register file.
fn set_fpu(fpu: &mut Fpu, file: &RegisterFile) {
    let [control, status, tags, code_selector, code_offset, data_selector, data_offset, opcode] = file.fpu;
    let words = [
        control,
        status,
        tags,
        code_offset,
        opcode << 16 | code_selector & 0xFFFF,
        data_offset,
        data_selector,
    ];
    let mut image = fpu.image(IMAGE);
    let (environment, registers) = image.split_at_mut(IMAGE.environment_bytes());
    for (bytes, word) in environment.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    for (bytes, register) in registers.as_chunks_mut::<10>().0.iter_mut().zip(&file.stack) {
        *bytes = *register;
    }
    fpu.restore(&image, IMAGE);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core() -> CoreId {
        CoreId::new(7).unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut machine = Machine::builder().build();
        let mut file = read(&machine, core());
        file.general = [1, 2, 3, 4, 5, 6, 7, 8];
        file.eip = file.eip.wrapping_sub(0x10);
        file.eflags = 0x0000_0246;
        file.stack[0] = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0x3F];
        file.fpu = [0x37F, 0x3800, 0x3FFF, 8, 0x1234, 0x10, 0x5678, 0x123];
        write(&mut machine, core(), &file).unwrap();
        assert_eq!(read(&machine, core()), file);
        assert_eq!(machine.registers(core()).eip, 0xFFE0);
    }

    #[test]
    fn selectors_change_in_real_mode_only() {
        let mut machine = Machine::builder().build();
        let mut file = read(&machine, core());
        file.selectors[2] = 0x1234;
        write(&mut machine, core(), &file).unwrap();
        let data = machine.registers(core()).segments[SegmentName::Ds.index()];
        assert_eq!((data.selector, data.base), (0x1234, 0x12340));
        file.control[0] |= Cr0::PROTECTION.bits();
        write(&mut machine, core(), &file).unwrap();
        file.selectors[2] = 8;
        assert_eq!(write(&mut machine, core(), &file), Err(RegisterError::Selector));
    }
}
