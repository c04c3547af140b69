//! Starting and stopping other cores, of which a PC has none.

use scc::id::CoreId;

use crate::platform::{Absent, Feature};

/// Why a core was not started or stopped.
pub type CoreError = Absent;

/// Starts a core.
///
/// # Errors
/// Always [`Absent`].
pub const fn start(_core: CoreId) -> Result<(), Absent> {
    Err(Absent(Feature::OtherCores))
}

/// Stops a core.
///
/// # Errors
/// Always [`Absent`].
pub const fn stop(_core: CoreId) -> Result<(), Absent> {
    Err(Absent(Feature::OtherCores))
}
