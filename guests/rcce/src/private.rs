//! Private memory of a unit, which is mapped one to one: a pointer is a guest-physical address.

use guest_runtime::abi::GuestPhysAddr;
use guest_runtime::abi::call::Bytes;

use crate::status::Failure;

/// `bytes` bytes of private memory. Whether they are there is for the hypervisor to check.
pub(crate) fn private<T>(place: *const T, bytes: impl TryInto<u32>) -> Result<Bytes, Failure> {
    let bytes = bytes.try_into().map_err(|_| Failure::PrivateMemory)?;
    let address = u32::try_from(place.addr()).map_err(|_| Failure::PrivateMemory)?;
    Ok(Bytes { address: GuestPhysAddr::new(address), bytes })
}
