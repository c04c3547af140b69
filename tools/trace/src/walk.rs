//! From records to what a core did: the one place that knows how records follow each other.
//!
//! ```text
//!            first poll             no task ready               any record
//!   Boot ──────────────► Executor ─────────────────► Idle ──────────────────► Executor
//!                        │      ▲
//!             poll begins│      │poll ends            An interrupt is laid over whatever the core does,
//!                        ▼      │                     and ends idling; afterwards a poll goes on.
//!                          Poll ──► Poll (the next one begins at once)
//! ```
//!
//! A handler may come between the moment that a record names and its place in the ring: a time before that of the record
//! in front counts as the same. Where records were lost the core's state is [`Doing::Unknown`] until the next record,
//! and what began before the loss has no end. A stay in a guest is part of the poll that it lies in.

use std::collections::HashMap;

use trace_format::phase::BootPhase;
use trace_format::record::{Event, LOG_BYTES, LogPiece, PollOutcome, Stamped, TaskBefore, TaskNumber};

use crate::exit::ExitReason;
use crate::item::{Doing, GuestRun, Item, LogLine, Moment, Poll, TaskId, Tasks, Wake, Waker};
use crate::trace::{Life, Trace};

/// Walks through all lives of all cores, one after the other, and hands each step to `take`.
pub fn walk(trace: &Trace, mut take: impl FnMut(&Tasks, &Life, Item)) -> Tasks {
    let mut tasks = Tasks::default();
    let mut wakes = 0;
    for life in trace.lives() {
        let mut walk = Walk::new(trace, life, &mut tasks, wakes, &mut take);
        walk.run();
        wakes = walk.wakes;
    }
    tasks
}

/// A handler that is running.
#[derive(Debug, Clone, Copy)]
struct Handler {
    vector: u8,
    from: Moment,
}

/// A poll that is running.
#[derive(Debug, Clone, Copy)]
struct Open {
    number: TaskNumber,
    task: TaskId,
    woken: Option<Wake>,
    queued_cycles: u64,
    from: Moment,
    interrupted_cycles: u64,
}

struct Walk<'a, F> {
    trace: &'a Trace,
    life: &'a Life,
    tasks: &'a mut Tasks,
    take: &'a mut F,
    numbers: HashMap<TaskNumber, TaskId>,
    /// What the core does apart from interrupts.
    doing: Doing,
    handler: Option<Handler>,
    poll: Option<Open>,
    ready: HashMap<TaskNumber, Wake>,
    /// Since when the core has been doing what it does.
    since: Moment,
    now: Moment,
    /// Cycles in polls up to `since`.
    polled: u64,
    /// Since when the core has been in a guest.
    guest: Option<Moment>,
    /// Why and when a guest was left last in the poll that is running.
    left: Option<(ExitReason, Moment)>,
    /// Whether a timer has fired since the last poll.
    timer_fired: bool,
    /// Text of a line of the log up to now.
    line: Option<Vec<u8>>,
    /// Writer's number of the letter read last, by sender: lines are looked into again and again.
    last_read: HashMap<u8, u32>,
    wakes: u64,
}

impl<'a, F: FnMut(&Tasks, &Life, Item)> Walk<'a, F> {
    fn new(trace: &'a Trace, life: &'a Life, tasks: &'a mut Tasks, wakes: u64, take: &'a mut F) -> Self {
        Self {
            trace,
            life,
            tasks,
            take,
            numbers: HashMap::new(),
            doing: Doing::Boot,
            handler: None,
            poll: None,
            ready: HashMap::new(),
            since: Moment::default(),
            now: Moment::default(),
            polled: 0,
            guest: None,
            left: None,
            timer_fired: false,
            line: None,
            last_read: HashMap::new(),
            wakes,
        }
    }

    fn run(&mut self) {
        let mut is_first = true;
        for stretch in self.life.stretches() {
            if !is_first || stretch.lost > 0 {
                self.lose();
            }
            for record in stretch.records.iter().filter_map(|words| Stamped::decode(*words).ok()) {
                if is_first {
                    self.begin(&record);
                    is_first = false;
                }
                self.advance(record.cycles);
                self.record(record.event);
            }
        }
        if !is_first {
            self.advance(self.life.last_seen());
            self.close();
        }
    }

