//! Options of the soak, as the program `soak` and `cargo xtask soak` both take them.
//!
//! This file is compiled into both programs: xtask shows and checks the options before anything is built, and hands
//! them on.

use clap::Args;
use scc_image::CoreList;

/// Options of the soak.
#[derive(Args, Clone, Debug, PartialEq)]
pub(crate) struct SoakArguments {
    /// Cores that write to each other, for example 0,5,10-12 or all; at least two
    #[arg(long, default_value = "all", value_name = "CORES")]
    pub(crate) cores: CoreList,
    /// Letters from each core to each other one on each of two channels
    #[arg(long, default_value = "4", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) letters: u32,
    /// Messages of 1 byte to 1 MB from each core to each other one
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(crate) messages: u32,
    /// Number that chooses bursts, contents, losses, and which cores stop when
    #[arg(long, default_value = "1", value_name = "N")]
    pub(crate) seed: u32,
    /// Share of the requests to the interrupt controller that is lost
    #[arg(long, default_value = "5", value_name = "PERCENT", value_parser = percent)]
    pub(crate) lose_requests: f64,
    /// How often a core is stopped and started again
    #[arg(long, default_value = "6", value_name = "N")]
    pub(crate) restarts: u32,
}

fn percent(text: &str) -> Result<f64, &'static str> {
    let percent = text.parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or("expected a number from 0 to 100, for example 2.5")
}
