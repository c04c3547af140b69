//! `--dump CORE:0xADDR:LEN[=FILE]`: which memory to show after the run, and how it looks.

use std::fmt::Write;
use std::path::PathBuf;
use std::str::FromStr;

use scc::address::PhysAddr;
use scc::id::CoreId;
use scc_emu::loader::{CoreSet, CoreSetError, NumberError, parse_number};

/// Bytes per line of a dump.
const WIDTH: usize = 16;

/// Memory to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DumpRequest {
    /// Whose LUT maps it.
    pub(crate) core: CoreId,
    /// Address of the first byte.
    pub(crate) address: PhysAddr,
    /// Number of bytes.
    pub(crate) length: usize,
    /// File for the raw bytes; standard output gets a table otherwise.
    pub(crate) file: Option<PathBuf>,
}

/// Why a text asks for no dump.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DumpRequestError {
    /// Not three parts.
    #[error("`{0}` is no dump; expected CORE:0xADDR:LEN[=FILE], for example 0:0x1000:64")]
    Form(String),
    /// The core is none.
    #[error(transparent)]
    Core(#[from] CoreSetError),
    /// More than one core.
    #[error("`{0}` names more than one core; repeat --dump")]
    ManyCores(String),
    /// A number is none or too large.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The memory runs over the end of the address space.
    #[error("{length:#x} bytes at {address} run over the end of the address space")]
    RunsOver {
        /// Address of the first byte.
        address: PhysAddr,
        /// Number of bytes.
        length: u64,
    },
    /// Nothing after `=`.
    #[error("the file name is missing after `=`")]
    NoFile,
}

impl FromStr for DumpRequest {
    type Err = DumpRequestError;

    fn from_str(text: &str) -> Result<Self, DumpRequestError> {
        let (place, file) = match text.split_once('=') {
            Some((_, "")) => return Err(DumpRequestError::NoFile),
            Some((place, file)) => (place, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let mut parts = place.split(':');
        let (Some(core), Some(address), Some(length), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(DumpRequestError::Form(text.to_owned()));
        };
        let cores: CoreSet = core.parse()?;
        let (Some(core), 1) = (cores.iter().next(), cores.len()) else {
            return Err(DumpRequestError::ManyCores(core.to_owned()));
        };
        let address = parse_number(address, u32::MAX.into())?;
        let address = PhysAddr::new(u32::try_from(address).expect("limited to 32 bits"));
        let length = parse_number(length, u32::MAX.into())?;
        if u64::from(address.get()) + length > 1 << u32::BITS {
            return Err(DumpRequestError::RunsOver { address, length });
        }
        let length = usize::try_from(length).expect("limited to 32 bits");
        Ok(Self { core, address, length, file })
    }
}

/// Lines of 16 bytes: address, bytes, characters.
pub(crate) fn table(address: PhysAddr, bytes: &[u8]) -> String {
    let mut table = String::new();
    let mut at = address;
    for line in bytes.chunks(WIDTH) {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let printable = |byte: &u8| if (0x20..0x7F).contains(byte) { char::from(*byte) } else { '.' };
        let characters: String = line.iter().map(printable).collect();
        writeln!(table, "{:08x}  {:<47}  {characters}", at.get(), hex.join(" "))
            .expect("a string takes everything");
        at = at.wrapping_add(u32::try_from(WIDTH).expect("16"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_name_core_address_length_and_file() {
        let request: DumpRequest = "5:0x80000000:0x40=out/ring.bin".parse().unwrap();
        assert_eq!(request.core, CoreId::new(5).unwrap());
        assert_eq!((request.address.get(), request.length), (0x8000_0000, 64));
        assert_eq!(request.file, Some("out/ring.bin".into()));
        let request: DumpRequest = "0:4096:16".parse().unwrap();
        assert_eq!((request.address.get(), request.length, request.file), (0x1000, 16, None));
    }

    #[test]
    fn other_texts_say_what_is_wrong() {
        let fails = |text: &str| text.parse::<DumpRequest>().unwrap_err();
        assert_eq!(fails("0:0x1000"), DumpRequestError::Form("0:0x1000".into()));
        assert_eq!(fails("0:0:0:0"), DumpRequestError::Form("0:0:0:0".into()));
        assert_eq!(fails("all:0:1"), DumpRequestError::ManyCores("all".into()));
        assert!(matches!(fails("48:0:1"), DumpRequestError::Core(_)));
        assert!(matches!(fails("0:zz:1"), DumpRequestError::Number(_)));
        assert!(matches!(fails("0:0xfffffff0:17"), DumpRequestError::RunsOver { .. }));
        assert_eq!(fails("0:0:1="), DumpRequestError::NoFile);
        assert!("0:0xfffffff0:16".parse::<DumpRequest>().is_ok());
    }

    #[test]
    fn the_table_has_address_bytes_and_characters() {
        let bytes: Vec<u8> = (0x41..0x53).collect();
        let expected = "\
00001000  41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP
00001010  51 52                                            QR
";
        assert_eq!(table(PhysAddr::new(0x1000), &bytes), expected);
    }
}
