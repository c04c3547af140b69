//! From rings that are read again and again to a trace: gathers records into batches and tells lives apart.

use std::io::{Seek, Write};

use scc::id::CoreId;
use trace_format::phase::BootPhase;
use trace_format::record::{Event, RecordWords, Stamped, TextPlace};

use crate::clock::Anchor;
use crate::file::{About, Batch, TraceWriter, WriteError};

/// Records after which a batch is written.
const BATCH: usize = 1024;

/// What a look into a core's ring has brought.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// Cycles of the core and time of the chip, at or after the last record.
    pub anchor: Anchor,
    /// Records that were overwritten since the look before.
    pub lost: u64,
    /// Records of unknown kinds since then.
    pub unknown: u64,
    /// Rate of the core's cycles in kHz as its kernel states it, 0 if it has not.
    pub kilohertz: u32,
    /// The records, those behind a loss only.
    pub records: &'a [Stamped],
}

#[derive(Debug, Clone, Default)]
struct Pending {
    life: u32,
    lost: u64,
    unknown: u64,
    kilohertz: u32,
    anchor: Option<Anchor>,
    records: Vec<RecordWords>,
    /// Whether anything of this life was written or waits to be.
    has_begun: bool,
}

/// Collects the records of all cores into a trace file.
pub struct Collector<W: Write + Seek> {
    writer: TraceWriter<W>,
    cores: Vec<Pending>,
    records: u64,
    lost: u64,
}

impl<W: Write + Seek> Collector<W> {
    /// Begins a trace.
    ///
    /// # Errors
    /// [`WriteError`] if `out` cannot be written.
    pub fn new(out: W, about: &About) -> Result<Self, WriteError> {
        let writer = TraceWriter::new(out, about)?;
        Ok(Self { writer, cores: vec![Pending::default(); CoreId::COUNT], records: 0, lost: 0 })
    }

    /// Records taken so far.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Rate that the kernel of a core has stated, 0 if it has not.
    pub fn kilohertz(&self, core: CoreId) -> u32 {
        self.cores[core.index()].kilohertz
    }

    /// Records that were lost so far.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes what a look into a core's ring has brought; `text` reads a constant text of its kernel.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written.
    pub fn take(
        &mut self,
        core: CoreId,
        visit: &Visit<'_>,
        text: impl Fn(TextPlace) -> String,
    ) -> Result<(), WriteError> {
        self.lost += visit.lost;
        if visit.lost > 0 {
            self.flush(core)?;
        }
        let pending = &mut self.cores[core.index()];
        pending.lost += visit.lost;
        pending.unknown += visit.unknown;
        for record in visit.records {
            if record.event == Event::BootPhase(BootPhase::Reset) && self.cores[core.index()].has_begun {
                self.flush(core)?;
                let pending = &mut self.cores[core.index()];
                *pending = Pending { life: pending.life + 1, ..Pending::default() };
            }
            if let Some(place) = text_of(record.event) {
                self.writer.text(place, || text(place))?;
            }
            let pending = &mut self.cores[core.index()];
            pending.has_begun = true;
            pending.records.push(record.encode());
            self.records += 1;
        }
        let pending = &mut self.cores[core.index()];
        pending.kilohertz = visit.kilohertz;
        // A core that was just reset has not told so yet: its count no longer belongs to the life that goes on here.
        if pending.anchor.is_none_or(|before| before.cycles <= visit.anchor.cycles) {
            pending.anchor = Some(visit.anchor);
        }
        if pending.records.len() >= BATCH { self.flush(core) } else { Ok(()) }
    }

    /// Writes what is left and ends the trace; `outcome` says how the run ended.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written.
    pub fn finish(mut self, outcome: &str) -> Result<(), WriteError> {
        for core in CoreId::all() {
            self.flush(core)?;
        }
        self.writer.finish(outcome)
    }

    fn flush(&mut self, core: CoreId) -> Result<(), WriteError> {
        let pending = &mut self.cores[core.index()];
        let Some(anchor) = pending.anchor.filter(|_| pending.has_begun || pending.lost > 0) else {
            return Ok(());
        };
        let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let batch = Batch {
            life: pending.life,
            lost: narrow(pending.lost),
            unknown: narrow(pending.unknown),
            kilohertz: pending.kilohertz,
            anchor,
            records: &pending.records,
        };
        self.writer.batch(core, &batch)?;
        (pending.lost, pending.unknown) = (0, 0);
        pending.records.clear();
        Ok(())
    }
}

/// The constant text that an event names.
const fn text_of(event: Event) -> Option<TextPlace> {
    match event {
        Event::TaskSpawn { name, .. } | Event::SelfTest { name, .. } => Some(name),
        Event::Panic { file, .. } => Some(file),
        _ => None,
    }
}
