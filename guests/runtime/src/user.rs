//! Programs in ring 3, and their system calls: `int 0x80` leads to the guest's kernel without the hypervisor.
//!
//! ```text
//! run ── IRET ──▶ program ── int 0x80 ──▶ handler ── IRET ──▶ program ── int 0x80, EAX = END ──▶ run returns
//! ```
//!
//! DS and ES hold the programs' data segment from then on, in ring 1 too: it is flat and may be used in both rings.
#![expect(unsafe_code, reason = "changes rings")]

use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;

use guest_abi::call::RETURN_VECTOR;
use guest_abi::segment::Slot;
use guest_abi::shared::{Field, INTERRUPTS_ON};
use guest_abi::{Call, GuestVirtAddr, start};

use crate::call::call;

/// The system call that ends the program.
const END: u32 = 0;
/// Bytes of the stack for what comes from ring 3, and of the program's own.
const STACK_BYTES: usize = 16 << 10;
/// EFLAGS of a program at its start.
const START_FLAGS: u32 = INTERRUPTS_ON | 2;

/// Serves system calls: what EAX, not 0, and EBX hold, to what EAX then holds.
pub type SystemCalls = extern "C" fn(u32, u32) -> u32;

/// A stack, only ever named by its end.
#[repr(C, align(16))]
struct Stack(UnsafeCell<[u8; STACK_BYTES]>);

// SAFETY: a guest has one processor, and there is one program at a time.
unsafe impl Sync for Stack {}

static KERNEL: Stack = Stack(UnsafeCell::new([0; STACK_BYTES]));
static PROGRAM: Stack = Stack(UnsafeCell::new([0; STACK_BYTES]));

impl Stack {
    fn end(&'static self) -> u32 {
        let end = self.0.get().wrapping_add(1).expose_provenance();
        u32::try_from(end).expect("addresses have 32 bits")
    }
}

// SAFETY: `guest_user_run` keeps what a C function keeps, and comes back by the call that ends the program. The entry of
// system calls keeps all registers but EAX; its first instruction clears the interrupt flag, as the hypervisor asks for.
global_asm!(
    r#"
    .section .bss.user, "aw", @nobits
    .balign 4
guest_user_return:
    .skip 4
guest_user_calls:
    .skip 4

    .section .text.user, "ax"
    .balign 16
guest_user_run:
    push ebp
    push ebx
    push esi
    push edi
    mov eax, [esp + 20]
    mov edx, [esp + 24]
    mov ecx, [esp + 28]
    mov [guest_user_calls], ecx
    mov [guest_user_return], esp
    push {user_data}
    push edx
    push {start_flags}
    push {user_code}
    push eax
    mov ecx, {user_data}
    mov ds, ecx
    mov es, ecx
    int {return_vector}
    iretd

    .balign 16
guest_system_call:
    mov dword ptr ss:[{interrupt_flag}], 0
    test eax, eax
    jz 2f
    push ecx
    push edx
    cld
    push ebx
    push eax
    call [guest_user_calls]
    add esp, 8
    pop edx
    pop ecx
    jmp guest_return
2:  mov esp, [guest_user_return]
    pop edi
    pop esi
    pop ebx
    pop ebp
    ret
    "#,
    user_data = const Slot::UserData.selector(),
    user_code = const Slot::UserCode.selector(),
    start_flags = const START_FLAGS,
    return_vector = const RETURN_VECTOR,
    interrupt_flag = const start::SHARED_PLACE + Field::InterruptFlag.offset(),
);

// SAFETY: defined above.
unsafe extern "C" {
    fn guest_user_run(program: extern "C" fn() -> !, stack: u32, calls: SystemCalls);
    fn guest_system_call();
}

/// Runs a program in ring 3 until it [ends](end). The guest's interrupt flag is on while it runs, and off afterwards.
/// Interrupts and exceptions of the program reach the handler that is [installed](crate::interrupts::install).
pub fn run(program: extern "C" fn() -> !, calls: SystemCalls) {
    let entry = u32::try_from((guest_system_call as *const ()).addr()).expect("addresses have 32 bits");
    for set_up in [
        Call::SystemCallEntry { address: GuestVirtAddr::new(entry) },
        Call::KernelStack { top: GuestVirtAddr::new(KERNEL.end()) },
    ] {
        call(set_up).expect("this hypervisor has rings");
    }
    // SAFETY: both stacks are there, and nobody is on them.
    unsafe { guest_user_run(program, PROGRAM.end(), calls) };
}

/// A system call of a program.
#[inline]
#[must_use]
pub fn system_call(number: u32, argument: u32) -> u32 {
    let result;
    // SAFETY: all registers but EAX come back as they were.
    unsafe { asm!("int 0x80", inout("eax") number => result, in("ebx") argument) };
    result
}

/// Ends the program.
pub fn end() -> ! {
    // SAFETY: the call does not return.
    unsafe { asm!("int 0x80", in("eax") END, options(noreturn)) }
}
