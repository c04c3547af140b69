//! Lent memory on the wire: offers, returns and withdrawals by mail, and the record of a lease in the lender's pool.
//!
//! ```text
//! offer      kind 1: 0..2 lease   2..4 tag   4..8 pool's address   8..12 offset   12..16 length   16 record   17 access
//! return     kind 2: 0..2 lease   2 1 if it was borrowed
//! withdraw   kind 3: 0..2 lease
//!
//! record: 0..2 lease   2..4 life of the lender   4..8 offset; all 0 without a lease
//! ```
//!
//! Access is 0 for reading, 1 for reading and writing.

use super::{Channel, Epoch, Flow, Kind, Mail, Tag, WireError, dword_at, word_at};
use crate::layout::QUADWORD;
use crate::mesh::{PoolBase, PoolRange};

/// Number of a lease, chosen by its lender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeaseId(pub u16);

/// Place in a pool where a lease is recorded for as long as it lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeaseRecord(u8);

impl LeaseRecord {
    /// Records of one pool, a line each, at its beginning.
    pub const COUNT: usize = 16;

    /// Accepts record numbers 0 to 15.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Record number, 0 to 15.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// All records in ascending order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..16).map(Self)
    }
}

/// What a borrower may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// A block that a core lends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LendOffer {
    /// Its lender's number of the lease.
    pub lease: LeaseId,
    /// Tag to match.
    pub tag: Tag,
    /// Where the lender's pool is.
    pub base: PoolBase,
    /// What is lent.
    pub range: PoolRange,
    /// Where the lease is recorded.
    pub record: LeaseRecord,
    /// What the borrower may do.
    pub access: Access,
}

impl LendOffer {
    /// What its record holds while a lender in this life lends it.
    pub fn recorded(&self, life: Epoch) -> [u8; QUADWORD] {
        let mut bytes = [0; QUADWORD];
        bytes[0..2].copy_from_slice(&self.lease.0.to_le_bytes());
        bytes[2..4].copy_from_slice(&life.get().to_le_bytes());
        bytes[4..8].copy_from_slice(&self.range.offset().to_le_bytes());
        bytes
    }
}

/// A mail about a lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LendMail {
    /// The lender has something to lend.
    Offer(LendOffer),
    /// The borrower does not use it, or no longer.
    Return {
        /// Lease that has ended.
        lease: LeaseId,
        /// Whether it was borrowed.
        was_borrowed: bool,
    },
    /// The lender has given up; wants it returned if it was not borrowed yet.
    Withdraw {
        /// Lease that is withdrawn.
        lease: LeaseId,
    },
}

impl LendMail {
    /// Checks every field of a mail.
    pub fn parse(mail: &Mail) -> Result<Self, WireError> {
        let payload = mail.payload();
        match (mail.kind().0, payload.len()) {
            (1, 18) => Self::parse_offer(payload.try_into().expect("the length was checked")),
            (2, 3) => {
                let bytes: &[u8; 3] = payload.try_into().expect("the length was checked");
                let was_borrowed = match bytes[2] {
                    0 => false,
                    1 => true,
                    other => return Err(WireError::Code(other)),
                };
                Ok(Self::Return { lease: LeaseId(word_at(bytes, 0)), was_borrowed })
            }
            (3, 2) => {
                let bytes: &[u8; 2] = payload.try_into().expect("the length was checked");
                Ok(Self::Withdraw { lease: LeaseId(word_at(bytes, 0)) })
            }
            (1..=3, length) => Err(WireError::Length(u8::try_from(length).unwrap_or(u8::MAX))),
            (other, _) => Err(WireError::Code(other)),
        }
    }

    fn parse_offer(bytes: &[u8; 18]) -> Result<Self, WireError> {
        let (address, offset, length) = (dword_at(bytes, 4), dword_at(bytes, 8), dword_at(bytes, 12));
        Ok(Self::Offer(LendOffer {
            lease: LeaseId(word_at(bytes, 0)),
            tag: Tag(word_at(bytes, 2)),
            base: PoolBase::new(address).ok_or(WireError::Place(address))?,
            range: PoolRange::new(offset, length).ok_or(WireError::Place(offset))?,
            record: LeaseRecord::new(bytes[16]).ok_or(WireError::Number(bytes[16]))?,
            access: match bytes[17] {
                0 => Access::Read,
                1 => Access::Write,
                other => return Err(WireError::Code(other)),
            },
        }))
    }

    /// The mail that [`parse`](Self::parse) reads back.
    pub fn emit(&self) -> Mail {
        let mut bytes = [0; 18];
        let (kind, lease, length) = match *self {
            Self::Offer(LendOffer { lease, tag, base, range, record, access }) => {
                bytes[2..4].copy_from_slice(&tag.0.to_le_bytes());
                bytes[4..8].copy_from_slice(&base.address().to_le_bytes());
                bytes[8..12].copy_from_slice(&range.offset().to_le_bytes());
                bytes[12..16].copy_from_slice(&range.length().to_le_bytes());
                bytes[16] = record.number();
                bytes[17] = u8::from(access == Access::Write);
                (1, lease, 18)
            }
            Self::Return { lease, was_borrowed } => {
                bytes[2] = u8::from(was_borrowed);
                (2, lease, 3)
            }
            Self::Withdraw { lease } => (3, lease, 2),
        };
        bytes[0..2].copy_from_slice(&lease.0.to_le_bytes());
        let flow = Flow(u32::from(lease.0));
        Mail::new(Channel::LEND, Kind(kind), flow, &bytes[..length]).expect("18 bytes fit a payload")
    }
}
