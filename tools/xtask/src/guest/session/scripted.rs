//! A session below the hypervisor: the commands are a script in a second archive of first files, which Linux unpacks over
//! the first one. The kernel's word `run=` has `/init` start it and power off afterwards; all that the guest prints stands
//! in the lines of the kernel's console.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use guest_terminal::{Answer, MARK, Script};

use super::super::places::Places;
use super::super::{CONSOLE_WORDS, MEGABYTES, SCRATCH_MEGABYTES, Variant, archive, device_words};
use super::{Budget, SessionError};
use crate::boot::Platform;

/// Where the script is in the guest.
pub(super) const PLACE: &str = "session";
/// What the script prints first.
const BEGIN: &str = "session-begin";
/// The guest's name: that of its file.
const NAME: &str = "vmlinux";
/// Seconds of host time after which the emulator gives up.
const PATIENCE: &str = "280";
/// Emulated milliseconds from the core's reset to the script's first line.
const BOOT_FIGURE: &str = "boot-milliseconds";

/// Boots, and compares the answers; on the emulator also the figures with their budgets.
pub(super) fn run(
    places: &Places,
    script: &Script,
    budgets: &[Budget],
    platform: Platform,
) -> Result<(), SessionError> {
    let seen = boot(places, &text(script), platform)?;
    let text = guest_text(&seen);
    let answers = answers(&text);
    if answers.len() != script.command.len() {
        let (found, wanted) = (answers.len(), script.command.len());
        return Err(SessionError::Unanswered { found, wanted, seen: text });
    }
    for (step, answer) in script.command.iter().zip(&answers) {
        answer.compare(step)?;
        println!("session: ok: {}", step.run);
    }
    let figures = printed(&seen);
    for (name, value) in &figures {
        println!("session: {name} {value}");
    }
    match platform {
        Platform::Scc => judge(budgets, &figures),
        // Its host's speed decides how many ticks of the timer fall into what is measured.
        Platform::Pc => Ok(()),
    }
}

/// Boots on the emulator and has the guest measure; returns what stood on the console.
pub(in super::super) fn measured(places: &Places) -> Result<String, SessionError> {
    let text = format!("{}figures\nfigures switches\n", beginning());
    boot(places, &text, Platform::Scc)
}

/// Boots the kernel with the guest and a script, and returns what stood on the console.
fn boot(places: &Places, script: &str, platform: Platform) -> Result<String, SessionError> {
    let files = files_with(places, "session.cpio", script)?;
    let mut command = Command::new(std::env::current_exe().map_err(SessionError::Boot)?);
    command.args(["boot", "--plain"]);
    command.args(["--guest-memory", &MEGABYTES.to_string()]);
    command.args(["--guest-scratch", &SCRATCH_MEGABYTES.to_string()]);
    match platform {
        Platform::Scc => command.args(["--cores", "0", "--wall", PATIENCE]),
        Platform::Pc => command.args(["--platform", "pc"]),
    };
    command.arg("--guest").arg(places.kernel(Variant::Guest).join(NAME));
    command.arg("--guest-files").arg(&files);
    let words = format!("{CONSOLE_WORDS} {} run=/{PLACE}", device_words());
    command.args(["--guest-command-line", &words]);
    let output = command.stderr(Stdio::inherit()).output().map_err(SessionError::Boot)?;
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    let powered_off = seen.contains(&format!("ended name={NAME} by itself reason=power-off"));
    if powered_off && output.status.success() {
        Ok(seen)
    } else {
        Err(SessionError::Broken { status: output.status, seen })
    }
}

/// The first files with a script in them, in a file of this name.
pub(super) fn files_with(places: &Places, name: &str, script: &str) -> Result<PathBuf, SessionError> {
    let files = places.user(name);
    let first = places.file_system();
    let mut bytes =
        std::fs::read(&first).map_err(|source| SessionError::File { path: first.clone(), source })?;
    archive::append_program(&mut bytes, PLACE, script.as_bytes());
    std::fs::write(&files, bytes).map_err(|source| SessionError::File { path: files.clone(), source })?;
    Ok(files)
}

/// What every script begins with: the figures of the boot.
fn beginning() -> String {
    format!("#!/bin/sh -l\nexec 2>&1\necho {BEGIN}\nsed 's/^/figure boot-/' /proc/scc\n")
}

/// The script: the commands, with the figures around them.
fn text(script: &Script) -> String {
    let mut text = format!("{}figures\necho {MARK}0:\n", beginning());
    for step in &script.command {
        text += &format!("{}\necho {MARK}$?:\n", step.run);
    }
    text + "sed 's/^/figure session-/' /proc/scc\n"
}

