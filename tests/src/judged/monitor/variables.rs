//! The monitor's variables, the entries of the case table, and what a line shows.

use crate::judged::layout::VARIABLES;

/// What is compared before and after a case, in the order in which it is printed.
///
/// The first eight are in the order of PUSHAD, from the last pushed to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Edi,
    Esi,
    Ebp,
    Esp,
    Ebx,
    Edx,
    Ecx,
    Eax,
    Cs,
    Ss,
    Ds,
    Es,
    Fs,
    Gs,
    /// EFLAGS without RF.
    Flags,
    /// RF.
    Resume,
    Cr0,
    Cr2,
    Cr3,
    Cr4,
    Dr6,
    Dr7,
    Task,
    Ldt,
}

impl Field {
    pub(super) const ALL: [Field; 24] = [
        Field::Edi,
        Field::Esi,
        Field::Ebp,
        Field::Esp,
        Field::Ebx,
        Field::Edx,
        Field::Ecx,
        Field::Eax,
        Field::Cs,
        Field::Ss,
        Field::Ds,
        Field::Es,
        Field::Fs,
        Field::Gs,
        Field::Flags,
        Field::Resume,
        Field::Cr0,
        Field::Cr2,
        Field::Cr3,
        Field::Cr4,
        Field::Dr6,
        Field::Dr7,
        Field::Task,
        Field::Ldt,
    ];

    /// A space and the name; zero bytes fill it up to four.
    pub(super) const fn label(self) -> &'static [u8; 4] {
        match self {
            Field::Edi => b" edi",
            Field::Esi => b" esi",
            Field::Ebp => b" ebp",
            Field::Esp => b" esp",
            Field::Ebx => b" ebx",
            Field::Edx => b" edx",
            Field::Ecx => b" ecx",
            Field::Eax => b" eax",
            Field::Cs => b" cs\0",
            Field::Ss => b" ss\0",
            Field::Ds => b" ds\0",
            Field::Es => b" es\0",
            Field::Fs => b" fs\0",
            Field::Gs => b" gs\0",
            Field::Flags => b" fl\0",
            Field::Resume => b" rf\0",
            Field::Cr0 => b" cr0",
            Field::Cr2 => b" cr2",
            Field::Cr3 => b" cr3",
            Field::Cr4 => b" cr4",
            Field::Dr6 => b" dr6",
            Field::Dr7 => b" dr7",
            Field::Task => b" tr\0",
            Field::Ldt => b" ldt",
        }
    }

    const fn offset(self) -> u32 {
        4 * self as u32
    }

    /// Where its value before the case lies.
    pub(super) const fn expected(self) -> u32 {
        VARIABLES + self.offset()
    }

    /// Where its value after the case lies.
    pub(super) const fn actual(self) -> u32 {
        VARIABLES + DISTANCE + self.offset()
    }
}

/// Distance from the values before a case to those after it.
pub(super) const DISTANCE: u32 = 0x100;

/// Vector of the exception that ended the case.
pub(super) const VECTOR: u32 = VARIABLES + 0x200;
/// 1 if it has an error code.
pub(super) const HAS_CODE: u32 = VARIABLES + 0x204;
/// The error code.
pub(super) const CODE: u32 = VARIABLES + 0x208;
/// EIP of the frame.
pub(super) const EIP: u32 = VARIABLES + 0x20C;
/// Address of the current case's entry.
pub(super) const CURRENT: u32 = VARIABLES + 0x210;
/// Where the monitor goes on when a case has ended.
pub(super) const AFTERWARDS: u32 = VARIABLES + 0x214;
/// Number of recorded events.
pub(super) const EVENTS: u32 = VARIABLES + 0x218;
/// 1 if the arena must be built anew for the next case.
pub(super) const STALE: u32 = VARIABLES + 0x230;
/// 1 if the arena's copy is not what the case begins with.
pub(super) const UNCOPIED: u32 = VARIABLES + 0x234;
/// Operand of LGDT, LIDT and SGDT.
pub(super) const TABLE_OPERAND: u32 = VARIABLES + 0x220;
/// Where a matrix keeps its position.
pub(super) const MATRIX: u32 = VARIABLES + 0x240;
/// Recorded events, [`EVENT_WORDS`] words each.
pub(super) const EVENT: u32 = VARIABLES + 0x400;
/// Words of an event: vector, EIP, EFLAGS, DR6, ECX.
pub(super) const EVENT_WORDS: u32 = 5;

/// Words of an entry of the case table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::judged) enum Entry {
    /// Address of the name, which ends in a zero byte.
    Name,
    /// EIP of the probe's first byte.
    Start,
    /// EIP behind it: an invalid opcode there ends the case as planned.
    End,
    /// Address of code that prepares the case; 0 if there is none.
    Prepare,
    /// Address of a list of memory contents.
    Contents,
    Eax,
    Ecx,
    Edx,
    Ebx,
    Ebp,
    Esi,
    Edi,
    Eip,
    Cs,
    Flags,
    Esp,
    Ss,
    Ds,
    Es,
    Fs,
    Gs,
    Cr0,
    Cr4,
    Dr7,
    /// Vector whose exceptions are recorded and returned from.
    Traced,
    /// How many of them.
    TraceLimit,
    /// Address of what runs instead of the probe; 0 in ordinary cases.
    Driver,
}

impl Entry {
    /// Offset in bytes.
    pub(in crate::judged) const fn offset(self) -> u32 {
        4 * self as u32
    }
}

/// Words of an entry.
pub(in crate::judged) const ENTRY_WORDS: usize = Entry::Driver as usize + 1;
/// Bytes of an entry.
pub(super) const ENTRY_BYTES: u32 = Entry::Driver.offset() + 4;
