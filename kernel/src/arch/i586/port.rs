//! Port instructions.
//!
//! On the SCC every port access leaves the chip and ends at the host, writes are acknowledged by the FPGA.
//! Facts: SCC reference §8.7.
#![expect(unsafe_code, reason = "port instructions")]

/// An 8-bit port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(u16);

impl Port {
    /// Names a port.
    ///
    /// # Safety
    /// Reading or writing the port must not change memory that Rust relies on.
    #[must_use]
    pub const unsafe fn new(number: u16) -> Self {
        Self(number)
    }

    /// Writes a byte.
    pub fn write(self, value: u8) {
        // SAFETY: whoever made this value answered for the port's effects.
        unsafe { x86::io::outb(self.0, value) };
    }

    /// Reads a byte.
    #[must_use]
    pub fn read(self) -> u8 {
        // SAFETY: whoever made this value answered for the port's effects.
        unsafe { x86::io::inb(self.0) }
    }
}
