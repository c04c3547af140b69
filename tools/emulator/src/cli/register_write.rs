//! Host writes to registers, as options name them: `--lut`, `--crb`, `--fpga`.

use std::str::FromStr;

use scc::address::LutIndex;
use scc::fpga::FpgaRegister;
use scc::id::{TileCoord, TileId};
use scc::lut::LutEntry;
use scc::tile::TileRegister;
use scc_emu::loader::{CoreSet, CoreSetError, NumberError, parse_number};

/// `CORE:INDEX=0xVALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LutWrite {
    /// Cores whose LUT is written.
    pub(crate) cores: CoreSet,
    /// The entry.
    pub(crate) index: LutIndex,
    /// Its value.
    pub(crate) entry: LutEntry,
}

/// `TILE:REG=0xVALUE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TileWrite {
    /// The tile.
    pub(crate) tile: TileId,
    /// The register.
    pub(crate) register: TileRegister,
    /// The value.
    pub(crate) value: u32,
}

/// `OFFSET=0xVALUE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FpgaWrite {
    /// Byte offset in the bank, of a register.
    pub(crate) offset: u32,
    /// The value.
    pub(crate) value: u32,
}

/// Why a text is no register write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RegisterWriteError {
    /// No `=`, or no `:` before it.
    #[error("`{text}` is no register write; expected {expected}")]
    Form {
        /// The text.
        text: String,
        /// The form.
        expected: &'static str,
    },
    /// The core is none.
    #[error(transparent)]
    Core(#[from] CoreSetError),
    /// A number is none or too large.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The tile is none.
    #[error("`{0}` is no tile: write its number, 0 to 23, or x,y with x = 0 to 5 and y = 0 to 3")]
    Tile(String),
    /// The register is none.
    #[error(
        "`{0}` is no tile register: expected glcfg0, glcfg1, l2cfg0, l2cfg1, sensor, gcbcfg, lock0, lock1, \
         lut0[N], lut1[N], or the byte offset of a register"
    )]
    TileRegister(String),
    /// A register that only the chip writes.
    #[error("`{0}` is read only")]
    ReadOnly(String),
    /// No FPGA register there.
    #[error("no FPGA register at offset {0:#x}")]
    FpgaRegister(u32),
}

impl FromStr for LutWrite {
    type Err = RegisterWriteError;

    fn from_str(text: &str) -> Result<Self, RegisterWriteError> {
        let (cores, index, value) = three_parts(text, "CORE:INDEX=0xVALUE, for example 0:5=0x1805")?;
        let index = u8::try_from(parse_number(index, 0xFF)?).expect("limited to 8 bits");
        let value = parse_number(value, LutEntry::MASK.into())?;
        let entry = LutEntry::from_bits(u32::try_from(value).expect("limited to 22 bits"));
        Ok(Self { cores: cores.parse()?, index: LutIndex::new(index), entry })
    }
}

impl FromStr for TileWrite {
    type Err = RegisterWriteError;

    fn from_str(text: &str) -> Result<Self, RegisterWriteError> {
        let (tile, register, value) = three_parts(text, "TILE:REG=0xVALUE, for example 0:glcfg0=0xdf8")?;
        Ok(Self { tile: tile_of(tile)?, register: register_of(register)?, value: word(value)? })
    }
}

impl FromStr for FpgaWrite {
    type Err = RegisterWriteError;

    fn from_str(text: &str) -> Result<Self, RegisterWriteError> {
        let form = || RegisterWriteError::Form {
            text: text.to_owned(),
            expected: "OFFSET=0xVALUE, for example 0x8230=1600",
        };
        let (offset, value) = text.split_once('=').ok_or_else(form)?;
        let offset = word(offset)?;
        if FpgaRegister::from_offset(offset).is_none() {
            return Err(RegisterWriteError::FpgaRegister(offset));
        }
        Ok(Self { offset, value: word(value)? })
    }
}

fn three_parts<'a>(
    text: &'a str,
    expected: &'static str,
) -> Result<(&'a str, &'a str, &'a str), RegisterWriteError> {
    let parts = text.split_once('=').and_then(|(place, value)| {
        let (owner, register) = place.split_once(':')?;
        Some((owner, register, value))
    });
    parts.ok_or_else(|| RegisterWriteError::Form { text: text.to_owned(), expected })
}

fn word(text: &str) -> Result<u32, NumberError> {
    Ok(u32::try_from(parse_number(text, u32::MAX.into())?).expect("limited to 32 bits"))
}

fn tile_of(text: &str) -> Result<TileId, RegisterWriteError> {
    let number = |text: &str| {
        let value = parse_number(text.trim(), 0xFF).ok()?;
        u8::try_from(value).ok()
    };
    let tile = match text.split_once(',') {
        Some((x, y)) => number(x).zip(number(y)).and_then(|(x, y)| Some(TileCoord::new(x, y)?.tile())),
        None => number(text).and_then(TileId::new),
    };
    tile.ok_or_else(|| RegisterWriteError::Tile(text.to_owned()))
}

