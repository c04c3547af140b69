//! From bytes to [`Op`]s. `iced-x86` decodes; this module decides what a P54C accepts, which handler runs an
//! instruction, and what it costs.
//!
//! An instruction is accepted if everything it needs is in `traits::ALLOWED`; what is not raises #UD, as does
//! every invalid encoding (SCC reference §2.1). `F3 0F BC` and `F3 0F BD` are BSF and BSR on this core.

mod cost;
mod float;
mod form;
mod fusion;
mod integer;
mod known;
mod system;
mod traits;
mod transfer;

use super::model::Model;
use super::op::{Attributes, Handler, NONE, Op};
use iced_x86::{Decoder, DecoderError, DecoderOptions, FlowControl, Instruction, Mnemonic};
use traits::Traits;

pub(crate) use cost::cost;
pub(crate) use fusion::{Comparison, fuse};
pub(crate) use known::{Known, word};

/// Longest instruction the core accepts; a longer one raises #GP(0).
pub(crate) const MAX_LENGTH: usize = 15;

/// Encodings this core takes differently from later ones.
const OPTIONS: u32 = DecoderOptions::NO_MPFX_0FBC
    | DecoderOptions::NO_MPFX_0FBD
    | DecoderOptions::NO_WBNOINVD
    | DecoderOptions::CL1INVMB;

/// An instruction ready to be put into a block. It does not depend on where it was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoded {
    pub(crate) op: Op,
    /// Bytes it occupies.
    pub(crate) length: u8,
    /// Nothing may follow it in its block.
    pub(crate) ends: bool,
    /// It can be the first half of a fused pair.
    pub(crate) comparison: Option<Comparison>,
    /// It is Jcc with this condition.
    pub(crate) condition: Option<u8>,
    /// What it does in a loop that does nothing.
    pub(crate) idling: Idling,
}

/// The parts of a loop that does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idling {
    /// NOP, PAUSE.
    Passes,
    /// A direct near JMP.
    Jumps,
    /// Not part of such a loop.
    Works,
}

/// The bytes given end inside the instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Incomplete;

/// Decodes the instruction at the start of `bytes`; position fields of the op are left zero. Branches are relative,
/// so it can be anywhere.
pub(crate) fn decode<M: Model>(bytes: &[u8], wide: bool) -> Result<Decoded, Incomplete> {
    let window = &bytes[..bytes.len().min(MAX_LENGTH)];
    let mut decoder = Decoder::new(if wide { 32 } else { 16 }, window, OPTIONS);
    let mut instruction = Instruction::default();
    decoder.decode_out(&mut instruction);
    match decoder.last_error() {
        DecoderError::NoMoreBytes => Err(Incomplete),
        DecoderError::None if traits::of(&instruction).contains(Traits::ALLOWED) => {
            Ok(accept::<M>(&instruction, window))
        }
        _ if is_too_long(window, wide) => Ok(ending(form::too_long, window.len())),
        _ => Ok(ending(form::undefined, decoder.position())),
    }
}

/// Whether bytes that are no instruction would need more than [`MAX_LENGTH`] to become one. The decoder calls
/// both invalid; but only prefixes make an instruction that long, and without the first it still lacks bytes.
fn is_too_long(window: &[u8], wide: bool) -> bool {
    let Some((_, rest)) = window.split_first().filter(|_| window.len() == MAX_LENGTH) else { return false };
    let mut decoder = Decoder::new(if wide { 32 } else { 16 }, rest, OPTIONS);
    let mut rest_of_it = Instruction::default();
    decoder.decode_out(&mut rest_of_it);
    decoder.last_error() == DecoderError::NoMoreBytes
}

fn accept<M: Model>(instruction: &Instruction, bytes: &[u8]) -> Decoded {
    let mut op = Op { cost: cost(instruction, bytes), ..blank() };
    form::operands(instruction, &mut op);
    let repeats = is_string(instruction.mnemonic())
        && op.attributes.intersects(Attributes::REPEAT | Attributes::REPEAT_NOT_EQUAL);
    let falls_through = instruction.flow_control() == FlowControl::Next || instruction.is_jcc_short_or_near();
    let mut ends = repeats || !falls_through;
    let handler = if let Some(handler) = integer::decode::<M>(instruction, &mut op) {
        handler
    } else if let Some(handler) = float::decode::<M>(instruction, bytes, &mut op) {
        handler
    } else if let Some((handler, closes)) = system::decode::<M>(instruction, &mut op) {
        ends |= closes;
        handler
    } else {
        ends = true;
        form::undefined as Handler
    };
    op.run = handler;
    Decoded {
        op,
        length: instruction.len().to_le_bytes()[0],
        ends,
        comparison: fusion::comparison::<M>(instruction),
        condition: instruction
            .is_jcc_short_or_near()
            .then(|| transfer::condition_number(instruction.condition_code())),
        idling: match instruction.mnemonic() {
            Mnemonic::Nop | Mnemonic::Pause => Idling::Passes,
            Mnemonic::Jmp if instruction.is_jmp_short_or_near() => Idling::Jumps,
            _ => Idling::Works,
        },
    }
}

