//! What a core says in a storm, line by line, and what is wrong with it.

use scc::timing::Time;

/// Beginnings of kernels' lines that none may say.
const GRAVE: [&str; 3] = ["error ", "panic ", "warn "];
/// What Linux says when it finds itself at fault.
const LINUX_FAULTS: [&str; 6] = ["BUG", "Oops", "Call Trace", "WARNING", "Kernel panic", "segfault"];
/// Stops from which on the heap is compared with that of the middle.
const STOPS_FOR_HEAP: usize = 8;

/// What is wrong with what a core said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// A kernel has something to complain about, or a guest's kernel.
    #[error("says {0:?}")]
    Fault(String),
    /// A line that the judge does not understand.
    #[error("says {0:?}, which the judge does not know")]
    Unknown(String),
    /// A sum of a guest is wrong.
    #[error("a sum is wrong: {0:?}")]
    Sum(String),
    /// A guest has ended, and nobody had ordered it.
    #[error("a guest has ended by itself: {0:?}")]
    Ended(String),
    /// A guest has not given back what it had, or the core has less than the time before.
    #[error("{expected} frames should be free or the heap's after a stop, {found} are: {line:?}")]
    Frames {
        /// Frames that there should be.
        expected: u64,
        /// Frames that there are.
        found: u64,
        /// The line.
        line: String,
    },
    /// The heap has grown in the second half of the storm.
    #[error("the heap had {middle} frames in the middle and {end} at the end")]
    Heap {
        /// Frames in the middle.
        middle: u64,
        /// Frames at the end.
        end: u64,
    },
    /// An order was not carried out.
    #[error("an order to stop or to start was not carried out")]
    Orders,
    /// A guest has not come to the end of a round for long.
    #[error("a guest has not come to the end of a round")]
    Silent,
}

/// What a guest has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestRecord {
    /// Rounds, all of them with right sums.
    pub rounds: u64,
    /// Pings sent.
    pub sent: u64,
    /// Answers that came.
    pub received: u64,
    /// How often it was started.
    pub starts: u64,
    /// Frames that it gave back when it was stopped the last time.
    pub freed: u64,
}

/// What a core has said so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) guest: GuestRecord,
    /// When the last round was over, or the guest was told to start.
    pub(super) last_round: Time,
    /// Rounds with answers to its pings, since it was last started.
    answered: u64,
    /// Orders to stop and to start that were not carried out yet.
    stops: u32,
    starts: u32,
    /// Frames of the core that are free or the heap's, and the heap's, after each stop.
    after: Vec<(u64, u64)>,
}

impl Record {
    pub(super) fn ordered_to_stop(&mut self) {
        self.stops += 1;
    }

    pub(super) fn ordered_to_start(&mut self, now: Time) {
        self.starts += 1;
        self.last_round = now;
    }

    pub(super) fn has_orders(&self) -> bool {
        self.stops + self.starts != 0
    }

    /// Whether the guest has come to the end of a round, with answers, since it was last told to start.
    pub(super) fn has_come_round(&self) -> bool {
        !self.has_orders() && self.answered != 0
    }

