//! Why a board could not be set up: the file or option, the place in it, what was expected.

use std::io;
use std::path::PathBuf;

use scc::address::{ControllerAddr, PhysAddr};
use scc::id::CoreId;
use scc::lut::MemoryController;
use scc_emu::HostAccessError;
use scc_emu::diagnostics::FindingKind;
use scc_emu::loader::{
    ElfError, LineError, LutInitError, MapError, MergeListError, ObjectError, RelocationError,
};

/// Why a board could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// A file cannot be read.
    #[error("cannot read {file}: {error}", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// A file is not of the format it was given as.
    #[error("{file}: {error}", file = file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Where and what.
        error: FormatError,
    },
    /// An object cannot be placed in the memory of a core.
    #[error("{file} for core {core}: {error}", file = file.display())]
    Relocation {
        /// The object.
        file: PathBuf,
        /// The core.
        core: CoreId,
        /// Where and what.
        error: RelocationError,
    },
    /// An address is not memory, as a core's LUT maps it.
    #[error(
        "{file}: {error}; load elsewhere, or map the address first with --lut or --lut-default",
        file = file.display()
    )]
    NotMemory {
        /// The file.
        file: PathBuf,
        /// Core, address and LUT entry.
        error: HostAccessError,
    },
    /// A file does not fit below 4 GB.
    #[error(
        "{file}: {length:#x} bytes at {address} run over the end of the core's address space",
        file = file.display()
    )]
    RunsOver {
        /// The file.
        file: PathBuf,
        /// Address of the first byte.
        address: PhysAddr,
        /// Number of bytes.
        length: usize,
    },
    /// A file does not fit on a controller.
    #[error(
        "{file}: {length:#x} bytes at {address} run over the end of MC{number}; --memory gives it {size:#x} bytes",
        file = file.display(),
        number = controller.number()
    )]
    BeyondController {
        /// The file.
        file: PathBuf,
        /// The controller.
        controller: MemoryController,
        /// Address of the first byte.
        address: ControllerAddr,
        /// Number of bytes.
        length: usize,
        /// Bytes the controller has.
        size: u64,
    },
    /// A folder without what sccMerge writes.
    #[error(
        "{folder} holds neither mch_*.32.obj nor lut_init.dat; expected the folder that sccMerge wrote",
        folder = folder.display()
    )]
    NothingMerged {
        /// The folder.
        folder: PathBuf,
    },
    /// The FPGA refuses a write.
    #[error("--fpga {offset:#x}: {reason}")]
    Fpga {
        /// Offset of the register.
        offset: u32,
        /// The reason.
        reason: FindingKind,
    },
}

/// What is wrong inside a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormatError {
    /// ELF.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// Text object.
    #[error(transparent)]
    Object(#[from] LineError<ObjectError>),
    /// Load map.
    #[error(transparent)]
    Map(#[from] LineError<MapError>),
    /// Merge list.
    #[error(transparent)]
    MergeList(#[from] LineError<MergeListError>),
    /// Register writes.
    #[error(transparent)]
    LutInit(#[from] LineError<LutInitError>),
}
