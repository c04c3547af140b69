//! Instructions that ring 1 may not execute, and raise #GP there.
//!
//! Not among them is what ring 1 may execute although it does nothing useful there (POPF, PUSHF, IRET, SGDT, SIDT, SLDT,
//! STR, SMSW): it does not trap. Instructions that raise #GP for another reason, such as a bad selector, are
//! [`DecodeError::Other`], and the exception is the guest's.

use super::code::{Code, DecodeError};
use super::modrm::ModRm;
use super::operand::{AddressSize, MemoryOperand, Operand, Segment};
use super::prefix::Prefixes;
use super::register::{Register, Width};

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privileged {
    /// What it does.
    pub action: Action,
    /// Its bytes: EIP moves on by so many when it is done.
    pub length: u8,
}

/// What a privileged instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// MOV from a control register.
    ReadControl {
        /// The control register.
        from: ControlRegister,
        /// Where its value goes.
        to: Register,
    },
    /// MOV to a control register.
    WriteControl {
        /// The control register.
        to: ControlRegister,
        /// Where its value comes from.
        from: Register,
    },
    /// MOV from a debug register.
    ReadDebug {
        /// Its number, below 8.
        from: u8,
        /// Where its value goes.
        to: Register,
    },
    /// MOV to a debug register.
    WriteDebug {
        /// Its number, below 8.
        to: u8,
        /// Where its value comes from.
        from: Register,
    },
    /// LGDT or LIDT: loads a limit of 16 bits and a base from memory.
    LoadTable {
        /// Which table.
        table: Table,
        /// Where limit and base are.
        operand: MemoryOperand,
        /// How much of the base counts.
        base: BaseBits,
    },
    /// LLDT: loads the local table's selector.
    LoadLocalTable(Operand),
    /// LTR: loads the task's selector.
    LoadTask(Operand),
    /// LMSW: loads the lowest four bits of CR0.
    LoadMachineStatus(Operand),
    /// INVLPG: forgets the translation of the operand's address, which is not accessed.
    InvalidatePage(MemoryOperand),
    /// CLTS: clears CR0.TS.
    ClearTaskSwitched,
    /// HLT
    Halt,
    /// CLI
    ClearInterrupts,
    /// STI
    SetInterrupts,
    /// RDMSR: register ECX into EDX:EAX.
    ReadModelSpecific,
    /// WRMSR: EDX:EAX into register ECX.
    WriteModelSpecific,
    /// RDTSC, which traps only if CR4.TSD is set.
    ReadTimeStamp,
    /// WBINVD
    WriteBackCaches,
    /// INVD
    InvalidateCaches,
    /// IN: from a port into AL, AX or EAX.
    In {
        /// How much.
        width: Width,
        /// The port.
        port: Port,
    },
    /// OUT: from AL, AX or EAX to a port.
    Out {
        /// How much.
        width: Width,
        /// The port.
        port: Port,
    },
    /// INS: from port DX to memory at ES:EDI.
    InString(PortString),
    /// OUTS: from memory at ESI to port DX.
    OutString(PortString),
}

/// A control register that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControlRegister {
    /// CR0
    Cr0,
    /// CR2
    Cr2,
    /// CR3
    Cr3,
    /// CR4
    Cr4,
}

impl ControlRegister {
    fn from_number(number: u8) -> Result<Self, DecodeError> {
        match number {
            0 => Ok(Self::Cr0),
            2 => Ok(Self::Cr2),
            3 => Ok(Self::Cr3),
            4 => Ok(Self::Cr4),
            _ => Err(DecodeError::Other),
        }
    }
}

/// A table that LGDT or LIDT loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// Segments.
    Global,
    /// Interrupts.
    Interrupt,
}

/// How many bits of a table's base count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BaseBits {
    /// All.
    Bits32,
    /// 24: the operand's prefix is 66.
    Bits24,
}

/// A port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// Of this number.
    Number(u8),
    /// Of the number in DX.
    Dx,
}

