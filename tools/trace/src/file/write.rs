//! Writing a trace as it happens, batch by batch.

use std::collections::{BTreeMap, HashSet};
use std::io::{Seek, Write};

use mcap::records::{MessageHeader, Metadata};
use scc::id::CoreId;
use trace_format::file::{
    BatchHeader, CORE_TOPIC, END_METADATA, KEY_COMMAND_LINE, KEY_CORES, KEY_OUTCOME, KEY_RING_VERSION,
    KEY_VERSION, METADATA, PROFILE, RECORDS_ENCODING, RECORDS_SCHEMA, TEXTS_ENCODING, TEXTS_TOPIC,
    TextHeader, VERSION,
};
use trace_format::record::{RecordWords, TextPlace};
use trace_format::ring;
use zerocopy::IntoBytes;
use zerocopy::byteorder::little_endian::{U32, U64};

use crate::clock::Anchor;

/// Bytes of records after which a chunk of the container is written: what a cut-off recorder loses at most.
const CHUNK_BYTES: u64 = 1 << 20;

/// Picoseconds of the container's unit of time.
const PICOSECONDS_OF_NANOSECOND: u64 = 1_000;

/// What is known of a run before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// Cores that take part, such as `0-3,7`.
    pub cores: String,
    /// Words for the kernel.
    pub command_line: String,
}

/// Records of one life of a core that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// How often the core was started before.
    pub life: u32,
    /// Records between the batch before and this one that nobody read in time.
    pub lost: u32,
    /// Records there of unknown kinds.
    pub unknown: u32,
    /// Rate of the core's cycles in kHz as its kernel states it, 0 if it has not.
    pub kilohertz: u32,
    /// Cycles of the core and time of the chip at one moment, not before the last of the records.
    pub anchor: Anchor,
    /// The records.
    pub records: &'a [RecordWords],
}

/// Why a trace cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the trace: {}", reason(.0))]
pub struct WriteError(#[from] mcap::McapError);

/// What happened; of a failed write what the system said.
fn reason(error: &mcap::McapError) -> String {
    match error {
        mcap::McapError::Io(source) => source.to_string(),
        error => error.to_string(),
    }
}

/// Writes a trace.
pub struct TraceWriter<W: Write + Seek> {
    container: mcap::Writer<W>,
    schema: u16,
    channels: [Option<u16>; CoreId::COUNT],
    texts: u16,
    known: HashSet<(u32, u8)>,
    sequence: u32,
}

impl<W: Write + Seek> TraceWriter<W> {
    /// Begins a trace.
    ///
    /// # Errors
    /// [`WriteError`] if `out` cannot be written.
    pub fn new(out: W, about: &About) -> Result<Self, WriteError> {
        let options = mcap::WriteOptions::new()
            .compression(None)
            .profile(PROFILE)
            .library(concat!("scc-trace ", env!("CARGO_PKG_VERSION")))
            .chunk_size(Some(CHUNK_BYTES));
        let mut container = options.create(out)?;
        let pairs = [
            (KEY_VERSION, VERSION.to_string()),
            (KEY_RING_VERSION, ring::VERSION.to_string()),
            (KEY_CORES, about.cores.clone()),
            (KEY_COMMAND_LINE, about.command_line.clone()),
        ];
        container.write_metadata(&metadata(METADATA, pairs))?;
        let schema = container.add_schema(RECORDS_SCHEMA, "", &[])?;
        let texts = container.add_channel(0, TEXTS_TOPIC, TEXTS_ENCODING, &BTreeMap::new())?;
        let channels = [None; CoreId::COUNT];
        Ok(Self { container, schema, channels, texts, known: HashSet::new(), sequence: 0 })
    }

    /// Adds a batch of a core.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written.
    pub fn batch(&mut self, core: CoreId, batch: &Batch<'_>) -> Result<(), WriteError> {
        let channel = self.channel_of(core)?;
        let header = BatchHeader {
            life: U32::new(batch.life),
            records: U32::new(u32::try_from(batch.records.len()).expect("a batch is a few thousand records")),
            lost: U32::new(batch.lost),
            unknown: U32::new(batch.unknown),
            cycles_kilohertz: U32::new(batch.kilohertz),
            reserved: U32::ZERO,
            cycles: U64::new(batch.anchor.cycles),
            picoseconds: U64::new(batch.anchor.picoseconds),
        };
        let mut message = header.as_bytes().to_vec();
        message.extend(batch.records.iter().flatten().flat_map(|word| word.to_le_bytes()));
        self.message(channel, batch.anchor.picoseconds, &message)
    }

    /// Adds the text at a place, unless it was already.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written.
    pub fn text(&mut self, place: TextPlace, text: impl FnOnce() -> String) -> Result<(), WriteError> {
        if !self.known.insert((place.address, place.length)) {
            return Ok(());
        }
        let mut message = TextHeader::new(place).as_bytes().to_vec();
        message.extend(text().into_bytes());
        self.message(self.texts, 0, &message)
    }

    /// Ends the trace and says how the run ended.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written.
    pub fn finish(mut self, outcome: &str) -> Result<(), WriteError> {
        self.container.write_metadata(&metadata(END_METADATA, [(KEY_OUTCOME, outcome.to_owned())]))?;
        self.container.finish()?;
        self.container.into_inner().flush().map_err(mcap::McapError::from)?;
        Ok(())
    }

    fn channel_of(&mut self, core: CoreId) -> Result<u16, WriteError> {
        if let Some(channel) = self.channels[core.index()] {
            return Ok(channel);
        }
        let topic = format!("{CORE_TOPIC}{:02}", core.number());
        let channel = self.container.add_channel(self.schema, &topic, RECORDS_ENCODING, &BTreeMap::new())?;
        self.channels[core.index()] = Some(channel);
        Ok(channel)
    }

    fn message(&mut self, channel: u16, picoseconds: u64, data: &[u8]) -> Result<(), WriteError> {
        let time = picoseconds / PICOSECONDS_OF_NANOSECOND;
        let header = MessageHeader {
            channel_id: channel,
            sequence: self.sequence,
            log_time: time,
            publish_time: time,
        };
        self.sequence = self.sequence.wrapping_add(1);
        Ok(self.container.write_to_known_channel(&header, data)?)
    }
}

fn metadata<const N: usize>(name: &str, pairs: [(&str, String); N]) -> Metadata {
    let metadata = pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Metadata { name: name.to_owned(), metadata }
}
