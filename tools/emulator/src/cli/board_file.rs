//! Board files: the options of a run in TOML, so that a board can be named.
//!
//! Keys are the options' names. Loads and host writes stand in the list `setup`, in their order, each as a table
//! with one key; paths are relative to the file. Whatever is wrong is reported with file, line and expectation.

use std::io;
use std::path::{Path, PathBuf};

use scc_emu::chip::clocks::ClockError;
use scc_emu::chip::loss::Share;
use scc_emu::loader::CoreSet;
use scc_emu::trace::TraceOptions;
use serde::Deserialize;

use super::arguments::{Ddr, Findings, Memory, Mesh, Model, Preset, STANDARD_OUTPUT, Timing};
use super::dump::DumpRequest;
use super::step::{SetupStep, from_text};
use super::tile_clock::{self, TileClock};

/// What a board file may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct BoardFile {
    pub(crate) memory: Option<Memory>,
    pub(crate) model: Option<Model>,
    pub(crate) timing: Option<Timing>,
    pub(crate) mesh_mhz: Option<Mesh>,
    pub(crate) ddr: Option<Ddr>,
    #[serde(deserialize_with = "tile_clock::from_board")]
    pub(crate) tile_mhz: Vec<TileClock>,
    pub(crate) seed: Option<u64>,
    pub(crate) poison: bool,
    pub(crate) quantum: Option<u64>,
    pub(crate) diagnostics: Option<Findings>,
    pub(crate) lose_requests: Option<Share>,
    pub(crate) lose_packets: Option<Share>,
    pub(crate) loss_seed: Option<u64>,
    pub(crate) setup: Vec<SetupStep>,
    pub(crate) lut_default: bool,
    pub(crate) lut_preset: Option<Preset>,
    #[serde(deserialize_with = "some_cores")]
    pub(crate) release: Option<CoreSet>,
    pub(crate) until: OneOrMany,
    pub(crate) until_halted: bool,
    pub(crate) cycles: Option<u64>,
    pub(crate) wall: Option<f64>,
    #[serde(deserialize_with = "dumps")]
    pub(crate) dump: Vec<DumpRequest>,
    pub(crate) console_dir: Option<PathBuf>,
    pub(crate) rings: bool,
    pub(crate) io_log: Option<PathBuf>,
    pub(crate) stats: Option<PathBuf>,
    pub(crate) gdb: Option<String>,
    #[serde(deserialize_with = "some_trace")]
    pub(crate) trace: Option<TraceOptions>,
}

