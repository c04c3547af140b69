//! The end of a core: registers, where it came from, what it did last; then it halts and the others go on.

use core::sync::atomic::{AtomicBool, Ordering};

use i586::exception::{Exception, SelectorErrorCode};
use i586::page::{PAGE_BYTES, PageFaultCode};
use trace_format::record::{Event, Stamped};

use crate::arch::i586::{cpu, stack, trap::TrapFrame};
use crate::backtrace;
use crate::console::print;
use crate::layout::{self, Guard};
use crate::mm::kernel_space;
use crate::mm::trace_ring::TRACE_RING;
use crate::platform::{Ending, machine};
use crate::trace;

/// Trace records that a report shows.
const LAST_RECORDS: u32 = 16;

/// A report is under way. A second one means that the first cannot be finished.
static REPORTING: AtomicBool = AtomicBool::new(false);

/// Stops the core at once, with one line, if it fails while it reports a failure.
pub fn begin_report(what: &str, place: u32) {
    if REPORTING.swap(true, Ordering::Relaxed) {
        print(format_args!("fault kernel: {what} at={place:#010x} while reporting: no more can be said"));
        machine::finish(Ending::Failed);
    }
}

/// The core goes on after a report.
pub fn end_report() {
    REPORTING.store(false, Ordering::Relaxed);
}

/// Reports an exception of the kernel itself and stops the core. `address` is what CR2 held.
pub fn report(frame: &TrapFrame, address: u32) -> ! {
    cpu::disable_interrupts();
    let vector = frame.vector.to_le_bytes()[0];
    trace::record_progress(Event::Exception { vector, eip: frame.eip, error_code: frame.error });
    let exception = Exception::from_vector(vector);
    let name = exception.map_or("reserved exception", Exception::name);
    begin_report(name, frame.eip);
    let guard = layout::guard_at(address);
    let overflown = matches!(vector, 8 | 14).then_some(guard).flatten();
    if let Some(guard) = overflown {
        let stack = match guard {
            Guard::BootStack => "the kernel's stack",
            Guard::FaultStack => "the double fault's stack",
        };
        print(format_args!("fault kernel: stack overflow of {stack} at={address:#010x}"));
    }
    print(format_args!(
        "fault kernel: {name} vector={vector} error={:#x} eip={:#010x}",
        frame.error, frame.eip
    ));
    match exception {
        Some(Exception::PageFault) => explain_page_fault(frame.error, address),
        Some(
            Exception::InvalidTss
            | Exception::SegmentNotPresent
            | Exception::StackFault
            | Exception::GeneralProtection,
        ) => explain_selector(frame.error),
        _ => {}
    }
    finish(frame)
}

/// Says what the error code of a page fault means.
fn explain_page_fault(error: u32, address: u32) {
    let code = PageFaultCode::from_bits_truncate(error.to_le_bytes()[0].into());
    let access = if code.contains(PageFaultCode::WRITE) { "write to" } else { "read of" };
    let page = if code.contains(PageFaultCode::PROTECTION) { "protected" } else { "unmapped" };
    let null = if address < PAGE_BYTES { ", the page of null pointers" } else { "" };
    print(format_args!("fault kernel: {access} {page} address={address:#010x}{null}"));
}

/// Says which descriptor an error code names; 0 names none.
fn explain_selector(error: u32) {
    let [low, high, ..] = error.to_le_bytes();
    let code = SelectorErrorCode::from_bits(u16::from_le_bytes([low, high]));
    if code.into_bits() == 0 {
        print(format_args!("fault kernel: no descriptor is at fault"));
        return;
    }
    let table = match (code.interrupt_table(), code.local_table()) {
        (true, _) => "interrupt",
        (false, false) => "global",
        (false, true) => "local",
    };
    let origin = if code.external() { ", caused by an event from outside" } else { "" };
    print(format_args!("fault kernel: entry {} of the {table} descriptor table{origin}", code.index()));
}

/// Reports an interrupt that nothing was set up for and stops the core.
pub fn report_unexpected_interrupt(frame: &TrapFrame) -> ! {
    cpu::disable_interrupts();
    begin_report("unexpected interrupt", frame.eip);
    print(format_args!("fault kernel: unexpected interrupt vector={} eip={:#010x}", frame.vector, frame.eip));
    finish(frame)
}

fn finish(frame: &TrapFrame) -> ! {
    let TrapFrame { eax, ebx, ecx, edx, esi, edi, ebp, esp, cs, eflags, .. } = *frame;
    print(format_args!("  eax={eax:08x} ebx={ebx:08x} ecx={ecx:08x} edx={edx:08x}"));
    print(format_args!("  esi={esi:08x} edi={edi:08x} ebp={ebp:08x} esp={esp:08x}"));
    let (directory, extensions) = (cpu::page_directory(), cpu::extensions());
    print(format_args!("  cs={cs:04x} eflags={eflags:08x} cr3={directory:08x} cr4={extensions:08x}"));
    print_place("at", frame.eip);
    print_callers(ebp);
    print_last_records();
    machine::finish(Ending::Failed)
}

/// Prints the chain of callers of the frame at `frame_pointer`, with names if the image has a symbol table.
pub fn print_callers(frame_pointer: u32) {
    backtrace::walk(frame_pointer, stack::word).for_each(|caller| print_place("by", caller));
}

fn print_place(relation: &str, address: u32) {
    match kernel_space::symbols().and_then(|symbols| symbols.lookup(address)) {
        Some(place) => print(format_args!("  {relation} {address:08x} {place}")),
        None => print(format_args!("  {relation} {address:08x}")),
    }
}

/// Prints what the core did last. Lines of the log are on the console already.
pub fn print_last_records() {
    for record in TRACE_RING.newest(LAST_RECORDS) {
        match Stamped::decode(record) {
            Ok(Stamped { event: Event::Log(_), .. }) | Err(_) => {}
            Ok(Stamped { cycles, event }) => print(format_args!("  trace {cycles} {event:?}")),
        }
    }
}
