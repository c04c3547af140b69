//! Performs operations on the register stack and with memory sources.
//!
//! Each instruction first checks the stack, then computes, then lets the state settle the exceptions, which says
//! whether results and pops happen. Stores to memory are in `store`, whole environments in `environment`.
//! Source: Intel SDM vol. 1 §8.5.1.1 (stack faults), vol. 2 instruction pages.

#![expect(clippy::cast_possible_truncation, reason = "a memory operand is the low bits of the raw input")]

use super::arithmetic::admits_denormal;
use super::compare::{Comparison, compare, examine};
use super::control::{ControlWord, Precision, StatusFlags};
use super::division::square_root;
use super::float80::{Class, Float80};
use super::integral::{IntegerWidth, from_decimal, from_integer, round_to_integer};
use super::narrow::{from_double, from_single};
use super::operation::{Constant, Number, Operation, Operator, Pops, Source};
use super::remainder::{Quotient, partial_remainder};
use super::rounding::{Rounded, halves, round};
use super::scale::{extract, scale};
use super::state::Fpu;
use super::transcendental::{
    self, Circular, LogarithmArgument, arctangent, logarithm, power_of_two_minus_one,
};

impl Constant {
    /// Sign-free exponent and 128 bits of the constant; loading rounds it to 64 bits.
    const fn parts(self) -> (i32, u128) {
        match self {
            Self::One => (0x3FFF, 1 << 127),
            Self::Log2Of10 => (0x4000, transcendental::LOG2_OF_10),
            Self::Log2OfE => (0x3FFF, transcendental::LOG2_OF_E),
            Self::Pi => (0x4000, transcendental::PI),
            Self::Log10Of2 => (0x3FFD, transcendental::LOG10_OF_2),
            Self::LnOf2 => (0x3FFE, transcendental::LN_OF_2),
            Self::Zero => (0, 0),
        }
    }

    /// The constant as loaded; it depends on the rounding direction, but is never reported inexact.
    fn value(self, control: ControlWord) -> Float80 {
        match self.parts() {
            (_, 0) => Float80::ZERO,
            (exponent, significand) => {
                let (high, low) = halves(significand);
                round(false, exponent, high, low, Precision::Extended, control).value
            }
        }
    }
}

/// Widens a number from memory; the second value says whether it is a denormal of its format.
#[inline(always)]
fn widen(number: Number, input: u128) -> (Float80, bool) {
    if number == Number::Double { from_double(input as u64) } else { widen_any(number, input) }
}

fn widen_any(number: Number, input: u128) -> (Float80, bool) {
    match number {
        Number::Double => from_double(input as u64),
        Number::Single => from_single(input as u32),
        Number::Extended => (Float80::from_bits(input), false),
        Number::Integer(IntegerWidth::Word) => (from_integer(i64::from((input as u16).cast_signed())), false),
        Number::Integer(IntegerWidth::Short) => {
            (from_integer(i64::from((input as u32).cast_signed())), false)
        }
        Number::Integer(IntegerWidth::Long) => (from_integer((input as u64).cast_signed()), false),
        Number::Decimal => (from_decimal(input), false),
    }
}

impl Fpu {
    /// Performs an operation other than stores to memory and loads of environments. `input` is the memory operand
    /// in its low bits, if there is one; operations without one ignore it.
    ///
    /// Pending errors are not looked at: the core raises #MF beforehand. [`Operation::StoreStatusAx`],
    /// [`Operation::Nop`] and operations with entry points of their own do nothing here.
    #[inline]
    pub fn execute(&mut self, operation: Operation, input: u128) {
        match operation {
            Operation::Arithmetic(operator, source) => self.arithmetic(operator, source, input),
            Operation::ArithmeticTo(operator, index, pops) => self.arithmetic_to(operator, index, pops),
            Operation::Load(source) => self.load(source, input),
            _ => self.execute_other(operation, input),
        }
    }

