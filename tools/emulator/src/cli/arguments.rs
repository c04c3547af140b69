//! Options of `scc-emu run`.
//!
//! Options that may also stand in a board file have no default here: [`RunPlan`](super::plan::RunPlan) joins
//! both and fills in what neither gives.

use std::path::PathBuf;

use clap::{ArgMatches, Args, ValueEnum};
use scc::lut::BoardMemory;
use scc::timing::{MemoryClock, MeshClock};
use scc_emu::chip::loss::Share;
use scc_emu::loader::CoreSet;
use scc_emu::trace::TraceOptions;
use scc_emu::{Diagnostics, MemoryModel, TimingModel};
use serde::Deserialize;

use super::dump::DumpRequest;
use super::step::SetupStep;
use super::tile_clock::TileClock;

/// Where `--stats` without a file and `--gdb` without an address go.
pub(crate) const STANDARD_OUTPUT: &str = "-";
const GDB_DEFAULT: &str = "127.0.0.1:1234";

#[derive(Args)]
#[command(after_help = "See --help for examples, the order of events and exit statuses.", after_long_help = AFTER_HELP)]
pub(crate) struct RunArguments {
    /// Installed memory in GB; fixes the default LUTs [default: 32]
    #[arg(long, value_name = "16|32|64", help_heading = "Board")]
    pub(crate) memory: Option<Memory>,
    /// Memory model: with caches and stale data, or coherent and quicker [default: strict]
    #[arg(long, help_heading = "Board")]
    pub(crate) model: Option<Model>,
    /// Time model: the chip's latencies, or one cycle per instruction [default: scc]
    #[arg(long, help_heading = "Board")]
    pub(crate) timing: Option<Timing>,
    /// Clock of the mesh in MHz [default: 800]
    #[arg(long, value_name = "800|1600", help_heading = "Board")]
    pub(crate) mesh_mhz: Option<Mesh>,
    /// Clock of the memory: DDR3-800, or DDR3-1066 with a mesh of 1600 MHz [default: 800]
    #[arg(long, value_name = "800|1066", help_heading = "Board")]
    pub(crate) ddr: Option<Ddr>,
    /// Clock of tiles at power-on: 1600 MHz divided by 2 to 16 (800, 533, 400, 320, ... 100), or dN for GCBCFG
    /// divider N; for the tiles of TILES (0,5,10-12 or all). May be repeated [default: 533]
    #[arg(long, value_name = "MHZ[#TILES]", help_heading = "Board")]
    pub(crate) tile_mhz: Vec<TileClock>,
    /// Number that varies the phases in which cores start; the same number gives the same run [default: 0]
    #[arg(long, value_name = "N", help_heading = "Board")]
    pub(crate) seed: Option<u64>,
    /// Fills memory with 0xA5 at power-on instead of 0, which shows reads of memory nobody wrote
    #[arg(long, help_heading = "Board")]
    pub(crate) poison: bool,
    /// Cycles that a core may run ahead of the others with private work [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Board")]
    pub(crate) quantum: Option<u64>,
    /// What a strict-mode finding (something the chip answers with a hang or corruption) does [default: stop]
    #[arg(long, help_heading = "Board")]
    pub(crate) diagnostics: Option<Findings>,
    /// Loses this share of the requests to the interrupt controller, which the chip does not: no status bit, no
    /// interrupt [default: 0]
    #[arg(long, value_name = "PERCENT", help_heading = "Board")]
    pub(crate) lose_requests: Option<Share>,
    /// Loses this share of the interrupt controller's packets to tiles, which the chip does not: the status bit is set,
    /// and no further packet comes before RESET is written [default: 0]
    #[arg(long, value_name = "PERCENT", help_heading = "Board")]
    pub(crate) lose_packets: Option<Share>,
    /// Number that varies which requests and packets are lost [default: 0]
    #[arg(long, value_name = "N", help_heading = "Board")]
    pub(crate) loss_seed: Option<u64>,
    /// Takes options from a board file; options here come after its own and win over them
    #[arg(long, value_name = "FILE.toml", help_heading = "Board")]
    pub(crate) board: Option<PathBuf>,

