//! The group of all UEs: who they are, messages, the barrier.
#![expect(unsafe_code, reason = "C calls this")]

use core::ffi::{c_char, c_int};
use core::sync::atomic::{AtomicI32, Ordering};

use guest_runtime::abi::Call;
use guest_runtime::call::call;

use crate::private::private;
use crate::status::{Failure, status};

/// `RCCE_COMM`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Comm {
    size: AtomicI32,
}

#[unsafe(no_mangle)]
static RCCE_COMM_WORLD: Comm = Comm { size: AtomicI32::new(0) };

/// The own number; -1 before `RCCE_init`.
static OWN: AtomicI32 = AtomicI32::new(-1);

#[unsafe(no_mangle)]
extern "C" fn RCCE_init(_argc: *mut c_int, _argv: *mut *mut *mut c_char) -> c_int {
    status(join().and_then(|()| wait_for_all()))
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_finalize() -> c_int {
    status(wait_for_all())
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn RCCE_num_ues() -> c_int {
    RCCE_COMM_WORLD.size.load(Ordering::Relaxed)
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn RCCE_ue() -> c_int {
    OWN.load(Ordering::Relaxed)
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_send(message: *mut c_char, bytes: usize, ue: c_int) -> c_int {
    status(private(message, bytes).and_then(|message| {
        call(Call::Send { message, to: other(ue)? })?;
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_recv(message: *mut c_char, bytes: usize, ue: c_int) -> c_int {
    status(private(message, bytes).and_then(|message| {
        call(Call::Receive { message, from: other(ue)? })?;
        Ok(())
    }))
}

#[unsafe(no_mangle)]
extern "C" fn RCCE_barrier(comm: *const Comm) -> c_int {
    let is_all = core::ptr::eq(comm, &raw const RCCE_COMM_WORLD);
    status(if is_all { wait_for_all() } else { Err(Failure::Comm) })
}

/// Asks the hypervisor who is who.
fn join() -> Result<(), Failure> {
    let word = call(Call::Group)?;
    let [own, size] = [word & 0xFF, word >> 8].map(|number| c_int::try_from(number).unwrap_or(0));
    OWN.store(own, Ordering::Relaxed);
    RCCE_COMM_WORLD.size.store(size, Ordering::Relaxed);
    Ok(())
}

fn wait_for_all() -> Result<(), Failure> {
    call(Call::Barrier)?;
    Ok(())
}

/// The member's number.
pub(crate) fn member(ue: c_int) -> Result<u32, Failure> {
    match RCCE_num_ues() {
        0 => Err(Failure::NotInitialized),
        size if (0..size).contains(&ue) => Ok(ue.cast_unsigned()),
        _ => Err(Failure::Id),
    }
}

/// The number of a member that is another one.
fn other(ue: c_int) -> Result<u32, Failure> {
    if ue == RCCE_ue() { Err(Failure::Id) } else { member(ue) }
}
