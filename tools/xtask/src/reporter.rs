//! What a verb of many steps shows while it runs and when it is done.
//!
//! On a terminal a quiet step shows a spinner with the last line of its program; elsewhere one line when a step
//! begins and one when it ends. Test runners are always shown in full, and their verdicts are kept.

use std::process::Command;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::process::{self, CommandError};
use crate::tests;

/// Times, notes and verdicts of the steps so far.
pub(crate) struct Reporter {
    verb: &'static str,
    total: usize,
    started: Instant,
    current: Option<Running>,
    finished: Vec<(&'static str, Duration)>,
    left_out: Vec<String>,
    verdicts: Vec<(&'static str, Vec<String>)>,
}

/// The step that is being run.
struct Running {
    name: &'static str,
    since: Instant,
    spinner: ProgressBar,
    notes: Vec<String>,
}

impl Reporter {
    /// A reporter for `total` steps of `verb`.
    pub(crate) fn new(verb: &'static str, total: usize) -> Self {
        Self {
            verb,
            total,
            started: Instant::now(),
            current: None,
            finished: Vec::new(),
            left_out: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// Announces the next step.
    pub(crate) fn begin(&mut self, name: &'static str) {
        let spinner = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{prefix} {spinner} {elapsed} {wide_msg:.dim}")
            .expect("the template is a constant with known keys");
        spinner.set_style(style);
        spinner.set_prefix(format!("{} {name}", self.position()));
        if spinner.is_hidden() {
            println!("{} {name} ...", self.position());
        } else {
            spinner.enable_steady_tick(Duration::from_millis(120));
        }
        self.current = Some(Running { name, since: Instant::now(), spinner, notes: Vec::new() });
    }

    /// Adds a remark to the line that ends the current step.
    pub(crate) fn note(&mut self, text: String) {
        if let Some(running) = &mut self.current {
            running.notes.push(text);
        }
    }

    /// Records something that this run does not check; it is repeated at the end.
    pub(crate) fn leave_out(&mut self, text: String) {
        self.note(text.clone());
        self.left_out.push(text);
    }

    /// Runs `command`; what it writes is shown only if it fails.
    pub(crate) fn quietly(&mut self, command: &mut Command) -> Result<(), CommandError> {
        let mut lines = Vec::new();
        let result = process::watch(command, |line| {
            if let Some(running) = &self.current {
                running.spinner.set_message(line.trim().to_owned());
            }
            lines.push(line.to_owned());
        });
        if result.is_err() {
            self.release_terminal();
            lines.iter().for_each(|line| println!("{line}"));
        }
        result
    }

    /// Runs `command`, a test runner; each line is shown as it comes, verdicts are kept for the end.
    pub(crate) fn aloud(&mut self, command: &mut Command) -> Result<(), CommandError> {
        self.release_terminal();
        let mut verdicts = Vec::new();
        let result = process::watch(command, |line| {
            println!("{line}");
            if tests::is_verdict(line) {
                verdicts.push(line.trim().to_owned());
            }
        });
        if let Some(running) = &self.current {
            self.verdicts.push((running.name, verdicts));
        }
        result
    }

    /// Ends the current step.
    pub(crate) fn succeed(&mut self) {
        self.end("ok");
    }

    /// Ends the current step and with it the run.
    pub(crate) fn fail(&mut self) {
        self.end("FAILED");
    }

    /// Prints times, what was left out and, last, the verdicts; the tests' own at the very end.
    pub(crate) fn summarise(&self) {
        println!("\n{}: passed in {:.1} s", self.verb, self.started.elapsed().as_secs_f64());
        for (name, time) in &self.finished {
            println!("  {:6.1} s  {name}", time.as_secs_f64());
        }
        for text in &self.left_out {
            println!("  left out: {text}");
        }
        for (name, lines) in self.verdicts.iter().rev() {
            println!("{name}:");
            lines.iter().for_each(|line| println!("  {line}"));
        }
    }

    fn end(&mut self, verdict: &str) {
        self.release_terminal();
        let Some(running) = self.current.take() else { return };
        let time = running.since.elapsed();
        self.finished.push((running.name, time));
        println!(
            "[{}/{}] {}: {verdict}, {:.1} s",
            self.finished.len(),
            self.total,
            running.name,
            time.as_secs_f64()
        );
        running.notes.iter().for_each(|note| println!("      {note}"));
    }

    /// Leaves the terminal to others: takes the spinner away.
    pub(crate) fn release_terminal(&self) {
        if let Some(running) = &self.current {
            running.spinner.finish_and_clear();
        }
    }

    fn position(&self) -> String {
        format!("[{}/{}]", self.finished.len() + 1, self.total)
    }
}

#[cfg(test)]
mod behaviour {
    use super::*;

    #[test]
    fn verdicts_of_a_runner_are_kept_and_other_lines_are_not() {
        let mut reporter = Reporter::new("ci", 1);
        reporter.begin("tests");
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo '     Summary [ 1s] 2 tests run: 2 passed'"]);
        reporter.aloud(&mut command).expect("sh succeeds");
        reporter.succeed();
        assert_eq!(reporter.verdicts, [("tests", vec!["Summary [ 1s] 2 tests run: 2 passed".to_owned()])]);
    }

    #[test]
    fn steps_are_counted_and_timed_in_order() {
        let mut reporter = Reporter::new("ci", 2);
        for name in ["first", "second"] {
            reporter.begin(name);
            reporter.succeed();
        }
        let names: Vec<_> = reporter.finished.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["first", "second"]);
    }

    #[test]
    fn what_is_left_out_is_remembered() {
        let mut reporter = Reporter::new("ci", 1);
        reporter.begin("setup");
        reporter.leave_out("no judge".to_owned());
        reporter.succeed();
        assert_eq!(reporter.left_out, ["no judge"]);
    }
}