/// A transfer between port DX and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortString {
    /// How much at once.
    pub width: Width,
    /// Whether it is done ECX times.
    pub repeat: bool,
    /// How much of ESI, EDI and ECX counts.
    pub size: AddressSize,
    /// Segment of the memory.
    pub segment: Segment,
}

/// Decodes the instruction that `bytes` begin with.
///
/// # Errors
/// [`DecodeError::Other`] unless it is one of [`Action`]; else the bytes do not suffice, or are too many.
pub fn decode(bytes: &[u8]) -> Result<Privileged, DecodeError> {
    let mut code = Code::new(bytes);
    let (prefixes, opcode) = Prefixes::take(&mut code)?;
    let width = prefixes.width(opcode);
    let string =
        |segment| PortString { width, repeat: prefixes.repeat, size: prefixes.address_size, segment };
    let action = match opcode {
        0x0F => two_bytes(&mut code, &prefixes)?,
        0x6C | 0x6D => Action::InString(string(Segment::Es)),
        0x6E | 0x6F => Action::OutString(string(prefixes.segment.unwrap_or(Segment::Ds))),
        0xE4 | 0xE5 => Action::In { width, port: Port::Number(code.byte()?) },
        0xE6 | 0xE7 => Action::Out { width, port: Port::Number(code.byte()?) },
        0xEC | 0xED => Action::In { width, port: Port::Dx },
        0xEE | 0xEF => Action::Out { width, port: Port::Dx },
        0xF4 => Action::Halt,
        0xFA => Action::ClearInterrupts,
        0xFB => Action::SetInterrupts,
        _ => return Err(DecodeError::Other),
    };
    Ok(Privileged { action, length: code.length() })
}

/// Instructions that begin with 0F.
fn two_bytes(code: &mut Code<'_>, prefixes: &Prefixes) -> Result<Action, DecodeError> {
    Ok(match code.byte()? {
        0x00 => {
            let ModRm { reg, operand } = ModRm::take(code, prefixes)?;
            match reg {
                2 => Action::LoadLocalTable(operand),
                3 => Action::LoadTask(operand),
                _ => return Err(DecodeError::Other),
            }
        }
        0x01 => group_7(ModRm::take(code, prefixes)?, prefixes)?,
        0x06 => Action::ClearTaskSwitched,
        0x08 => Action::InvalidateCaches,
        0x09 => Action::WriteBackCaches,
        move_special @ 0x20..=0x23 => {
            // Only registers: the processor does not look at the highest two bits.
            let byte = code.byte()?;
            let (number, register) = (byte >> 3 & 7, Register::from_bits(byte));
            match move_special {
                0x20 => Action::ReadControl { from: ControlRegister::from_number(number)?, to: register },
                0x21 => Action::ReadDebug { from: number, to: register },
                0x22 => Action::WriteControl { to: ControlRegister::from_number(number)?, from: register },
                _ => Action::WriteDebug { to: number, from: register },
            }
        }
        0x30 => Action::WriteModelSpecific,
        0x31 => Action::ReadTimeStamp,
        0x32 => Action::ReadModelSpecific,
        _ => return Err(DecodeError::Other),
    })
}

/// Instructions that begin with 0F 01.
fn group_7(modrm: ModRm, prefixes: &Prefixes) -> Result<Action, DecodeError> {
    let base = if prefixes.word_operands { BaseBits::Bits24 } else { BaseBits::Bits32 };
    match (modrm.reg, modrm.operand) {
        (2, Operand::Memory(operand)) => Ok(Action::LoadTable { table: Table::Global, operand, base }),
        (3, Operand::Memory(operand)) => Ok(Action::LoadTable { table: Table::Interrupt, operand, base }),
        (6, operand) => Ok(Action::LoadMachineStatus(operand)),
        (7, Operand::Memory(operand)) => Ok(Action::InvalidatePage(operand)),
        _ => Err(DecodeError::Other),
    }
}
