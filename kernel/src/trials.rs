//! What cores check and measure, in images that have it.
//!
//! It is nearly as large as the rest of the kernel, so an image has it only with feature `trials`: program
//! `kernel-trials`, or on a PC `kernel-pc-trials`.

#[cfg(not(feature = "trials"))]
pub use absent::{LettersError, TrialError, check, letters, measure, soak};

#[cfg(feature = "trials")]
pub use crate::joint_test::{JointError as TrialError, run as check};
#[cfg(feature = "trials")]
pub use crate::mail::check::{CheckError as LettersError, run as letters};
#[cfg(feature = "trials")]
pub use crate::mail::soak::start as soak;
#[cfg(feature = "trials")]
pub use crate::measure::measure;

#[cfg(not(feature = "trials"))]
mod absent {
    //! Says that it is not there.

    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use executor::Spawner;

    use crate::command_line::{Cores, Measure, Soak};
    use crate::mail::Mailbox;

    /// Why a core checks and measures nothing.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum TrialError {
        /// The image was built without.
        #[error(
            "not in this image: build it with feature trials, as `cargo run -- boot` does for such words"
        )]
        Absent,
    }

    /// Why letters were not checked.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum LettersError {
        /// The image was built without.
        #[error(transparent)]
        Absent(#[from] TrialError),
    }

    /// Fails.
    ///
    /// # Errors
    /// Always [`LettersError::Absent`].
    pub async fn letters(_: Spawner, _: &'static Mailbox, _: Cores) -> Result<String, LettersError> {
        Err(TrialError::Absent.into())
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
    pub async fn measure(_: Spawner, _: Cores, _: Measure) {
        log::error!(target: "measure", "failed: {}", TrialError::Absent);
    }

    /// Says that it is not there.
    pub fn soak(_: Spawner, _: &'static Mailbox, _: Cores, _: Soak) {
        log::error!(target: "soak", "failed: {}", TrialError::Absent);
    }
}
