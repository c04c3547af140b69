//! `lut_init.dat` of sccMerge: writes to configuration registers, in practice the LUTs of used cores.
//!
//! ```text
//! 00 2 00000808 00001801      tileID, sub-destination 2, byte offset, value: hexadecimal
//! ```
//!
//! Format: SCC reference §8.3.

use std::fmt;

use scc::id::{CoreId, TileId};
use scc::lut::SubDestination;
use scc::tile::TileRegister;

use super::line::{content_lines, text_of};
use super::{LineError, NumberError, parse_hexadecimal};

/// One write to a configuration register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrbWrite {
    /// The tile.
    pub tile: TileId,
    /// The register.
    pub register: TileRegister,
    /// Value written.
    pub value: u32,
}

impl CrbWrite {
    /// The core whose LUT is written, if it is a LUT.
    pub fn lut_of(&self) -> Option<CoreId> {
        match self.register {
            TileRegister::Lut(slot, _) => CoreId::from_tile(self.tile, slot),
            _ => None,
        }
    }
}

impl fmt::Display for CrbWrite {
    /// Writes the line of `lut_init.dat`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sub = SubDestination::Crb.bits();
        write!(f, "{:02x} {sub} {:08x} {:08x}", self.tile.route(), self.register.offset(), self.value)
    }
}

/// What is wrong with a line of `lut_init.dat`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LutInitError {
    /// Not four columns.
    #[error("{0} columns; expected `tileID 2 offset value`")]
    Columns(usize),
    /// A number that is none or too large.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A tileID outside the mesh.
    #[error("tileID {0:#04x} names no tile; it is y << 4 | x with x = 0 to 5, y = 0 to 3")]
    NoTile(u8),
    /// A sub-destination other than the configuration registers.
    #[error("sub-destination {0} is not that of configuration registers, 2")]
    NotRegisters(u64),
    /// An offset without a register.
    #[error("no configuration register at offset {0:#x}")]
    NoRegister(u32),
}

/// Reads a `lut_init.dat`.
///
/// # Errors
///
/// The line and [`LutInitError`] of the first line that is not of the format.
pub fn parse_lut_init(bytes: &[u8]) -> Result<Vec<CrbWrite>, LineError<LutInitError>> {
    content_lines(&text_of(bytes))
        .map(|(line, content)| write_of(content).map_err(|kind| LineError { line, kind }))
        .collect()
}

fn write_of(content: &str) -> Result<CrbWrite, LutInitError> {
    let columns: Vec<&str> = content.split_whitespace().collect();
    let [route, sub, offset, value] = columns[..] else {
        return Err(LutInitError::Columns(columns.len()));
    };
    let route = u8::try_from(parse_hexadecimal(route, 0xFF)?).expect("limited to 8 bits");
    let tile = TileId::from_route(route).ok_or(LutInitError::NoTile(route))?;
    let sub = parse_hexadecimal(sub, u64::MAX)?;
    if sub != u64::from(SubDestination::Crb.bits()) {
        return Err(LutInitError::NotRegisters(sub));
    }
    let offset = word(offset)?;
    let register = TileRegister::from_offset(offset).ok_or(LutInitError::NoRegister(offset))?;
    Ok(CrbWrite { tile, register, value: word(value)? })
}

fn word(text: &str) -> Result<u32, NumberError> {
    let value = parse_hexadecimal(text, u32::MAX.into())?;
    Ok(u32::try_from(value).expect("limited to 32 bits"))
}

#[cfg(test)]
mod tests {
    use scc::address::LutIndex;

    use super::*;

    #[test]
    fn lines_are_register_writes_and_read_back() {
        let text = "00 2 00000808 00001801\n25 2 000017f8 0004b1ff\n";
        let writes = parse_lut_init(text.as_bytes()).unwrap();
        assert_eq!(writes[0].register, TileRegister::Lut(0, LutIndex::new(1)));
        assert_eq!((writes[0].value, writes[0].lut_of()), (0x1801, CoreId::new(0)));
        assert_eq!(writes[1].register, TileRegister::Lut(1, LutIndex::new(255)));
        assert_eq!(writes[1].lut_of().map(CoreId::number), Some(35));
        let written: String = writes.iter().map(|write| format!("{write}\n")).collect();
        assert_eq!(written, text);
    }

    #[test]
    fn errors_name_line_and_expectation() {
        let fails = |text: &str| {
            let error = parse_lut_init(text.as_bytes()).unwrap_err();
            (error.line, error.kind)
        };
        assert_eq!(fails("00 2 800"), (1, LutInitError::Columns(3)));
        assert_eq!(fails("\n06 2 800 0"), (2, LutInitError::NoTile(6)));
        assert_eq!(fails("40 2 800 0"), (1, LutInitError::NoTile(0x40)));
        assert_eq!(fails("00 3 800 0"), (1, LutInitError::NotRegisters(3)));
        assert_eq!(fails("00 2 804 0"), (1, LutInitError::NoRegister(0x804)));
        assert!(matches!(fails("00 2 800 100000000"), (1, LutInitError::Number(_))));
        assert!(matches!(fails("zz 2 800 0"), (1, LutInitError::Number(_))));
    }
}
