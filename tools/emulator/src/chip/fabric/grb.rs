//! The FPGA's register bank as the mesh reaches it: byte lanes, offsets without a register, interrupt packets.
//!
//! Source: SCC reference §7.1 (U40, U41).

use scc::address::LUT_WINDOW_BYTES;
use scc::fpga::{BANK_BYTES, FpgaRegister};
use scc::gic::GicRegister;
use scc::tile::Requester;

use super::{Access, Fabric};
use crate::chip::fpga::{Place, place};
use crate::chip::lanes::{self, DwordLanes};
use crate::diagnostics::FindingKind;

impl Fabric {
    pub(super) fn grb_read(&mut self, access: &Access, bytes: u32) -> Result<u64, FindingKind> {
        self.check_grb(access.address, bytes, access.requester)?;
        let mut words = [0; 2];
        for (word, (offset, lanes)) in words.iter_mut().zip(touched(access.address, bytes, 0)) {
            if lanes.any()
                && let Some(register) = self.grb_register(access, offset)
            {
                *word = self.fpga.read(register, access.trip.arrival, &self.regulator);
            }
        }
        Ok(lanes::extract(lanes::join(words[0], words[1]), access.address, bytes))
    }

    pub(super) fn grb_write(&mut self, access: &Access, bytes: u32, value: u64) -> Result<(), FindingKind> {
        self.check_grb(access.address, bytes, access.requester)?;
        for (offset, lanes) in touched(access.address, bytes, value) {
            if lanes.any()
                && let Some(register) = self.grb_register(access, offset)
                && !self.is_lost(register, lanes)
            {
                let packets = self.fpga.write(register, lanes);
                if !packets.is_empty() {
                    self.send_packets(access, packets);
                }
            }
        }
        Ok(())
    }

    /// Whether a write is a request for interrupts that is lost on purpose.
    fn is_lost(&mut self, register: FpgaRegister, lanes: DwordLanes) -> bool {
        let asks = matches!(register, FpgaRegister::Gic(GicRegister::IpiRequest(..))) && lanes.value != 0;
        let is_lost = asks && self.losses.loses_request();
        self.statistics.lost_requests += u64::from(is_lost);
        is_lost
    }

    /// Whether every dword an access touches gets an answer.
    pub(super) fn check_grb(
        &self,
        address: u64,
        bytes: u32,
        requester: Requester,
    ) -> Result<(), FindingKind> {
        for (offset, lanes) in touched(address, bytes, 0) {
            match (place(offset), requester) {
                _ if !lanes.any() => {}
                (Place::Undefined, _) => return Err(FindingKind::UndefinedFpgaRegister { offset }),
                (Place::HostOnly, Requester::Core(_)) => {
                    return Err(FindingKind::HostFpgaRegister { offset });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The register at an offset that gets an answer; `None` if it reads 0 and ignores writes.
    fn grb_register(&mut self, access: &Access, offset: u32) -> Option<FpgaRegister> {
        let in_window = access.address % u64::from(LUT_WINDOW_BYTES);
        if in_window >= u64::from(BANK_BYTES) {
            self.warn(access, FindingKind::FpgaOffsetWraps { offset: in_window });
        }
        match place(offset) {
            Place::Register(register) => Some(register),
            Place::Unmodelled(register) => {
                // A driver that polls says it once, not at every access.
                if let Requester::Core(core) = access.requester
                    && self.unmodelled.insert((core, offset))
                {
                    self.warn(access, FindingKind::FpgaRegisterNotModelled { offset });
                }
                register
            }
            Place::HostOnly | Place::Undefined => None,
        }
    }
}

/// The two dwords of the access's quadword: offset in the bank and byte lanes.
pub(super) fn touched(address: u64, bytes: u32, value: u64) -> [(u32, DwordLanes); 2] {
    let base = u32::try_from((address % u64::from(BANK_BYTES)) & !7).expect("16 bits");
    let [low, high] = lanes::dwords(address, bytes, value);
    [(base, low), (base + 4, high)]
}
