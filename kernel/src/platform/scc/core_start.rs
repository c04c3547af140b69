//! Starting and stopping other cores.
//!
//! A core is held in reset while the image is put into its memory: an unused entry of the own LUT is pointed at the
//! other core's first private slot, then at its boot slot, and the image is written there through a message-type
//! mapping, so that every line leaves as one transaction and nothing of it stays in a cache. What is copied is this
//! core's own image: code and constants as they are, variables as they were loaded.
//!
//! Both cores of a tile share the register of resets. Whoever changes it has first counted an FPGA counter of the tile up
//! from 0, and counts it down again; the test-and-set registers belong to the locks of crate `ipi` alone, and starting a
//! core leaves them as they are, since somebody may hold them. Facts: SCC reference §9.4, §4.5, §7.6.

use i586::page::PAGE_BYTES;
use ipi::layout::reset_counter;
use scc::address::{LUT_WINDOW_BYTES, LutIndex};
use scc::fpga::{CounterRegister, FpgaRegister};
use scc::gic::{GicRegister, SOURCES, Word};
use scc::id::{CoreId, TileId};
use scc::lut::{LutEntry, MemoryController};
use scc::map::{self, index};
use scc::memory_type::MemoryType;
use scc::tile::{Gcbcfg, Glcfg, TileRegister};
use trace_format::record::Event;

use super::device_map::Device;
use super::window::{TileWindow, read_fpga, write_fpga};
use super::{clocks, identity};
use crate::arch::i586::{cpu, interrupt_cell::InterruptCell};
use crate::layout;
use crate::mm::address_space::MapError;
use crate::mm::{image, kernel_space};
use crate::trace;

/// Entry of the own LUT through which other memory is reached: the first one that all default maps leave free.
pub(super) const REACH: LutIndex = LutIndex::new(index::SHARED_DRAM.get() + 4);

/// Times that a tile's counter is tried: some milliseconds in all, and whoever holds it needs a few thousand cycles
/// with interrupts held back.
const TRIES: u32 = 500;

/// Cycles between two tries, longer than the two accesses to the FPGA that a try is, so that those who only try do not
/// keep the counter above 0 for each other; and what a core's number adds to them.
const PAUSE: u64 = 2_000;
const STAGGER: u64 = 128;

/// Microseconds for which a stopped core's last transaction may still be under way.
const SETTLE_MICROSECONDS: u32 = 10;

/// Why a core was not started or stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// A core cannot do this to itself.
    #[error("core {0} is this core")]
    Own(CoreId),
    /// The core's LUT leads an entry that it boots from to something else than memory.
    #[error("LUT entry {index} of core {core} is {entry:#x}, which is no memory")]
    NoMemory {
        /// The core.
        core: CoreId,
        /// Entry of its LUT.
        index: LutIndex,
        /// What it holds.
        entry: u32,
    },
    /// Somebody else has been changing the tile's resets for too long: a core that died while it did leaves the
    /// counter above 0 until the host sets it to 0.
    #[error(
        "somebody else changes the resets of the tile of core {core}: FPGA counter {counter} is {value}, not 0"
    )]
    TileBusy {
        /// The core.
        core: CoreId,
        /// Counter of its tile, 0 to 95.
        counter: u8,
        /// What the counter was after the last try.
        value: u32,
    },
    /// The image with its guests does not fit into the window onto other memory.
    #[error("image and guests take more than the {LUT_WINDOW_BYTES:#x} bytes that one LUT entry shows")]
    TooLarge,
    /// The window onto other memory could not be mapped.
    #[error(transparent)]
    Window(#[from] MapError),
}

/// Whether the window onto other memory is mapped.
static WINDOW_MAPPED: InterruptCell<bool> = InterruptCell::new(false);

/// Puts a core and its L2 into reset at once, and keeps doorbells from it. What it had not written back is lost.
///
/// # Errors
/// [`CoreError`]; the core is as it was then.
pub fn stop(core: CoreId) -> Result<(), CoreError> {
    change_reset(core, Reset::Hold)?;
    mask_doorbells(core);
    trace::record(Event::CoreStopped(core.number()));
    Ok(())
}

