//! Addresses of a guest, which are neither the core's nor the system's.

/// An address in the guest's own memory, from 0 up to the size that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuestPhysAddr(u32);

/// An address as the guest's segments and page tables see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuestVirtAddr(u32);

impl GuestPhysAddr {
    /// The address of this number; whether the guest has memory there is for the hypervisor to check.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The address `bytes` further up; `None` beyond 32 bits.
    #[must_use]
    pub const fn checked_add(self, bytes: u32) -> Option<Self> {
        match self.0.checked_add(bytes) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

impl GuestVirtAddr {
    /// The address of this number; whether something is mapped there is for the hypervisor to check.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}