    /// Raw file at a core-physical address of each core in CORES (0,5,10-12 or all)
    #[arg(long, value_name = "FILE@0xADDR[#CORES]", value_parser = SetupStep::load, help_heading = "Loading, in the order given")]
    pub(crate) load: Vec<SetupStep>,
    /// ELF file, segments at their physical addresses; its symbols name addresses in diagnostics
    #[arg(long, value_name = "FILE[#CORES]", value_parser = SetupStep::load_elf, help_heading = "Loading, in the order given")]
    pub(crate) load_elf: Vec<SetupStep>,
    /// Text object of bin2obj at its core-physical addresses
    #[arg(long, value_name = "FILE[#CORES]", value_parser = SetupStep::load_obj, help_heading = "Loading, in the order given")]
    pub(crate) load_obj: Vec<SetupStep>,
    /// Binaries of a bin2obj load map (.map)
    #[arg(long, value_name = "FILE[#CORES]", value_parser = SetupStep::load_map, help_heading = "Loading, in the order given")]
    pub(crate) load_map: Vec<SetupStep>,
    /// Merge list of sccMerge with its .obj files, placed as sccMerge does
    #[arg(long, value_name = "FILE", value_parser = SetupStep::mt, help_heading = "Loading, in the order given")]
    pub(crate) mt: Vec<SetupStep>,
    /// Raw file at a byte address of memory controller N (0 to 3)
    #[arg(long, value_name = "FILE@mcN:0xADDR", value_parser = SetupStep::load_system, help_heading = "Loading, in the order given")]
    pub(crate) load_system: Vec<SetupStep>,
    /// Folder written by sccMerge: mch_*.32.obj and lut_init.dat, as sccBoot -g loads it
    #[arg(long, value_name = "DIR", value_parser = SetupStep::boot_dir, help_heading = "Loading, in the order given")]
    pub(crate) boot_dir: Vec<SetupStep>,
    /// Register writes of a lut_init.dat
    #[arg(long, value_name = "FILE", value_parser = SetupStep::lut_init, help_heading = "Loading, in the order given")]
    pub(crate) lut_init: Vec<SetupStep>,
    /// LUT entry of a core: CORE 0-47, INDEX 0-255
    #[arg(long, value_name = "CORE:INDEX=0xVALUE", value_parser = SetupStep::lut, help_heading = "Loading, in the order given")]
    pub(crate) lut: Vec<SetupStep>,
    /// Tile register: TILE 0-23 or x,y; REG a name (glcfg0, l2cfg1, gcbcfg, lock0, ...) or a byte offset
    #[arg(long, value_name = "TILE:REG=0xVALUE", value_parser = SetupStep::crb, help_heading = "Loading, in the order given")]
    pub(crate) crb: Vec<SetupStep>,
    /// Register of the FPGA's bank by byte offset
    #[arg(long, value_name = "OFFSET=0xVALUE", value_parser = SetupStep::fpga, help_heading = "Loading, in the order given")]
    pub(crate) fpga: Vec<SetupStep>,
    /// Fills LUT entries that the default map leaves unwritten as sccMerge's -lut_default does
    #[arg(long, help_heading = "Loading, in the order given")]
    pub(crate) lut_default: bool,
    /// LUTs before anything is loaded: sccMerge's map, the same with -1slot, or nothing [default: default]
    #[arg(long, help_heading = "Loading, in the order given")]
    pub(crate) lut_preset: Option<Preset>,
    /// Cores whose reset is released, in this order [default: those something was loaded for]
    #[arg(long, value_name = "CORES", help_heading = "Loading, in the order given")]
    pub(crate) release: Option<CoreSet>,

    /// Ends when this text appears on a console or print ring
    #[arg(
        long,
        value_name = "TEXT",
        help_heading = "End of the run (any of them; default: all cores halted for good)"
    )]
    pub(crate) until: Vec<String>,
    /// Ends as soon as every started core is halted, even if an interrupt could wake it later
    #[arg(long, help_heading = "End of the run (any of them; default: all cores halted for good)")]
    pub(crate) until_halted: bool,
    /// Limit in cycles of the clock that core 0 runs at after power-on (533 MHz unless --tile-mhz)
    #[arg(
        long,
        value_name = "N",
        help_heading = "End of the run (any of them; default: all cores halted for good)"
    )]
    pub(crate) cycles: Option<u64>,
    /// Limit in seconds of the host's clock
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "End of the run (any of them; default: all cores halted for good)")]
    pub(crate) wall: Option<f64>,

    /// Prints memory after the run, behind the caches, as the core's LUT maps it; with =FILE writes it raw
    #[arg(long, value_name = "CORE:0xADDR:LEN[=FILE]", help_heading = "Output")]
    pub(crate) dump: Vec<DumpRequest>,
    /// Writes what each core sent to its UARTs into DIR, one file per core
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) console_dir: Option<PathBuf>,
    /// Prints the rings in shared DRAM that BareMichael programs write to, live, prefixed by core
    #[arg(long, help_heading = "Output")]
    pub(crate) rings: bool,
    /// Records every port access: time, core, port, width, direction, value
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) io_log: Option<PathBuf>,
    /// Writes counts as JSON: instructions, cycles, cache hits per core, mesh traffic [default: standard output]
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = STANDARD_OUTPUT, help_heading = "Output")]
    pub(crate) stats: Option<PathBuf>,

    /// Waits for gdb before the first instruction [default address: 127.0.0.1:1234]
    #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1, default_missing_value = GDB_DEFAULT, help_heading = "Debugging")]
    pub(crate) gdb: Option<String>,
    /// Writes a trace of instructions, mesh transactions and interrupts. After the file, separated by commas, what
    /// goes into it: cores=0-3+7, from=ADDR, to=ADDR (linear), after=NS, before=NS, events=exec+bus+int
    #[arg(long, value_name = "FILE[,WHAT...]", help_heading = "Debugging")]
    pub(crate) trace: Option<TraceOptions>,
}

