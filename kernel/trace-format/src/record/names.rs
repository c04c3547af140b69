//! What records name: tasks, letters, calls, leases, texts.

/// Names a task within one core, as long as the task lives; usually the address of its header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskNumber(pub u32);

/// Names a letter among those that go from one core to one other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LetterNumber {
    /// Number by which its writer joins what one message causes; 0 if it joins nothing.
    pub flow: u32,
    /// Life of the writer in the lower half, number of the letter in that life in the upper one.
    pub place: u32,
}

/// Names a call among those from one core to others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RemoteCall {
    /// Life of the caller.
    pub life: u16,
    /// Number of the call in that life; it wraps.
    pub number: u16,
    /// Number of the procedure.
    pub procedure: u8,
}

/// A block of a core's memory that it lends to another, for reading or for writing, where it lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lease {
    /// Life of the lender.
    pub life: u16,
    /// Number of the lease in that life; it wraps.
    pub number: u16,
    /// Length of the block.
    pub bytes: u32,
}

/// A constant text in the core's memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextPlace {
    /// Virtual address of the first byte.
    pub address: u32,
    /// Bytes of UTF-8, of a longer text the first 255.
    pub length: u8,
}

impl TextPlace {
    /// Place of a text of `length` bytes at `address`; of a longer one than 255 bytes the beginning is kept.
    pub const fn new(address: u32, length: usize) -> Self {
        let [low, ..] = length.to_le_bytes();
        Self { address, length: if length > 0xFF { 0xFF } else { low } }
    }
}

impl LetterNumber {
    /// Whether there is no letter yet: a line is blank before its first one.
    pub const fn is_blank(self) -> bool {
        self.place & 0xFFFF == 0
    }
}

/// A number in the lower half, the life that it is of in the upper one.
const fn joined(number: u16, life: u16) -> u32 {
    (life as u32) << 16 | number as u32
}

/// Number and life of what was [`joined`].
const fn parted(name: u32) -> (u16, u16) {
    let [n0, n1, l0, l1] = name.to_le_bytes();
    (u16::from_le_bytes([n0, n1]), u16::from_le_bytes([l0, l1]))
}

impl RemoteCall {
    pub(super) const fn name(self) -> u32 {
        joined(self.number, self.life)
    }

    pub(super) const fn from_words(name: u32, procedure: u32) -> Self {
        let ((number, life), [procedure, ..]) = (parted(name), procedure.to_le_bytes());
        Self { life, number, procedure }
    }
}

impl Lease {
    pub(super) const fn name(self) -> u32 {
        joined(self.number, self.life)
    }

    pub(super) const fn from_words(name: u32, bytes: u32) -> Self {
        let (number, life) = parted(name);
        Self { life, number, bytes }
    }
}
