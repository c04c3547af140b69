//! Commands of mesh and host packets, 12 bits.
//!
//! Facts: SCC reference §2.8, §B.2. Unverified: which core action issues which request; it is inferred from
//! the command list.

/// Command of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// RDO: read a line of 32 bytes; cacheable and message-buffer fills.
    ReadLine,
    /// NCRD: read 1 to 8 bytes of one quadword.
    ReadPartial,
    /// NCWR: write 1 to 8 bytes of one quadword.
    WritePartial,
    /// WCWR: write a line from the write-combine buffer.
    WriteCombined,
    /// WBI: write back a dirty line.
    WriteBack,
    /// NCIORD: read from an I/O port.
    PortRead,
    /// NCIOWR: write to an I/O port.
    PortWrite,
    /// DATACMP: answer with a line.
    LineData,
    /// NCDATACMP: answer with partial data.
    PartialData,
    /// MEMCMP: answer to a write.
    WriteComplete,
    /// ABORT: refusal.
    Abort,
}

impl Command {
    /// All commands, requests first.
    pub const ALL: [Self; 11] = [
        Self::ReadLine,
        Self::ReadPartial,
        Self::WritePartial,
        Self::WriteCombined,
        Self::WriteBack,
        Self::PortRead,
        Self::PortWrite,
        Self::LineData,
        Self::PartialData,
        Self::WriteComplete,
        Self::Abort,
    ];

    /// Encoding.
    pub const fn code(self) -> u16 {
        match self {
            Self::ReadLine => 0x008,
            Self::ReadPartial => 0x007,
            Self::WritePartial => 0x022,
            Self::WriteCombined => 0x122,
            Self::WriteBack => 0x02C,
            Self::PortRead => 0x006,
            Self::PortWrite => 0x023,
            Self::LineData => 0x04F,
            Self::PartialData => 0x04E,
            Self::WriteComplete => 0x049,
            Self::Abort => 0x044,
        }
    }

    /// Command with the given encoding, without host prefixes; `None` for unknown ones.
    pub const fn from_code(code: u16) -> Option<Self> {
        Some(match code {
            0x008 => Self::ReadLine,
            0x007 => Self::ReadPartial,
            0x022 => Self::WritePartial,
            0x122 => Self::WriteCombined,
            0x02C => Self::WriteBack,
            0x006 => Self::PortRead,
            0x023 => Self::PortWrite,
            0x04F => Self::LineData,
            0x04E => Self::PartialData,
            0x049 => Self::WriteComplete,
            0x044 => Self::Abort,
            _ => return None,
        })
    }

    /// What a successful request is answered with; `None` for responses.
    pub const fn response(self) -> Option<Self> {
        match self {
            Self::ReadLine => Some(Self::LineData),
            Self::ReadPartial | Self::PortRead => Some(Self::PartialData),
            Self::WritePartial | Self::WriteCombined | Self::WriteBack | Self::PortWrite => {
                Some(Self::WriteComplete)
            }
            Self::LineData | Self::PartialData | Self::WriteComplete | Self::Abort => None,
        }
    }
}

/// Prefix the host's packet generator adds to a command: where else the packet goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HostPrefix {
    /// BLOCK: consecutive addresses.
    Block,
    /// BCMC: all four memory controllers.
    AllControllers,
    /// BCTILE: all 24 tiles.
    AllTiles,
    /// BCBOARD: all boards.
    AllBoards,
}

impl HostPrefix {
    /// Bits added to the command.
    pub const fn bits(self) -> u16 {
        match self {
            Self::Block => 0x800,
            Self::AllControllers => 0x400,
            Self::AllTiles => 0xC00,
            Self::AllBoards => 0x200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn commands_round_trip_and_only_requests_are_answered() {
        for command in Command::ALL {
            assert_eq!(Command::from_code(command.code()), Some(command));
            let is_response = command.code() & 0x40 != 0;
            assert_eq!(command.response().is_none(), is_response);
        }
        assert_eq!(Command::from_code(0x808), None);
    }
}
