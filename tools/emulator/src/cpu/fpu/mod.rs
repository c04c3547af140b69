//! The x87 FPU of the P54C: registers, arithmetic and instructions, independent of the core around it.
//!
//! ```text
//! decode(opcode, modrm) -> Operation -> Fpu::execute          registers and memory sources
//!                                    -> Fpu::prepare_store    numbers, control and status word to memory
//!                                       Fpu::commit_store
//!                                    -> Fpu::environment, load_environment, image, restore
//! ```
//!
//! Arithmetic is exact integer arithmetic on 128-bit significands followed by one rounding; it never uses the host's
//! floating point. Where manuals leave a result open, the host processor's x87 decided (differential tests).
//! The core around it checks CR0.EM and CR0.TS (#NM), raises #MF if [`Operation::waits`] and
//! [`Fpu::pending_error`], moves memory operands and records the instruction's pointers.
//! Source: Intel SDM vol. 1 chapter 8; Pentium Processor Family Developer's Manual vol. 3.

mod arithmetic;
mod compare;
mod control;
mod decode;
mod division;
mod environment;
mod execute;
mod float80;
mod integral;
mod nan;
mod narrow;
mod operation;
mod remainder;
mod rounding;
mod scale;
mod state;
mod store;
mod transcendental;

pub use compare::Comparison;
pub use control::{ControlWord, Precision, Rounding, StatusFlags};
pub use decode::decode;
pub use environment::{Environment, Layout, OperandSize, PointerFormat, StateImage};
pub use float80::{Class, Float80};
pub use integral::IntegerWidth;
pub use operation::{Constant, Direction, Extent, MemoryAccess, Number, Operation, Operator, Pops, Source};
pub use remainder::Quotient;
pub use state::{Fpu, InstructionPointers};
pub use store::Store;
pub use transcendental::{Circular, LogarithmArgument};
