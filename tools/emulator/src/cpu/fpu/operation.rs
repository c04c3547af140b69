//! The FPU instructions as values: what the decoder produces and [`super::Fpu`] performs.
//!
//! An operation knows which memory operand it has, whether it waits for a pending error first and whether it
//! updates the last-instruction pointers, so that the core needs no table of its own.
//! Source: Pentium Processor Family Developer's Manual vol. 3, FPU instruction reference and opcode maps.

use super::compare::Comparison;
use super::control::ControlWord;
use super::float80::Float80;
use super::integral::IntegerWidth;
use super::remainder::Quotient;
use super::rounding::Rounded;
use super::transcendental::{Circular, LogarithmArgument};
use super::{arithmetic, division};

/// The four basic operations, with reversed forms of those that do not commute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// destination + source
    Add,
    /// destination - source
    Subtract,
    /// source - destination
    SubtractReversed,
    /// destination * source
    Multiply,
    /// destination / source
    Divide,
    /// source / destination
    DivideReversed,
}

impl Operator {
    /// Applies the operator. Normal operands are the case that counts for speed: one inlined addition serves all
    /// three additive operators.
    #[inline(always)]
    pub(super) fn apply(self, destination: Float80, source: Float80, control: ControlWord) -> Rounded {
        if !(destination.is_normal() && source.is_normal()) {
            return self.apply_any(destination, source, control);
        }
        let (mut first, mut second) = (destination.finite(), source.finite());
        match self {
            Self::Multiply => arithmetic::multiply_finite(first, second, control),
            Self::Divide => division::divide_finite(first, second, control),
            Self::DivideReversed => division::divide_finite(second, first, control),
            Self::Add | Self::Subtract | Self::SubtractReversed => {
                first.negative ^= self == Self::SubtractReversed;
                second.negative ^= self == Self::Subtract;
                arithmetic::add_finite(first, second, control)
            }
        }
    }

    #[cold]
    fn apply_any(self, destination: Float80, source: Float80, control: ControlWord) -> Rounded {
        match self {
            Self::Add => arithmetic::add(destination, source, control),
            Self::Subtract => arithmetic::subtract(destination, source, control),
            Self::SubtractReversed => arithmetic::subtract(source, destination, control),
            Self::Multiply => arithmetic::multiply(destination, source, control),
            Self::Divide => division::divide(destination, source, control),
            Self::DivideReversed => division::divide(source, destination, control),
        }
    }
}

/// A number in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// 32-bit real.
    Single,
    /// 64-bit real.
    Double,
    /// 80-bit real.
    Extended,
    /// Signed integer.
    Integer(IntegerWidth),
    /// 18-digit packed decimal, ten bytes.
    Decimal,
}

impl Number {
    /// Size in memory.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Integer(IntegerWidth::Word) => 2,
            Self::Single | Self::Integer(IntegerWidth::Short) => 4,
            Self::Double | Self::Integer(IntegerWidth::Long) => 8,
            Self::Extended | Self::Decimal => 10,
        }
    }
}

/// Where a source operand comes from. Register indices are relative to TOP, 0..=7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// ST(i).
    Register(u8),
    /// Memory, passed in as raw bits.
    Memory(Number),
}

/// How many registers leave the stack once an operation is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pops {
    /// None.
    Keep,
    /// ST(0).
    One,
    /// ST(0) and ST(1).
    Two,
}

/// Constants that FLD1 to FLDZ load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// 1
    One,
    /// Binary logarithm of ten.
    Log2Of10,
    /// Binary logarithm of e.
    Log2OfE,
    /// Pi.
    Pi,
    /// Decimal logarithm of two.
    Log10Of2,
    /// Natural logarithm of two.
    LnOf2,
    /// +0
    Zero,
}