impl RunArguments {
    /// The loads and host writes in the order in which they were given.
    pub(crate) fn take_steps(&mut self, matches: &ArgMatches) -> Vec<SetupStep> {
        let lists = [
            ("load", &mut self.load),
            ("load_elf", &mut self.load_elf),
            ("load_obj", &mut self.load_obj),
            ("load_map", &mut self.load_map),
            ("mt", &mut self.mt),
            ("load_system", &mut self.load_system),
            ("boot_dir", &mut self.boot_dir),
            ("lut_init", &mut self.lut_init),
            ("lut", &mut self.lut),
            ("crb", &mut self.crb),
            ("fpga", &mut self.fpga),
        ];
        let mut steps: Vec<(usize, SetupStep)> = lists
            .into_iter()
            .flat_map(|(id, list)| matches.indices_of(id).into_iter().flatten().zip(list.drain(..)))
            .collect();
        steps.sort_by_key(|(position, _)| *position);
        steps.into_iter().map(|(_, step)| step).collect()
    }
}

/// `--memory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(try_from = "u8")]
pub(crate) enum Memory {
    #[value(name = "16")]
    Gb16,
    #[value(name = "32")]
    Gb32,
    #[value(name = "64")]
    Gb64,
}

/// A size no board has.
#[derive(Debug, thiserror::Error)]
#[error("{0} GB is no board: expected 16, 32 or 64")]
pub(crate) struct NoSuchMemory(u8);

impl TryFrom<u8> for Memory {
    type Error = NoSuchMemory;

    fn try_from(gigabytes: u8) -> Result<Self, NoSuchMemory> {
        match gigabytes {
            16 => Ok(Self::Gb16),
            32 => Ok(Self::Gb32),
            64 => Ok(Self::Gb64),
            other => Err(NoSuchMemory(other)),
        }
    }
}

impl From<Memory> for BoardMemory {
    fn from(memory: Memory) -> Self {
        match memory {
            Memory::Gb16 => Self::Gb16,
            Memory::Gb32 => Self::Gb32,
            Memory::Gb64 => Self::Gb64,
        }
    }
}

/// `--mesh-mhz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) enum Mesh {
    #[value(name = "800")]
    Mhz800,
    #[value(name = "1600")]
    Mhz1600,
}

/// A mesh clock no board has.
#[derive(Debug, thiserror::Error)]
#[error("no mesh runs at {0} MHz: expected 800 or 1600")]
pub(crate) struct NoSuchMesh(u16);

impl TryFrom<u16> for Mesh {
    type Error = NoSuchMesh;

    fn try_from(megahertz: u16) -> Result<Self, NoSuchMesh> {
        match megahertz {
            800 => Ok(Self::Mhz800),
            1600 => Ok(Self::Mhz1600),
            other => Err(NoSuchMesh(other)),
        }
    }
}

impl From<Mesh> for MeshClock {
    fn from(mesh: Mesh) -> Self {
        match mesh {
            Mesh::Mhz800 => Self::Mhz800,
            Mesh::Mhz1600 => Self::Mhz1600,
        }
    }
}

/// `--ddr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) enum Ddr {
    #[value(name = "800")]
    Ddr800,
    #[value(name = "1066")]
    Ddr1066,
}

/// A memory clock no board has.
#[derive(Debug, thiserror::Error)]
#[error("no memory is DDR3-{0}: expected 800 or 1066")]
pub(crate) struct NoSuchDdr(u16);

impl TryFrom<u16> for Ddr {
    type Error = NoSuchDdr;

    fn try_from(rate: u16) -> Result<Self, NoSuchDdr> {
        match rate {
            800 => Ok(Self::Ddr800),
            1066 => Ok(Self::Ddr1066),
            other => Err(NoSuchDdr(other)),
        }
    }
}

impl From<Ddr> for MemoryClock {
    fn from(ddr: Ddr) -> Self {
        match ddr {
            Ddr::Ddr800 => Self::Ddr800,
            Ddr::Ddr1066 => Self::Ddr1066,
        }
    }
}

