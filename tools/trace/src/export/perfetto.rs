//! Perfetto's own format: a file for <https://ui.perfetto.dev> and for trace_processor.

use std::collections::HashMap;
use std::io::{self, Write};

use prost::Message;
use scc::id::CoreId;

use super::drawing::{Arrow, Row, Stroke, draw};
use super::perfetto_schema::{
    CounterDescriptor, EventName, EventType, InternedData, ProcessDescriptor, ThreadDescriptor,
    Trace as File, TracePacket, TrackDescriptor, TrackEvent,
};
use crate::trace::Trace;

/// All packets are of one sequence.
const SEQUENCE: u32 = 1;
/// Flag of the first packet: names of earlier ones mean nothing.
const CLEARED: u32 = 1;
/// Flag of packets that refer to names.
const NEEDS_NAMES: u32 = 2;

/// Tracks of processes, threads of cores, counters, calls and tasks are numbered from these on.
const PROCESSES: u64 = 0x100;
const CORES: u64 = 0x200;
const COUNTERS: u64 = 0x300;
const CALLS: u64 = 0x400;
const TASKS: u64 = 0x1_0000;

/// Writes a trace.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(trace: &Trace, out: &mut impl Write) -> io::Result<()> {
    let mut writer = Writer { out, names: HashMap::new(), buffer: Vec::new(), has_begun: false };
    draw(trace, |stroke| writer.stroke(stroke))
}

struct Writer<'a, W> {
    out: &'a mut W,
    names: HashMap<String, u64>,
    buffer: Vec<u8>,
    has_begun: bool,
}

/// Number of a core's process, which is not 0: that is the system's idle process.
fn process(core: CoreId) -> i32 {
    i32::from(core.number()) + 1
}

fn track(row: Row) -> u64 {
    match row {
        Row::Core(core) => CORES + u64::from(core.number()),
        Row::Task(_, task) => TASKS + u64::from(task.0),
        Row::Dealings(core, lane) => CALLS + u64::from(core.number()) * 0x100 + u64::from(lane),
    }
}

fn thread(row: Row) -> i32 {
    match row {
        Row::Core(core) => process(core),
        Row::Dealings(core, lane) => 0x100 + process(core) * 0x100 + i32::from(lane),
        Row::Task(_, task) => i32::try_from(task.0).map_or(i32::MAX, |task| task.saturating_add(0x1_0000)),
    }
}

impl<W: Write> Writer<'_, W> {
    fn stroke(&mut self, stroke: &Stroke<'_>) -> io::Result<()> {
        match *stroke {
            Stroke::Row(row, name) => self.row(row, name),
            Stroke::Begin(row, name, time, arrow) => {
                let event = TrackEvent {
                    terminating_flow_ids: arrow.map(|Arrow(number)| number).into_iter().collect(),
                    ..event(EventType::SliceBegin, track(row))
                };
                self.named(time, name, event)
            }
            Stroke::End(row, time) => self.event(time, event(EventType::SliceEnd, track(row)), None),
            Stroke::Happens(row, name, time, arrow) => {
                let event = TrackEvent {
                    flow_ids: arrow.map(|Arrow(number)| number).into_iter().collect(),
                    ..event(EventType::Instant, track(row))
                };
                self.named(time, name, event)
            }
            Stroke::Arrives(row, name, time, Arrow(arrow)) => {
                let event =
                    TrackEvent { terminating_flow_ids: vec![arrow], ..event(EventType::Instant, track(row)) };
                self.named(time, name, event)
            }
            Stroke::Ready(core, count, time) => {
                let event = TrackEvent {
                    counter_value: i64::try_from(count).ok(),
                    ..event(EventType::Counter, COUNTERS + u64::from(core.number()))
                };
                self.event(time, event, None)
            }
        }
    }

    fn row(&mut self, row: Row, name: &str) -> io::Result<()> {
        let core = row.core();
        let parent = PROCESSES + u64::from(core.number());
        if let Row::Core(core) = row {
            self.describe(TrackDescriptor {
                uuid: Some(parent),
                process: Some(ProcessDescriptor {
                    pid: Some(process(core)),
                    process_name: Some(format!("core {:02}", core.number())),
                }),
                ..TrackDescriptor::default()
            })?;
            self.describe(TrackDescriptor {
                uuid: Some(COUNTERS + u64::from(core.number())),
                name: Some("ready tasks".to_owned()),
                parent_uuid: Some(parent),
                counter: Some(CounterDescriptor {}),
                ..TrackDescriptor::default()
            })?;
        }
        self.describe(TrackDescriptor {
            uuid: Some(track(row)),
            parent_uuid: Some(parent),
            thread: Some(ThreadDescriptor {
                pid: Some(process(core)),
                tid: Some(thread(row)),
                thread_name: Some(name.to_owned()),
            }),
            ..TrackDescriptor::default()
        })
    }

    fn describe(&mut self, descriptor: TrackDescriptor) -> io::Result<()> {
        self.packet(TracePacket { track_descriptor: Some(descriptor), ..TracePacket::default() })
    }

    fn named(&mut self, time: u64, name: &str, event: TrackEvent) -> io::Result<()> {
        if let Some(number) = self.names.get(name) {
            return self.event(time, TrackEvent { name_iid: Some(*number), ..event }, None);
        }
        let number = u64::try_from(self.names.len()).expect("counts have at most 64 bits") + 1;
        self.names.insert(name.to_owned(), number);
        let names = vec![EventName { iid: Some(number), name: Some(name.to_owned()) }];
        let event = TrackEvent { name_iid: Some(number), ..event };
        self.event(time, event, Some(InternedData { event_names: names }))
    }

    fn event(&mut self, time: u64, event: TrackEvent, names: Option<InternedData>) -> io::Result<()> {
        self.packet(TracePacket {
            timestamp: Some(time / 1_000),
            track_event: Some(event),
            interned_data: names,
            ..TracePacket::default()
        })
    }

    fn packet(&mut self, packet: TracePacket) -> io::Result<()> {
        let flags = if self.has_begun { NEEDS_NAMES } else { CLEARED };
        self.has_begun = true;
        let packet =
            TracePacket { trusted_packet_sequence_id: Some(SEQUENCE), sequence_flags: Some(flags), ..packet };
        self.buffer.clear();
        File { packet: vec![packet] }.encode(&mut self.buffer).map_err(io::Error::other)?;
        self.out.write_all(&self.buffer)
    }
}

fn event(what: EventType, track: u64) -> TrackEvent {
    TrackEvent { r#type: Some(what.into()), track_uuid: Some(track), ..TrackEvent::default() }
}
