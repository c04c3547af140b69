//! What happens on this core, recorded for tools: see [`trace_format`].

use core::sync::atomic::{AtomicBool, Ordering};

use trace_format::phase::BootPhase;
use trace_format::record::{Event, Severity, Stamped, TextPlace, pieces_of};

use crate::arch::i586::cpu;
use crate::mm::trace_ring::TRACE_RING;

/// Whether more is recorded than how a core gets on: its boot, its self-tests, its failures.
const IS_TRACED: bool = !cfg!(feature = "untraced");

/// Records an event now. Any context. Inlined, because for a kind known at compile time a record is a few stores.
#[inline(always)]
pub fn record(event: Event) {
    if IS_TRACED {
        write(cpu::time_stamp(), event);
    }
}

/// Time stamp for [`record_at`]; costs nothing in an image without a trace. Any context.
#[inline(always)]
pub fn stamp() -> u64 {
    if IS_TRACED { cpu::time_stamp() } else { 0 }
}

/// Records an event that happened at a time stamp. Any context.
#[inline(always)]
pub fn record_at(cycles: u64, event: Event) {
    if IS_TRACED {
        write(cycles, event);
    }
}

/// Records how the core gets on, in images without a trace, too. Any context.
pub fn record_progress(event: Event) {
    record_progress_at(cpu::time_stamp(), event);
}

/// As [`record_progress`], for what happened at a time stamp. Any context. Never inlined: such records are rare, and the places
/// that are left in images without a trace are in one function.
#[inline(never)]
pub fn record_progress_at(cycles: u64, event: Event) {
    write(cycles, event);
}

#[inline(always)]
fn write(cycles: u64, event: Event) {
    TRACE_RING.write(Stamped { cycles, event }.encode());
}

/// Records that a step of the boot is done.
pub fn phase(phase: BootPhase) {
    record_progress(Event::BootPhase(phase));
}

/// Records a line of the log. Any context. Not inlined: beside the line's way to the console it costs little.
#[inline(never)]
pub fn record_line(severity: Severity, line: &[u8]) {
    if IS_TRACED {
        pieces_of(severity, line).for_each(|piece| record(Event::Log(piece)));
    }
}

/// Whether both ends of each letter are recorded.
static LETTERS: AtomicBool = AtomicBool::new(false);

/// Has both ends of each letter recorded from now on, which delays each by two records. Any context.
pub fn record_letters() {
    LETTERS.store(true, Ordering::Relaxed);
}

/// Whether both ends of each letter are recorded. Any context.
#[inline(always)]
#[must_use]
pub fn are_letters_recorded() -> bool {
    IS_TRACED && LETTERS.load(Ordering::Relaxed)
}

/// Whether each way into a guest and out of it is recorded.
static GUESTS: AtomicBool = AtomicBool::new(false);

/// Has each way into a guest and out of it recorded from now on, which delays each round trip by two records. Any
/// context.
pub fn record_guests() {
    GUESTS.store(true, Ordering::Relaxed);
}

/// Whether each way into a guest and out of it is recorded. Any context.
#[inline(always)]
#[must_use]
pub fn are_guests_recorded() -> bool {
    IS_TRACED && GUESTS.load(Ordering::Relaxed)
}

/// Whether the ring is to be in memory when the core ends.
static DUMP: AtomicBool = AtomicBool::new(false);

/// Has a core that ends bring its ring into memory, where a host finds it that reads no caches. Any context.
pub fn await_dump() {
    DUMP.store(true, Ordering::Relaxed);
}

/// Whether a core that ends is to bring its ring into memory. Any context.
#[must_use]
pub fn is_dump_awaited() -> bool {
    DUMP.load(Ordering::Relaxed)
}

/// Where a constant text lies, for records that name one.
#[must_use]
pub fn place_of(text: &'static str) -> TextPlace {
    TextPlace::new(u32::try_from(text.as_ptr().addr()).expect("addresses have 32 bits"), text.len())
}