    /// The life begins with its first record, or with cycle 0 if that says that the core was just reset.
    fn begin(&mut self, first: &Stamped) {
        let is_whole = first.event == Event::BootPhase(BootPhase::Reset);
        let cycles = if is_whole { 0 } else { first.cycles };
        self.now = Moment { cycles, time: self.life.clock.picoseconds(cycles) };
        self.since = self.now;
        if !is_whole {
            self.doing = Doing::Unknown;
        }
        self.tell(Item::Life(self.life.number, self.now));
    }

    fn advance(&mut self, cycles: u64) {
        if cycles > self.now.cycles {
            self.now = Moment { cycles, time: self.life.clock.picoseconds(cycles) };
        }
    }

    fn tell(&mut self, item: Item) {
        (self.take)(self.tasks, self.life, item);
    }

    /// What the core is doing ends here.
    fn cut(&mut self) {
        let doing = self.handler.map_or(self.doing, |handler| Doing::Interrupt(handler.vector));
        let (from, to) = (self.since, self.now);
        if to.cycles > from.cycles {
            if matches!(doing, Doing::Poll(_)) {
                self.polled += to.cycles - from.cycles;
            }
            self.tell(Item::Span(doing, from, to));
        }
        self.since = to;
    }

    fn go_on_as(&mut self, doing: Doing) {
        if self.doing != doing {
            self.cut();
            self.doing = doing;
        }
    }

    /// Everything that is open ends here.
    fn close(&mut self) {
        self.end_handler();
        self.end_poll(None);
        self.cut();
    }

    /// Records are lost from here on.
    fn lose(&mut self) {
        self.end_handler();
        self.cut();
        self.poll = None;
        (self.guest, self.left, self.line) = (None, None, None);
        self.ready.clear();
        self.timer_fired = false;
        self.doing = Doing::Unknown;
        self.tell(Item::Lost(self.now));
        self.tell(Item::Ready(0, self.now));
    }

    fn record(&mut self, event: Event) {
        // The core has woken up, or is seen again after a loss; whatever it does now is recorded.
        let is_seen = self.doing == Doing::Unknown || self.doing == Doing::Idle;
        if is_seen && !matches!(event, Event::IrqEnter { .. }) && self.handler.is_none() {
            self.go_on_as(Doing::Executor);
        }
        match event {
            Event::Idle => {
                self.end_handler();
                self.end_poll(None);
                self.timer_fired = false;
                self.go_on_as(Doing::Idle);
            }
            Event::IrqEnter { vector, .. } => {
                self.end_handler();
                self.cut();
                if self.doing == Doing::Idle || self.doing == Doing::Unknown {
                    self.doing = Doing::Executor;
                }
                self.handler = Some(Handler { vector, from: self.now });
                self.tell(Item::InterruptBegin(vector, self.now));
            }
            Event::IrqExit(_) => self.end_handler(),
            Event::TaskSpawn { task, name } => {
                let id = self.tasks.intern(self.life.core, &self.trace.text(name));
                self.numbers.insert(task, id);
                self.mark(event);
            }
            Event::TaskReady(task) => self.wake(task, self.waker()),
            Event::PollBegin { task, before } => self.begin_poll(task, before),
            Event::PollEnd { outcome, .. } => {
                self.end_handler();
                self.end_poll(Some(outcome));
            }
            Event::TaskDrop(task) => {
                self.mark(event);
                self.numbers.remove(&task);
                if self.ready.remove(&task).is_some() {
                    self.tell(Item::Ready(self.ready.len(), self.now));
                }
            }
            Event::LetterRead { from, letter } => {
                if !letter.is_blank() && self.last_read.insert(from, letter.place) != Some(letter.place) {
                    self.mark(event);
                }
            }
            Event::Log(piece) => self.log(piece),
            Event::GuestEnter { .. } => self.guest = Some(self.now),
            Event::GuestExit { vector, value, .. } => self.leave_guest(ExitReason::of(vector, value)),
            Event::TimerFired(_) => {
                self.timer_fired = true;
                self.mark(event);
            }
            _ => self.mark(event),
        }
    }

