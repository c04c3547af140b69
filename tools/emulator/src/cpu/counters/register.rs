//! The model-specific registers of a P54C core (SCC reference §2.1, MSRs).

/// A model-specific register, by the index in ECX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Msr {
    /// P5_MC_ADDR: physical address of the bus cycle that failed.
    MachineCheckAddress,
    /// P5_MC_TYPE: its kind; bit 0 is valid and cleared by a read.
    MachineCheckType,
    /// TR1 to TR7 and TR9 to TR11: test registers without effect.
    Test,
    /// TR12: switches of tracing and of the caches.
    Tr12,
    /// TSC: the time-stamp counter.
    TimeStamp,
    /// CESR: what the two counters count.
    CounterControl,
    /// CTR0.
    Counter0,
    /// CTR1.
    Counter1,
}

impl Msr {
    /// The register of an index; `None` where RDMSR and WRMSR raise #GP(0).
    pub(crate) const fn from_index(index: u32) -> Option<Msr> {
        Some(match index {
            0x00 => Msr::MachineCheckAddress,
            0x01 => Msr::MachineCheckType,
            0x02 | 0x04..=0x09 | 0x0B..=0x0D => Msr::Test,
            0x0E => Msr::Tr12,
            0x10 => Msr::TimeStamp,
            0x11 => Msr::CounterControl,
            0x12 => Msr::Counter0,
            0x13 => Msr::Counter1,
            _ => return None,
        })
    }
}

/// Why [`super::Counters`] did not carry out an MSR access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MsrError {
    /// No such register: #GP(0).
    #[error("no model-specific register {0:#x}")]
    Undefined(u32),
    /// The time-stamp counter is kept by the core.
    #[error("the time-stamp counter is kept by the core")]
    TimeStamp,
}
