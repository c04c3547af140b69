//! Tests of the chip as cores and the host see it: a 32 GB board with the default LUTs.

mod devices;
mod interrupts;
mod registers;
mod timing;
mod translation;

use scc::address::{LutIndex, PhysAddr, SystemAddr};
use scc::id::CoreId;
use scc::lut::{BoardMemory, SubDestination, default_entry};
use scc::timing::{LatencyParameters, Time};

use super::Fabric;
use crate::chip::config::{FabricConfig, Timing};
use crate::chip::effects::Effect;
use crate::chip::loss::InterruptLoss;
use crate::chip::port::{MeshPort, Refusal};
use crate::diagnostics::FindingKind;

/// A board and a clock that only tests move.
struct Board {
    fabric: Fabric,
    now: Time,
}

impl Board {
    fn flat() -> Self {
        Self::with(Timing::Flat)
    }

    fn timed() -> Self {
        Self::with(Timing::Scc(LatencyParameters::default()))
    }

    fn with(timing: Timing) -> Self {
        Self::of(&FabricConfig { timing, ..FabricConfig::default() })
    }

    fn losing(loss: InterruptLoss) -> Self {
        Self::of(&FabricConfig { timing: Timing::Flat, loss, ..FabricConfig::default() })
    }

    fn of(config: &FabricConfig) -> Self {
        let mut fabric = Fabric::new(config);
        for core in CoreId::all() {
            for index in LutIndex::all() {
                if let Some(entry) = default_entry(BoardMemory::Gb32, core, index) {
                    fabric.set_lut(core, index, entry);
                }
            }
        }
        fabric.take_effects().for_each(drop);
        Self { fabric, now: Time::ZERO }
    }

    /// Reads a dword; the answer arrives before the next access starts.
    fn read(&mut self, core: u8, physical: u32) -> u32 {
        u32::try_from(self.read_bytes(core, physical, 4)).expect("a dword")
    }

    fn read_bytes(&mut self, core: u8, physical: u32, bytes: u32) -> u64 {
        let reply = self.fabric.read(id(core), PhysAddr::new(physical), bytes, self.now).expect("an answer");
        self.now = reply.done;
        reply.value
    }

    fn write(&mut self, core: u8, physical: u32, value: u32) {
        self.write_bytes(core, physical, 4, value.into());
    }

    fn write_bytes(&mut self, core: u8, physical: u32, bytes: u32, value: u64) {
        let at = PhysAddr::new(physical);
        self.now = self.fabric.write(id(core), at, bytes, value, self.now).expect("an answer").done;
    }

    /// Why a read hangs.
    fn hang(&mut self, core: u8, physical: u32) -> FindingKind {
        match self.fabric.read(id(core), PhysAddr::new(physical), 4, self.now) {
            Err(Refusal::NoAnswer(finding)) => {
                assert_eq!(finding.physical, Some(PhysAddr::new(physical)));
                finding.kind
            }
            other => panic!("{physical:#x} got {other:?}"),
        }
    }

    /// Effects that have arrived, without their times.
    fn effects(&mut self) -> Vec<Effect> {
        self.fabric.run_events(self.now);
        self.fabric.take_effects().map(|(_, effect)| effect).collect()
    }

    /// Kinds of the findings since the last call, all of one core.
    fn findings(&mut self, core: u8) -> Vec<FindingKind> {
        let findings = self.fabric.take_findings();
        assert!(findings.iter().all(|(by, _)| *by == id(core)));
        findings.into_iter().map(|(_, finding)| finding.kind).collect()
    }

    /// What the host reads in a tile's register block.
    fn host_read_tile(&mut self, route: u8, offset: u64) -> u64 {
        let at = SystemAddr { bypass: false, route, sub: SubDestination::Crb, address: offset };
        self.fabric.host_read(at, 4, self.now).expect("an answer")
    }
}

fn id(core: u8) -> CoreId {
    CoreId::new(core).expect("a core number")
}
