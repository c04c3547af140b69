//! Counting: one walk through the trace.

use std::collections::BTreeMap;

use scc::id::CoreId;
use serde::Serialize;
use trace_format::record::Event;

use super::dealings::{CallFigures, DealingCount, LeaseFigures};
use super::guests::{ExitCount, ExitFigures};
use super::spread::{Gathered, Spread};
use crate::item::{Doing, Item, Poll, TaskId};
use crate::trace::Trace;
use crate::walk::walk;

/// Figures of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskFigures {
    /// Its core.
    pub core: u8,
    /// Its name.
    pub name: String,
    /// Times a task of this name was spawned.
    pub spawned: u64,
    /// Polls that have ended.
    pub polls: u64,
    /// Cycles in polls, interrupts in them left out.
    pub cycles: u64,
    /// Of a thousand cycles of its core, those in its polls.
    pub permille: u64,
    /// From each wake to the first instruction of the poll.
    pub wake_to_poll: Option<Spread>,
    /// Of that, cycles in which polls ran: the task stood behind others in the run queue, or its own last poll ended.
    pub queued: Option<Spread>,
    /// Length of polls with the interrupts in them.
    pub poll: Option<Spread>,
}

/// Figures of a core over all of its lives, in cycles.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CoreFigures {
    /// The core.
    pub core: u8,
    /// Times it was started.
    pub lives: u32,
    /// All cycles that records tell of.
    pub elapsed: u64,
    /// From reset to the executor.
    pub boot: u64,
    /// In polls, interrupts in them left out.
    pub polls: u64,
    /// Of the cycles in polls, those in guests; 0 if that was not recorded.
    pub guests: u64,
    /// In handlers of interrupts.
    pub interrupts: u64,
    /// In the executor itself.
    pub executor: u64,
    /// Without anything ready.
    pub idle: u64,
    /// Cycles whose records are lost.
    pub unknown: u64,
    /// Records read.
    pub records: u64,
    /// Records that nobody read in time.
    pub lost_records: u64,
    /// Records of kinds that the reader does not know.
    pub unknown_records: u64,
    /// Interrupts by vector.
    pub interrupts_by_vector: BTreeMap<u8, u64>,
    /// Letters that it wrote, if letters were recorded.
    pub letters_written: u64,
    /// Letters that it read.
    pub letters_read: u64,
    /// Lines that it wrote to its log.
    pub log_lines: u64,
    /// Largest distance in nanoseconds between the kernel's own readings of the chip's clock and the trace's axis.
    pub clock_error_nanoseconds: Option<u64>,
}

/// Figures of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Words that the kernel was given.
    pub command_line: String,
    /// How the run ended; `None` if the recorder was cut off.
    pub outcome: Option<String>,
    /// What is wrong with the file; what comes behind is not counted.
    pub damage: Option<String>,
    /// Time from the first record to the last in nanoseconds.
    pub nanoseconds: u64,
    /// Figures of cores in their order.
    pub cores: Vec<CoreFigures>,
    /// Figures of tasks by core, those of a core by cycles in polls, most first.
    pub tasks: Vec<TaskFigures>,
    /// Why guests were left, by core, most frequent first.
    pub exits: Vec<ExitFigures>,
    /// Calls by core and procedure.
    pub calls: Vec<CallFigures>,
    /// Memory that cores lend each other, by core.
    pub leases: Vec<LeaseFigures>,
}

struct TaskCount {
    spawned: u64,
    polls: u64,
    cycles: u64,
    wake_to_poll: Gathered,
    queued: Gathered,
    poll: Gathered,
}

impl TaskCount {
    fn new() -> Self {
        Self {
            spawned: 0,
            polls: 0,
            cycles: 0,
            wake_to_poll: Gathered::new(),
            queued: Gathered::new(),
            poll: Gathered::new(),
        }
    }

    fn take(&mut self, poll: &Poll) {
        let length = poll.to.cycles - poll.from.cycles;
        self.polls += 1;
        self.poll.add(length);
        if let Some(waited) = poll.waited() {
            self.wake_to_poll.add(waited);
            self.queued.add(poll.queued_cycles);
        }
    }
}

#[derive(Default)]
struct Counter {
    tasks: Vec<Option<TaskCount>>,
    cores: BTreeMap<u8, CoreFigures>,
    exits: ExitCount,
    dealings: DealingCount,
    first: Option<u64>,
    last: u64,
}

