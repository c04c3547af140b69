//! What Linux is told before its first instruction: the page of boot parameters ("zero page") and what it names.
//!
//! ```text
//! guest-physical  0x1000      boot parameters; ESI holds this address at the entry
//!                 0x3000      command line, 2,048 bytes: Linux copies them all
//!                 0x9F000     end of low memory
//!                 0x100000    the kernel, from its ELF file
//!                 end         initial file system, as high as it fits at a page boundary
//! ```
//!
//! Source: "The Linux/x86 Boot Protocol" and "Zero Page" (Documentation/arch/x86/boot.rst and zero-page.rst). Linux is
//! entered by its 32-bit entry, so of the set-up header only what the kernel itself reads afterwards is filled in.

use guest_abi::{GuestPhysAddr, linux, start};

use super::guest_memory::{GuestMemory, OutsideMemory};

/// Where the boot parameters lie.
pub const PLACE: GuestPhysAddr = GuestPhysAddr::new(start::PLACE);
/// Where the command line lies.
const COMMAND_LINE_PLACE: GuestPhysAddr = GuestPhysAddr::new(0x3000);
/// Bytes of the command line with its zero: `COMMAND_LINE_SIZE`.
pub const COMMAND_LINE_BYTES: u32 = 2048;
/// End of the memory below 1 MiB, as a PC's firmware leaves it.
const LOW_MEMORY_END: u32 = 0x9_F000;
const PAGE_BYTES: u32 = 4096;

/// 2.15, that of Linux 6.12. The fields that are used here have had their places since 2.07.
const PROTOCOL_VERSION: u16 = 0x020F;
/// `LOADED_HIGH`: the kernel is at 1 MiB.
const LOADED_HIGH: u8 = 1;
/// `E820_TYPE_RAM`.
const USABLE: u32 = 1;

/// A field of the boot parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    MemoryEntries,
    BootFlag,
    Magic,
    Version,
    LoaderType,
    LoadFlags,
    /// Place and length.
    InitialFiles,
    CommandLinePlace,
    SubArchitecture,
    MemoryMap,
}

impl Field {
    /// Its offset in the page.
    const fn offset(self) -> u32 {
        match self {
            Self::MemoryEntries => 0x1E8,
            Self::BootFlag => 0x1FE,
            Self::Magic => 0x202,
            Self::Version => 0x206,
            Self::LoaderType => 0x210,
            Self::LoadFlags => 0x211,
            Self::InitialFiles => 0x218,
            Self::CommandLinePlace => 0x228,
            Self::SubArchitecture => 0x23C,
            Self::MemoryMap => 0x2D0,
        }
    }
}

/// What is chosen for one start of Linux.
#[derive(Clone, Copy, Debug)]
pub struct LinuxStart<'a> {
    /// The command line, without a zero byte, below [`COMMAND_LINE_BYTES`].
    pub command_line: &'a str,
    /// The initial file system, an archive as Linux takes it.
    pub initial_files: Option<&'a [u8]>,
}

impl LinuxStart<'_> {
    /// Writes everything into a guest whose kernel is loaded and ends at `kernel_end`. The page at [`PLACE`] goes into ESI.
    ///
    /// # Errors
    /// [`StartError`]; some of it may be written then.
    pub fn write(&self, memory: &impl GuestMemory, kernel_end: GuestPhysAddr) -> Result<(), StartError> {
        let line = self.command_line.as_bytes();
        if line.len() >= COMMAND_LINE_BYTES as usize || line.contains(&0) {
            return Err(StartError::CommandLine { bytes: line.len() });
        }
        memory.check(GuestPhysAddr::new(0), start::IMAGE_PLACE)?;
        memory.clear(PLACE, PAGE_BYTES)?;
        memory.clear(COMMAND_LINE_PLACE, COMMAND_LINE_BYTES)?;
        memory.write(COMMAND_LINE_PLACE, line)?;
        let files = match self.initial_files {
            Some(files) => place_files(memory, files, kernel_end)?,
            None => [0, 0],
        };
        let files = files.map(u32::to_le_bytes);
        let high = memory.bytes().saturating_sub(start::IMAGE_PLACE);
        let map =
            [[0, LOW_MEMORY_END], [start::IMAGE_PLACE, high]].map(|[first, bytes]| map_entry(first, bytes));
        let fields: [(Field, &[u8]); 10] = [
            (Field::MemoryEntries, &[2]),
            (Field::MemoryMap, map.as_flattened()),
            (Field::BootFlag, &0xAA55_u16.to_le_bytes()),
            (Field::Magic, b"HdrS"),
            (Field::Version, &PROTOCOL_VERSION.to_le_bytes()),
            (Field::LoaderType, &[linux::LOADER]),
            (Field::LoadFlags, &[LOADED_HIGH]),
            (Field::InitialFiles, files.as_flattened()),
            (Field::CommandLinePlace, &COMMAND_LINE_PLACE.number().to_le_bytes()),
            (Field::SubArchitecture, &linux::SUBARCHITECTURE.to_le_bytes()),
        ];
        for (field, bytes) in fields {
            memory.write(GuestPhysAddr::new(PLACE.number() + field.offset()), bytes)?;
        }
        Ok(())
    }
}

/// An entry of the map of memory: address and length of 64 bits each, type.
fn map_entry(first: u32, bytes: u32) -> [u8; 20] {
    let mut entry = [0; 20];
    entry[0..4].copy_from_slice(&first.to_le_bytes());
    entry[8..12].copy_from_slice(&bytes.to_le_bytes());
    entry[16..20].copy_from_slice(&USABLE.to_le_bytes());
    entry
}

