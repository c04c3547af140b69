//! Ring 3 calls ring 0 through an interrupt gate, over and over.
//!
//! A loop in ring 3 executes `int 0x80`; the handler counts in memory and returns with IRET. `int 0x81` leaves the
//! loop: its handler drops the frame that the gate pushed, which lies right on top of the stack that
//! `ring_trips` left behind (TSS.ESP0 is set to it), and returns to the caller. Paging is off.
#![expect(unsafe_code, reason = "ring switch and handlers are assembly")]

use core::arch::global_asm;

use i586::tss::bits32;

use super::boot::DATA_SELECTOR;
use super::descriptor_tables::{self, USER_CODE, USER_DATA};
use super::layout;

/// Trips per round.
const TRIPS: u32 = 1_000;

/// Vector of the trip.
const TRIP: u8 = 0x80;
/// Vector that leaves ring 3.
const LEAVE: u8 = 0x81;

/// Bytes of the frame that a gate pushes when it changes rings: EIP, CS, EFLAGS, ESP, SS.
const FRAME_BYTES: u32 = 20;

// SAFETY: `ring_trips` is a function of the C calling convention; the handlers are reached through gates only.
global_asm!(
    r#"
    .section .text.ring, "ax"
ring_trips:
    push ebx
    push esi
    push edi
    push ebp
    mov ecx, [esp + 20]
    mov eax, [esp + 24]
    mov [{stack0}], esp
    mov edx, {user_data}
    mov ds, edx
    mov es, edx
    push edx
    push {user_stack}
    push 2
    push {user_code}
    mov edx, offset ring_user
    push edx
    iretd

ring_user:
    int {trip}
    rol eax, 1
    dec ecx
    jnz ring_user
    int {leave}

ring_handle_trip:
    push edx
    mov edx, [ring_counter]
    inc edx
    mov [ring_counter], edx
    xor eax, edx
    pop edx
    iretd

ring_handle_leave:
    mov edx, {kernel_data}
    mov ds, edx
    mov es, edx
    add esp, {frame}
    pop ebp
    pop edi
    pop esi
    pop ebx
    ret

    .section .bss.ring, "aw", @nobits
    .balign 4
ring_counter:
    .skip 4
    "#,
    stack0 = const layout::TASK_STATE + bits32::ESP0 as usize,
    user_data = const USER_DATA,
    user_code = const USER_CODE,
    user_stack = const layout::USER_STACK_TOP,
    kernel_data = const DATA_SELECTOR,
    trip = const TRIP,
    leave = const LEAVE,
    frame = const FRAME_BYTES,
);

// SAFETY: defined above with these signatures.
unsafe extern "C" {
    fn ring_trips(trips: u32, checksum: u32) -> u32;
    fn ring_handle_trip();
    fn ring_handle_leave();
}

/// Makes the trips; the checksum folds the handler's counter.
pub(super) fn run(rounds: u32, seed: u32) -> u32 {
    descriptor_tables::set_up(&[(TRIP, ring_handle_trip), (LEAVE, ring_handle_leave)]);
    // SAFETY: tables and task are set up; the number of trips is not 0.
    (0..rounds).fold(seed, |checksum, _| unsafe { ring_trips(TRIPS, checksum) })
}
