//! Segment registers: the selector and the cached ("hidden") descriptor that every access is checked against.

use super::fault::Stop;
use i586::exception::Exception;

/// Number of a segment register, as instructions encode it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum SegmentName {
    Es,
    Cs,
    Ss,
    Ds,
    Fs,
    Gs,
}

impl SegmentName {
    /// All six, in encoding order.
    pub(crate) const ALL: [SegmentName; 6] = [Self::Es, Self::Cs, Self::Ss, Self::Ds, Self::Fs, Self::Gs];

    /// Index into the register file.
    #[inline(always)]
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// A segment register with its cached descriptor. Also used for LDTR and TR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The selector as software sees it.
    pub selector: u16,
    /// Linear address of offset 0.
    pub base: u32,
    /// Highest valid offset (lowest valid offset minus one for expand-down segments).
    pub limit: u32,
    /// The descriptor's access byte: present, DPL, S, type.
    pub access: u8,
    /// The D/B bit: 32-bit code, or 32-bit stack.
    pub big: bool,
    /// False for a null selector or an unusable register: every access faults.
    pub usable: bool,
    /// What [`Segment::refresh`] worked out for the fast path.
    pub(crate) flat: Flat,
}

/// Whether a segment is base 0, limit 4 GB and permits an access without further checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flat {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

const PRESENT: u8 = 0x80;
const CODE: u8 = 0x08;
const EXPAND_DOWN: u8 = 0x04;
/// Conforming, in a code segment.
const CONFORMING: u8 = 0x04;
/// Readable in a code segment, writable in a data segment.
const PERMISSIVE: u8 = 0x02;

impl Segment {
    /// The state after RESET: base as given, limit 64 KB, present read/write data (executable for CS by
    /// courtesy of real mode, which does not check).
    pub(crate) const fn real(selector: u16, base: u32) -> Self {
        Segment {
            selector,
            base,
            limit: 0xFFFF,
            access: PRESENT | 0x13,
            big: false,
            usable: true,
            flat: Flat { read: false, write: false },
        }
    }

    /// Works out the fast-path flags; call after every change of the other fields.
    #[inline(always)]
    pub(crate) fn refresh(&mut self) {
        let whole = self.base == 0 && self.limit == u32::MAX && self.usable && !self.expands_down();
        self.flat = Flat { read: whole && self.is_readable(), write: whole && self.is_writable() };
    }

    /// The descriptor's DPL.
    pub(crate) fn privilege(&self) -> u8 {
        (self.access >> 5) & 3
    }

    pub(crate) fn is_code(&self) -> bool {
        self.access & CODE != 0
    }

    pub(crate) fn is_conforming(&self) -> bool {
        self.is_code() && self.access & CONFORMING != 0
    }

    fn expands_down(&self) -> bool {
        !self.is_code() && self.access & EXPAND_DOWN != 0
    }

    pub(crate) fn is_readable(&self) -> bool {
        !self.is_code() || self.access & PERMISSIVE != 0
    }

    pub(crate) fn is_writable(&self) -> bool {
        !self.is_code() && self.access & PERMISSIVE != 0
    }

    /// Checks type and limit of an access of `bytes` at `offset`.
    ///
    /// # Errors
    /// #SS(0) for the stack segment, #GP(0) for the others.
    #[cold]
    pub(crate) fn check(&self, name: usize, offset: u32, bytes: u32, write: bool) -> Result<u32, Stop> {
        let permitted = self.usable && if write { self.is_writable() } else { self.is_readable() };
        if permitted && self.contains(offset, bytes) {
            return Ok(self.base.wrapping_add(offset));
        }
        Err(if name == SegmentName::Ss.index() {
            Stop::coded(Exception::StackFault, 0)
        } else {
            Stop::PROTECTION
        })
    }

    /// Whether `bytes` bytes at `offset` lie within the limit.
    pub(crate) fn contains(&self, offset: u32, bytes: u32) -> bool {
        let last = offset.checked_add(bytes - 1);
        if self.expands_down() {
            let top = if self.big { u32::MAX } else { 0xFFFF };
            offset > self.limit && last.is_some_and(|last| last <= top)
        } else {
            // No offset wraps, not even at a limit of 4 GB (only flat segments are never asked).
            last.is_some_and(|last| last <= self.limit)
        }
    }
}
