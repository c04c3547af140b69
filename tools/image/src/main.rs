//! `scc-image`, the command line: builds the files of a boot image and describes them.
#![forbid(unsafe_code)]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use scc::lut::BoardMemory;
use scc_image::{
    BootFrom, CoreList, ElfError, FolderError, GuestImage, Image, KernelFile, PlacementError, Recipe,
    SummaryError, summary, write_folder,
};

/// Makes boot images of the SCC: from a kernel's ELF file to the files of sccKit.
#[derive(Debug, Parser)]
#[command(
    name = "scc-image",
    version,
    after_help = "Examples:\n  scc-image build kernel.elf -o out                     all cores of a 32 GB board\n  \
                  scc-image build kernel.elf -o out --cores 0-3 --command-line selftest\n  \
                  scc-image show out\n\n\
                  On a board:   sccMerge -m 8 -n 12 -noimage kernel.mt; sccBoot -g obj; sccReset -r 0..47\n\
                  Emulated:     scc-emu run --mt out/kernel.mt --lut-init out/lut_init.dat --release all"
)]
struct Arguments {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write kernel.obj, kernel.mt, lut_init.dat, kernel.map and raw pieces into a folder
    Build(BuildArguments),
    /// Describe the files in a folder
    Show {
        /// Folder that `build` wrote
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
struct BuildArguments {
    /// The kernel: a 32-bit x86 ELF file linked to fixed addresses, with a reset page
    kernel: PathBuf,
    /// Folder for the files; made if it does not exist
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Cores that take part, for example 0,5,10-12 or all
    #[arg(long, default_value = "0-47", value_name = "CORES")]
    cores: CoreList,
    /// Installed memory of the board in GB
    #[arg(long, default_value = "32", value_name = "GB")]
    memory: Memory,
    /// Who loads and starts the cores: the host all of them, or only the lowest, which starts the others
    #[arg(long, default_value = "host", value_name = "WHO")]
    boot_from: Starter,
    /// Text for the kernel
    #[arg(long, value_name = "TEXT")]
    command_line: Option<String>,
    /// A guest for every core: an ELF file; may be given several times
    #[arg(long = "guest", value_name = "FILE")]
    guests: Vec<PathBuf>,
    /// Initial file system of each guest that is Linux
    #[arg(long, value_name = "FILE")]
    guest_files: Option<PathBuf>,
    /// Command line of each guest that is Linux
    #[arg(long, value_name = "TEXT", default_value = "")]
    guest_command_line: String,
    /// Memory of each guest in MB
    #[arg(long, default_value = "16", value_name = "MB", value_parser = clap::value_parser!(u32).range(1..=1024))]
    guest_memory: u32,
    /// Contents of a disk that each guest can read, in sectors of 512 bytes
    #[arg(long, value_name = "FILE")]
    guest_disk: Option<PathBuf>,
    /// Size in MB of a disk that each guest can write, empty at first
    #[arg(long, default_value = "0", value_name = "MB", value_parser = clap::value_parser!(u32).range(0..=1024))]
    guest_scratch: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Memory {
    /// 4 GB per memory controller
    #[value(name = "16")]
    Gb16,
    /// 8 GB per memory controller
    #[value(name = "32")]
    Gb32,
    /// 16 GB per memory controller
    #[value(name = "64")]
    Gb64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Starter {
    /// The host loads every core
    Host,
    /// The host loads the lowest core only
    Core0,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read {file}: {source}", file = file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{file}: {error}", file = file.display())]
    Elf { file: PathBuf, error: ElfError },
    #[error("{file}: {error}", file = file.display())]
    Placement { file: PathBuf, error: PlacementError },
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Summary(#[from] SummaryError),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Build(arguments) => build(arguments),
        Command::Show { folder } => summary(&folder).map_err(Failure::from).map(|text| print!("{text}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("scc-image: {failure}");
            ExitCode::from(2)
        }
    }
}

fn build(arguments: BuildArguments) -> Result<(), Failure> {
    let file = arguments.kernel.clone();
    let kernel = read_kernel(&file)?;
    let output = arguments.output.clone();
    let image =
        Image::new(&kernel, recipe(arguments)?).map_err(|error| Failure::Placement { file, error })?;
    for path in write_folder(&image, &output)? {
        println!("{}", path.display());
    }
    Ok(())
}

fn read_kernel(file: &Path) -> Result<KernelFile, Failure> {
    let bytes = std::fs::read(file).map_err(|source| Failure::Read { file: file.to_owned(), source })?;
    KernelFile::parse(&bytes).map_err(|error| Failure::Elf { file: file.to_owned(), error })
}

fn recipe(arguments: BuildArguments) -> Result<Recipe, Failure> {
    let failed = |file: &PathBuf, source| Failure::Read { file: file.clone(), source };
    let read = |file: &PathBuf| std::fs::read(file).map_err(|source| failed(file, source));
    let optional = |file: &Option<PathBuf>| file.as_ref().map_or_else(|| Ok(Vec::new()), read);
    let files = optional(&arguments.guest_files)?;
    let disk = optional(&arguments.guest_disk)?;
    let guest = |file: &PathBuf| {
        let image = GuestImage::read(file, arguments.guest_memory << 20);
        let mut image = image.map_err(|source| failed(file, source))?;
        let command_line = arguments.guest_command_line.clone();
        let (files, disk) = (files.clone(), disk.clone());
        image.room.scratch_bytes = arguments.guest_scratch << 20;
        Ok(GuestImage { files, command_line, disk, ..image })
    };
    Ok(Recipe {
        guests: arguments.guests.iter().map(guest).collect::<Result<_, Failure>>()?,
        cores: arguments.cores,
        memory: match arguments.memory {
            Memory::Gb16 => BoardMemory::Gb16,
            Memory::Gb32 => BoardMemory::Gb32,
            Memory::Gb64 => BoardMemory::Gb64,
        },
        boot_from: match arguments.boot_from {
            Starter::Host => BootFrom::Host,
            Starter::Core0 => BootFrom::FirstCore,
        },
        command_line: arguments.command_line,
        guest_cores: None,
        lent_disk: None,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn unreadable_and_foreign_files_are_named() {
        let missing = read_kernel(Path::new("/no/kernel.elf")).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read /no/kernel.elf: "), "{missing}");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let foreign = read_kernel(&manifest).unwrap_err().to_string();
        assert!(foreign.contains("Cargo.toml: at offset 0x0: this is no ELF file"), "{foreign}");
    }
}
