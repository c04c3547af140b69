//! `scc-emu lut CORE`: a core's LUT in words.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use scc::address::LutIndex;
use scc::fpga::{self, FpgaPort};
use scc::id::{CoreId, TileId};
use scc::lut::{BoardMemory, LutEntry, MemoryController, SubDestination};
use scc::tile::TileRegister;
use scc_emu::loader::{LutMap, LutPreset, UnwrittenEntries, parse_lut_init};

use super::arguments::{Memory, Preset};
use super::exit::{CommandError, ExitStatus};
use super::setup_error::SetupError;

/// Arguments of `scc-emu lut`.
#[derive(Args)]
pub(crate) struct LutArguments {
    /// Core, 0 to 47
    #[arg(value_parser = clap::value_parser!(u8).range(0..48))]
    core: u8,
    /// Installed memory in GB
    #[arg(long, value_name = "16|32|64", default_value = "32")]
    memory: Memory,
    /// sccMerge's map, the same with -1slot, or nothing
    #[arg(long, default_value = "default")]
    lut_preset: Preset,
    /// Fills unwritten entries as sccMerge's -lut_default does
    #[arg(long)]
    lut_default: bool,
    /// A lut_init.dat on top of it
    #[arg(long, value_name = "FILE")]
    lut_init: Option<PathBuf>,
}

/// Prints the LUT.
pub(crate) fn print(arguments: &LutArguments) -> Result<ExitStatus, CommandError> {
    let core = CoreId::new(arguments.core).expect("clap accepts 0 to 47 only");
    let map = match arguments.lut_preset {
        Preset::Default => LutMap::Default,
        Preset::OneSlot => LutMap::OneSlot,
        Preset::Empty => LutMap::Empty,
    };
    let unwritten = if arguments.lut_default { UnwrittenEntries::Filled } else { UnwrittenEntries::Kept };
    let mut lut = [None; LutIndex::COUNT];
    for (index, entry) in (LutPreset { map, unwritten }).entries(arguments.memory.into(), core, core) {
        lut[index.index()] = Some(entry);
    }
    if let Some(file) = &arguments.lut_init {
        let bytes = std::fs::read(file).map_err(|error| SetupError::Read { file: file.clone(), error })?;
        let writes = parse_lut_init(&bytes)
            .map_err(|error| SetupError::Format { file: file.clone(), error: error.into() })?;
        for write in writes.into_iter().filter(|write| write.lut_of() == Some(core)) {
            if let TileRegister::Lut(_, index) = write.register {
                lut[index.index()] = Some(LutEntry::from_bits(write.value));
            }
        }
    }
    let text = table(&lut, arguments.memory.into());
    std::io::stdout().write_all(text.as_bytes()).map_err(CommandError::Output)?;
    Ok(ExitStatus::ConditionMet)
}

/// One line per run of entries that follow each other on one memory controller, else per entry.
fn table(lut: &[Option<LutEntry>; LutIndex::COUNT], board: BoardMemory) -> String {
    let mut text = String::from("index    core-physical          entry     target\n");
    let mut indices = LutIndex::all().filter_map(|index| Some((index, lut[index.index()]?))).peekable();
    while let Some((first, entry)) = indices.next() {
        let mut last = (first, entry);
        while let Some(next) = indices.next_if(|(index, next)| {
            index.get() == last.0.get() + 1 && memory_of(entry).is_some() && next.bits() == last.1.bits() + 1
        }) {
            last = next;
        }
        let (low, high) = (first.base().get(), last.0.base().get() | 0x00FF_FFFF);
        let range = if first == last.0 { format!("{first}") } else { format!("{first}-{}", last.0) };
        writeln!(text, "{range:<8} {low:08x}-{high:08x}  {entry}  {}", target(entry, last.1, board))
            .expect("a string takes everything");
    }
    text
}

fn memory_of(entry: LutEntry) -> Option<MemoryController> {
    MemoryController::at(entry.route(), entry.sub_destination())
}

fn target(first: LutEntry, last: LutEntry, board: BoardMemory) -> String {
    let bypass = if first.bypass() { ", bypass" } else { "" };
    let route = first.route();
    let at_fpga = route == fpga::TILE.route();
    let sub = first.sub_destination();
    let target = match (memory_of(first), TileId::from_route(route), sub) {
        (Some(controller), _, _) => memory_range(controller, first, last, board),
        (None, Some(tile), SubDestination::Mpb) => format!("MPB of tile {tile} {}", tile.coord()),
        (None, Some(tile), SubDestination::Crb) => format!("registers of tile {tile} {}", tile.coord()),
        (None, Some(_), SubDestination::South) if route == 0 => "voltage regulator".to_owned(),
        (None, Some(_), SubDestination::South) if at_fpga => {
            match FpgaPort::of(u64::from(first.extension()) << 24) {
                FpgaPort::Host => "FPGA: host port",
                FpgaPort::Debug => "FPGA: debug unit",
                FpgaPort::Registers => "FPGA: register bank",
                FpgaPort::Memory => "FPGA: SATA and memory port",
                FpgaPort::HostWindow => "FPGA: host window",
            }
            .to_owned()
        }
        _ => format!("nobody: route {route:#04x}, {sub}"),
    };
    format!("{target}{bypass}")
}

fn memory_range(controller: MemoryController, first: LutEntry, last: LutEntry, board: BoardMemory) -> String {
    let low = u64::from(first.extension()) << 24;
    let high = u64::from(last.extension()) << 24 | 0xFF_FFFF;
    let beyond = if high >= board.bytes_per_controller() { ", beyond its memory" } else { "" };
    format!("MC{} {low:#011x}-{high:#011x}{beyond}", controller.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_lut_reads_as_a_map() {
        let core = CoreId::new(1).unwrap();
        let mut lut = [None; LutIndex::COUNT];
        for (index, entry) in LutPreset::default().entries(BoardMemory::Gb32, core, core) {
            lut[index.index()] = Some(entry);
        }
        let text = table(&lut, BoardMemory::Gb32);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 1 + 4 + 25 + 25 + 4 + 1);
        assert_eq!(lines[1], "0-40     00000000-28ffffff  0x001829  MC0 0x029000000-0x051ffffff");
        assert_eq!(lines[3], "129      81000000-81ffffff  0x00b1ec  MC1 0x1ec000000-0x1ecffffff");
        assert_eq!(lines[7], "193      c1000000-c1ffffff  0x002c00  MPB of tile 1 (1,0)");
        assert!(text.contains("249      f9000000-f9ffffff  0x007500  FPGA: register bank\n"));
        assert!(text.contains("251      fb000000-fbffffff  0x001400  voltage regulator\n"));
    }

    #[test]
    fn unusual_entries_are_named() {
        let board = BoardMemory::Gb16;
        let show = |bits| target(LutEntry::from_bits(bits), LutEntry::from_bits(bits), board);
        assert_eq!(show(0), "nobody: route 0x00, core 0");
        assert_eq!(show(1 << 21 | 0xC00), "MPB of tile 0 (0,0), bypass");
        assert_eq!(show(0x1900), "MC0 0x100000000-0x100ffffff, beyond its memory");
        assert_eq!(show(0x06 << 13 | 0xC00), "nobody: route 0x06, MPB");
    }
}
