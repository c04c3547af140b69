//! Instructions that may fault, and what they raised.

use core::sync::atomic::{AtomicU32, Ordering};

use guest_runtime::interrupts::Frame;

/// Where to go on after an exception; 0 if none is expected.
pub(crate) static RESUME: AtomicU32 = AtomicU32::new(0);
/// Vector of the last exception with [`NONE`] added, and its error code.
static RAISED: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];
const NONE: u32 = 1;

/// An exception: vector and error code.
pub(crate) type Raised = Option<(u32, u32)>;

/// Notes the exception and goes on behind the attempt.
pub(crate) fn handle(frame: &mut Frame) {
    let resume = RESUME.swap(0, Ordering::Relaxed);
    assert!(resume != 0, "vector {} error {:#x} at {:#x}", frame.vector, frame.error, frame.eip);
    RAISED[0].store(frame.vector + NONE, Ordering::Relaxed);
    RAISED[1].store(frame.error, Ordering::Relaxed);
    frame.eip = resume;
    // A step that was asked for is not taken twice, and a task that was nested is not any more.
    frame.flags &= !0x4100; // not an address: TF and NT
}

/// What was raised since the last call.
pub(crate) fn raised() -> Raised {
    RESUME.store(0, Ordering::Relaxed);
    let vector = RAISED[0].swap(0, Ordering::Relaxed).checked_sub(NONE)?;
    Some((vector, RAISED[1].load(Ordering::Relaxed)))
}

/// Executes an instruction with EAX as given, ECX and EDX to be used by it, and returns what it raised.
#[macro_export]
macro_rules! attempt {
    ($code:literal, $eax:expr) => {{
        let eax: u32 = $eax;
        // SAFETY: an exception goes on behind the instruction; callers answer for what it does otherwise.
        unsafe {
            ::core::arch::asm!(
                "lea ecx, [77f]",
                "mov [{resume}], ecx",
                $code,
                "77:",
                resume = sym $crate::attempt::RESUME,
                inout("eax") eax => _,
                out("ecx") _,
                out("edx") _,
            );
        }
        $crate::attempt::raised()
    }};
}
