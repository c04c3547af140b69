//! How a kernel on a PC tells QEMU that it has ended: a byte at the port of the device `isa-debug-exit`.
//!
//! QEMU then ends with twice that byte plus 1 as its exit status, so neither outcome is mistaken for QEMU's own 0 or 1.

/// Port of the device, for QEMU's option `-device isa-debug-exit,iobase=0xf4`.
pub const PORT: u16 = 0xF4;

/// How the kernel has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The self-test passed.
    Passed,
    /// The self-test or the kernel failed; the console says how.
    Failed,
}

impl Ending {
    /// The byte for the port.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Passed => 0x10,
            Self::Failed => 0x11,
        }
    }

    /// QEMU's exit status: 33 or 35.
    pub fn status(self) -> i32 {
        i32::from(self.byte()) * 2 + 1
    }

    /// The ending with this exit status of QEMU; `None` if QEMU ended for a reason of its own.
    pub fn from_status(status: i32) -> Option<Self> {
        [Self::Passed, Self::Failed].into_iter().find(|ending| ending.status() == status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_none_of_qemus_own_and_read_back() {
        assert_eq!([Ending::Passed, Ending::Failed].map(Ending::status), [33, 35]);
        assert_eq!(Ending::from_status(33), Some(Ending::Passed));
        assert_eq!(Ending::from_status(35), Some(Ending::Failed));
        assert_eq!([0, 1, 34, -1].map(Ending::from_status), [None; 4]);
    }
}
