//! Collects what cores say, without disturbing them.
//!
//! Console bytes come from the emulated host's UART, trace records from the core's own view of its memory through
//! its page tables and caches. A core that has not run since the last visit is not looked at.

use scc::host::Uart;
use scc::id::CoreId;
use scc_emu::{Activity, Machine};
use scc_trace::{Anchor, RingReader, Visit};
use trace_format::phase::BootPhase;
use trace_format::record::{Event, TextPlace};
use trace_format::ring::{HEADER_BYTES, RingHeader};

use crate::console::LineCutter;
use crate::{ConsoleLine, CoreProgress, CoreState, Pace, Recording};

/// Interrupts are enabled (EFLAGS.IF).
const INTERRUPTS_ENABLED: u32 = 1 << 9;

/// What is new since the last visit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// Whole console lines.
    pub lines: Vec<ConsoleLine>,
    /// Boot phases reached, in the order of the cores.
    pub phases: Vec<(CoreId, BootPhase)>,
}

#[derive(Debug, Clone)]
struct CoreWatch {
    core: CoreId,
    ring: Option<RingReader>,
    console: LineCutter,
    progress: CoreProgress,
    cycles_seen: Option<u64>,
    /// Whether the core was reset and has not begun its ring anew: memory shows what of the life before had been written back
    /// from the caches.
    was_reset: bool,
    /// The ring's header as it was found first after a reset. Once it is another one the ring is that of this life.
    stale: Option<[u8; HEADER_BYTES]>,
}

/// What is known of every core.
#[derive(Debug, Clone)]
pub struct Watch {
    cores: Vec<CoreWatch>,
}

impl Watch {
    /// Watches all cores; `ring` is the virtual address of the kernel's trace ring, if it has one.
    pub fn new(ring: Option<u32>) -> Self {
        let cores = CoreId::all().map(|core| CoreWatch {
            core,
            ring: ring.map(RingReader::new),
            console: LineCutter::default(),
            progress: CoreProgress::default(),
            cycles_seen: None,
            was_reset: false,
            stale: None,
        });
        Self { cores: cores.collect() }
    }

    /// Visits every core that has run, and has its records written into a recording.
    pub fn visit(&mut self, machine: &Machine, mut recording: Option<&mut Recording>) -> News {
        let mut news = News::default();
        for watch in &mut self.cores {
            let cycles = Some(machine.cycles(watch.core));
            if watch.cycles_seen != cycles {
                if cycles < watch.cycles_seen {
                    watch.begin_anew();
                }
                watch.cycles_seen = cycles;
                watch.visit(machine, recording.as_deref_mut(), &mut news);
            }
        }
        news
    }

    /// Console text after the last whole line of each core.
    pub fn rest_of_lines(&mut self) -> Vec<ConsoleLine> {
        self.cores.iter_mut().filter_map(|watch| watch.console.finish(watch.core)).collect()
    }

    /// What a core has told.
    pub fn progress(&self, core: CoreId) -> &CoreProgress {
        &self.cores[core.index()].progress
    }

    /// Has what is longest of each core's waits and queues counted anew.
    pub fn begin_window(&mut self) {
        self.cores.iter_mut().for_each(|watch| watch.progress.vitals.begin_window());
    }

    /// Records of a core that nobody read in time.
    pub fn lost(&self, core: CoreId) -> u64 {
        self.cores[core.index()].ring.map_or(0, |ring| ring.lost())
    }

    /// How a core stands.
    pub fn state(&self, machine: &Machine, core: CoreId) -> CoreState {
        self.progress(core).state(machine.activity(core), is_interruptible(machine, core))
    }

    /// Whether a core executes.
    pub fn pace(&self, machine: &Machine, core: CoreId) -> Pace {
        self.progress(core).pace(machine.activity(core), is_interruptible(machine, core))
    }
}

/// Where a core's count of cycles stands on the axis of the chip.
pub(crate) fn anchor(machine: &Machine, core: CoreId) -> Anchor {
    Anchor { cycles: machine.cycles(core), picoseconds: machine.core_time(core).as_picoseconds() }
}

fn is_interruptible(machine: &Machine, core: CoreId) -> bool {
    machine.registers(core).eflags & INTERRUPTS_ENABLED != 0
}

impl CoreWatch {
    /// Forgets what the core told before it was reset: its first record of a new life comes milliseconds later.
    fn begin_anew(&mut self) {
        let CoreProgress { boots, records, .. } = self.progress;
        self.progress = CoreProgress { boots, records, ..CoreProgress::default() };
        (self.was_reset, self.stale) = (true, None);
    }

    fn visit(&mut self, machine: &Machine, recording: Option<&mut Recording>, news: &mut News) {
        let core = self.core;
        news.lines.extend(self.console.take(core, machine.console(core, Uart::Com1)));
        let memory = |address, buffer: &mut [u8]| machine.peek_linear(core, address, buffer).is_ok();
        let Some(ring) = &mut self.ring else { return };
        if matches!(machine.activity(core), Activity::Reset) {
            (self.was_reset, self.stale) = (true, None);
            return;
        }
        if self.was_reset {
            // Without page tables there is something else where the ring should be.
            let header = ring.header(memory).filter(|header| RingHeader::read(header).is_ok());
            let found = self.stale.is_some() && header.is_some() && self.stale != header;
            self.stale = self.stale.or(header);
            if !found {
                return;
            }
            self.was_reset = false;
        }
        let before = *ring;
        let records = ring.read(memory);
        if let Some(recording) = recording {
            let visit = Visit {
                anchor: anchor(machine, core),
                lost: ring.lost() - before.lost(),
                unknown: ring.unknown() - before.unknown(),
                kilohertz: ring.kilohertz(),
                records: &records,
            };
            recording.take(core, &visit, |place| text(place, memory));
        }
        for record in records {
            self.progress.take(&record, |place| text(place, memory));
            if let Event::BootPhase(phase) = record.event {
                news.phases.push((core, phase));
            }
        }
    }
}

fn text(place: TextPlace, memory: impl Fn(u32, &mut [u8]) -> bool) -> String {
    let mut bytes = vec![0; usize::from(place.length)];
    if memory(place.address, &mut bytes) {
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        format!("text at {:#010x}", place.address)
    }
}

#[cfg(test)]
mod tests {
    use scc_emu::Limits;

    use super::*;

    /// What a core told is kept while it runs and forgotten when it is reset, before it tells anything new.
    #[test]
    fn core_that_was_reset_has_told_nothing() {
        let core = CoreId::new(0).unwrap();
        let mut machine = Machine::builder().build();
        machine.default_luts(true);
        let mut watch = Watch::new(None);
        let run = |machine: &mut Machine, slices| machine.run(&Limits { until: None, slices: Some(slices) });
        machine.release(core);
        // Memory of zeroes is a row of additions.
        run(&mut machine, 8);
        assert_eq!(watch.visit(&machine, None), News::default());
        watch.cores[0].progress.tested = Some((5, 0));
        run(&mut machine, 1);
        watch.visit(&machine, None);
        assert_eq!(watch.state(&machine, core), CoreState::Passed);
        machine.hold_in_reset(core);
        machine.release(core);
        run(&mut machine, 1);
        watch.visit(&machine, None);
        assert_eq!(watch.state(&machine, core), CoreState::Booting(None));
    }
}
