//! Ring 3 calls ring 0 through an interrupt gate, over and over.
//!
//! A loop in ring 3 executes `int 0x80`; the handler counts in memory and returns with IRET. `int 0x81` leaves the
//! loop: its handler drops the frame that the gate pushed, which lies right on top of the stack that
//! `ring_trips` left behind (TSS.ESP0 is set to it), and returns to the caller. Paging is off.
#![expect(unsafe_code, reason = "descriptor tables, ring switch and handlers")]

use core::arch::{asm, global_asm};
use core::ptr::with_exposed_provenance_mut;

use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::bits32;

use super::boot::{CODE_SELECTOR, DATA_SELECTOR};
use super::layout;

/// Trips per round.
const TRIPS: u32 = 1_000;

/// Flat code segment of ring 3, requested privilege included.
const USER_CODE: u16 = 0x1B;
/// Flat data segment of ring 3.
const USER_DATA: u16 = 0x23;
/// Task-state segment.
const TASK: u16 = 0x28;
/// Vector of the trip.
const TRIP: usize = 0x80;
/// Vector that leaves ring 3.
const LEAVE: usize = 0x81;

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
    set_up();
    // SAFETY: tables and task are set up; the number of trips is not 0.
    (0..rounds).fold(seed, |checksum, _| unsafe { ring_trips(TRIPS, checksum) })
}

/// Fills descriptor table, gates and task-state segment, and loads the registers that point to them.
fn set_up() {
    let task_state = word(layout::TASK_STATE);
    let descriptors = [
        Descriptor::NULL,
        Descriptor::flat_code(0),
        Descriptor::flat_data(0),
        Descriptor::flat_code(3),
        Descriptor::flat_data(3),
        Descriptor::system(SystemKind::AvailableTss32, task_state, bits32::LIMIT_MIN, 0),
    ];
    for (index, descriptor) in descriptors.into_iter().enumerate() {
        store(layout::DESCRIPTOR_TABLE, 2 * index, descriptor.words().0);
        store(layout::DESCRIPTOR_TABLE, 2 * index + 1, descriptor.words().1);
    }
    for index in 0..26 {
        store(layout::TASK_STATE, index, 0);
    }
    store(layout::TASK_STATE, bits32::SS0 as usize / 4, u32::from(DATA_SELECTOR));
    // No permission map: its base lies beyond the limit.
    store(layout::TASK_STATE, bits32::TRAP as usize / 4, (bits32::LIMIT_MIN + 1) << 16);
    set_gate(TRIP, ring_handle_trip);
    set_gate(LEAVE, ring_handle_leave);
    load_tables(6 * 8 - 1, 256 * 8 - 1);
}

/// Makes `vector` callable from ring 3.
fn set_gate(vector: usize, handler: unsafe extern "C" fn()) {
    let code = Selector::from_bits(CODE_SELECTOR);
    let offset = word((handler as *const ()).addr());
    let gate = Gate::new(SystemKind::InterruptGate32, code, offset, 3).expect("the kind is a gate");
    let (low, high) = gate.descriptor().words();
    store(layout::GATE_TABLE, 2 * vector, low);
    store(layout::GATE_TABLE, 2 * vector + 1, high);
}

/// Loads GDTR, IDTR and TR.
fn load_tables(descriptors_limit: u16, gates_limit: u16) {
    let pointer = |limit: u16, base: usize| {
        let ([l0, l1], [b0, b1, b2, b3]) = (limit.to_le_bytes(), word(base).to_le_bytes());
        [l0, l1, b0, b1, b2, b3]
    };
    let descriptors = pointer(descriptors_limit, layout::DESCRIPTOR_TABLE);
    let gates = pointer(gates_limit, layout::GATE_TABLE);
    // SAFETY: the tables are complete; the segments in use have the same selectors and contents in the new table.
    unsafe {
        asm!(
            "lgdt [{descriptors}]",
            "lidt [{gates}]",
            "ltr {task:x}",
            descriptors = in(reg) &raw const descriptors,
            gates = in(reg) &raw const gates,
            task = in(reg) TASK,
            options(nostack, preserves_flags)
        );
    };
}

/// Stores one word of a table.
fn store(table: usize, index: usize, value: u32) {
    // SAFETY: RAM set aside for the tables, aligned.
    unsafe { with_exposed_provenance_mut::<u32>(table).wrapping_add(index).write_volatile(value) };
}

/// An address as the 32-bit word it is on this machine.
fn word(address: usize) -> u32 {
    u32::try_from(address).expect("addresses have 32 bits")
}
