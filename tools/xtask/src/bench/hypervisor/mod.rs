//! `cargo xtask bench guest`: what the hypervisor takes, on the emulated chip at 533/800/800 MHz, memory model strict, with
//! the chip's timing. The figures are the same in every run.
//!
//! | run, on core 0 | what it tells |
//! |---|---|
//! | guest `figures` | hypercalls, exceptions, interrupts, page tables, system calls: ways out of a guest by reason |
//! | guest `busy`, `measure=guests` | how late the sleeps of a service end beside a guest that never gives the processor back |
//! | two of guest `turns` | when they had the processor; what lies between their turns is a world switch |
//! | benchmark `trap`, no kernel | the system calls of `figures` from ring 3 to ring 0, natively |
//! | Linux, its programs `figures` | operations in exits and cycles, switches between processes, time to the shell |
//! | the native variant of Linux, no kernel | the same operations without a hypervisor |
//!
//! Both variants of Linux must be built before; `--bare` goes without.

mod linux;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::linux::Linux;
use self::report::Record;
use crate::bench::guest::GUESTS;
use crate::bench::machine::{Machine, Stand};
use crate::bench::{BenchError, GUEST_PACKAGE, RECORD, budget, commit, host, measure, write_record};
use crate::boot::Platform;
use crate::cli::GuestBenchOptions;
use crate::figures::{Cycles, SETTING, cycles_in, word_of};
use crate::guest::{self, Variant};
use crate::process;
use crate::program::{self, Profile};
use crate::rom::Rom;
use crate::workspace::{CORE_TARGET, Workspace};

/// The figure that is worked out here: see [`world_switches`].
const WORLD_SWITCH: &str = "world-switch";
/// Where every run has its guests.
const PLACE: [&str; 4] = ["--cores", "0", "--guest-memory", "4"];
/// Less than the turn of a guest: 1 ms.
const TURN_CYCLES: u64 = 533_000;
/// The benchmark of ring 3, and its trips in a round.
const NATIVE: &str = "trap";
const TRIPS: f64 = 1_000.0;

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq)]
struct Figures {
    /// Times by name.
    cycles: BTreeMap<String, Cycles>,
    /// Cycles of a system call from ring 3 to ring 0, without a hypervisor.
    native_call: f64,
    /// What a guest takes besides its own memory.
    memory: Vec<Memory>,
    /// `None` if it was left out.
    linux: Option<Linux>,
}

/// Memory of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Memory {
    guest: String,
    /// Its own, in KB.
    own: u64,
    /// Bytes that the hypervisor took when it made the guest, its own memory not counted.
    made: u64,
    /// Most page tables that the hypervisor had for it, of 4 KB each.
    tables: u64,
}

/// Measures, prints the report and records it if asked to.
pub(crate) fn guest(workspace: &Workspace, options: &GuestBenchOptions) -> Result<(), BenchError> {
    let is_built =
        [Variant::Guest, Variant::Native].iter().all(|variant| guest::is_built(workspace, *variant));
    if !options.bare && !is_built {
        return Err(BenchError::NoLinux);
    }
    println!("bench: building scc-boot, scc-emu, the kernel and the guests");
    let board = program::build(workspace, "scc-boot", None)?;
    let plain = program::kernel(workspace, Platform::Scc, "")?;
    let trials = program::kernel(workspace, Platform::Scc, "measure=guests")?;
    let [figures, busy, turns] = ["figures", "busy", "turns"]
        .map(|package| program::build_as(workspace, package, Some(CORE_TARGET), Profile::Kernel));
    let image = workspace.scratch().join("bench").join("guest");
    let run = |kernel: &Path, guests: &[PathBuf], words: &[&str]| {
        let mut command = Command::new(&board);
        command.arg(kernel).arg("--image").arg(&image).args(SETTING).args(PLACE).args(words);
        for guest in guests {
            command.arg("--guest").arg(guest);
        }
        println!("bench: {command:?}");
        process::output(&mut command)
    };
    let turns = turns?;
    let mut output = run(&plain, &[figures?], &[])?;
    output.push_str(&run(&trials, &[busy?], &["--command-line", "measure=guests"])?);
    let switches = world_switches(&run(&plain, &[turns.clone(), turns], &[])?);
    let mut cycles = cycles_in(&output);
    cycles.extend(switches.map(|found| (WORLD_SWITCH.to_owned(), found)));
    let native_call = native_call(workspace)?;
    let linux = if options.bare {
        None
    } else {
        println!("bench: Linux, its figures");
        let seen = guest::measured(workspace)?;
        output.push_str(&seen);
        println!("bench: Linux without a hypervisor, its figures");
        let emulator = program::build(workspace, "scc-emu", None)?;
        Some(Linux::read(&seen, &guest::measured_natively(workspace, &emulator)?))
    };
    let figures = Figures { cycles, native_call, memory: memory_of_guests(&output), linux };
    let record = Record { figures: &figures, commit: commit(workspace), host: host() };
    if let Some(missing) = record.missing() {
        return Err(BenchError::Missing { missing });
    }
    println!("\n{}", record.markdown());
    if options.record {
        write_record(workspace, "guest.md", &record.markdown())?;
        write_record(workspace, "guest.json", &format!("{:#}\n", record.json()))?;
        if let Some(linux) = &figures.linux {
            write_record(workspace, "guest-switches.svg", &linux.switches_chart())?;
        }
        println!("bench: written to {RECORD}");
    }
    budget::judge(&record.budgets())
}

