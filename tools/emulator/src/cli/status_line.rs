//! The line at the bottom of a terminal that shows how a long run gets on.
//!
//! It appears on standard error, only there is a terminal, and only after a second.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use scc::timing::Time;
use scc_emu::Machine;

/// How long a run must last before the line appears.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two updates.
const INTERVAL: Duration = Duration::from_millis(200);

/// The status line; invisible until there is a reason to show it.
pub(crate) struct StatusLine {
    bar: Option<ProgressBar>,
    wanted: bool,
    started: Instant,
    updated: Instant,
    instructions: u64,
}

impl StatusLine {
    /// Begins to count time.
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let wanted = std::io::stderr().is_terminal();
        Self { bar: None, wanted, started: now, updated: now, instructions: 0 }
    }

    /// Shows the state of the machine if it is time to.
    pub(crate) fn update(&mut self, machine: &Machine, now: Instant) {
        let passed = now - self.updated;
        if !self.wanted || now - self.started < PATIENCE || (self.bar.is_some() && passed < INTERVAL) {
            return;
        }
        let instructions = machine.instructions();
        let rate = rate(instructions.saturating_sub(self.instructions), passed);
        (self.updated, self.instructions) = (now, instructions);
        let busy = machine.busy_cores();
        let message = format!("{} emulated, {rate:.1} MIPS, {busy} busy", duration(machine.time()));
        self.bar.get_or_insert_with(bar).set_message(message);
    }

    /// Does something with the line out of the way.
    pub(crate) fn aside<T>(&self, action: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(action),
            None => action(),
        }
    }

    /// Removes the line for good.
    pub(crate) fn finish(&mut self) {
        self.wanted = false;
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is well-formed");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
    bar.enable_steady_tick(INTERVAL);
    bar
}

/// Millions of instructions per second.
pub(crate) fn rate(instructions: u64, time: Duration) -> f64 {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX).max(1);
    // A count beyond 2^32 millions does not come up in one run.
    let thousands = u32::try_from(instructions / 1000).unwrap_or(u32::MAX);
    let rest = u32::try_from(instructions % 1000).expect("below 1000");
    (f64::from(thousands) * 1000.0 + f64::from(rest)) / f64::from(micros)
}

/// Emulated time in a unit that suits it.
pub(crate) fn duration(time: Time) -> String {
    let picoseconds = time.as_picoseconds();
    let (unit, name) = match picoseconds {
        0..1_000_000 => (1_000, "ns"),
        1_000_000..1_000_000_000 => (1_000_000, "us"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "ms"),
        _ => (1_000_000_000_000, "s"),
    };
    format!("{}.{:03} {name}", picoseconds / unit, picoseconds % unit / (unit / 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_fitting_unit() {
        let text = |picoseconds| duration(Time::from_picoseconds(picoseconds));
        assert_eq!(text(0), "0.000 ns");
        assert_eq!(text(1_875), "1.875 ns");
        assert_eq!(text(12_345_678), "12.345 us");
        assert_eq!(text(1_000_000_000), "1.000 ms");
        assert_eq!(text(61_002_000_000_000), "61.002 s");
    }

    #[test]
    fn rates_are_instructions_per_microsecond() {
        assert!((rate(2_500, Duration::from_micros(100)) - 25.0).abs() < 1e-9);
        assert!(rate(0, Duration::ZERO) < 1e-9);
    }
}