fn register_of(text: &str) -> Result<TileRegister, RegisterWriteError> {
    let unknown = || RegisterWriteError::TileRegister(text.to_owned());
    let register = match text.to_ascii_lowercase().as_str() {
        "glcfg0" => TileRegister::Glcfg(0),
        "glcfg1" => TileRegister::Glcfg(1),
        "l2cfg0" => TileRegister::L2cfg(0),
        "l2cfg1" => TileRegister::L2cfg(1),
        "sensor" => TileRegister::SensorControl,
        "gcbcfg" => TileRegister::Gcbcfg,
        "mytileid" => TileRegister::MyTileId,
        "lock0" => TileRegister::Lock(0),
        "lock1" => TileRegister::Lock(1),
        name => match lut_of(name) {
            Some(register) => register,
            None => TileRegister::from_offset(word(name).map_err(|_| unknown())?).ok_or_else(unknown)?,
        },
    };
    match register {
        TileRegister::MyTileId | TileRegister::SensorValue => {
            Err(RegisterWriteError::ReadOnly(text.to_owned()))
        }
        register => Ok(register),
    }
}

/// `lut0[5]` or `lut1[0xff]`.
fn lut_of(name: &str) -> Option<TileRegister> {
    let (lut, index) = name.strip_suffix(']')?.split_once('[')?;
    let slot = match lut {
        "lut0" => 0,
        "lut1" => 1,
        _ => return None,
    };
    let index = u8::try_from(parse_number(index, 0xFF).ok()?).ok()?;
    Some(TileRegister::Lut(slot, LutIndex::new(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lut_writes_name_core_entry_and_value() {
        let write: LutWrite = "0,47:0xFF=0x4B1FF".parse().unwrap();
        assert_eq!(write.cores.to_string(), "0,47");
        assert_eq!((write.index.get(), write.entry.bits()), (255, 0x4B1FF));
        let fails = |text: &str| text.parse::<LutWrite>().unwrap_err();
        assert!(matches!(fails("0:5"), RegisterWriteError::Form { .. }));
        assert!(matches!(fails("0=5"), RegisterWriteError::Form { .. }));
        assert!(matches!(fails("48:5=0"), RegisterWriteError::Core(_)));
        assert!(matches!(fails("0:256=0"), RegisterWriteError::Number(_)));
        assert!(matches!(fails("0:0=0x400000"), RegisterWriteError::Number(_)));
    }

    #[test]
    fn tile_registers_have_names_and_offsets() {
        let write = |text: &str| text.parse::<TileWrite>();
        let tile = TileId::new(7).unwrap();
        let expected = TileWrite { tile, register: TileRegister::L2cfg(1), value: 0x6DF };
        assert_eq!(write("7:L2CFG1=0x6df"), Ok(expected));
        assert_eq!(write("1,1:0x28=1759"), Ok(expected));
        let entry = write("23:lut1[255]=0x4B1FF").unwrap();
        assert_eq!(entry.register, write("23:0x17f8=0").unwrap().register);
        assert_eq!(entry.register, TileRegister::Lut(1, LutIndex::new(255)));
    }

    #[test]
    fn wrong_tile_writes_say_what_exists() {
        let fails = |text: &str| text.parse::<TileWrite>().unwrap_err();
        for tile in ["24", "6,0", "0,4", "x", "0,"] {
            assert_eq!(fails(&format!("{tile}:gcbcfg=0")), RegisterWriteError::Tile(tile.into()));
        }
        for register in ["glcfg2", "0x84", "lut2[0]", "lut0[256]", ""] {
            assert_eq!(fails(&format!("0:{register}=0")), RegisterWriteError::TileRegister(register.into()));
        }
        assert_eq!(fails("0:mytileid=0"), RegisterWriteError::ReadOnly("mytileid".into()));
        assert_eq!(fails("0:0x48=0"), RegisterWriteError::ReadOnly("0x48".into()));
        assert!(matches!(fails("0:gcbcfg=0x100000000"), RegisterWriteError::Number(_)));
    }

    #[test]
    fn fpga_writes_name_a_register_by_offset() {
        let write: FpgaWrite = "0x8230=1600".parse().unwrap();
        assert_eq!(write, FpgaWrite { offset: 0x8230, value: 1600 });
        let fails = |text: &str| text.parse::<FpgaWrite>().unwrap_err();
        assert_eq!(fails("0x8231=0"), RegisterWriteError::FpgaRegister(0x8231));
        assert!(matches!(fails("0x8230"), RegisterWriteError::Form { .. }));
        assert!(matches!(fails("x=0"), RegisterWriteError::Number(_)));
    }
}
