//! What kernels say of their guests: which started, how each ended.

use scc::id::CoreId;
use scc::timing::Time;
use serde::Serialize;

use crate::ConsoleLine;

/// A guest of a core.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GuestResult {
    /// Core number.
    pub core: u8,
    /// Its name.
    pub name: String,
    /// Emulated microseconds since power-on when its kernel said that it started; `None` if it did not.
    pub started_us: Option<f64>,
    /// The same for its end; `None` if it still ran.
    pub ended_us: Option<f64>,
    /// How it ended, or why it did not start, in the kernel's words.
    pub end: Option<String>,
    /// What its kernel has counted: name and number.
    pub counts: Vec<(String, u64)>,
}

impl GuestResult {
    /// Whether it has ended as it wanted to, by power-off or reboot, or as the user did.
    pub fn ended_well(&self) -> bool {
        let end = self.end.as_deref().unwrap_or_default();
        end.contains("reason=power-off") || end.contains("reason=reboot") || end == "by order"
    }
}

/// All guests that kernels have spoken of, in the order of their starts.
#[derive(Debug, Clone, Default)]
pub(crate) struct GuestLog {
    guests: Vec<GuestResult>,
    /// Cores on which all guests have ended.
    done: Vec<CoreId>,
}

impl GuestLog {
    /// Takes a line of a core's console, which was seen at a time.
    pub(crate) fn take(&mut self, line: &ConsoleLine, now: Time) {
        // A guest's own text stands behind its name, never at this place.
        let Some((_, said)) = line.text.split_once("] ") else { return };
        let (said, failed) = match (said.strip_prefix("info guest: "), said.strip_prefix("error guest: ")) {
            (Some(said), _) => (said, false),
            (_, Some(said)) => (said, true),
            _ => return,
        };
        let core = line.core;
        if said.starts_with("all ended") {
            self.done.push(core);
            return;
        }
        let Some((verb, name, rest)) = verb_and_name(said) else { return };
        match verb {
            "started" => {
                self.begin(core, name).started_us = Some(microseconds(now));
            }
            "not started" if failed => self.begin(core, name).end = Some(format!("not started: {rest}")),
            "ended" => {
                let guest = self.running(core, name);
                (guest.ended_us, guest.end) = (Some(microseconds(now)), Some(rest.to_owned()));
            }
            "counted" => {
                let last =
                    self.guests.iter_mut().rfind(|guest| guest.core == core.number() && guest.name == name);
                last.into_iter().for_each(|guest| guest.counts = counts(rest));
            }
            _ => {}
        }
    }

    /// The guests.
    pub(crate) fn guests(&self) -> &[GuestResult] {
        &self.guests
    }

    /// Whether all guests of a core have ended.
    pub(crate) fn is_done(&self, core: CoreId) -> bool {
        self.done.contains(&core)
    }

    fn begin(&mut self, core: CoreId, name: &str) -> &mut GuestResult {
        self.done.retain(|done| *done != core);
        self.guests.push(GuestResult {
            core: core.number(),
            name: name.to_owned(),
            started_us: None,
            ended_us: None,
            end: None,
            counts: Vec::new(),
        });
        self.guests.last_mut().expect("just added")
    }

    /// The guest that was started last by this name and has not ended; one that never said so counts as started.
    fn running(&mut self, core: CoreId, name: &str) -> &mut GuestResult {
        let is_it =
            |guest: &GuestResult| guest.core == core.number() && guest.name == name && guest.end.is_none();
        match self.guests.iter().rposition(is_it) {
            Some(at) => &mut self.guests[at],
            None => self.begin(core, name),
        }
    }
}

/// Splits `ended name=hello by itself` into its three parts; a colon behind the name is left out.
fn verb_and_name(said: &str) -> Option<(&str, &str, &str)> {
    let (verb, rest) = said.split_once(" name=")?;
    let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((verb, name.trim_end_matches(':'), rest))
}

/// Reads `exits=3 faults=5`.
fn counts(text: &str) -> Vec<(String, u64)> {
    let count = |word: &str| {
        let (name, number) = word.split_once('=')?;
        Some((name.to_owned(), number.parse().ok()?))
    };
    text.split(' ').filter_map(count).collect()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn microseconds(time: Time) -> f64 {
    time.as_picoseconds() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> GuestLog {
        let core = CoreId::new(5).unwrap();
        let mut log = GuestLog::default();
        for text in lines {
            log.take(
                &ConsoleLine { core, text: format!("[05 0.001234] {text}") },
                Time::from_microseconds(7),
            );
        }
        log
    }

    #[test]
    fn guests_are_followed_from_start_to_end() {
        let log = log(&[
            "info guest: started name=a memory=4096K",
            "info guest: started name=b memory=4096K",
            "guest b: info guest: ended name=a by itself reason=panic",
            "info guest: ended name=a by itself reason=power-off detail=0x0",
            "info guest: counted name=a exits=3 faults=5",
            "error guest: not started name=c: image: no ELF file",
            "info guest: ended name=b by order",
        ]);
        let [a, b, c] = log.guests() else { panic!("{log:?}") };
        assert_eq!((a.started_us, a.ended_us, a.ended_well()), (Some(7.0), Some(7.0), true));
        assert_eq!(a.counts, [("exits".to_owned(), 3), ("faults".to_owned(), 5)]);
        assert_eq!((b.end.as_deref(), b.ended_well()), (Some("by order"), true));
        assert_eq!((c.end.as_deref(), c.started_us), (Some("not started: image: no ELF file"), None));
    }

    #[test]
    fn core_that_starts_again_is_no_longer_done() {
        let core = CoreId::new(5).unwrap();
        let mut lines =
            vec!["info guest: started name=a memory=1K", "info guest: all ended frames=1 afterwards=1"];
        assert!(log(&lines).is_done(core));
        lines.push("info guest: started name=a memory=1K");
        assert!(!log(&lines).is_done(core));
    }
}
