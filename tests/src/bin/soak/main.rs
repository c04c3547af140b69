//! `soak`: all cores write to each other by mail while doorbells are lost and cores stop and start again.
//!
//! Prints the seed, what it does, and the counts. Exit status: 0 nothing was lost, doubled, reordered or left unsaid;
//! 1 something was, or a core got stuck: the consoles are in the folder that is named then; 2 wrong options.
#![forbid(unsafe_code)]

mod arguments;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use boot_tests::kernel::soak::{self, Counts, Plan, Summary};
use clap::Parser;
use scc::timing::Time;
use scc_emu::chip::loss::Share;

use crate::arguments::SoakArguments;

/// Emulated time that the kernels may take.
const PATIENCE: Time = Time::from_microseconds(60_000_000);

/// All cores write to each other while doorbells are lost and cores stop and start again.
#[derive(Debug, Parser)]
#[command(name = "soak", version)]
struct Arguments {
    /// Folder for the consoles of a soak that was not passed
    #[arg(long, value_name = "DIR", default_value = "target/soak")]
    folder: PathBuf,
    /// What is done
    #[command(flatten)]
    soak: SoakArguments,
}

fn main() -> ExitCode {
    let Arguments { folder, soak } = Arguments::parse();
    let cores: Vec<_> = soak.cores.iter().collect();
    if cores.len() < 2 {
        eprintln!("soak: one core has nobody to write to; --cores wants two or more");
        return ExitCode::from(2);
    }
    let plan = Plan {
        cores,
        counts: Counts { letters: soak.letters, messages: soak.messages },
        seed: soak.seed,
        lost_requests: Share::try_from(soak.lose_requests).expect("the options take 0 to 100 percent only"),
        restarts: soak.restarts,
        patience: PATIENCE,
    };
    println!(
        "soak: seed {}, {} cores, {} letters on each of two channels and {} messages each to each, {} % of requests lost, \
         {} restarts",
        plan.seed,
        plan.cores.len(),
        plan.counts.letters,
        plan.counts.messages,
        plan.lost_requests,
        plan.restarts
    );
    let began = Instant::now();
    match soak::run(&plan, |line| println!("soak: {line}")) {
        Ok(summary) => {
            report(&summary, began);
            ExitCode::SUCCESS
        }
        Err((error, board)) => {
            eprintln!("soak: seed {}: {error}", plan.seed);
            match board.write_texts(&folder, &plan.cores) {
                Ok(()) => eprintln!("soak: the consoles are in {}", folder.display()),
                Err(error) => eprintln!("soak: cannot write the consoles to {}: {error}", folder.display()),
            }
            ExitCode::FAILURE
        }
    }
}

fn report(summary: &Summary, began: Instant) {
    println!(
        "soak: passed: {} letters and messages sent and {} received by the last lives, {} failed, {} of them missing, {} flows \
         joined in the middle",
        summary.sent, summary.received, summary.failed, summary.missing, summary.joined
    );
    println!(
        "soak: {} interrupt requests lost, {} doorbells rung again; {} emulated, {} instructions, {:.1} s",
        summary.lost_requests,
        summary.rung_again,
        soak::in_milliseconds(summary.emulated),
        summary.instructions,
        began.elapsed().as_secs_f64()
    );
}