/// What the guest has printed, without what the kernel puts before its lines.
fn guest_text(seen: &str) -> String {
    let opening = format!("guest {NAME}:");
    let lines = seen.lines().filter_map(|line| line.split_once(&opening));
    lines.map(|(_, text)| text.strip_prefix(' ').unwrap_or(text).to_owned() + "\n").collect()
}

/// The answers between the marks.
fn answers(text: &str) -> Vec<Answer> {
    let mut parts = text.split(MARK).skip(1);
    let mut before = parts.next().and_then(after_status).map(|(_, rest)| rest);
    let mut answers = Vec::new();
    for part in parts {
        let (Some(answer), Some((status, rest))) = (before, after_status(part)) else { break };
        answers.push(Answer { text: answer.trim().to_owned(), status });
        before = Some(rest);
    }
    answers
}

/// The status behind a mark, and what follows its line.
fn after_status(part: &str) -> Option<(u8, &str)> {
    let (status, rest) = part.split_once(':')?;
    Some((status.parse().ok()?, rest))
}

/// Names and values: those that the guest has printed, and when it began.
pub(crate) fn printed(seen: &str) -> Vec<(String, f64)> {
    let text = guest_text(seen);
    let printed = text.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("figure ")?.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    let begin = seen.lines().find(|line| line.ends_with(BEGIN)).and_then(seconds);
    let boot = begin.map(|seconds| (BOOT_FIGURE.to_owned(), (1_000.0 * seconds).round()));
    boot.into_iter().chain(printed).collect()
}

/// The time of a line of the kernel's console, `[00 0.438156]`: core and seconds.
fn seconds(line: &str) -> Option<f64> {
    let (stamp, _) = line.split_once('[')?.1.split_once(']')?;
    stamp.split_whitespace().last()?.parse().ok()
}

/// Compares figures with their budgets. One that is missing has none kept.
fn judge(budgets: &[Budget], figures: &[(String, f64)]) -> Result<(), SessionError> {
    let line = |budget: &Budget| {
        let Budget { figure, most } = budget;
        match figures.iter().find(|(name, _)| name == figure) {
            Some((_, value)) if value <= most => None,
            Some((_, value)) => Some(format!("{figure}: at most {most}, found {value}")),
            None => Some(format!("{figure}: at most {most}, but the guest did not print it")),
        }
    };
    let lines: Vec<_> = budgets.iter().filter_map(line).collect();
    if lines.is_empty() { Ok(()) } else { Err(SessionError::Budget { lines: lines.join("\n  ") }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = "\
core 00 | [00 0.100000] info guest: started name=vmlinux memory=32768K
core 00 | [00 0.438156] guest vmlinux: session-begin
core 00 | [00 0.438157] guest vmlinux: figure boot-exits 4711
core 00 | [00 0.438158] guest vmlinux: session-status:0:
core 00 | [00 0.438159] guest vmlinux: 42
core 00 | [00 0.438160] guest vmlinux: session-status:0:
core 00 | [00 0.438161] guest vmlinux:
core 00 | [00 0.438162] guest vmlinux: session-status:139:
core 00 | [00 0.438163] guest vmlinux: figure pipe 2.05
";

    #[test]
    fn answers_stand_between_marks_and_figures_anywhere() {
        let answer = |text: &str, status| Answer { text: text.into(), status };
        assert_eq!(answers(&guest_text(SEEN)), [answer("42", 0), answer("", 139)]);
        let figure = |name: &str, value| (name.to_owned(), value);
        assert_eq!(
            printed(SEEN),
            [figure("boot-milliseconds", 438.0), figure("boot-exits", 4711.0), figure("pipe", 2.05)]
        );
    }

    #[test]
    fn budgets_are_missed_above_them_and_without_a_figure() {
        let budget = |figure: &str, most| Budget { figure: figure.into(), most };
        let figures = [("a".to_owned(), 2.0)];
        assert!(judge(&[budget("a", 2.0)], &figures).is_ok());
        let error = judge(&[budget("a", 1.9), budget("b", 1.0)], &figures).expect_err("both are missed");
        let text = error.to_string();
        assert!(text.contains("a: at most 1.9, found 2") && text.contains("b: at most 1, but"), "{text}");
    }

    #[test]
    fn every_command_of_the_script_has_its_mark() {
        let script: Script = toml::from_str("[[command]]\nrun = \"true\"\n[[command]]\nrun = \"false\"\n")
            .expect("well formed");
        assert_eq!(text(&script).matches(MARK).count(), 3);
    }
}
