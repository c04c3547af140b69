//! Options of the storm of guests, as the program `guest-storm` and `cargo xtask guest storm` both take them.
//!
//! This file is compiled into both programs: xtask shows and checks the options before anything is built, and hands
//! them on.

use std::path::PathBuf;

use clap::Args;

/// Options of the storm.
#[derive(Args, Clone, Debug, PartialEq)]
pub(crate) struct StormArguments {
    /// Emulated time
    #[arg(long, default_value = "10", value_name = "N", value_parser = positive)]
    pub(crate) minutes: f64,
    /// Guests that are never stopped, on the lowest cores; one more is stopped and started
    #[arg(long, default_value = "8", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=47))]
    pub(crate) guests: u8,
    /// Emulated seconds between two stops, on the average
    #[arg(long, default_value = "1", value_name = "SECONDS", value_parser = positive)]
    pub(crate) stop_every: f64,
    /// Small rounds, and an end as soon as each guest has come to the end of one and the last one, stopped and started
    /// then, to that of another; the emulated time is the most that this may take
    #[arg(long, conflicts_with_all = ["stop_every", "seed"])]
    pub(crate) short: bool,
    /// Number that chooses when the guest is stopped
    #[arg(long, default_value = "1", value_name = "N")]
    pub(crate) seed: u64,
    /// Divider of the tiles' clock, which is 1600 MHz / (N + 1), from 1 to 15: with 15, that is 100 MHz, an emulated minute is a
    /// quarter of the work, and guests do less in it
    #[arg(long, default_value = "2", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=15))]
    pub(crate) tile_divider: u8,
    /// End after this much host time, and judge what there is
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    pub(crate) wall: Option<f64>,
    /// Write all figures to FILE as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, &'static str> {
    let number: f64 = text.parse().map_err(|_| "expected a number, for example 2.5")?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("expected more than 0") }
}
