//! `scc-trace`, the command line: what a trace file holds, as text, for other viewers, as a page.
//!
//! Exit status: 0 done, 1 failure of this program or its host, 2 wrong input.
#![forbid(unsafe_code)]

mod arguments;
mod commands;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    match commands::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scc-trace: {error}");
            ExitCode::from(error.status())
        }
    }
}
