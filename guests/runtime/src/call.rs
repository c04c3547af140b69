//! Hypercalls.
#![expect(unsafe_code, reason = "a hypercall is an instruction")]

use core::arch::asm;

use guest_abi::call::{CALL_VECTOR, Registers};
use guest_abi::{Call, CallError, EndReason, status};

/// Makes a hypercall.
///
/// # Errors
/// What the hypervisor says is wrong with it.
#[inline]
pub fn call(call: Call) -> Result<u32, CallError> {
    status::result(raw(call.encode()))
}

/// Makes a hypercall of any number with any arguments, and returns the status word.
#[inline]
#[must_use]
pub fn raw([number, first, second, third]: Registers) -> u32 {
    let status;
    // SAFETY: all registers but EAX come back as they were. A call that changes memory changes memory that was named to the
    // hypervisor for it.
    unsafe {
        asm!(
            "int {vector}",
            vector = const CALL_VECTOR,
            inout("eax") number => status,
            in("ebx") first,
            in("ecx") second,
            in("edx") third,
        );
    };
    status
}

/// Has the timer's line pending in `nanoseconds`; 0 stops it.
///
/// # Errors
/// [`CallError::Unknown`] if the hypervisor has no timers.
pub fn set_timer(nanoseconds: u64) -> Result<(), CallError> {
    call(Call::SetTimer { nanoseconds }).map(|_| ())
}

/// Ends the guest.
pub fn end(reason: EndReason, detail: u32) -> ! {
    loop {
        // The call does not return.
        let _: Result<u32, CallError> = call(Call::End { reason, detail });
    }
}
