//! The report: tables and verdicts as Markdown, which also reads well on a terminal, and all figures as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::bench::Outcome;
use crate::bench::guest::Unit;
use crate::bench::machine::Machine;
use crate::bench::measure::Row;
use crate::bench::verdict::{self, geometric_mean, mebibytes};

/// Pairs of machines whose ratio is shown.
const RATIOS: [(Machine, Machine, &str); 3] = [
    (Machine::FastFlat, Machine::Bochs, "fast/Bochs"),
    (Machine::FastFlat, Machine::Qemu, "fast/QEMU"),
    (Machine::StrictScc, Machine::Bochs, "strict/Bochs"),
];

/// Tables and verdicts.
pub(super) fn markdown(outcome: &Outcome) -> String {
    let mut text = String::new();
    if !outcome.rows.is_empty() {
        text.push_str(&speeds(&outcome.rows));
    }
    if let Some(board) = &outcome.board {
        let lines = [
            format!("48 cores busy, integer loop: {:.0} MIPS together", board.integer_rate),
            format!("48 cores busy, mixed code: {:.0} MIPS together", board.mixed_rate),
            format!(
                "47 halted cores cost a busy one {:.1} % more processor time",
                board.halted_share * 100.0
            ),
            format!(
                "48 cores that wake every millisecond: {:.2} s of processor time per emulated second",
                board.ticking_seconds
            ),
            format!("start to end of a guest that halts at once: {:.0} ms", board.start.as_secs_f64() * 1e3),
            format!("peak memory of 48 idle cores: {:.1} MiB", mebibytes(board.idle_bytes)),
        ];
        text.push_str("\nThe board, fast/flat:\n\n");
        lines.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    }
    if !outcome.failures.is_empty() {
        text.push_str("\nNot measured:\n\n");
        outcome.failures.iter().for_each(|failure| text.push_str(&format!("- {failure}\n")));
    }
    text.push_str("\nDemands:\n\n");
    for verdict in verdict::judge(&outcome.rows, outcome.board.as_ref()) {
        text.push_str(&format!("- {verdict}\n"));
    }
    text
}

/// The table of speeds and ratios.
fn speeds(rows: &[Row]) -> String {
    let mut header = vec!["guest program".to_owned(), "unit".to_owned()];
    header.extend(Machine::ALL.map(|machine| machine.name().to_owned()));
    header.extend(RATIOS.map(|(_, _, name)| name.to_owned()));
    let mut lines = vec![header];
    for row in rows {
        let mut line = vec![row.guest.title.to_owned(), row.guest.unit.label().to_owned()];
        line.extend(Machine::ALL.map(|machine| figure(row.rate(machine))));
        line.extend(RATIOS.map(|(machine, other, _)| figure(row.ratio(machine, other))));
        lines.push(line);
    }
    // String moves run in bulk, so that their ratios say little about the rest.
    let bulk = |row: &&Row| matches!(row.guest.unit, Unit::Words(_));
    lines.push(means("geometric mean of the ratios", rows.iter()));
    if rows.iter().any(|row| bulk(&row)) {
        lines.push(means("the same without string moves", rows.iter().filter(|row| !bulk(row))));
    }
    table(&lines)
}

/// A line of geometric means.
fn means<'a>(title: &str, rows: impl Iterator<Item = &'a Row> + Clone) -> Vec<String> {
    let mut line = vec![String::new(); 2 + Machine::ALL.len()];
    title.clone_into(&mut line[0]);
    line.extend(RATIOS.map(|(machine, other, _)| figure(geometric_mean(rows.clone(), machine, other))));
    line
}

/// Three digits or so; `-` where nothing was measured.
fn figure(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// Lays out lines of cells, the first of which is the header; columns from the third on are figures.
fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let padded = if column < 2 { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") };
            text.push_str(&padded);
        }
        text.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let end = if column < 2 { '-' } else { ':' };
                write!(text, "|-{}{end}", "-".repeat(*width)).expect("writing to a string cannot fail");
            }
            text.push_str("|\n");
        }
    }
    text
}

/// Every figure.
pub(super) fn figures(outcome: &Outcome) -> Value {
    let guests: Vec<Value> = outcome.rows.iter().map(row).collect();
    let board = outcome.board.as_ref().map(|board| {
        json!({
            "start_seconds": board.start.as_secs_f64(),
            "idle_bytes": board.idle_bytes,
            "halted_share": board.halted_share,
            "ticking_seconds": board.ticking_seconds,
            "busy_integer_mips": board.integer_rate,
            "busy_mixed_mips": board.mixed_rate,
        })
    });
    let machines: Vec<Value> = outcome
        .versions
        .iter()
        .map(|(machine, version)| json!({ "name": machine.name(), "version": version }))
        .collect();
    let demands: Vec<Value> = verdict::judge(&outcome.rows, outcome.board.as_ref())
        .iter()
        .map(|verdict| json!({ "demand": verdict.demand, "found": verdict.found, "met": verdict.met }))
        .collect();
    json!({
        "host": outcome.host,
        "commit": outcome.commit,
        "machines": machines,
        "guests": guests,
        "board": board,
        "demands": demands,
    })
}

fn row(row: &Row) -> Value {
    let speeds: Vec<Value> = row
        .speeds
        .iter()
        .map(|(machine, speed)| {
            json!({
                "machine": machine.name(),
                "rounds": speed.rounds,
                "seconds": speed.seconds,
                "preparation_seconds": speed.preparation,
                "millions_per_second": speed.rate,
            })
        })
        .collect();
    json!({
        "name": row.guest.name,
        "unit": row.guest.unit.label(),
        "units_per_round": row.per_round,
        "checksum": format!("{:08x}", row.checksum),
        "speeds": speeds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_lines_up_and_marks_figures_as_right_aligned() {
        let lines = [["a", "unit", "x"], ["long", "u", "12.5"]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(table(&lines), "| a    | unit |    x |\n|------|------|-----:|\n| long | u    | 12.5 |\n");
    }

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!([Some(1234.5), Some(45.67), Some(0.456), None].map(figure), ["1234", "45.7", "0.46", "-"]);
    }
}
