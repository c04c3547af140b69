//! Samples as lines of text, the same on a screen and without one.

use std::cmp::Ordering;

use super::sample::{CoreSample, Sample, TaskSample};

/// Columns that the lines need.
pub(super) const WIDTH: u16 = 78;

/// What tasks and cores are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    /// Share of the core's cycles, largest first.
    #[default]
    Share,
    /// Longest wait, and longest queue.
    Wait,
    /// Polls, and letters.
    Rate,
    /// Core and name.
    Core,
}

impl Order {
    /// The next one.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Share => Self::Wait,
            Self::Wait => Self::Rate,
            Self::Rate => Self::Core,
            Self::Core => Self::Share,
        }
    }

    /// One word.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Wait => "wait",
            Self::Rate => "rate",
            Self::Core => "core",
        }
    }
}

/// Heading of [`cores`].
pub(super) const CORES: &str = "core state        busy queue  most      irq/s  letters/s     read/s     lost";

/// A line for each core.
pub(super) fn cores(sample: &Sample, order: Order) -> Vec<String> {
    let mut cores: Vec<_> = sample.cores.iter().collect();
    let rate = |core: &CoreSample| core.letters_written_per_second + core.letters_read_per_second;
    cores.sort_by(|a, b| {
        let larger_first = match order {
            Order::Share => b.busy.total_cmp(&a.busy),
            Order::Wait => b.longest_queue.cmp(&a.longest_queue),
            Order::Rate => rate(b).total_cmp(&rate(a)),
            Order::Core => Ordering::Equal,
        };
        larger_first.then(a.core.cmp(&b.core))
    });
    let line = |core: &&CoreSample| {
        format!(
            "{:>4} {:<10} {:>5.1}% {:>5} {:>5} {:>10.0} {:>10.0} {:>10.0} {:>8}",
            core.core,
            core.state,
            core.busy * 100.0,
            core.queue,
            core.longest_queue,
            core.interrupts_per_second,
            core.letters_written_per_second,
            core.letters_read_per_second,
            core.lost_records
        )
    };
    cores.iter().map(line).collect()
}

/// Heading of [`tasks`].
pub(super) const TASKS: &str =
    "core task             state   share   polls/s mean wait    longest  mean poll";

/// A line for each task.
pub(super) fn tasks(sample: &Sample, order: Order) -> Vec<String> {
    let mut tasks: Vec<_> = sample.tasks.iter().collect();
    tasks.sort_by(|a, b| {
        let larger_first = match order {
            Order::Share => b.share.total_cmp(&a.share),
            Order::Wait => b.longest_wait.cmp(&a.longest_wait),
            Order::Rate => b.polls_per_second.total_cmp(&a.polls_per_second),
            Order::Core => Ordering::Equal,
        };
        larger_first.then_with(|| (a.core, &a.task).cmp(&(b.core, &b.task)))
    });
    let cycles = |cycles: Option<u64>| cycles.map_or_else(|| "-".to_owned(), |cycles| cycles.to_string());
    let line = |task: &&TaskSample| {
        format!(
            "{:>4} {:<16} {:<6} {:>5.1}% {:>9.0} {:>9} {:>10} {:>10}",
            task.core,
            task.task,
            if task.is_ready { "ready" } else { "waits" },
            task.share * 100.0,
            task.polls_per_second,
            cycles(task.mean_wait),
            cycles(task.longest_wait),
            cycles(task.mean_poll)
        )
    };
    tasks.iter().map(line).collect()
}

/// What a sample is of.
pub(super) fn heading(sample: &Sample) -> String {
    let milliseconds = |microseconds: u64| format!("{}.{:03} ms", microseconds / 1_000, microseconds % 1_000);
    format!(
        "{} cores at {}, over the last {}; waits and polls in cycles",
        sample.cores.len(),
        milliseconds(sample.at_microseconds),
        milliseconds(sample.span_microseconds)
    )
}

/// All of it, for those without a screen.
pub(super) fn text(sample: &Sample) -> String {
    let mut lines = vec![heading(sample), String::new(), CORES.to_owned()];
    lines.extend(cores(sample, Order::Core));
    lines.extend([String::new(), TASKS.to_owned()]);
    lines.extend(tasks(sample, Order::Core));
    lines.join("\n") + "\n"
}

/// A sample with something of everything.
#[cfg(test)]
pub(super) fn example() -> Sample {
    let core = |core, busy, longest_queue, letters| CoreSample {
        core,
        state: "up",
        busy,
        queue: 0,
        longest_queue,
        interrupts_per_second: 40.0,
        letters_written_per_second: letters,
        letters_read_per_second: 0.0,
        lost_records: 0,
    };
    let task = |core, task: &str, share, polls, wait| TaskSample {
        core,
        task: task.to_owned(),
        is_ready: false,
        share,
        polls_per_second: polls,
        mean_wait: wait,
        longest_wait: wait.map(|wait| 2 * wait),
        mean_poll: Some(700),
    };
    Sample {
        at_microseconds: 200_000,
        span_microseconds: 100_000,
        cores: vec![core(0, 0.25, 1, 20.0), core(1, 0.5, 3, 10.0)],
        tasks: vec![
            task(1, "mail", 0.5, 90.0, Some(210)),
            task(0, "mail", 0.2, 30.0, Some(400)),
            task(0, "calls", 0.01, 0.0, None),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_words(lines: &[String]) -> Vec<String> {
        let words = |line: &String| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        lines.iter().map(words).collect()
    }

    #[test]
    fn lines_come_in_the_order_that_is_asked_for() {
        let sample = example();
        let of_tasks = |order| first_words(&tasks(&sample, order));
        assert_eq!(of_tasks(Order::Share), ["1 mail", "0 mail", "0 calls"]);
        assert_eq!(of_tasks(Order::Wait), ["0 mail", "1 mail", "0 calls"]);
        assert_eq!(of_tasks(Order::Rate), ["1 mail", "0 mail", "0 calls"]);
        assert_eq!(of_tasks(Order::Core), ["0 calls", "0 mail", "1 mail"]);
        let of_cores = |order| first_words(&cores(&sample, order));
        assert_eq!(of_cores(Order::Wait), ["1 up", "0 up"]);
        assert_eq!(of_cores(Order::Rate), ["0 up", "1 up"]);
    }

    #[test]
    fn headings_stand_above_their_columns() {
        let sample = example();
        assert_eq!(cores(&sample, Order::Core)[0].len(), CORES.len());
        assert_eq!(tasks(&sample, Order::Core)[0].len(), TASKS.len());
        assert!(CORES.len().max(TASKS.len()) <= usize::from(WIDTH));
        assert!(text(&sample).starts_with("2 cores at 200.000 ms, over the last 100.000 ms;"));
    }
}
