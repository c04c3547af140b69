//! The FPGA's register bank: status and configuration, timestamp, interrupt controller, atomic counters.
//!
//! The bank is classified first ([`place`]), so that an offset without a register never gets as far as a read or
//! write. Reads and writes are whole dwords with byte lanes; what a write sets off comes back as [`Packets`].
//!
//! Source: SCC reference §7. Ethernet controllers (§7.7, §7.8) are not modelled: their registers read 0 and every
//! access is reported.

mod counters;
mod gic;
mod stored;

use scc::fpga::{Bank, Config, CounterRegister, FpgaRegister};
use scc::gic::GicRegister;
use scc::lut::BoardMemory;
use scc::timing::{FPGA_PERIOD, Time};

use counters::AtomicCounters;
pub(crate) use gic::{Gic, Packets};
use stored::StoredRegisters;

use super::lanes::DwordLanes;
use super::vrc::Regulator;

/// What is at an offset of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A register that behaves as documented.
    Register(FpgaRegister),
    /// A register that only stores, or reads 0, here.
    Unmodelled(Option<FpgaRegister>),
    /// A register of the host's side.
    HostOnly,
    /// Nothing.
    Undefined,
}

/// Classifies a dword offset below 64 KB.
pub(crate) fn place(offset: u32) -> Place {
    match Bank::of(offset) {
        Bank::PcieEndpoint | Bank::SifLink => Place::HostOnly,
        Bank::MacConfiguration(_) | Bank::MacStatistics(_) | Bank::EmacStatus(_) | Bank::EmacRing(_) => {
            Place::Unmodelled(None)
        }
        Bank::Undefined => Place::Undefined,
        Bank::NetworkParameters
        | Bank::Status
        | Bank::Measurement
        | Bank::BoardMonitor
        | Bank::InterruptController
        | Bank::AtomicCounters => match FpgaRegister::from_offset(offset) {
            None => Place::Undefined,
            Some(register) if unmodelled(register) => Place::Unmodelled(Some(register)),
            Some(register) => Place::Register(register),
        },
    }
}

/// Debugging aids and devices of the board that have nothing behind them here.
fn unmodelled(register: FpgaRegister) -> bool {
    matches!(
        register,
        FpgaRegister::PciStatus(_)
            | FpgaRegister::Status0
            | FpgaRegister::Status1
            | FpgaRegister::FifoLevel
            | FpgaRegister::RouterPackets(_)
            | FpgaRegister::RequestMonitor(_)
            | FpgaRegister::ReceiveFifo
            | FpgaRegister::LastPackets(_)
            | FpgaRegister::PortLog
            | FpgaRegister::MacReset
            | FpgaRegister::CapturedIn(_)
            | FpgaRegister::CapturedOut(_)
            | FpgaRegister::Sata(_)
            | FpgaRegister::BoardMonitor(_)
    )
}

/// The register bank.
#[derive(Debug)]
pub(crate) struct Fpga {
    stored: StoredRegisters,
    counters: AtomicCounters,
    /// Global interrupt controller.
    pub(crate) gic: Gic,
}

impl Fpga {
    /// State after configuration, with the parameters the host's tools leave.
    pub(crate) fn new(memory: BoardMemory) -> Self {
        Self { stored: StoredRegisters::new(memory), counters: AtomicCounters::new(), gic: Gic::new() }
    }

    /// Whether the FPGA acknowledges writes to the host by itself.
    pub(crate) fn acknowledges_host_writes(&self) -> bool {
        Config::from_bits(self.stored.get(FpgaRegister::Config)).acknowledge_host_writes()
    }

    /// Reads a register at time `now`, with its side effect.
    pub(crate) fn read(&mut self, register: FpgaRegister, now: Time, regulator: &Regulator) -> u32 {
        match register {
            FpgaRegister::Counter(CounterRegister::Count(counter)) => self.counters.take(counter),
            other => self.peek(other, now, regulator),
        }
    }

    /// Reads a register without side effects.
    pub(crate) fn peek(&self, register: FpgaRegister, now: Time, regulator: &Regulator) -> u32 {
        match register {
            FpgaRegister::Timestamp(word) => word.of(now.cycles_floor(FPGA_PERIOD)),
            FpgaRegister::Measurement(number) => regulator.measurement(number),
            FpgaRegister::Gic(GicRegister::Status(core, word)) => self.gic.status(core, word),
            FpgaRegister::Gic(GicRegister::Mask(core, word)) => self.gic.mask(core, word),
            FpgaRegister::Gic(GicRegister::Config(core)) => self.gic.config(core),
            FpgaRegister::Gic(
                GicRegister::Reset(..) | GicRegister::IpiRequest(..) | GicRegister::HostRequest(_),
            ) => 0,
            FpgaRegister::Counter(CounterRegister::Count(counter) | CounterRegister::Init(counter)) => {
                self.counters.value(counter)
            }
            stored => self.stored.get(stored),
        }
    }

