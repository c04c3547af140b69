//! Text for people, which the hypervisor prints with the guest's name.

use core::fmt::{self, Write};

use guest_abi::call::{CONSOLE_BYTES_MAX, Text};
use guest_abi::{Call, GuestPhysAddr};

use crate::call::call;

/// Writes to the hypervisor's console.
#[derive(Clone, Copy, Debug)]
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.as_bytes().chunks(CONSOLE_BYTES_MAX as usize) {
            // Memory is mapped one to one, so a pointer is a guest-physical address.
            let address = u32::try_from(piece.as_ptr().addr()).map_err(|_| fmt::Error)?;
            let bytes = u32::try_from(piece.len()).map_err(|_| fmt::Error)?;
            let text = Text { address: GuestPhysAddr::new(address), bytes };
            call(Call::ConsoleWrite(text)).map_err(|_| fmt::Error)?;
        }
        Ok(())
    }
}

/// Prints a line. What the hypervisor does not take is lost.
pub fn print(text: fmt::Arguments<'_>) {
    Console.write_fmt(format_args!("{text}\n")).unwrap_or(());
}

/// Prints a line, as in `std`.
#[macro_export]
macro_rules! println {
    ($($text:tt)*) => { $crate::console::print(::core::format_args!($($text)*)) };
}
