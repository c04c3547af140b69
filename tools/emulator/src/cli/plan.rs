//! What a run is to do: the command line joined with the board file, and defaults for what neither gives.
//!
//! The board file's loads and host writes come first; of single values the command line's wins.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use scc::id::CoreId;
use scc::lut::BoardMemory;
use scc::timing::{MemoryClock, MeshClock};
use scc_emu::chip::clocks::{ClockError, Clocks};
use scc_emu::chip::loss::{InterruptLoss, Share};
use scc_emu::loader::{CoreSet, LutMap, LutPreset, UnwrittenEntries};
use scc_emu::trace::TraceOptions;
use scc_emu::{Diagnostics, Machine, MachineBuilder, MemoryModel, TimingModel};

use super::arguments::{Memory, Preset, RunArguments};
use super::board_file::{BoardFile, BoardFileError};
use super::dump::DumpRequest;
use super::step::SetupStep;

/// Everything that describes a run.
#[derive(Debug)]
pub(crate) struct RunPlan {
    pub(crate) memory: BoardMemory,
    pub(crate) model: MemoryModel,
    pub(crate) timing: TimingModel,
    pub(crate) clocks: Clocks,
    pub(crate) seed: u64,
    pub(crate) poison: bool,
    pub(crate) quantum: Option<u64>,
    pub(crate) diagnostics: Diagnostics,
    /// Interrupts that are lost on purpose.
    pub(crate) loss: InterruptLoss,
    /// LUTs before anything is loaded.
    pub(crate) preset: LutPreset,
    /// Loads and host writes, in order.
    pub(crate) steps: Vec<SetupStep>,
    /// Cores to release, if they are named.
    pub(crate) release: Option<CoreSet>,
    /// When the run ends.
    pub(crate) conditions: Conditions,
    pub(crate) dumps: Vec<DumpRequest>,
    pub(crate) console_dir: Option<PathBuf>,
    pub(crate) rings: bool,
    pub(crate) io_log: Option<PathBuf>,
    pub(crate) stats: Option<PathBuf>,
    pub(crate) gdb: Option<String>,
    pub(crate) trace: Option<TraceOptions>,
}

/// What ends a run, besides that no core can run any more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conditions {
    /// One of these texts is printed.
    pub(crate) texts: Vec<String>,
    /// Every started core is halted.
    pub(crate) halted: bool,
    /// Cycles of the power-on core clock.
    pub(crate) cycles: Option<u64>,
    /// Time on the host's clock.
    pub(crate) wall: Option<Duration>,
}

impl RunPlan {
    /// Joins the command line with the board file it names.
    pub(crate) fn new(mut arguments: RunArguments, matches: &ArgMatches) -> Result<Self, BoardFileError> {
        let board = match &arguments.board {
            Some(file) => BoardFile::read(file)?,
            None => BoardFile::default(),
        };
        let own_steps = arguments.take_steps(matches);
        Ok(Self::join(board, arguments, own_steps)?)
    }

    fn join(
        mut board: BoardFile,
        arguments: RunArguments,
        own_steps: Vec<SetupStep>,
    ) -> Result<Self, ClockError> {
        let mesh = arguments.mesh_mhz.or(board.mesh_mhz).map_or_else(MeshClock::default, Into::into);
        let memory_clock = arguments.ddr.or(board.ddr).map_or_else(MemoryClock::default, Into::into);
        let mut clocks = Clocks::new(mesh, memory_clock)?;
        for clock in board.tile_mhz.iter().chain(&arguments.tile_mhz) {
            clock.apply(&mut clocks)?;
        }
        board.setup.extend(own_steps);
        board.dump.extend(arguments.dump);
        let mut texts = Vec::from(board.until);
        texts.extend(arguments.until);
        let map = match arguments.lut_preset.or(board.lut_preset) {
            None | Some(Preset::Default) => LutMap::Default,
            Some(Preset::OneSlot) => LutMap::OneSlot,
            Some(Preset::Empty) => LutMap::Empty,
        };
        let fill = arguments.lut_default || board.lut_default;
        let unwritten = if fill { UnwrittenEntries::Filled } else { UnwrittenEntries::Kept };
        Ok(Self {
            memory: arguments.memory.or(board.memory).unwrap_or(Memory::Gb32).into(),
            model: arguments.model.or(board.model).map_or_else(MemoryModel::default, Into::into),
            timing: arguments.timing.or(board.timing).map_or_else(TimingModel::default, Into::into),
            clocks,
            seed: arguments.seed.or(board.seed).unwrap_or(0),
            poison: arguments.poison || board.poison,
            quantum: arguments.quantum.or(board.quantum),
            diagnostics: arguments
                .diagnostics
                .or(board.diagnostics)
                .map_or_else(Diagnostics::default, Into::into),
            loss: InterruptLoss {
                requests: arguments.lose_requests.or(board.lose_requests).unwrap_or(Share::NOTHING),
                packets: arguments.lose_packets.or(board.lose_packets).unwrap_or(Share::NOTHING),
                seed: arguments.loss_seed.or(board.loss_seed).unwrap_or(0),
            },
            preset: LutPreset { map, unwritten },
            steps: board.setup,
            release: arguments.release.or(board.release),
            conditions: Conditions {
                texts,
                halted: arguments.until_halted || board.until_halted,
                cycles: arguments.cycles.or(board.cycles),
                wall: arguments.wall.or(board.wall).map(Duration::from_secs_f64),
            },
            dumps: board.dump,
            console_dir: arguments.console_dir.or(board.console_dir),
            rings: arguments.rings || board.rings,
            io_log: arguments.io_log.or(board.io_log),
            stats: arguments.stats.or(board.stats),
            gdb: arguments.gdb.or(board.gdb),
            trace: arguments.trace.or(board.trace),
        })
    }

