//! The reset page: from the reset vector in real mode to the start code in protected mode.
//!
//! It holds real-mode code and a descriptor table, and lies at the top of core-physical space. Caches are off.
//! Facts: SCC reference §2.2, §9.1.
#![expect(unsafe_code, reason = "start code is assembly")]

use core::arch::global_asm;

use i586::segment::Descriptor;

use crate::arch::i586::descriptors::CODE as CODE_SELECTOR;

const CODE: Descriptor = Descriptor::flat_code(0).with_accessed();
const DATA: Descriptor = Descriptor::flat_data(0).with_accessed();

// SAFETY: runs once, before anything else; it leaves the segments that the start code expects.
global_asm!(
    r#"
    .section .reset_vector, "ax"
    .code16
    .global reset_vector
    .type reset_vector, @function
reset_vector:
    jmp reset_real_mode

    .section .reset_page, "ax"
reset_real_mode:
    cli
    cld
    rdtsc
    mov esi, eax
    // lgdt dword cs:[reset_table_pointer]
    .byte 0x2E, 0x66, 0x0F, 0x01, 0x16
    .word reset_table_pointer_offset
    mov eax, cr0
    or al, 1
    mov cr0, eax
    // jmp far CODE_SELECTOR:boot_protected_mode
    .byte 0x66, 0xEA
    .long boot_protected_mode
    .word {code_selector}

    .balign 8
reset_table:
    .quad 0
    .long {code_low}, {code_high}
    .long {data_low}, {data_high}
    .global reset_table_pointer
reset_table_pointer:
    .word 3 * 8 - 1
    .long reset_table
    // What else the compiler assembles in one go with this is 32-bit code.
    .code32
    "#,
    code_selector = const CODE_SELECTOR.into_bits(),
    code_low = const CODE.words().0,
    code_high = const CODE.words().1,
    data_low = const DATA.words().0,
    data_high = const DATA.words().1,
);
