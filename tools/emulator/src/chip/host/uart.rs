//! One core's UART as the host's driver emulates it: a 16450 without an interrupt line.
//!
//! Output is always accepted at once. Received bytes wait in a queue; the modem control loop works, because
//! drivers use it to find out whether a UART exists.
//!
//! Source: SCC reference §8.5 (U57).

use std::collections::VecDeque;

use scc::host::{
    INTERRUPT_ENABLE_TRANSMITTER, INTERRUPT_NONE, INTERRUPT_TRANSMITTER, LINE_CONTROL_DIVISOR,
    LINE_STATUS_IDLE, UartRegister,
};

/// Bit of the modem control register that connects output to input.
const LOOP: u8 = 0x10;
/// A 16450 and what it transmitted.
#[derive(Debug, Default)]
pub(crate) struct Uart {
    divisor: [u8; 2],
    interrupt_enable: u8,
    line_control: u8,
    modem_control: u8,
    scratch: u8,
    received: VecDeque<u8>,
    transmitted: Vec<u8>,
}

impl Uart {
    /// Everything transmitted so far.
    pub(crate) fn transmitted(&self) -> &[u8] {
        &self.transmitted
    }

    /// Queues bytes for the core to receive.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.received.extend(bytes);
    }

    /// Reads a register, with its side effect.
    pub(crate) fn read(&mut self, register: UartRegister) -> u8 {
        match register {
            UartRegister::Data if !self.divisor_mapped() => self.received.pop_front().unwrap_or(0),
            other => self.peek(other),
        }
    }

    /// Reads a register without side effects.
    pub(crate) fn peek(&self, register: UartRegister) -> u8 {
        match register {
            UartRegister::Data if self.divisor_mapped() => self.divisor[0],
            UartRegister::Data => self.received.front().copied().unwrap_or(0),
            UartRegister::InterruptEnable if self.divisor_mapped() => self.divisor[1],
            UartRegister::InterruptEnable => self.interrupt_enable,
            UartRegister::InterruptIdentification => {
                if self.interrupt_enable & INTERRUPT_ENABLE_TRANSMITTER != 0 {
                    INTERRUPT_TRANSMITTER
                } else {
                    INTERRUPT_NONE
                }
            }
            UartRegister::LineControl => self.line_control,
            UartRegister::ModemControl => self.modem_control,
            UartRegister::LineStatus => LINE_STATUS_IDLE | u8::from(!self.received.is_empty()),
            UartRegister::ModemStatus => self.modem_status(),
            UartRegister::Scratch => self.scratch,
        }
    }

    /// Writes a register.
    pub(crate) fn write(&mut self, register: UartRegister, value: u8) {
        match register {
            UartRegister::Data if self.divisor_mapped() => self.divisor[0] = value,
            UartRegister::Data if self.modem_control & LOOP != 0 => self.received.push_back(value),
            UartRegister::Data => self.transmitted.push(value),
            UartRegister::InterruptEnable if self.divisor_mapped() => self.divisor[1] = value,
            UartRegister::InterruptEnable => self.interrupt_enable = value & 0x0F,
            UartRegister::LineControl => self.line_control = value,
            UartRegister::ModemControl => self.modem_control = value & 0x1F,
            UartRegister::Scratch => self.scratch = value,
            // Read-only on a 16450.
            UartRegister::InterruptIdentification | UartRegister::LineStatus | UartRegister::ModemStatus => {}
        }
    }

    fn divisor_mapped(&self) -> bool {
        self.line_control & LINE_CONTROL_DIVISOR != 0
    }

    /// Modem inputs: in the loop they follow the outputs, otherwise a host is always connected.
    fn modem_status(&self) -> u8 {
        let control = self.modem_control;
        if control & LOOP == 0 {
            return 0xB0;
        }
        ((control & 0x02) << 3) | ((control & 0x01) << 5) | ((control & 0x0C) << 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_bytes_are_transmitted_in_order() {
        let mut uart = Uart::default();
        for byte in *b"ok\r\n" {
            assert_eq!(uart.read(UartRegister::LineStatus), 0x60);
            uart.write(UartRegister::Data, byte);
        }
        assert_eq!(uart.transmitted(), b"ok\r\n");
    }

    #[test]
    fn divisor_writes_are_not_printed() {
        let mut uart = Uart::default();
        uart.write(UartRegister::LineControl, 0x83);
        uart.write(UartRegister::Data, 12);
        uart.write(UartRegister::InterruptEnable, 1);
        assert_eq!(uart.read(UartRegister::Data), 12);
        uart.write(UartRegister::LineControl, 0x03);
        assert_eq!(uart.transmitted(), b"");
        assert_eq!(uart.read(UartRegister::InterruptEnable), 0);
    }

    #[test]
    fn interrupt_identification_follows_the_enable_bit() {
        let mut uart = Uart::default();
        assert_eq!(uart.read(UartRegister::InterruptIdentification), 0x01);
        uart.write(UartRegister::InterruptEnable, 0xFF);
        assert_eq!(uart.read(UartRegister::InterruptEnable), 0x0F);
        assert_eq!(uart.read(UartRegister::InterruptIdentification), 0x02);
    }

    #[test]
    fn the_modem_loop_convinces_a_probing_driver() {
        let mut uart = Uart::default();
        uart.write(UartRegister::ModemControl, 0x1A);
        assert_eq!(uart.read(UartRegister::ModemStatus) & 0xF0, 0x90);
        uart.write(UartRegister::Data, 0x42);
        assert_eq!(uart.read(UartRegister::LineStatus), 0x61);
        assert_eq!(uart.read(UartRegister::Data), 0x42);
        assert_eq!(uart.transmitted(), b"");
    }

    #[test]
    fn a_scratch_register_is_present() {
        let mut uart = Uart::default();
        uart.write(UartRegister::Scratch, 0xA5);
        assert_eq!(uart.read(UartRegister::Scratch), 0xA5);
    }

    #[test]
    fn received_bytes_are_announced_and_consumed() {
        let mut uart = Uart::default();
        uart.receive(b"x");
        assert_eq!(uart.peek(UartRegister::Data), b'x');
        assert_eq!(uart.read(UartRegister::LineStatus), 0x61);
        assert_eq!(uart.read(UartRegister::Data), b'x');
        assert_eq!(uart.read(UartRegister::LineStatus), 0x60);
    }
}
