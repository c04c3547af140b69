//! A table for spreadsheets and scripts: a row for each poll, interrupt and event.

use std::io::{self, Write};

use serde::Serialize;

use super::drawing::words_of;
use crate::item::{GuestRun, Item, Moment, Tasks, Waker};
use crate::trace::Trace;
use crate::walk::walk;
use trace_format::record::Event;

/// A row. Empty cells are left out.
#[derive(Serialize)]
struct Row<'a> {
    core: u8,
    life: u32,
    what: &'a str,
    name: &'a str,
    begin_ns: u64,
    end_ns: Option<u64>,
    begin_cycles: u64,
    cycles: Option<u64>,
    wait_cycles: Option<u64>,
    queued_cycles: Option<u64>,
    woken_by: Option<String>,
}

/// Writes a trace.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(trace: &Trace, out: &mut impl Write) -> io::Result<()> {
    let mut table = ::csv::Writer::from_writer(out);
    let mut failed = None;
    walk(trace, |tasks, life, item| {
        if failed.is_none() {
            let row =
                |row: Row<'_>| table.serialize(Row { core: life.core.number(), life: life.number, ..row });
            failed = add(trace, tasks, item, row).err();
        }
    });
    match failed {
        Some(error) => Err(error.into()),
        None => table.flush(),
    }
}

/// A row of something between two moments.
fn between<'a>(what: &'a str, name: &'a str, from: Moment, to: Option<Moment>) -> Row<'a> {
    Row {
        core: 0,
        life: 0,
        what,
        name,
        begin_ns: from.time / 1_000,
        end_ns: to.map(|to| to.time / 1_000),
        begin_cycles: from.cycles,
        cycles: to.map(|to| to.cycles - from.cycles),
        wait_cycles: None,
        queued_cycles: None,
        woken_by: None,
    }
}

fn add<'r, T>(trace: &Trace, tasks: &Tasks, item: Item, row: T) -> Result<(), ::csv::Error>
where
    T: FnOnce(Row<'_>) -> Result<(), ::csv::Error> + 'r,
{
    match item {
        Item::Poll(poll) => row(Row {
            wait_cycles: poll.waited(),
            queued_cycles: poll.woken.map(|_| poll.queued_cycles),
            woken_by: poll.woken.map(|wake| waker(tasks, wake.by)),
            ..between("poll", &tasks.get(poll.task).name, poll.from, Some(poll.to))
        }),
        Item::Interrupt(vector, from, to) => {
            row(between("interrupt", &format!("{vector:#04x}"), from, Some(to)))
        }
        Item::Mark(Event::LetterWritten { to, .. }, _, at) => {
            row(between("letter-written", &to.to_string(), at, None))
        }
        Item::Mark(Event::LetterRead { from, .. }, _, at) => {
            row(between("letter-read", &from.to_string(), at, None))
        }
        Item::Guest(GuestRun { reason, from, to, .. }) => {
            row(between("guest", &reason.to_string(), from, Some(to)))
        }
        Item::Mark(event, _, at) => match words_of(trace, event) {
            Some(words) => row(between("event", &words, at, None)),
            None => Ok(()),
        },
        Item::Log(line, at) => row(between("log", &line.to_string(), at, None)),
        Item::Lost(at) => row(between("lost", "", at, None)),
        _ => Ok(()),
    }
}

/// Words for who woke a task.
pub(crate) fn waker(tasks: &Tasks, by: Waker) -> String {
    match by {
        Waker::Task(task) => tasks.get(task).name.clone(),
        Waker::Interrupt(vector) => format!("interrupt {vector:#04x}"),
        Waker::Timer => "timer".to_owned(),
        Waker::Yield => "itself".to_owned(),
        Waker::Executor => "executor".to_owned(),
    }
}
