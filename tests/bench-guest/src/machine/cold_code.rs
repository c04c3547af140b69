//! Fresh straight-line code that is executed once.
//!
//! The code is made of 32-byte lines with the same ten instructions and a constant each. Every round stores another
//! constant into every line, so nothing that was learnt about the code is still true, and calls it. About one guest
//! instruction in ten is such a store.
#![expect(unsafe_code, reason = "code is written to a fixed address and called")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;

use super::layout;

/// Lines of code, 256 KB of them.
const LINES: usize = 8_192;
/// Bytes of a line.
const LINE_BYTES: usize = 32;
/// Where the constant is in a line.
const CONSTANT: usize = 4;
/// Lines patched by one pass of the loop.
const UNROLLED: usize = 8;

/// A line. EAX, EBX, ECX and EDX are data, EDI points to a scratch block.
#[rustfmt::skip]
const LINE: [u8; LINE_BYTES] = [
    0x01, 0xC8,                         // add eax, ecx
    0x81, 0xC3, 0, 0, 0, 0,             // add ebx, constant
    0x31, 0xD8,                         // xor eax, ebx
    0x8D, 0x54, 0x10, 0x07,             // lea edx, [eax + edx + 7]
    0xC1, 0xC0, 0x05,                   // rol eax, 5
    0x89, 0x57, 0x10,                   // mov [edi + 16], edx
    0x03, 0x4F, 0x14,                   // add ecx, [edi + 20]
    0xD1, 0xEA,                         // shr edx, 1
    0x35, 0x78, 0x56, 0x34, 0x12,       // xor eax, 0x12345678
    0xF7, 0xD2,                         // not edx
];
/// RET
const RETURN: u8 = 0xC3;

/// Patches and calls the code once per round; the checksum is what it computed.
pub(super) fn run(rounds: u32, seed: u32) -> u32 {
    let code = with_exposed_provenance_mut::<u8>(layout::GENERATED_CODE);
    for line in 0..LINES {
        for (at, byte) in LINE.iter().enumerate() {
            // SAFETY: RAM set aside for the code.
            unsafe { code.wrapping_add(line * LINE_BYTES + at).write_volatile(*byte) };
        }
    }
    // SAFETY: as above.
    unsafe { code.wrapping_add(LINES * LINE_BYTES).write_volatile(RETURN) };
    let mut checksum = seed;
    for round in 0..rounds {
        patch(code, checksum ^ round);
        checksum = call(code, checksum);
    }
    checksum
}

/// Stores `constant` into every line.
#[inline(never)]
fn patch(code: *mut u8, constant: u32) {
    for group in 0..LINES / UNROLLED {
        let group = code.wrapping_add(group * UNROLLED * LINE_BYTES + CONSTANT);
        for line in 0..UNROLLED {
            // SAFETY: RAM set aside for the code; the constant is aligned in its line.
            unsafe { group.wrapping_add(line * LINE_BYTES).cast::<u32>().write_volatile(constant) };
        }
    }
}

/// Executes all lines, starting with `value` in EAX.
#[inline(never)]
fn call(code: *mut u8, value: u32) -> u32 {
    let mut scratch = [value; 8];
    let mut result = value;
    // SAFETY: the code ends in RET, writes within the scratch block only and changes no register but those named.
    unsafe {
        asm!(
            "push ebx",
            "xor ebx, ebx",
            "call {code}",
            "pop ebx",
            code = in(reg) code,
            inout("eax") result,
            inout("ecx") 1 => _,
            inout("edx") 2 => _,
            in("edi") scratch.as_mut_ptr(),
        );
    };
    result
}
