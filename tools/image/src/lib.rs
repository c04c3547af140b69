//! Boot images of the SCC: from the kernel's ELF file to files that the board's own tools load.
//!
//! [`KernelFile`] reads the ELF; [`Image`] decides what lies where in a core's memory: the segments, a command
//! line, a table of function names for the kernel's backtraces, a list of guests; [`write_folder`] writes it in sccKit's formats
//! (SCC reference §8.3):
//!
//! | File | Contents | Read by |
//! |---|---|---|
//! | `kernel.obj` | memory of one core, at core-physical addresses | sccMerge |
//! | `guests.obj` | the same with the guests, if only some cores get them | sccMerge |
//! | `lender.obj` | the same for the core that lends a disk, with the disk | sccMerge |
//! | `kernel.mt` | which core gets it, on which memory controller | sccMerge |
//! | `lut_init.dat` | writes to the LUTs of the used cores | sccBoot |
//! | `kernel.map`, `*.bin` | the same memory as raw pieces | bin2obj |
//!
//! On a PC, which QEMU emulates, the kernel boots as it is; see [`pc`].
//!
//! On a board: `sccMerge -m 8 -n 12 -noimage kernel.mt`, `sccBoot -g obj`, `sccReset -r 0..47`. An emulator that
//! reads the same files boots the same memory. All cores run one image; who they are they find out themselves.
#![forbid(unsafe_code)]

mod core_list;
mod folder;
mod guest_list;
mod image;
mod instructions;
mod kernel_file;
mod lut_init;
mod merge_list;
mod name_table;
mod object_text;
pub mod pc;
mod placement;
mod recipe;
mod summary;

pub use core_list::{CoreList, CoreListError};
pub use folder::{
    FolderError, GUESTS_OBJ, KERNEL_MAP, KERNEL_MT, KERNEL_OBJ, LENDER_OBJ, LUT_INIT, image_files,
    write_folder,
};
pub use guest_list::{GuestImage, GuestListError, guest_list};
pub use image::{Image, Piece, PieceKind};
pub use instructions::is_known_to_p54c;
pub use kernel_file::{ElfError, FunctionSymbol, KernelFile, LoadSegment};
pub use name_table::{name_table, readable_name};
pub use object_text::ObjectTextError;
pub use placement::PlacementError;
pub use recipe::{BootFrom, LentDisk, Recipe};
pub use summary::{SummaryError, summary};
