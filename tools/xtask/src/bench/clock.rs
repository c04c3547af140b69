//! Running a program to its end and taking its time: processor time, wall time and peak memory.
//!
//! Processor time is what Linux charges this process for children that it has waited for, `cutime` and `cstime` in
//! `/proc/self/stat`, before and after; so one program is run at a time. The unit is a hundredth of a second.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::bench::BenchError;

/// Length of the unit of `/proc/self/stat`: USER_HZ is 100 on every Linux that Rust's std supports.
const TICK: Duration = Duration::from_millis(10);
/// How often a running program is looked at: often while it may be a short one, seldom later.
const GLANCES: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(2));
/// A program that runs longer is no short one.
const SHORT: Duration = Duration::from_millis(100);

/// What a finished program used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// User and system time, in steps of 10 ms.
    pub(super) processor: Duration,
    /// Time from start to end.
    pub(super) wall: Duration,
    /// Largest resident memory seen, in bytes.
    pub(super) peak_bytes: u64,
    /// Exit status; `None` if a signal ended it.
    pub(super) status: Option<i32>,
}

/// Runs `command` to its end, but no longer than `limit`.
pub(super) fn run(command: &mut Command, limit: Duration) -> Result<Usage, BenchError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let broken = |source| BenchError::Run { program: program.clone(), source };
    let before = children_time().map_err(broken)?;
    let start = Instant::now();
    let mut child = command.spawn().map_err(broken)?;
    let mut peak_bytes = 0;
    let status = loop {
        peak_bytes = peak_bytes.max(peak_of(&child));
        if let Some(status) = child.try_wait().map_err(broken)? {
            break status;
        }
        if start.elapsed() > limit {
            child.kill().map_err(broken)?;
            child.wait().map_err(broken)?;
            return Err(BenchError::TooLong { program, limit });
        }
        std::thread::sleep(if start.elapsed() < SHORT { GLANCES.0 } else { GLANCES.1 });
    };
    let wall = start.elapsed();
    let processor = children_time().map_err(broken)?.saturating_sub(before);
    Ok(Usage { processor, wall, peak_bytes, status: status.code() })
}

/// Processor time of all children waited for so far.
fn children_time() -> std::io::Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    ticks_of_children(&text).map(|ticks| TICK * ticks).ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, "unexpected contents of /proc/self/stat")
    })
}

/// Fields 16 and 17, counted from 1; the second field is a name in parentheses that may hold spaces.
fn ticks_of_children(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(13);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Peak resident memory so far; 0 once the program is gone.
fn peak_of(child: &Child) -> u64 {
    std::fs::read_to_string(format!("/proc/{}/status", child.id()))
        .ok()
        .and_then(|status| peak_in(&status))
        .unwrap_or(0)
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn processor_time_is_found_behind_a_name_with_parentheses() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 200 0 0 11 12 34 5 20 0 1 0 99";
        assert_eq!(ticks_of_children(stat), Some(39));
    }

    #[test]
    fn peak_is_read_in_bytes() {
        assert_eq!(peak_in("Name:\tx\nVmHWM:\t    1200 kB\nVmRSS:\t 8 kB\n"), Some(1200 << 10));
    }

    #[test]
    fn busy_program_uses_its_time_and_reports_its_status() {
        let usage = run(Command::new("sh").args(["-c", "sleep 0.1; exit 3"]), LIMIT).expect("runs");
        assert_eq!(usage.status, Some(3));
        assert!(usage.wall >= Duration::from_millis(100));
        assert!(usage.processor <= usage.wall + TICK);
        assert!(usage.peak_bytes > 0);
    }

    #[test]
    fn program_over_the_limit_is_ended() {
        let result = run(Command::new("sleep").arg("30"), Duration::from_millis(20));
        assert!(matches!(result, Err(BenchError::TooLong { .. })));
    }
}
