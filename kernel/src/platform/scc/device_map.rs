//! Where the kernel sees the chip's devices: the 4 MB of device windows, page by page, with their memory types.
//!
//! ```text
//! 0x00_0000  own tile's registers, 8 KB          uncached
//! 0x00_2000  local APIC, 4 KB                    uncached
//! 0x00_3000  page with the reset vector, 4 KB    uncached
//! 0x00_4000  own tile's message buffer, 16 KB     message buffer, write-through
//! 0x00_8000  page through which the host types    uncached
//! 0x01_0000  FPGA's register bank, 64 KB         uncached
//! 0x04_0000  registers of tile t, 8 KB each      uncached
//! 0x08_0000  message buffer of tile t, 16 KB     message buffer, write-through
//! ```
//!
//! Message buffers are write-through: a store then leaves the core whether or not it hits L1, and invalidating message
//! lines never discards data. Facts: SCC reference §2.5, §2.6, §3.3.

use i586::apic;
use i586::page::PAGE_BYTES;
use scc::address::{LUT_WINDOW_BYTES, PhysAddr};
use scc::id::{CoreId, TileId};
use scc::memory_type::MemoryType;
use scc::{fpga, map, mpb, tile};

use crate::layout;

const OWN_TILE: u32 = 0;
const LOCAL_APIC: u32 = 0x00_2000;
const RESET_PAGE: u32 = 0x00_3000;
const OWN_MESSAGE_BUFFER: u32 = 0x00_4000;
const TERMINAL: u32 = 0x00_8000;
const FPGA: u32 = 0x01_0000;
const TILES: u32 = 0x04_0000;
const MESSAGE_BUFFERS: u32 = 0x08_0000;
const END: u32 = MESSAGE_BUFFERS + 24 * mpb::TILE_BYTES;

const _: () = assert!(OWN_TILE + tile::BLOCK_BYTES <= LOCAL_APIC && LOCAL_APIC + apic::SIZE <= RESET_PAGE);
const _: () = assert!(
    RESET_PAGE + PAGE_BYTES <= OWN_MESSAGE_BUFFER && OWN_MESSAGE_BUFFER + mpb::TILE_BYTES <= TERMINAL
);
const _: () = assert!(TERMINAL + PAGE_BYTES <= FPGA);
const _: () = assert!(FPGA + fpga::BANK_BYTES <= TILES);
const _: () = assert!(TILES + 24 * tile::BLOCK_BYTES <= MESSAGE_BUFFERS && END <= layout::DEVICES_BYTES);

/// Page of the reset vector.
const RESET_VECTOR_PAGE: PhysAddr =
    PhysAddr::new(map::RESET_VECTOR.get() - map::RESET_VECTOR.get() % PAGE_BYTES);

/// Page of the core's own memory through which the host types: where the linker script has `boot_terminal`.
const TERMINAL_PAGE: PhysAddr = PhysAddr::new(2 * PAGE_BYTES);

/// A block of registers or buffer with a window of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// Registers of the tile that reads them.
    OwnTile,
    /// The core's interrupt controller.
    LocalApic,
    /// Page of the boot slot that holds the reset vector.
    ResetPage,
    /// The half of the own tile's message buffer that belongs to the core of this number within the tile.
    OwnMessageBuffer(u8),
    /// Page of memory through which the host types.
    Terminal,
    /// Register bank of the FPGA.
    Fpga,
    /// Registers of a tile.
    Tile(TileId),
    /// A core's half of its tile's message buffer.
    MessageBuffer(CoreId),
}

impl Device {
    /// Virtual address of the first byte.
    #[must_use]
    pub fn base(self) -> u32 {
        layout::DEVICES
            + match self {
                Self::OwnTile => OWN_TILE,
                Self::LocalApic => LOCAL_APIC,
                Self::ResetPage => RESET_PAGE,
                Self::OwnMessageBuffer(slot) => OWN_MESSAGE_BUFFER + u32::from(slot & 1) * mpb::CORE_BYTES,
                Self::Terminal => TERMINAL,
                Self::Fpga => FPGA,
                Self::Tile(tile) => TILES + u32::from(tile.number()) * tile::BLOCK_BYTES,
                Self::MessageBuffer(core) => MESSAGE_BUFFERS + u32::from(core.number()) * mpb::CORE_BYTES,
            }
    }
}

/// One kind of device: offset of its first window, where the first one lies, bytes of each, how many, memory type.
/// Where there are several, they lie 16 MB apart.
struct Windows(u32, PhysAddr, u32, u32, MemoryType);

