//! What an export for Perfetto draws, read by code that is generated from the schema that Perfetto publishes, so that a
//! mistake in the few messages that the export has of its own does not go unseen. For tests: what is wrong panics.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use perfetto_protos::trace::Trace;
use perfetto_protos::trace_packet::TracePacket;
use perfetto_protos::track_descriptor::TrackDescriptor;
use perfetto_protos::track_event::TrackEvent;
use perfetto_protos::track_event::track_event::Type;
use protobuf::reflect::{ReflectValueRef, RuntimeFieldType};
use protobuf::{Message, MessageDyn};

/// A thread: a row of slices and instants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Process that it is of.
    pub process: i32,
    /// Its name.
    pub name: String,
}

/// Something that lasts. Times are nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub from: u64,
    /// When it ends.
    pub to: u64,
    /// Number of slices that it lies in.
    pub depth: usize,
}

/// What a file draws.
#[derive(Debug, Default)]
pub struct Drawing {
    /// Names of processes.
    pub processes: BTreeMap<i32, String>,
    /// Threads by track.
    pub threads: BTreeMap<u64, Thread>,
    /// Slices by track, in the order of their ends.
    pub slices: BTreeMap<u64, Vec<Slice>>,
    /// Names of instants by track, with their times.
    pub instants: BTreeMap<u64, Vec<(u64, String)>>,
    /// Values of counters by track.
    pub counted: BTreeMap<u64, Vec<i64>>,
    /// When arrows begin.
    pub begun: BTreeMap<u64, u64>,
    /// When arrows end.
    pub ended: BTreeMap<u64, u64>,
}

/// A slice without its end: name, beginning.
type Open = BTreeMap<u64, Vec<(String, u64)>>;

impl Drawing {
    /// Reads a file.
    ///
    /// # Panics
    /// If it is not of the schema, has a field that the schema does not know, ends what has not begun, or does not end what
    /// has.
    pub fn read(file: &[u8]) -> Self {
        let trace = Trace::parse_from_bytes(file).expect("it is of the schema");
        assert_known(&trace);
        let (mut drawing, mut open, mut names) = (Self::default(), Open::new(), BTreeMap::new());
        for packet in &trace.packet {
            for name in packet.interned_data.as_ref().map_or(&[][..], |data| &data.event_names) {
                names.insert(name.iid(), name.name().to_owned());
            }
            if packet.has_track_descriptor() {
                drawing.describe(packet.track_descriptor());
            }
            if packet.has_track_event() {
                drawing.event(packet, packet.track_event(), &mut open, &names);
            }
        }
        assert!(open.values().all(Vec::is_empty), "what begins ends: {open:?}");
        drawing
    }

    fn describe(&mut self, track: &TrackDescriptor) {
        if let Some(process) = track.process.as_ref() {
            self.processes.insert(process.pid(), process.process_name().to_owned());
        }
        if let Some(thread) = track.thread.as_ref() {
            assert!(self.processes.contains_key(&thread.pid()), "a process comes before its threads");
            let thread = Thread { process: thread.pid(), name: thread.thread_name().to_owned() };
            assert_eq!(self.threads.insert(track.uuid(), thread), None, "a track is described once");
        }
        if track.counter.is_some() {
            self.counted.insert(track.uuid(), Vec::new());
        }
    }

    fn event(
        &mut self,
        packet: &TracePacket,
        event: &TrackEvent,
        open: &mut Open,
        names: &BTreeMap<u64, String>,
    ) {
        let (time, track) = (packet.timestamp(), event.track_uuid());
        for (flows, times) in
            [(&event.flow_ids, &mut self.begun), (&event.terminating_flow_ids, &mut self.ended)]
        {
            flows.iter().for_each(|flow| assert_eq!(times.insert(*flow, time), None, "arrow {flow:#x}"));
        }
        let name = || names.get(&event.name_iid()).expect("a name is told before it is used").clone();
        if event.type_() == Type::TYPE_COUNTER {
            let counted = self.counted.get_mut(&track).expect("a counter is described before it counts");
            return counted.push(event.counter_value());
        }
        assert!(self.threads.contains_key(&track), "a thread is described before anything happens in it");
        let stack = open.entry(track).or_default();
        match event.type_() {
            Type::TYPE_SLICE_BEGIN => stack.push((name(), time)),
            Type::TYPE_SLICE_END => {
                let (name, from) = stack.pop().expect("what ends has begun");
                let slice = Slice { name, from, to: time, depth: stack.len() };
                self.slices.entry(track).or_default().push(slice);
            }
            Type::TYPE_INSTANT => self.instants.entry(track).or_default().push((time, name())),
            other => panic!("event of type {other:?}"),
        }
    }

    /// Checks what must be true of the drawing of any trace: arrows come from somewhere and lead forward in time, slices lie
    /// within those that they are drawn in, and a core does one thing at a time.
    ///
    /// # Panics
    /// If it is not.
    pub fn assert_consistent(&self) {
        for (arrow, end) in &self.ended {
            let begin =
                self.begun.get(arrow).unwrap_or_else(|| panic!("arrow {arrow:#x} comes from nowhere"));
            assert!(begin <= end, "arrow {arrow:#x} leads back in time, from {begin} to {end}");
        }
        for slices in self.slices.values() {
            // The one around it ends after it, and is the next that is not as deep.
            for (place, slice) in slices.iter().enumerate() {
                assert!(slice.from <= slice.to, "{slice:?}");
                let around = slices[place..].iter().find(|other| other.depth < slice.depth);
                let lies_within =
                    around.is_none_or(|around| around.from <= slice.from && slice.to <= around.to);
                assert!(lies_within && around.is_some() == (slice.depth > 0), "{slice:?} lies in {around:?}");
            }
        }
        for process in self.processes.keys() {
            let slices = self.whole(*process);
            for pair in slices.windows(2) {
                assert!(pair[0].to <= pair[1].from, "{pair:?} of process {process} overlap");
            }
        }
    }

    /// What the core of a process does, one after the other: its slices that lie in no other, without those of calls and
    /// leases, during which it does other things.
    pub fn whole(&self, process: i32) -> Vec<Slice> {
        let rows =
            self.threads.iter().filter(|(_, thread)| thread.process == process && thread.name != DEALINGS);
        let slices = rows.filter_map(|(track, _)| self.slices.get(track)).flatten();
        let mut whole: Vec<_> = slices.filter(|slice| slice.depth == 0).cloned().collect();
        whole.sort_by_key(|slice| (slice.from, slice.to));
        whole
    }
}

/// Name of the threads with calls and leases.
pub const DEALINGS: &str = "calls and leases";

/// Panics if a message, or one in it, has a field that its schema does not know.
fn assert_known(message: &dyn MessageDyn) {
    let descriptor = message.descriptor_dyn();
    let unknown: Vec<_> = message.unknown_fields_dyn().iter().collect();
    assert!(unknown.is_empty(), "{} has no fields {unknown:?}", descriptor.full_name());
    let assert_value_known = |value: ReflectValueRef<'_>| {
        if let ReflectValueRef::Message(message) = value {
            assert_known(&*message);
        }
    };
    for field in descriptor.fields() {
        match field.runtime_field_type() {
            RuntimeFieldType::Singular(_) => {
                if let Some(value) = field.get_singular(message) {
                    assert_value_known(value);
                }
            }
            RuntimeFieldType::Repeated(_) => {
                field.get_repeated(message).into_iter().for_each(assert_value_known);
            }
            RuntimeFieldType::Map(..) => {
                field.get_map(message).into_iter().for_each(|(_, value)| assert_value_known(value));
            }
        }
    }
}
