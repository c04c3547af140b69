//! From the reset vector to the image's copy in RAM.
//!
//! Real-mode code in the ROM's last 4 KB loads a descriptor table from the ROM, whose descriptors are marked as
//! accessed so that nothing is written there, and enters protected mode; the ROM is copied to [`IMAGE`] and
//! entered at its first byte. Caches are switched on: a PC does not care.

use super::layout::{IMAGE, ROM_BYTES};
use super::monitor::{CONTROL, Result};
use i586::control::Cr0;
use i586::reset;
use i586::segment::Descriptor;
use iced_x86::code_asm::{CodeAssembler, ax, cr0, ds, eax, ecx, edi, es, esi};

/// Offset of the start code in the ROM; what lies before is copied and run.
pub(super) const START: u32 = 0xF000;
/// Offset of the table.
const TABLE: u32 = 0xF080;
/// Offset of the operand of LGDT.
const OPERAND: u32 = 0xF0A0;
/// Offset of the 32-bit part.
const PROTECTED: u32 = 0xF0C0;

/// Puts start code and reset vector into a ROM whose other contents are there already.
pub(super) fn install(rom: &mut [u8]) {
    let parts = parts().expect("the start code is made of valid instructions");
    for (offset, bytes) in parts {
        let offset = offset as usize;
        rom[offset..offset + bytes.len()].copy_from_slice(&bytes);
    }
}

fn parts() -> Result<Vec<(u32, Vec<u8>)>> {
    let mut real = CodeAssembler::new(16)?;
    real.cli()?;
    // LGDT with a 32-bit base, CS: before the operand.
    let [low, high, ..] = OPERAND.to_le_bytes();
    real.db(&[0x2E, 0x66, 0x0F, 0x01, 0x16, low, high])?;
    real.mov(eax, cr0)?;
    real.and(eax, !(Cr0::CACHE_DISABLE | Cr0::NOT_WRITE_THROUGH).bits())?;
    real.or(eax, CONTROL.bits())?;
    real.mov(cr0, eax)?;
    let mut jump = vec![0x66, 0xEA];
    jump.extend_from_slice(&(reset::CODE_BASE + PROTECTED).to_le_bytes());
    jump.extend_from_slice(&[8, 0]);
    real.db(&jump)?;

    let mut protected = CodeAssembler::new(32)?;
    protected.mov(ax, 0x10u32)?;
    protected.mov(ds, ax)?;
    protected.mov(es, ax)?;
    protected.mov(esi, reset::CODE_BASE)?;
    protected.mov(edi, IMAGE)?;
    protected.mov(ecx, ROM_BYTES / 4)?;
    protected.cld()?;
    protected.rep().movsd()?;
    protected.mov(eax, IMAGE)?;
    protected.jmp(eax)?;

    let descriptors = [
        Descriptor::NULL,
        Descriptor::flat_code(0).with_accessed(),
        Descriptor::flat_data(0).with_accessed(),
    ];
    let table: Vec<u8> =
        descriptors.iter().flat_map(|descriptor| descriptor.into_bits().to_le_bytes()).collect();
    let mut operand = vec![0x17, 0];
    operand.extend_from_slice(&(reset::CODE_BASE + TABLE).to_le_bytes());
    let vector = reset::INSTRUCTION_POINTER;
    let [low, high, ..] = START.wrapping_sub(vector + 3).to_le_bytes();
    Ok(vec![
        (START, real.assemble(u64::from(START))?),
        (TABLE, table),
        (OPERAND, operand),
        (PROTECTED, protected.assemble(u64::from(PROTECTED))?),
        (vector, vec![0xE9, low, high]),
    ])
}
