//! Characters to COM1.

use super::serial::Serial;

/// Sets the line up.
pub(super) fn initialise() {
    Serial::COM1.initialise();
    Serial::COM1.use_fifos();
}

/// Writes text as it is.
pub fn write(text: &[u8]) {
    Serial::COM1.write(text);
}