/// A text or a list of texts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    /// One text.
    One(String),
    /// Any number of them.
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl From<OneOrMany> for Vec<String> {
    fn from(texts: OneOrMany) -> Self {
        match texts {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}

/// Why a board file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BoardFileError {
    /// It cannot be read.
    #[error("cannot read board file {file}: {error}", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// It is no TOML, or holds what no board has.
    #[error("board file {file}: {error}", file = file.display())]
    Contents {
        /// The file.
        file: PathBuf,
        /// Line, column and expectation.
        error: Box<toml::de::Error>,
    },
    /// Clocks of file and command line together that no board has.
    #[error(transparent)]
    Clocks(#[from] ClockError),
    /// A duration that is none.
    #[error("board file {file}: wall = {seconds}: expected seconds from 0 to 1000000000", file = file.display())]
    Wall {
        /// The file.
        file: PathBuf,
        /// The value.
        seconds: f64,
    },
}

impl BoardFile {
    /// Reads a board file.
    pub(crate) fn read(file: &Path) -> Result<Self, BoardFileError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| BoardFileError::Read { file: file.to_owned(), error })?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, BoardFileError> {
        let mut board: Self = toml::from_str(text)
            .map_err(|error| BoardFileError::Contents { file: file.to_owned(), error: Box::new(error) })?;
        if let Some(seconds) = board.wall.filter(|seconds| !(0.0..1e9).contains(seconds)) {
            return Err(BoardFileError::Wall { file: file.to_owned(), seconds });
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        board.setup = board.setup.into_iter().map(|step| step.relative_to(folder)).collect();
        for path in [&mut board.console_dir, &mut board.io_log, &mut board.stats] {
            if let Some(path) = path.as_mut().filter(|path| path.as_os_str() != STANDARD_OUTPUT) {
                *path = folder.join(&path);
            }
        }
        if let Some(trace) = &mut board.trace {
            trace.file = folder.join(&trace.file);
        }
        for dump in &mut board.dump {
            if let Some(path) = &mut dump.file {
                *path = folder.join(&path);
            }
        }
        Ok(board)
    }
}

fn some_cores<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<CoreSet>, D::Error> {
    from_text(deserializer).map(Some)
}

fn some_trace<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<TraceOptions>, D::Error> {
    from_text(deserializer).map(Some)
}

fn dumps<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<DumpRequest>, D::Error> {
    #[derive(Deserialize)]
    struct Written(#[serde(deserialize_with = "from_text")] DumpRequest);
    Ok(Vec::<Written>::deserialize(deserializer)?.into_iter().map(|Written(dump)| dump).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BoardFile, BoardFileError> {
        BoardFile::parse(Path::new("boards/four.toml"), text)
    }

    #[test]
    fn every_option_has_its_key() {
        let board = parse(
            r#"
            memory = 64
            model = "fast"
            timing = "flat"
            mesh-mhz = 1600
            ddr = 1066
            tile-mhz = ["400", "800#0-5"]
            seed = 7
            poison = true
            quantum = 50
            diagnostics = "warn"
            lose-requests = 12.5
            lose-packets = 3
            loss-seed = 9
            lut-default = true
            lut-preset = "one-slot"
            release = "0-3"
            until = "passed"
            until-halted = true
            cycles = 1000
            wall = 2.5
            dump = ["0:0x1000:64", "1:0:16=out.bin"]
            console-dir = "consoles"
            rings = true
            io-log = "ports.txt"
            stats = "-"
            gdb = "127.0.0.1:1234"
            trace = "run.trace"
            setup = [
                { load = "boot.bin@0xfffff000#0-3" },
                { load-elf = "/abs/kernel.elf" },
                { load-obj = "k.obj" }, { load-map = "k.map" }, { mt = "k.mt" },
                { load-system = "d@mc1:0" }, { boot-dir = "obj" }, { lut-init = "lut_init.dat" },
                { lut = "0:5=0x1805" }, { crb = "0:glcfg0=0xdf8" }, { fpga = "0x8230=1600" },
            ]
            "#,
        )
        .unwrap();
        assert_eq!(board.memory, Some(Memory::Gb64));
        assert_eq!((board.mesh_mhz, board.ddr), (Some(Mesh::Mhz1600), Some(Ddr::Ddr1066)));
        assert_eq!(board.tile_mhz, ["d3".parse().unwrap(), "800#0-5".parse().unwrap()]);
        assert_eq!(board.lose_requests, "12.5".parse().ok());
        assert_eq!((board.lose_packets, board.loss_seed), ("3".parse().ok(), Some(9)));
        assert_eq!(board.diagnostics, Some(Findings::Warn));
        assert_eq!(board.release.unwrap().len(), 4);
        assert_eq!(Vec::from(board.until), ["passed"]);
        assert_eq!(board.setup.len(), 11);
        assert_eq!(board.setup[0], SetupStep::load("boards/boot.bin@0xfffff000#0-3").unwrap());
        assert_eq!(board.setup[1], SetupStep::load_elf("/abs/kernel.elf").unwrap());
        assert_eq!(board.setup[9], SetupStep::crb("0:glcfg0=0xdf8").unwrap());
        assert_eq!(board.dump[1].file.as_deref(), Some(Path::new("boards/out.bin")));
        assert_eq!(board.io_log.as_deref(), Some(Path::new("boards/ports.txt")));
        assert_eq!(board.stats.as_deref(), Some(Path::new(STANDARD_OUTPUT)));
    }

    #[test]
    fn errors_name_file_line_and_expectation() {
        let message = |text: &str| parse(text).unwrap_err().to_string();
        assert!(message("mesh-mhz = 900").contains("no mesh runs at 900 MHz: expected 800 or 1600"));
        assert!(message("tile-mhz = 900").contains("no tile runs at 900 MHz"));
        assert!(message("lose-packets = 101").contains("`101` is no number of percent from 0 to 100"));
        assert!(message("memory = 48").contains("48 GB is no board: expected 16, 32 or 64"));
        let wrong = message("\nsetup = [\n{ load = \"boot.bin\" }]");
        assert!(wrong.contains("boards/four.toml") && wrong.contains("line 3"), "{wrong}");
        assert!(wrong.contains("write FILE@0xADDR"), "{wrong}");
        assert!(message("modle = \"fast\"").contains("unknown field `modle`"));
        assert!(message("release = \"48\"").contains("cores are numbered 0 to 47"));
        assert!(message("wall = -1.0").contains("wall = -1"));
        assert!(message("memory =").contains("line 1"));
        let missing = BoardFile::read(Path::new("no/such/board.toml")).unwrap_err();
        assert!(missing.to_string().contains("cannot read board file no/such/board.toml"));
    }
}
