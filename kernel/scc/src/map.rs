//! Core physical address space under the default LUT: where each agent appears.
//!
//! The bases hold for every core as long as its LUT is what [`default_entry`](crate::lut::default_entry)
//! says; each LUT entry covers 16 MB. The local APIC is the exception: it is decoded inside the core, before
//! the LUT. Facts: SCC reference §2.10, §3.3, §5.1.

use crate::address::PhysAddr;
use crate::id::{CoreId, TileId};
use crate::lut::MemoryController;

/// LUT entries with a fixed use in the default map.
pub mod index {
    use crate::address::LutIndex;

    /// First of four entries for shared DRAM, one per memory controller.
    pub const SHARED_DRAM: LutIndex = LutIndex::new(0x80);
    /// First of 24 entries for the message buffers, one per tile.
    pub const MPB: LutIndex = LutIndex::new(0xC0);
    /// Message buffer of the core's own tile.
    pub const OWN_MPB: LutIndex = LutIndex::new(0xD8);
    /// First of 24 entries for the configuration registers, one per tile.
    pub const CRB: LutIndex = LutIndex::new(0xE0);
    /// Configuration registers of the core's own tile.
    pub const OWN_CRB: LutIndex = LutIndex::new(0xF8);
    /// Global register bank of the FPGA.
    pub const FPGA: LutIndex = LutIndex::new(0xF9);
    /// Window into the host.
    pub const HOST_WINDOW: LutIndex = LutIndex::new(0xFA);
    /// Voltage regulator controller.
    pub const VRC: LutIndex = LutIndex::new(0xFB);
    /// SATA and FPGA memory port.
    pub const FPGA_MEMORY: LutIndex = LutIndex::new(0xFC);
    /// Boot slot with the reset vector.
    pub const BOOT_SLOT: LutIndex = LutIndex::new(0xFF);
}

/// Private DRAM of the core, [`private_slots`](crate::lut::BoardMemory::private_slots) windows long.
pub const PRIVATE_DRAM: PhysAddr = PhysAddr::new(0);
/// Shared DRAM on MC0; MC1 to MC3 follow, 16 MB each.
pub const SHARED_DRAM: PhysAddr = index::SHARED_DRAM.base();
/// Message buffer of tile 0; the others follow, 16 MB apart.
pub const MPB: PhysAddr = index::MPB.base();
/// Message buffer of the core's own tile.
pub const OWN_MPB: PhysAddr = index::OWN_MPB.base();
/// Configuration registers of tile 0; the others follow, 16 MB apart.
pub const CRB: PhysAddr = index::CRB.base();
/// Configuration registers of the core's own tile.
pub const OWN_CRB: PhysAddr = index::OWN_CRB.base();
/// Global register bank of the FPGA.
pub const FPGA: PhysAddr = index::FPGA.base();
/// Window into the host.
pub const HOST_WINDOW: PhysAddr = index::HOST_WINDOW.base();
/// Voltage regulator controller; every offset reaches its one register.
pub const VRC: PhysAddr = index::VRC.base();
/// SATA and FPGA memory port.
pub const FPGA_MEMORY: PhysAddr = index::FPGA_MEMORY.base();
/// Local APIC page of 4 KB, decoded inside the core.
pub const LOCAL_APIC: PhysAddr = PhysAddr::new(0xFEE0_0000);
/// Boot slot: the last 16 MB, private DRAM that holds the reset vector.
pub const BOOT_SLOT: PhysAddr = index::BOOT_SLOT.base();
/// First instruction after reset.
pub const RESET_VECTOR: PhysAddr = PhysAddr::new(0xFFFF_FFF0);

/// Window of the shared DRAM on `controller`.
pub const fn shared_dram_of(controller: MemoryController) -> PhysAddr {
    SHARED_DRAM.wrapping_add(controller.number() as u32 * crate::address::LUT_WINDOW_BYTES)
}

/// First byte of the half of its tile's message buffer that belongs to `core` by convention.
pub const fn mpb_of(core: CoreId) -> PhysAddr {
    window_of_tile(MPB, core.tile()).wrapping_add(core.slot() as u32 * crate::mpb::CORE_BYTES)
}

/// Configuration registers of `tile`.
pub const fn crb_of(tile: TileId) -> PhysAddr {
    window_of_tile(CRB, tile)
}

const fn window_of_tile(first: PhysAddr, tile: TileId) -> PhysAddr {
    first.wrapping_add(tile.number() as u32 * crate::address::LUT_WINDOW_BYTES)
}
