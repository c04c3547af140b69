//! Decodes the escape opcodes D8 to DF.
//!
//! Encodings the P54C reserves decode to `None`, which the core reports as #UD: FCMOVcc, FCOMI and FISTTP of later
//! processors among them. Aliases that the P54C executes although no manual of the time lists them decode like
//! the documented form.
//! Source: Pentium Processor Family Developer's Manual vol. 3, appendix A (escape opcode maps).

use super::compare::Comparison::{Ordered, Unordered};
use super::integral::IntegerWidth::{Long, Short, Word};
use super::operation::{Constant, Number, Operation, Operator, Pops, Source};
use super::remainder::Quotient;
use super::transcendental::{Circular, LogarithmArgument};

/// Decodes an escape opcode (`0xD8..=0xDF`) with its ModR/M byte; `None` for reserved encodings.
pub const fn decode(opcode: u8, modrm: u8) -> Option<Operation> {
    let field = modrm >> 3 & 7;
    if modrm < 0xC0 {
        return decode_memory(opcode, field);
    }
    let index = modrm & 7;
    match opcode {
        0xD8 => Some(basic(field, Source::Register(index))),
        0xD9 => decode_d9(modrm),
        0xDA if modrm == 0xE9 => Some(Operation::Compare(Unordered, Source::Register(1), Pops::Two)),
        0xDB => match modrm {
            0xE0 | 0xE1 | 0xE4 => Some(Operation::Ignored),
            0xE2 => Some(Operation::ClearExceptions),
            0xE3 => Some(Operation::Initialize),
            _ => None,
        },
        0xDC => match field {
            2 => Some(Operation::Compare(Ordered, Source::Register(index), Pops::Keep)),
            3 => Some(Operation::Compare(Ordered, Source::Register(index), Pops::One)),
            _ => Some(Operation::ArithmeticTo(operator_to_register(field), index, Pops::Keep)),
        },
        0xDD => Some(match field {
            0 => Operation::Free(index, Pops::Keep),
            1 => Operation::Exchange(index),
            2 => Operation::StoreRegister(index, Pops::Keep),
            3 => Operation::StoreRegister(index, Pops::One),
            4 => Operation::Compare(Unordered, Source::Register(index), Pops::Keep),
            5 => Operation::Compare(Unordered, Source::Register(index), Pops::One),
            _ => return None,
        }),
        0xDE => match field {
            2 => Some(Operation::Compare(Ordered, Source::Register(index), Pops::One)),
            3 if index == 1 => Some(Operation::Compare(Ordered, Source::Register(1), Pops::Two)),
            3 => None,
            _ => Some(Operation::ArithmeticTo(operator_to_register(field), index, Pops::One)),
        },
        0xDF => Some(match field {
            0 => Operation::Free(index, Pops::One),
            1 => Operation::Exchange(index),
            2 | 3 => Operation::StoreRegister(index, Pops::One),
            4 if index == 0 => Operation::StoreStatusAx,
            _ => return None,
        }),
        _ => None,
    }
}

/// The eight operations that share one encoding of the reg field.
const fn basic(field: u8, source: Source) -> Operation {
    match field {
        0 => Operation::Arithmetic(Operator::Add, source),
        1 => Operation::Arithmetic(Operator::Multiply, source),
        2 => Operation::Compare(Ordered, source, Pops::Keep),
        3 => Operation::Compare(Ordered, source, Pops::One),
        4 => Operation::Arithmetic(Operator::Subtract, source),
        5 => Operation::Arithmetic(Operator::SubtractReversed, source),
        6 => Operation::Arithmetic(Operator::Divide, source),
        _ => Operation::Arithmetic(Operator::DivideReversed, source),
    }
}

/// With ST(i) as destination the encodings of the reversed forms change places.
const fn operator_to_register(field: u8) -> Operator {
    match field {
        0 => Operator::Add,
        1 => Operator::Multiply,
        4 => Operator::SubtractReversed,
        5 => Operator::Subtract,
        6 => Operator::DivideReversed,
        _ => Operator::Divide,
    }
}

const fn decode_memory(opcode: u8, field: u8) -> Option<Operation> {
    let number = match opcode {
        0xD8 | 0xD9 => Number::Single,
        0xDA | 0xDB => Number::Integer(Short),
        0xDC | 0xDD => Number::Double,
        0xDE | 0xDF => Number::Integer(Word),
        _ => return None,
    };
    Some(match (opcode, field) {
        (0xD8 | 0xDA | 0xDC | 0xDE, _) => basic(field, Source::Memory(number)),
        (_, 0) => Operation::Load(Source::Memory(number)),
        (_, 2) => Operation::StoreMemory(number, Pops::Keep),
        (_, 3) => Operation::StoreMemory(number, Pops::One),
        (0xD9, 4) => Operation::LoadEnvironment,
        (0xD9, 5) => Operation::LoadControlWord,
        (0xD9, 6) => Operation::StoreEnvironment,
        (0xD9, 7) => Operation::StoreControlWord,
        (0xDB, 5) => Operation::Load(Source::Memory(Number::Extended)),
        (0xDB, 7) => Operation::StoreMemory(Number::Extended, Pops::One),
        (0xDD, 4) => Operation::Restore,
        (0xDD, 6) => Operation::Save,
        (0xDD, 7) => Operation::StoreStatusWord,
        (0xDF, 4) => Operation::Load(Source::Memory(Number::Decimal)),
        (0xDF, 5) => Operation::Load(Source::Memory(Number::Integer(Long))),
        (0xDF, 6) => Operation::StoreMemory(Number::Decimal, Pops::One),
        (0xDF, 7) => Operation::StoreMemory(Number::Integer(Long), Pops::One),
        _ => return None,
    })
}

