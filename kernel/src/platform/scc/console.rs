//! Characters to the host: the data port of COM1, which the FPGA forwards.
//!
//! Writes are acknowledged by the FPGA, so there is nothing to wait for. Facts: SCC reference §8.5, §8.7.
#![expect(unsafe_code, reason = "ports are named by number")]

use scc::host::Uart;

use crate::arch::i586::port::Port;

/// Writes text as it is.
pub fn write(text: &[u8]) {
    // SAFETY: the host prints what it gets, and no port of the chip changes memory.
    let data = unsafe { Port::new(Uart::Com1.base_port()) };
    text.iter().for_each(|byte| data.write(*byte));
}