/// `--model`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Model {
    /// Caches, message-buffer tags and write-combining buffers are modelled; stale data is stale
    Strict,
    /// Every access is coherent
    Fast,
}

impl From<Model> for MemoryModel {
    fn from(model: Model) -> Self {
        match model {
            Model::Strict => Self::Strict,
            Model::Fast => Self::Fast,
        }
    }
}

/// `--timing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Timing {
    /// Instructions, caches, mesh and memory take the time they take on the chip
    Scc,
    /// One cycle per instruction, accesses are free
    Flat,
}

impl From<Timing> for TimingModel {
    fn from(timing: Timing) -> Self {
        match timing {
            Timing::Scc => Self::Scc,
            Timing::Flat => Self::Flat,
        }
    }
}

/// `--diagnostics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Findings {
    /// Ends the run with status 4
    Stop,
    /// Is printed, and the run goes on as the chip would
    Warn,
    /// Is not even printed
    Off,
}

impl From<Findings> for Diagnostics {
    fn from(findings: Findings) -> Self {
        match findings {
            Findings::Stop => Self::Stop,
            Findings::Warn => Self::Warn,
            Findings::Off => Self::Off,
        }
    }
}

/// `--lut-preset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Preset {
    /// As sccMerge writes them
    Default,
    /// With entry 0 on the boot slot too (sccMerge -1slot)
    OneSlot,
    /// Nothing, as after power-on
    Empty,
}

/// Reads a duration in seconds, fractions allowed.
pub(crate) fn seconds(text: &str) -> Result<f64, NoDuration> {
    let duration = || NoDuration(text.to_owned());
    let seconds: f64 = text.parse().map_err(|_| duration())?;
    if seconds.is_finite() && (0.0..1e9).contains(&seconds) { Ok(seconds) } else { Err(duration()) }
}

/// A text that is no number of seconds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of seconds from 0 to 1000000000")]
pub(crate) struct NoDuration(String);

const AFTER_HELP: &str = "\
Examples:
  Boot a raw image on core 0. Cores start at 0xfffffff0, so something must be there:
      scc-emu run --load kernel.bin@0x100000 --load reset.bin@0xfffff000
  The same image on four cores, until one of them prints a text, at most 10 seconds:
      scc-emu run --load kernel.bin@0x100000#0-3 --load reset.bin@0xfffff000#0-3 \\
          --until \"all tests passed\" --wall 10
  What sccMerge and sccBoot take, on a 32 GB board, with BareMichael's print rings:
      scc-emu run --mt kernel.mt --rings
      scc-emu run --boot-dir obj --release 0-47 --rings
  An ELF kernel that starts the other cores itself:
      scc-emu run --load-elf kernel.elf#all --release 0
  See which port a silent program writes to, and what it left in memory:
      scc-emu run --load prog.bin@0xfffff000 --io-log ports.txt --cycles 1000000 --dump 0:0x1000:64

Order of events:
  1. LUTs of all 48 cores get sccMerge's default map (--lut-default, --lut-preset).
  2. Loads and host writes happen in the order given. Core-physical addresses go through the core's LUT as it
     is at that moment. Without #CORES a file is loaded for the cores of --release, without that for core 0.
  3. Resets are released in the order of --release; the other cores stay in reset until software starts them.
  4. Cores run; what they print appears with `core NN | ` in front once more than one core may print.
  5. Dumps, then statistics.

Consoles: COM1 to COM4 of each core (ports 0x3f8, 0x2f8, 0x3e8, 0x2e8). Unknown ports read as ones.

Board file: the same options by name, loads and host writes as a list in their order; paths are relative to it.
      memory = 32
      model = \"strict\"
      mesh-mhz = 1600
      ddr = 1066
      tile-mhz = [\"533\", \"800#0-5\"]
      release = \"0-3\"
      until = [\"passed\", \"FAILED\"]
      wall = 10
      dump = [\"0:0x1000:64\"]
      setup = [
          { load = \"kernel.bin@0x100000#0-3\" },
          { load = \"reset.bin@0xfffff000#0-3\" },
          { crb = \"0:gcbcfg=0x00a8e2ff\" },
      ]

Exit status:
  0  a condition was met: --until, --until-halted, or by default all cores halted for good
  1  internal error
  2  usage error or bad input file
  3  --cycles, --wall or Ctrl-C ended the run first, or no core can run any more and the text did not appear
  4  a strict-mode finding ended the run
  5  a core shut down (triple fault)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_finite_and_not_negative() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        for text in ["-1", "inf", "NaN", "1e30", "", "2s"] {
            assert_eq!(seconds(text), Err(NoDuration(text.to_owned())));
        }
    }
}
