//! Registers of a virtual device, as a guest addresses them.
//!
//! Source: VIRTIO 1.2 §4.2.2, table 4.1. Linux 6.12 (`drivers/virtio/virtio_mmio.c`) takes devices of [`VERSION`] 2, if they
//! offer `VIRTIO_F_VERSION_1`, and touches the registers of the older version 1 only in devices of that version.

/// Value of [`Register::Magic`]: "virt" in memory.
pub const MAGIC: u32 = u32::from_le_bytes(*b"virt");
/// Value of [`Register::Version`].
pub const VERSION: u32 = 2;
/// Value of [`Register::Vendor`], which nobody gives out: "SCCg" in memory.
pub const VENDOR: u32 = u32::from_le_bytes(*b"SCCg");
/// Where the device's own fields begin.
pub const CONFIGURATION: u32 = 0x100;

/// A register, 32 bits wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Register {
    /// Read: [`MAGIC`].
    Magic,
    /// Read: [`VERSION`].
    Version,
    /// Read: what the device is.
    Kind,
    /// Read: [`VENDOR`].
    Vendor,
    /// Read: the chosen half of the features that are offered.
    DeviceFeatures,
    /// Write: which half [`Self::DeviceFeatures`] shows.
    DeviceFeaturesHalf,
    /// Write: the chosen half of the features that are taken.
    DriverFeatures,
    /// Write: which half [`Self::DriverFeatures`] sets.
    DriverFeaturesHalf,
    /// Write: the queue that the registers of queues are about.
    QueueSelect,
    /// Read: its largest size; 0 if there is no such queue.
    QueueSizeMax,
    /// Write: its size.
    QueueSize,
    /// Read and write: 1 while it is used.
    QueueReady,
    /// Write: the number of a queue that has something new.
    QueueNotify,
    /// Read: why there was an interrupt.
    InterruptStatus,
    /// Write: reasons that are dealt with.
    InterruptAcknowledge,
    /// Read and write: how far the driver is; 0 resets the device.
    Status,
    /// Write: place of the selected queue's descriptors, low half.
    DescriptorsLow,
    /// Write: its high half.
    DescriptorsHigh,
    /// Write: place of the selected queue's available ring, low half.
    AvailableLow,
    /// Write: its high half.
    AvailableHigh,
    /// Write: place of the selected queue's used ring, low half.
    UsedLow,
    /// Write: its high half.
    UsedHigh,
    /// Write: the region of shared memory that the next four are about. No device here has one.
    SharedMemorySelect,
    /// Read: its length, low half.
    SharedMemoryLengthLow,
    /// Read: high half.
    SharedMemoryLengthHigh,
    /// Read: its place, low half.
    SharedMemoryBaseLow,
    /// Read: high half.
    SharedMemoryBaseHigh,
    /// Read and write: resets a queue, if that feature is taken. No device here offers it.
    QueueReset,
    /// Read: changes when the device's own fields do.
    ConfigurationGeneration,
}

impl Register {
    /// All of them, by offset.
    pub const ALL: [Self; 29] = [
        Self::Magic,
        Self::Version,
        Self::Kind,
        Self::Vendor,
        Self::DeviceFeatures,
        Self::DeviceFeaturesHalf,
        Self::DriverFeatures,
        Self::DriverFeaturesHalf,
        Self::QueueSelect,
        Self::QueueSizeMax,
        Self::QueueSize,
        Self::QueueReady,
        Self::QueueNotify,
        Self::InterruptStatus,
        Self::InterruptAcknowledge,
        Self::Status,
        Self::DescriptorsLow,
        Self::DescriptorsHigh,
        Self::AvailableLow,
        Self::AvailableHigh,
        Self::UsedLow,
        Self::UsedHigh,
        Self::SharedMemorySelect,
        Self::SharedMemoryLengthLow,
        Self::SharedMemoryLengthHigh,
        Self::SharedMemoryBaseLow,
        Self::SharedMemoryBaseHigh,
        Self::QueueReset,
        Self::ConfigurationGeneration,
    ];

    /// Its offset in the window.
    #[must_use]
    pub const fn offset(self) -> u32 {
        match self {
            Self::Magic => 0x000,
            Self::Version => 0x004,
            Self::Kind => 0x008,
            Self::Vendor => 0x00C,
            Self::DeviceFeatures => 0x010,
            Self::DeviceFeaturesHalf => 0x014,
            Self::DriverFeatures => 0x020,
            Self::DriverFeaturesHalf => 0x024,
            Self::QueueSelect => 0x030,
            Self::QueueSizeMax => 0x034,
            Self::QueueSize => 0x038,
            Self::QueueReady => 0x044,
            Self::QueueNotify => 0x050,
            Self::InterruptStatus => 0x060,
            Self::InterruptAcknowledge => 0x064,
            Self::Status => 0x070,
            Self::DescriptorsLow => 0x080,
            Self::DescriptorsHigh => 0x084,
            Self::AvailableLow => 0x090,
            Self::AvailableHigh => 0x094,
            Self::UsedLow => 0x0A0,
            Self::UsedHigh => 0x0A4,
            Self::SharedMemorySelect => 0x0AC,
            Self::SharedMemoryLengthLow => 0x0B0,
            Self::SharedMemoryLengthHigh => 0x0B4,
            Self::SharedMemoryBaseLow => 0x0B8,
            Self::SharedMemoryBaseHigh => 0x0BC,
            Self::QueueReset => 0x0C0,
            Self::ConfigurationGeneration => 0x0FC,
        }
    }

    /// The register at `offset`; `None` if there is none.
    #[must_use]
    pub fn from_offset(offset: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|register| register.offset() == offset)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use guest_abi::device::WINDOW_BYTES;

    use super::*;

    #[test]
    fn offsets_ascend_and_lead_back() {
        let offsets: Vec<_> = Register::ALL.iter().map(|register| register.offset()).collect();
        assert!(offsets.is_sorted_by(|one, other| one < other));
        let found = (0..WINDOW_BYTES).filter_map(Register::from_offset);
        assert_eq!(found.collect::<Vec<_>>(), Register::ALL);
    }
}
