//! What cores and tasks did over a span of emulated time.

use std::collections::BTreeMap;

use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::{Session, TaskVitals};
use serde::Serialize;

/// What a core did. Rates are per second of emulated time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct CoreSample {
    pub(super) core: u8,
    pub(super) state: &'static str,
    /// Share of time out of idle, 0 to 1.
    pub(super) busy: f64,
    /// Tasks that are ready and not being polled: now, and at most.
    pub(super) queue: usize,
    pub(super) longest_queue: usize,
    pub(super) interrupts_per_second: f64,
    pub(super) letters_written_per_second: f64,
    pub(super) letters_read_per_second: f64,
    /// Trace records that nobody read in time, since the start; figures lack them.
    pub(super) lost_records: u64,
}

/// What a task did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TaskSample {
    pub(super) core: u8,
    pub(super) task: String,
    pub(super) is_ready: bool,
    /// Share of its core's cycles in its polls, 0 to 1.
    pub(super) share: f64,
    pub(super) polls_per_second: f64,
    /// Cycles from a wake to the poll: mean and most; `None` if it was not polled.
    pub(super) mean_wait: Option<u64>,
    pub(super) longest_wait: Option<u64>,
    /// Mean length of a poll in cycles.
    pub(super) mean_poll: Option<u64>,
}

/// What all did.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Sample {
    /// Emulated time since power-on, in microseconds.
    pub(super) at_microseconds: u64,
    /// Length of the span in microseconds.
    pub(super) span_microseconds: u64,
    pub(super) cores: Vec<CoreSample>,
    pub(super) tasks: Vec<TaskSample>,
}

/// Counts of a core at the beginning of a span.
#[derive(Debug, Clone, Default)]
struct Before {
    busy: u64,
    interrupts: u64,
    letters_written: u64,
    letters_read: u64,
    tasks: BTreeMap<u32, TaskVitals>,
}

/// Takes samples, each of the time since the one before.
#[derive(Debug, Clone)]
pub(super) struct Sampler {
    since: Time,
    before: Vec<Before>,
}

/// Growth of a count. A core that was started again, or a task of a number that was used before, counts from 0.
fn grown(now: u64, before: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

impl Sampler {
    /// A sampler whose first span begins at power-on.
    pub(super) fn new() -> Self {
        Self { since: Time::ZERO, before: vec![Before::default(); CoreId::COUNT] }
    }

    /// When the current span began.
    pub(super) const fn since(&self) -> Time {
        self.since
    }

    /// Ends a span and begins the next one.
    pub(super) fn take(&mut self, session: &mut Session) -> Sample {
        let now = session.machine.time();
        let span = now.saturating_sub(std::mem::replace(&mut self.since, now));
        let microseconds = |time: Time| time.as_picoseconds() / 1_000_000;
        let mut sample = Sample {
            at_microseconds: microseconds(now),
            span_microseconds: microseconds(span),
            ..Sample::default()
        };
        let cores: Vec<_> = session.observer.cores().iter().collect();
        for core in cores {
            self.take_core(session, core, span, &mut sample);
        }
        session.observer.watch.begin_window();
        sample
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn take_core(&mut self, session: &Session, core: CoreId, span: Time, sample: &mut Sample) {
        let vitals = &session.observer.watch.progress(core).vitals;
        let before = &mut self.before[core.index()];
        let period = session.machine.fabric().tile_period(core.tile());
        let cycles = span.cycles_floor(period).max(1) as f64;
        let seconds = span.as_picoseconds().max(1) as f64 / 1e12;
        let rate = |now, before| grown(now, before) as f64 / seconds;
        let busy = vitals.busy_cycles(session.machine.cycles(core));
        let interrupts = vitals.all_interrupts();
        sample.cores.push(CoreSample {
            core: core.number(),
            state: session.state(core).word(),
            busy: (grown(busy, before.busy) as f64 / cycles).min(1.0),
            queue: vitals.queue(),
            longest_queue: vitals.longest_queue,
            interrupts_per_second: rate(interrupts, before.interrupts),
            letters_written_per_second: rate(vitals.letters_written, before.letters_written),
            letters_read_per_second: rate(vitals.letters_read, before.letters_read),
            lost_records: session.observer.watch.lost(core),
        });
        for (number, task) in &vitals.tasks {
            // A number that another task had begins anew.
            let known = before.tasks.get(number).filter(|before| before.polls <= task.polls);
            let since = |count: fn(&TaskVitals) -> u64| grown(count(task), known.map_or(0, count));
            let (polls, waits) = (since(|task| task.polls), since(|task| task.waits));
            let cycles_in_polls = since(|task| task.cycles);
            sample.tasks.push(TaskSample {
                core: core.number(),
                task: task.name.clone().unwrap_or_else(|| format!("number {number}")),
                is_ready: task.is_ready,
                share: (cycles_in_polls as f64 / cycles).min(1.0),
                polls_per_second: polls as f64 / seconds,
                mean_wait: since(|task| task.waited).checked_div(waits),
                longest_wait: (waits > 0).then_some(task.longest_wait),
                mean_poll: cycles_in_polls.checked_div(polls),
            });
        }
        *before = Before {
            busy,
            interrupts,
            letters_written: vitals.letters_written,
            letters_read: vitals.letters_read,
            tasks: vitals.tasks.clone(),
        };
    }
}

#[cfg(test)]
mod tests {
    use scc_boot::{Goal, Observer, Watch};
    use scc_emu::loader::SymbolTable;
    use scc_emu::{Limits, Machine};

    use super::*;

    #[test]
    fn each_sample_tells_of_the_time_since_the_one_before() {
        let mut machine = Machine::builder().build();
        machine.default_luts(true);
        let core = CoreId::new(1).unwrap();
        machine.release(core);
        let cores = "0-1".parse().unwrap();
        let observer = Observer::new(Watch::new(None), cores, Goal::SelfTests, SymbolTable::default());
        let mut session = Session::new(machine, observer);
        let mut sampler = Sampler::new();
        let mut sample_at = |microseconds| {
            let until = Some(Time::from_microseconds(microseconds));
            // Memory of zeroes is a row of additions.
            session.machine.run(&Limits { until, slices: None });
            sampler.take(&mut session)
        };
        let samples = [sample_at(100), sample_at(300)];
        assert_eq!(samples.each_ref().map(|sample| sample.span_microseconds), [100, 200]);
        let busy = samples.each_ref().map(|sample| [0, 1].map(|core: usize| sample.cores[core].busy > 0.99));
        assert_eq!(busy, [[false, true], [false, true]], "core 0 is in reset");
        assert!(samples[1].tasks.is_empty());
    }

    #[test]
    fn count_that_has_begun_anew_counts_from_nothing() {
        assert_eq!((grown(7, 5), grown(3, 5)), (2, 3));
    }
}
