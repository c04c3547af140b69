//! Containment of panics without unwinding: a point to come back to.
//!
//! [`attempt`] calls a function with the stack noted; [`abandon`] goes back there, so that the attempt fails. Nothing
//! between is unwound: no destructor runs, locks held there stay held, and what was borrowed mutably is as it was left.
//! The direction flag and the FPU's state are not restored; compiled code changes neither across calls.
#![expect(unsafe_code, reason = "switches the stack pointer back")]

use core::arch::naked_asm;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering};

/// Stack pointer of the innermost attempt under way; 0 if there is none.
static POINT: AtomicU32 = AtomicU32::new(0);

/// The attempt was abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandoned;

/// Calls `work`. Task context.
///
/// # Errors
/// [`Abandoned`] if somebody called [`abandon`] in the meantime.
#[inline]
pub fn attempt<R, W: FnOnce() -> R>(work: W) -> Result<R, Abandoned> {
    let mut job = Job { work: Some(work), result: MaybeUninit::uninit() };
    // SAFETY: `run` gets a pointer to the job it is made for, which lives until the call returns either way.
    let ended = unsafe { call_with_point(run::<R, W>, (&raw mut job).cast()) };
    if ended == ABANDONED {
        // What the work had captured is in an unknown state: it is not dropped.
        core::mem::forget(job.work.take());
        return Err(Abandoned);
    }
    // SAFETY: `run` has returned, so it has written the result.
    Ok(unsafe { job.result.assume_init_read() })
}

/// Goes back to the innermost attempt under way. Returns if there is none. Task context.
pub fn abandon() {
    let point = POINT.load(Ordering::Relaxed);
    if point != 0 {
        // SAFETY: the point is the stack pointer of a call of `call_with_point` that has not returned: it clears the
        // point when it does.
        unsafe { return_to_point(point) };
    }
}

struct Job<R, W> {
    work: Option<W>,
    result: MaybeUninit<R>,
}

/// # Safety
/// `job` points to a `Job<R, W>` that nobody else uses.
unsafe extern "C" fn run<R, W: FnOnce() -> R>(job: *mut u8) {
    // SAFETY: the caller's duty.
    let job = unsafe { &mut *job.cast::<Job<R, W>>() };
    if let Some(work) = job.work.take() {
        job.result.write(work());
    }
}

/// What [`call_with_point`] returns after [`return_to_point`].
const ABANDONED: u32 = 1;

/// Notes the stack pointer in [`POINT`], calls `function(job)` and returns 0.
///
/// # Safety
/// `function` may be called with `job`.
#[unsafe(naked)]
unsafe extern "C" fn call_with_point(function: unsafe extern "C" fn(*mut u8), job: *mut u8) -> u32 {
    naked_asm!(
        "push ebp",
        "mov ebp, esp",
        "push ebx",
        "push esi",
        "push edi",
        "push dword ptr [{point}]",
        "mov [{point}], esp",
        "mov eax, [ebp + 8]",
        "mov ecx, [ebp + 12]",
        // The stack stays aligned to 16 at the call: five words are pushed above, one holds the return address.
        "sub esp, 4",
        "push ecx",
        "call eax",
        "add esp, 8",
        "xor eax, eax",
        "pop dword ptr [{point}]",
        "pop edi",
        "pop esi",
        "pop ebx",
        "pop ebp",
        "ret",
        point = sym POINT,
    )
}

/// Makes the call of [`call_with_point`] that noted `point` return [`ABANDONED`].
///
/// # Safety
/// That call has not returned.
#[unsafe(naked)]
unsafe extern "C" fn return_to_point(point: u32) {
    naked_asm!(
        "mov esp, [esp + 4]",
        "mov eax, {abandoned}",
        "pop dword ptr [{place}]",
        "pop edi",
        "pop esi",
        "pop ebx",
        "pop ebp",
        "ret",
        abandoned = const ABANDONED,
        place = sym POINT,
    )
}
