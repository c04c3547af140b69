//! `guest-storm`: Linux on several cores, each pinging the next and comparing sums, while one of them is stopped and started.
//!
//! Shows how far it is, then what each guest has done. Exit status: 0 passed; 1 not passed, with the consoles in the folder
//! that is named then; 2 wrong input; 3 passed as far as it came when the limit of host time was reached.
#![forbid(unsafe_code)]

mod arguments;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use boot_tests::kernel::soak::in_milliseconds;
use boot_tests::kernel::storm::{self, Course, Plan, Progress, Summary};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use scc::id::CoreId;
use scc::timing::{GRID_MEGAHERTZ, Time};
use scc_image::GuestImage;

use crate::arguments::StormArguments;

/// Emulated time between two lines where there is no terminal.
const TELL_EVERY: u64 = 1_000;

/// Linux on several cores, each pinging the next and comparing sums, while one of them is stopped and started.
#[derive(Debug, Parser)]
#[command(name = "guest-storm", version)]
struct Arguments {
    /// Linux, as an ELF file
    #[arg(long, value_name = "FILE")]
    linux: PathBuf,
    /// Its first file system
    #[arg(long, value_name = "FILE")]
    files: PathBuf,
    /// Its command line
    #[arg(long, value_name = "TEXT")]
    command_line: String,
    /// Its memory in MB
    #[arg(long, value_name = "MB")]
    memory: u32,
    /// Its scratch disk in MB
    #[arg(long, value_name = "MB")]
    scratch: u32,
    /// Folder for the consoles of a storm that was not passed
    #[arg(long, value_name = "DIR", default_value = "target/guest-storm")]
    folder: PathBuf,
    /// What is done
    #[command(flatten)]
    storm: StormArguments,
}

impl Arguments {
    fn plan(&self) -> std::io::Result<Plan> {
        let mut guest = GuestImage::read(&self.linux, self.memory << 20)?;
        guest.name = "linux".to_owned();
        guest.files = std::fs::read(&self.files)?;
        guest.command_line.clone_from(&self.command_line);
        guest.room.scratch_bytes = self.scratch << 20;
        let cores = (0..=self.storm.guests).map(|number| CoreId::new(number).expect("at most 47"));
        Ok(Plan {
            cores: cores.collect(),
            guest,
            span: seconds(60.0 * self.storm.minutes),
            course: if self.storm.short {
                Course::Short
            } else {
                Course::Long { period: seconds(self.storm.stop_every), seed: self.storm.seed }
            },
            tile_divider: self.storm.tile_divider,
            wall: self.storm.wall.map(Duration::from_secs_f64),
        })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = match arguments.plan() {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!(
                "storm: cannot read {} or {}: {error}",
                arguments.linux.display(),
                arguments.files.display()
            );
            return ExitCode::from(2);
        }
    };
    let (guests, minutes) = (plan.cores.len(), arguments.storm.minutes);
    let megahertz = GRID_MEGAHERTZ / (u16::from(plan.tile_divider) + 1);
    match plan.course {
        Course::Long { seed, .. } => println!(
            "storm: seed {seed}, {guests} guests at {megahertz} MHz, the last of which is stopped every {} s or so; {minutes} min emulated",
            arguments.storm.stop_every
        ),
        Course::Short => {
            println!(
                "storm: {guests} guests at {megahertz} MHz, the last of which is stopped once; at most {minutes} min emulated"
            );
        }
    }
    let bar = bar(&plan);
    let mut told = 0;
    match storm::run(&plan, |progress| told = show(&bar, progress, told)) {
        Ok(summary) => {
            bar.finish_and_clear();
            report(&summary);
            if let Some(file) = &arguments.storm.json
                && let Err(error) = std::fs::write(file, json(&plan, &summary))
            {
                eprintln!("storm: cannot write {}: {error}", file.display());
                return ExitCode::from(2);
            }
            ExitCode::from(if summary.is_cut_short { 3 } else { 0 })
        }
        Err((error, board)) => {
            bar.abandon();
            eprintln!("storm: {error}");
            match board.write_texts(&arguments.folder, &plan.cores) {
                Ok(()) => eprintln!("storm: the consoles are in {}", arguments.folder.display()),
                Err(error) => {
                    eprintln!("storm: cannot write the consoles to {}: {error}", arguments.folder.display());
                }
            }
            ExitCode::FAILURE
        }
    }
}

/// A bar in emulated milliseconds.
fn bar(plan: &Plan) -> ProgressBar {
    let bar = ProgressBar::new(milliseconds(plan.span));
    let style =
        ProgressStyle::with_template("storm {wide_bar} {percent} % {msg}, {elapsed} spent, {eta} left");
    bar.set_style(style.expect("the template is a constant with known keys"));
    bar
}

/// Shows how far it is; `told` is the emulated millisecond of the last line, and so is the answer.
fn show(bar: &ProgressBar, progress: &Progress, told: u64) -> u64 {
    let now = milliseconds(progress.emulated);
    bar.set_position(now);
    let (stops, rounds) = (progress.stops, progress.rounds);
    bar.set_message(format!("{stops} stops, {rounds} rounds"));
    if !bar.is_hidden() || now < told + TELL_EVERY {
        return told;
    }
    let (spent, left) = (bar.elapsed().as_secs(), bar.eta().as_secs());
    println!("storm: {now} ms emulated, {stops} stops, {rounds} rounds; {spent} s spent, {left} s left");
    now
}

fn report(summary: &Summary) {
    println!("{:<6} {:>7} {:>7} {:>9} {:>9} {:>7}", "core", "starts", "rounds", "pings", "answers", "frames");
    for (core, guest) in &summary.guests {
        println!(
            "{:<6} {:>7} {:>7} {:>9} {:>9} {:>7}",
            core.number(),
            guest.starts,
            guest.rounds,
            guest.sent,
            guest.received,
            guest.freed
        );
    }
    println!(
        "storm: passed: all sums right, no fault, {} stops, every frame back; {} emulated in {:.1} s, {} instructions{}",
        summary.stops,
        in_milliseconds(summary.emulated),
        summary.host.as_secs_f64(),
        summary.instructions,
        if summary.is_cut_short { "; cut short by --wall" } else { "" }
    );
}

fn json(plan: &Plan, summary: &Summary) -> String {
    let guest = |(core, guest): &(CoreId, storm::GuestRecord)| {
        serde_json::json!({
            "core": core.number(), "starts": guest.starts, "rounds": guest.rounds, "pings": guest.sent,
            "answers": guest.received, "frames": guest.freed,
        })
    };
    let text = serde_json::json!({
        "seed": match plan.course {
            Course::Long { seed, .. } => Some(seed),
            Course::Short => None,
        },
        "tile_divider": plan.tile_divider,
        "planned_ms": milliseconds(plan.span),
        "emulated_ms": milliseconds(summary.emulated),
        "host_seconds": summary.host.as_secs_f64(),
        "instructions": summary.instructions,
        "stops": summary.stops,
        "cut_short": summary.is_cut_short,
        "guests": summary.guests.iter().map(guest).collect::<Vec<_>>(),
    });
    format!("{text:#}\n")
}

fn seconds(seconds: f64) -> Time {
    Time::from_microseconds(
        u64::try_from(Duration::from_secs_f64(seconds).as_micros()).unwrap_or(u64::MAX / 2_000_000),
    )
}

const fn milliseconds(time: Time) -> u64 {
    time.as_picoseconds() / 1_000_000_000
}
