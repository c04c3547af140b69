//! `cargo run -- doctor`: what this machine has and lacks, by what a user may want to do, and how to get it.
//!
//! Looks only; `cargo xtask setup` installs. Without what booting needs the exit status is 1: everything else is judged by
//! somebody who wants it.

mod room;

use std::fmt;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use self::room::Room;
use crate::disk;
use crate::process;
use crate::setup::{self, Need, Purpose};
use crate::tests::Runner;
use crate::workspace::Workspace;

/// How the machine is looked at.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorOptions {
    /// Print the findings as JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// Everything that was looked at.
#[derive(Debug, Serialize)]
struct Report {
    parts: Vec<Part>,
}

/// Something a user may want to do.
#[derive(Debug, Serialize)]
struct Part {
    /// What it is.
    title: &'static str,
    /// The command that does it.
    command: &'static str,
    findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    state: State,
    /// What was looked at, and what was found.
    what: String,
    /// What to do; only if it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It may do.
    Note,
    Missing,
}

/// Looks, prints, and returns 1 if booting lacks something.
pub(crate) fn run(workspace: &Workspace, options: &DoctorOptions) -> ExitCode {
    let report = Report::of(workspace);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report).expect("texts and lists are JSON"));
    } else {
        print!("{report}");
    }
    ExitCode::from(report.status())
}

impl Report {
    fn of(workspace: &Workspace) -> Self {
        let room = Room::around(workspace);
        let boot = [toolchain(workspace)].into_iter().chain(needs(workspace, Purpose::Boot));
        let gate = [runner(workspace), room.disk_for(disk::GATE)].into_iter();
        Self {
            parts: vec![
                Part {
                    title: "boot the kernel on the emulated chip",
                    command: "cargo run",
                    findings: boot
                        .chain([room.disk_for(disk::BOOT), room.memory(), room.terminal()])
                        .collect(),
                },
                Part {
                    title: "boot it on a PC",
                    command: "cargo run -- boot --platform pc",
                    findings: needs(workspace, Purpose::Pc).collect(),
                },
                Part {
                    title: "the gate",
                    command: "cargo xtask ci",
                    findings: gate.chain(needs(workspace, Purpose::Ci)).collect(),
                },
                Part {
                    title: "the Linux guest",
                    command: "cargo xtask guest build",
                    findings: [room.disk_for(disk::GUEST)]
                        .into_iter()
                        .chain(needs(workspace, Purpose::Guest))
                        .collect(),
                },
            ],
        }
    }

    /// Exit status: booting is what everybody wants.
    fn status(&self) -> u8 {
        u8::from(self.parts.first().is_none_or(|boot| boot.lacks_something()))
    }
}

impl Part {
    fn lacks_something(&self) -> bool {
        self.findings.iter().any(|finding| finding.state == State::Missing)
    }
}

impl From<Need> for Finding {
    fn from(need: Need) -> Self {
        if need.is_met {
            return Self { state: State::Ok, what: need.name, remedy: None };
        }
        let what = format!("{}: no {}", need.name, need.used_for);
        Self { state: State::Missing, what, remedy: Some(need.remedy) }
    }
}

fn needs(workspace: &Workspace, purpose: Purpose) -> impl Iterator<Item = Finding> {
    setup::survey(workspace, purpose).into_iter().map(Finding::from)
}

/// The compiler is new enough, or this program would not run: cargo has looked at `rust-version`.
fn toolchain(workspace: &Workspace) -> Finding {
    let mut command = std::process::Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let version = process::output(command.current_dir(workspace.root()).arg("--version"));
    let what = match version {
        Ok(version) => format!("{}, {} or newer is needed", version.trim(), env!("CARGO_PKG_RUST_VERSION")),
        Err(error) => {
            let what = format!("Rust: {error}");
            return Finding { state: State::Missing, what, remedy: Some("rustup update stable".to_owned()) };
        }
    };
    Finding { state: State::Ok, what, remedy: None }
}

fn runner(workspace: &Workspace) -> Finding {
    let runner = Runner::installed(workspace);
    let what = runner.announcement().to_owned();
    match runner {
        Runner::Nextest => Finding { state: State::Ok, what, remedy: None },
        Runner::Cargo => {
            let remedy = Some("cargo install cargo-nextest --locked".to_owned());
            Finding { state: State::Note, what, remedy }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            writeln!(formatter, "{}: {}", part.title, part.command)?;
            for finding in &part.findings {
                let state = match finding.state {
                    State::Ok => "ok",
                    State::Note => "note",
                    State::Missing => "MISSING",
                };
                writeln!(formatter, "  {state:<8}{}", finding.what)?;
                if let Some(remedy) = &finding.remedy {
                    writeln!(formatter, "          {remedy}")?;
                }
            }
        }
        let lacking = self.parts.iter().filter(|part| part.lacks_something()).count();
        match lacking {
            0 => writeln!(formatter, "doctor: nothing is missing"),
            _ => writeln!(
                formatter,
                "doctor: something is missing for {lacking} of {}; `cargo xtask setup` installs what it can",
                self.parts.len()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(state: State, remedy: Option<&str>) -> Finding {
        Finding { state, what: "x".to_owned(), remedy: remedy.map(str::to_owned) }
    }

    fn report(boot: State, gate: State) -> Report {
        let part = |title, state| Part { title, command: "c", findings: vec![finding(state, Some("get x"))] };
        Report { parts: vec![part("boot", boot), part("gate", gate)] }
    }

    #[test]
    fn only_what_booting_lacks_is_a_failure() {
        assert_eq!(report(State::Ok, State::Missing).status(), 0);
        assert_eq!(report(State::Note, State::Ok).status(), 0);
        assert_eq!(report(State::Missing, State::Ok).status(), 1);
    }

    #[test]
    fn what_is_missing_comes_with_what_to_do() {
        let text = report(State::Ok, State::Missing).to_string();
        assert!(text.contains("gate: c\n  MISSING x\n          get x\n"), "{text}");
        assert!(text.ends_with("missing for 1 of 2; `cargo xtask setup` installs what it can\n"), "{text}");
        assert!(report(State::Ok, State::Note).to_string().ends_with("doctor: nothing is missing\n"));
    }

    #[test]
    fn need_that_is_not_met_says_what_is_off_without_it() {
        let need = |is_met| Need {
            name: "bochs".to_owned(),
            used_for: "comparison with Bochs",
            is_met,
            remedy: "apt-get install bochs".to_owned(),
        };
        assert_eq!(Finding::from(need(true)).what, "bochs");
        let missing = Finding::from(need(false));
        assert_eq!(missing.what, "bochs: no comparison with Bochs");
        assert_eq!(missing.remedy.as_deref(), Some("apt-get install bochs"));
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let report = Report::of(&workspace);
        assert_eq!(report.parts.len(), 4);
        assert!(report.parts.iter().all(|part| !part.findings.is_empty()));
    }
}
