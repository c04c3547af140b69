//! Task-state segments: byte offsets of their fields.
//!
//! The 32-bit form keeps every selector in the low half of a doubleword. General registers follow each other in the
//! order of their numbers (AX CX DX BX SP BP SI DI), segment registers in the order ES CS SS DS FS GS. Behind the
//! 32-bit form lies the I/O permission map, one bit per port with a last byte of ones, and with CR4.VME the interrupt
//! redirection map in the 32 bytes below it.
//!
//! Source: Pentium manual vol. 3 ch. 13 (tasks) and ch. 15 (I/O map).

/// The 16-bit form, shared with the 286.
pub mod bits16 {
    /// Selector of the task to return to.
    pub const LINK: u32 = 0;
    /// Stack pointer for privilege level 0; SP1 and SP2 follow at [`STACK_STRIDE`].
    pub const SP0: u32 = 2;
    /// Stack selector for privilege level 0; SS1 and SS2 follow at [`STACK_STRIDE`].
    pub const SS0: u32 = 4;
    /// Bytes from one privilege level's stack to the next.
    pub const STACK_STRIDE: u32 = 4;
    /// Instruction pointer.
    pub const IP: u32 = 14;
    /// Flags.
    pub const FLAGS: u32 = 16;
    /// General register 0 (AX); the other seven follow, 2 bytes each.
    pub const GENERAL: u32 = 18;
    /// ES; CS, SS and DS follow, 2 bytes each.
    pub const SEGMENTS: u32 = 34;
    /// Segment registers in this form.
    pub const SEGMENT_COUNT: u32 = 4;
    /// LDT selector.
    pub const LDT: u32 = 42;
    /// Smallest limit of a valid segment.
    pub const LIMIT_MIN: u32 = 43;
}

/// The 32-bit form.
pub mod bits32 {
    /// Selector of the task to return to.
    pub const LINK: u32 = 0;
    /// Stack pointer for privilege level 0; ESP1 and ESP2 follow at [`STACK_STRIDE`].
    pub const ESP0: u32 = 4;
    /// Stack selector for privilege level 0; SS1 and SS2 follow at [`STACK_STRIDE`].
    pub const SS0: u32 = 8;
    /// Bytes from one privilege level's stack to the next.
    pub const STACK_STRIDE: u32 = 8;
    /// Page directory.
    pub const CR3: u32 = 28;
    /// Instruction pointer.
    pub const EIP: u32 = 32;
    /// Flags.
    pub const EFLAGS: u32 = 36;
    /// General register 0 (EAX); the other seven follow, 4 bytes each.
    pub const GENERAL: u32 = 40;
    /// ES; CS, SS, DS, FS and GS follow, 4 bytes each.
    pub const SEGMENTS: u32 = 72;
    /// Segment registers in this form.
    pub const SEGMENT_COUNT: u32 = 6;
    /// LDT selector.
    pub const LDT: u32 = 96;
    /// Word whose bit 0 raises a debug exception when the task is switched to.
    pub const TRAP: u32 = 100;
    /// Word with the offset of the I/O permission map from the start of the segment.
    pub const IO_MAP_BASE: u32 = 102;
    /// Smallest limit of a valid segment.
    pub const LIMIT_MIN: u32 = 103;
}

/// Bit of the word at [`bits32::TRAP`] that raises a debug exception.
pub const TRAP_BIT: u16 = 1;

/// Bytes of the interrupt redirection map, one bit per vector, right below the I/O permission map (CR4.VME).
pub const REDIRECTION_BYTES: u32 = 32;

/// Bytes of an I/O permission map over all 65536 ports, with the closing byte of ones.
pub const IO_MAP_BYTES: u32 = 0x2001;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_16_bit_form_follow_each_other_without_gap() {
        assert_eq!(bits16::SP0 + 3 * bits16::STACK_STRIDE, bits16::IP);
        assert_eq!(bits16::GENERAL + 8 * 2, bits16::SEGMENTS);
        assert_eq!(bits16::SEGMENTS + bits16::SEGMENT_COUNT * 2, bits16::LDT);
        assert_eq!(bits16::LDT + 2, bits16::LIMIT_MIN + 1);
    }

    #[test]
    fn fields_of_the_32_bit_form_follow_each_other_without_gap() {
        assert_eq!(bits32::ESP0 + 3 * bits32::STACK_STRIDE, bits32::CR3);
        assert_eq!(bits32::GENERAL + 8 * 4, bits32::SEGMENTS);
        assert_eq!(bits32::SEGMENTS + bits32::SEGMENT_COUNT * 4, bits32::LDT);
        assert_eq!(bits32::IO_MAP_BASE + 2, bits32::LIMIT_MIN + 1);
    }
}
