//! Serial ports: 115,200 baud, 8 bits. Facts: data sheet of National's 16550.
#![expect(unsafe_code, reason = "ports are named by number")]

use crate::arch::i586::port::Port;

/// Data, and with [`DIVISOR_ACCESS`] the low byte of the divisor.
const DATA: u16 = 0;
/// Interrupt enable, and with [`DIVISOR_ACCESS`] the high byte of the divisor.
const INTERRUPT_ENABLE: u16 = 1;
const FIFO_CONTROL: u16 = 2;
const LINE_CONTROL: u16 = 3;
const MODEM_CONTROL: u16 = 4;
const LINE_STATUS: u16 = 5;
const SCRATCH: u16 = 7;

const DIVISOR_ACCESS: u8 = 0x80;
const EIGHT_BITS: u8 = 0x03;
/// 115,200 baud.
const DIVISOR: u8 = 1;
/// FIFOs on and empty.
const FIFO_ON: u8 = 0x07;
/// DTR and RTS.
const READY: u8 = 0x03;
/// With OUT2, which lets the port's interrupt through to its line.
const READY_WITH_INTERRUPT: u8 = 0x0B;
/// Interrupts for received bytes.
const RECEIVED: u8 = 0x01;
/// There is a byte to read.
const DATA_READY: u8 = 0x01;
/// The transmitter takes a byte.
const TRANSMITTER_EMPTY: u8 = 0x20;
/// Looks at the status per byte: longer than any byte takes at this rate, for a port without a device never says yes.
const PATIENCE: u32 = 100_000;

/// A serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Serial(u16);

impl Serial {
    /// The first one.
    pub(super) const COM1: Self = Self(0x3F8);
    /// The second one.
    pub(super) const COM2: Self = Self(0x2F8);

    fn register(self, offset: u16) -> Port {
        // SAFETY: a serial port takes and gives bytes; it changes no memory.
        unsafe { Port::new(self.0 + offset) }
    }

    /// Sets the line up, without interrupts. What was received before is kept.
    pub(super) fn initialise(self) {
        for (offset, value) in [
            (INTERRUPT_ENABLE, 0),
            (LINE_CONTROL, DIVISOR_ACCESS),
            (DATA, DIVISOR),
            (INTERRUPT_ENABLE, 0),
            (LINE_CONTROL, EIGHT_BITS),
            (MODEM_CONTROL, READY),
        ] {
            self.register(offset).write(value);
        }
    }

    /// Switches the FIFOs on, which discards what was received before.
    pub(super) fn use_fifos(self) {
        self.register(FIFO_CONTROL).write(FIFO_ON);
    }

    /// Whether there is such a port: it keeps what is written to its scratch register.
    pub(super) fn is_present(self) -> bool {
        [0x5A, 0xA5].into_iter().all(|value| {
            self.register(SCRATCH).write(value);
            self.register(SCRATCH).read() == value
        })
    }

    /// Has the port raise its line when bytes come, or not.
    pub(super) fn interrupt_when_received(self, wanted: bool) {
        let (control, enable) = if wanted { (READY_WITH_INTERRUPT, RECEIVED) } else { (READY, 0) };
        self.register(MODEM_CONTROL).write(control);
        self.register(INTERRUPT_ENABLE).write(enable);
    }

    /// The next byte that was received, if there is one.
    pub(super) fn read(self) -> Option<u8> {
        let ready = self.register(LINE_STATUS).read() & DATA_READY != 0;
        ready.then(|| self.register(DATA).read())
    }

    /// Writes text as it is. Polls.
    pub(super) fn write(self, text: &[u8]) {
        for byte in text {
            for _ in 0..PATIENCE {
                if self.register(LINE_STATUS).read() & TRANSMITTER_EMPTY != 0 {
                    break;
                }
            }
            self.register(DATA).write(*byte);
        }
    }
}
