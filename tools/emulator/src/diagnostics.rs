//! Strict-mode findings: what software did that the chip would have answered with a hang, corruption or
//! unpredictable behaviour.

use std::fmt;

use scc::address::{LutIndex, PhysAddr, SystemAddr};
use scc::fpga::FpgaPort;
use scc::id::TileId;

/// One finding, without the place it was found at (the machine adds core, EIP and symbol).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What happened.
    pub kind: FindingKind,
    /// Core-physical address involved.
    pub physical: Option<PhysAddr>,
    /// System address involved.
    pub system: Option<SystemAddr>,
}

/// Kinds of findings; `Display` says what was done and what the chip would have done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindingKind {
    /// The LUT entry names a port without an agent.
    #[error(
        "LUT entry {entry:#07x} names a port without an agent; the chip never answers and the core hangs"
    )]
    NoAgent {
        /// The LUT entry used.
        entry: u32,
    },
    /// An address beyond the memory installed on a controller.
    #[error("address beyond the {gigabytes} GB on the memory controller; it wraps to the installed size")]
    BeyondMemory {
        /// Installed size.
        gigabytes: u8,
    },
    /// The bypass bit on a LUT entry that is not the own tile's message buffer.
    #[error("LUT entry {entry:#08x} has the bypass bit set for something other than the own tile's MPB")]
    BypassMisuse {
        /// The LUT entry used.
        entry: u32,
    },
    /// A tile whose voltage domain is switched off.
    #[error("tile {tile} has no supply voltage; it never answers and the core hangs")]
    TileWithoutPower {
        /// The tile addressed.
        tile: TileId,
    },
    /// A whole line read from registers.
    #[error("32-byte read of registers, with the side effects of each; registers must be mapped uncached")]
    RegisterLineRead,
    /// A whole line written to registers.
    #[error("32-byte write to registers, changing each of them; registers must be mapped uncached")]
    RegisterLineWrite,
    /// A CRB offset without a register.
    #[error("no tile register at CRB offset {offset:#06x}; it reads 0 and ignores writes")]
    UndefinedTileRegister {
        /// Offset in the block.
        offset: u32,
    },
    /// An FPGA offset without a register.
    #[error("no FPGA register at offset {offset:#06x}; the FPGA may never answer and the core hangs")]
    UndefinedFpgaRegister {
        /// Offset in the register bank.
        offset: u32,
    },
    /// An FPGA register of the host's side, accessed by a core.
    #[error("FPGA register {offset:#06x} belongs to the host; a core may get no answer and hang")]
    HostFpgaRegister {
        /// Offset in the register bank.
        offset: u32,
    },
    /// An FPGA offset beyond the register bank.
    #[error("FPGA offset {offset:#08x} is beyond the register bank; the bank repeats or nobody answers")]
    FpgaOffsetWraps {
        /// Offset in the 16 MB window.
        offset: u64,
    },
    /// An FPGA register that the emulator does not model.
    #[error("FPGA register {offset:#06x} is not modelled by the emulator; it has no effect here")]
    FpgaRegisterNotModelled {
        /// Offset in the register bank.
        offset: u32,
    },
    /// A port of the FPGA with nothing behind it in the emulator.
    #[error("the FPGA's {port:?} port is not modelled by the emulator; nobody answers and the core hangs")]
    FpgaPortNotModelled {
        /// The port.
        port: FpgaPort,
    },
    /// A host address without host memory behind it.
    #[error("no host memory at {address:#011x}; the host does not answer and the core hangs")]
    NoHostMemory {
        /// The 34-bit address.
        address: u64,
    },
    /// GCBCFG written with a mesh ratio that is not the mesh's.
    #[error("GCBCFG {value:#010x} changes the mesh clock ratio; data between tile and mesh is corrupted")]
    MeshRatioChanged {
        /// The value in the register.
        value: u32,
    },
    /// GCBCFG written with a tile ratio that does not fit the divider.
    #[error("GCBCFG {value:#010x} has a tile clock ratio that is not 7*(divider+1); data is corrupted")]
    TileRatioMismatch {
        /// The value in the register.
        value: u32,
    },
    /// GCBCFG written with tile divider 0.
    #[error("GCBCFG {value:#010x} asks for tile divider 0 (1600 MHz), which the chip does not support")]
    DividerZero {
        /// The value in the register.
        value: u32,
    },
    /// A tile runs faster than its voltage permits.
    #[error("tile {tile} at {megahertz} MHz; its voltage permits {limit} MHz and it fails")]
    FrequencyAboveVoltage {
        /// The tile.
        tile: TileId,
        /// Its frequency, rounded down.
        megahertz: u32,
        /// Limit of the voltage in force.
        limit: u16,
    },
    /// A voltage command for the mesh.
    #[error(
        "voltage command {command:#07x} for the mesh and system interface, which software must not touch"
    )]
    MeshVoltage {
        /// The command word.
        command: u32,
    },
    /// An I/O port without a device; reported once per port.
    #[error("no device at I/O port {port:#06x}; it reads as ones and ignores writes")]
    UnknownPort {
        /// The port.
        port: u16,
    },
    /// An uncached access to a line that the core's own L1 or L2 holds.
    #[error("uncached access to a line that is also cached; the cached copy and memory drift apart")]
    UncachedAccessToCachedLine,
    /// L2 was switched off by its way disable while it held dirty lines.
    #[error("L2 disabled with dirty lines in it; they are hidden until it is enabled again")]
    L2DisabledWithDirtyLines,
    /// INVD with dirty lines in L1.
    #[error("INVD with dirty lines in L1; their data is lost")]
    InvalidateDiscardsDirtyLines,
    /// CL1INVMB with dirty message lines in L1.
    #[error("CL1INVMB with modified message lines in L1; their data is lost")]
    MessageInvalidateDiscardsDirtyLines,
    /// A LUT entry was changed while dirty lines of its window were cached.
    #[error(
        "LUT entry {index} changed with dirty lines of its window cached; they are written to the new target"
    )]
    LutChangedUnderDirtyLines {
        /// The entry.
        index: LutIndex,
    },
    /// An access to the local APIC that is not an aligned 32-bit one.
    #[error(
        "{bytes}-byte access at offset {offset:#05x} of the local APIC; only aligned 32-bit accesses are \
         defined, the chip's answer is unpredictable"
    )]
    ApicAccessWidth {
        /// Offset of the first byte in the APIC's page.
        offset: u32,
        /// Size of the access.
        bytes: u32,
    },
    /// An access to the local APIC's page where no register is.
    #[error("offset {offset:#05x} of the local APIC has no register; it reads 0 and keeps nothing")]
    ApicNoRegister {
        /// Offset in the APIC's page.
        offset: u32,
    },
    /// An interrupt command for somebody else than the core itself.
    #[error("interrupt command {command:#010x} leaves the core; there is no APIC bus and it reaches nobody")]
    ApicCommandDropped {
        /// Low word of the command register.
        command: u32,
    },
    /// An interrupt acknowledge cycle for the plain INTR line.
    #[error("interrupt acknowledge without an interrupt controller to answer; vector 0xff is taken")]
    NoInterruptController,
    /// An unmasked x87 error with CR0.NE clear: FERR# goes active and nothing answers it.
    #[error("x87 error with CR0.NE clear; FERR# is wired to nothing and the core freezes")]
    NumericErrorWithoutHandler,
    /// SMI# was asserted; system management mode is not modelled.
    #[error("SMI# asserted; system management mode is not modelled")]
    SystemManagementNotModelled,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(physical) = self.physical {
            write!(f, "; physical {physical}")?;
        }
        if let Some(system) = &self.system {
            write!(f, "; system {system}")?;
        }
        Ok(())
    }
}
