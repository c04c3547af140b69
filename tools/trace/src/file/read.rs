//! Reading a trace: what is wrong is told with its place in the file, and never guessed away.

use std::io;
use std::path::{Path, PathBuf};

use mcap::records::{Channel, Metadata, Record};
use mcap::sans_io::linear_reader::{LinearReadEvent, LinearReader, LinearReaderOptions};
use scc::id::CoreId;
use trace_format::file::{
    BatchError, BatchHeader, CORE_TOPIC, END_METADATA, KEY_COMMAND_LINE, KEY_CORES, KEY_OUTCOME,
    KEY_RING_VERSION, KEY_VERSION, METADATA, PROFILE, RECORDS_ENCODING, TEXTS_TOPIC, TextHeader, VERSION,
};
use trace_format::ring;
use zerocopy::FromBytes;

use crate::trace::Trace;

/// Most bytes of one record of the container. Recorders write chunks of about one megabyte.
const MOST_RECORD_BYTES: usize = 64 << 20;

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refuses the file.
    #[error("cannot read {file}: {source}{hint}", file = file.display(), hint = hint(source, file))]
    Open {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no trace, or another one's, or damaged.
    #[error("{file}: at byte {}: {damage}", damage.offset(), file = file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where and what.
        damage: Damage,
    },
}

/// What to do about a file that cannot be opened.
fn hint(source: &io::Error, file: &Path) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => {
            format!("\n  next: `cargo run -- trace -o {}` records a trace", file.display())
        }
        _ => String::new(),
    }
}

/// What is wrong with the bytes of a trace.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// Something else than a container of this format.
    #[error("no trace: it does not begin as MCAP files do; record one with `cargo run -- trace -o FILE`")]
    Foreign,
    /// A container of something else.
    #[error("an MCAP file of profile `{0}`, not of a kernel's trace (`{PROFILE}`)")]
    Profile(String),
    /// A trace of another version.
    #[error(
        "trace of version {found}; this program reads version {VERSION}: use the program that recorded it, or record \
         it again"
    )]
    Version {
        /// Where.
        offset: u64,
        /// The version it states.
        found: String,
    },
    /// Records of another version.
    #[error(
        "records of version {found}; this program reads version {}: use the program that recorded it, or record it \
         again",
        ring::VERSION
    )]
    RingVersion {
        /// Where.
        offset: u64,
        /// The version it states.
        found: String,
    },
    /// The file ends too early.
    #[error("the trace is cut off here; `--damaged` reads what comes before")]
    Truncated {
        /// Where.
        offset: u64,
    },
    /// The container is damaged.
    #[error("damaged: {source}; `--damaged` reads what comes before")]
    Container {
        /// Up to where it was read.
        offset: u64,
        /// What the container's reader says.
        source: mcap::McapError,
    },
    /// A message that is not as it must be.
    #[error("damaged: message of topic `{topic}`: {what}; `--damaged` reads what comes before")]
    Message {
        /// Up to where it was read.
        offset: u64,
        /// Its channel's topic.
        topic: String,
        /// What is wrong.
        what: String,
    },
    /// The first thing in the container is not what says its version.
    #[error("damaged: records before the version of the trace; record it again")]
    NoVersion {
        /// Where.
        offset: u64,
    },
}

impl Damage {
    /// Byte of the file up to which it was read.
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Foreign | Self::Profile(_) => 0,
            Self::Version { offset, .. }
            | Self::RingVersion { offset, .. }
            | Self::Truncated { offset }
            | Self::Container { offset, .. }
            | Self::Message { offset, .. }
            | Self::NoVersion { offset } => *offset,
        }
    }

    /// Whether what was read before is a trace all the same.
    const fn leaves_a_beginning(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::Container { .. } | Self::Message { .. })
    }
}

/// Reads a trace file. If `damaged` ones are wanted too, what comes before a damage is read, and
/// [`Trace::damage`] tells it; `progress` is told how many of how many bytes are read.
///
/// # Errors
/// [`ReadError`] with file and place.
pub fn read_file(file: &Path, damaged: bool, progress: impl FnMut(u64, u64)) -> Result<Trace, ReadError> {
    let bytes = std::fs::read(file).map_err(|source| ReadError::Open { file: file.to_owned(), source })?;
    read_bytes(&bytes, damaged, progress)
        .map_err(|damage| ReadError::Damaged { file: file.to_owned(), damage })
}

/// Reads a trace from the bytes of its file, as [`read_file`] does.
///
/// # Errors
/// [`Damage`] with its place.
pub fn read_bytes(bytes: &[u8], damaged: bool, progress: impl FnMut(u64, u64)) -> Result<Trace, Damage> {
    let mut reader = Reader { trace: Trace::default(), channels: Vec::new(), has_version: false };
    match reader.read(bytes, progress) {
        Ok(()) => {}
        Err(damage) if damaged && reader.has_version && damage.leaves_a_beginning() => {
            reader.trace.damage = Some(format!("at byte {}: {damage}", damage.offset()));
        }
        Err(damage) => return Err(damage),
    }
    reader.trace.finish();
    Ok(reader.trace)
}

