//! What to load where, as the command line writes it: a file name, a place after `@`, cores after `#`.
//!
//! The place is looked for from the right, so file names may hold `@` and `#` as long as what follows the last
//! one is a place or a list of cores.

use std::path::PathBuf;
use std::str::FromStr;

use scc::address::{ControllerAddr, PhysAddr};
use scc::lut::MemoryController;

use super::{CoreSet, CoreSetError, NumberError, parse_number};

/// `FILE@0xADDR[#CORES]`: a raw file at a core-physical address of each core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreFile {
    /// The file.
    pub file: PathBuf,
    /// Address of its first byte.
    pub address: PhysAddr,
    /// Cores it is loaded for, if they are named.
    pub cores: Option<CoreSet>,
}

/// `FILE[#CORES]`: a file that knows its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfTarget {
    /// The file.
    pub file: PathBuf,
    /// Cores it is loaded for, if they are named.
    pub cores: Option<CoreSet>,
}

/// `FILE@mcN:0xADDR`: a raw file at a byte address of a memory controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemFile {
    /// The file.
    pub file: PathBuf,
    /// The controller.
    pub controller: MemoryController,
    /// Address of its first byte there.
    pub address: ControllerAddr,
}

/// Why a text names no file with a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No `@` in it.
    #[error("`{0}` says not where to load; write FILE@0xADDR, for example boot.bin@0xfffff000#0")]
    NoAddress(String),
    /// Nothing before the `@` or `#`.
    #[error("the file name is missing")]
    NoFile,
    /// Something else than `mc0` to `mc3` and a colon after the `@`.
    #[error("`{0}` is no place on a memory controller; write FILE@mcN:0xADDR with N = 0 to 3")]
    NotController(String),
    /// The address is no number in range.
    #[error("address {0}")]
    Address(#[source] NumberError),
    /// The list of cores is none.
    #[error(transparent)]
    Cores(#[from] CoreSetError),
}

impl FromStr for CoreFile {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (file, place) = text.rsplit_once('@').ok_or_else(|| TargetError::NoAddress(text.to_owned()))?;
        let (address, cores) = match place.split_once('#') {
            Some((address, cores)) => (address, Some(cores.parse()?)),
            None => (place, None),
        };
        let address = parse_number(address, u32::MAX.into()).map_err(TargetError::Address)?;
        let address = PhysAddr::new(u32::try_from(address).expect("limited to 32 bits"));
        Ok(Self { file: file_name(file)?, address, cores })
    }
}

impl FromStr for ElfTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (file, cores) = match text.rsplit_once('#') {
            Some((file, cores)) => (file, Some(cores.parse()?)),
            None => (text, None),
        };
        Ok(Self { file: file_name(file)?, cores })
    }
}

impl FromStr for SystemFile {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let not_controller = |place: &str| TargetError::NotController(place.to_owned());
        let (file, place) = text.rsplit_once('@').ok_or_else(|| not_controller(text))?;
        let (controller, address) = place.split_once(':').ok_or_else(|| not_controller(place))?;
        let controller = match controller {
            "mc0" => MemoryController::Mc0,
            "mc1" => MemoryController::Mc1,
            "mc2" => MemoryController::Mc2,
            "mc3" => MemoryController::Mc3,
            _ => return Err(not_controller(place)),
        };
        let limit = ControllerAddr::new(u64::MAX).get();
        let address = parse_number(address, limit).map_err(TargetError::Address)?;
        Ok(Self { file: file_name(file)?, controller, address: ControllerAddr::new(address) })
    }
}

fn file_name(text: &str) -> Result<PathBuf, TargetError> {
    if text.is_empty() { Err(TargetError::NoFile) } else { Ok(PathBuf::from(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores(text: &str) -> Option<CoreSet> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_raw_file_has_an_address_and_perhaps_cores() {
        let file = |text: &str| text.parse::<CoreFile>().unwrap();
        let boot = file("out/boot.bin@0xFFFFF000#0,5,10-12");
        assert_eq!(boot.file, PathBuf::from("out/boot.bin"));
        assert_eq!(boot.address, PhysAddr::new(0xFFFF_F000));
        assert_eq!(boot.cores, cores("0,5,10-12"));
        assert_eq!(file("a@b#1@4096").file, PathBuf::from("a@b#1"));
        assert_eq!(file("a@b#1@4096").cores, None);
    }

    #[test]
    fn an_elf_file_has_perhaps_cores() {
        let file = |text: &str| text.parse::<ElfTarget>().unwrap();
        assert_eq!(file("kernel.elf#all"), ElfTarget { file: "kernel.elf".into(), cores: cores("all") });
        assert_eq!(file("kernel.elf"), ElfTarget { file: "kernel.elf".into(), cores: None });
    }

    #[test]
    fn a_system_file_has_a_controller_and_a_wide_address() {
        let file: SystemFile = "data@mc1:0x1ec000040".parse().unwrap();
        assert_eq!(file.controller, MemoryController::Mc1);
        assert_eq!(file.address.get(), 0x1_EC00_0040);
    }

    #[test]
    fn other_texts_say_what_is_missing() {
        let raw = |text: &str| text.parse::<CoreFile>().unwrap_err();
        assert_eq!(raw("boot.bin"), TargetError::NoAddress("boot.bin".into()));
        assert_eq!(raw("@0x1000"), TargetError::NoFile);
        assert!(matches!(raw("a@1000h"), TargetError::Address(NumberError::NotNumber(_))));
        assert!(matches!(raw("a@0x100000000"), TargetError::Address(NumberError::TooLarge { .. })));
        assert!(matches!(raw("a@0#48"), TargetError::Cores(CoreSetError::NotCore(_))));
        let system = |text: &str| text.parse::<SystemFile>().unwrap_err();
        assert_eq!(system("a@mc4:0"), TargetError::NotController("mc4:0".into()));
        assert_eq!(system("a@0x1000"), TargetError::NotController("0x1000".into()));
        assert!(matches!(system("a@mc0:0x400000000"), TargetError::Address(NumberError::TooLarge { .. })));
        assert_eq!("#1".parse::<ElfTarget>().unwrap_err(), TargetError::NoFile);
    }
}
