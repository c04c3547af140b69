//! Time: the core's own cycle counter, and the chip-wide timestamp of the FPGA.
//!
//! The counter runs at the tile's clock, which the tile's divider makes of the global grid; counters of different cores
//! are not synchronised. The timestamp counts 8 ns for all cores alike. Facts: SCC reference §2.1, §4.5, §7.2, §7.4.

use core::sync::atomic::{AtomicU32, Ordering};

use scc::fpga::{FpgaRegister, TIMESTAMP_MEGAHERTZ};
use scc::gic::Word;
use scc::tile::{Gcbcfg, TileRegister};
use scc::timing::GRID_MEGAHERTZ;

use super::window::{TileWindow, read_fpga};
use crate::platform::Absent;

/// Cycles per millisecond; before [`learn`] those of the tile's clock after power-on.
static KILOHERTZ: AtomicU32 = AtomicU32::new(533_333);

/// Works out the tile's clock from its divider and the grid's rate as the FPGA states it.
pub fn learn() {
    let divider = Gcbcfg::from_bits(TileWindow::own().read(TileRegister::Gcbcfg)).divider();
    let stated = read_fpga(FpgaRegister::FastClock) & 0xFFFF;
    let grid = if stated == 0 { u32::from(GRID_MEGAHERTZ) } else { stated };
    KILOHERTZ.store(grid * 1_000 / (u32::from(divider) + 1), Ordering::Relaxed);
}

/// Cycles of [`time_stamp`](crate::arch::i586::cpu::time_stamp) per millisecond.
#[must_use]
pub fn cycles_per_millisecond() -> u32 {
    KILOHERTZ.load(Ordering::Relaxed)
}

/// What sleeps may last longer, in microseconds: reading the chip's clock takes a few itself.
pub const LATE_MICROSECONDS: u64 = 50;

/// Seconds since 1970: no clock of the chip tells the date.
#[must_use]
pub const fn time_of_day() -> Option<u32> {
    None
}

/// The chip's time in ticks of 8 ns since the FPGA was configured. Costs three accesses to the FPGA.
///
/// # Errors
/// None here; [`Absent`] on platforms without such a clock.
pub fn chip_time() -> Result<u64, Absent> {
    Ok(timestamp())
}

/// The FPGA's timestamp.
pub(super) fn timestamp() -> u64 {
    let word = |word| u64::from(read_fpga(FpgaRegister::Timestamp(word)));
    loop {
        let high = word(Word::High);
        let low = word(Word::Low);
        // The high word changes every 34 s, so the second round succeeds.
        if word(Word::High) == high {
            return high << 32 | low;
        }
    }
}

/// Microseconds that `ticks` of [`chip_time`] last.
#[must_use]
pub fn chip_microseconds(ticks: u64) -> u64 {
    ticks / TIMESTAMP_MEGAHERTZ
}