/// Writes the files at the highest page boundary from which they fit, above the kernel; gives place and length.
fn place_files(
    memory: &impl GuestMemory,
    files: &[u8],
    kernel_end: GuestPhysAddr,
) -> Result<[u32; 2], StartError> {
    let too_large = StartError::InitialFiles { bytes: files.len(), memory_bytes: memory.bytes() };
    let bytes = u32::try_from(files.len()).map_err(|_| too_large)?;
    let place = memory.bytes().checked_sub(bytes).ok_or(too_large)? / PAGE_BYTES * PAGE_BYTES;
    if place < kernel_end.number().max(start::IMAGE_PLACE) {
        return Err(too_large);
    }
    memory.write(GuestPhysAddr::new(place), files)?;
    Ok([place, bytes])
}

/// Why Linux cannot be started. The fault of whoever chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The command line is too long, or has a zero byte in it.
    #[error("command line of {bytes} bytes: at most {}, and none of them zero", COMMAND_LINE_BYTES - 1)]
    CommandLine {
        /// Its length.
        bytes: usize,
    },
    /// Kernel and initial file system do not fit together.
    #[error(
        "initial file system of {bytes} bytes does not fit into {memory_bytes} bytes of memory beside the kernel"
    )]
    InitialFiles {
        /// Length of the file system.
        bytes: usize,
        /// Length of the guest's memory.
        memory_bytes: u32,
    },
    /// The guest has not even memory below the kernel.
    #[error(transparent)]
    Memory(#[from] OutsideMemory),
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec;

    use super::*;
    use crate::hypervisor::host_memory::HostMemory;

    const KERNEL_END: GuestPhysAddr = GuestPhysAddr::new(0x20_0000);
    const MEMORY: u32 = 0x40_0000;

    fn word(memory: &HostMemory, offset: u32) -> u32 {
        u32::from_le_bytes(memory.read_array(GuestPhysAddr::new(0x1000 + offset)).unwrap())
    }

    #[test]
    fn parameters_lie_where_linux_reads_them() {
        let memory = HostMemory::new(MEMORY);
        memory.write(GuestPhysAddr::new(0), &[0xFF; 0x8000]).unwrap();
        let files = [7; 0x1801];
        let start = LinuxStart { command_line: "console=hvc0 quiet", initial_files: Some(&files) };
        start.write(&memory, KERNEL_END).unwrap();
        // hdr.boot_flag, hdr.header, hdr.version, hdr.type_of_loader, hdr.hardware_subarch
        assert_eq!(word(&memory, 0x1FC), 0xAA55_0000);
        assert_eq!(word(&memory, 0x202), 0x5372_6448);
        assert_eq!(word(&memory, 0x206), 0x020F);
        assert_eq!(word(&memory, 0x210) & 0xFFFF, 0x01FF);
        assert_eq!(word(&memory, 0x23C), 0x5CC0);
        // The sentinel must be zero, or Linux clears parts of the page.
        assert_eq!(memory.read_array(GuestPhysAddr::new(0x11EF)), Ok([0]));
        // hdr.cmd_line_ptr
        let line: [u8; 19] = memory.read_array(GuestPhysAddr::new(word(&memory, 0x228))).unwrap();
        assert_eq!(&line, b"console=hvc0 quiet\0");
        // hdr.ramdisk_image, hdr.ramdisk_size
        assert_eq!([word(&memory, 0x218), word(&memory, 0x21C)], [0x3F_E000, 0x1801]);
        assert_eq!(memory.read_array(GuestPhysAddr::new(0x3F_E000)), Ok(files));
        // e820_entries and the table: address, size, type
        assert_eq!(word(&memory, 0x1E8) & 0xFF, 2);
        let table: vec::Vec<_> = (0..10).map(|index| word(&memory, 0x2D0 + 4 * index)).collect();
        assert_eq!(table, [0, 0, 0x9F000, 0, 1, 0x10_0000, 0, 0x30_0000, 0, 1]);
    }

    #[test]
    fn without_files_there_are_none() {
        let memory = HostMemory::new(MEMORY);
        LinuxStart { command_line: "", initial_files: None }.write(&memory, KERNEL_END).unwrap();
        assert_eq!([word(&memory, 0x218), word(&memory, 0x21C)], [0, 0]);
    }

    #[test]
    fn command_lines_that_linux_would_cut_are_refused() {
        let memory = HostMemory::new(MEMORY);
        let write =
            |command_line: &str| LinuxStart { command_line, initial_files: None }.write(&memory, KERNEL_END);
        let long: String = "x".repeat(2048);
        assert_eq!(write(&long[..2047]), Ok(()));
        assert_eq!(write(&long), Err(StartError::CommandLine { bytes: 2048 }));
        assert_eq!(write("a\0b"), Err(StartError::CommandLine { bytes: 3 }));
    }

    #[test]
    fn files_never_touch_the_kernel() {
        let memory = HostMemory::new(MEMORY);
        let write = |bytes: usize| {
            let files = vec![1; bytes];
            LinuxStart { command_line: "", initial_files: Some(&files) }.write(&memory, KERNEL_END)
        };
        let refused = |bytes| Err(StartError::InitialFiles { bytes, memory_bytes: MEMORY });
        assert_eq!(write(0x20_0000), Ok(()));
        assert_eq!(write(0x20_0001), refused(0x20_0001));
        assert_eq!(write(0x40_0001), refused(0x40_0001));
    }

    #[test]
    fn guest_without_memory_below_the_kernel_is_refused() {
        let memory = HostMemory::new(0xF_FFFF);
        let start = LinuxStart { command_line: "", initial_files: None };
        let outside = OutsideMemory { first: GuestPhysAddr::new(0), bytes: 0x10_0000 };
        assert_eq!(start.write(&memory, KERNEL_END), Err(StartError::Memory(outside)));
    }
}
