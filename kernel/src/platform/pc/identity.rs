//! Which core this is: there is only one.

use scc::id::CoreId;

/// This core.
#[must_use]
pub fn core() -> CoreId {
    CoreId::new(0).expect("the lowest number is that of a core")
}