/// Cycles of a system call that no hypervisor has a part in: the benchmark's trips, by the emulator's count.
fn native_call(workspace: &Workspace) -> Result<f64, BenchError> {
    let emulator = program::build(workspace, "scc-emu", None)?;
    let rom = Rom::build(workspace, GUEST_PACKAGE)?;
    let folder = workspace.scratch().join("bench").join("native");
    let machine = Machine::StrictScc;
    let stand = Stand::new(machine, folder, &emulator, rom.base())?;
    let trips = GUESTS.iter().copied().find(|guest| guest.name == NATIVE).expect("it is one of them");
    Ok(measure::cycles_per_round(trips, &rom, machine, &stand)? / TRIPS)
}

/// What lies between the turns of two guests, which they print as `turn begin=1 end=2` in low words of the same counter.
/// The first time is the cold one. `None` if there were not two that had their turns alternately.
fn world_switches(output: &str) -> Option<Cycles> {
    let number = |line, key| word_of(line, key)?.parse::<u32>().ok();
    let turns = output.lines().filter(|line| line.contains("turn begin="));
    let mut turns: Vec<_> =
        turns.filter_map(|line| Some((number(line, "begin")?, number(line, "end")?))).collect();
    let first = turns.first()?.0;
    // Half of the counter's range is before the first one, half behind.
    turns.sort_unstable_by_key(|(begin, _)| begin.wrapping_sub(first).cast_signed());
    let gap = |pair: &[(u32, u32)]| u64::from(pair[1].0.wrapping_sub(pair[0].1));
    let mut gaps: Vec<_> = turns.windows(2).map(gap).collect();
    // At either end one guest is alone, and what lies between its turns is something else.
    gaps.retain(|gap| *gap < TURN_CYCLES);
    let cold = *gaps.first()?;
    gaps.sort_unstable();
    let count = u64::try_from(gaps.len()).ok().filter(|count| *count >= 8)?;
    Some(Cycles { cold, median: gaps[gaps.len() / 2], most: *gaps.last()?, count })
}

/// What the kernel says of the memory of its guests, at their starts and ends.
fn memory_of_guests(output: &str) -> Vec<Memory> {
    let started = output.lines().filter(|line| line.contains(" guest: started "));
    let memory = |line: &str| {
        let guest = word_of(line, "name")?.to_owned();
        let counted = format!(" guest: counted name={guest} ");
        Some(Memory {
            own: word_of(line, "memory")?.strip_suffix('K')?.parse().ok()?,
            made: word_of(line, "overhead")?.parse().ok()?,
            tables: word_of(output.lines().find(|line| line.contains(&counted))?, "tables")?.parse().ok()?,
            guest,
        })
    };
    started.filter_map(memory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn world_switch_is_what_lies_between_the_turns_of_two_guests() {
        let line = |begin: u32| {
            let end = begin.wrapping_add(5_000_000);
            format!("guest turns: turn begin={begin} end={end}\n")
        };
        let begins = (0..10_u32).map(|turn| 0xFFFF_0000_u32.wrapping_add(turn * 5_002_000));
        let (even, odd): (Vec<_>, Vec<_>) = begins.map(line).enumerate().partition(|(turn, _)| turn % 2 == 0);
        let output: String = even.into_iter().chain(odd).map(|(_, line)| line).collect();
        let expected = Cycles { cold: 2_000, median: 2_000, most: 2_000, count: 9 };
        assert_eq!(world_switches(&output), Some(expected));
        assert_eq!(world_switches(&line(1)), None);
    }

    #[test]
    fn memory_is_read_from_the_lines_of_a_guests_start_and_end() {
        let output = "core 00 | [00 0.1] info guest: started name=a memory=4096K overhead=20480\n\
                      core 00 | [00 0.2] info guest: counted name=a exits=7 tables=3 returns=0\n";
        let expected = Memory { guest: "a".to_owned(), own: 4_096, made: 20_480, tables: 3 };
        assert_eq!(memory_of_guests(output), [expected]);
        assert_eq!(memory_of_guests("info guest: started name=a memory=4096K overhead=20480"), []);
    }
}
