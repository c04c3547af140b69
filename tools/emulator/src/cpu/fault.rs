//! Why an instruction did not complete.

use crate::chip::port::Refusal;
use crate::diagnostics::Finding;
use i586::exception::Exception;

/// An exception with its error code, ready to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Which exception.
    pub(crate) exception: Exception,
    /// The error code for those that push one.
    pub(crate) code: Option<u16>,
}

/// What ended an instruction early. Architectural state is as before the instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// An exception to deliver.
    Fault(Fault),
    /// The instruction must be started again once slower cores have caught up.
    NotYet,
    /// A data breakpoint of a debugger was hit before the access.
    Watchpoint,
    /// The chip would hang or the emulator does not model what was asked for.
    Hang(Box<Finding>),
}

impl Stop {
    /// #UD.
    pub(crate) const UNDEFINED: Stop = Stop::plain(Exception::InvalidOpcode);
    /// #NM.
    pub(crate) const DEVICE_NOT_AVAILABLE: Stop = Stop::plain(Exception::DeviceNotAvailable);
    /// #DE.
    pub(crate) const DIVIDE: Stop = Stop::plain(Exception::DivideError);
    /// #GP(0).
    pub(crate) const PROTECTION: Stop = Stop::protection(0);

    /// An exception without an error code.
    pub(crate) const fn plain(exception: Exception) -> Stop {
        Stop::Fault(Fault { exception, code: None })
    }

    /// An exception with an error code.
    pub(crate) const fn coded(exception: Exception, code: u16) -> Stop {
        Stop::Fault(Fault { exception, code: Some(code) })
    }

    /// #GP with an error code, usually a selector with its RPL bits cleared.
    pub(crate) const fn protection(code: u16) -> Stop {
        Stop::coded(Exception::GeneralProtection, code)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAnswer(finding) => Stop::Hang(finding),
            Refusal::NotYet => Stop::NotYet,
        }
    }
}
