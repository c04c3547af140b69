//! Watches cores and writes the lines.
//!
//! An instruction's line is written when its effect is known: before the core's next instruction, or when the
//! slice ends. An instruction that was refused and will be started again leaves no line.

use super::delta::Snapshot;
use super::options::{Events, TraceFilter, TraceOptions};
use super::text::{self, Disassembler, MAX_LENGTH};
use crate::chip::Fabric;
use crate::cpu::delivery::Delivery;
use crate::cpu::run::Observer;
use crate::cpu::segment::SegmentName;
use crate::cpu::state::Core;
use crate::machine::linear::peek;
use crate::mmu::walk::Intent;
use scc::id::CoreId;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Bytes collected before they are written.
const BUFFER: usize = 1 << 20;

/// Why a trace is not complete.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be created.
    #[error("cannot create the trace {}: {source}", file.display())]
    Create {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing failed; the trace ends before.
    #[error("cannot write the trace: {0}")]
    Write(io::Error),
}

/// An instruction that has been started.
#[derive(Debug)]
struct Pending {
    core: CoreId,
    linear: u32,
    selector: u16,
    eip: u32,
    wide: bool,
    bytes: [u8; MAX_LENGTH],
    length: usize,
    cycles: u64,
    instructions: u64,
    before: Snapshot,
}

/// A trace being written.
pub struct Tracer {
    out: Box<dyn Write>,
    filter: TraceFilter,
    disassembler: Disassembler,
    text: String,
    pending: Option<Pending>,
    /// The core whose slice it is.
    current: Option<CoreId>,
    /// Recorded transactions and deliveries already dealt with.
    seen_transactions: usize,
    seen_deliveries: usize,
    failure: Option<io::Error>,
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracer").field("filter", &self.filter).finish_non_exhaustive()
    }
}

