//! What an image is made for.

use scc::id::CoreId;
use scc::lut::BoardMemory;

use crate::{CoreList, GuestImage};

/// Who puts the kernel into the memories of the cores and starts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BootFrom {
    /// The host loads and starts every core.
    #[default]
    Host,
    /// The host loads and starts the lowest core, which installs the kernel for the others.
    FirstCore,
}

/// What an image is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Cores that take part.
    pub cores: CoreList,
    /// Installed memory of the board.
    pub memory: BoardMemory,
    /// Who loads and starts the cores.
    pub boot_from: BootFrom,
    /// Text for the kernel, if any.
    pub command_line: Option<String>,
    /// Guests that every core gets.
    pub guests: Vec<GuestImage>,
}

impl Default for Recipe {
    /// All cores of a 32 GB board, started by the host, without command line and guests.
    fn default() -> Self {
        Self {
            cores: CoreList::all(),
            memory: BoardMemory::Gb32,
            boot_from: BootFrom::Host,
            command_line: None,
            guests: Vec::new(),
        }
    }
}

impl Recipe {
    /// Cores whose memory the host fills.
    pub fn loaded_cores(&self) -> Vec<CoreId> {
        match self.boot_from {
            BootFrom::Host => self.cores.iter().collect(),
            BootFrom::FirstCore => vec![self.cores.first()],
        }
    }
}