    fn execute_other(&mut self, operation: Operation, input: u128) {
        match operation {
            Operation::Arithmetic(..) | Operation::ArithmeticTo(..) | Operation::Load(_) => {}
            Operation::Compare(comparison, source, pops) => self.compare(comparison, source, pops, input),
            Operation::Test => self.compare_with(Comparison::Ordered, (Float80::ZERO, false), Pops::Keep),
            Operation::Examine => {
                let flags = examine(self.register(0), self.is_empty(0));
                self.settle(flags & StatusFlags::C1);
                self.set_condition(flags);
            }
            Operation::LoadConstant(constant) => {
                let value = constant.value(self.control);
                self.push_result(Rounded::exact(value));
            }
            Operation::StoreRegister(index, pops) => self.store_register(index, pops),
            Operation::MoveAndPop(_) if self.is_empty(0) => self.turn(1),
            Operation::MoveAndPop(index) => self.store_register(index, Pops::One),
            Operation::Exchange(index) => self.exchange(index),
            Operation::Free(index, pops) => {
                self.status.remove(StatusFlags::C1);
                self.free(index);
                self.pops(pops);
            }
            Operation::ChangeSign => self.unary(|value, _| Rounded::exact(value.negated())),
            Operation::AbsoluteValue => self.unary(|value, _| Rounded::exact(value.with_sign(false))),
            Operation::SquareRoot => self.unary(square_root),
            Operation::RoundToInteger => self.unary(round_to_integer),
            Operation::PowerOfTwoMinusOne => self.unary(power_of_two_minus_one),
            Operation::Scale => self.replace_top(scale),
            Operation::PartialRemainder(quotient) => self.partial_remainder(quotient),
            Operation::Extract => self.extract(),
            Operation::Logarithm(argument) => self.logarithm(argument),
            Operation::Arctangent => self.combine_and_pop(|x, y, control| arctangent(y, x, control)),
            Operation::Circular(function) => self.circular(function),
            Operation::IncrementTop => self.turn(1),
            Operation::DecrementTop => self.turn(7),
            Operation::ClearExceptions => {
                let kept = StatusFlags::CONDITION | StatusFlags::C1;
                self.status &= kept;
            }
            Operation::Initialize => self.initialize(),
            Operation::LoadControlWord => self.set_control(ControlWord::from_bits(input as u16)),
            Operation::Nop
            | Operation::Ignored
            | Operation::StoreMemory(..)
            | Operation::StoreControlWord
            | Operation::StoreStatusWord
            | Operation::StoreStatusAx
            | Operation::LoadEnvironment
            | Operation::StoreEnvironment
            | Operation::Restore
            | Operation::Save => {}
        }
    }

    #[inline]
    pub(super) fn pops(&mut self, pops: Pops) {
        match pops {
            Pops::Keep => {}
            Pops::One => self.pop(),
            Pops::Two => {
                self.pop();
                self.pop();
            }
        }
    }

    fn turn(&mut self, distance: u8) {
        self.status.remove(StatusFlags::C1);
        self.rotate(distance);
    }

    fn arithmetic(&mut self, operator: Operator, source: Source, input: u128) {
        let (operand, denormal) = match source {
            Source::Memory(number) => widen(number, input),
            Source::Register(index) if self.is_empty(index) => return self.underflow_to(0, Pops::Keep),
            Source::Register(index) => (self.register(index), false),
        };
        if self.is_empty(0) {
            return self.underflow_to(0, Pops::Keep);
        }
        let mut result = operator.apply(self.register(0), operand, self.control);
        if denormal && admits_denormal(result) {
            result = result.raising(StatusFlags::DENORMAL);
        }
        if self.settle(result.flags) {
            self.set_register(0, result.value);
        }
    }

    fn arithmetic_to(&mut self, operator: Operator, index: u8, pops: Pops) {
        if self.is_empty(0) || self.is_empty(index) {
            return self.underflow_to(index, pops);
        }
        let result = operator.apply(self.register(index), self.register(0), self.control);
        if self.settle(result.flags) {
            self.set_register(index, result.value);
            self.pops(pops);
        }
    }

    /// The response to an empty operand of an operation whose result goes to ST(`index`).
    #[cold]
    fn underflow_to(&mut self, index: u8, pops: Pops) {
        if self.settle(StatusFlags::STACK_UNDERFLOW) {
            self.set_register(index, Float80::INDEFINITE);
            self.pops(pops);
        }
    }

    fn load(&mut self, source: Source, input: u128) {
        match source {
            Source::Memory(number @ (Number::Single | Number::Double)) => {
                let (value, denormal) = widen(number, input);
                let result = if denormal {
                    Rounded::with(value, StatusFlags::DENORMAL)
                } else if value.class() == Class::SignalingNan {
                    Rounded::with(value.quieted(), StatusFlags::INVALID)
                } else {
                    Rounded::exact(value)
                };
                self.push_result(result);
            }
            Source::Memory(number) => self.push_result(Rounded::exact(widen(number, input).0)),
            Source::Register(index) => {
                // An empty source counts before an occupied destination.
                if self.is_empty(index) {
                    if self.settle(StatusFlags::STACK_UNDERFLOW) {
                        self.push(Float80::INDEFINITE);
                    }
                    return;
                }
                self.push_result(Rounded::exact(self.register(index)));
            }
        }
    }

    #[inline]
    fn push_result(&mut self, result: Rounded) {
        let result = if self.is_empty(7) {
            result
        } else {
            Rounded::with(Float80::INDEFINITE, StatusFlags::STACK_OVERFLOW)
        };
        if self.settle(result.flags) {
            self.push(result.value);
        }
    }

    fn compare(&mut self, comparison: Comparison, source: Source, pops: Pops, input: u128) {
        let operand = match source {
            Source::Memory(number) => widen(number, input),
            Source::Register(index) if self.is_empty(index) => {
                return self.settle_comparison(StatusFlags::STACK_UNDERFLOW | StatusFlags::UNORDERED, pops);
            }
            Source::Register(index) => (self.register(index), false),
        };
        self.compare_with(comparison, operand, pops);
    }

