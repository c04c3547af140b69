//! The core's alarm.

/// The platform's timer has expired. Interrupt context.
pub fn expired() {}
