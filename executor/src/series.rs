//! What is counted and recorded of polls that follow each other: the end of one is the beginning of the next, so that
//! each reads the clock once and has one record. Nothing, without features `accounting` and `trace`.
#![cfg_attr(not(feature = "trace"), expect(unused_variables, reason = "nothing is recorded"))]

use crate::platform::Platform;
use crate::task::header::TaskRef;
#[cfg(any(feature = "accounting", feature = "trace"))]
use crate::time::Instant;
#[cfg(feature = "trace")]
use crate::trace::{Event, Then};

/// How a task is polled: whether its poll is likely to be the first of a series, or to follow another.
pub(crate) const ALONE: bool = true;
pub(crate) const IN_LANE: bool = false;

/// Polls that follow each other at once.
#[derive(Debug)]
pub(crate) struct Series {
    /// When the last poll ended, or began.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    clock: Instant,
    /// The task that was polled last. It has not ended, and nobody has done anything with a task since.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    last: Option<TaskRef>,
    /// What became of it, which is not recorded yet.
    #[cfg(feature = "trace")]
    then: Then,
}

impl Series {
    /// No poll yet.
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(any(feature = "accounting", feature = "trace"))]
            clock: Instant::START,
            #[cfg(any(feature = "accounting", feature = "trace"))]
            last: None,
            #[cfg(feature = "trace")]
            then: Then::Waits,
        }
    }

    /// The task that was polled last is ready again: since the end of its poll, if it let others go first.
    #[inline(always)]
    pub(crate) fn note_yield(&mut self, task: TaskRef) {
        #[cfg(any(feature = "accounting", feature = "trace"))]
        if task.header().yielded.load() != 0 {
            task.header().yielded.store(0);
            task.header().account.woken(self.clock);
            #[cfg(feature = "trace")]
            {
                self.then = Then::Yielded;
            }
        }
    }

    /// Something else than the next poll comes: the end of the last one is recorded.
    #[inline]
    pub(crate) fn end<P: Platform>(&mut self, platform: &P) {
        #[cfg(feature = "trace")]
        if let Some(last) = self.last {
            let id = last.header().id.get();
            platform.record(self.clock, Event::PollEnd(id));
            if self.then == Then::Yielded {
                platform.record(self.clock, Event::Ready(id));
            }
        }
        *self = Self::new();
    }
}

#[cfg(any(feature = "accounting", feature = "trace"))]
impl Series {
    /// A poll begins. Reads the clock, unless a poll has ended just now.
    #[inline(always)]
    pub(crate) fn begin<P: Platform, const IS_ALONE: bool>(&mut self, platform: &P, task: TaskRef) {
        match self.last {
            None if IS_ALONE => self.begin_first(platform, task),
            None => self.begin_first_in_lane(platform, task),
            Some(_last) => {
                #[cfg(feature = "trace")]
                platform.record(
                    self.clock,
                    Event::PollSwitch {
                        ended: _last.header().id.get(),
                        then: self.then,
                        begun: task.header().id.get(),
                    },
                );
            }
        }
        #[cfg(feature = "trace")]
        {
            self.then = Then::Waits;
        }
        task.header().account.poll_begins(self.clock);
    }

    /// Not inlined: one record less to choose between where polls follow each other.
    #[inline(never)]
    fn begin_first_in_lane<P: Platform>(&mut self, platform: &P, task: TaskRef) {
        self.begin_first(platform, task);
    }

    #[inline(always)]
    fn begin_first<P: Platform>(&mut self, platform: &P, _task: TaskRef) {
        self.clock = platform.now();
        #[cfg(feature = "trace")]
        platform.record(self.clock, Event::PollBegin(_task.header().id.get()));
    }

    /// A poll ended. Reads the clock.
    #[inline(always)]
    pub(crate) fn count<P: Platform>(&mut self, platform: &P, task: TaskRef) {
        let end = platform.now();
        // The clock does not go backwards.
        task.header().account.poll_ended(end.ticks().wrapping_sub(self.clock.ticks()));
        self.clock = end;
        self.last = Some(task);
    }

    /// The last poll of a task ended.
    #[inline(never)]
    pub(crate) fn count_last<P: Platform>(&mut self, platform: &P, task: TaskRef) {
        self.count(platform, task);
    }
}
