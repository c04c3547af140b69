//! Why a task was late: who ran while it waited, who woke it, and what made that one late, across cores.
//!
//! A chain goes backwards in time from a poll to its wake. A wake by another task leads to the letter that this task had
//! read before, if it had read one in that poll, and so to the poll that wrote it on another core; else to the waker's own
//! wake. A wake by a doorbell leads to the poll that rang. Where guests ran, their last exit is told. It ends at a timer, at a task that yielded, and where nothing
//! is recorded.

mod log;

use std::fmt::Write;

use scc::id::CoreId;

use crate::item::{GuestRun, Poll, Task, Tasks, Waker};
use crate::trace::Trace;
use log::{Log, Source};

/// Links of a chain that are told at most.
const MOST_LINKS: usize = 16;

/// Picoseconds of a microsecond.
const MICROSECOND: u64 = 1_000_000;

/// Which wait is to be explained. What is left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// Name of the task.
    pub task: Option<String>,
    /// Its core.
    pub core: Option<CoreId>,
    /// A time in picoseconds: the task's poll at this time or the next one is meant. Else it is the longest wait.
    pub at: Option<u64>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No task of that name, on that core if one was named.
    #[error("no task of that name is in the trace; there are: {0}")]
    NoTask(String),
    /// The task is never polled after a recorded wake, or not at that time or later.
    #[error("no poll with a recorded wake is there; leave --at out to have the longest wait explained")]
    NoPoll,
}

/// A link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The task whose poll this is.
    pub task: Task,
    /// The poll.
    pub poll: Poll,
    /// What had it polled, in words.
    pub cause: String,
    /// What ran on its core while it waited, in words; empty if nothing else did.
    pub meanwhile: Vec<String>,
    /// When the poll of the next link did what led to this one, in picoseconds; `None` at the end of the chain.
    pub led: Option<u64>,
}

/// Explains a wait; the first link is the poll that was asked for, each further one what led to the one before.
///
/// # Errors
/// [`NoAnswer`] if the question names nothing in the trace.
pub fn explain(trace: &Trace, question: &Question) -> Result<Vec<Link>, NoAnswer> {
    let (tasks, log) = Log::of(trace);
    let mut next = Some(asked_for(&tasks, &log, question)?);
    let mut links = Vec::new();
    while let Some(poll) = next.filter(|_| links.len() < MOST_LINKS) {
        let core = tasks.get(poll.task).core;
        let (cause, before) = cause(&tasks, &log, core, &poll);
        let meanwhile = meanwhile(&tasks, &log, core, &poll);
        let led = before.map(|source| source.at);
        links.push(Link { task: tasks.get(poll.task).clone(), poll, cause, meanwhile, led });
        next = before.and_then(|source| source.poll);
    }
    Ok(links)
}

/// The chain as text.
pub fn text(links: &[Link]) -> String {
    let mut out = String::new();
    for (number, link) in links.iter().enumerate() {
        let Link { task, poll, cause, meanwhile, .. } = link;
        let place =
            format!("core {:02} `{}` polled at {}", task.core.number(), task.name, time(poll.from.time));
        let waited = match poll.waited() {
            Some(cycles) => format!("{cycles} cycles after its wake"),
            None => "its wake is not recorded".to_owned(),
        };
        let lead = if number == 0 { "" } else { "<- " };
        writeln!(out, "{lead}{place}, {waited}").expect("strings take any text");
        for words in meanwhile {
            writeln!(out, "     waited for {words}").expect("strings take any text");
        }
        writeln!(out, "     {cause}").expect("strings take any text");
    }
    if links.len() == MOST_LINKS {
        writeln!(out, "<- and so on: {MOST_LINKS} links are told").expect("strings take any text");
    }
    out
}

fn time(picoseconds: u64) -> String {
    format!("{}.{:06} ms", picoseconds / (1_000 * MICROSECOND), picoseconds / 1_000 % MICROSECOND)
}

