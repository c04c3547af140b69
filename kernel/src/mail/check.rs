//! The self-test of mail: letters to and from the neighbours, then what a letter takes between pairs.

use alloc::string::{String, ToString};

use executor::Spawner;
use ipi::mesh::Mesh as _;

use super::Mailbox;
use super::exchange::{ExchangeError, with_neighbours};
use super::figures::{self, FiguresError};
use crate::command_line::Cores;

/// Why letters did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A letter did not come, or not as it was sent.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// What a letter takes was not measured.
    #[error(transparent)]
    Figures(#[from] FiguresError),
}

/// Exchanges letters with the neighbours among `cores`, and measures with the partner; the figures, as the line of the
/// self-test shows them, empty without a partner. All of `cores` must do the same.
///
/// # Errors
/// [`CheckError`].
pub async fn run(spawner: Spawner, mailbox: &'static Mailbox, cores: Cores) -> Result<String, CheckError> {
    with_neighbours(mailbox, spawner.timers(), cores).await?;
    match cores.partner(mailbox.mesh().core()) {
        Some(partner) => Ok(figures::measure(spawner, mailbox, partner).await?.to_string()),
        None => Ok(String::new()),
    }
}
