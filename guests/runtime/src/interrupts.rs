//! Interrupts and exceptions: a table of gates that all lead to one handler, and the guest's interrupt flag.
//!
//! The flag is a word of the shared page. Gates are interrupt gates, so the hypervisor clears the flag on the way to the
//! handler. On the way back the stub sets it if the interrupted code had it set, and leaves by IRET; the instructions in
//! between are the return window, in which the hypervisor takes the frame before it delivers anything. What is pending by
//! then is delivered by `int 0x83`.
#![expect(unsafe_code, reason = "loads a table, and shares a page with the hypervisor")]

use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;
use core::ptr::with_exposed_provenance_mut;

use guest_abi::call::{Interrupts, RETURN_VECTOR};
use guest_abi::segment::Slot;
use guest_abi::shared::{Field, INTERRUPTS_ON};
use guest_abi::{Call, GuestVirtAddr, start};

use crate::call::call;

/// Vectors that have a gate: exceptions, and the lines behind [`guest_abi::interrupt::FIRST_LINE_VECTOR`].
const GATES: usize = 0x40;
/// Bytes from one stub to the next.
const STUB_BYTES: u32 = 16;

/// What the handler is told, and may change where the code goes on.
#[derive(Debug)]
#[repr(C)]
pub struct Frame {
    /// EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX.
    pub general: [u32; 8],
    /// Vector of the gate.
    pub vector: u32,
    /// Error code; 0 for vectors without.
    pub error: u32,
    /// Where the code goes on.
    pub eip: u32,
    /// CS.
    pub cs: u32,
    /// EFLAGS with the guest's own interrupt flag.
    pub flags: u32,
}

/// Handles every interrupt and exception of the guest.
pub type Handler = fn(&mut Frame);

/// The table and the handler; written by [`install`] only.
struct Place<T>(UnsafeCell<T>);

// SAFETY: a guest has one processor, and `install` runs before any gate can be used.
unsafe impl<T> Sync for Place<T> {}

static TABLE: Place<[u64; GATES]> = Place(UnsafeCell::new([0; GATES]));
static HANDLER: Place<Option<Handler>> = Place(UnsafeCell::new(None));

// SAFETY: reached through gates only; all registers are restored before the return.
global_asm!(
    r#"
    .section .text.gates, "ax"
    .balign 16
guest_stubs:
    .set vector, 0
    .rept {gates}
    .balign {stub_bytes}
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17
    push 0
    .endif
    push vector
    jmp guest_gate
    .set vector, vector + 1
    .endr

    .balign 16
guest_gate:
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
    // Leaves by the frame on the stack.
    .global guest_return
guest_return:
    test dword ptr ss:[esp + 8], {interrupts_on}
    jz 2f
    // As above, for a system call: its frame leads to a program, whose flag is set.
    .global guest_return_to_program
guest_return_to_program:
    mov dword ptr ss:[{interrupt_flag}], {interrupts_on}
guest_window:
    cmp dword ptr ss:[{pending}], 0
    jne 3f
2:  iretd
3:  int {return_vector}
guest_window_end:
    iretd
    "#,
    gates = const GATES,
    stub_bytes = const STUB_BYTES,
    handle = sym handle,
    interrupts_on = const INTERRUPTS_ON,
    return_vector = const RETURN_VECTOR,
    interrupt_flag = const start::SHARED_PLACE + Field::InterruptFlag.offset(),
    pending = const start::SHARED_PLACE + Field::Pending.offset(),
);

// SAFETY: defined above; only their addresses are taken.
unsafe extern "C" {
    fn guest_stubs();
    fn guest_window();
    fn guest_window_end();
}

extern "C" fn handle(frame: &mut Frame) {
    // SAFETY: written once, before any gate was used.
    if let Some(handler) = unsafe { *HANDLER.0.get() } {
        handler(frame);
    }
}

/// Has `handler` called for every interrupt and exception from now on. Once.
pub fn install(handler: Handler) {
    let address = |label: unsafe extern "C" fn()| {
        u32::try_from((label as *const ()).addr()).expect("addresses have 32 bits")
    };
    let first = address(guest_stubs);
    let table = TABLE.0.get();
    for (index, number) in (0..GATES).zip(0..) {
        let offset = u64::from(first + STUB_BYTES * number);
        let gate = offset & 0xFFFF
            | u64::from(Slot::KernelCode.selector()) << 16
            | 0x8E00 << 32 // not an address: a present interrupt gate
            | offset >> 16 << 48;
        // SAFETY: the index lies within, and no gate is used before the table is loaded.
        unsafe { (&raw mut (*table)[index]).write(gate) };
    }
    // SAFETY: as above.
    unsafe { *HANDLER.0.get() = Some(handler) };
    let [b0, b1, b2, b3] = u32::try_from(table.addr()).expect("addresses have 32 bits").to_le_bytes();
    let [l0, l1] = u16::try_from(8 * GATES - 1).expect("a small table").to_le_bytes();
    let pointer = [l0, l1, b0, b1, b2, b3];
    let [first, end] = [guest_window, guest_window_end].map(|label| GuestVirtAddr::new(address(label)));
    call(Call::ReturnWindow { first, end }).expect("this hypervisor has interrupt tables");
    // SAFETY: the table is complete, and stays.
    unsafe { asm!("lidt [{}]", in(reg) &raw const pointer, options(nostack, preserves_flags)) };
}

/// Takes interrupts from now on; those that are pending come before this returns.
pub fn enable() {
    set_flag();
    // SAFETY: a word of the shared page.
    if unsafe { word(Field::Pending).read_volatile() } != 0 {
        // It cannot fail: this hypervisor serves interrupt tables, or `install` would have ended the guest.
        let _: Result<u32, _> = call(Call::Deliver);
    }
}

/// Takes interrupts from now on; those that are pending come when the hypervisor next gives the processor back.
pub fn set_flag() {
    // SAFETY: the word of the shared page that the guest writes.
    unsafe { word(Field::InterruptFlag).write_volatile(INTERRUPTS_ON) };
}

/// Takes no interrupts from now on.
pub fn disable() {
    // SAFETY: the word of the shared page that the guest writes.
    unsafe { word(Field::InterruptFlag).write_volatile(0) };
}

/// Takes interrupts, and waits until one has come.
pub fn wait() {
    // As in `enable`.
    let _: Result<u32, _> = call(Call::Halt { interrupts: Interrupts::On });
}

/// Waits until an interrupt is pending, and takes none.
pub fn wait_with_interrupts_off() {
    // As in `enable`.
    let _: Result<u32, _> = call(Call::Halt { interrupts: Interrupts::AsTheyAre });
}

/// Address of the last page fault.
#[must_use]
pub fn fault_address() -> u32 {
    // SAFETY: a word of the shared page.
    unsafe { word(Field::FaultAddress).read_volatile() }
}

fn word(field: Field) -> *mut u32 {
    with_exposed_provenance_mut((start::SHARED_PLACE + field.offset()) as usize)
}
