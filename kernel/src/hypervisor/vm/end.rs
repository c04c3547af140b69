//! How a guest has ended.

use guest_abi::EndReason;
use i586::exception::Exception;
use i586::page::PageFaultCode;

use crate::hypervisor::delivery::DeliveryError;
use crate::hypervisor::shadow_paging::Miss;

/// How a guest has ended. All but the first are its own fault, or lack of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// By its own will.
    #[error("by itself reason={} detail={detail:#x}", reason_name(*.reason))]
    Asked {
        /// Why.
        reason: EndReason,
        /// A number of its own.
        detail: u32,
    },
    /// An exception while it has no interrupt table.
    #[error("exception vector={} error={error:#x} eip={eip:#010x}: {}", .exception.vector(), .exception.name())]
    Exception {
        /// Which one.
        exception: Exception,
        /// Error code of the processor.
        error: u32,
        /// The instruction at fault, or the next one.
        eip: u32,
    },
    /// A page fault while it has no interrupt table.
    #[error("page fault address={address:#010x} error={:#x} eip={eip:#010x}", code.bits())]
    PageFault {
        /// Linear address that was touched.
        address: u32,
        /// How.
        code: PageFaultCode,
        /// The instruction at fault.
        eip: u32,
    },
    /// It touched what is no memory of it, or there is no memory for what it needs.
    #[error("{miss} address={address:#010x} eip={eip:#010x}")]
    Miss {
        /// What its tables lead to.
        miss: Miss,
        /// Linear address that was touched.
        address: u32,
        /// The instruction at fault.
        eip: u32,
    },
    /// Its interrupt table or its stack cannot be used for what is to be delivered: a processor would shut down.
    #[error("vector={vector} eip={eip:#010x} cannot be delivered: {error}")]
    Undeliverable {
        /// What was to be delivered.
        vector: u8,
        /// Why it could not be.
        error: DeliveryError,
        /// Where the guest was.
        eip: u32,
    },
}

const fn reason_name(reason: EndReason) -> &'static str {
    match reason {
        EndReason::PowerOff => "power-off",
        EndReason::Reboot => "reboot",
        EndReason::Panic => "panic",
    }
}
