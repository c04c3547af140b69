//! Conventions between programs on the chip and the management console: how characters get out.
//!
//! Two ways matter: port I/O to UART addresses, which the FPGA forwards to the host's tools, and the byte
//! rings that BareMichael programs keep in shared memory. Facts: SCC reference §8.5.

use crate::address::PhysAddr;
use crate::id::CoreId;
use crate::map;

/// 8250-like UART the host emulates for every core; polled, without interrupt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Uart {
    /// COM1, ports 0x3F8 to 0x3FF.
    Com1,
    /// COM2, ports 0x2F8 to 0x2FF.
    Com2,
    /// COM3, ports 0x3E8 to 0x3EF.
    Com3,
    /// COM4, ports 0x2E8 to 0x2EF.
    Com4,
}

impl Uart {
    /// All UARTs in order of their number.
    pub const ALL: [Self; 4] = [Self::Com1, Self::Com2, Self::Com3, Self::Com4];

    /// First I/O port: data.
    pub const fn base_port(self) -> u16 {
        match self {
            Self::Com1 => 0x3F8,
            Self::Com2 => 0x2F8,
            Self::Com3 => 0x3E8,
            Self::Com4 => 0x2E8,
        }
    }

    /// UART and register behind an I/O port; `None` for other ports.
    #[inline]
    pub const fn at(port: u16) -> Option<(Self, UartRegister)> {
        let uart = match port & !7 {
            0x3F8 => Self::Com1,
            0x2F8 => Self::Com2,
            0x3E8 => Self::Com3,
            0x2E8 => Self::Com4,
            _ => return None,
        };
        Some((uart, UartRegister::ALL[(port & 7) as usize]))
    }
}

/// Register of a UART, by distance from its first port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UartRegister {
    /// Data, or low divisor byte while the divisor is accessible.
    Data,
    /// Interrupt enable, or high divisor byte while the divisor is accessible.
    InterruptEnable,
    /// Interrupt identification when read, FIFO control when written.
    InterruptIdentification,
    /// Line control.
    LineControl,
    /// Modem control.
    ModemControl,
    /// Line status.
    LineStatus,
    /// Modem status.
    ModemStatus,
    /// Scratch.
    Scratch,
}

impl UartRegister {
    /// All registers in port order.
    pub const ALL: [Self; 8] = [
        Self::Data,
        Self::InterruptEnable,
        Self::InterruptIdentification,
        Self::LineControl,
        Self::ModemControl,
        Self::LineStatus,
        Self::ModemStatus,
        Self::Scratch,
    ];
}

/// Line status of a transmitter that is empty, with nothing received.
pub const LINE_STATUS_IDLE: u8 = 0x60;
/// Interrupt enable bit of an empty transmitter.
pub const INTERRUPT_ENABLE_TRANSMITTER: u8 = 0x02;
/// Interrupt identification: transmitter empty.
pub const INTERRUPT_TRANSMITTER: u8 = 0x02;
/// Interrupt identification: none pending.
pub const INTERRUPT_NONE: u8 = 0x01;
/// Line control bit that makes the divisor accessible (DLAB).
pub const LINE_CONTROL_DIVISOR: u8 = 0x80;

/// Byte rings of BareMichael in the shared DRAM of MC0, accessed uncached.
///
/// ```text
/// 0x00000 + 32*core  head (u32)   next byte the core writes
///        +16         tail (u32)   next byte the host prints
/// 0x01000 + 64K*core ring
/// ```
///
/// The core never checks the tail; the pointers are 16 bytes apart because the host's tool writes in units
/// of 16.
pub mod ring {
    use super::{CoreId, PhysAddr, map};

    /// Bytes of one core's ring; indices wrap here.
    pub const BYTES: u32 = 0x1_0000;

    const POINTER_SPACING: u32 = 32;
    const TAIL: u32 = 16;
    const DATA: u32 = 0x1000;

    /// Word with the index of the next byte `core` writes.
    pub const fn head(core: CoreId) -> PhysAddr {
        map::SHARED_DRAM.wrapping_add(core.number() as u32 * POINTER_SPACING)
    }

    /// Word with the index of the next byte the host prints.
    pub const fn tail(core: CoreId) -> PhysAddr {
        head(core).wrapping_add(TAIL)
    }

    /// First byte of the ring of `core`.
    pub const fn data(core: CoreId) -> PhysAddr {
        map::SHARED_DRAM.wrapping_add(DATA + core.number() as u32 * BYTES)
    }
}

/// Byte in which SCC Linux on `core` reports its load in percent.
pub const fn load_byte(core: CoreId) -> PhysAddr {
    map::SHARED_DRAM.wrapping_add(0x900 + core.number() as u32)
}

#[cfg(test)]
mod tests {
    use super::{Uart, UartRegister, load_byte, ring};
    use crate::id::CoreId;

    #[test]
    fn ports_decode_to_uart_and_register() {
        for uart in Uart::ALL {
            for (port, register) in (uart.base_port()..).zip(UartRegister::ALL) {
                assert_eq!(Uart::at(port), Some((uart, register)));
            }
        }
        assert_eq!(Uart::at(0x2FD), Some((Uart::Com2, UartRegister::LineStatus)));
        assert_eq!(Uart::at(0x400), None);
    }

    #[test]
    fn print_areas_of_all_cores_are_disjoint() {
        let last = CoreId::new(47).unwrap();
        assert_eq!(ring::head(last).get(), 0x8000_05E0);
        assert_eq!(ring::tail(last).get(), 0x8000_05F0);
        assert!(load_byte(CoreId::new(0).unwrap()) > ring::tail(last).wrapping_add(15));
        assert!(load_byte(last).get() < ring::data(CoreId::new(0).unwrap()).get());
        assert_eq!(ring::data(last).get(), 0x8000_1000 + 47 * 65536);
    }
}
