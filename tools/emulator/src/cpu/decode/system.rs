//! x
use crate::cpu::model::Model; use crate::cpu::op::{Handler,Op}; use iced_x86::Instruction;
pub(crate) fn decode<M: Model>(i: &Instruction, op: &mut Op) -> Option<(Handler,bool)> { None }