/// Puts a core into reset, installs this core's image for it and lets it go. Takes some milliseconds in which no other
/// task of this core runs.
///
/// # Errors
/// [`CoreError`]; the core is in reset then, unless it is this core or its tile was busy at first.
pub fn start(core: CoreId) -> Result<(), CoreError> {
    stop(core)?;
    cpu::spin(u64::from(clocks::cycles_per_millisecond() * SETTLE_MICROSECONDS / 1_000));
    let memory = memory_behind(core, LutIndex::new(0))?;
    let boot_slot = memory_behind(core, index::BOOT_SLOT)?;
    map_window()?;
    reach(memory);
    let end = image::pieces().map(|(target, _, bytes)| target.get() + bytes).max();
    if end.is_some_and(|end| end > LUT_WINDOW_BYTES) {
        return Err(CoreError::TooLarge);
    }
    for (target, source, bytes) in image::pieces() {
        copy(target.get(), source, bytes);
    }
    reach(boot_slot);
    let reset_page = map::RESET_VECTOR.offset_in_window() - map::RESET_VECTOR.get() % PAGE_BYTES;
    copy(reset_page, Device::ResetPage.base(), PAGE_BYTES);

    let (tile, slot) = (TileWindow::of(core.tile()), core.slot());
    let pins = Glcfg::from_bits(tile.read(TileRegister::Glcfg(slot)));
    tile.write_pins(TileRegister::Glcfg(slot), pins.with_nmi(false).with_interrupt(false).with_init(false));
    change_reset(core, Reset::Release)?;
    trace::record(Event::CoreStarted(core.number()));
    Ok(())
}

/// What to do with the reset of a core and its L2.
#[derive(Clone, Copy)]
enum Reset {
    Hold,
    Release,
}

fn change_reset(core: CoreId, reset: Reset) -> Result<(), CoreError> {
    if core == identity::core() {
        return Err(CoreError::Own(core));
    }
    let pause = PAUSE + STAGGER * u64::from(identity::core().number());
    let changed = (0..TRIES).any(|attempt| {
        if attempt > 0 {
            cpu::spin(pause);
        }
        cpu::without_interrupts(|| {
            let is_mine = take_tile(core.tile());
            if is_mine {
                write_reset(core, reset);
            }
            leave_tile(core.tile());
            is_mine
        })
    });
    if changed { Ok(()) } else { Err(tile_busy(core)) }
}

fn write_reset(core: CoreId, reset: Reset) {
    let tile = TileWindow::of(core.tile());
    let mask = Gcbcfg::reset_mask(core.slot());
    let bits = tile.read(TileRegister::Gcbcfg);
    tile.write_resets(Gcbcfg::from_bits(match reset {
        Reset::Hold => bits | mask,
        Reset::Release => bits & !mask,
    }));
}

/// Counts a tile's counter up; whether nobody else had. [`leave_tile`] follows in either case.
fn take_tile(tile: TileId) -> bool {
    read_fpga(FpgaRegister::Counter(CounterRegister::Count(reset_counter(tile)))) == 0
}

fn leave_tile(tile: TileId) {
    write_fpga(FpgaRegister::Counter(CounterRegister::Count(reset_counter(tile))), 0);
}

fn tile_busy(core: CoreId) -> CoreError {
    let counter = reset_counter(core.tile());
    let value = read_fpga(FpgaRegister::Counter(CounterRegister::Init(counter)));
    CoreError::TileBusy { core, counter: counter.number(), value }
}

fn mask_doorbells(core: CoreId) {
    for word in [Word::Low, Word::High] {
        write_fpga(FpgaRegister::Gic(GicRegister::Mask(core, word)), word.of(SOURCES));
    }
}

/// What an entry of another core's LUT leads to, which must be memory.
pub(super) fn memory_behind(core: CoreId, index: LutIndex) -> Result<LutEntry, CoreError> {
    let bits = TileWindow::of(core.tile()).read(TileRegister::Lut(core.slot(), index));
    let entry = LutEntry::from_bits(bits);
    match MemoryController::at(entry.route(), entry.sub_destination()) {
        Some(_) => Ok(entry),
        None => Err(CoreError::NoMemory { core, index, entry: bits }),
    }
}

fn map_window() -> Result<(), MapError> {
    if !WINDOW_MAPPED.with(|mapped| *mapped) {
        let kind = MemoryType::MpbtWriteThrough;
        kernel_space::map_window(layout::REACH, layout::REACH_BYTES, REACH.base(), kind)?;
        WINDOW_MAPPED.with(|mapped| *mapped = true);
    }
    Ok(())
}

/// Points the window at other memory.
fn reach(memory: LutEntry) {
    cpu::invalidate_message_lines();
    TileWindow::own().write_reach(identity::core().slot(), REACH, memory);
}

/// Copies whole lines into the window; the last one is complete, so none stays in the write-combining buffer.
fn copy(target: u32, source: u32, bytes: u32) {
    let words = bytes.next_multiple_of(scc::address::LINE_BYTES) / 4;
    super::window::copy_into_reach(target, source, words);
}
