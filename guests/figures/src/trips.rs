//! System calls of a program in ring 3: the loop and the handler of benchmark `trap` of package `bench-guest`, which makes the
//! same trips from ring 3 to ring 0 on a core of its own, and what a guest's kernel has to do in addition, which is to clear
//! and set its interrupt flag.
#![expect(unsafe_code, reason = "changes rings")]

use core::arch::global_asm;

use guest_runtime::abi::call::{CALL_VECTOR, RETURN_VECTOR};
use guest_runtime::abi::segment::Slot;
use guest_runtime::abi::shared::{Field, INTERRUPTS_ON};
use guest_runtime::abi::{Call, CallNumber, GuestVirtAddr, start};
use guest_runtime::call::call;
use guest_runtime::clock;
use guest_runtime::interrupts::Frame;

use crate::guest::report;

/// Trips that are measured at once.
const TRIPS: u32 = 1_000;
/// Trips before them.
const FIRST: u32 = 10;
/// EFLAGS of the program.
const FLAGS: u32 = INTERRUPTS_ON | 2;

// SAFETY: `figures_trips` is a C function, whose program comes back by an exception, see `leave`. The handler is reached
// through the gate of system calls only, and its first instruction clears the interrupt flag.
global_asm!(
    r#"
    .section .text.trips, "ax"
    .balign 16
figures_trips:
    push ebx
    push esi
    push edi
    push ebp
    mov ecx, [esp + 20]
    mov eax, {kernel_stack}
    mov ebx, esp
    int {call_vector}
    mov edx, {user_data}
    mov ds, edx
    mov es, edx
    push edx
    push esp
    push {flags}
    push {user_code}
    mov edx, offset figures_program
    push edx
    int {return_vector}
    iretd

    .balign 16
figures_program:
    int 0x80
    rol eax, 1
    dec ecx
    jnz figures_program
    ud2

    .balign 16
figures_handle_trip:
    mov dword ptr ss:[{interrupt_flag}], 0
    push edx
    mov edx, [figures_counter]
    inc edx
    mov [figures_counter], edx
    xor eax, edx
    pop edx
    jmp guest_return_to_program

figures_left:
    mov edx, {kernel_data}
    mov ds, edx
    mov es, edx
    // ESP and SS of the program.
    add esp, 8
    pop ebp
    pop edi
    pop esi
    pop ebx
    ret

    .section .bss.trips, "aw", @nobits
    .balign 4
figures_counter:
    .skip 4
    "#,
    kernel_stack = const CallNumber::KernelStack.number(),
    call_vector = const CALL_VECTOR,
    return_vector = const RETURN_VECTOR,
    user_data = const Slot::UserData.selector(),
    user_code = const Slot::UserCode.selector(),
    kernel_data = const Slot::KernelData.selector(),
    flags = const FLAGS,
    interrupt_flag = const start::SHARED_PLACE + Field::InterruptFlag.offset(),
);

// SAFETY: defined above.
unsafe extern "C" {
    fn figures_trips(trips: u32);
    fn figures_handle_trip();
    fn figures_left();
}

/// Prints what one trip takes.
pub(crate) fn measure() {
    let entry = GuestVirtAddr::new(address(figures_handle_trip));
    call(Call::SystemCallEntry { address: entry }).expect("this hypervisor has rings");
    let time = |trips| {
        let begin = clock();
        // SAFETY: the gate of system calls leads to the handler; it is not 0 trips.
        unsafe { figures_trips(trips) };
        clock().wrapping_sub(begin)
    };
    report("system-call", || {
        let ways = time(FIRST);
        time(FIRST + TRIPS).wrapping_sub(ways) / TRIPS
    });
}

/// Ends the program whose exception this is: the kernel goes on where it made the trips, with two words of the frame left.
pub(crate) fn leave(frame: &mut Frame) {
    frame.eip = address(figures_left);
    frame.cs = Slot::KernelCode.selector().into();
}

fn address(code: unsafe extern "C" fn()) -> u32 {
    u32::try_from((code as *const ()).addr()).expect("addresses have 32 bits")
}