    fn compare_with(&mut self, comparison: Comparison, (operand, denormal): (Float80, bool), pops: Pops) {
        let mut flags = if self.is_empty(0) {
            StatusFlags::STACK_UNDERFLOW | StatusFlags::UNORDERED
        } else {
            compare(self.register(0), operand, comparison)
        };
        if denormal && !flags.contains(StatusFlags::UNORDERED) {
            flags.insert(StatusFlags::DENORMAL);
        }
        self.settle_comparison(flags, pops);
    }

    fn settle_comparison(&mut self, flags: StatusFlags, pops: Pops) {
        self.set_condition(flags);
        if self.settle(flags - StatusFlags::CONDITION) {
            self.pops(pops);
        }
    }

    fn store_register(&mut self, index: u8, pops: Pops) {
        if self.is_empty(0) {
            return self.underflow_to(index, pops);
        }
        let value = self.register(0);
        self.settle(StatusFlags::empty());
        self.set_register(index, value);
        self.pops(pops);
    }

    fn exchange(&mut self, index: u8) {
        let flags = if self.is_empty(0) || self.is_empty(index) {
            StatusFlags::STACK_UNDERFLOW
        } else {
            StatusFlags::empty()
        };
        if self.settle(flags) {
            let (top, other) = (self.register_or_indefinite(0), self.register_or_indefinite(index));
            self.set_register(0, other);
            self.set_register(index, top);
        }
    }

    fn register_or_indefinite(&self, index: u8) -> Float80 {
        if self.is_empty(index) { Float80::INDEFINITE } else { self.register(index) }
    }

    /// ST(0) = f(ST(0)).
    fn unary(&mut self, function: fn(Float80, ControlWord) -> Rounded) {
        if self.is_empty(0) {
            return self.underflow_to(0, Pops::Keep);
        }
        let result = function(self.register(0), self.control);
        if self.settle(result.flags) {
            self.set_register(0, result.value);
        }
    }

    /// ST(0) = f(ST(0), ST(1)).
    fn replace_top(&mut self, function: fn(Float80, Float80, ControlWord) -> Rounded) {
        if self.is_empty(0) || self.is_empty(1) {
            return self.underflow_to(0, Pops::Keep);
        }
        let result = function(self.register(0), self.register(1), self.control);
        if self.settle(result.flags) {
            self.set_register(0, result.value);
        }
    }

    /// ST(1) = f(ST(0), ST(1)), then pops.
    fn combine_and_pop(&mut self, function: fn(Float80, Float80, ControlWord) -> Rounded) {
        if self.is_empty(0) || self.is_empty(1) {
            return self.underflow_to(1, Pops::One);
        }
        let result = function(self.register(0), self.register(1), self.control);
        if self.settle(result.flags) {
            self.set_register(1, result.value);
            self.pop();
        }
    }

    fn logarithm(&mut self, argument: LogarithmArgument) {
        match argument {
            LogarithmArgument::Whole => {
                self.combine_and_pop(|x, y, control| logarithm(x, y, LogarithmArgument::Whole, control));
            }
            LogarithmArgument::LessOne => {
                self.combine_and_pop(|x, y, control| logarithm(x, y, LogarithmArgument::LessOne, control));
            }
        }
    }

    /// C0 and C3 keep their values where there is no quotient.
    fn partial_remainder(&mut self, quotient: Quotient) {
        self.status.remove(StatusFlags::C2);
        if self.is_empty(0) || self.is_empty(1) {
            return self.underflow_to(0, Pops::Keep);
        }
        let result = partial_remainder(self.register(0), self.register(1), quotient, self.control);
        if self.settle(result.flags) {
            self.set_register(0, result.value);
            if !result.value.is_nan() {
                self.set_condition(result.flags);
            }
        }
    }

    /// Whether an operation that replaces ST(0) by two values can start; if not, its response has been given.
    fn ready_for_two(&mut self) -> bool {
        let fault = if self.is_empty(0) {
            StatusFlags::STACK_UNDERFLOW
        } else if !self.is_empty(7) {
            StatusFlags::STACK_OVERFLOW
        } else {
            return true;
        };
        if self.settle(fault) {
            self.set_register(0, Float80::INDEFINITE);
            self.push(Float80::INDEFINITE);
        }
        false
    }

    fn extract(&mut self) {
        if !self.ready_for_two() {
            return;
        }
        let (exponent, significand, flags) = extract(self.register(0));
        if self.settle(flags) {
            self.set_register(0, exponent);
            self.push(significand);
        }
    }

    fn circular(&mut self, function: Circular) {
        self.status.remove(StatusFlags::C2);
        if matches!(function, Circular::Sine | Circular::Cosine) {
            if self.is_empty(0) {
                return self.underflow_to(0, Pops::Keep);
            }
        } else if !self.ready_for_two() {
            return;
        }
        let value = self.register(0);
        if transcendental::out_of_range(value) {
            self.settle(StatusFlags::empty());
            self.status.insert(StatusFlags::C2);
            return;
        }
        let (result, pushed) = transcendental::circular(value, function, self.control);
        if self.settle(result.flags) {
            self.set_register(0, result.value);
            if let Some(pushed) = pushed {
                self.push(pushed);
            }
        }
    }
}
