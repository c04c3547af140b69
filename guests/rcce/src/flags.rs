//! Flags: bytes of the communication buffer that one UE writes and another one looks at.
#![expect(unsafe_code, reason = "C passes pointers")]

use core::ffi::{c_char, c_int};

use crate::buffer::{allocate_flag, free_flag, get, put};
use crate::messages::RCCE_ue;
use crate::status::{Failure, status};

/// `RCCE_FLAG`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    place: *mut u8,
}

/// # Safety
/// `flag` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn RCCE_flag_alloc(flag: *mut Flag) -> c_int {
    let allocated = allocate_flag().map(|place| {
        // SAFETY: the caller's duty.
        unsafe { flag.write(Flag { place }) };
    });
    status(allocated)
}

/// # Safety
/// `flag` can be read.
#[unsafe(no_mangle)]
unsafe extern "C" fn RCCE_flag_free(flag: *mut Flag) -> c_int {
    // SAFETY: the caller's duty.
    let flag = unsafe { flag.read() };
    // Whoever gets the byte next finds it unset.
    status(write(flag, 0, RCCE_ue()).and_then(|()| free_flag(flag.place)))
}

/// # Safety
/// `flag` can be read.
#[unsafe(no_mangle)]
unsafe extern "C" fn RCCE_flag_write(flag: *mut Flag, value: c_char, ue: c_int) -> c_int {
    // SAFETY: the caller's duty.
    status(write(unsafe { flag.read() }, value, ue))
}

/// # Safety
/// `value` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn RCCE_flag_read(flag: Flag, value: *mut c_char, ue: c_int) -> c_int {
    let read = read(flag, ue).map(|found| {
        // SAFETY: the caller's duty.
        unsafe { value.write(found) };
    });
    status(read)
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_wait_until(flag: Flag, value: c_char) -> c_int {
    loop {
        match read(flag, RCCE_ue()) {
            Ok(found) if found == value => return status(Ok(())),
            Ok(_) => {}
            Err(failure) => return status(Err(failure)),
        }
    }
}

fn write(flag: Flag, mut value: c_char, ue: c_int) -> Result<(), Failure> {
    put(flag.place, (&raw mut value).cast(), 1, ue)
}

fn read(flag: Flag, ue: c_int) -> Result<c_char, Failure> {
    let mut value: c_char = 0;
    get((&raw mut value).cast(), flag.place, 1, ue)?;
    Ok(value)
}
