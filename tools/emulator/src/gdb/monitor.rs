//! gdb's `monitor` commands: what the chip has and gdb has no words for.

use super::session::Session;
use crate::cpu::segment::Segment;
use crate::cpu::state::Activity;
use crate::loader::{NumberError, parse_number};
use i586::page::PageEntry;
use scc::address::LutIndex;
use scc::id::CoreId;
use std::fmt::Write;
use std::str::FromStr;

const HELP: &str = "\
monitor help             this list
monitor why              why the machine stopped last
monitor registers [CORE] segment, control, debug and table registers, and what the core is doing
monitor translate ADDR [CORE]  linear address to core-physical and system address
monitor tlb [CORE]       translations the core's TLBs hold, stale ones included
monitor lut INDEX [CORE] one entry of the core's LUT, or `all`
monitor caches ADDR [CORE]     where the line of a linear address is cached
monitor stats            counts of the run, as JSON
CORE is 0 to 47; without it, the core that stopped last. Threads are numbered core + 1.";

/// A parsed command. Where a core can be named, `None` is the one that stopped last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Why,
    Registers(Option<CoreId>),
    Translate(u32, Option<CoreId>),
    Tlb(Option<CoreId>),
    Lut(Entries, Option<CoreId>),
    Caches(u32, Option<CoreId>),
    Stats,
}

/// Which LUT entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    One(LutIndex),
    All,
}

/// Why a command was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CommandError {
    #[error("`{0}` is no monitor command; `monitor help` lists them")]
    Unknown(String),
    #[error("`monitor {0}` needs an argument; see `monitor help`")]
    Missing(&'static str),
    #[error("`{0}` is one argument too many")]
    Extra(String),
    #[error(transparent)]
    Number(#[from] NumberError),
    #[error("`{0}` is no core: cores are numbered 0 to 47")]
    Core(String),
}

impl FromStr for Command {
    type Err = CommandError;

    fn from_str(text: &str) -> Result<Self, CommandError> {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or("help");
        let command = match name {
            "help" => Command::Help,
            "why" => Command::Why,
            "stats" => Command::Stats,
            "registers" => Command::Registers(core(words.next())?),
            "tlb" => Command::Tlb(core(words.next())?),
            "translate" => Command::Translate(number(&mut words, "translate")?, core(words.next())?),
            "caches" => Command::Caches(number(&mut words, "caches")?, core(words.next())?),
            "lut" => {
                let entries = match words.next().ok_or(CommandError::Missing("lut"))? {
                    "all" => Entries::All,
                    text => Entries::One(lut_index(text)?),
                };
                Command::Lut(entries, core(words.next())?)
            }
            _ => return Err(CommandError::Unknown(name.to_owned())),
        };
        match words.next() {
            Some(extra) => Err(CommandError::Extra(extra.to_owned())),
            None => Ok(command),
        }
    }
}

fn number<'a>(words: &mut impl Iterator<Item = &'a str>, name: &'static str) -> Result<u32, CommandError> {
    let number = parse_number(words.next().ok_or(CommandError::Missing(name))?, u64::from(u32::MAX))?;
    Ok(u32::try_from(number).expect("the limit is what a word holds"))
}

fn lut_index(text: &str) -> Result<LutIndex, CommandError> {
    let number = parse_number(text, u64::from(u8::MAX))?;
    Ok(LutIndex::new(u8::try_from(number).expect("the limit is what a byte holds")))
}

fn core(word: Option<&str>) -> Result<Option<CoreId>, CommandError> {
    let Some(word) = word else { return Ok(None) };
    let core = word.parse().ok().and_then(CoreId::new);
    core.map(Some).ok_or_else(|| CommandError::Core(word.to_owned()))
}

