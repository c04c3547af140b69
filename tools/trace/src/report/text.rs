//! The report as text.

use std::fmt::{self, Write};

use super::dealings::{CallFigures, LeaseFigures};
use super::figures::Figures;
use super::guests::ExitFigures;
use super::spread::Spread;

/// The report on a trace. Times are cycles of the cores.
pub fn text(figures: &Figures) -> String {
    let mut out = String::new();
    for part in [head, tasks, cores, exits, calls, leases, missing] {
        part(figures, &mut out).expect("strings take any text");
    }
    out
}

fn head(figures: &Figures, out: &mut String) -> fmt::Result {
    let records: u64 = figures.cores.iter().map(|core| core.records).sum();
    let microseconds = figures.nanoseconds / 1_000;
    writeln!(
        out,
        "{} cores, {records} records, {}.{:03} ms",
        figures.cores.len(),
        microseconds / 1_000,
        microseconds % 1_000
    )?;
    writeln!(out, "kernel's words: {}", figures.command_line)?;
    match &figures.outcome {
        Some(outcome) => writeln!(out, "ended: {outcome}")?,
        None => writeln!(out, "ended: the recorder was cut off")?,
    }
    if let Some(damage) = &figures.damage {
        writeln!(out, "DAMAGED: {damage}")?;
    }
    Ok(())
}

fn tasks(figures: &Figures, out: &mut String) -> fmt::Result {
    writeln!(out, "\nTasks, in cycles: median / 99 of 100 / most")?;
    writeln!(
        out,
        "{:>4}  {:<22} {:>9} {:>7}  {:>24}  {:>24}  {:>24}",
        "core", "task", "polls", "share", "wake to poll", "of it in the queue", "poll"
    )?;
    for task in &figures.tasks {
        writeln!(
            out,
            "{:>4}  {:<22} {:>9} {:>6}%  {:>24}  {:>24}  {:>24}",
            task.core,
            task.name,
            task.polls,
            percent(task.permille),
            three(task.wake_to_poll),
            three(task.queued),
            three(task.poll)
        )?;
    }
    Ok(())
}

fn cores(figures: &Figures, out: &mut String) -> fmt::Result {
    writeln!(out, "\nCores, shares of their cycles")?;
    writeln!(
        out,
        "{:>4} {:>13} {:>7} {:>7} {:>7} {:>9} {:>7} {:>9} {:>10} {:>9} {:>9}",
        "core",
        "cycles",
        "boot",
        "polls",
        "irq",
        "executor",
        "idle",
        "records",
        "interrupts",
        "letters>",
        ">letters"
    )?;
    for core in &figures.cores {
        let share = |cycles| share(cycles, core.elapsed);
        let interrupts: u64 = core.interrupts_by_vector.values().sum();
        writeln!(
            out,
            "{:>4} {:>13} {:>7} {:>7} {:>7} {:>9} {:>7} {:>9} {:>10} {:>9} {:>9}",
            core.core,
            core.elapsed,
            share(core.boot),
            share(core.polls),
            share(core.interrupts),
            share(core.executor),
            share(core.idle),
            core.records,
            interrupts,
            core.letters_written,
            core.letters_read
        )?;
    }
    Ok(())
}

fn exits(figures: &Figures, out: &mut String) -> fmt::Result {
    if figures.exits.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWays out of guests, in cycles: median / 99 of 100 / most")?;
    writeln!(
        out,
        "{:>4}  {:<28} {:>9}  {:>24}  {:>24}",
        "core", "reason", "times", "ran before", "served until back"
    )?;
    for ExitFigures { core, reason, count, run, served } in &figures.exits {
        writeln!(out, "{core:>4}  {reason:<28} {count:>9}  {:>24}  {:>24}", three(*run), three(*served))?;
    }
    for core in figures.cores.iter().filter(|core| core.guests > 0) {
        let share = share(core.guests, core.elapsed);
        writeln!(out, "core {}: {} cycles in guests, {share}", core.core, core.guests)?;
    }
    Ok(())
}

fn calls(figures: &Figures, out: &mut String) -> fmt::Result {
    if figures.calls.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nCalls, in cycles: median / 99 of 100 / most")?;
    writeln!(
        out,
        "{:>4}  {:<6} {:>9} {:>9} {:>9}  {:>24}",
        "core", "", "procedure", "begun", "ended", "lasted"
    )?;
    for CallFigures { core, end, procedure, begun, cycles } in &figures.calls {
        let ended = cycles.map_or(0, |cycles| cycles.count);
        let name = end.name();
        writeln!(out, "{core:>4}  {name:<6} {procedure:>9} {begun:>9} {ended:>9}  {:>24}", three(*cycles))?;
    }
    Ok(())
}

fn leases(figures: &Figures, out: &mut String) -> fmt::Result {
    if figures.leases.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nMemory that cores lend each other, in cycles: median / 99 of 100 / most")?;
    writeln!(
        out,
        "{:>4}  {:<8} {:>9} {:>9} {:>12}  {:>24}",
        "core", "", "begun", "ended", "bytes", "lasted"
    )?;
    for LeaseFigures { core, end, begun, bytes, cycles } in &figures.leases {
        let ended = cycles.map_or(0, |cycles| cycles.count);
        let name = end.name();
        writeln!(out, "{core:>4}  {name:<8} {begun:>9} {ended:>9} {bytes:>12}  {:>24}", three(*cycles))?;
    }
    Ok(())
}

fn missing(figures: &Figures, out: &mut String) -> fmt::Result {
    let incomplete: Vec<_> =
        figures.cores.iter().filter(|core| core.lost_records + core.unknown_records > 0).collect();
    if incomplete.is_empty() {
        writeln!(out, "\nNo record is missing.")?;
    } else {
        writeln!(out, "\nMissing records: what is counted above lacks them")?;
    }
    for core in incomplete {
        writeln!(
            out,
            "  core {}: {} overwritten before they were read, {} of unknown kinds; {} cycles are unaccounted for",
            core.core, core.lost_records, core.unknown_records, core.unknown
        )?;
    }
    if let Some(worst) = figures.cores.iter().filter_map(|core| core.clock_error_nanoseconds).max() {
        writeln!(
            out,
            "Kernels' own readings of the chip's clock are at most {worst} ns off this trace's time."
        )?;
    }
    Ok(())
}

fn share(cycles: u64, of: u64) -> String {
    let permille = u128::from(cycles) * 1_000 / u128::from(of.max(1));
    format!("{}%", percent(u64::try_from(permille).unwrap_or(u64::MAX)))
}

fn percent(permille: u64) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

fn three(spread: Option<Spread>) -> String {
    spread
        .map_or_else(|| "-".to_owned(), |spread| format!("{} / {} / {}", spread.p50, spread.p99, spread.most))
}
