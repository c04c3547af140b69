//! A whole trace in memory: records as the cores wrote them, by core and life.

use std::collections::HashMap;

use scc::id::CoreId;
use trace_format::file::BatchHeader;
use trace_format::record::{Event, RECORD_BYTES, RecordWords, Stamped, TextPlace};

use crate::clock::{Anchor, Clock, PICOSECONDS_OF_TICK};
use crate::file::About;

/// A recorded run.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// What was known before it began.
    pub about: About,
    /// How it ended; `None` if the recorder was cut off.
    pub outcome: Option<String>,
    /// What is wrong with the file behind what was read; `None` if it is whole.
    pub damage: Option<String>,
    /// Constant texts of the kernel by address and length.
    pub(crate) texts: HashMap<(u32, u8), String>,
    /// Lives in the order of cores, those of a core in the order of time.
    lives: Vec<Life>,
}

/// What a core did from one reset to the next.
#[derive(Debug, Clone)]
pub struct Life {
    /// The core.
    pub core: CoreId,
    /// How often it was started before.
    pub number: u32,
    /// Its clock.
    pub clock: Clock,
    anchors: Vec<Anchor>,
    kilohertz: u32,
    batches: Vec<Mark>,
    records: Vec<RecordWords>,
}

/// Where a batch begins among the records of a life.
#[derive(Debug, Clone, Copy)]
struct Mark {
    first: usize,
    lost: u32,
    unknown: u32,
}

/// Records that follow each other without loss.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch<'a> {
    /// Records that were lost before these.
    pub(crate) lost: u32,
    /// The records.
    pub(crate) records: &'a [RecordWords],
}

impl Trace {
    /// Lives of all cores.
    pub fn lives(&self) -> &[Life] {
        &self.lives
    }

    /// Records of all cores.
    pub fn records(&self) -> usize {
        self.lives.iter().map(|life| life.records.len()).sum()
    }

    /// Text at a place in the kernel's memory, or words that say where it is.
    pub(crate) fn text(&self, place: TextPlace) -> String {
        let known = self.texts.get(&(place.address, place.length)).cloned();
        known.unwrap_or_else(|| format!("text at {:#010x}", place.address))
    }

    /// Adds a batch of a core.
    pub(crate) fn add(&mut self, core: CoreId, header: &BatchHeader, records: &[u8]) {
        let number = header.life.get();
        let at = match self.lives.iter().position(|life| life.core == core && life.number == number) {
            Some(at) => at,
            None => {
                self.lives.push(Life::new(core, number));
                self.lives.len() - 1
            }
        };
        let life = &mut self.lives[at];
        life.batches.push(Mark {
            first: life.records.len(),
            lost: header.lost.get(),
            unknown: header.unknown.get(),
        });
        life.anchors.push(Anchor { cycles: header.cycles.get(), picoseconds: header.picoseconds.get() });
        life.kilohertz = life.kilohertz.max(header.cycles_kilohertz.get());
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("chunks of four bytes"));
        life.records.extend(records.chunks_exact(RECORD_BYTES).map(|record| {
            let (a, b) = record.split_at(RECORD_BYTES / 2);
            [word(&a[..4]), word(&a[4..]), word(&b[..4]), word(&b[4..])]
        }));
    }

    /// Orders the lives and makes their clocks, once all batches are there.
    pub(crate) fn finish(&mut self) {
        self.lives.sort_by_key(|life| (life.core.number(), life.number));
        self.lives.iter_mut().for_each(Life::set_clock);
    }
}

impl Life {
    fn new(core: CoreId, number: u32) -> Self {
        let clock = Clock::new([], 0);
        Self {
            core,
            number,
            clock,
            anchors: Vec::new(),
            kilohertz: 0,
            batches: Vec::new(),
            records: Vec::new(),
        }
    }

    /// Records that nobody read in time.
    pub fn lost(&self) -> u64 {
        self.batches.iter().map(|batch| u64::from(batch.lost)).sum()
    }

    /// Records whose kinds the recorder or this program does not know.
    pub fn unknown(&self) -> u64 {
        let here = self.records.iter().filter(|words| Stamped::decode(**words).is_err()).count();
        let before: u64 = self.batches.iter().map(|batch| u64::from(batch.unknown)).sum();
        before + u64::try_from(here).expect("counts have at most 64 bits")
    }

    /// Records read.
    pub const fn records(&self) -> usize {
        self.records.len()
    }

    /// Cycles of the core when its records were read last.
    pub(crate) fn last_seen(&self) -> u64 {
        self.anchors.iter().map(|anchor| anchor.cycles).max().unwrap_or(0)
    }

    /// Runs of records between losses.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        let starts: Vec<_> =
            self.batches.iter().enumerate().filter(|(at, mark)| *at == 0 || mark.lost > 0).collect();
        let ends: Vec<_> = starts.iter().skip(1).map(|(_, mark)| mark.first).collect();
        let ends = ends.into_iter().chain([self.records.len()]);
        starts
            .into_iter()
            .zip(ends)
            .map(|((_, mark), end)| Stretch { lost: mark.lost, records: &self.records[mark.first..end] })
    }

    /// The kernel's own readings of the FPGA's clock.
    fn clock_readings(&self) -> impl Iterator<Item = Anchor> {
        self.records.iter().filter_map(|words| match Stamped::decode(*words).ok()? {
            Stamped { cycles, event: Event::ClockAnchor(ticks) } => {
                Some(Anchor { cycles, picoseconds: ticks.saturating_mul(PICOSECONDS_OF_TICK) })
            }
            _ => None,
        })
    }

    /// Largest distance between the kernel's own readings of the chip's clock and this life's clock, in picoseconds;
    /// `None` if the kernel has recorded none.
    pub fn clock_error(&self) -> Option<u64> {
        self.clock_readings()
            .map(|anchor| self.clock.picoseconds(anchor.cycles).abs_diff(anchor.picoseconds))
            .max()
    }

    fn set_clock(&mut self) {
        let exact: Vec<_> = self.anchors.iter().filter(|anchor| anchor.picoseconds != 0).copied().collect();
        self.clock = if exact.is_empty() {
            Clock::new(self.clock_readings(), self.kilohertz)
        } else {
            Clock::new(exact, self.kilohertz)
        };
    }
}
