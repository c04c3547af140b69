//! What the prebuilt `core` and `alloc` for the i586 target ask of a program without a C library: functions for blocks
//! of memory, and two stubs of the unwinder.
//!
//! A program links it by `extern crate i586_rt as _;`. String instructions, which is what a P54C does best. C calling
//! convention; the direction flag is clear. Empty for other architectures.
#![no_std]
#![cfg(target_arch = "x86")]
#![expect(unsafe_code, reason = "the compiler wants these symbols, and they take raw pointers")]

use core::arch::naked_asm;

/// Copies `length` bytes between blocks that do not overlap.
///
/// # Safety
/// As C's `memcpy`.
// SAFETY: no other definition of this symbol is linked.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn memcpy(target: *mut u8, source: *const u8, length: usize) -> *mut u8 {
    naked_asm!(
        "push esi",
        "push edi",
        "mov edi, [esp + 12]",
        "mov esi, [esp + 16]",
        "mov ecx, [esp + 20]",
        "mov eax, edi",
        "mov edx, ecx",
        // A string instruction has to begin even for nothing.
        "shr ecx, 2",
        "jz 2f",
        "rep movsd",
        "2: and edx, 3",
        "jz 3f",
        "mov ecx, edx",
        "rep movsb",
        "3: pop edi",
        "pop esi",
        "ret",
    )
}

/// Copies `length` bytes between blocks that may overlap.
///
/// # Safety
/// As C's `memmove`.
// SAFETY: no other definition of this symbol is linked.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn memmove(target: *mut u8, source: *const u8, length: usize) -> *mut u8 {
    naked_asm!(
        "push esi",
        "push edi",
        "mov edi, [esp + 12]",
        "mov esi, [esp + 16]",
        "mov ecx, [esp + 20]",
        "mov eax, edi",
        "cmp edi, esi",
        "jbe 2f",
        "lea esi, [esi + ecx - 1]",
        "lea edi, [edi + ecx - 1]",
        "std",
        "2: rep movsb",
        "cld",
        "pop edi",
        "pop esi",
        "ret",
    )
}

/// Sets `length` bytes to the low byte of `value`.
///
/// # Safety
/// As C's `memset`.
// SAFETY: no other definition of this symbol is linked.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn memset(target: *mut u8, value: i32, length: usize) -> *mut u8 {
    naked_asm!(
        "push edi",
        "mov edi, [esp + 8]",
        "movzx eax, byte ptr [esp + 12]",
        "imul eax, eax, 0x01010101",
        "mov ecx, [esp + 16]",
        "mov edx, ecx",
        "shr ecx, 2",
        "rep stosd",
        "mov ecx, edx",
        "and ecx, 3",
        "rep stosb",
        "mov eax, [esp + 8]",
        "pop edi",
        "ret",
    )
}

/// Compares `length` bytes: negative, zero or positive.
///
/// # Safety
/// As C's `memcmp`.
// SAFETY: no other definition of this symbol is linked.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    naked_asm!(
        "push esi",
        "push edi",
        "mov esi, [esp + 12]",
        "mov edi, [esp + 16]",
        "mov ecx, [esp + 20]",
        "xor eax, eax",
        "cmp eax, eax",
        "repe cmpsb",
        "je 2f",
        "sbb eax, eax",
        "or eax, 1",
        "2: pop edi",
        "pop esi",
        "ret",
    )
}

/// Compares `length` bytes: zero if they are equal.
///
/// # Safety
/// As C's `bcmp`.
// SAFETY: no other definition of this symbol is linked.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    naked_asm!("jmp {memcmp}", memcmp = sym memcmp)
}

/// Named by the unwind tables of the prebuilt `core`, which the linker script drops; nothing calls it.
// SAFETY: no other definition of this symbol is linked.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// Named by landing pads of the prebuilt `alloc`; nothing unwinds, so nothing calls it.
// SAFETY: no other definition of this symbol is linked.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn _Unwind_Resume() -> ! {
    // An invalid instruction, so that a call would not go unnoticed.
    naked_asm!("ud2")
}
