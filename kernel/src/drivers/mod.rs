//! Devices that more than one platform has.

pub mod local_apic;
