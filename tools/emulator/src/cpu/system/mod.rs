//! Privileged and segment-related instructions, interrupts, exceptions and tasks.
//!
//! Where to look:
//!
//! ```text
//! descriptor, data_segment, code_segment   reading and checking descriptors
//! frame, words                             pushing and reading several values at once
//! far_jump, far_call, far_return           far transfers
//! interrupt_return                         IRET
//! interrupt, raise                         delivery, double faults, shutdown
//! software_interrupt                       INT n, INT3, INTO, INT1
//! task_switch, task_state                  hardware tasks
//! control_registers, descriptor_tables     CR, DR, LGDT ... STR
//! verify                                   LAR LSL VERR VERW ARPL
//! segment_moves                            MOV/PUSH/POP segment, LDS ... LSS
//! eflags, interrupt_flag                   flags: who may change what; CLI STI PUSHF POPF
//! ports                                    IN OUT INS OUTS, I/O permission
//! model_specific, maintenance              CPUID RDTSC MSRs; INVLPG INVD WBINVD CL1INVMB HLT
//! debug                                    breakpoints, single step
//! reset                                    RESET, INIT
//! cost                                     cycles of far transfers and interrupts
//! ```
//!
//! Each instruction is a [`crate::cpu::op::Step`] whose doc line names the op fields it expects. "Closing"
//! means that it can change what the rest of a block depends on and must end its block.

pub(crate) mod code_segment;
pub(crate) mod control_registers;
pub(crate) mod cost;
pub(crate) mod data_segment;
pub(crate) mod debug;
pub(crate) mod descriptor;
pub(crate) mod descriptor_tables;
pub(crate) mod eflags;
pub(crate) mod far_call;
pub(crate) mod far_jump;
pub(crate) mod far_return;
pub(crate) mod frame;
pub(crate) mod interrupt;
pub(crate) mod interrupt_flag;
pub(crate) mod interrupt_return;
pub(crate) mod maintenance;
pub(crate) mod model_specific;
pub(crate) mod ports;
pub(crate) mod raise;
pub(crate) mod reset;
pub(crate) mod segment_moves;
pub(crate) mod software_interrupt;
pub(crate) mod task_state;
pub(crate) mod task_switch;
#[cfg(test)]
mod tests;
pub(crate) mod verify;
pub(crate) mod words;
