//! The JSON of Chrome's tracing, which Perfetto, Speedscope and others open, too.

use std::io::{self, Write};

use serde::Serialize;

use super::drawing::{Arrow, Row, Stroke, draw};
use crate::trace::Trace;

/// An event. Times are microseconds.
#[derive(Serialize)]
struct Event<'a> {
    ph: &'a str,
    pid: u8,
    tid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// At an arrow's end: it belongs to what encloses it, not to what comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'a str>,
    /// Of something that happens: it is the thread's.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Arguments<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Arguments<'a> {
    Name { name: &'a str },
    Ready { ready: usize },
}

/// Writes a trace.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(trace: &Trace, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    let mut writer = Writer { out, separator: "\n" };
    draw(trace, |stroke| writer.stroke(stroke))?;
    writer.out.write_all(b"\n]}\n")
}

struct Writer<'a, W> {
    out: &'a mut W,
    separator: &'static str,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the format has microseconds with a fraction; 2^53 ps are 2.5 hours"
)]
fn microseconds(picoseconds: u64) -> f64 {
    picoseconds as f64 / 1e6
}

/// An event of a row without anything that only some have.
fn event<'a>(ph: &'a str, row: Row, time: Option<u64>) -> Event<'a> {
    let tid = match row {
        Row::Core(_) => 0,
        Row::Dealings(_, lane) => u32::from(lane) + 1,
        Row::Task(_, task) => task.0.saturating_add(0x101),
    };
    Event {
        ph,
        pid: row.core().number(),
        tid,
        ts: time.map(microseconds),
        name: None,
        cat: None,
        id: None,
        bp: None,
        s: None,
        args: None,
    }
}

impl<W: Write> Writer<'_, W> {
    fn stroke(&mut self, stroke: &Stroke<'_>) -> io::Result<()> {
        match *stroke {
            Stroke::Row(row, name) => {
                if let Row::Core(core) = row {
                    let process = format!("core {:02}", core.number());
                    let args = Some(Arguments::Name { name: &process });
                    self.add(&Event { name: Some("process_name"), args, ..event("M", row, None) })?;
                }
                let args = Some(Arguments::Name { name });
                self.add(&Event { name: Some("thread_name"), args, ..event("M", row, None) })
            }
            Stroke::Begin(row, name, time, arrow) => {
                self.add(&Event { name: Some(name), ..event("B", row, Some(time)) })?;
                arrow.map_or(Ok(()), |arrow| self.arrow("f", row, time, arrow))
            }
            Stroke::End(row, time) => self.add(&event("E", row, Some(time))),
            Stroke::Happens(row, name, time, arrow) => {
                self.add(&Event { name: Some(name), s: Some("t"), ..event("i", row, Some(time)) })?;
                arrow.map_or(Ok(()), |arrow| self.arrow("s", row, time, arrow))
            }
            Stroke::Arrives(row, name, time, arrow) => {
                self.add(&Event { name: Some(name), s: Some("t"), ..event("i", row, Some(time)) })?;
                self.arrow("f", row, time, arrow)
            }
            Stroke::Ready(core, ready, time) => {
                let args = Some(Arguments::Ready { ready });
                self.add(&Event {
                    name: Some("ready tasks"),
                    args,
                    ..event("C", Row::Core(core), Some(time))
                })
            }
        }
    }

    fn arrow(&mut self, ph: &'static str, row: Row, time: u64, Arrow(number): Arrow) -> io::Result<()> {
        let bp = (ph == "f").then_some("e");
        let id = Some(format!("{number:#x}"));
        self.add(&Event { name: Some("cause"), cat: Some("cause"), id, bp, ..event(ph, row, Some(time)) })
    }

    fn add(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.out.write_all(self.separator.as_bytes())?;
        self.separator = ",\n";
        serde_json::to_writer(&mut *self.out, event)?;
        Ok(())
    }
}
