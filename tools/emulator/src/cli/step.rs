//! One step of setting up a board: a load or a host write, as the command line or a board file names it.

use std::path::{Path, PathBuf};

use scc_emu::loader::{CoreFile, CoreSet, ElfTarget, SystemFile, TargetError};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::register_write::{FpgaWrite, LutWrite, RegisterWriteError, TileWrite};

/// A load or a host write. In a board file it is a table with one key, the option's name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SetupStep {
    /// `--load`.
    Load(#[serde(deserialize_with = "from_text")] CoreFile),
    /// `--load-elf`.
    LoadElf(#[serde(deserialize_with = "from_text")] ElfTarget),
    /// `--load-obj`.
    LoadObj(#[serde(deserialize_with = "from_text")] ElfTarget),
    /// `--load-map`.
    LoadMap(#[serde(deserialize_with = "from_text")] ElfTarget),
    /// `--mt`.
    Mt(PathBuf),
    /// `--load-system`.
    LoadSystem(#[serde(deserialize_with = "from_text")] SystemFile),
    /// `--boot-dir`.
    BootDir(PathBuf),
    /// `--lut-init`.
    LutInit(PathBuf),
    /// `--lut`.
    Lut(#[serde(deserialize_with = "from_text")] LutWrite),
    /// `--crb`.
    Crb(#[serde(deserialize_with = "from_text")] TileWrite),
    /// `--fpga`.
    Fpga(#[serde(deserialize_with = "from_text")] FpgaWrite),
}

impl SetupStep {
    pub(super) fn load(text: &str) -> Result<Self, TargetError> {
        text.parse().map(Self::Load)
    }

    pub(super) fn load_elf(text: &str) -> Result<Self, TargetError> {
        text.parse().map(Self::LoadElf)
    }

    pub(super) fn load_obj(text: &str) -> Result<Self, TargetError> {
        text.parse().map(Self::LoadObj)
    }

    pub(super) fn load_map(text: &str) -> Result<Self, TargetError> {
        text.parse().map(Self::LoadMap)
    }

    pub(super) fn mt(text: &str) -> Result<Self, TargetError> {
        file(text).map(Self::Mt)
    }

    pub(super) fn load_system(text: &str) -> Result<Self, TargetError> {
        text.parse().map(Self::LoadSystem)
    }

    pub(super) fn boot_dir(text: &str) -> Result<Self, TargetError> {
        file(text).map(Self::BootDir)
    }

    pub(super) fn lut_init(text: &str) -> Result<Self, TargetError> {
        file(text).map(Self::LutInit)
    }

    pub(super) fn lut(text: &str) -> Result<Self, RegisterWriteError> {
        text.parse().map(Self::Lut)
    }

    pub(super) fn crb(text: &str) -> Result<Self, RegisterWriteError> {
        text.parse().map(Self::Crb)
    }

    pub(super) fn fpga(text: &str) -> Result<Self, RegisterWriteError> {
        text.parse().map(Self::Fpga)
    }

    /// Takes relative paths as relative to `folder`.
    pub(super) fn relative_to(mut self, folder: &Path) -> Self {
        let path = match &mut self {
            Self::Load(target) => &mut target.file,
            Self::LoadElf(target) | Self::LoadObj(target) | Self::LoadMap(target) => &mut target.file,
            Self::LoadSystem(target) => &mut target.file,
            Self::Mt(path) | Self::BootDir(path) | Self::LutInit(path) => path,
            Self::Lut(_) | Self::Crb(_) | Self::Fpga(_) => return self,
        };
        *path = folder.join(&path);
        self
    }

    /// Cores that the step names after `#`; `Some(None)` if it could name some and does not.
    pub(super) fn cores(&self) -> Option<Option<&CoreSet>> {
        match self {
            Self::Load(target) => Some(target.cores.as_ref()),
            Self::LoadElf(target) | Self::LoadObj(target) | Self::LoadMap(target) => {
                Some(target.cores.as_ref())
            }
            _ => None,
        }
    }
}

fn file(text: &str) -> Result<PathBuf, TargetError> {
    if text.is_empty() { Err(TargetError::NoFile) } else { Ok(text.into()) }
}

/// Reads a value that the command line writes as text.
pub(super) fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
