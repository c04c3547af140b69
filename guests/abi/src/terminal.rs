//! The terminal: how text that a user types reaches a guest, and what the guest writes reaches the user as it is.
//!
//! Not for guests: it is what the tools that play the host and the hypervisor agree on.
//!
//! A core has one terminal. It is attached to one of the core's guests, or to none. What the attached guest writes goes to
//! the core's second serial port, byte by byte; what others write, line by line to the first, with their names. What is
//! typed is a stream of bytes, in which [`ESCAPE`] begins a pair:
//!
//! ```text
//! FF FF   the byte FF
//! FF nn   the terminal is attached to guest nn of the core's list, counted from 0
//! FF FE   it is attached to none
//! FF on   an order about guest n: o is 1 for stop, 2 start, 3 pause, 4 resume, 5 keep, 6 restore
//! ```
//!
//! On a PC the stream comes in through the second serial port. On the SCC the host writes it into a page of the core's
//! memory, which the kernel names by the ELF symbol [`PLACE_SYMBOL`], and raises the host's interrupt at the core:
//!
//! ```text
//!    0   magic    kernel: MAGIC once it reads the page; the host writes nothing before
//!    4   taken    kernel: bytes that it has taken; wraps
//!   32   typed    host: bytes that it has put down; wraps
//! 2048   text     host: byte n at n modulo TEXT_BYTES
//! ```
//!
//! The host writes text first, then `typed`, and never more than [`TEXT_BYTES`] ahead of `taken`. The kernel reads the page
//! uncached: the host's writes go to memory, behind the caches. What the host writes and what the kernel writes are in
//! different lines, because the host writes whole lines (SCC reference §8.2).

/// ELF symbol of the page; its value is core-physical.
pub const PLACE_SYMBOL: &str = "boot_terminal";
/// First word of a page that the kernel reads: "SCCt" in memory.
pub const MAGIC: u32 = u32::from_le_bytes(*b"SCCt");
/// Offset of the magic word.
pub const MAGIC_OFFSET: u32 = 0;
/// Offset of the count of bytes that the kernel has taken.
pub const TAKEN_OFFSET: u32 = 4;
/// Offset of the count of bytes that the host has put down.
pub const TYPED_OFFSET: u32 = 32;
/// Offset of the text.
pub const TEXT_OFFSET: u32 = 2048;
/// Bytes of text that the page holds.
pub const TEXT_BYTES: u32 = 2048;

/// First byte of a pair.
pub const ESCAPE: u8 = 0xFF;
/// Second byte of the pair that attaches the terminal to none.
const NONE: u8 = 0xFE;

/// The pair that attaches the terminal to guest `guest` of the core's list, or to none.
///
/// # Panics
/// If no list has so many guests.
#[must_use]
pub const fn attach(guest: Option<u8>) -> [u8; 2] {
    match guest {
        Some(guest) => {
            assert!((guest as usize) < crate::list::GUESTS_MAX, "lists are shorter");
            [ESCAPE, guest]
        }
        None => [ESCAPE, NONE],
    }
}

/// What the user wants to become of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Order {
    /// It ends, wherever it is, and all that it has is given back.
    Stop = 1,
    /// It is made anew and runs, if it was stopped.
    Start,
    /// It does not run until it is resumed.
    Pause,
    /// It goes on after a pause.
    Resume,
    /// Its state is kept, in place of one that was kept before.
    Keep,
    /// It is stopped, and one made that goes on from the state that was kept.
    Restore,
}

impl Order {
    /// All orders, by ascending numbers.
    pub const ALL: [Self; 6] =
        [Self::Stop, Self::Start, Self::Pause, Self::Resume, Self::Keep, Self::Restore];

    /// What the kernel calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Keep => "keep",
            Self::Restore => "restore",
        }
    }
}

/// The pair that gives an order about guest `guest` of the core's list.
///
/// # Panics
/// If no list has so many guests.
#[must_use]
pub const fn order(order: Order, guest: u8) -> [u8; 2] {
    assert!((guest as usize) < crate::list::GUESTS_MAX, "lists are shorter");
    [ESCAPE, (order as u8) << 4 | guest]
}

const _: () = assert!(crate::list::GUESTS_MAX <= 16, "a guest's number has four bits of an order");

/// Text for the attached guest, as it stands in the stream.
pub fn text(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().flat_map(|byte| core::iter::repeat_n(*byte, if *byte == ESCAPE { 2 } else { 1 }))
}

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A byte for the attached guest.
    Byte(u8),
    /// The terminal is attached to this guest, or to none.
    Attach(Option<u8>),
    /// What is to become of this guest.
    Order(Order, u8),
}

/// Reads the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    /// Whether the byte before was the first of a pair.
    within_pair: bool,
}

impl Reader {
    /// Takes the next byte. A pair with another second byte means nothing.
    pub fn take(&mut self, byte: u8) -> Option<Typed> {
        match (core::mem::take(&mut self.within_pair), byte) {
            (false, ESCAPE) => {
                self.within_pair = true;
                None
            }
            (false, byte) | (true, byte @ ESCAPE) => Some(Typed::Byte(byte)),
            (true, NONE) => Some(Typed::Attach(None)),
            (true, guest @ ..16) => {
                (usize::from(guest) < crate::list::GUESTS_MAX).then_some(Typed::Attach(Some(guest)))
            }
            (true, pair) => {
                let order = Order::ALL.into_iter().find(|order| *order as u8 == pair >> 4)?;
                let guest = pair & 15;
                (usize::from(guest) < crate::list::GUESTS_MAX).then_some(Typed::Order(order, guest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn read(stream: &[u8]) -> Vec<Typed> {
        let mut reader = Reader::default();
        stream.iter().filter_map(|byte| reader.take(*byte)).collect()
    }

    #[test]
    fn pairs_attach_and_all_else_is_text() {
        let text: Vec<_> = text(b"a\xFF").collect();
        let stream = [&attach(Some(2))[..], &text, &attach(None), &attach(Some(15))].concat();
        let expected = [
            Typed::Attach(Some(2)),
            Typed::Byte(b'a'),
            Typed::Byte(0xFF),
            Typed::Attach(None),
            Typed::Attach(Some(15)),
        ];
        assert_eq!(read(&stream), expected);
    }

    #[test]
    fn orders_name_their_guest() {
        for given in Order::ALL {
            assert_eq!(read(&order(given, 15)), [Typed::Order(given, 15)]);
        }
        assert_eq!(order(Order::Stop, 3), [0xFF, 0x13]);
        assert_eq!(order(Order::Restore, 0), [0xFF, 0x60]);
    }

    #[test]
    fn pair_that_names_nothing_means_nothing() {
        assert_eq!(read(&[ESCAPE, 0x70, b'x', ESCAPE, 0xFD, b'y']), [Typed::Byte(b'x'), Typed::Byte(b'y')]);
    }

    #[test]
    fn what_host_and_kernel_write_shares_no_line() {
        let line = |offset: u32| offset / 32;
        assert_eq!(line(MAGIC_OFFSET), line(TAKEN_OFFSET));
        assert_ne!(line(TAKEN_OFFSET), line(TYPED_OFFSET));
        assert!(line(TYPED_OFFSET) < line(TEXT_OFFSET) && TEXT_OFFSET + TEXT_BYTES <= 4096);
        assert!(TEXT_BYTES.is_power_of_two());
    }
}
