//! Starting one core again while the others run: what sccMerge, sccBoot and sccReset do for that core on a board.

use scc::id::CoreId;
use scc_boot::forget_terminal;
use scc_emu::{HostAccessError, Machine};
use scc_image::{Image, KernelFile, PlacementError, Recipe};

use crate::start::timed;

/// What a core is started from.
pub(crate) struct Restart {
    kernel: KernelFile,
    recipe: Recipe,
    /// Words for the kernel of a core that the host starts.
    words: String,
}

/// Why a core was not started again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestartError {
    /// The kernel with these words does not fit.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// The core's memory cannot be written.
    #[error(transparent)]
    Memory(#[from] HostAccessError),
}

impl Restart {
    /// For cores that are told `words` when they start again.
    pub(crate) const fn new(kernel: KernelFile, recipe: Recipe, words: String) -> Self {
        Self { kernel, recipe, words }
    }

    /// Puts a core into reset, fills its memory again and releases it; `further` are words for its kernel.
    pub(crate) fn start(
        &self,
        machine: &mut Machine,
        core: CoreId,
        further: &str,
    ) -> Result<(), RestartError> {
        let command_line = Some(timed(format!("{} {further}", self.words).trim_end()));
        let image = Image::new(&self.kernel, Recipe { command_line, ..self.recipe.clone() })?;
        machine.hold_in_reset(core);
        forget_terminal(&self.kernel, machine, core)?;
        for piece in image.pieces_of(core) {
            machine.write_core_memory(core, piece.address, &piece.bytes)?;
        }
        machine.release(core);
        Ok(())
    }
}
