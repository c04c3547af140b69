//! The APIC's local interrupt inputs, LINT0 and LINT1, each with its local vector entry.

use i586::apic::{DeliveryMode, LocalVector};

/// A local interrupt input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pin {
    /// LINT0, driven by the core's INTR bit.
    Lint0,
    /// LINT1, driven by the core's NMI bit.
    Lint1,
}

impl Pin {
    pub(super) const ALL: [Pin; 2] = [Pin::Lint0, Pin::Lint1];

    pub(super) const fn index(self) -> usize {
        match self {
            Pin::Lint0 => 0,
            Pin::Lint1 => 1,
        }
    }
}

/// One input: its level and its entry in the local vector table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalPin {
    /// Status and remote IRR are kept out of here.
    pub(super) entry: LocalVector,
    pub(super) high: bool,
    /// Remote IRR: the vector of a level interrupt that was acknowledged and not yet ended.
    pub(super) in_service: Option<u8>,
}

impl LocalPin {
    pub(super) const fn new() -> Self {
        LocalPin { entry: LocalVector::RESET, high: false, in_service: None }
    }

    /// Back to the reset state; the level is an input and stays.
    pub(super) fn reset(&mut self) {
        *self = LocalPin { high: self.high, ..Self::new() };
    }

    /// Whether the pin is at its active level.
    pub(super) fn is_active(&self) -> bool {
        self.high != self.entry.polarity()
    }

    /// Whether the entry is fixed and level triggered.
    pub(super) fn is_level(&self) -> bool {
        self.entry.delivery_mode() == DeliveryMode::Fixed && self.entry.level()
    }

    /// Whether the pin asks for its vector by level.
    pub(super) fn wants_level(&self) -> bool {
        self.is_level() && self.is_active() && !self.entry.mask() && self.in_service.is_none()
    }

    /// Whether the pin acts as the core's plain INTR input.
    pub(super) fn wants_external(&self) -> bool {
        self.entry.delivery_mode() == DeliveryMode::External && self.is_active() && !self.entry.mask()
    }

    /// The entry as software reads it.
    pub(super) fn read(&self) -> u32 {
        self.entry.with_remote_irr(self.in_service.is_some()).into_bits()
    }

    /// Replaces the entry; `entry` has writable fields only.
    pub(super) fn write(&mut self, entry: LocalVector) {
        self.entry = entry;
        if !self.is_level() {
            self.in_service = None;
        }
    }
}