impl Counter {
    fn task(&mut self, id: TaskId) -> &mut TaskCount {
        if self.tasks.len() <= id.index() {
            self.tasks.resize_with(id.index() + 1, || None);
        }
        self.tasks[id.index()].get_or_insert_with(TaskCount::new)
    }

    fn core(&mut self, core: CoreId) -> &mut CoreFigures {
        let number = core.number();
        self.cores.entry(number).or_insert_with(|| CoreFigures { core: number, ..CoreFigures::default() })
    }

    fn take(&mut self, core: CoreId, spawned: Option<TaskId>, item: &Item) {
        match *item {
            Item::Life(_, at) => {
                self.dealings.begin_life();
                self.core(core).lives += 1;
                self.first = Some(self.first.map_or(at.time, |first| first.min(at.time)));
            }
            Item::Span(doing, from, to) => {
                self.last = self.last.max(to.time);
                let cycles = to.cycles - from.cycles;
                if let Doing::Poll(task) = doing {
                    self.task(task).cycles += cycles;
                }
                let core = self.core(core);
                core.elapsed += cycles;
                *match doing {
                    Doing::Boot => &mut core.boot,
                    Doing::Executor => &mut core.executor,
                    Doing::Poll(_) => &mut core.polls,
                    Doing::Interrupt(_) => &mut core.interrupts,
                    Doing::Idle => &mut core.idle,
                    Doing::Unknown => &mut core.unknown,
                } += cycles;
            }
            Item::Poll(poll) => self.task(poll.task).take(&poll),
            Item::Interrupt(vector, ..) => {
                *self.core(core).interrupts_by_vector.entry(vector).or_default() += 1;
            }
            Item::Guest(run) => {
                self.core(core).guests += run.to.cycles - run.from.cycles;
                self.exits.take(core, &run);
            }
            Item::Mark(event, _, at) => match event {
                Event::LetterWritten { .. } => self.core(core).letters_written += 1,
                Event::LetterRead { .. } => self.core(core).letters_read += 1,
                Event::TaskSpawn { .. } => {
                    if let Some(task) = spawned {
                        self.task(task).spawned += 1;
                    }
                }
                _ => self.dealings.take(core, event, at),
            },
            Item::Log(..) => self.core(core).log_lines += 1,
            Item::Lost(_)
            | Item::Wake(..)
            | Item::PollBegin(..)
            | Item::InterruptBegin(..)
            | Item::Ready(..) => {}
        }
    }
}

impl Figures {
    /// Counts.
    pub fn of(trace: &Trace) -> Self {
        let mut counter = Counter::default();
        let tasks = walk(trace, |tasks, life, item| {
            let spawned = match item {
                Item::Mark(Event::TaskSpawn { name, .. }, ..) => tasks.find(life.core, &trace.text(name)),
                _ => None,
            };
            counter.take(life.core, spawned, &item);
        });
        for life in trace.lives() {
            let error = life.clock_error().map(|picoseconds| picoseconds / 1_000);
            let core = counter.core(life.core);
            core.records += u64::try_from(life.records()).expect("counts have at most 64 bits");
            core.lost_records += life.lost();
            core.unknown_records += life.unknown();
            core.clock_error_nanoseconds = core.clock_error_nanoseconds.max(error);
        }
        let elapsed = |core: CoreId| counter.cores.get(&core.number()).map_or(0, |core| core.elapsed);
        let mut figures: Vec<_> = tasks
            .all()
            .iter()
            .zip(&counter.tasks)
            .filter_map(|(task, count)| {
                let count = count.as_ref()?;
                Some(TaskFigures {
                    core: task.core.number(),
                    name: task.name.clone(),
                    spawned: count.spawned,
                    polls: count.polls,
                    cycles: count.cycles,
                    permille: (count.cycles * 1_000).checked_div(elapsed(task.core)).unwrap_or(0),
                    wake_to_poll: count.wake_to_poll.spread(),
                    queued: count.queued.spread(),
                    poll: count.poll.spread(),
                })
            })
            .collect();
        figures.sort_by_key(|task| (task.core, std::cmp::Reverse(task.cycles)));
        Self {
            command_line: trace.about.command_line.clone(),
            outcome: trace.outcome.clone(),
            damage: trace.damage.clone(),
            nanoseconds: (counter.last - counter.first.unwrap_or(counter.last).min(counter.last)) / 1_000,
            cores: counter.cores.into_values().collect(),
            tasks: figures,
            exits: counter.exits.figures(),
            calls: counter.dealings.calls(),
            leases: counter.dealings.leases(),
        }
    }
}
