//! Bulk transfers on the wire: offer and acceptance by mail, progress in flow words.
//!
//! ```text
//! offer    kind 1: 0..2 transfer   2..4 tag   4..8 length                8 attention   9 0
//! accept   kind 2: 0..2 transfer   2 flow slot of the receiver   3..8 0  8 attention   9 0
//! decline  kind 3: 0..2 transfer   2..10 0
//!
//! flow word: 0..2 transfer   2..4 life of the writer
//!            4..6 blocks filled or emptied, modulo 65536   6 core of the writer
//!            7 first block in bits 2:0, number in bits 6:4; all ones: given up
//! ```
//!
//! Attention is 1 if the writer wants its doorbell rung when its flow word changes.

use super::{Channel, Epoch, Flow, Kind, Mail, WireError, dword_at, word_at};
use scc::id::CoreId;

use crate::layout::{Block, FlowSlot, QUADWORD};

/// Number of a transfer, chosen by its sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransferId(pub u16);

/// Number by which sender and receiver match transfers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag(pub u16);

/// Whether the other side rings when it has written a flow word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attention {
    /// It rings.
    Ring,
    /// It does not: its flow word is polled.
    Poll,
}

impl Attention {
    const fn code(self) -> u8 {
        match self {
            Self::Ring => 1,
            Self::Poll => 0,
        }
    }

    const fn from_code(code: u8) -> Result<Self, WireError> {
        match code {
            0 => Ok(Self::Poll),
            1 => Ok(Self::Ring),
            other => Err(WireError::Code(other)),
        }
    }
}

/// A mail about a transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferMail {
    /// The sender has something to send.
    Offer(Offer),
    /// The receiver takes it.
    Accept {
        /// Transfer that is accepted.
        transfer: TransferId,
        /// Flow word of the receiver.
        slot: FlowSlot,
        /// How the receiver waits.
        attention: Attention,
    },
    /// The receiver or the sender gave up before anything was received.
    Decline {
        /// Transfer that is given up.
        transfer: TransferId,
    },
}

/// What a sender has to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Its number of the transfer.
    pub transfer: TransferId,
    /// Tag to match.
    pub tag: Tag,
    /// Bytes in all.
    pub length: u32,
    /// How the sender waits.
    pub attention: Attention,
}

impl TransferMail {
    /// Checks every field of a mail.
    pub fn parse(mail: &Mail) -> Result<Self, WireError> {
        let payload = mail.payload();
        let short = WireError::Length(u8::try_from(payload.len()).unwrap_or(u8::MAX));
        let bytes: &[u8; 10] = payload.try_into().map_err(|_| short)?;
        let transfer = TransferId(word_at(bytes, 0));
        match mail.kind().0 {
            1 => Ok(Self::Offer(Offer {
                transfer,
                tag: Tag(word_at(bytes, 2)),
                length: dword_at(bytes, 4),
                attention: Attention::from_code(bytes[8])?,
            })),
            2 => Ok(Self::Accept {
                transfer,
                slot: FlowSlot::new(bytes[2]).ok_or(WireError::Number(bytes[2]))?,
                attention: Attention::from_code(bytes[8])?,
            }),
            3 => Ok(Self::Decline { transfer }),
            other => Err(WireError::Code(other)),
        }
    }

    /// The mail that [`parse`](Self::parse) reads back.
    pub fn emit(&self) -> Mail {
        let mut bytes = [0; 10];
        let mut channel = Channel::ACCEPT;
        let (kind, transfer) = match *self {
            Self::Offer(Offer { transfer, tag, length, attention }) => {
                bytes[2..4].copy_from_slice(&tag.0.to_le_bytes());
                bytes[4..8].copy_from_slice(&length.to_le_bytes());
                bytes[8] = attention.code();
                channel = Channel::TRANSFER;
                (1, transfer)
            }
            Self::Accept { transfer, slot, attention } => {
                bytes[2] = slot.number();
                bytes[8] = attention.code();
                (2, transfer)
            }
            Self::Decline { transfer } => (3, transfer),
        };
        bytes[0..2].copy_from_slice(&transfer.0.to_le_bytes());
        let flow = Flow(u32::from(transfer.0));
        Mail::new(channel, Kind(kind), flow, &bytes).expect("10 bytes fit a payload")
    }
}

/// How far the other side of a transfer has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowWord {
    /// Transfer it belongs to.
    pub transfer: TransferId,
    /// Core that wrote it; senders choose their numbers without knowing of each other.
    pub writer: CoreId,
    /// Life of that core.
    pub life: Epoch,
    /// What it says.
    pub progress: Progress,
}

/// Blocks through which a transfer goes in turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    first: Block,
    count: u8,
}

impl Run {
    /// `count` blocks from `first` on; `None` if they are not all blocks, or none.
    pub fn new(first: Block, count: u8) -> Option<Self> {
        let last = first.number().checked_add(count.checked_sub(1)?)?;
        Block::new(last).map(|_| Self { first, count })
    }

    /// First block.
    pub const fn first(self) -> Block {
        self.first
    }

    /// Number of blocks, 1 to 6.
    pub const fn count(self) -> u8 {
        self.count
    }

    /// Block that holds the part of this number of the transfer.
    pub fn block(self, part: usize) -> Block {
        let within = u8::try_from(part % usize::from(self.count)).expect("a remainder of at most 6");
        Block::new(self.first.number() + within).expect("a run ends at the last block at most")
    }

    /// One bit per block.
    pub const fn mask(self) -> u8 {
        ((1 << self.count) - 1) << self.first.number()
    }
}

/// Progress of a transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Blocks filled, or emptied, since the start, modulo 65536, and which blocks of the sender are used.
    Blocks(u16, Run),
    /// The writer gave up.
    GivenUp,
}

impl FlowWord {
    /// Checks every field of a quadword.
    pub fn parse(bytes: &[u8; QUADWORD]) -> Result<Self, WireError> {
        let life = Epoch::new(word_at(bytes, 2)).ok_or(WireError::Blank)?;
        let writer = CoreId::new(bytes[6]).ok_or(WireError::Number(bytes[6]))?;
        let progress = match bytes[7] {
            u8::MAX => Progress::GivenUp,
            place => {
                let first = Block::new(place & 7).ok_or(WireError::Number(place))?;
                let run = Run::new(first, place >> 4).ok_or(WireError::Number(place))?;
                Progress::Blocks(word_at(bytes, 4), run)
            }
        };
        Ok(Self { transfer: TransferId(word_at(bytes, 0)), writer, life, progress })
    }

    /// The quadword that [`parse`](Self::parse) reads back.
    pub fn emit(&self) -> [u8; QUADWORD] {
        let mut bytes = [0; QUADWORD];
        bytes[0..2].copy_from_slice(&self.transfer.0.to_le_bytes());
        bytes[2..4].copy_from_slice(&self.life.get().to_le_bytes());
        bytes[6] = self.writer.number();
        match self.progress {
            Progress::Blocks(count, run) => {
                bytes[4..6].copy_from_slice(&count.to_le_bytes());
                bytes[7] = run.first.number() | run.count << 4;
            }
            Progress::GivenUp => bytes[7] = u8::MAX,
        }
        bytes
    }
}
