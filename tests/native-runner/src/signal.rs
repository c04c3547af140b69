//! Entry to and exit from the signal handler, and the saved state it works on.
//!
//! The layout is i386 Linux's `struct ucontext` (`asm/sigcontext.h`, `asm/ucontext.h`).
#![expect(unsafe_code, reason = "the kernel calls the handler with addresses of what it saved")]

use crate::session;
use core::arch::naked_asm;

/// The state that the kernel saved when a signal was delivered and loads when the handler returns.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Context {
    _flags_link_stack: [u32; 5],
    /// Selectors in the low halves.
    pub(crate) gs: u32,
    pub(crate) fs: u32,
    pub(crate) es: u32,
    pub(crate) ds: u32,
    /// EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX.
    pub(crate) registers: [u32; 8],
    pub(crate) vector: u32,
    pub(crate) error_code: u32,
    pub(crate) eip: u32,
    pub(crate) cs: u32,
    pub(crate) flags: u32,
    _esp_at_signal: u32,
    pub(crate) ss: u32,
    _fpu_state: u32,
    _old_mask: u32,
    pub(crate) fault_address: u32,
}

/// Where the kernel enters on a signal: clears every flag an instruction may have set (AC above all) first.
///
/// # Safety
/// Only the kernel may enter here, with the stack of a signal handler.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn entry() {
    naked_asm!("push 2", "popfd", "jmp {handler}", handler = sym handler)
}

/// Where the handler returns to: `rt_sigreturn`.
///
/// # Safety
/// Only a return from the handler may enter here.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn restorer() {
    naked_asm!("mov eax, 173", "int 0x80", "ud2")
}

/// # Safety
/// Only the kernel may call this, through [`entry`].
unsafe extern "C" fn handler(_signal: i32, _information: *const u8, context: *mut Context) {
    // SAFETY: the kernel built the context on this stack and looks at it again only after the return.
    let context = unsafe { &mut *context };
    session::advance(context);
}