const fn decode_d9(modrm: u8) -> Option<Operation> {
    Some(match modrm {
        0xC0..=0xC7 => Operation::Load(Source::Register(modrm & 7)),
        0xC8..=0xCF => Operation::Exchange(modrm & 7),
        0xD0 => Operation::Nop,
        0xD8..=0xDF => Operation::MoveAndPop(modrm & 7),
        0xE0 => Operation::ChangeSign,
        0xE1 => Operation::AbsoluteValue,
        0xE4 => Operation::Test,
        0xE5 => Operation::Examine,
        0xE8 => Operation::LoadConstant(Constant::One),
        0xE9 => Operation::LoadConstant(Constant::Log2Of10),
        0xEA => Operation::LoadConstant(Constant::Log2OfE),
        0xEB => Operation::LoadConstant(Constant::Pi),
        0xEC => Operation::LoadConstant(Constant::Log10Of2),
        0xED => Operation::LoadConstant(Constant::LnOf2),
        0xEE => Operation::LoadConstant(Constant::Zero),
        0xF0 => Operation::PowerOfTwoMinusOne,
        0xF1 => Operation::Logarithm(LogarithmArgument::Whole),
        0xF2 => Operation::Circular(Circular::Tangent),
        0xF3 => Operation::Arctangent,
        0xF4 => Operation::Extract,
        0xF5 => Operation::PartialRemainder(Quotient::Nearest),
        0xF6 => Operation::DecrementTop,
        0xF7 => Operation::IncrementTop,
        0xF8 => Operation::PartialRemainder(Quotient::Chopped),
        0xF9 => Operation::Logarithm(LogarithmArgument::LessOne),
        0xFA => Operation::SquareRoot,
        0xFB => Operation::Circular(Circular::SineCosine),
        0xFC => Operation::RoundToInteger,
        0xFD => Operation::Scale,
        0xFE => Operation::Circular(Circular::Sine),
        0xFF => Operation::Circular(Circular::Cosine),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_processors_instructions_are_reserved() {
        let fcmov = (0xC0..=0xDF).flat_map(|modrm| [(0xDA, modrm), (0xDB, modrm)]);
        let fcomi = (0xE8..=0xF7).flat_map(|modrm| [(0xDB, modrm), (0xDF, modrm)]);
        let fisttp = [(0xDB, 0x08), (0xDD, 0x08), (0xDF, 0x08)];
        for (opcode, modrm) in fcmov.chain(fcomi).chain(fisttp) {
            assert_eq!(decode(opcode, modrm), None, "{opcode:02x} {modrm:02x}");
        }
    }

    #[test]
    fn aliases_decode_like_the_documented_form() {
        let aliases = [
            ((0xDC, 0xD3), (0xD8, 0xD3)),
            ((0xDC, 0xDB), (0xD8, 0xDB)),
            ((0xDE, 0xD3), (0xD8, 0xDB)),
            ((0xDD, 0xCB), (0xD9, 0xCB)),
            ((0xDF, 0xCB), (0xD9, 0xCB)),
            ((0xDF, 0xD3), (0xDD, 0xDB)),
            ((0xDF, 0xDB), (0xDD, 0xDB)),
        ];
        for ((opcode, modrm), (documented, documented_modrm)) in aliases {
            assert_eq!(decode(opcode, modrm), decode(documented, documented_modrm));
        }
        assert_eq!(decode(0xDF, 0xC2), Some(Operation::Free(2, Pops::One)));
        assert_eq!(decode(0xD9, 0xDB), Some(Operation::MoveAndPop(3)));
    }

    #[test]
    fn register_destination_swaps_the_reversed_forms() {
        let reversed = Operation::ArithmeticTo(Operator::SubtractReversed, 1, Pops::Keep);
        assert_eq!(decode(0xDC, 0xE1), Some(reversed));
        assert_eq!(
            decode(0xD8, 0x20),
            Some(Operation::Arithmetic(Operator::Subtract, Source::Memory(Number::Single)))
        );
    }

    #[test]
    fn number_of_defined_register_encodings_per_opcode() {
        let count = |opcode| (0xC0..=0xFF).filter(|&modrm| decode(opcode, modrm).is_some()).count();
        assert_eq!((0xD8..=0xDF).map(count).collect::<Vec<_>>(), [64, 52, 1, 5, 64, 48, 57, 33]);
    }
}
