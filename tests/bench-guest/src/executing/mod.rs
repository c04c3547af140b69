//! The executor of this project and embassy's, running the same programs side by side.
//!
//! Prints a line for each program and executor, times in ticks of [`clock`]:
//!
//! ```text
//! executor PROGRAM SUBJECT median MEDIAN most MOST
//! ```
//!
//! On the chip a tick is a cycle; where the emulator charges one cycle per instruction it is an instruction. On a
//! host it is a nanosecond.

mod arena;
mod clock;
mod ours;
mod programs;
mod theirs;
mod timers;

use programs::{Subject, Times};

/// Measurements of a program of which the median and the largest count.
const SAMPLES: usize = 32;

/// Runs all programs `rounds` times, but at least once; returns the rounds.
pub(crate) fn run(rounds: u32) -> u32 {
    for _ in 0..rounds.max(1) {
        report("clock", "none", clock::cost());
        let ours = ours::Ours::claim();
        compare(&ours);
        compare(&theirs::Theirs::new());
        let (insert, fire, cancel) = timers::measure();
        report("timer-insert-10000", ours::NAME, insert);
        report("timer-fire-10000", ours::NAME, fire);
        report("timer-cancel-10000", ours::NAME, cancel);
    }
    rounds
}

/// Runs the programs that every executor can run.
fn compare<S: Subject>(subject: &S) {
    report("spawn", S::NAME, subject.spawn_and_end());
    report("wake-to-poll", S::NAME, programs::wake_to_poll(subject));
    report("100-yields-1", S::NAME, programs::yield_ring(subject, 1));
    report("100-yields-10", S::NAME, programs::yield_ring(subject, 10));
    report("100-yields-1000", S::NAME, programs::yield_ring(subject, 1_000));
    report("ping-pong", S::NAME, programs::ping_pong(subject));
}

fn report(program: &str, subject: &str, mut times: Times) {
    let (median, most) = times.median_and_most();
    crate::say(format_args!("executor {program} {subject} median {median} most {most}\n"));
}
