//! What functions return: `enum` of `RCCE.h`.

use core::ffi::c_int;

use guest_runtime::abi::CallError;

/// Why a function did not do what it was asked for. The numbers are those of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    NotInitialized = 1,
    Id = 2,
    CommBuffer = 3,
    PrivateMemory = 4,
    MessageLength = 5,
    Comm = 6,
    UeDown = 7,
}

impl From<CallError> for Failure {
    /// For calls whose member and window were checked: an argument without meaning is then a length.
    fn from(error: CallError) -> Self {
        match error {
            CallError::Address => Self::PrivateMemory,
            CallError::Argument => Self::MessageLength,
            CallError::Unknown => Self::NotInitialized,
            CallError::Member => Self::UeDown,
        }
    }
}

/// The number that C gets.
pub(crate) fn status(result: Result<(), Failure>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(failure) => failure as c_int,
    }
}