struct Reader {
    trace: Trace,
    channels: Vec<Channel>,
    has_version: bool,
}

impl Reader {
    fn read(&mut self, bytes: &[u8], mut progress: impl FnMut(u64, u64)) -> Result<(), Damage> {
        if !bytes.starts_with(&mcap::MAGIC[..bytes.len().min(mcap::MAGIC.len())]) || bytes.is_empty() {
            return Err(Damage::Foreign);
        }
        let options = LinearReaderOptions::default()
            .with_prevalidate_chunk_crcs(true)
            .with_validate_data_section_crc(true)
            .with_validate_summary_section_crc(true)
            .with_check_finishes_after_end_magic(true)
            .with_record_length_limit(MOST_RECORD_BYTES);
        let mut container = LinearReader::new_with_options(options);
        let mut rest = bytes;
        let place = |rest: &[u8]| to_u64(bytes.len() - rest.len());
        while let Some(event) = container.next_event() {
            match event {
                Ok(LinearReadEvent::ReadRequest(wanted)) => {
                    let (now, later) = rest.split_at(wanted.min(rest.len()));
                    container.insert(now.len()).copy_from_slice(now);
                    container.notify_read(now.len());
                    rest = later;
                    progress(place(rest), to_u64(bytes.len()));
                }
                Ok(LinearReadEvent::Record { data, opcode }) => {
                    let offset = place(rest);
                    let record = mcap::parse_record(opcode, data)
                        .map_err(|source| Damage::Container { offset, source })?;
                    self.take(record, offset)?;
                }
                Err(mcap::McapError::UnexpectedEof) => return Err(Damage::Truncated { offset: place(rest) }),
                Err(source) => return Err(Damage::Container { offset: place(rest), source }),
            }
        }
        if self.has_version { Ok(()) } else { Err(Damage::NoVersion { offset: place(rest) }) }
    }

    fn take(&mut self, record: Record<'_>, offset: u64) -> Result<(), Damage> {
        match record {
            Record::Header(header) if header.profile != PROFILE => Err(Damage::Profile(header.profile)),
            Record::Metadata(metadata) => self.metadata(metadata, offset),
            Record::Channel(channel) => {
                if self.channels.iter().all(|known| known.id != channel.id) {
                    self.channels.push(channel);
                }
                Ok(())
            }
            Record::Message { header, data } => {
                if !self.has_version {
                    return Err(Damage::NoVersion { offset });
                }
                let channel = self.channels.iter().find(|channel| channel.id == header.channel_id);
                let (topic, encoding) = match channel {
                    Some(channel) => (channel.topic.clone(), channel.message_encoding.clone()),
                    None => (header.channel_id.to_string(), String::new()),
                };
                self.message(&topic, &encoding, &data).map_err(|what| Damage::Message {
                    offset,
                    topic,
                    what: what.to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    fn metadata(&mut self, mut metadata: Metadata, offset: u64) -> Result<(), Damage> {
        let mut value = |key| metadata.metadata.remove(key).unwrap_or_default();
        if metadata.name == METADATA {
            let (found, ring) = (value(KEY_VERSION), value(KEY_RING_VERSION));
            if found != VERSION.to_string() {
                return Err(Damage::Version { offset, found });
            }
            if ring != ring::VERSION.to_string() {
                return Err(Damage::RingVersion { offset, found: ring });
            }
            self.has_version = true;
            self.trace.about.cores = value(KEY_CORES);
            self.trace.about.command_line = value(KEY_COMMAND_LINE);
        } else if metadata.name == END_METADATA {
            self.trace.outcome = Some(value(KEY_OUTCOME));
        }
        Ok(())
    }

    fn message(&mut self, topic: &str, encoding: &str, data: &[u8]) -> Result<(), MessageError> {
        if topic == TEXTS_TOPIC {
            let (header, text) =
                TextHeader::read_from_prefix(data).map_err(|_| MessageError::ShortText(data.len()))?;
            let place = header.place();
            let text = String::from_utf8_lossy(text).into_owned();
            self.trace.texts.insert((place.address, place.length), text);
            return Ok(());
        }
        let number = topic.strip_prefix(CORE_TOPIC).and_then(|number| number.parse().ok());
        let core = number.and_then(CoreId::new).filter(|_| encoding == RECORDS_ENCODING);
        // Topics of later versions mean nothing here.
        let Some(core) = core else { return Ok(()) };
        let (header, records) = BatchHeader::split(data)?;
        self.trace.add(core, &header, records);
        Ok(())
    }
}

/// Why a message is not as it must be.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error("{0} bytes are too few for a text")]
    ShortText(usize),
}

fn to_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("lengths have at most 64 bits")
}
