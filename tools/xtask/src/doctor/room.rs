//! Room on this machine: disk, memory, terminal.

use super::{Finding, State};
use crate::disk::{GIGABYTE, free_bytes, in_gigabytes};
use crate::workspace::Workspace;

/// Memory of the host that 48 emulated cores take, rounded up.
const MEMORY: u64 = 2 * GIGABYTE;
/// What the live screen needs.
const COLUMNS: u16 = 78;
const LINES: u16 = 16;

/// What there is; `None` if this system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    disk: Option<u64>,
    memory: Option<u64>,
    /// Columns and lines; `None` elsewhere than on a terminal.
    terminal: Option<(u16, u16)>,
}

impl Room {
    /// Looks around the place where things are built.
    pub(super) fn around(workspace: &Workspace) -> Self {
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok();
        Self {
            disk: free_bytes(&workspace.scratch()),
            memory: std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available_memory(&text)),
            terminal: size.map(|size| (size.ws_col, size.ws_row)),
        }
    }

    /// Whether there is disk space for something.
    pub(super) fn disk_for(self, needed: u64) -> Finding {
        amount(
            "disk",
            "space where `target` is",
            self.disk,
            needed,
            "cargo clean, or CARGO_TARGET_DIR elsewhere",
        )
    }

    /// Whether there is memory for 48 cores.
    pub(super) fn memory(self) -> Finding {
        amount("memory", "memory", self.memory, MEMORY, "fewer cores: cargo run -- boot --cores 0-3")
    }

    /// Whether there is a terminal for the live screen.
    pub(super) fn terminal(self) -> Finding {
        let note = |what: String, remedy: &str| Finding {
            state: State::Note,
            what,
            remedy: Some(remedy.to_owned()),
        };
        match self.terminal {
            None => note("no terminal: lines instead of the live screen".to_owned(), "run it on a terminal"),
            Some((columns, lines)) if columns < COLUMNS || lines < LINES => note(
                format!("terminal of {columns} x {lines}: the live screen needs {COLUMNS} x {LINES}"),
                "make it larger, or cargo run -- boot --plain",
            ),
            Some((columns, lines)) => {
                Finding { state: State::Ok, what: format!("terminal of {columns} x {lines}"), remedy: None }
            }
        }
    }
}

fn amount(name: &str, of: &str, found: Option<u64>, needed: u64, remedy: &str) -> Finding {
    let needed_text = in_gigabytes(needed);
    match found {
        None => Finding { state: State::Note, what: format!("{name}: {needed_text} needed"), remedy: None },
        Some(found) => Finding {
            state: if found < needed { State::Missing } else { State::Ok },
            what: format!("{} of {of} free, {needed_text} needed", in_gigabytes(found)),
            remedy: (found < needed).then(|| remedy.to_owned()),
        },
    }
}

/// Reads the line `MemAvailable:   16384 kB`.
fn available_memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::BOOT;

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:   16384 kB\n";
        assert_eq!(available_memory(text), Some(16 << 20));
        assert_eq!(available_memory("MemFree: 1 kB"), None);
    }

    #[test]
    fn too_little_is_missing_and_unknown_is_a_note() {
        let room = Room { disk: Some(GIGABYTE), memory: None, terminal: Some((60, 20)) };
        let disk = room.disk_for(BOOT);
        assert_eq!(disk.state, State::Missing);
        assert_eq!(disk.what, "1.0 GB of space where `target` is free, 2.0 GB needed");
        assert!(disk.remedy.is_some());
        assert_eq!(room.disk_for(GIGABYTE).state, State::Ok);
        assert_eq!(room.memory().state, State::Note);
        assert_eq!(room.terminal().what, "terminal of 60 x 20: the live screen needs 78 x 16");
        assert_eq!(Room { terminal: Some((78, 16)), ..room }.terminal().state, State::Ok);
        assert_eq!(Room { terminal: None, ..room }.terminal().state, State::Note);
    }
}