fn asked_for(tasks: &Tasks, log: &Log, question: &Question) -> Result<Poll, NoAnswer> {
    let is_meant = |task: &Task| {
        question.task.as_ref().is_none_or(|name| *name == task.name)
            && question.core.is_none_or(|core| core == task.core)
    };
    if !tasks.all().iter().any(is_meant) {
        let mut names: Vec<_> = tasks
            .all()
            .iter()
            .filter(|task| question.core.is_none_or(|core| core == task.core))
            .map(|task| task.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        return Err(NoAnswer::NoTask(names.join(", ")));
    }
    let polls = log.polls().filter(|poll| poll.woken.is_some() && is_meant(tasks.get(poll.task)));
    let wait = |poll: &&Poll| poll.waited();
    match question.at {
        Some(at) => polls.filter(|poll| poll.to.time >= at).min_by_key(|poll| poll.from.time),
        None => polls.max_by_key(wait),
    }
    .copied()
    .ok_or(NoAnswer::NoPoll)
}

/// What had a task polled, and where that was done.
fn cause(tasks: &Tasks, log: &Log, core: CoreId, poll: &Poll) -> (String, Option<Source>) {
    let Some(wake) = poll.woken else { return ("nothing is recorded before that".to_owned(), None) };
    let at = time(wake.at.time);
    match wake.by {
        Waker::Timer => (format!("woken at {at} by a timer"), None),
        Waker::Yield => (format!("ready since {at}, when it let others go first"), None),
        Waker::Executor => (format!("woken at {at} outside of polls and interrupts"), None),
        Waker::Interrupt(vector) => {
            let ringer = log.ringer(core, wake.at.time);
            let words = match ringer {
                Some((from, verb, Source { at: rung, .. })) => format!(
                    "woken at {at} by interrupt {vector:#04x}: core {:02} had {verb} at {}",
                    from.number(),
                    time(rung)
                ),
                None => format!("woken at {at} by interrupt {vector:#04x}"),
            };
            (words, ringer.map(|(_, _, source)| source))
        }
        Waker::Task(waker) => {
            let name = &tasks.get(waker).name;
            let waking = log.poll_at(core, wake.at.time);
            let letter = waking.and_then(|waking| log.letter(core, waking.from.time, wake.at.time));
            match letter {
                Some((from, source)) => (
                    format!(
                        "woken at {at} by `{name}`, which had read a letter that core {:02} wrote at {}",
                        from.number(),
                        time(source.at)
                    ),
                    Some(source),
                ),
                None => {
                    let source = waking.map(|poll| Source { at: wake.at.time, poll: Some(poll) });
                    let exit = waking.and_then(|poll| log.left(core, poll.from.time, wake.at.time).last());
                    let exit = exit.map_or_else(String::new, |run| {
                        format!(", whose guest was left at {} by {}", time(run.to.time), run.reason)
                    });
                    (format!("woken at {at} by `{name}`{exit}"), source)
                }
            }
        }
    }
}

/// What ran on the core between a wake and its poll, most first.
fn meanwhile(tasks: &Tasks, log: &Log, core: CoreId, poll: &Poll) -> Vec<String> {
    let Some(wake) = poll.woken else { return Vec::new() };
    let (from, to) = (wake.at.cycles, poll.from.cycles);
    let mut ran = log.ran(core, wake.at, poll.from);
    ran.sort_by_key(|(_, cycles, _)| std::cmp::Reverse(*cycles));
    let accounted: u64 = ran.iter().map(|(_, cycles, _)| cycles).sum();
    let left = log.left(core, wake.at.time, poll.from.time);
    let exits = |task| {
        let is_its =
            |run: &&GuestRun| log.poll_at(core, run.from.time).is_some_and(|around| around.task == task);
        match left.iter().rfind(is_its) {
            Some(run) => {
                let times = match left.iter().filter(is_its).count() {
                    1 => String::new(),
                    times => format!(" {times} times, last"),
                };
                format!("; its guest was left{times} by {}", run.reason)
            }
            None => String::new(),
        }
    };
    let mut words: Vec<_> = ran
        .into_iter()
        .map(|(what, cycles, times)| {
            let name =
                what.map_or_else(|| "interrupts".to_owned(), |task| format!("`{}`", tasks.get(task).name));
            let times = if times == 1 { String::new() } else { format!(", {times} times") };
            format!("{name}: {cycles} cycles{times}{}", what.map_or_else(String::new, exits))
        })
        .collect();
    let rest = (to - from).saturating_sub(accounted);
    if rest > 0 {
        words.push(format!("the executor: {rest} cycles"));
    }
    words
}
