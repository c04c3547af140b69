//! The status word of a hypercall: a value, or why there is none.
//!
//! Words from 0xFFFF_F001 up are a [`CallError`], negated as Linux does it, so that a Linux guest can return them as
//! they are.

/// Why a hypercall failed. All but the last are the guest's fault, or its hypervisor is older than it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The address, or what follows it, is not memory of the guest.
    #[error("address outside the guest's memory")]
    Address,
    /// An argument has no meaning.
    #[error("argument without meaning")]
    Argument,
    /// The number is not known, or not served by this hypervisor.
    #[error("call not known")]
    Unknown,
    /// Another member of the group has ended or does not answer. Not this guest's fault.
    #[error("a member of the group has ended or does not answer")]
    Member,
}

impl CallError {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Address, Self::Argument, Self::Unknown, Self::Member];

    /// The status word: the negated number that Linux gives to the same failure (EFAULT, EINVAL, ENOSYS, EHOSTDOWN).
    #[must_use]
    pub const fn status(self) -> u32 {
        match self {
            Self::Address => 14_u32.wrapping_neg(),
            Self::Argument => 22_u32.wrapping_neg(),
            Self::Unknown => 38_u32.wrapping_neg(),
            Self::Member => 112_u32.wrapping_neg(),
        }
    }
}

/// Lowest status word that is an error.
pub const FIRST_ERROR: u32 = 4095_u32.wrapping_neg();

/// The status word of a result. Values are below [`FIRST_ERROR`].
#[must_use]
pub fn status(result: Result<u32, CallError>) -> u32 {
    result.unwrap_or_else(CallError::status)
}

/// What a status word says. An error word that this version does not know counts as [`CallError::Unknown`].
///
/// # Errors
/// The error that the word stands for.
pub fn result(status: u32) -> Result<u32, CallError> {
    if status < FIRST_ERROR {
        return Ok(status);
    }
    Err(CallError::ALL.into_iter().find(|error| error.status() == status).unwrap_or(CallError::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_comes_back_from_its_status_word() {
        for error in CallError::ALL {
            assert_eq!(result(status(Err(error))), Err(error));
        }
        assert_eq!(result(1_u32.wrapping_neg()), Err(CallError::Unknown));
        assert_eq!(result(status(Ok(FIRST_ERROR - 1))), Ok(FIRST_ERROR - 1));
    }
}
