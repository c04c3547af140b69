//! Which core this is: asked of the tile once, then remembered.
//!
//! Facts: SCC reference §4.7.

use core::sync::atomic::{AtomicU8, Ordering};

use scc::id::CoreId;
use scc::tile::{MyTileId, TileRegister};

use super::window::TileWindow;

/// Number of this core; meaningless before [`learn`].
static CORE: AtomicU8 = AtomicU8::new(0);

/// Reads the tile's identity register.
///
/// # Panics
/// If the register names no core of the chip.
pub fn learn() -> CoreId {
    let register = MyTileId::from_bits(TileWindow::own().read(TileRegister::MyTileId));
    let core = register.core().expect("a core that reads its own tile's register is a core of the chip");
    CORE.store(core.number(), Ordering::Relaxed);
    core
}

/// This core. Any context; core 0 before the boot phase that learns it.
#[must_use]
pub fn core() -> CoreId {
    CoreId::new(CORE.load(Ordering::Relaxed)).expect("only numbers of cores are stored")
}