    /// Takes a line that the core has printed by `now`.
    pub(super) fn take(&mut self, line: &str, now: Time) -> Result<(), Complaint> {
        let Some((_, said)) = line.split_once("] ") else {
            return Err(Complaint::Unknown(line.to_owned()));
        };
        if GRAVE.iter().any(|grave| said.starts_with(grave)) {
            return Err(Complaint::Fault(line.to_owned()));
        }
        if let Some((_, round)) = said.strip_prefix("guest ").and_then(|said| said.split_once(": storm: ")) {
            return self.take_round(round, now);
        }
        if said.starts_with("guest ") && LINUX_FAULTS.iter().any(|fault| said.contains(fault)) {
            return Err(Complaint::Fault(line.to_owned()));
        }
        let Some(said) = said.strip_prefix("info guest: ") else { return Ok(()) };
        match said.split_once(' ').map_or(said, |(verb, _)| verb) {
            "started" => {
                self.guest.starts += 1;
                self.answered = 0;
                self.starts = self.starts.saturating_sub(1);
            }
            "ended" if self.stops == 0 || !said.ends_with(" by order") => {
                return Err(Complaint::Ended(line.to_owned()));
            }
            "freed" => {
                self.stops = self.stops.saturating_sub(1);
                self.take_frames(said, line)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What is left to say when all is over.
    pub(super) fn finish(&self) -> Result<(), Complaint> {
        if self.has_orders() {
            return Err(Complaint::Orders);
        }
        let heap = |at: usize| self.after.get(at).map_or(0, |(_, heap)| *heap);
        let (middle, end) = (heap(self.after.len() / 2), heap(self.after.len().saturating_sub(1)));
        if self.after.len() >= STOPS_FOR_HEAP && end > middle {
            return Err(Complaint::Heap { middle, end });
        }
        Ok(())
    }

    fn take_round(&mut self, round: &str, now: Time) -> Result<(), Complaint> {
        let unknown = || Complaint::Unknown(round.to_owned());
        for sum in ["pipeline", "disk"] {
            match word(round, sum) {
                Some("right") => {}
                Some(_) => return Err(Complaint::Sum(round.to_owned())),
                None => return Err(unknown()),
            }
        }
        let [sent, received] = ["sent", "received"].map(|name| number(round, name));
        self.guest.sent += sent.ok_or_else(unknown)?;
        let received = received.ok_or_else(unknown)?;
        self.guest.received += received;
        self.answered += u64::from(received != 0);
        self.guest.rounds += 1;
        self.last_round = now;
        Ok(())
    }

    fn take_frames(&mut self, said: &str, line: &str) -> Result<(), Complaint> {
        let unknown = || Complaint::Unknown(line.to_owned());
        let read = |name| number(said, name).ok_or_else(unknown);
        let (freed, held, free, heap) = (read("frames")?, read("held")?, read("free")?, read("heap")?);
        let wrong = |expected, found| Complaint::Frames { expected, found, line: line.to_owned() };
        if freed != held {
            return Err(wrong(held, freed));
        }
        if let Some((before, _)) = self.after.last().filter(|(before, _)| *before != free + heap) {
            return Err(wrong(*before, free + heap));
        }
        self.after.push((free + heap, heap));
        self.guest.freed = freed;
        Ok(())
    }
}

/// The value of `name=value` among words.
fn word<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(' ')
        .find_map(|word| word.split_once('=').filter(|(key, _)| *key == name))
        .map(|(_, value)| value)
}

fn number(text: &str, name: &str) -> Option<u64> {
    word(text, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: &str =
        "[08 1.5] guest linux: storm: round=1 pipeline=right disk=right next=0 sent=200 received=199";

    fn record(lines: &[&str]) -> Result<Record, Complaint> {
        let mut record = Record::default();
        lines.iter().try_for_each(|line| record.take(line, Time::from_microseconds(7)))?;
        Ok(record)
    }

    #[test]
    fn rounds_are_counted_and_wrong_sums_are_found() {
        let good = record(&["[08 0.1] info boot: ready", "[08 1.2] guest linux: hello", ROUND, ROUND])
            .expect("all is well");
        let GuestRecord { rounds, sent, received, .. } = good.guest;
        assert_eq!((rounds, sent, received), (2, 400, 398));
        assert_eq!(good.last_round, Time::from_microseconds(7));
        let wrong = ROUND.replace("disk=right", "disk=wrong:0123");
        assert!(matches!(record(&[&wrong]), Err(Complaint::Sum(_))));
        let lacking = ROUND.replace("sent=200", "sent=");
        assert!(matches!(record(&[&lacking]), Err(Complaint::Unknown(_))));
    }

    #[test]
    fn faults_of_kernels_and_guests_are_found() {
        for line in [
            "[08 0.1] error guest: frames lost name=linux moved=1 held=2",
            "[08 0.1] panic kernel: no",
            "[08 0.1] guest linux: BUG: unable to handle page fault",
        ] {
            assert!(matches!(record(&[line]), Err(Complaint::Fault(_))), "{line}");
        }
        let end = "[08 0.1] info guest: ended name=linux by itself reason=panic detail=0x0";
        assert!(matches!(record(&[end]), Err(Complaint::Ended(_))));
    }

    #[test]
    fn frames_come_back_and_orders_are_carried_out() {
        let freed = |frames: u32, free: u32, heap: u32| {
            format!("[08 2.0] info guest: freed name=linux frames={frames} held=90 free={free} heap={heap}")
        };
        let ended = "[08 2.0] info guest: ended name=linux by order";
        let started = "[08 2.1] info guest: started name=linux memory=32768K from=its image";
        let run = |lines: &[&str]| {
            let mut record = Record::default();
            record.ordered_to_stop();
            record.ordered_to_start(Time::ZERO);
            record.ordered_to_stop();
            lines.iter().try_for_each(|line| record.take(line, Time::ZERO))?;
            record.finish()
        };
        let (one, grown, short) = (freed(90, 500, 20), freed(90, 480, 40), freed(90, 499, 20));
        assert_eq!(run(&[ended, &one, started, ended, &grown]), Ok(()));
        assert_eq!(run(&[ended, &one, started, ended]), Err(Complaint::Orders));
        assert!(matches!(run(&[ended, &freed(89, 500, 20)]), Err(Complaint::Frames { .. })));
        assert!(matches!(run(&[ended, &one, started, ended, &short]), Err(Complaint::Frames { .. })));
    }

    #[test]
    fn guest_comes_round_anew_after_each_start_and_with_answers_only() {
        let mut record = Record::default();
        let take = |record: &mut Record, line: &str| record.take(line, Time::ZERO).expect("all is well");
        take(&mut record, &ROUND.replace("received=199", "received=0"));
        assert!(!record.has_come_round());
        take(&mut record, ROUND);
        assert!(record.has_come_round());
        record.ordered_to_stop();
        record.ordered_to_start(Time::ZERO);
        take(&mut record, ROUND);
        assert!(!record.has_come_round(), "that was still the life before");
        take(&mut record, "[08 2.0] info guest: freed name=linux frames=90 held=90 free=500 heap=20");
        take(&mut record, "[08 2.1] info guest: started name=linux memory=32768K from=its image");
        assert!(!record.has_come_round());
        take(&mut record, ROUND);
        assert!(record.has_come_round());
    }

    #[test]
    fn heap_may_grow_in_the_first_half_only() {
        let after = |heap: [u64; 8]| {
            Record { after: heap.map(|heap| (500, heap)).to_vec(), ..Record::default() }.finish()
        };
        assert_eq!(after([10, 20, 30, 40, 40, 40, 40, 40]), Ok(()));
        assert_eq!(after([10, 10, 10, 10, 10, 10, 10, 20]), Err(Complaint::Heap { middle: 10, end: 20 }));
    }
}
