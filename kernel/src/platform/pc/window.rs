//! The window onto the local APIC: the only place that dereferences device addresses.
#![expect(unsafe_code, reason = "device registers are memory")]

use core::ptr::with_exposed_provenance_mut;

use i586::apic::ApicRegister;

use super::device_map::LOCAL_APIC;

fn place(register: ApicRegister) -> *mut u32 {
    with_exposed_provenance_mut((LOCAL_APIC + register.offset()) as usize)
}

/// Reads a register of the local APIC.
#[must_use]
pub(crate) fn read_apic(register: ApicRegister) -> u32 {
    // SAFETY: the register exists; device windows stay mapped from the start on.
    unsafe { place(register).read_volatile() }
}

/// Writes a register of the local APIC.
pub(crate) fn write_apic(register: ApicRegister, value: u32) {
    // SAFETY: as for reading; the APIC changes no memory, and interrupts arrive through gates only.
    unsafe { place(register).write_volatile(value) };
}
