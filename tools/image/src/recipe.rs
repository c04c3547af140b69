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
    /// Guests that every core gets, or those of [`guest_cores`](Self::guest_cores).
    pub guests: Vec<GuestImage>,
    /// Cores that get the guests, if not all do. The host must load them itself.
    pub guest_cores: Option<CoreList>,
    /// The disk that one core lends to the guests of all, which have none of their own then.
    pub lent_disk: Option<LentDisk>,
}

/// A disk that lies with one core, whose service `block` lends it to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LentDisk {
    /// The core. The host must load it itself.
    pub core: CoreId,
    /// Contents; without any the core lends memory.
    pub contents: Vec<u8>,
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
            guest_cores: None,
            lent_disk: None,
        }
    }
}

impl Recipe {
    /// Whether a core gets the guests.
    pub fn has_guests(&self, core: CoreId) -> bool {
        self.guest_cores.as_ref().is_none_or(|cores| cores.contains(core))
    }

    /// Cores whose memory the host fills.
    pub fn loaded_cores(&self) -> Vec<CoreId> {
        match self.boot_from {
            BootFrom::Host => self.cores.iter().collect(),
            BootFrom::FirstCore => vec![self.cores.first()],
        }
    }
}
