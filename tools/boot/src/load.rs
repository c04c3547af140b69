//! Puts the files of a boot image into a machine: what sccMerge and sccBoot do on a board.
//!
//! Order: LUTs by `lut_init.dat`, then for each line of the merge list its object into the memory that the core has
//! by default. Source: SCC reference §8.3, §8.4.

use std::io;
use std::path::{Path, PathBuf};

use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::lut::{BoardMemory, MemoryController};
use scc_emu::Machine;
use scc_emu::loader::{
    LineError, LutInitError, MergeListError, ObjectError, ObjectFile, RelocationError, Segment,
    parse_lut_init, parse_merge_list, relocate,
};
use scc_image::{KERNEL_MT, LUT_INIT};

/// Why an image cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The merge list is damaged.
    #[error("{file}: {error}", file = file.display())]
    MergeList {
        /// The file.
        file: PathBuf,
        /// Where and what.
        error: LineError<MergeListError>,
    },
    /// An object is damaged.
    #[error("{file}: {error}", file = file.display())]
    Object {
        /// The file.
        file: PathBuf,
        /// Where and what.
        error: LineError<ObjectError>,
    },
    /// The register writes are damaged.
    #[error("{file}: {error}", file = file.display())]
    LutInit {
        /// The file.
        file: PathBuf,
        /// Where and what.
        error: LineError<LutInitError>,
    },
    /// An object does not fit a core's memory.
    #[error("{file} for core {core}: {error}", file = file.display())]
    Placement {
        /// The object.
        file: PathBuf,
        /// The core.
        core: CoreId,
        /// Where and what.
        error: RelocationError,
    },
    /// An object holds an address that no core has.
    #[error("{file}: address {address:#x} lies beyond 4 GB", file = file.display())]
    Beyond {
        /// The object.
        file: PathBuf,
        /// The address.
        address: u64,
    },
}

/// Loads the image files in `folder` and returns the cores whose memory was filled, in the order of the merge list.
///
/// `memory` is what the machine was built with. No core is released.
///
/// # Errors
///
/// [`LoadError`] naming the file, and the line where it has lines.
pub fn load_image(
    machine: &mut Machine,
    memory: BoardMemory,
    folder: &Path,
) -> Result<Vec<CoreId>, LoadError> {
    let file = folder.join(LUT_INIT);
    let writes =
        parse_lut_init(&read(&file)?).map_err(|error| LoadError::LutInit { file: file.clone(), error })?;
    let now = machine.time();
    for write in writes {
        machine.fabric_mut().host_write_tile(write.tile, write.register, write.value, now);
    }
    let file = folder.join(KERNEL_MT);
    let entries = parse_merge_list(&read(&file)?)
        .map_err(|error| LoadError::MergeList { file: file.clone(), error })?;
    let mut loaded: Option<(String, Vec<Segment>)> = None;
    let mut cores = Vec::new();
    for entry in entries {
        let file = folder.join(&entry.object);
        let segments = match loaded.take() {
            Some((object, segments)) if object == entry.object => segments,
            _ => ObjectFile::parse(&read(&file)?)
                .map_err(|error| LoadError::Object { file: file.clone(), error })?
                .segments(),
        };
        for segment in &segments {
            let beyond = || LoadError::Beyond { file: file.clone(), address: segment.address };
            let address = u32::try_from(segment.address).map(PhysAddr::new).map_err(|_| beyond())?;
            let length = segment.end() - segment.address;
            let place = relocate(memory, entry.memory_of, address, length)
                .map_err(|error| LoadError::Placement { file: file.clone(), core: entry.core, error })?;
            let controller = MemoryController::of_core(entry.memory_of);
            machine.fabric_mut().load_dram(controller, place.get(), &segment.bytes);
        }
        cores.push(entry.core);
        loaded = Some((entry.object, segments));
    }
    Ok(cores)
}

fn read(file: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(file).map_err(|source| LoadError::Read { file: file.to_owned(), source })
}
