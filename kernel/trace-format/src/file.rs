//! A trace in a file: what stands where in an MCAP container.
//!
//! ```text
//! header      profile PROFILE
//! metadata    METADATA       version, and whatever the recorder knows about the run, as texts
//! schema      RECORDS_SCHEMA
//! channels    one for each core, topic `core/07`: messages with records
//!             one with topic TEXTS_TOPIC: messages with constant texts of the kernel
//! metadata    END_METADATA   how the run ended; missing if the recorder was cut off
//! ```
//!
//! A message of a core is a [`BatchHeader`] with that many records behind it, 16 bytes each, as the core wrote them
//! ([`crate::record`]). Batches of a core follow each other in the order of writing. A message of texts is a
//! [`TextHeader`] with UTF-8 behind it. All numbers are little-endian.
//!
//! Chunks of the container carry checksums, so its readers find damage, and other programs for MCAP can list, cut and
//! mend such files.

use zerocopy::byteorder::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::record::{RECORD_BYTES, TextPlace};

/// Profile in the container's header.
pub const PROFILE: &str = "metalsvm-trace";

/// Version of what the container holds; a reader refuses others.
pub const VERSION: u32 = 1;

/// Name of the metadata record at the beginning, which has [`KEY_VERSION`].
pub const METADATA: &str = "metalsvm-trace";
/// Key of [`VERSION`] in [`METADATA`], in decimal.
pub const KEY_VERSION: &str = "version";
/// Key of the version of the rings, [`crate::ring::VERSION`], in decimal.
pub const KEY_RING_VERSION: &str = "ring-version";
/// Key of the kernel's command line.
pub const KEY_COMMAND_LINE: &str = "command-line";
/// Key of the cores that took part, such as `0-3,7`.
pub const KEY_CORES: &str = "cores";

/// Name of the metadata record at the end, which has [`KEY_OUTCOME`].
pub const END_METADATA: &str = "metalsvm-trace-end";
/// Key of what ended the run, for people.
pub const KEY_OUTCOME: &str = "outcome";

/// Name of the schema of records.
pub const RECORDS_SCHEMA: &str = "metalsvm.records";
/// Encoding of messages with records.
pub const RECORDS_ENCODING: &str = "metalsvm-records";
/// Encoding of messages with texts.
pub const TEXTS_ENCODING: &str = "metalsvm-texts";
/// Topic of the channel of texts.
pub const TEXTS_TOPIC: &str = "texts";
/// What topics of cores begin with; the number of the core follows in decimal.
pub const CORE_TOPIC: &str = "core/";

/// Beginning of a message with records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct BatchHeader {
    /// How often the core was started before: 0 for its first life.
    pub life: U32,
    /// Records that follow.
    pub records: U32,
    /// Records between the batch before and this one that were overwritten before anybody read them.
    pub lost: U32,
    /// Records there that the recorder did not know the kind of.
    pub unknown: U32,
    /// Rate of the records' time in kHz as the kernel states it, 0 if it has not yet.
    pub cycles_kilohertz: U32,
    /// 0.
    pub reserved: U32,
    /// The core's count of cycles when the batch was read.
    pub cycles: U64,
    /// Time of the whole chip at that moment in picoseconds.
    pub picoseconds: U64,
}

/// Bytes of [`BatchHeader`].
pub const BATCH_HEADER_BYTES: usize = 40;
const _: () = assert!(size_of::<BatchHeader>() == BATCH_HEADER_BYTES);

/// Beginning of a message with a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct TextHeader {
    /// Where the kernel has the text.
    pub address: U32,
    /// Its length there in bytes.
    pub length: u8,
    /// 0.
    pub reserved: [u8; 3],
}

impl TextHeader {
    /// For the text at `place`.
    pub const fn new(place: TextPlace) -> Self {
        Self { address: U32::new(place.address), length: place.length, reserved: [0; 3] }
    }

    /// Where the kernel has the text.
    pub const fn place(&self) -> TextPlace {
        TextPlace { address: self.address.get(), length: self.length }
    }
}

/// Why a message holds no records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BatchError {
    /// Fewer bytes than a header.
    #[error("{0} bytes are too few for the header of a batch of records")]
    Short(usize),
    /// Other bytes than the header says.
    #[error("a batch of {records} records with {bytes} bytes of them")]
    Length {
        /// Records that the header announces.
        records: u32,
        /// Bytes behind the header.
        bytes: usize,
    },
}

impl BatchHeader {
    /// Splits a message into its header and the bytes of its records.
    ///
    /// # Errors
    ///
    /// [`BatchError`] if header and length do not fit.
    pub fn split(message: &[u8]) -> Result<(Self, &[u8]), BatchError> {
        let (header, records) =
            Self::read_from_prefix(message).map_err(|_| BatchError::Short(message.len()))?;
        let fits = usize::try_from(header.records.get()).ok().and_then(|n| n.checked_mul(RECORD_BYTES))
            == Some(records.len());
        if fits {
            Ok((header, records))
        } else {
            Err(BatchError::Length { records: header.records.get(), bytes: records.len() })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn header(records: u32) -> BatchHeader {
        BatchHeader {
            life: U32::new(1),
            records: U32::new(records),
            lost: U32::new(2),
            unknown: U32::new(3),
            cycles_kilohertz: U32::new(4),
            reserved: U32::ZERO,
            cycles: U64::new(5),
            picoseconds: U64::new(6),
        }
    }

    #[test]
    fn batch_is_split_where_the_layout_says() {
        let mut message = header(2).as_bytes().to_vec();
        assert_eq!(message[..8], [1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(message[24..], [5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
        message.extend([7; 32]);
        assert_eq!(BatchHeader::split(&message), Ok((header(2), &[7; 32][..])));
    }

    #[test]
    fn batch_of_another_length_is_refused() {
        assert_eq!(BatchHeader::split(&[0; 39]), Err(BatchError::Short(39)));
        let mut message = header(u32::MAX).as_bytes().to_vec();
        message.extend(vec![0; 17]);
        let refused = BatchError::Length { records: u32::MAX, bytes: 17 };
        assert_eq!(BatchHeader::split(&message), Err(refused));
    }

    #[test]
    fn text_names_its_place() {
        let place = TextPlace { address: 0xF010_0000, length: 9 };
        let header = TextHeader::new(place);
        assert_eq!(header.as_bytes(), [0, 0, 0x10, 0xF0, 9, 0, 0, 0]);
        assert_eq!(header.place(), place);
    }
}
