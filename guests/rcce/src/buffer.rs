//! The communication buffer of a UE: its window, set aside from below for data and from above for flags.
#![expect(unsafe_code, reason = "C calls this")]

use core::ffi::c_int;
use core::sync::atomic::{AtomicU32, Ordering};

use guest_runtime::abi::Call;
use guest_runtime::abi::call::{WINDOW_BYTES, WindowPlace};
use guest_runtime::call::call;

use crate::messages::member;
use crate::private::private;
use crate::status::{Failure, status};

/// What the data of the buffer are a multiple of: a line.
const LINE_BYTES: u32 = 32;

/// Names of the places of the buffer are the addresses of these bytes, which nobody reads or writes.
static PLACES: [u8; WINDOW_BYTES as usize] = [0; WINDOW_BYTES as usize];

/// Bytes set aside for data, from the beginning.
static DATA: AtomicU32 = AtomicU32::new(0);
/// Bytes set aside for flags, from the end.
static FLAGS: AtomicU32 = AtomicU32::new(0);

/// The name of a place.
fn name(offset: u32) -> *mut u8 {
    (&raw const PLACES).cast::<u8>().wrapping_add(offset as usize).cast_mut()
}

/// Offset of a place by its name.
pub(crate) fn offset(name: *mut u8) -> Result<u32, Failure> {
    let offset = name.addr().wrapping_sub((&raw const PLACES).addr());
    u32::try_from(offset).ok().filter(|offset| *offset < WINDOW_BYTES).ok_or(Failure::CommBuffer)
}

/// Sets a byte aside for a flag.
pub(crate) fn allocate_flag() -> Result<*mut u8, Failure> {
    let flags = FLAGS.load(Ordering::Relaxed) + 1;
    if flags + DATA.load(Ordering::Relaxed) > WINDOW_BYTES {
        return Err(Failure::CommBuffer);
    }
    FLAGS.store(flags, Ordering::Relaxed);
    Ok(name(WINDOW_BYTES - flags))
}

/// Gives the flag back that was set aside last; any other one stays.
pub(crate) fn free_flag(place: *mut u8) -> Result<(), Failure> {
    let flags = FLAGS.load(Ordering::Relaxed);
    if offset(place)? == WINDOW_BYTES - flags {
        FLAGS.store(flags - 1, Ordering::Relaxed);
    }
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_malloc(bytes: usize) -> *mut u8 {
    let data = DATA.load(Ordering::Relaxed);
    let lines = u32::try_from(bytes).ok().and_then(|bytes| bytes.checked_next_multiple_of(LINE_BYTES));
    let end = lines.and_then(|bytes| data.checked_add(bytes));
    match end {
        Some(end) if bytes > 0 && end <= WINDOW_BYTES - FLAGS.load(Ordering::Relaxed) => {
            DATA.store(end, Ordering::Relaxed);
            name(data)
        }
        _ => core::ptr::null_mut(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_free(place: *mut u8) {
    if let Ok(offset) = offset(place) {
        DATA.fetch_min(offset, Ordering::Relaxed);
    }
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_put(target: *mut u8, source: *mut u8, bytes: c_int, ue: c_int) -> c_int {
    status(put(target, source, bytes, ue))
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_get(target: *mut u8, source: *mut u8, bytes: c_int, ue: c_int) -> c_int {
    status(get(target, source, bytes, ue))
}

/// Copies `bytes` bytes of private memory into the buffer of a UE.
pub(crate) fn put(target: *mut u8, source: *mut u8, bytes: c_int, ue: c_int) -> Result<(), Failure> {
    let to = place(target, bytes, ue)?;
    call(Call::Put { from: private(source, bytes)?, to })?;
    Ok(())
}

/// Copies `bytes` bytes of the buffer of a UE into private memory.
pub(crate) fn get(target: *mut u8, source: *mut u8, bytes: c_int, ue: c_int) -> Result<(), Failure> {
    let from = place(source, bytes, ue)?;
    call(Call::Get { to: private(target, bytes)?, from })?;
    Ok(())
}

/// A place in the buffer of a UE from which on there are as many bytes.
fn place(name: *mut u8, bytes: c_int, ue: c_int) -> Result<WindowPlace, Failure> {
    let offset = offset(name)?;
    let end = u32::try_from(bytes).ok().and_then(|bytes| offset.checked_add(bytes));
    if end.is_none_or(|end| end > WINDOW_BYTES) {
        return Err(Failure::CommBuffer);
    }
    let offset = u16::try_from(offset).map_err(|_| Failure::CommBuffer)?;
    Ok(WindowPlace { member: u16::try_from(member(ue)?).map_err(|_| Failure::Id)?, offset })
}
