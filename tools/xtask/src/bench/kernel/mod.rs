//! `cargo xtask bench kernel`: what the kernel takes, on the emulated chip at 533/800/800 MHz, memory model strict, with
//! the chip's timing.
//!
//! Three runs of `scc-boot`, whose figures are the same in every run:
//!
//! | run | what it tells |
//! |---|---|
//! | 48 cores, started by the host | cycles from reset to each phase; host time to the first task of the last core |
//! | 48 cores, started by core 0 | the same cycles; when the last core is up |
//! | core 0 alone, `measure=kernel` | wakes, yields, tasks, timers, records, memory: lines of the kernel's `measure` |
//!
//! The third run takes the image with feature `trials`, which the measuring code is in. Sizes are those of the image
//! without, from its ELF file. Only the host time differs from machine to machine.

mod report;

pub(super) use report::RECORD_BUDGET;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use scc_image::{KernelFile, name_table};
use serde_json::Value;

use self::report::Record;
use crate::bench::{BenchError, RECORD, budget, commit, host, write_record};
use crate::boot::Platform;
use crate::cli::KernelBenchOptions;
use crate::figures::{Cycles, SETTING, cycles_in, word_of};
use crate::process;
use crate::program;
use crate::workspace::Workspace;

/// How the runs are told apart, and what each is started with behind kernel and image.
const BY_HOST: (&str, &[&str]) = ("by-host", &["--until", "first-task"]);
const BY_CORE_0: (&str, &[&str]) = ("by-core-0", &["--until", "first-task", "--boot-from", "core0"]);
const ALONE: (&str, &[&str]) = ("alone", &["--cores", "0", "--command-line", "measure=kernel"]);

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq)]
struct Figures {
    by_host: Boot,
    by_core_0: Boot,
    /// Times by name.
    cycles: BTreeMap<String, Cycles>,
    /// Amounts of memory by name, of one core, as the kernel counts them.
    bytes: BTreeMap<String, u64>,
    size: Size,
    /// Host time of the boot by the host, from the start of the program to its end.
    host_time: Duration,
}

/// Way of 48 cores to their first task.
#[derive(Clone, Debug, Default, PartialEq)]
struct Boot {
    phases: Vec<Phase>,
    /// Emulated microseconds until all cores were up.
    all_up_us: f64,
}

/// Cycles from reset to the end of a phase, over all cores.
#[derive(Clone, Debug, Default, PartialEq)]
struct Phase {
    name: String,
    cores: u64,
    least: u64,
    median: u64,
    most: u64,
}

/// Bytes of the kernel's file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Size {
    /// Code, constants and initialised variables.
    loaded: u64,
    /// The same with variables that start as zero, stacks and tables.
    in_memory: u64,
    /// Names of functions, for backtraces.
    names: u64,
    /// Code of crate `executor`, without the tasks: their futures are compiled into the function that polls them.
    executor: u64,
}

/// Measures, prints the report and records it if asked to.
pub(crate) fn kernel(workspace: &Workspace, options: &KernelBenchOptions) -> Result<(), BenchError> {
    println!("bench: building scc-boot and the kernel");
    let board = program::build(workspace, "scc-boot", None)?;
    let kernel = program::kernel(workspace, Platform::Scc, "")?;
    let trials = program::kernel(workspace, Platform::Scc, "measure=kernel")?;
    let folder = workspace.scratch().join("bench").join("kernel");
    std::fs::create_dir_all(&folder).map_err(|source| BenchError::File { path: folder.clone(), source })?;
    let run = |kernel: &Path, (name, words): (&str, &[&str])| {
        println!("bench: scc-boot {} {}", SETTING.join(" "), words.join(" "));
        let json = folder.join(format!("{name}.json"));
        let mut command = Command::new(&board);
        command.arg(kernel).arg("--image").arg(folder.join("image")).args(SETTING).args(words);
        command.arg("--json").arg(&json);
        process::output(&mut command).map(|text| (text, json))
    };
    let started = Instant::now();
    let (_, by_host) = run(&kernel, BY_HOST)?;
    let host_time = started.elapsed();
    let (_, by_core_0) = run(&kernel, BY_CORE_0)?;
    let (alone, _) = run(&trials, ALONE)?;
    let (cycles, bytes) = measured(&alone)?;
    let figures = Figures {
        by_host: boot(&by_host)?,
        by_core_0: boot(&by_core_0)?,
        cycles,
        bytes,
        size: size(&kernel)?,
        host_time,
    };
    let record = Record { figures: &figures, commit: commit(workspace), host: host() };
    println!("\n{}", record.markdown());
    if options.record {
        write_record(workspace, "kernel.md", &record.markdown())?;
        write_record(workspace, "kernel.json", &format!("{:#}\n", record.json()))?;
        println!("bench: written to {RECORD}");
    }
    budget::judge(&report::budgets(&figures))
}

