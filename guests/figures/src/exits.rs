//! Ways out of a guest without page tables, each for another reason.
#![expect(unsafe_code, reason = "most are made by an instruction")]

use core::arch::asm;
use core::ptr::with_exposed_provenance;

use guest_runtime::abi::call::{Extent, RETURN_VECTOR};
use guest_runtime::abi::device::FIRST_WINDOW;
use guest_runtime::abi::segment::Slot;
use guest_runtime::abi::shared::INTERRUPTS_ON;
use guest_runtime::abi::{Call, GuestVirtAddr};
use guest_runtime::call::{call, raw, set_timer};
use guest_runtime::start::Info;
use guest_runtime::{clock, interrupts};

use crate::guest::{handled, measure, measure_with, report};

/// A hypercall that does nothing: no such number.
const NOTHING: [u32; 4] = [u32::MAX, 0, 0, 0];
/// Status of the first device (VIRTIO 1.2 §4.2.2).
const STATUS: u32 = FIRST_WINDOW.number() + 0x070;
/// Memory behind the image, the first of as many pages as the hypervisor looks at together.
const PAGE: u32 = 0x30_0000;
const PAGE_BYTES: u32 = 0x1000;
const TOGETHER: u32 = 8;
/// Time to an interrupt of the timer.
const MICROSECONDS: u32 = 20;

pub(crate) fn measure_all(info: &Info) {
    measure("call", || {
        let _: u32 = raw(NOTHING);
        clock()
    });
    measure("return", || {
        return_from_interrupt();
        clock()
    });
    measure("instruction", || {
        // SAFETY: reads a register that every guest has.
        unsafe { asm!("mov {}, cr0", out(reg) _, options(nomem, nostack, preserves_flags)) };
        clock()
    });
    measure("exception", exception);
    measure_with("deliver", make_pending, || {
        // It cannot fail: the table was loaded before.
        let _: Result<u32, _> = call(Call::Deliver);
        handled()
    });
    interrupts::enable();
    report("timer", || {
        let deadline = clock().wrapping_add(MICROSECONDS * (info.tsc_khz / 1_000));
        let last = handled();
        set_timer(u64::from(MICROSECONDS) * 1_000).expect("this hypervisor has timers");
        while handled() == last {}
        handled().wrapping_sub(deadline)
    });
    for page in 0..TOGETHER {
        // Pages that were never used are not shown beside others.
        let _: u32 = read(PAGE + page * PAGE_BYTES);
    }
    measure_with("fill", || forget(1), touch);
    measure_with("fill-eight", || forget(TOGETHER), touch);
    measure("device", || read(STATUS));
}

/// An exception, to its handler.
pub(crate) fn exception() -> u32 {
    // SAFETY: the handler goes on behind it.
    unsafe { asm!("ud2") };
    handled()
}

/// Returns to the next instruction by the hypervisor's call in place of IRET.
fn return_from_interrupt() {
    // SAFETY: the frame leads to the end of this piece, where the stack is as at its beginning.
    unsafe {
        asm!(
            "pushfd",
            "or dword ptr [esp], {interrupts_on}",
            "push {code}",
            "lea {place}, [2f]",
            "push {place}",
            "int {vector}",
            "iretd",
            "2:",
            interrupts_on = const INTERRUPTS_ON,
            code = const Slot::KernelCode.selector(),
            vector = const RETURN_VECTOR,
            place = out(reg) _,
        );
    };
}

/// Has the timer's line pending, with the interrupt flag set by nobody but the last instruction.
fn make_pending() {
    interrupts::disable();
    set_timer(1).expect("this hypervisor has timers");
    // The wait ends as soon as the line is pending; the flag stays as it is.
    interrupts::wait_with_interrupts_off();
    interrupts::set_flag();
}

/// Has the hypervisor forget pages from [`PAGE`] on.
fn forget(pages: u32) {
    let [first, last] = [PAGE, PAGE + pages * PAGE_BYTES - 1].map(GuestVirtAddr::new);
    call(Call::Forget(Extent::Range { first, last })).expect("this hypervisor has page tables");
}

/// Reads the first page.
fn touch() -> u32 {
    read(PAGE)
}

/// Reads a word, and then the clock.
pub(crate) fn read(address: u32) -> u32 {
    // SAFETY: memory that nobody else uses, or a register that reading does not change.
    let _: u32 = unsafe { with_exposed_provenance::<u32>(address as usize).read_volatile() };
    clock()
}
