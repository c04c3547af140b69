//! Counts of what crossed the mesh.
//!
//! Flits by SCC reference §1.3 and B.3: a header, plus two data flits for a line or one for up to 8 bytes.

use scc::id::CoreId;
use scc::lut::MemoryController;
use serde::Serialize;

/// Kind of transaction a core issues (SCC reference §2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// RDO: line read.
    ReadLine,
    /// NCRD: partial read.
    Read,
    /// NCWR: partial write.
    Write,
    /// WCWR: complete write-combining buffer.
    WriteCombined,
    /// WBI: dirty line.
    WriteBack,
    /// NCIORD.
    IoRead,
    /// NCIOWR.
    IoWrite,
}

impl Command {
    /// Flits of request and response together.
    const fn flits(self) -> u64 {
        match self {
            // Request 1; response header and two data flits.
            Self::ReadLine => 4,
            // Request 1; response header and one data flit.
            Self::Read | Self::IoRead => 3,
            // Request header and one data flit; response 1.
            Self::Write | Self::IoWrite => 3,
            // Request header and two data flits; response 1.
            Self::WriteCombined | Self::WriteBack => 4,
        }
    }
}

/// Transactions of one core.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CoreTraffic {
    /// Line reads (RDO).
    pub line_reads: u64,
    /// Partial reads (NCRD).
    pub reads: u64,
    /// Partial writes (NCWR).
    pub writes: u64,
    /// Complete write-combining buffers (WCWR).
    pub combined_writes: u64,
    /// Write-backs (WBI).
    pub write_backs: u64,
    /// Port reads (NCIORD).
    pub io_reads: u64,
    /// Port writes (NCIOWR).
    pub io_writes: u64,
}

/// Traffic of one memory controller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ControllerTraffic {
    /// Bytes read.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

/// Counts since power-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// By core.
    pub cores: Vec<CoreTraffic>,
    /// By memory controller, MC0 to MC3.
    pub controllers: [ControllerTraffic; 4],
    /// Flits sent, requests and responses.
    pub flits: u64,
    /// Routers passed by flits.
    pub flit_hops: u64,
    /// Interrupt packets sent by the FPGA.
    pub interrupt_packets: u64,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self {
            cores: vec![CoreTraffic::default(); CoreId::COUNT],
            controllers: [ControllerTraffic::default(); 4],
            flits: 0,
            flit_hops: 0,
            interrupt_packets: 0,
        }
    }

    /// Counts one transaction of a core that passes `routers` routers each way.
    #[inline]
    pub(crate) fn count(&mut self, core: CoreId, command: Command, routers: u32) {
        let traffic = &mut self.cores[core.index()];
        let counter = match command {
            Command::ReadLine => &mut traffic.line_reads,
            Command::Read => &mut traffic.reads,
            Command::Write => &mut traffic.writes,
            Command::WriteCombined => &mut traffic.combined_writes,
            Command::WriteBack => &mut traffic.write_backs,
            Command::IoRead => &mut traffic.io_reads,
            Command::IoWrite => &mut traffic.io_writes,
        };
        *counter += 1;
        if routers > 0 {
            self.flits += command.flits();
            self.flit_hops += command.flits() * u64::from(routers);
        }
    }

    /// Counts bytes read from a controller.
    #[inline]
    pub(crate) fn count_read(&mut self, controller: MemoryController, bytes: u32) {
        self.controllers[controller.index()].bytes_read += u64::from(bytes);
    }

    /// Counts bytes written to a controller.
    #[inline]
    pub(crate) fn count_write(&mut self, controller: MemoryController, bytes: u32) {
        self.controllers[controller.index()].bytes_written += u64::from(bytes);
    }
}
