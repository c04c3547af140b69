//! Start information: what a guest is told before its first instruction.
//!
//! ```text
//!  0 magic   4 version   8 memory bytes   12 address of the shared page   16 kHz of the time stamp   20 features
//! ```

use crate::{Features, VERSION};

/// Guest-physical address of the page with the start information.
pub const PLACE: u32 = 0x1000;
/// Guest-physical address of the shared page.
pub const SHARED_PLACE: u32 = 0x2000;
/// Lowest guest-physical address of the guest's image.
pub const IMAGE_PLACE: u32 = 0x10_0000;
/// Bytes of the start information.
pub const BYTES: usize = 24;
/// First word: "SCCg" in memory.
pub const MAGIC: u32 = u32::from_le_bytes(*b"SCCg");

/// The start information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartInfo {
    /// Bytes of guest-physical memory, from address 0.
    pub memory_bytes: u32,
    /// Guest-physical address of the shared page.
    pub shared_page: u32,
    /// Rate of the time stamp counter in kHz.
    pub tsc_khz: u32,
    /// What the hypervisor can do.
    pub features: Features,
}

/// Why bytes are no start information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The first word is another one.
    #[error("no start information: first word {0:#010x}")]
    Magic(u32),
    /// Another version.
    #[error("start information of version {0}, not {VERSION}")]
    Version(u32),
}

impl StartInfo {
    /// As the hypervisor writes it.
    #[must_use]
    pub fn encode(&self) -> [u8; BYTES] {
        let words = [MAGIC, VERSION, self.memory_bytes, self.shared_page, self.tsc_khz, self.features.bits()];
        let mut bytes = [0; BYTES];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// As the guest reads it.
    ///
    /// # Errors
    /// [`StartError`] if somebody else, or another version, has written the bytes.
    pub fn decode(bytes: &[u8; BYTES]) -> Result<Self, StartError> {
        let word = |index: usize| {
            let [a, b, c, d] = [0, 1, 2, 3].map(|byte| bytes[4 * index + byte]);
            u32::from_le_bytes([a, b, c, d])
        };
        match (word(0), word(1)) {
            (MAGIC, VERSION) => Ok(Self {
                memory_bytes: word(2),
                shared_page: word(3),
                tsc_khz: word(4),
                features: Features::from_bits_retain(word(5)),
            }),
            (MAGIC, version) => Err(StartError::Version(version)),
            (magic, _) => Err(StartError::Magic(magic)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: StartInfo = StartInfo {
        memory_bytes: 0x0040_0000,
        shared_page: SHARED_PLACE,
        tsc_khz: 533_000,
        features: Features::TIMER,
    };

    #[test]
    fn layout_is_that_of_the_picture() {
        let bytes = INFO.encode();
        assert_eq!(bytes[..8], *b"SCCg\x01\0\0\0");
        assert_eq!(bytes[8..16], [0, 0, 0x40, 0, 0, 0x20, 0, 0]);
        assert_eq!(bytes[16..], [0x08, 0x22, 0x08, 0, 1, 0, 0, 0]);
        assert_eq!(StartInfo::decode(&bytes), Ok(INFO));
    }

    #[test]
    fn other_writers_and_versions_are_refused() {
        let mut bytes = INFO.encode();
        bytes[4] = 2;
        assert_eq!(StartInfo::decode(&bytes), Err(StartError::Version(2)));
        bytes[0] = 0;
        assert!(matches!(StartInfo::decode(&bytes), Err(StartError::Magic(_))));
    }
}
