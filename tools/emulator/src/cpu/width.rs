//! Operand widths. Values travel as zero-extended `u32`; a width says where a register's bytes are and
//! which bits count.

#![expect(clippy::cast_possible_truncation, reason = "narrowing to the operand width is the point")]

use super::state::Core;
use crate::chip::dram::PAGE;

/// An operand width of 1, 2 or 4 bytes.
pub(crate) trait Width: Copy + 'static {
    const BYTES: u32;
    const BITS: u32;
    /// The bits of a value that count.
    const MASK: u32;
    /// The top bit.
    const SIGN: u32;
    /// Reads a general register operand, zero-extended.
    fn get(core: &Core, register: u8) -> u32;
    /// Writes a general register operand; the other bytes of the register keep their value.
    fn set(core: &mut Core, register: u8, value: u32);
    /// Reads from a page; the caller has checked that the operand does not cross its end.
    fn read(bytes: &[u8; PAGE], offset: usize) -> Option<u32>;
    /// Writes to a page; false if the operand would cross its end.
    fn write(bytes: &mut [u8; PAGE], offset: usize, value: u32) -> bool;
    /// Sign-extends to 32 bits.
    fn sign_extend(value: u32) -> u32;
}

impl Width for u8 {
    const BYTES: u32 = 1;
    const BITS: u32 = 8;
    const MASK: u32 = 0xFF;
    const SIGN: u32 = 0x80;

    #[inline(always)]
    fn get(core: &Core, register: u8) -> u32 {
        // AH, CH, DH and BH are the second bytes of the first four registers.
        (core.regs[usize::from(register & 3)] >> ((register & 4) << 1)) & 0xFF
    }

    #[inline(always)]
    fn set(core: &mut Core, register: u8, value: u32) {
        let shift = (register & 4) << 1;
        let slot = &mut core.regs[usize::from(register & 3)];
        *slot = (*slot & !(0xFF << shift)) | ((value & 0xFF) << shift);
    }

    #[inline(always)]
    fn read(bytes: &[u8; PAGE], offset: usize) -> Option<u32> {
        bytes.get(offset).map(|byte| u32::from(*byte))
    }

    #[inline(always)]
    fn write(bytes: &mut [u8; PAGE], offset: usize, value: u32) -> bool {
        bytes.get_mut(offset).map(|slot| *slot = value as u8).is_some()
    }

    #[inline(always)]
    fn sign_extend(value: u32) -> u32 {
        i32::from(value as u8 as i8).cast_unsigned()
    }
}

impl Width for u16 {
    const BYTES: u32 = 2;
    const BITS: u32 = 16;
    const MASK: u32 = 0xFFFF;
    const SIGN: u32 = 0x8000;

    #[inline(always)]
    fn get(core: &Core, register: u8) -> u32 {
        core.regs[usize::from(register & 15)] & 0xFFFF
    }

    #[inline(always)]
    fn set(core: &mut Core, register: u8, value: u32) {
        let slot = &mut core.regs[usize::from(register & 15)];
        *slot = (*slot & 0xFFFF_0000) | (value & 0xFFFF);
    }

    #[inline(always)]
    fn read(bytes: &[u8; PAGE], offset: usize) -> Option<u32> {
        let slice = bytes.get(offset..offset + 2)?;
        Some(u32::from(u16::from_le_bytes(slice.try_into().ok()?)))
    }

    #[inline(always)]
    fn write(bytes: &mut [u8; PAGE], offset: usize, value: u32) -> bool {
        bytes
            .get_mut(offset..offset + 2)
            .map(|slice| slice.copy_from_slice(&(value as u16).to_le_bytes()))
            .is_some()
    }

    #[inline(always)]
    fn sign_extend(value: u32) -> u32 {
        i32::from(value as u16 as i16).cast_unsigned()
    }
}

impl Width for u32 {
    const BYTES: u32 = 4;
    const BITS: u32 = 32;
    const MASK: u32 = u32::MAX;
    const SIGN: u32 = 0x8000_0000;

    #[inline(always)]
    fn get(core: &Core, register: u8) -> u32 {
        core.regs[usize::from(register & 15)]
    }

    #[inline(always)]
    fn set(core: &mut Core, register: u8, value: u32) {
        core.regs[usize::from(register & 15)] = value;
    }

    #[inline(always)]
    fn read(bytes: &[u8; PAGE], offset: usize) -> Option<u32> {
        let slice = bytes.get(offset..offset + 4)?;
        Some(u32::from_le_bytes(slice.try_into().ok()?))
    }

    #[inline(always)]
    fn write(bytes: &mut [u8; PAGE], offset: usize, value: u32) -> bool {
        bytes.get_mut(offset..offset + 4).map(|slice| slice.copy_from_slice(&value.to_le_bytes())).is_some()
    }

    #[inline(always)]
    fn sign_extend(value: u32) -> u32 {
        value
    }
}
