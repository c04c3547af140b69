//! Bulk transfers on the wire: offer and acceptance by mail, progress in flow words.
//!
//! ```text
//! offer    kind 1: 0..2 transfer   2..4 tag   4..8 length                8 attention   9 early
//! accept   kind 2: 0..2 transfer   2 flow slot of the receiver   3..8 0  8 attention   9 0
//! decline  kind 3: 0..2 transfer   2..10 0
//!
//! flow word: 0..2 transfer   2..4 life of the writer
//!            4..6 blocks filled or emptied, modulo 65536   6 core of the writer
//!            7 sender: first block in bits 2:0, number in bits 6:4
//!              receiver: 0x80 and its flow slot in bits 3:0, attention in bit 4; 0xC0 if it needs none
//!              either: all ones, given up
//! ```
//!
//! Attention is 1 if the writer wants its doorbell rung when its flow word changes. Early is 0, or says which blocks the
//! transfer goes through: the first in bits 2:0, their number in bits 5:3, and in bits 7:6 one more than the number of the
//! stamp that names the transfer for as long. Bits 2:1 of an offer's attention say where the beginning of the message lies
//! already: 0 in all of them, 1 in the first half, 2 in none.

use scc::id::CoreId;

use super::{
    Channel, Epoch, Flow, Kind, Mail, Quadword, WireError, dword_at, high_half, low_half, word_at, word_from,
};
use crate::layout::{Block, FlowSlot, Stamp};

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

/// Bits of an offer's attention: how much of its early blocks is filled.
const EXTENT: u8 = 6;

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
    /// Where the beginning of the message lies already.
    pub early: Option<Early>,
}

/// Blocks that a sender has filled before anybody asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Early {
    /// The blocks that the transfer goes through.
    pub run: Run,
    /// How many of them are filled.
    pub extent: Extent,
    /// Names the transfer for as long as they hold its message.
    pub stamp: Stamp,
}

/// How much of a message lies in its early blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// As much as they hold, or all of it.
    Whole,
    /// As much as the first [`Run::step`] of them hold; they do not hold all of it.
    FirstStep,
    /// Nothing yet.
    Nothing,
}

impl Extent {
    const fn code(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::FirstStep => 2,
            Self::Nothing => 4,
        }
    }

    const fn from_code(code: u8) -> Result<Self, WireError> {
        match code {
            0 => Ok(Self::Whole),
            2 => Ok(Self::FirstStep),
            4 => Ok(Self::Nothing),
            other => Err(WireError::Code(other)),
        }
    }
}

impl Early {
    /// Blocks that are filled.
    pub const fn filled(self) -> usize {
        match self.extent {
            Extent::Whole => self.run.count as usize,
            Extent::FirstStep => self.run.step(),
            Extent::Nothing => 0,
        }
    }

    /// Whether all of a message of this length lies there.
    pub const fn holds(self, length: usize) -> bool {
        length <= self.filled() * Block::BYTES
    }

    fn parse(byte: u8, extent: Extent) -> Result<Option<Self>, WireError> {
        if byte == 0 {
            return if extent == Extent::Whole { Ok(None) } else { Err(WireError::Number(byte)) };
        }
        let stamp = (byte >> 6).checked_sub(1).and_then(Stamp::new);
        let run = Block::new(byte & 7).and_then(|first| Run::new(first, byte >> 3 & 7));
        let (stamp, run) = stamp.zip(run).ok_or(WireError::Number(byte))?;
        Ok(Some(Self { run, extent, stamp }))
    }

    /// The last byte of an offer, and what is added to the one before.
    const fn emit(early: Option<Self>) -> (u8, u8) {
        let Some(Self { run, extent, stamp }) = early else { return (0, 0) };
        (run.first.number() | run.count << 3 | (stamp.number() + 1) << 6, extent.code())
    }
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
                attention: Attention::from_code(bytes[8] & !EXTENT)?,
                early: Early::parse(bytes[9], Extent::from_code(bytes[8] & EXTENT)?)?,
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
            Self::Offer(Offer { transfer, tag, length, attention, early }) => {
                bytes[2..4].copy_from_slice(&tag.0.to_le_bytes());
                bytes[4..8].copy_from_slice(&length.to_le_bytes());
                let (blocks, extent) = Early::emit(early);
                bytes[8] = attention.code() | extent;
                bytes[9] = blocks;
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

    /// Blocks from that of this part on up to the last one, which lie one behind the other in the buffer.
    pub const fn blocks_from(self, part: usize) -> usize {
        self.count as usize - part % self.count as usize
    }

    /// Blocks that are filled or emptied at once: half of them, so that both sides have something to do.
    pub const fn step(self) -> usize {
        (self.count as usize).div_ceil(2)
    }

    /// One bit per block.
    pub const fn mask(self) -> u8 {
        ((1 << self.count) - 1) << self.first.number()
    }
}

/// Progress of a transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Blocks filled since the start, modulo 65536, and which blocks of the sender are used.
    Filled(u16, Run),
    /// Blocks emptied since the start, modulo 65536, and where the receiver waits for more, if it does.
    Emptied(u16, Option<(FlowSlot, Attention)>),
    /// The writer gave up.
    GivenUp,
}

/// Last byte of the word of a receiver that waits for more.
const WAITING: u8 = 0x80;
/// Last byte of the word of a receiver that has all.
const SATISFIED: u8 = 0xC0;

impl FlowWord {
    /// The first word of what `life` of a core says about a transfer.
    #[inline]
    pub const fn about(transfer: TransferId, life: Epoch) -> u32 {
        word_from(transfer.0, life.get())
    }

    /// Checks every field of a quadword.
    #[inline]
    pub fn parse([first, last]: Quadword) -> Result<Self, WireError> {
        let life = Epoch::new(high_half(first)).ok_or(WireError::Blank)?;
        let [.., writer, place] = last.to_le_bytes();
        let writer = CoreId::new(writer).ok_or(WireError::Number(writer))?;
        let count = low_half(last);
        let progress = match place {
            u8::MAX => Progress::GivenUp,
            SATISFIED => Progress::Emptied(count, None),
            place if place & 0xE0 == WAITING => {
                let slot = FlowSlot::new(place & 0xF).ok_or(WireError::Number(place))?;
                let attention = Attention::from_code(place >> 4 & 1)?;
                Progress::Emptied(count, Some((slot, attention)))
            }
            place => {
                let first = Block::new(place & 7).ok_or(WireError::Number(place))?;
                let run = Run::new(first, place >> 4).ok_or(WireError::Number(place))?;
                Progress::Filled(count, run)
            }
        };
        Ok(Self { transfer: TransferId(low_half(first)), writer, life, progress })
    }

    /// The quadword that [`parse`](Self::parse) reads back.
    #[inline]
    pub fn emit(&self) -> Quadword {
        let (count, place) = match self.progress {
            Progress::Filled(count, run) => (count, run.first.number() | run.count << 4),
            Progress::Emptied(count, Some((slot, attention))) => {
                (count, WAITING | slot.number() | attention.code() << 4)
            }
            Progress::Emptied(count, None) => (count, SATISFIED),
            Progress::GivenUp => (0, u8::MAX),
        };
        let what = u16::from_le_bytes([self.writer.number(), place]);
        [Self::about(self.transfer, self.life), word_from(count, what)]
    }
}
