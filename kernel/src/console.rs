//! Text for people: lines on the core's console, each with core, time, level and area.
//!
//! ```text
//! [07 0.001234] info boot: caches on
//! ```
//!
//! The number is the core, then seconds since its reset. Lines are collected and sent whole; a line longer than the
//! buffer is sent in pieces. Interrupt handlers never print.

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use log::{LevelFilter, Log, Metadata, Record};

use trace_format::record::{Event, Severity, TextPlace};

use crate::arch::i586::{cpu, recovery, stack};
use crate::platform::{Ending, machine};
use crate::{fault, trace};

/// Bytes collected before they are sent.
const LINE_BYTES: usize = 160;

/// A line in the making.
struct Line {
    bytes: [u8; LINE_BYTES],
    used: usize,
    /// How grave it is and where its text begins, until that is recorded.
    recorded: Option<(Severity, usize)>,
}

impl Line {
    const fn new() -> Self {
        Self { bytes: [0; LINE_BYTES], used: 0, recorded: None }
    }

    /// A line with its prefix.
    fn begin() -> Self {
        let mut line = Self::new();
        let microseconds = cpu::time_stamp() * 1_000 / u64::from(machine::clocks::cycles_per_millisecond());
        let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
        line.add(format_args!("[{:02} {seconds}.{rest:06}] ", machine::identity::core().number()));
        line
    }

    /// A line takes every byte; only a formatting implementation of a printed value could fail, and then its text ends.
    fn add(&mut self, text: fmt::Arguments<'_>) {
        self.write_fmt(text).unwrap_or(());
    }

    fn end(mut self) {
        self.record();
        self.add(format_args!("\n"));
        self.send();
    }

    fn record(&mut self) {
        if let Some((severity, begin)) = self.recorded.take() {
            trace::record_line(severity, &self.bytes[begin..self.used]);
        }
    }

    fn send(&mut self) {
        self.record();
        machine::console::write(&self.bytes[..self.used]);
        self.used = 0;
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.used == LINE_BYTES {
                self.send();
            }
            self.bytes[self.used] = byte;
            self.used += 1;
        }
        Ok(())
    }
}

/// Prints one line: the prefix, then `text`. Task and panic context.
pub fn print(text: fmt::Arguments<'_>) {
    let mut line = Line::begin();
    line.add(text);
    line.end();
}

/// The `log` crate's way to the console and into the trace.
struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let severity = match record.level() {
                log::Level::Error => Severity::Error,
                log::Level::Warn => Severity::Warning,
                log::Level::Info => Severity::Info,
                log::Level::Debug => Severity::Debug,
                log::Level::Trace => Severity::Trace,
            };
            let mut line = Line::begin();
            line.add(format_args!("{} ", severity.word()));
            line.recorded = Some((severity, line.used));
            line.add(format_args!("{}: {}", record.target(), record.args()));
            line.end();
        }
    }

    fn flush(&self) {}
}

/// Sends log records of `level` and graver to the console.
pub fn install_logger(level: LevelFilter) {
    // Only a second call could fail, and then the logger is in place already.
    log::set_logger(&Logger).unwrap_or(());
    log::set_max_level(level);
}

/// Reports a panic. With interrupts on it is that of a task: the task ends, and the core goes on. With interrupts off
/// it is the kernel's: this core stops for good, and the other cores go on.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let in_task = cpu::interrupts_enabled();
    cpu::disable_interrupts();
    fault::begin_report("panic", stack::frame_pointer());
    let (file, line) = info.location().map_or(("", 0), |location| (location.file(), location.line()));
    let place = TextPlace::new(u32::try_from(file.as_ptr().addr()).unwrap_or(0), file.len());
    trace::record_progress(Event::Panic { file: place, line });
    let whose = if in_task { "task" } else { "kernel" };
    print(format_args!("panic {whose}: {} at={file}:{line}", info.message()));
    fault::print_callers(stack::frame_pointer());
    if in_task {
        fault::end_report();
        cpu::enable_interrupts();
        recovery::abandon();
        cpu::disable_interrupts();
    }
    fault::print_last_records();
    machine::finish(Ending::Failed)
}