    fn leave_guest(&mut self, reason: ExitReason) {
        let (now, left) = (self.now, self.left.replace((reason, self.now)));
        if let Some(from) = self.guest.take() {
            let served = left.map(|(before, at)| (before, from.cycles - at.cycles));
            self.tell(Item::Guest(GuestRun { reason, from, to: now, served }));
        }
    }

    /// A piece of a line whose beginning is lost says nothing.
    fn log(&mut self, piece: LogPiece) {
        let begun = if piece.is_first { Some(Vec::new()) } else { self.line.take() };
        let Some(mut line) = begun else { return };
        line.extend(piece.text());
        if piece.is_full() {
            self.line = Some(line);
        } else {
            let mut text = String::from_utf8_lossy(&line).into_owned();
            if line.len() >= LOG_BYTES {
                text.push('…');
            }
            let line = LogLine { severity: piece.severity, text, task: self.task() };
            self.tell(Item::Log(line, self.now));
        }
    }

    /// The task that runs.
    fn task(&self) -> Option<TaskId> {
        self.poll.filter(|_| self.handler.is_none()).map(|poll| poll.task)
    }

    fn mark(&mut self, event: Event) {
        self.tell(Item::Mark(event, self.task(), self.now));
    }

    fn waker(&self) -> Waker {
        match (self.handler, self.poll) {
            (_, None) if self.timer_fired => Waker::Timer,
            (Some(handler), _) if !self.timer_fired => Waker::Interrupt(handler.vector),
            (None, Some(poll)) => Waker::Task(poll.task),
            (Some(_), _) => Waker::Timer,
            (None, None) => Waker::Executor,
        }
    }

    fn wake(&mut self, task: TaskNumber, by: Waker) {
        let is_polling = self.handler.is_none() && matches!(self.doing, Doing::Poll(_));
        let running = if is_polling { self.now.cycles - self.since.cycles } else { 0 };
        let wake = Wake { number: self.wakes, at: self.now, by, polled_before: self.polled + running };
        self.wakes += 1;
        self.ready.insert(task, wake);
        let id = self.id_of(task);
        self.tell(Item::Wake(id, wake));
        self.tell(Item::Ready(self.ready.len(), self.now));
    }

    fn id_of(&mut self, task: TaskNumber) -> TaskId {
        if let Some(id) = self.numbers.get(&task) {
            return *id;
        }
        let id = self.tasks.intern(self.life.core, &format!("task {:#010x}", task.0));
        self.numbers.insert(task, id);
        id
    }

    fn begin_poll(&mut self, number: TaskNumber, before: TaskBefore) {
        self.end_handler();
        let previous = self.poll.map(|poll| poll.number);
        self.end_poll(None);
        if let (Some(previous), TaskBefore::IsReady) = (previous, before) {
            self.wake(previous, Waker::Yield);
        }
        let task = self.id_of(number);
        self.go_on_as(Doing::Poll(task));
        self.timer_fired = false;
        let woken = self.ready.remove(&number);
        let queued_cycles = woken.map_or(0, |wake| self.polled - wake.polled_before);
        self.poll = Some(Open { number, task, woken, queued_cycles, from: self.now, interrupted_cycles: 0 });
        if woken.is_some() {
            self.tell(Item::Ready(self.ready.len(), self.now));
        }
        self.tell(Item::PollBegin(task, woken, self.now));
    }

    fn end_poll(&mut self, outcome: Option<PollOutcome>) {
        let Some(open) = self.poll.take() else { return };
        (self.guest, self.left) = (None, None);
        self.go_on_as(Doing::Executor);
        self.tell(Item::Poll(Poll {
            task: open.task,
            woken: open.woken,
            queued_cycles: open.queued_cycles,
            from: open.from,
            to: self.now,
            outcome,
            interrupted_cycles: open.interrupted_cycles,
        }));
    }

    fn end_handler(&mut self) {
        if let Some(handler) = self.handler {
            self.cut();
            self.handler = None;
            if let Some(poll) = &mut self.poll {
                poll.interrupted_cycles += self.now.cycles - handler.from.cycles;
            }
            self.tell(Item::Interrupt(handler.vector, handler.from, self.now));
        }
    }
}
