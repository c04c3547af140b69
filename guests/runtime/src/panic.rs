//! The end of a guest that has found itself broken.

use core::panic::PanicInfo;

use guest_abi::EndReason;

use crate::call::end;
use crate::console::print;

/// Prints the message and ends the guest; the detail is the line of the panic.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    print(format_args!("{info}"));
    end(EndReason::Panic, info.location().map_or(0, |location| location.line()))
}
