//! What lies in message buffers: every message as a checked view of its bytes and as a parsed form.
//!
//! A view is made from bytes, or words, of the exact length and offers one accessor per field; it trusts nothing. `parse`
//! turns a view into a value in which every field is in range, or says which field is not; `emit` is its
//! inverse. Numbers are little-endian. The last word of each message is written last and says whether the
//! message is there: 32-byte lines can leave a core as ascending quadwords (SCC reference §2.7), so everything
//! that decides about a message is in its last quadword.

mod ack;
mod flag;
mod hello;
mod lend;
mod letter;
mod life;
mod part;
mod queue;
mod slot;
mod transfer;

pub use ack::{Ack, AckView, Verdict};
pub use flag::{BarrierFlag, LockClaim, LockNote};
pub use hello::{Hello, HelloView, stamp_word};
pub use lend::{Access, LeaseId, LeaseRecord, LendMail, LendOffer};
pub use letter::{Channel, Channels, Envelope, Flow, Kind, Letter, LetterView, Mail, Reply};
pub use life::{Bell, Epoch, Sequence};
pub use part::{CallId, Content, Failure, Message, Part, ProcedureId};
pub use queue::{QueueEntry, QueueHead};
pub use slot::{Slot, Turn, Urgency, taken_from};
pub use transfer::{Attention, Early, Extent, FlowWord, Offer, Progress, Run, Tag, TransferId, TransferMail};

use crate::layout::LINE;

/// Why bytes are not a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WireError {
    /// Nobody has written here.
    #[error("nothing was written here")]
    Blank,
    /// A channel number above 14.
    #[error("channel {0} does not exist")]
    Channel(u8),
    /// A length above what the message can carry.
    #[error("length {0} is longer than the message")]
    Length(u8),
    /// Bits that must be 0.
    #[error("reserved bits {0:#04x} are set")]
    Reserved(u8),
    /// A verdict code that does not exist.
    #[error("verdict {0} does not exist")]
    Verdict(u8),
    /// A line of another program, or of another version of this one.
    #[error("signature {0:#010x} is not ours")]
    Signature(u32),
    /// A block, flow slot or core number that does not exist.
    #[error("number {0} is out of range")]
    Number(u8),
    /// An address or offset that does not lead into a pool.
    #[error("{0:#x} is no place in a pool")]
    Place(u32),
    /// A code that names no message.
    #[error("code {0} names no message")]
    Code(u8),
}

/// A line of eight words, the first one at the lowest address.
pub type LineWords = [u32; LINE / 4];

/// A quadword of two words, the first one at the lower address.
pub type Quadword = [u32; 2];

/// The bytes of a line.
pub(crate) fn bytes_of(words: LineWords) -> [u8; LINE] {
    let mut bytes = [0; LINE];
    for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *chunk = word.to_le_bytes();
    }
    bytes
}

/// The words of a line.
pub(crate) fn words_of(bytes: &[u8; LINE]) -> LineWords {
    let mut words = [0; LINE / 4];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*chunk);
    }
    words
}

/// The lower half of a word.
pub(crate) const fn low_half(word: u32) -> u16 {
    let [first, second, ..] = word.to_le_bytes();
    u16::from_le_bytes([first, second])
}

/// The upper half of a word.
pub(crate) const fn high_half(word: u32) -> u16 {
    let [.., third, fourth] = word.to_le_bytes();
    u16::from_le_bytes([third, fourth])
}

/// A word of two halves.
pub(crate) const fn word_from(low: u16, high: u16) -> u32 {
    (high as u32) << 16 | low as u32
}

/// Two bytes at a fixed offset within a view.
pub(crate) fn word_at<const N: usize>(bytes: &[u8; N], offset: usize) -> u16 {
    u16::from_le_bytes([bytes[offset], bytes[offset + 1]])
}

/// Four bytes at a fixed offset within a view.
pub(crate) fn dword_at<const N: usize>(bytes: &[u8; N], offset: usize) -> u32 {
    u32::from_le_bytes([bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]])
}

#[cfg(test)]
mod tests;
