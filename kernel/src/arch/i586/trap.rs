//! Exceptions and interrupts: from the gate to Rust and back.
//!
//! Each vector has a stub of 16 bytes that pushes an error code where the processor does not, and its number; the
//! common part saves the registers, aligns the stack and calls `handle`. What lies on the stack then is a
//! [`TrapFrame`]:
//!
//! ```text
//! low   edi esi ebp esp ebx edx ecx eax   pushed by PUSHAD
//!       vector error                      pushed by the stub
//! high  eip cs eflags                     pushed by the processor
//! ```
#![expect(unsafe_code, reason = "stubs are assembly")]

use core::arch::global_asm;

use trace_format::record::Event;

use super::{cpu, descriptors};
use crate::{fault, irq, trace};

/// Vectors below this are exceptions.
const EXCEPTIONS: u32 = 32;

/// Bytes from one stub to the next.
const STUB_BYTES: u32 = 16;

/// Registers at the moment of an exception or interrupt.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrapFrame {
    /// EDI.
    pub edi: u32,
    /// ESI.
    pub esi: u32,
    /// EBP: head of the chain of frames.
    pub ebp: u32,
    /// ESP, before PUSHAD for exceptions and interrupts, at the fault for double faults.
    pub esp: u32,
    /// EBX.
    pub ebx: u32,
    /// EDX.
    pub edx: u32,
    /// ECX.
    pub ecx: u32,
    /// EAX.
    pub eax: u32,
    /// Vector of the gate.
    pub vector: u32,
    /// Error code; 0 for vectors without.
    pub error: u32,
    /// EIP: the instruction at fault, or the next one.
    pub eip: u32,
    /// CS.
    pub cs: u32,
    /// EFLAGS.
    pub eflags: u32,
}

// SAFETY: reached through gates only; all registers but the stack pointer are restored before IRET.
global_asm!(
    r#"
    .section .text.trap, "ax"
    .balign 16
    .global trap_stubs
    .type trap_stubs, @function
trap_stubs:
    .set vector, 0
    .rept 256
    .balign {stub_bytes}
    // Vectors 8, 10 to 14 and 17 come with an error code.
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17
    push 0
    .endif
    push vector
    jmp trap_common
    .set vector, vector + 1
    .endr

    .balign 16
    .type trap_common, @function
trap_common:
    pushad
    cld
    mov ebx, esp
    and esp, -16
    sub esp, 12
    push ebx
    call {handle}
    mov esp, ebx
    popad
    add esp, 8
    iretd

    .global trap_double_fault
    .type trap_double_fault, @function
trap_double_fault:
    // The task starts on its own stack; the error code that the processor pushed on it is 0.
    xor ebp, ebp
    and esp, -16
    call {handle_double_fault}
    "#,
    stub_bytes = const STUB_BYTES,
    handle = sym handle,
    handle_double_fault = sym handle_double_fault,
);

// SAFETY: defined above; they are code, of which only the addresses are taken.
unsafe extern "C" {
    fn trap_stubs();
    fn trap_double_fault();
}

/// Address of the stub of a vector.
pub(super) fn stub(vector: u8) -> u32 {
    address_of(trap_stubs) + u32::from(vector) * STUB_BYTES
}

/// Address at which the task of double faults starts.
pub(super) fn double_fault_entry() -> u32 {
    address_of(trap_double_fault)
}

fn address_of(code: unsafe extern "C" fn()) -> u32 {
    u32::try_from((code as *const ()).addr()).expect("addresses have 32 bits")
}

extern "C" fn handle(frame: &TrapFrame) {
    if frame.vector < EXCEPTIONS {
        fault::report(frame, cpu::fault_address());
    }
    let vector = frame.vector.to_le_bytes()[0];
    trace::record(Event::IrqEnter { vector, eip: frame.eip });
    if irq::dispatch(vector) == irq::Outcome::Unexpected {
        fault::report_unexpected_interrupt(frame);
    }
}

extern "C" fn handle_double_fault() -> ! {
    fault::report(&descriptors::interrupted(), cpu::fault_address())
}