impl Tracer {
    /// Creates the file of `options`.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn create(options: &TraceOptions) -> Result<Self, TraceError> {
        let file = File::create(&options.file)
            .map_err(|source| TraceError::Create { file: options.file.clone(), source })?;
        Ok(Self::new(Box::new(file), options.filter.clone()))
    }

    /// Traces into any writer.
    #[must_use]
    pub fn new(out: Box<dyn Write>, filter: TraceFilter) -> Self {
        Tracer {
            out: Box::new(BufWriter::with_capacity(BUFFER, out)),
            filter,
            disassembler: Disassembler::new(),
            text: String::new(),
            pending: None,
            current: None,
            seen_transactions: 0,
            seen_deliveries: 0,
            failure: None,
        }
    }

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// If this or an earlier write failed.
    pub fn finish(&mut self) -> Result<(), TraceError> {
        match self.failure.take() {
            Some(failure) => Err(TraceError::Write(failure)),
            None => self.out.flush().map_err(TraceError::Write),
        }
    }

    /// Whether a write has failed; nothing more is written then.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Writes what `core` did in the slice that has ended, if it was its slice; the machine forgets its records
    /// afterwards.
    pub(super) fn end_slice(&mut self, core: &Core, fabric: &Fabric) {
        let delivered = core.deliveries.as_ref().is_some_and(|deliveries| !deliveries.is_empty());
        if self.current == Some(core.id) || self.current.is_none() && delivered {
            self.settle(core, fabric);
            self.current = None;
            self.seen_transactions = 0;
            self.seen_deliveries = 0;
        }
    }

    fn begin(&mut self, core: &Core, fabric: &Fabric) {
        let linear = core.linear_eip();
        if !self.filter.wants(core.id, linear, core.time()) {
            return;
        }
        let mut bytes = [0; MAX_LENGTH];
        let length = (1..=MAX_LENGTH)
            .rev()
            .find(|length| peek(core, fabric, linear, &mut bytes[..*length], Intent::Fetch).is_ok());
        let code = core.segment(SegmentName::Cs);
        self.pending = Some(Pending {
            core: core.id,
            linear,
            selector: code.selector,
            eip: core.eip,
            wide: code.big,
            bytes,
            length: length.unwrap_or(0),
            cycles: stamp(core, core.cycles),
            instructions: core.instructions,
            before: Snapshot::of(core),
        });
    }

    /// Writes the line of the pending instruction, if it did anything, and of what it caused.
    fn settle(&mut self, core: &Core, fabric: &Fabric) {
        let deliveries = core.deliveries.as_deref().unwrap_or_default();
        let deliveries = &deliveries[self.seen_deliveries.min(deliveries.len())..];
        let transactions = &fabric.transactions()[self.seen_transactions..];
        self.seen_deliveries += deliveries.len();
        self.seen_transactions += transactions.len();
        let pending = self.pending.take().filter(|pending| pending.core == core.id);
        let wanted = pending.is_some()
            || deliveries
                .iter()
                .any(|delivery| self.filter.wants(core.id, delivery.before.linear_eip, core.time()));
        if let Some(pending) = pending {
            self.write_execution(&pending, core, deliveries.first());
        }
        if !wanted {
            return;
        }
        if self.filter.shows(Events::BUS) {
            for event in transactions {
                let cycles = stamp(core, event.issued.saturating_sub(core.epoch).cycles_floor(core.period));
                text::write_head(&mut self.text, cycles, core.id.number(), "bus");
                text::write_transaction(&mut self.text, event, core.period);
                self.end_line();
            }
        }
        if self.filter.shows(Events::INTERRUPTS) {
            for delivery in deliveries {
                let cycles = delivery.before.time_stamp;
                text::write_head(&mut self.text, cycles, core.id.number(), text::kind(delivery));
                text::write_delivery(&mut self.text, delivery);
                self.end_line();
            }
        }
    }

    fn write_execution(&mut self, pending: &Pending, core: &Core, delivery: Option<&Delivery>) {
        let now = Snapshot::of(core);
        let (after, eip) = match delivery {
            Some(delivery) => (now.rewind(&delivery.before), delivery.before.eip),
            None => (now, core.eip),
        };
        let happened = core.instructions != pending.instructions
            || eip != pending.eip
            || after != pending.before
            || delivery.is_some();
        if !happened || !self.filter.shows(Events::EXECUTION) {
            return;
        }
        let head = (pending.cycles, pending.core.number());
        text::write_head(&mut self.text, head.0, head.1, "exec");
        let Pending { linear, selector, eip, wide, .. } = *pending;
        self.text.push_str(&format!("{linear:08x} {selector:04x}:{eip:08x} "));
        self.disassembler.write(&mut self.text, &pending.bytes[..pending.length], eip, wide);
        let start = self.text.len();
        self.text.push_str("  ;");
        pending.before.write_changes(&after, &mut self.text);
        if self.text.ends_with(';') {
            self.text.truncate(start);
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        self.text.push('\n');
        if self.failure.is_none()
            && let Err(failure) = self.out.write_all(self.text.as_bytes())
        {
            self.failure = Some(failure);
        }
        self.text.clear();
    }
}

/// The core's time-stamp counter when its cycle count is `cycles`.
fn stamp(core: &Core, cycles: u64) -> u64 {
    core.tsc_base.wrapping_add(cycles)
}

impl Observer for Tracer {
    fn before(&mut self, core: &Core, fabric: &Fabric) -> bool {
        self.current = Some(core.id);
        self.settle(core, fabric);
        self.begin(core, fabric);
        self.failure.is_none()
    }
}

/// A tracer and a second observer, which is asked first.
pub(super) struct Both<'a, 'b> {
    pub(super) tracer: &'a mut Tracer,
    pub(super) other: Option<&'a mut (dyn Observer + 'b)>,
}

impl Observer for Both<'_, '_> {
    fn before(&mut self, core: &Core, fabric: &Fabric) -> bool {
        self.other.as_mut().is_none_or(|other| other.before(core, fabric)) && self.tracer.before(core, fabric)
    }
}
