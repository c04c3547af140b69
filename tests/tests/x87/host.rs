//! Runs single x87 instructions on the host processor, from a full state image to a full state image.
//!
//! One stub for each escape opcode and ModR/M byte restores an image, executes the instruction and saves the image:
//!
//! ```text
//! frstor [rsi] ; <opcode> <modrm> ; fnsave [rdx] ; ret
//! ```
//!
//! Memory operands are at `[rdi]` (ModR/M mod 0, rm 7). FNSAVE does not wait, so an instruction may leave an unmasked
//! exception pending: it is in the saved status word and is never reported to the process. Images are in the
//! 32-bit protected format of 108 bytes.

#![expect(unsafe_code, reason = "calls assembler stubs that execute one x87 instruction each")]

use core::arch::{asm, global_asm};

/// Length of a state image.
pub(crate) const IMAGE_BYTES: usize = 108;
/// Bytes that are reserved for a memory operand.
pub(crate) const MEMORY_BYTES: usize = 128;
/// Bytes from one stub to the next.
const STUB_BYTES: usize = 8;

global_asm!(
    ".pushsection .text.host_x87_stubs, \"ax\", @progbits",
    ".balign 8",
    "host_x87_stubs:",
    ".set host_x87_index, 0",
    ".rept 2048",
    ".byte 0xdd, 0x26",
    ".byte 0xd8 + host_x87_index / 256, host_x87_index % 256",
    ".byte 0xdd, 0x32",
    "ret",
    ".balign 8",
    ".set host_x87_index, host_x87_index + 1",
    ".endr",
    ".popsection",
);

// SAFETY: the symbol is defined above, in a section that is never written; only its address is taken.
unsafe extern "C" {
    #[link_name = "host_x87_stubs"]
    safe static STUBS: u8;
}

/// An x87 instruction the host can run: an escape opcode and a ModR/M byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    opcode: u8,
    modrm: u8,
}

impl Encoding {
    /// Checks that the stubs can run an encoding. `None` for opcodes other than D8 to DF, for memory operands that
    /// are not at `[rdi]`.
    pub(crate) fn new(opcode: u8, modrm: u8) -> Option<Self> {
        let in_range = (0xD8..=0xDF).contains(&opcode) && (modrm >= 0xC0 || modrm & 0xC7 == 7);
        in_range.then_some(Self { opcode, modrm })
    }
}

/// What an instruction left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostResult {
    /// State afterwards.
    pub(crate) image: [u8; IMAGE_BYTES],
    /// AX afterwards.
    pub(crate) ax: u16,
}

/// Runs one instruction on the host. `image` must have no unmasked exception pending, or the process receives
/// SIGFPE; an encoding the host reserves ends it with SIGILL.
pub(crate) fn run(
    encoding: Encoding,
    image: &[u8; IMAGE_BYTES],
    memory: &mut [u8; MEMORY_BYTES],
) -> HostResult {
    let number = usize::from(encoding.opcode - 0xD8) * 256 + usize::from(encoding.modrm);
    let stub = (&raw const STUBS).wrapping_add(number * STUB_BYTES);
    let mut saved = [0; IMAGE_BYTES];
    let mut ax = 0u64;
    // SAFETY: `stub` is one of the 2048 stubs, because both bytes are in range. It reads the 108 bytes at rsi,
    // writes the 108 bytes at rdx, and its instruction accesses at most 108 bytes at rdi, all of which are
    // exclusively borrowed or owned here. FNSAVE leaves the x87 in its initial state, as the ABI requires; the
    // clobbers cover the registers.
    unsafe {
        asm!(
            "call {stub}",
            stub = in(reg) stub,
            in("rsi") image.as_ptr(),
            in("rdx") saved.as_mut_ptr(),
            in("rdi") memory.as_mut_ptr(),
            inout("rax") ax,
            clobber_abi("C"),
        );
    }
    let [low, high, ..] = ax.to_le_bytes();
    HostResult { image: saved, ax: u16::from_le_bytes([low, high]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_adds_one_and_one() {
        let mut image = [0; IMAGE_BYTES];
        image[..2].copy_from_slice(&0x037Fu16.to_le_bytes());
        for register in 0..8 {
            let at = 28 + 10 * register;
            image[at + 7..at + 10].copy_from_slice(&[0x80, 0xFF, 0x3F]);
        }
        let add = Encoding::new(0xD8, 0xC1).unwrap();
        let result = run(add, &image, &mut [0; MEMORY_BYTES]);
        assert_eq!(result.image[28..38], [0, 0, 0, 0, 0, 0, 0, 0x80, 0x00, 0x40]);
    }
}
