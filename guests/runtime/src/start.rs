//! From the first instruction to main.
#![expect(unsafe_code, reason = "start code is assembly, and start information lies in memory")]

use core::arch::global_asm;
use core::ptr::with_exposed_provenance;

use guest_abi::EndReason;
use guest_abi::start::{BYTES, StartInfo};

use crate::call::end;

/// Bytes of the guest's stack.
const STACK_BYTES: u32 = 64 << 10;

// SAFETY: runs once, before any Rust; the hypervisor has cleared what the image does not fill. EBX holds the address of the
// start information.
global_asm!(
    r#"
    .section .text.start, "ax"
    .global guest_start
    .type guest_start, @function
guest_start:
    mov esp, offset guest_stack_end
    xor ebp, ebp
    sub esp, 12
    push ebx
    call guest_enter

    .section .bss.stack, "aw", @nobits
    .balign 16
    .skip {stack_bytes}
guest_stack_end:
    "#,
    stack_bytes = const STACK_BYTES,
);

/// Runs `main` with what the hypervisor says of the guest, and powers off. For [`entry!`](crate::entry).
///
/// # Safety
/// `place` is the address of the start information.
pub unsafe fn run(place: u32, main: fn(&StartInfo)) -> ! {
    // SAFETY: the caller's duty; nobody writes there after the start.
    let bytes = unsafe { *with_exposed_provenance::<[u8; BYTES]>(place as usize) };
    match StartInfo::decode(&bytes) {
        Ok(info) => main(&info),
        Err(_) => end(EndReason::Panic, place),
    }
    end(EndReason::PowerOff, 0)
}

/// Names the main function of a guest: `fn(&StartInfo)`.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        /// The start code comes here.
        // SAFETY: no other definition of this symbol is linked.
        #[unsafe(no_mangle)]
        extern "C" fn guest_enter(place: u32) -> ! {
            // SAFETY: the start code hands on the address that the hypervisor gave.
            unsafe { $crate::start::run(place, $main) }
        }
    };
}

pub use guest_abi::start::StartInfo as Info;
