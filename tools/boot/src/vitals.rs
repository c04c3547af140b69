//! What a running core is doing: time out of idle, tasks, interrupts, letters, all counted from its trace records.
//!
//! Records that were lost are missing here too.

use std::collections::BTreeMap;

use trace_format::record::{Event, Stamped, TaskBefore, TaskNumber, TextPlace};

/// A task as its records tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskVitals {
    /// Its name; `None` if nobody recorded one.
    pub name: Option<String>,
    /// Polls that have ended.
    pub polls: u64,
    /// Cycles in polls, interrupts during them included.
    pub cycles: u64,
    /// Whether it is ready and not being polled.
    pub is_ready: bool,
    /// Polls whose wake was recorded, and the cycles from each wake to its poll.
    pub waits: u64,
    /// Sum of those cycles.
    pub waited: u64,
    /// Most of those cycles since `Vitals::begin_window`.
    pub longest_wait: u64,
    begun: Option<u64>,
    woken: Option<u64>,
}

/// What a core has done since it left reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    /// Tasks that are there, by their numbers.
    pub tasks: BTreeMap<u32, TaskVitals>,
    /// Interrupts by vector.
    pub interrupts: BTreeMap<u8, u64>,
    /// Letters that were acknowledged.
    pub mail_sent: u64,
    /// Letters that a task took.
    pub mail_received: u64,
    /// Letters written into other cores' lines, if the kernel records them.
    pub letters_written: u64,
    /// Letters read out of the own lines, likewise.
    pub letters_read: u64,
    /// Most tasks that were ready at once since `Vitals::begin_window`.
    pub longest_queue: usize,
    /// The letter read last, by sender: lines are looked into again and again.
    last_read: BTreeMap<u8, u32>,
    /// The task that is being polled.
    polled: Option<TaskNumber>,
    busy: u64,
    /// Since when the core has been busy; `None` while it idles.
    busy_since: Option<u64>,
}

impl Default for Vitals {
    fn default() -> Self {
        Self {
            tasks: BTreeMap::new(),
            interrupts: BTreeMap::new(),
            mail_sent: 0,
            mail_received: 0,
            letters_written: 0,
            letters_read: 0,
            longest_queue: 0,
            last_read: BTreeMap::new(),
            polled: None,
            busy: 0,
            busy_since: Some(0),
        }
    }
}

impl Vitals {
    /// Whether the core's executor has nothing to do.
    pub const fn is_idle(&self) -> bool {
        self.busy_since.is_none()
    }

    /// Interrupts of all vectors.
    pub fn all_interrupts(&self) -> u64 {
        self.interrupts.values().sum()
    }

    /// Cycles out of idle up to `now`, the core's own count.
    pub fn busy_cycles(&self, now: u64) -> u64 {
        self.busy + self.busy_since.map_or(0, |since| now.saturating_sub(since))
    }

    /// Tasks that are ready and not being polled.
    pub fn queue(&self) -> usize {
        self.tasks.values().filter(|task| task.is_ready).count()
    }

    /// Forgets what was longest before.
    pub(crate) fn begin_window(&mut self) {
        self.longest_queue = self.queue();
        self.tasks.values_mut().for_each(|task| task.longest_wait = 0);
    }

    /// Takes a record. `text` reads a constant text of the kernel.
    pub(crate) fn take(&mut self, record: &Stamped, text: impl Fn(TextPlace) -> String) {
        let now = record.cycles;
        if record.event == Event::Idle {
            self.busy = self.busy_cycles(now);
            self.busy_since = None;
        } else {
            self.busy_since.get_or_insert(now);
        }
        match record.event {
            Event::TaskSpawn { task, name } => self.task(task).name = Some(text(name)),
            Event::TaskReady(task) => self.wake(task, now),
            Event::PollBegin { task, before } => {
                // A poll that another follows at once has no record of its end.
                if let Some(previous) = self.polled.replace(task) {
                    self.end_poll(previous, now);
                    if before == TaskBefore::IsReady {
                        self.wake(previous, now);
                    }
                }
                let task = self.task(task);
                task.is_ready = false;
                task.begun = Some(now);
                if let Some(woken) = task.woken.take() {
                    let wait = now.saturating_sub(woken);
                    task.waits += 1;
                    task.waited += wait;
                    task.longest_wait = task.longest_wait.max(wait);
                }
            }
            Event::PollEnd { task, .. } => {
                self.polled = None;
                self.end_poll(task, now);
            }
            Event::TaskDrop(task) => {
                self.tasks.remove(&task.0);
            }
            Event::IrqEnter { vector, .. } => *self.interrupts.entry(vector).or_default() += 1,
            Event::MailSent(_) => self.mail_sent += 1,
            Event::MailReceived(_) => self.mail_received += 1,
            Event::LetterWritten { .. } => self.letters_written += 1,
            Event::LetterRead { from, letter } if !letter.is_blank() => {
                let is_new = self.last_read.insert(from, letter.place) != Some(letter.place);
                self.letters_read += u64::from(is_new);
            }
            _ => {}
        }
    }

    fn wake(&mut self, task: TaskNumber, now: u64) {
        let task = self.task(task);
        task.is_ready = true;
        task.woken.get_or_insert(now);
        self.longest_queue = self.longest_queue.max(self.queue());
    }

