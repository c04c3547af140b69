//! From the start code to `RCCE_APP`, and the end of the program.
#![expect(unsafe_code, reason = "calls the program, which is C, and defines symbols for it")]

use core::ffi::{c_char, c_int};

use guest_runtime::abi::EndReason;
use guest_runtime::call::end;
use guest_runtime::start::Info;

use crate::{memory, time};

guest_runtime::entry!(main);

// SAFETY: the program defines it; `RCCE.h` declares it so.
unsafe extern "C" {
    fn RCCE_APP(argc: c_int, argv: *mut *mut c_char) -> c_int;
}

fn main(info: &Info) {
    memory::set_end(info.memory_bytes);
    time::set_rate(info.tsc_khz);
    let mut name = *b"guest\0";
    let mut arguments = [name.as_mut_ptr().cast::<c_char>(), core::ptr::null_mut()];
    // SAFETY: one argument, which ends with a zero, and a null pointer behind it, as C has it.
    let status = unsafe { RCCE_APP(1, arguments.as_mut_ptr()) };
    exit(status)
}

/// Ends the guest.
#[unsafe(no_mangle)]
extern "C" fn exit(status: c_int) -> ! {
    match status {
        0 => end(EndReason::PowerOff, 0),
        _ => end(EndReason::Panic, status.cast_unsigned()),
    }
}

/// Ends the guest as a failure.
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    end(EndReason::Panic, 0)
}