    /// A machine in power-on state.
    pub(crate) fn machine(&self) -> Machine {
        let builder: MachineBuilder = Machine::builder()
            .memory(self.memory)
            .model(self.model)
            .timing(self.timing)
            .clocks(self.clocks)
            .seed(self.seed)
            .poison(self.poison)
            .interrupt_loss(self.loss)
            .diagnostics(self.diagnostics);
        match self.quantum {
            Some(cycles) => builder.quantum(cycles).build(),
            None => builder.build(),
        }
    }

    /// Cores that a file without `#CORES` is loaded for.
    pub(crate) fn default_cores(&self) -> CoreSet {
        self.release.clone().unwrap_or_else(|| CoreSet::from_cores(CoreId::new(0)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{CommandFactory, FromArgMatches};

    use super::super::{Arguments, Command};
    use super::*;

    fn plan(line: &str) -> Result<RunPlan, clap::Error> {
        let words = ["scc-emu", "run"].into_iter().chain(line.split_whitespace());
        let matches = Arguments::command().try_get_matches_from(words)?;
        let Command::Run(run) = Arguments::from_arg_matches(&matches)?.command else {
            panic!("the line begins with run");
        };
        Ok(RunPlan::new(*run, matches.subcommand_matches("run").unwrap()).unwrap())
    }

    #[test]
    fn loads_and_host_writes_keep_the_order_of_the_line() {
        let plan = plan(
            "--crb 0:glcfg0=1 --load a@0 --lut 0:5=0x1805 --load b@0x10#all --fpga 0x8230=1 --load-elf c \
             --crb 0:glcfg0=2 --mt d.mt --load-system e@mc1:0 --lut 0:6=0x1806 --lut-init f --boot-dir g \
             --load-obj h --load-map i",
        );
        let expected = [
            SetupStep::crb("0:glcfg0=1").unwrap(),
            SetupStep::load("a@0").unwrap(),
            SetupStep::lut("0:5=0x1805").unwrap(),
            SetupStep::load("b@0x10#all").unwrap(),
            SetupStep::fpga("0x8230=1").unwrap(),
            SetupStep::load_elf("c").unwrap(),
            SetupStep::crb("0:glcfg0=2").unwrap(),
            SetupStep::mt("d.mt").unwrap(),
            SetupStep::load_system("e@mc1:0").unwrap(),
            SetupStep::lut("0:6=0x1806").unwrap(),
            SetupStep::lut_init("f").unwrap(),
            SetupStep::boot_dir("g").unwrap(),
            SetupStep::load_obj("h").unwrap(),
            SetupStep::load_map("i").unwrap(),
        ];
        assert_eq!(plan.unwrap().steps, expected);
    }

    #[test]
    fn every_fixed_option_is_understood() {
        let plan = plan(
            "--memory 64 --model fast --timing flat --seed 7 --lut-default --release 3,1 --until ok --until no \
             --until-halted --cycles 1000 --wall 1.5 --dump 0:0:16 --dump 1:0:16=x --console-dir c --rings \
             --io-log l --gdb --trace t --stats --diagnostics warn --quantum 5 --poison \
             --lose-requests 2.5 --lose-packets 1 --loss-seed 4",
        )
        .unwrap();
        assert_eq!(plan.memory, BoardMemory::Gb64);
        assert_eq!((plan.model, plan.timing), (MemoryModel::Fast, TimingModel::Flat));
        assert_eq!((plan.seed, plan.quantum, plan.poison, plan.rings), (7, Some(5), true, true));
        let share = |percent: &str| percent.parse().unwrap();
        let expected = InterruptLoss { requests: share("2.5"), packets: share("1"), seed: 4 };
        assert_eq!(plan.loss, expected);
        assert_eq!(plan.preset.unwritten, UnwrittenEntries::Filled);
        assert_eq!(plan.release.unwrap().iter().map(CoreId::number).collect::<Vec<_>>(), [3, 1]);
        let expected = Conditions {
            texts: vec!["ok".into(), "no".into()],
            halted: true,
            cycles: Some(1000),
            wall: Some(Duration::from_millis(1500)),
        };
        assert_eq!(plan.conditions, expected);
        assert_eq!(plan.dumps.len(), 2);
        assert_eq!(plan.stats.as_deref(), Some(Path::new("-")));
        assert_eq!(plan.gdb.as_deref(), Some("127.0.0.1:1234"));
        assert_eq!(plan.diagnostics, Diagnostics::Warn);
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in [
            "--memory 48",
            "--load a",
            "--release 48",
            "--wall -1",
            "--dump 0:0",
            "--crb 24:gcbcfg=0",
            "--lut 0:0",
            "--cycles x",
            "--diagnostics loud",
            "--mesh-mhz 400",
            "--ddr 1333",
            "--tile-mhz 700",
            "--lose-requests 101",
            "--lose-packets few",
            "image.bin",
        ] {
            assert_eq!(plan(line).unwrap_err().exit_code(), 2, "{line}");
        }
        let message = plan("--load boot.bin").unwrap_err().to_string();
        assert!(message.contains("write FILE@0xADDR"), "{message}");
    }

    #[test]
    fn clocks_are_joined_tile_by_tile() {
        let plan = plan("--mesh-mhz 1600 --ddr 1066 --tile-mhz 800 --tile-mhz d5#3").unwrap();
        let mut expected = Clocks::new(MeshClock::Mhz1600, MemoryClock::Ddr1066).unwrap();
        for (tile, number) in scc::id::TileId::all().zip(0..) {
            expected.set_divider(tile, if number == 3 { 5 } else { 1 }).unwrap();
        }
        assert_eq!(plan.clocks, expected);
        let machine = plan.machine();
        let tile = scc::id::TileId::new(3).unwrap();
        assert_eq!(machine.fabric().tile_period(tile), scc::timing::tile_period(5));
    }

    #[test]
    fn a_file_without_cores_goes_to_the_released_ones() {
        assert_eq!(plan("--load a@0").unwrap().default_cores().to_string(), "0");
        assert_eq!(plan("--load a@0 --release 4-6").unwrap().default_cores().to_string(), "4-6");
    }

    #[test]
    fn the_board_file_comes_first_and_the_line_wins() {
        let mut board: BoardFile = toml::from_str(
            "memory = 16\nseed = 1\nuntil = \"ok\"\nsetup = [ { lut = \"0:5=0x1805\" } ]\nrelease = \"0\"",
        )
        .unwrap();
        board.rings = true;
        let words = ["run", "--memory", "64", "--until", "no", "--lut", "0:6=0x1806"];
        let matches =
            Arguments::command().try_get_matches_from(["scc-emu"].into_iter().chain(words)).unwrap();
        let Command::Run(mut run) = Arguments::from_arg_matches(&matches).unwrap().command else {
            panic!("the line begins with run");
        };
        let steps = run.take_steps(matches.subcommand_matches("run").unwrap());
        let plan = RunPlan::join(board, *run, steps).unwrap();
        assert_eq!((plan.memory, plan.seed, plan.rings), (BoardMemory::Gb64, 1, true));
        assert_eq!(plan.conditions.texts, ["ok", "no"]);
        assert_eq!(plan.steps[0], SetupStep::lut("0:5=0x1805").unwrap());
        assert_eq!(plan.steps[1], SetupStep::lut("0:6=0x1806").unwrap());
        assert_eq!(plan.release.unwrap().to_string(), "0");
    }
}
