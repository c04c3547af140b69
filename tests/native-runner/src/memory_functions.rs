//! The functions that compiled Rust calls for copying, filling and comparing memory.
//!
//! This target's prebuilt libraries leave them to a C library, which this program has none of.
#![expect(unsafe_code, reason = "these functions are called by generated code through their symbols")]

use core::arch::naked_asm;

// SAFETY: the symbol has C's meaning and signature, and no other package of this program defines it.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    naked_asm!(
        "push esi",
        "push edi",
        "mov edi, [esp + 12]",
        "mov esi, [esp + 16]",
        "mov ecx, [esp + 20]",
        "mov eax, edi",
        "rep movsb",
        "pop edi",
        "pop esi",
        "ret"
    )
}

// SAFETY: as for `memcpy`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn memmove(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
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
        "2:",
        "rep movsb",
        "cld",
        "pop edi",
        "pop esi",
        "ret"
    )
}

// SAFETY: as for `memcpy`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn memset(to: *mut u8, byte: i32, bytes: usize) -> *mut u8 {
    naked_asm!(
        "push edi",
        "mov edi, [esp + 8]",
        "mov eax, [esp + 12]",
        "mov ecx, [esp + 16]",
        "rep stosb",
        "mov eax, [esp + 8]",
        "pop edi",
        "ret"
    )
}

// SAFETY: as for `memcpy`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn memcmp(left: *const u8, right: *const u8, bytes: usize) -> i32 {
    naked_asm!(
        "push esi",
        "push edi",
        "mov esi, [esp + 12]",
        "mov edi, [esp + 16]",
        "mov ecx, [esp + 20]",
        "xor eax, eax",
        "repe cmpsb",
        "je 2f",
        "movzx eax, byte ptr [esi - 1]",
        "movzx ecx, byte ptr [edi - 1]",
        "sub eax, ecx",
        "2:",
        "pop edi",
        "pop esi",
        "ret"
    )
}

// SAFETY: as for `memcpy`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn bcmp(left: *const u8, right: *const u8, bytes: usize) -> i32 {
    naked_asm!("jmp {memcmp}", memcmp = sym memcmp)
}
