//! Text for `print.c`.
#![expect(unsafe_code, reason = "C passes a pointer")]

use core::ffi::c_char;
use core::fmt::Write;

use guest_runtime::console::Console;

/// Writes `length` characters from `text` on; bytes that are no UTF-8 show as question marks.
///
/// # Safety
/// They are readable.
#[unsafe(no_mangle)]
unsafe extern "C" fn guest_write(text: *const c_char, length: usize) {
    // SAFETY: the caller's duty.
    let bytes = unsafe { core::slice::from_raw_parts(text.cast::<u8>(), length) };
    for chunk in bytes.utf8_chunks() {
        let bad = if chunk.invalid().is_empty() { "" } else { "?" };
        // A console that takes nothing has nobody to tell.
        Console.write_str(chunk.valid()).and_then(|()| Console.write_str(bad)).unwrap_or(());
    }
}