    /// Writes a register; read-only ones ignore it.
    pub(crate) fn write(&mut self, register: FpgaRegister, lanes: DwordLanes) -> Packets {
        match register {
            FpgaRegister::Gic(register) => return self.write_gic(register, lanes),
            FpgaRegister::Counter(CounterRegister::Count(counter)) => self.counters.give_back(counter),
            FpgaRegister::Counter(CounterRegister::Init(counter)) => {
                let value = lanes.merge_into(self.counters.value(counter));
                self.counters.set(counter, value);
            }
            FpgaRegister::Timestamp(_) | FpgaRegister::Measurement(_) => {}
            stored => self.stored.write(stored, lanes),
        }
        Packets::default()
    }

    fn write_gic(&mut self, register: GicRegister, lanes: DwordLanes) -> Packets {
        match register {
            GicRegister::Status(..) => Packets::default(),
            GicRegister::Mask(core, word) => self.gic.write_mask(core, word, lanes),
            GicRegister::Reset(core, word) => self.gic.write_reset(core, word, lanes.value),
            GicRegister::IpiRequest(core, word) => self.gic.write_request(core, word, lanes.value),
            GicRegister::Config(core) => {
                self.gic.write_config(core, lanes);
                Packets::default()
            }
            GicRegister::HostRequest(word) => self.gic.write_host_request(word, lanes.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::vrc::{Vid, VoltageDomain};

    fn board() -> (Fpga, Regulator) {
        (Fpga::new(BoardMemory::Gb32), Regulator::new())
    }

    fn read(board: &mut (Fpga, Regulator), offset: u32, nanoseconds: u64) -> u32 {
        let Place::Register(register) = place(offset) else { panic!("no register at {offset:#x}") };
        board.0.read(register, Time::from_nanoseconds(nanoseconds), &board.1)
    }

    fn write(board: &mut (Fpga, Regulator), offset: u32, value: u32) {
        let Place::Register(register) = place(offset) else { panic!("no register at {offset:#x}") };
        board.0.write(register, DwordLanes::whole(value));
    }

    /// Checklist 64.
    #[test]
    fn the_timestamp_counts_125_per_microsecond_and_carries() {
        let mut board = board();
        assert_eq!(read(&mut board, 0x8224, 1_000), 125);
        write(&mut board, 0x8224, 0);
        assert_eq!(read(&mut board, 0x8224, 2_000), 250);
        let wrap = (1 << 32) * 8;
        assert_eq!((read(&mut board, 0x8224, wrap), read(&mut board, 0x8228, wrap)), (0, 1));
        assert_eq!(read(&mut board, 0x8224, wrap - 8), u32::MAX);
    }

    /// Checklist 65.
    #[test]
    fn many_readers_of_a_counter_get_distinct_values() {
        let mut board = board();
        write(&mut board, 0xF17C, 7);
        let values: Vec<u32> = (0..1000).map(|_| read(&mut board, 0xF178, 0)).collect();
        assert_eq!(values, (7..1007).collect::<Vec<_>>());
        assert_eq!(read(&mut board, 0xF17C, 0), 1007);
    }

    /// Checklist 67.
    #[test]
    fn holes_of_the_bank_are_recognised() {
        for offset in [0x0300, 0x7400, 0x7E14, 0x8160, 0x825C, 0x8430, 0xD180, 0xD908, 0xE180, 0xF180] {
            assert_eq!(place(offset), Place::Undefined, "{offset:#x}");
        }
        assert_eq!(place(0x0010), Place::HostOnly);
        assert_eq!(place(0x4000), Place::HostOnly);
        assert_eq!(place(0x9000), Place::Unmodelled(None));
        assert_eq!(place(0x802C), Place::Unmodelled(Some(FpgaRegister::RouterPackets(0))));
    }

    #[test]
    fn voltages_are_measured_in_millivolts() {
        let mut board = board();
        board.1.settle(VoltageDomain::V7, Vid::new(0x80));
        assert_eq!(read(&mut board, 0x8418, 0), 800);
        assert_eq!(read(&mut board, 0x8400, 0), 1100);
        assert_eq!(read(&mut board, 0x841C, 0), 3300);
    }
}
