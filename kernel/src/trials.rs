//! What cores check and measure together, in images that have it.
//!
//! It is as large as the kernel itself, so an image has it only with feature `trials`: program `kernel-trials`.

#[cfg(not(feature = "trials"))]
pub use absent::{TrialError, check, measure};

#[cfg(feature = "trials")]
pub use crate::joint_test::{JointError as TrialError, run as check};
#[cfg(feature = "trials")]
pub use crate::measure::group::measure;

#[cfg(not(feature = "trials"))]
mod absent {
    //! Says that it is not there.

    use alloc::vec;
    use alloc::vec::Vec;

    use executor::Spawner;

    use crate::command_line::{Cores, Together};
    use crate::mail::Mailbox;

    /// Why cores check nothing together.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum TrialError {
        /// The image was built without.
        #[error("not in this image: build program kernel-trials with feature trials")]
        Absent,
    }

    /// Fails.
    pub async fn check(
        _: Spawner,
        _: &'static Mailbox,
        _: Cores,
    ) -> Vec<(&'static str, Result<(), TrialError>)> {
        vec![("together", Err(TrialError::Absent))]
    }

    /// Says that it is not there.
    pub async fn measure(_: Spawner, _: Cores, what: Together) {
        log::error!(target: "measure", "failed name={}: {}", what.name(), TrialError::Absent);
    }
}
