//! From the reset vector to Rust.
//!
//! 16 bytes at the reset vector jump back into the last 64 KiB, where real-mode code loads a descriptor table from
//! ROM and enters protected mode; 32-bit code copies the image to RAM, clears bss, switches the caches on and sets
//! the stack. The descriptors are marked as accessed, so that loading them writes nothing to ROM.
#![expect(unsafe_code, reason = "start code is assembly")]

use core::arch::global_asm;

use i586::control::Cr0;
use i586::segment::Descriptor;

use super::layout;

/// Selector of the flat code segment of ring 0, here and in every later table.
pub(super) const CODE_SELECTOR: u16 = 0x08;
/// Selector of the flat data segment of ring 0.
pub(super) const DATA_SELECTOR: u16 = 0x10;

/// Bits of CR0 that keep caches off and emulate the FPU.
const CLEARED: u32 = !Cr0::CACHE_DISABLE.union(Cr0::NOT_WRITE_THROUGH).union(Cr0::EMULATION).bits();
/// Bits of CR0 for FPU errors as exceptions.
const SET: u32 = Cr0::NUMERIC_ERROR.bits();

const CODE: Descriptor = Descriptor::flat_code(0).with_accessed();
const DATA: Descriptor = Descriptor::flat_data(0).with_accessed();

// SAFETY: runs once, before any Rust; it sets up exactly what the compiler assumes of a program's start.
global_asm!(
    r#"
    .section .reset, "ax"
    .code16
    .global reset_vector
reset_vector:
    jmp boot_real_mode

    .section .boot, "ax"
boot_real_mode:
    cli
    cld
    // lgdt dword cs:[boot_table_pointer]
    .byte 0x2E, 0x66, 0x0F, 0x01, 0x16
    .word boot_table_pointer_offset
    mov eax, cr0
    or al, 1
    mov cr0, eax
    // jmp far CODE_SELECTOR:boot_protected_mode
    .byte 0x66, 0xEA
    .long boot_protected_mode
    .word {code_selector}

    .balign 8
boot_table:
    .quad 0
    .long {code_low}, {code_high}
    .long {data_low}, {data_high}
    .global boot_table_pointer
boot_table_pointer:
    .word 3 * 8 - 1
    .long boot_table

    .code32
boot_protected_mode:
    mov eax, {data_selector}
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov fs, ax
    mov gs, ax
    mov esi, offset image_load
    mov edi, offset image_start
    mov ecx, offset image_end
    sub ecx, edi
    shr ecx, 2
    rep movsd
    mov edi, offset bss_start
    mov ecx, offset bss_end
    sub ecx, edi
    shr ecx, 2
    xor eax, eax
    rep stosd
    mov eax, cr0
    and eax, {cleared}
    or eax, {set}
    mov cr0, eax
    fninit
    xor ebp, ebp
    mov esp, {stack_top}
    push ebp
    mov eax, offset {start}
    jmp eax
    "#,
    code_selector = const CODE_SELECTOR,
    data_selector = const DATA_SELECTOR,
    code_low = const CODE.words().0,
    code_high = const CODE.words().1,
    data_low = const DATA.words().0,
    data_high = const DATA.words().1,
    cleared = const CLEARED,
    set = const SET,
    stack_top = const layout::STACK_TOP,
    start = sym super::start,
);
