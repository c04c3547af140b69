//! Names of lines in pools: as a core sees them, and where they are.
//!
//! Caches know lines by the address that the core uses, so a line that was cached while a window showed one pool is found
//! when it shows another one, and a store goes where the window leads when it leaves (SCC reference §2.3, §3.1).

use scc::address::LINE_BYTES;
use scc::id::CoreId;

use super::cache::LineName;
use crate::mesh::{POOL_BYTES, Pool, PoolBase, PoolWindow};

/// Where all pools of the fake are.
pub(super) const BASE: PoolBase = PoolBase::new(3 * POOL_BYTES).expect("a multiple of a pool");

const OWN: u8 = 100;
const WINDOWS: u8 = 101;
const MEMORY: u8 = 200;

/// Line of a pool as a core addresses it. Scenarios stay within the first 2 MB.
pub(super) fn seen(pool: Pool, offset: u32) -> LineName {
    let view = match pool {
        Pool::Own => OWN,
        Pool::Behind(window) => WINDOWS + window.number(),
    };
    (view, u16::try_from(offset / LINE_BYTES).expect("scenarios lend little"))
}

/// Where a line is that core `core` addresses, whose windows show the pools of these cores.
///
/// # Panics
/// If it is behind a window that shows nothing.
pub(super) fn place(
    core: CoreId,
    windows: &[Option<CoreId>; PoolWindow::COUNT],
    (view, line): LineName,
) -> LineName {
    let owner = match view {
        OWN => core,
        _ => match view.checked_sub(WINDOWS).and_then(|window| windows.get(usize::from(window))) {
            Some(owner) => owner.expect("a window is used only while it shows something"),
            None => return (view, line),
        },
    };
    (MEMORY + owner.number(), line)
}