impl Session<'_> {
    /// Carries a command out; the answer has one or more lines.
    pub(super) fn answer(&self, command: Command) -> String {
        let core = |core: Option<CoreId>| core.unwrap_or(self.focus);
        match command {
            Command::Help => HELP.to_owned(),
            Command::Why => self.last_stop().to_owned(),
            Command::Registers(id) => self.registers(core(id)),
            Command::Translate(linear, id) => self.translation(core(id), linear),
            Command::Tlb(id) => self.translations(core(id)),
            Command::Lut(entries, id) => self.lut(core(id), entries),
            Command::Caches(linear, id) => self.copies(core(id), linear),
            Command::Stats => serde_json::to_string_pretty(&self.attached.machine.statistics())
                .unwrap_or_else(|error| format!("the counts cannot be written: {error}")),
        }
    }

    /// `core 05 tile (2,0) halted`.
    pub(super) fn core_summary(&self, core: CoreId) -> String {
        let coord = core.tile().coord();
        let doing = match self.attached.machine.activity(core) {
            Activity::Running => "running",
            Activity::Halted => "halted",
            Activity::Shutdown => "shut down",
            Activity::Reset => "in reset",
            Activity::Hung(_) => "hung",
        };
        format!("core {:02} tile ({},{}) {doing}", core.number(), coord.x(), coord.y())
    }

    fn registers(&self, id: CoreId) -> String {
        let core = self.attached.machine.core(id);
        let mut text = format!("{}\n{}, CPL {}\n", self.core_summary(id), self.place(id), core.cpl);
        for (name, segment) in ["ES", "CS", "SS", "DS", "FS", "GS"].into_iter().zip(&core.segments) {
            segment_line(&mut text, name, segment);
        }
        segment_line(&mut text, "LDTR", &core.ldtr);
        segment_line(&mut text, "TR", &core.tr);
        for (name, table) in [("GDTR", core.gdtr), ("IDTR", core.idtr)] {
            line(&mut text, format_args!("{name} base {:08x} limit {:04x}", table.base, table.limit));
        }
        line(
            &mut text,
            format_args!(
                "CR0 {:08x} CR2 {:08x} CR3 {:08x} CR4 {:08x}",
                core.cr0, core.cr2, core.cr3, core.cr4
            ),
        );
        let dr = core.dr;
        line(
            &mut text,
            format_args!(
                "DR0 {:08x} DR1 {:08x} DR2 {:08x} DR3 {:08x} DR6 {:08x} DR7 {:08x}",
                dr[0], dr[1], dr[2], dr[3], dr[6], dr[7]
            ),
        );
        if let Activity::Hung(finding) = &core.activity {
            line(&mut text, format_args!("hung: {finding}"));
        }
        text
    }

    fn translation(&self, core: CoreId, linear: u32) -> String {
        let machine = &self.attached.machine;
        match machine.translate_linear(core, linear) {
            Ok((physical, kind)) => format!(
                "linear {linear:#010x} -> physical {physical} {kind:?} -> {}",
                machine.fabric().translate(core, physical)
            ),
            Err(error) => error.to_string(),
        }
    }

    fn translations(&self, id: CoreId) -> String {
        let core = self.attached.machine.core(id);
        let mut text = String::new();
        for (name, tlb) in [("data", &core.data_tlb), ("code", &core.code_tlb)] {
            let mut entries: Vec<_> = tlb.translations().collect();
            entries.sort_unstable();
            line(&mut text, format_args!("{name} TLB: {} translations", entries.len()));
            for (linear, entry) in entries {
                let entry = PageEntry::from_bits_retain(entry);
                line(&mut text, format_args!("  {linear:08x} -> {:08x} {}", entry.frame(), flags(entry)));
            }
        }
        text
    }

    fn lut(&self, core: CoreId, entries: Entries) -> String {
        let mut text = String::new();
        for index in
            LutIndex::all().filter(|index| entries == Entries::All || entries == Entries::One(*index))
        {
            let entry = self.attached.machine.fabric().lut(core, index);
            line(
                &mut text,
                format_args!(
                    "core {core} LUT {index}: {entry} -> tile ({},{}) {}{} extension {:#05x}",
                    entry.x(),
                    entry.y(),
                    entry.sub_destination(),
                    if entry.bypass() { " bypass" } else { "" },
                    entry.extension(),
                ),
            );
        }
        text
    }

    fn copies(&self, id: CoreId, linear: u32) -> String {
        match self.attached.machine.translate_linear(id, linear) {
            Ok((physical, kind)) => {
                let copies = self.attached.machine.core(id).hierarchy.copies(physical);
                format!("core {id} line {} {kind:?}: {copies}", physical.line_base())
            }
            Err(error) => error.to_string(),
        }
    }
}

fn segment_line(text: &mut String, name: &str, segment: &Segment) {
    line(
        text,
        format_args!(
            "{name:4} {:04x} base {:08x} limit {:08x} access {:02x}{}{}",
            segment.selector,
            segment.base,
            segment.limit,
            segment.access,
            if segment.big { " 32-bit" } else { "" },
            if segment.usable { "" } else { " unusable" },
        ),
    );
}

/// The letters of the set flags, as `P W U`.
fn flags(entry: PageEntry) -> String {
    let letters = [
        (PageEntry::WRITABLE, "W"),
        (PageEntry::USER, "U"),
        (PageEntry::WRITE_THROUGH, "PWT"),
        (PageEntry::CACHE_DISABLE, "PCD"),
        (PageEntry::ACCESSED, "A"),
        (PageEntry::DIRTY, "D"),
        (PageEntry::MESSAGE_BUFFER, "PMB"),
    ];
    let set = letters.into_iter().filter(|(flag, _)| entry.contains(*flag)).map(|(_, letter)| letter);
    set.collect::<Vec<_>>().join(" ")
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_take_addresses_and_cores() {
        let core = CoreId::new(5);
        assert_eq!("".parse(), Ok(Command::Help));
        assert_eq!("tlb".parse(), Ok(Command::Tlb(None)));
        assert_eq!("tlb 5".parse(), Ok(Command::Tlb(core)));
        assert_eq!("caches 0xC0001000 5".parse(), Ok(Command::Caches(0xC000_1000, core)));
        assert_eq!("lut 250".parse(), Ok(Command::Lut(Entries::One(LutIndex::new(250)), None)));
        assert_eq!("lut all 5".parse(), Ok(Command::Lut(Entries::All, core)));
    }

    #[test]
    fn wrong_commands_say_what_is_wrong() {
        let error = |text: &str| text.parse::<Command>().unwrap_err();
        assert_eq!(error("frobnicate"), CommandError::Unknown("frobnicate".into()));
        assert_eq!(error("lut"), CommandError::Missing("lut"));
        assert_eq!(error("tlb 48"), CommandError::Core("48".into()));
        assert_eq!(error("why not"), CommandError::Extra("not".into()));
        assert!(matches!(error("lut 256"), CommandError::Number(_)));
    }
}
