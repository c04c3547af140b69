//! Counts of what crossed the mesh.
//!
//! Flits by SCC reference §1.3 and B.3: a header, plus two data flits for a line or one for up to 8 bytes.

use scc::command::Command;
use scc::id::CoreId;
use scc::lut::MemoryController;
use serde::Serialize;

/// Flits of a request and its response together.
const fn flits(command: Command) -> u64 {
    match command {
        // One flit there, header and two data flits back; or header and two data flits there, one back.
        Command::ReadLine | Command::WriteCombined | Command::WriteBack => 4,
        // The same with one data flit.
        Command::ReadPartial | Command::WritePartial | Command::PortRead | Command::PortWrite => 3,
        // Responses are counted with their requests.
        Command::LineData | Command::PartialData | Command::WriteComplete | Command::Abort => 0,
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
    /// Requests to the interrupt controller that were lost on purpose.
    pub lost_requests: u64,
    /// Of the interrupt packets sent, those that were lost on purpose.
    pub lost_packets: u64,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self {
            cores: vec![CoreTraffic::default(); CoreId::COUNT],
            controllers: [ControllerTraffic::default(); 4],
            flits: 0,
            flit_hops: 0,
            interrupt_packets: 0,
            lost_requests: 0,
            lost_packets: 0,
        }
    }

    /// Counts one transaction of a core that passes `routers` routers each way.
    #[inline]
    pub(crate) fn count(&mut self, core: CoreId, command: Command, routers: u32) {
        let traffic = &mut self.cores[core.index()];
        let counter = match command {
            Command::ReadLine => &mut traffic.line_reads,
            Command::ReadPartial => &mut traffic.reads,
            Command::WritePartial => &mut traffic.writes,
            Command::WriteCombined => &mut traffic.combined_writes,
            Command::WriteBack => &mut traffic.write_backs,
            Command::PortRead => &mut traffic.io_reads,
            Command::PortWrite => &mut traffic.io_writes,
            Command::LineData | Command::PartialData | Command::WriteComplete | Command::Abort => return,
        };
        *counter += 1;
        if routers > 0 {
            self.flits += flits(command);
            self.flit_hops += flits(command) * u64::from(routers);
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
