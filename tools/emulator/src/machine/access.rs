//! The host's view of the board: loading images, looking at memory, releasing resets.
//!
//! The host sees DRAM, message buffers and registers behind all caches (SCC reference §8.2). Looking never
//! disturbs: locks and counters keep their values.

use super::Machine;
use crate::cache::Issue;
use crate::chip::effects::Signal;
use crate::chip::port::Refusal;
use crate::cpu::op::Op;
use crate::cpu::state::Activity;
use scc::address::{LutIndex, PhysAddr};
use scc::host::Uart;
use scc::id::CoreId;
use scc::lut::{SubDestination, default_entry, filler_entry};
use scc::timing::Time;

/// Why the host could not reach an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostAccessError {
    /// The core's LUT sends the address to something that is not DRAM or a message buffer.
    #[error("core {core} address {at} is not memory: its LUT entry is {entry:#07x}")]
    NotMemory {
        /// Whose LUT was used.
        core: CoreId,
        /// The address.
        at: PhysAddr,
        /// The entry.
        entry: u32,
    },
}

impl Machine {
    /// Writes `bytes` to core-physical memory as `core`'s LUT maps it now, behind the caches.
    ///
    /// # Errors
    /// If a byte is not in DRAM or a message buffer; bytes before it are written.
    pub fn write_core_memory(
        &mut self,
        core: CoreId,
        at: PhysAddr,
        bytes: &[u8],
    ) -> Result<(), HostAccessError> {
        let mut at = at;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(room_in_quadword(at)));
            let target = self.fabric.translate(core, at);
            if !matches!(target.sub, SubDestination::East | SubDestination::West | SubDestination::Mpb) {
                return Err(self.not_memory(core, at));
            }
            let mut word = [0; 8];
            word[..now.len()].copy_from_slice(now);
            let length = u32::try_from(now.len()).expect("at most a quadword");
            let value = u64::from_le_bytes(word);
            if self.fabric.host_write(target, length, value, self.now).is_err() {
                return Err(self.not_memory(core, at));
            }
            at = advance(at, now.len());
            rest = later;
        }
        Ok(())
    }

    /// Reads core-physical addresses as `core`'s LUT maps them now, behind the caches and without side effects.
    ///
    /// # Errors
    /// If nothing readable is at one of them.
    pub fn read_core_memory(
        &self,
        core: CoreId,
        at: PhysAddr,
        bytes: &mut [u8],
    ) -> Result<(), HostAccessError> {
        let readable = self.fabric.peek_core(core, at, bytes);
        if readable == bytes.len() { Ok(()) } else { Err(self.not_memory(core, advance(at, readable))) }
    }

    fn not_memory(&self, core: CoreId, at: PhysAddr) -> HostAccessError {
        HostAccessError::NotMemory { core, at, entry: self.fabric.lut(core, at.lut_index()).bits() }
    }

    /// Writes the LUTs of all cores as sccMerge does (SCC reference §3.3). With `filler`, entries that it
    /// leaves alone point at the first slot after the private ones (`-lut_default`).
    pub fn default_luts(&mut self, filler: bool) {
        let memory = self.memory;
        for core in CoreId::all() {
            for index in LutIndex::all() {
                let entry =
                    default_entry(memory, core, index).or_else(|| filler.then(|| filler_entry(memory, core)));
                if let Some(entry) = entry {
                    self.fabric.set_lut(core, index, entry);
                }
            }
        }
        self.apply_effects();
    }

    /// Releases a core and its L2 from reset, as `sccReset -r` does.
    pub fn release(&mut self, core: CoreId) {
        let at = self.now + self.start_phase(core);
        self.fabric.release_reset(core, at);
        self.apply_effects();
    }

    /// How much later than asked a core starts: 0 to 1,023 cycles by the seed, none for seed 0.
    fn start_phase(&self, core: CoreId) -> Time {
        if self.seed == 0 {
            return Time::ZERO;
        }
        let mixed = (self.seed ^ (u64::from(core.number()) << 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Time::from_cycles(mixed >> 54, self.fabric.tile_period(core.tile()))
    }

    /// Puts a core and its L2 into reset, as `sccReset -p` does.
    pub fn hold_in_reset(&mut self, core: CoreId) {
        self.fabric.pull_reset(core, self.now);
        self.apply_effects();
    }

    /// Pulses the package's soft-reset pin: resets the cores and L2s whose SRE bit in GCBCFG is set, on all tiles.
    pub fn soft_reset(&mut self) {
        self.fabric.soft_reset(self.now);
        self.apply_effects();
    }

    /// What a core has written to one of its UARTs so far.
    #[must_use]
    pub fn console(&self, core: CoreId, uart: Uart) -> &[u8] {
        self.fabric.console(core, uart)
    }

    /// SMI# of a core went active.
    pub(super) fn refuse_smi(&mut self, core: CoreId) {
        self.units[core.index()].stop_at_smi();
        self.found_by_effects.push(core);
    }

    /// FLUSH# of a core went active: L1 is written back and invalidated.
    pub(super) fn flush_l1(&mut self, core: CoreId) {
        let state = &mut self.units[core.index()].core;
        let issue = Issue { may_leave: true, ..state.issue(&Op::BOUNDARY) };
        // Where a line goes is decided by the LUT; a line that reaches nobody is lost, as on the chip.
        if let Err(Refusal::NoAnswer(finding)) = state.hierarchy.wbinvd(&mut self.fabric, issue) {
            state.activity = Activity::Hung(finding);
            self.units[core.index()].refresh_running();
        }
        self.fabric.core_signal(core, Signal::FlushAcknowledge);
    }
}

fn room_in_quadword(at: PhysAddr) -> usize {
    8 - at.get() as usize % 8
}

fn advance(at: PhysAddr, bytes: usize) -> PhysAddr {
    at.wrapping_add(u32::try_from(bytes).expect("at most one line"))
}
