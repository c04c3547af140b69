//! What Linux's programs of that name print: operations and switches between processes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::report::lossy;
use crate::chart::{self, Series};
use crate::figures::word_of;
use crate::guest::printed;

/// Figures of Linux below the hypervisor.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Linux {
    /// Emulated milliseconds from the core's reset to the shell.
    pub(super) boot_milliseconds: Option<f64>,
    /// What the hypervisor had done until then, by counter.
    pub(super) boot: BTreeMap<String, f64>,
    pub(super) operations: Vec<Operation>,
    /// Cycles of the same operations without a hypervisor, by name.
    pub(super) native: BTreeMap<String, u64>,
    pub(super) switches: Vec<Switch>,
}

/// An operation of Linux.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Operation {
    pub(super) name: String,
    /// Times that it left the guest.
    pub(super) exits: f64,
    pub(super) cycles: u64,
}

/// A switch from one process to the next of a ring, without what the pipe between them and their memory take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Switch {
    pub(super) processes: u32,
    /// Memory that each of them reads.
    pub(super) kilobytes: u32,
    pub(super) cycles: u64,
}

/// What figures of a boot begin with.
const BOOT: &str = "boot-";

impl Linux {
    /// Reads what stood on the console, below the hypervisor and without one: `figure NAME EXITS` and `cycles NAME CYCLES` of
    /// operations, and lines `switch processes=2 kilobytes=4 cycles=9`.
    pub(super) fn read(seen: &str, native: &str) -> Self {
        let figures: BTreeMap<_, _> = printed(seen).into_iter().collect();
        let operation = |line: &str| {
            let (name, cycles) = cycles_in(line)?;
            Some(Operation { name: name.to_owned(), exits: *figures.get(name)?, cycles })
        };
        let switch = |line: &str| {
            let number = |key| word_of(line, key)?.parse().ok();
            let (processes, kilobytes) = (number("processes")?, number("kilobytes")?);
            Some(Switch { processes, kilobytes, cycles: word_of(line, "cycles")?.parse().ok()? })
        };
        let boot =
            figures.iter().filter_map(|(name, value)| Some((name.strip_prefix(BOOT)?.to_owned(), *value)));
        let mut boot: BTreeMap<_, _> = boot.collect();
        Self {
            boot_milliseconds: boot.remove("milliseconds"),
            boot,
            operations: seen.lines().filter_map(operation).collect(),
            native: native
                .lines()
                .filter_map(cycles_in)
                .map(|(name, cycles)| (name.to_owned(), cycles))
                .collect(),
            switches: seen.lines().filter_map(switch).collect(),
        }
    }

    /// The switches, a line for each size of memory.
    pub(super) fn switches_chart(&self) -> String {
        let series = SIZES.map(|(kilobytes, name)| Series {
            name,
            points: self
                .switches
                .iter()
                .filter(|switch| switch.kilobytes == kilobytes)
                .map(|switch| (f64::from(switch.processes), lossy(switch.cycles)))
                .collect(),
        });
        chart::draw("A switch between processes of Linux", "processes", "cycles", &series)
    }
}

/// Name and cycles of an operation.
fn cycles_in(line: &str) -> Option<(&str, u64)> {
    let (name, cycles) = line.split_once("cycles ")?.1.split_once(' ')?;
    Some((name, cycles.trim().parse().ok()?))
}

/// The sizes of memory, in KB, and their names.
pub(super) const SIZES: [(u32, &str); 4] = [(0, "0 KB"), (4, "4 KB"), (16, "16 KB"), (64, "64 KB")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_need_both_lines_and_switches_one() {
        let seen = "core 00 | [00 0.438156] guest vmlinux: session-begin\n\
                    core 00 | [00 0.438157] guest vmlinux: figure boot-exits 4711\n\
                    core 00 | [00 0.438157] guest vmlinux: figure getppid 0.00\n\
                    core 00 | [00 0.438158] guest vmlinux: cycles getppid 301\n\
                    core 00 | [00 0.438158] guest vmlinux: cycles lost 301\n\
                    core 00 | [00 0.438159] guest vmlinux: switch processes=8 kilobytes=16 cycles=9120\n";
        let linux = Linux::read(seen, "[    0.812345] cycles getppid 299\n");
        assert_eq!(linux.boot_milliseconds, Some(438.0));
        assert_eq!(linux.boot["exits"], 4711.0);
        let getppid = Operation { name: "getppid".to_owned(), exits: 0.0, cycles: 301 };
        assert_eq!(linux.operations, [getppid]);
        assert_eq!(linux.native["getppid"], 299);
        assert_eq!(linux.switches, [Switch { processes: 8, kilobytes: 16, cycles: 9120 }]);
        assert!(linux.switches_chart().contains("16 KB"));
    }
}
