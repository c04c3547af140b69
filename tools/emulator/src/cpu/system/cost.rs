//! Cycles of far transfers and interrupts, besides those that the decoder charges: 1, for IRET 8.
//!
//! Source: Pentium manual vol. 3, instruction timings; the time of a task switch is that between two 32-bit
//! task-state segments.

use crate::cpu::state::Core;

/// An interrupt or exception through the real-mode vector table.
pub(crate) const VECTOR: u64 = 15;
/// An interrupt or exception through a gate, to the same level.
pub(crate) const GATE: u64 = 30;
/// The same to an inner level.
pub(crate) const INNER_GATE: u64 = 47;
/// The same from V86 mode.
pub(crate) const VIRTUAL_GATE: u64 = 81;
/// A task switch.
pub(crate) const TASK_SWITCH: u64 = 85;
/// A direct far jump.
pub(crate) const FAR_JUMP: u64 = 2;
/// A direct far call.
pub(crate) const FAR_CALL: u64 = 3;
/// A jump through a call gate, or a call through one to the same level.
pub(crate) const CALL_GATE: u64 = 21;
/// A call through a gate to an inner level, without parameters.
pub(crate) const INNER_CALL: u64 = 43;
/// Each parameter copied by a call gate.
pub(crate) const PARAMETER: u64 = 2;
/// A far return to the same level.
pub(crate) const FAR_RETURN: u64 = 3;
/// A far return to an outer level.
pub(crate) const OUTER_RETURN: u64 = 22;
/// IRET to an outer level.
pub(crate) const OUTER_IRET: u64 = 19;
/// IRET to the same level of protected mode.
pub(crate) const IRET: u64 = 2;

impl Core {
    /// Charges cycles to the running instruction, unless every instruction costs one.
    pub(crate) fn charge(&mut self, cycles: u64) {
        if !self.flat_timing {
            self.cycles += cycles;
        }
    }
}