/// Reads the boot of 48 cores from what `scc-boot --json` wrote.
fn boot(path: &Path) -> Result<Boot, BenchError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| BenchError::File { path: path.to_path_buf(), source })?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|source| BenchError::Statistics { path: path.to_path_buf(), source })?;
    boot_in(&value).ok_or(BenchError::NoCounts { reason: "scc-boot tells no times of 48 cores" })
}

fn boot_in(value: &Value) -> Option<Boot> {
    let phase = |phase: &Value| {
        let number = |key: &str| phase.get(key)?.as_u64();
        Some(Phase {
            name: phase.get("phase")?.as_str()?.to_owned(),
            cores: number("cores")?,
            least: number("min_cycles")?,
            median: number("median_cycles")?,
            most: number("max_cycles")?,
        })
    };
    let phases = value.get("phases")?.as_array()?.iter().map(phase).collect::<Option<Vec<_>>>()?;
    let complete = phases.iter().all(|phase| phase.cores == 48) && !phases.is_empty();
    complete.then_some(Boot { phases, all_up_us: value.get("all_up_us")?.as_f64()? })
}

/// Times and amounts of memory by name.
type Measured = (BTreeMap<String, Cycles>, BTreeMap<String, u64>);

/// Reads the lines that the kernel's `measure` prints: `measure: name=yield cold=1 median=2 most=3 count=64` and
/// `measure: name=heap bytes=1`.
fn measured(output: &str) -> Result<Measured, BenchError> {
    let cycles = cycles_in(output);
    let amount = |line: &str| {
        let (_, figure) = line.split_once(" measure: ")?;
        Some((word_of(figure, "name")?.to_owned(), word_of(figure, "bytes")?.parse().ok()?))
    };
    let bytes: BTreeMap<_, _> = output.lines().filter_map(amount).collect();
    if cycles.is_empty() || bytes.is_empty() {
        return Err(BenchError::NoCounts { reason: "the kernel printed no figures" });
    }
    Ok((cycles, bytes))
}

fn size(kernel: &PathBuf) -> Result<Size, BenchError> {
    let bytes = std::fs::read(kernel).map_err(|source| BenchError::File { path: kernel.clone(), source })?;
    let file = KernelFile::parse(&bytes).map_err(|error| BenchError::Elf { path: kernel.clone(), error })?;
    Ok(Size {
        loaded: file.segments.iter().map(|segment| length(&segment.bytes)).sum(),
        in_memory: file.segments.iter().map(|segment| u64::from(segment.memory_bytes)).sum(),
        names: length(&name_table(&file.functions)),
        executor: file
            .functions
            .iter()
            .filter(|function| is_of_executor(&function.name))
            .map(|function| u64::from(function.size))
            .sum(),
    })
}

/// Whether a function is the executor's, and not a task's.
fn is_of_executor(name: &str) -> bool {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    let is_its = name.starts_with("executor::")
        || name.starts_with("<executor::")
        || name.contains(" as executor::platform::ErasedPlatform>");
    is_its && !name.starts_with("executor::task::stage::poll")
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_read_from_the_kernels_lines() {
        let output = "core 00 | [00 0.01] info boot: ready\n\
                      core 00 | [00 0.02] info measure: name=yield cold=9 median=5 most=7 count=64\n\
                      core 00 | [00 0.03] info measure: left out name=direct: other cores: not on this platform\n\
                      core 00 | [00 0.04] info measure: name=heap bytes=262144\n";
        let (cycles, bytes) = measured(output).expect("two figures");
        assert_eq!(cycles.len(), 1);
        assert_eq!(cycles["yield"], Cycles { cold: 9, median: 5, most: 7, count: 64 });
        assert_eq!(bytes["heap"], 262_144);
        assert!(measured("core 00 | [00 0.01] info boot: ready").is_err());
    }

    #[test]
    fn boot_counts_only_if_all_cores_came_through_every_phase() {
        let told = |cores: u64| {
            let phase = json!({ "phase": "heap", "cores": cores, "min_cycles": 1, "median_cycles": 2, "max_cycles": 3 });
            boot_in(&json!({ "phases": [phase], "all_up_us": 4.5 }))
        };
        let boot = told(48).expect("complete");
        assert_eq!((boot.phases[0].name.as_str(), boot.phases[0].median, boot.all_up_us), ("heap", 2, 4.5));
        assert_eq!(told(47), None);
    }
}