/// What a core needs before its caches are on.
const EARLY: [Windows; 3] = [
    Windows(OWN_TILE, map::OWN_CRB, tile::BLOCK_BYTES, 1, MemoryType::Uncached),
    Windows(LOCAL_APIC, map::LOCAL_APIC, apic::SIZE, 1, MemoryType::Uncached),
    Windows(OWN_MESSAGE_BUFFER, map::OWN_MPB, mpb::TILE_BYTES, 1, MemoryType::MpbtWriteThrough),
];

/// All others.
const LATE: [Windows; 5] = [
    Windows(RESET_PAGE, RESET_VECTOR_PAGE, PAGE_BYTES, 1, MemoryType::Uncached),
    Windows(TERMINAL, TERMINAL_PAGE, PAGE_BYTES, 1, MemoryType::Uncached),
    Windows(FPGA, map::FPGA, fpga::BANK_BYTES, 1, MemoryType::Uncached),
    Windows(TILES, map::CRB, tile::BLOCK_BYTES, 24, MemoryType::Uncached),
    Windows(MESSAGE_BUFFERS, map::MPB, mpb::TILE_BYTES, 24, MemoryType::MpbtWriteThrough),
];

/// Calls `show` for the pages of the device windows, 0 to 1023, that are needed while caches are off.
///
/// Few and in plain loops: every instruction is fetched from memory then.
pub fn for_each_early_page(show: impl FnMut(u32, PhysAddr, MemoryType)) {
    for_each_page_of(EARLY, show);
}

/// Calls `show` for each page of the device windows, 0 to 1023, with what it shows.
pub fn for_each_device_page(mut show: impl FnMut(u32, PhysAddr, MemoryType)) {
    for_each_page_of(EARLY, &mut show);
    for_each_page_of(LATE, &mut show);
}

fn for_each_page_of<const N: usize>(windows: [Windows; N], mut show: impl FnMut(u32, PhysAddr, MemoryType)) {
    for Windows(offset, first, bytes, count, kind) in windows {
        let (mut page, mut window) = (offset / PAGE_BYTES, first);
        for _ in 0..count {
            let mut place = window;
            for _ in 0..bytes / PAGE_BYTES {
                show(page, place, kind);
                page += 1;
                place = place.wrapping_add(PAGE_BYTES);
            }
            window = window.wrapping_add(LUT_WINDOW_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn shown() -> Vec<(u32, PhysAddr, MemoryType)> {
        let mut pages = Vec::new();
        for_each_device_page(|page, place, kind| pages.push((page, place, kind)));
        pages
    }

    fn found(wanted: u32) -> Option<(PhysAddr, MemoryType)> {
        shown().into_iter().find(|(page, ..)| *page == wanted).map(|(_, place, kind)| (place, kind))
    }

    fn behind(device: Device, offset: u32) -> Option<(PhysAddr, MemoryType)> {
        let distance = device.base() + offset - layout::DEVICES;
        found(distance / PAGE_BYTES).map(|(page, kind)| (page.wrapping_add(distance % PAGE_BYTES), kind))
    }

    #[test]
    fn every_device_is_found_at_its_core_physical_address() {
        for tile in TileId::all() {
            let expected = (map::crb_of(tile).wrapping_add(0x1080), MemoryType::Uncached);
            assert_eq!(behind(Device::Tile(tile), 0x1080), Some(expected));
        }
        for core in CoreId::all() {
            let expected = (map::mpb_of(core).wrapping_add(0x1040), MemoryType::MpbtWriteThrough);
            assert_eq!(behind(Device::MessageBuffer(core), 0x1040), Some(expected));
        }
        let uncached = |address: PhysAddr| Some((address, MemoryType::Uncached));
        let own_half = map::OWN_MPB.wrapping_add(mpb::CORE_BYTES + 0x40);
        assert_eq!(behind(Device::OwnMessageBuffer(1), 0x40), Some((own_half, MemoryType::MpbtWriteThrough)));
        assert_eq!(behind(Device::OwnTile, 0x100), uncached(map::OWN_CRB.wrapping_add(0x100)));
        assert_eq!(behind(Device::LocalApic, 0x20), uncached(map::LOCAL_APIC.wrapping_add(0x20)));
        assert_eq!(behind(Device::Terminal, 0x20), uncached(PhysAddr::new(0x2020)));
        assert_eq!(behind(Device::Fpga, 0xD000), uncached(map::FPGA.wrapping_add(0xD000)));
    }

    #[test]
    fn no_page_shows_two_devices() {
        let mut pages: Vec<_> = shown().into_iter().map(|(page, ..)| page).collect();
        let count = pages.len();
        pages.sort_unstable();
        pages.dedup();
        assert_eq!((pages.len(), count), (2 + 1 + 4 + 1 + 1 + 16 + 48 + 96, 169));
        assert!(pages.iter().all(|page| *page < 1024));
        assert_eq!(found(9), None);
    }
}
