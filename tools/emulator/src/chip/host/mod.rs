//! The management console's side: per-core UARTs on I/O ports and the memory it lends to the chip.
//!
//! Every core owns four UARTs at the PC's COM ports, all private to it. Ports without a device read as ones and
//! ignore writes; each is reported the first time it is touched.
//!
//! Source: SCC reference §8.5 (U57), §8.7.

mod io_log;
mod soft_ram;
mod uart;

use scc::host::Uart as UartName;
use scc::id::CoreId;
use scc::timing::Time;

pub use io_log::{IoDirection, IoEvent};
pub(crate) use soft_ram::SoftRam;
use uart::Uart;

use io_log::IoLog;

/// The host as the chip sees it.
pub(crate) struct Host {
    uarts: Vec<[Uart; UartName::ALL.len()]>,
    reported_ports: Vec<u64>,
    log: IoLog,
    /// Memory behind the host window.
    pub(crate) memory: SoftRam,
}

/// What a port access came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PortAnswer {
    /// Data of a read, right-aligned; the data written of a write.
    pub(crate) value: u32,
    /// The first port of the access without a device that was not reported yet.
    pub(crate) newly_unknown: Option<u16>,
}

impl Host {
    pub(crate) fn new() -> Self {
        let mut uarts = Vec::new();
        uarts.resize_with(CoreId::COUNT, Default::default);
        Self { uarts, reported_ports: vec![0; 1024], log: IoLog::default(), memory: SoftRam::default() }
    }

    /// Reads 1 to 4 ports beginning at `port`.
    #[inline]
    pub(crate) fn io_read(&mut self, core: CoreId, port: u16, bytes: u32, now: Time) -> PortAnswer {
        let mut newly_unknown = None;
        let mut value = 0;
        for lane in 0..bytes.min(4) {
            let byte_port = nth(port, lane);
            let byte = match UartName::at(byte_port) {
                Some((uart, register)) => self.uart_mut(core, uart).read(register),
                None => {
                    newly_unknown = newly_unknown.or(self.first_touch(byte_port));
                    0xFF
                }
            };
            value |= u32::from(byte) << (8 * lane);
        }
        self.log.record(IoEvent {
            at: now,
            core,
            port,
            bytes,
            direction: IoDirection::In,
            value,
            known: UartName::at(port).is_some(),
        });
        PortAnswer { value, newly_unknown }
    }

    /// Writes 1 to 4 ports beginning at `port`.
    #[inline]
    pub(crate) fn io_write(
        &mut self,
        core: CoreId,
        port: u16,
        bytes: u32,
        value: u32,
        now: Time,
    ) -> PortAnswer {
        let mut newly_unknown = None;
        for (lane, byte) in (0..bytes.min(4)).zip(value.to_le_bytes()) {
            let byte_port = nth(port, lane);
            match UartName::at(byte_port) {
                Some((uart, register)) => self.uart_mut(core, uart).write(register, byte),
                None => newly_unknown = newly_unknown.or(self.first_touch(byte_port)),
            }
        }
        self.log.record(IoEvent {
            at: now,
            core,
            port,
            bytes,
            direction: IoDirection::Out,
            value,
            known: UartName::at(port).is_some(),
        });
        PortAnswer { value, newly_unknown }
    }

    /// Everything a core transmitted on a UART.
    pub(crate) fn console(&self, core: CoreId, uart: UartName) -> &[u8] {
        self.uarts[core.index()][position(uart)].transmitted()
    }

    /// Queues bytes for a core to receive on a UART.
    pub(crate) fn type_in(&mut self, core: CoreId, uart: UartName, bytes: &[u8]) {
        self.uart_mut(core, uart).receive(bytes);
    }

    /// Starts recording port accesses.
    pub(crate) fn record_io(&mut self) {
        self.log.start();
    }

    /// Takes the port accesses recorded since the last call.
    pub(crate) fn take_io_events(&mut self) -> Vec<IoEvent> {
        self.log.take()
    }

    #[inline]
    fn uart_mut(&mut self, core: CoreId, uart: UartName) -> &mut Uart {
        &mut self.uarts[core.index()][position(uart)]
    }

    /// `port` if it was never reported before.
    fn first_touch(&mut self, port: u16) -> Option<u16> {
        let word = &mut self.reported_ports[usize::from(port / 64)];
        let bit = 1 << (port % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new.then_some(port)
    }
}

/// Place of a UART in a core's table.
const fn position(uart: UartName) -> usize {
    match uart {
        UartName::Com1 => 0,
        UartName::Com2 => 1,
        UartName::Com3 => 2,
        UartName::Com4 => 3,
    }
}

/// The port `lane` above `port`; ports wrap at 64 K like the address.
fn nth(port: u16, lane: u32) -> u16 {
    port.wrapping_add(u16::try_from(lane).expect("at most 3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(number: usize) -> CoreId {
        CoreId::all().nth(number).expect("48 cores")
    }

    /// Checklist 75.
    #[test]
    fn each_core_has_its_own_consoles() {
        let mut host = Host::new();
        for (number, byte) in [(0, b'a'), (47, b'z')] {
            host.io_write(core(number), 0x3F8, 1, u32::from(byte), Time::ZERO);
        }
        host.io_write(core(47), 0x2F8, 1, u32::from(b'!'), Time::ZERO);
        assert_eq!(host.console(core(0), UartName::Com1), b"a");
        assert_eq!(host.console(core(47), UartName::Com1), b"z");
        assert_eq!(host.console(core(47), UartName::Com2), b"!");
    }

    /// Checklist 75 (U57).
    #[test]
    fn an_unknown_port_reads_ones_and_is_reported_once() {
        let mut host = Host::new();
        assert_eq!(
            host.io_read(core(1), 0x64, 1, Time::ZERO),
            PortAnswer { value: 0xFF, newly_unknown: Some(0x64) }
        );
        assert_eq!(
            host.io_read(core(2), 0x64, 1, Time::ZERO),
            PortAnswer { value: 0xFF, newly_unknown: None }
        );
        assert_eq!(host.io_write(core(1), 0x70, 1, 0x8F, Time::ZERO).newly_unknown, Some(0x70));
        assert_eq!(host.io_read(core(2), 0xCF8, 4, Time::ZERO).value, u32::MAX);
    }

    #[test]
    fn port_accesses_are_recorded_when_asked_for() {
        let mut host = Host::new();
        host.io_read(core(0), 0x3FD, 1, Time::ZERO);
        assert!(host.take_io_events().is_empty());
        host.record_io();
        host.io_read(core(3), 0x3FD, 1, Time::ZERO);
        let events = host.take_io_events();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].core, events[0].port, events[0].value), (core(3), 0x3FD, 0x60));
        assert!(host.take_io_events().is_empty());
    }
}