    fn end_poll(&mut self, task: TaskNumber, now: u64) {
        let task = self.task(task);
        task.polls += 1;
        task.cycles += task.begun.take().map_or(0, |begun| now.saturating_sub(begun));
    }

    fn task(&mut self, task: TaskNumber) -> &mut TaskVitals {
        self.tasks.entry(task.0).or_default()
    }
}

#[cfg(test)]
mod tests {
    use trace_format::record::{LetterNumber, PollOutcome};

    use super::*;

    fn vitals(records: &[(u64, Event)]) -> Vitals {
        let mut vitals = Vitals::default();
        for (cycles, event) in records {
            let record = Stamped { cycles: *cycles, event: *event };
            vitals.take(&record, |place| format!("text {}", place.address));
        }
        vitals
    }

    const MAIL: TaskNumber = TaskNumber(7);

    fn begin(task: TaskNumber) -> Event {
        Event::PollBegin { task, before: TaskBefore::Waits }
    }

    #[test]
    fn time_out_of_idle_is_counted() {
        let booting = vitals(&[]);
        assert_eq!((booting.is_idle(), booting.busy_cycles(50)), (false, 50));
        let idle = vitals(&[(100, Event::Idle)]);
        assert_eq!((idle.is_idle(), idle.busy_cycles(500)), (true, 100));
        let interrupt = Event::IrqEnter { vector: 0x40, eip: 0 };
        let woken = [(100, Event::Idle), (300, interrupt), (310, begin(MAIL))];
        assert_eq!(vitals(&woken).busy_cycles(350), 150);
        assert_eq!(vitals(&[(100, Event::Idle), (300, interrupt), (320, Event::Idle)]).busy_cycles(350), 120);
    }

    #[test]
    fn tasks_are_named_and_counted_until_they_are_gone() {
        let name = TextPlace { address: 9, length: 4 };
        let end = Event::PollEnd { task: MAIL, outcome: PollOutcome::Pending };
        let mut records = vec![
            (1, Event::TaskReady(MAIL)),
            (2, Event::TaskSpawn { task: MAIL, name }),
            (10, begin(MAIL)),
            (25, end),
            (30, Event::TaskReady(MAIL)),
        ];
        let task = &vitals(&records).tasks[&7];
        assert_eq!(task.name.as_deref(), Some("text 9"));
        assert_eq!((task.polls, task.cycles, task.is_ready), (1, 15, true));
        records.push((40, Event::TaskDrop(MAIL)));
        assert!(vitals(&records).tasks.is_empty());
    }

    #[test]
    fn poll_ends_when_the_next_one_begins() {
        let other = TaskNumber(8);
        let end = Event::PollEnd { task: other, outcome: PollOutcome::Pending };
        let polls = [
            (10, begin(MAIL)),
            (30, begin(MAIL)),
            (35, Event::PollBegin { task: other, before: TaskBefore::IsReady }),
            (40, end),
        ];
        let tasks = vitals(&polls).tasks;
        assert_eq!((tasks[&7].polls, tasks[&7].cycles), (2, 25));
        assert_eq!((tasks[&8].polls, tasks[&8].cycles), (1, 5));
        assert_eq!(
            (tasks[&7].is_ready, tasks[&8].is_ready),
            (true, false),
            "the first let the second go first"
        );
    }

    #[test]
    fn waits_are_counted_from_wakes_and_queues_keep_their_longest() {
        let other = TaskNumber(8);
        let mut records = vec![
            (10, Event::TaskReady(MAIL)),
            (12, Event::TaskReady(other)),
            (20, begin(MAIL)),
            (50, Event::PollBegin { task: other, before: TaskBefore::IsReady }),
        ];
        let mut seen = vitals(&records);
        let waits = |vitals: &Vitals, task: TaskNumber| {
            let task = &vitals.tasks[&task.0];
            (task.waits, task.waited, task.longest_wait)
        };
        assert_eq!((waits(&seen, MAIL), waits(&seen, other)), ((1, 10, 10), (1, 38, 38)));
        assert_eq!((seen.queue(), seen.longest_queue), (1, 2));
        seen.begin_window();
        assert_eq!((waits(&seen, other), seen.longest_queue), ((1, 38, 0), 1));
        records.push((65, begin(MAIL)));
        assert_eq!(waits(&vitals(&records), MAIL), (2, 25, 15), "ready since it let the other go first");
    }

    #[test]
    fn letter_that_is_read_again_counts_once() {
        let letter = |place| Event::LetterRead { from: 3, letter: LetterNumber { flow: 0, place } };
        let seen =
            vitals(&[(1, letter(0)), (2, letter(0x1_0001)), (3, letter(0x1_0001)), (4, letter(0x2_0001))]);
        assert_eq!(seen.letters_read, 2);
    }

    #[test]
    fn interrupts_and_letters_are_counted() {
        let irq = |vector| Event::IrqEnter { vector, eip: 0 };
        let vitals = vitals(&[
            (1, irq(0x40)),
            (2, irq(0x50)),
            (3, irq(0x50)),
            (4, Event::MailSent(1)),
            (5, Event::MailReceived(2)),
            (6, Event::MailReceived(2)),
        ]);
        assert_eq!((vitals.interrupts[&0x50], vitals.all_interrupts()), (2, 3));
        assert_eq!((vitals.mail_sent, vitals.mail_received), (1, 2));
    }
}
