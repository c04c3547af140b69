//! Windows onto registers and message buffers: the only place that dereferences their addresses.
//!
//! Each access is one aligned 32-bit load or store, as the tile registers, the FPGA and the APIC want. A register that
//! exists is always there: nothing here can fail. Facts: SCC reference §2.10, §4.1, §7.1.
#![expect(unsafe_code, reason = "device registers are memory")]

use core::ptr::with_exposed_provenance_mut;

use i586::apic::ApicRegister;
use scc::fpga::FpgaRegister;
use scc::id::CoreId;
use scc::mpb;
use scc::tile::{Glcfg, TileRegister};

use super::device_map::Device;

/// Registers of a tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct TileWindow(u32);

impl TileWindow {
    /// The tile this core sits on.
    #[must_use]
    pub(super) fn own() -> Self {
        Self(Device::OwnTile.base())
    }

    /// Reads a register. Reading a lock takes it.
    #[must_use]
    pub(super) fn read(self, register: TileRegister) -> u32 {
        load(self.0 + register.offset())
    }

    /// Writes the pins of a core. None of them changes memory that a running core relies on.
    pub(super) fn write_pins(self, register: TileRegister, pins: Glcfg) {
        debug_assert!(matches!(register, TileRegister::Glcfg(_)), "pins are in GLCFG");
        // SAFETY: pins interrupt, stop or restart a core; they do not change what is in memory.
        unsafe { self.write(register, pins.into_bits()) };
    }

    /// Frees a test-and-set lock. Any value does.
    pub(super) fn free_lock(self, slot: u8) {
        // SAFETY: a lock is a bit of its own.
        unsafe { self.write(TileRegister::Lock(slot), 1) };
    }

    /// Writes a register. A change of clock, reset or LUT takes effect before this returns.
    ///
    /// # Safety
    /// A LUT entry of this core must not take memory away that Rust relies on, nor give it to somebody else.
    pub(super) unsafe fn write(self, register: TileRegister, value: u32) {
        // SAFETY: the register belongs to the window; what its value changes is the caller's duty.
        unsafe { store(self.0 + register.offset(), value) };
    }
}

/// Reads a register of the FPGA.
#[must_use]
pub(super) fn read_fpga(register: FpgaRegister) -> u32 {
    load(Device::Fpga.base() + register.offset())
}

/// Writes a register of the FPGA. None of those named by [`FpgaRegister`] changes a core's memory.
pub(super) fn write_fpga(register: FpgaRegister, value: u32) {
    // SAFETY: the register exists; no register of the bank moves or changes memory.
    unsafe { store(Device::Fpga.base() + register.offset(), value) };
}

/// Reads a register of the local APIC.
#[must_use]
pub(super) fn read_apic(register: ApicRegister) -> u32 {
    load(Device::LocalApic.base() + register.offset())
}

/// Writes a register of the local APIC.
pub(super) fn write_apic(register: ApicRegister, value: u32) {
    // SAFETY: the register exists; the APIC changes no memory, and interrupts arrive through gates only.
    unsafe { store(Device::LocalApic.base() + register.offset(), value) };
}

fn load(address: u32) -> u32 {
    let pointer = with_exposed_provenance_mut::<u32>(address as usize);
    // SAFETY: callers add a register's offset to its window's base; device windows stay mapped from the start on.
    unsafe { pointer.read_volatile() }
}

/// # Safety
/// The register's effect must not change memory that Rust relies on.
unsafe fn store(address: u32, value: u32) {
    let pointer = with_exposed_provenance_mut::<u32>(address as usize);
    // SAFETY: as for `load`; the effect is the caller's duty.
    unsafe { pointer.write_volatile(value) };
}

/// Fills a core's half of its tile's message buffer with zeros and pushes the last line out of the write-combining
/// buffer. Before the buffer is in use.
pub(super) fn clear_message_buffer(core: CoreId) {
    let first = Device::MessageBuffer(core).base();
    for line in (0..mpb::CORE_BYTES).step_by(4) {
        // SAFETY: nobody holds a reference into a message buffer, and any core may write to it.
        unsafe { store(first + line, 0) };
    }
    // The last complete line left by itself; a store to another line would push it out if it had not.
    // SAFETY: as above.
    unsafe { store(first, 0) };
}