/// An instruction of the FPU. Register indices are relative to TOP, 0..=7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// ST(0) = ST(0) op source.
    Arithmetic(Operator, Source),
    /// ST(i) = ST(i) op ST(0).
    ArithmeticTo(Operator, u8, Pops),
    /// Sets C0, C2, C3 from ST(0) against source.
    Compare(Comparison, Source, Pops),
    /// FTST: compares ST(0) with zero.
    Test,
    /// FXAM.
    Examine,
    /// FLD, FILD, FBLD.
    Load(Source),
    /// FLD1 to FLDZ.
    LoadConstant(Constant),
    /// FST, FSTP to a register.
    StoreRegister(u8, Pops),
    /// The alias D9 D8+i of FSTP ST(i), known as FSTPNCE: an empty ST(0) is popped without a fault or a store.
    MoveAndPop(u8),
    /// FST, FSTP, FIST, FISTP, FBSTP to memory: two phases, see [`super::Fpu::prepare_store`].
    StoreMemory(Number, Pops),
    /// FXCH.
    Exchange(u8),
    /// FFREE, and FFREEP with a pop.
    Free(u8, Pops),
    /// FCHS.
    ChangeSign,
    /// FABS.
    AbsoluteValue,
    /// FSQRT.
    SquareRoot,
    /// FRNDINT.
    RoundToInteger,
    /// FSCALE.
    Scale,
    /// FXTRACT.
    Extract,
    /// FPREM, FPREM1.
    PartialRemainder(Quotient),
    /// F2XM1.
    PowerOfTwoMinusOne,
    /// FYL2X, FYL2XP1.
    Logarithm(LogarithmArgument),
    /// FPATAN.
    Arctangent,
    /// FSIN, FCOS, FSINCOS, FPTAN.
    Circular(Circular),
    /// FINCSTP.
    IncrementTop,
    /// FDECSTP.
    DecrementTop,
    /// FNOP.
    Nop,
    /// FNENI, FNDISI, FNSETPM: control instructions of the 8087 and 80287, ignored since the 80387.
    Ignored,
    /// FNCLEX.
    ClearExceptions,
    /// FNINIT.
    Initialize,
    /// FLDCW.
    LoadControlWord,
    /// FNSTCW.
    StoreControlWord,
    /// FNSTSW to memory.
    StoreStatusWord,
    /// FNSTSW AX: the core copies [`super::Fpu::status_word`] to AX.
    StoreStatusAx,
    /// FLDENV: see [`super::Fpu::load_environment`].
    LoadEnvironment,
    /// FNSTENV: see [`super::Fpu::environment`].
    StoreEnvironment,
    /// FRSTOR: see [`super::Fpu::restore`].
    Restore,
    /// FNSAVE: see [`super::Fpu::image`].
    Save,
}

/// Direction of a memory operand, seen from the FPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The core reads memory before the operation.
    Load,
    /// The core writes memory before the operation's effects on the FPU become visible.
    Store,
}

/// Size of a memory operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A fixed number of bytes: 2, 4, 8 or 10.
    Bytes(usize),
    /// The environment: 14 or 28 bytes, by operand size.
    Environment,
    /// The whole state: 94 or 108 bytes, by operand size.
    State,
}

/// The memory operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryAccess {
    /// Load or store.
    pub direction: Direction,
    /// Size.
    pub extent: Extent,
}

impl Operation {
    /// The memory operand, if there is one.
    pub const fn memory(self) -> Option<MemoryAccess> {
        let (direction, extent) = match self {
            Self::Arithmetic(_, Source::Memory(number))
            | Self::Compare(_, Source::Memory(number), _)
            | Self::Load(Source::Memory(number)) => (Direction::Load, Extent::Bytes(number.bytes())),
            Self::StoreMemory(number, _) => (Direction::Store, Extent::Bytes(number.bytes())),
            Self::LoadControlWord => (Direction::Load, Extent::Bytes(2)),
            Self::StoreControlWord | Self::StoreStatusWord => (Direction::Store, Extent::Bytes(2)),
            Self::LoadEnvironment => (Direction::Load, Extent::Environment),
            Self::StoreEnvironment => (Direction::Store, Extent::Environment),
            Self::Restore => (Direction::Load, Extent::State),
            Self::Save => (Direction::Store, Extent::State),
            _ => return None,
        };
        Some(MemoryAccess { direction, extent })
    }

    /// Whether a pending error is reported (#MF) instead of the operation being performed.
    #[inline]
    pub const fn waits(self) -> bool {
        !matches!(
            self,
            Self::Ignored
                | Self::ClearExceptions
                | Self::Initialize
                | Self::StoreControlWord
                | Self::StoreStatusWord
                | Self::StoreStatusAx
                | Self::StoreEnvironment
                | Self::Save
        )
    }

    /// Whether the operation records its address, opcode and memory operand as the last instruction's.
    #[inline]
    pub const fn updates_pointers(self) -> bool {
        self.waits() && !matches!(self, Self::LoadControlWord | Self::LoadEnvironment | Self::Restore)
    }
}
