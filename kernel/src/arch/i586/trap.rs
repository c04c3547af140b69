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
//!
//! Out of a guest the frame has more words and lies on the guest's trap page: see [`super::ring_switch`].
#![expect(unsafe_code, reason = "stubs are assembly")]

use core::arch::global_asm;
use core::mem::offset_of;

use i586::page::PAGE_BYTES;
use trace_format::record::Event;

use super::descriptors::DATA;
use super::ring_switch::FRAME_OFFSET;
use super::table_page::{TABLES, TablePage};
use super::{cpu, descriptors};
use crate::mm::address_space::pages as pages_between;
use crate::{fault, irq, layout, trace};

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
    test byte ptr [esp + {code_selector}], 3
    jnz leave_guest
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

    .type leave_guest, @function
leave_guest:
    // Push DS, ES, FS, GS as words of 32 bits, for which this assembler has no names.
    .byte 0x1E, 0x06, 0x0F, 0xA0, 0x0F, 0xA8
    mov eax, {data}
    mov ds, eax
    mov es, eax
    mov eax, [{tables} + {directory}]
    mov cr3, eax
    mov esp, [{tables} + {kernel_stack}]
    cld
    pop edi
    pop esi
    pop ebx
    pop ebp
    ret

    // C function: the argument is the directory of the guest's address space.
    .balign 16
    .global trap_enter_guest
    .type trap_enter_guest, @function
trap_enter_guest:
    mov eax, [esp + 4]
    push ebp
    push ebx
    push esi
    push edi
    mov [{tables} + {kernel_stack}], esp
    mov esp, {frame}
    mov cr3, eax
    // Pop GS, FS, ES, DS likewise.
    .byte 0x0F, 0xA9, 0x0F, 0xA1, 0x07, 0x1F
    popad
    add esp, 8
    iretd

    .global trap_code_end
trap_code_end:

    .section .text.double_fault, "ax"
    .global trap_double_fault
    .type trap_double_fault, @function
trap_double_fault:
    // The task starts on its own stack; the error code that the processor pushed on it is 0.
    xor ebp, ebp
    and esp, -16
    call {handle_double_fault}
    "#,
    stub_bytes = const STUB_BYTES,
    // Below it lie the registers of PUSHAD, vector, error code and EIP.
    code_selector = const 4 * (8 + 2 + 1),
    data = const DATA.into_bits(),
    tables = sym TABLES,
    directory = const offset_of!(TablePage, directory),
    kernel_stack = const offset_of!(TablePage, kernel_stack),
    frame = const layout::TRAP_PAGE + FRAME_OFFSET,
    handle = sym handle,
    handle_double_fault = sym handle_double_fault,
);

// SAFETY: defined above; they are code, of which only the addresses are taken.
unsafe extern "C" {
    fn trap_stubs();
    fn trap_code_end();
    fn trap_double_fault();
    fn trap_enter_guest(directory: u32);
}

/// Address of the stub of a vector.
pub(super) fn stub(vector: u8) -> u32 {
    address_of(trap_stubs) + u32::from(vector) * STUB_BYTES
}

/// Address at which the task of double faults starts.
pub(super) fn double_fault_entry() -> u32 {
    address_of(trap_double_fault)
}

/// Leaves the kernel for the guest whose trap page the address space with `directory` shows, and returns when the guest is
/// left.
///
/// # Safety
/// The address space shows the code of the traps and the descriptor tables where the kernel's does. The frame on the trap
/// page can be taken by IRET into an outer ring. Interrupts are off.
#[inline]
pub(super) unsafe fn enter_guest(directory: u32) {
    // SAFETY: the caller's duty.
    unsafe { trap_enter_guest(directory) };
}

/// Pages with the code of the traps.
pub(super) fn pages() -> impl Iterator<Item = u32> {
    let first = address_of(trap_stubs);
    pages_between(first - first % PAGE_BYTES, address_of(trap_code_end))
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
    trace::record(Event::IrqExit(vector));
}

extern "C" fn handle_double_fault() -> ! {
    fault::report(&descriptors::interrupted(), cpu::fault_address())
}