fn is_string(mnemonic: Mnemonic) -> bool {
    use Mnemonic as Is;
    matches!(
        mnemonic,
        Is::Movsb
            | Is::Movsw
            | Is::Movsd
            | Is::Cmpsb
            | Is::Cmpsw
            | Is::Cmpsd
            | Is::Scasb
            | Is::Scasw
            | Is::Scasd
            | Is::Lodsb
            | Is::Lodsw
            | Is::Lodsd
            | Is::Stosb
            | Is::Stosw
            | Is::Stosd
            | Is::Insb
            | Is::Insw
            | Is::Insd
            | Is::Outsb
            | Is::Outsw
            | Is::Outsd
    )
}

fn blank() -> Op {
    Op { base: NONE, index: NONE, cost: 1, ..Op::BOUNDARY }
}

/// A refusal, as long as the bytes that were looked at to find it: others there may be an instruction.
fn ending(handler: Handler, bytes: usize) -> Decoded {
    let length = bytes.clamp(1, MAX_LENGTH).to_le_bytes()[0];
    let op = Op { run: handler, ..blank() };
    Decoded { op, length, ends: true, comparison: None, condition: None, idling: Idling::Works }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::model::Fast;
    use crate::cpu::op::Exit;

    fn is_undefined(bytes: &[u8]) -> bool {
        let mut window = bytes.to_vec();
        window.resize(MAX_LENGTH, 0);
        decode::<Fast>(&window, true).is_ok_and(|decoded| {
            std::ptr::fn_addr_eq(decoded.op.run, form::undefined as fn(&mut _, &mut _, &[Op]) -> Exit)
        })
    }

    #[test]
    fn what_a_p54c_lacks_is_undefined() {
        for bytes in [
            &[0x0F, 0x1F, 0x00][..],   // multi-byte NOP
            &[0xF3, 0x0F, 0x1E, 0xFB], // ENDBR32
            &[0x0F, 0x44, 0xC0],       // CMOVE
            &[0x0F, 0x6F, 0xC0],       // MOVQ mm
            &[0x0F, 0x58, 0xC0],       // ADDPS
            &[0x0F, 0x33],             // RDPMC
            &[0x0F, 0x34],             // SYSENTER
            &[0x0F, 0x05],             // SYSCALL
            &[0x0F, 0xAE, 0xE8],       // LFENCE
            &[0x0F, 0xAE, 0x38],       // CLFLUSH
            &[0x0F, 0x0B],             // UD2
            &[0x0F, 0x18, 0x00],       // PREFETCH
            &[0x0F, 0x24, 0xC0],       // MOV EAX, TR0
            &[0xDA, 0xC0],             // FCMOVB
            &[0xDB, 0xE8],             // FUCOMI
            &[0xDF, 0x08],             // FISTTP m16
            &[0xF0, 0x90],             // LOCK NOP
            &[0xF0, 0x0F, 0x0A],       // LOCK CL1INVMB
            &[0x0F, 0xFF, 0xC0],       // UD0
        ] {
            assert!(is_undefined(bytes), "{bytes:02x?} must raise #UD");
        }
    }

    #[test]
    fn sixteenth_byte_makes_an_instruction_too_long_and_no_invalid_one() {
        let mut bytes = [0x66; MAX_LENGTH];
        let refusal = |bytes: &[u8]| decode::<Fast>(bytes, true).map(|decoded| decoded.op.run).ok();
        let is = |bytes: &[u8], handler: Handler| {
            refusal(bytes).is_some_and(|run| std::ptr::fn_addr_eq(run, handler))
        };
        assert!(is(&bytes, form::too_long));
        bytes[13..].copy_from_slice(&[0x0F, 0x0B]);
        assert!(is(&bytes, form::undefined));
        bytes[14] = 0xBE;
        assert!(is(&bytes, form::too_long));
    }

    #[test]
    fn what_a_p54c_has_is_defined() {
        for bytes in [
            &[0x0F, 0x0A][..],         // CL1INVMB
            &[0xF3, 0x0F, 0xBC, 0xC1], // BSF under another name
            &[0xF3, 0x90],             // PAUSE
            &[0x0F, 0xC7, 0x08],       // CMPXCHG8B
            &[0x0F, 0x31],             // RDTSC
            &[0xD6],                   // SALC
            &[0x82, 0xC0, 0x01],       // ADD AL, 1, alias
            &[0xDD, 0xC8],             // FXCH4
            &[0xF3, 0x0F, 0x09],       // WBINVD
        ] {
            assert!(!is_undefined(bytes), "{bytes:02x?} must not raise #UD");
        }
    }
}
