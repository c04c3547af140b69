//! Load maps of bin2obj (`.map`): where each binary goes in a core's physical space.
//!
//! ```text
//! 00001000 stub.bin
//! fffff000 reset.bin      # byte address, hexadecimal
//! ```
//!
//! Format: SCC reference §8.3.

use scc::address::PhysAddr;

use super::line::{content_lines, text_of};
use super::{LineError, NumberError, parse_hexadecimal};

/// One line of a load map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// Core-physical address of the first byte.
    pub address: PhysAddr,
    /// File name, relative to the map's folder.
    pub file: String,
}

/// What is wrong with a line of a load map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The address is no number.
    #[error(transparent)]
    Address(#[from] NumberError),
    /// No file name after the address.
    #[error("expected a file name after the address")]
    NoFile,
}

/// Reads a load map.
///
/// # Errors
///
/// The line and [`MapError`] of the first line that is not of the format.
pub fn parse_map(bytes: &[u8]) -> Result<Vec<MapEntry>, LineError<MapError>> {
    content_lines(&text_of(bytes))
        .map(|(line, content)| entry(content).map_err(|kind| LineError { line, kind }))
        .collect()
}

fn entry(content: &str) -> Result<MapEntry, MapError> {
    let (address, file) = content.split_once(char::is_whitespace).unwrap_or((content, ""));
    let address = parse_hexadecimal(address, u32::MAX.into())?;
    let file = file.trim();
    if file.is_empty() {
        return Err(MapError::NoFile);
    }
    let address = PhysAddr::new(u32::try_from(address).expect("limited to 32 bits"));
    Ok(MapEntry { address, file: file.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_an_address_and_a_file() {
        let entries = parse_map(b"0x00001000 stub.bin\n\n18000000\tmy kernel.bin\n# end\n").unwrap();
        let entry = |address, file: &str| MapEntry { address: PhysAddr::new(address), file: file.into() };
        assert_eq!(entries, [entry(0x1000, "stub.bin"), entry(0x1800_0000, "my kernel.bin")]);
    }

    #[test]
    fn errors_name_the_line() {
        let error = parse_map(b"1000 a\n2000\n").unwrap_err();
        assert_eq!(error, LineError { line: 2, kind: MapError::NoFile });
        let error = parse_map(b"stub.bin 1000").unwrap_err();
        assert_eq!(error.line, 1);
        assert!(matches!(error.kind, MapError::Address(NumberError::NotHexadecimal(_))));
        assert!(matches!(parse_map(b"100000000 a").unwrap_err().kind, MapError::Address(_)));
    }
}
