//! Strict-mode findings: what software did that the chip would have answered with a hang, corruption or
//! unpredictable behaviour.

use scc::address::{LutIndex, PhysAddr, SystemAddr};
use std::fmt;

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
