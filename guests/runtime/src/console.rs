//! Text for people, which the hypervisor prints with the guest's name or hands to the terminal, and what they type.

use core::fmt::{self, Write};

use guest_abi::call::{CONSOLE_BYTES_MAX, Text};
use guest_abi::{Call, CallError, GuestPhysAddr};

use crate::call::call;

/// Writes to the hypervisor's console.
#[derive(Clone, Copy, Debug)]
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let text = text_at(rest.as_ptr().expose_provenance(), rest.len());
            let taken = call(Call::ConsoleWrite(text)).map_err(|_| fmt::Error)?;
            rest = rest.get(taken as usize..).ok_or(fmt::Error)?;
        }
        Ok(())
    }
}

/// Reads text that was typed, and gives its length; 0 if none waits.
///
/// # Errors
/// [`CallError::Unknown`] if the hypervisor has no input for guests.
pub fn read(into: &mut [u8]) -> Result<usize, CallError> {
    let text = text_at(into.as_mut_ptr().expose_provenance(), into.len());
    call(Call::ConsoleRead(text)).map(|count| count as usize)
}

/// The bytes at a place, or as many of them as a call takes. Memory is mapped one to one, so a pointer is a guest-physical
/// address.
fn text_at(place: usize, length: usize) -> Text {
    let address = u32::try_from(place).expect("addresses have 32 bits");
    let bytes = u32::try_from(length).unwrap_or(CONSOLE_BYTES_MAX).min(CONSOLE_BYTES_MAX);
    Text { address: GuestPhysAddr::new(address), bytes }
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
