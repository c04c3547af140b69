//! A loop that rewrites the constant of its own next instruction but one.
//!
//! The loop has a page to itself. A jump separates store and patched instruction, which is what a Pentium asks for.
#![expect(unsafe_code, reason = "code that changes itself is assembly")]

use core::arch::global_asm;

/// Patches per round.
const PATCHES: u32 = 1_000;

// SAFETY: a function of the C calling convention that touches its own four bytes only; the image is in RAM.
global_asm!(
    r#"
    .section .text.patch_loop, "awx"
    .balign 4096
patch_loop:
    mov ecx, [esp + 4]
    mov eax, [esp + 8]
    .balign 4
2:
    mov dword ptr [patched_instruction + 1], ecx
    jmp patched_instruction
    .balign 4
    .skip 3, 0x90
patched_instruction:
    mov edx, 0x12345678
    rol eax, 3
    xor eax, edx
    dec ecx
    jnz 2b
    ret
    .balign 4096
    "#
);

// SAFETY: defined above with this signature; the caller vouches for the count.
unsafe extern "C" {
    fn patch_loop(count: u32, checksum: u32) -> u32;
}

/// Runs the loop; the checksum folds every constant that was executed.
pub(super) fn run(rounds: u32, seed: u32) -> u32 {
    // SAFETY: the count is not 0, and nobody else executes or changes the loop.
    (0..rounds).fold(seed, |checksum, _| unsafe { patch_loop(PATCHES, checksum) })
}
