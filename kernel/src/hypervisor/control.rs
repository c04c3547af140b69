//! A guest's control registers, as it has set them. The processor's own stay as they are.

use guest_abi::GuestPhysAddr;
use i586::control::{Cr0, Cr4};

use super::guest_paging::{GuestPaging, KernelWrites, LargePages};

/// CR0, CR2, CR3 and CR4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    cr0: Cr0,
    /// Address of the last page fault that was handed to the guest.
    pub cr2: u32,
    cr3: u32,
    cr4: Cr4,
}

/// What a change of a control register does to translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// They are no longer good.
    Forget,
}

/// A value that the register does not take: a general protection fault of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("value that a control register does not take")]
pub struct BadValue;

impl Control {
    /// At a guest's entry: protected mode, paging off.
    pub const START: Self = Self {
        cr0: Cr0::PROTECTION.union(Cr0::EXTENSION_TYPE).union(Cr0::NUMERIC_ERROR),
        cr2: 0,
        cr3: 0,
        cr4: Cr4::empty(),
    };

    /// CR0.
    #[must_use]
    pub const fn cr0(&self) -> u32 {
        self.cr0.bits()
    }

    /// CR0.AM: programs of the guest can ask to be checked for misaligned accesses.
    #[must_use]
    pub const fn checks_alignment(&self) -> bool {
        self.cr0.contains(Cr0::ALIGNMENT_MASK)
    }

    /// CR3.
    #[must_use]
    pub const fn cr3(&self) -> u32 {
        self.cr3
    }

    /// CR4.
    #[must_use]
    pub const fn cr4(&self) -> u32 {
        self.cr4.bits()
    }

    /// Writes CR0. Bits that do not exist are dropped, as the processor does.
    ///
    /// # Errors
    /// [`BadValue`] for paging without protection, for NW without CD, and for leaving protected mode.
    pub fn set_cr0(&mut self, value: u32) -> Result<Effect, BadValue> {
        let new = Cr0::from_bits_truncate(value) | Cr0::EXTENSION_TYPE;
        let bad = !new.contains(Cr0::PROTECTION)
            || new.contains(Cr0::NOT_WRITE_THROUGH) && !new.contains(Cr0::CACHE_DISABLE);
        if bad {
            return Err(BadValue);
        }
        let changed = self.cr0 ^ new;
        self.cr0 = new;
        let translation = Cr0::PAGING | Cr0::WRITE_PROTECT;
        Ok(if changed.intersects(translation) { Effect::Forget } else { Effect::None })
    }

    /// Writes CR3, after which no translation is good.
    pub const fn set_cr3(&mut self, value: u32) {
        self.cr3 = value;
    }

    /// Writes CR4. The bit for message buffers is not the guest's.
    ///
    /// # Errors
    /// [`BadValue`] for bits that a P54C does not have.
    pub fn set_cr4(&mut self, value: u32) -> Result<Effect, BadValue> {
        let new = Cr4::from_bits(value).filter(|new| !new.contains(Cr4::MESSAGE_PASSING)).ok_or(BadValue)?;
        let changed = self.cr4 ^ new;
        self.cr4 = new;
        Ok(if changed.contains(Cr4::PAGE_SIZE) { Effect::Forget } else { Effect::None })
    }

    /// The guest's translation; `None` while it has paging off.
    #[must_use]
    pub fn paging(&self) -> Option<GuestPaging> {
        self.cr0.contains(Cr0::PAGING).then(|| GuestPaging {
            directory: GuestPhysAddr::new(self.cr3),
            large_pages: match self.cr4.contains(Cr4::PAGE_SIZE) {
                true => LargePages::On,
                false => LargePages::Off,
            },
            kernel_writes: match self.cr0.contains(Cr0::WRITE_PROTECT) {
                true => KernelWrites::Checked,
                false => KernelWrites::Unchecked,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_goes_on_with_its_registers() {
        let mut control = Control::START;
        assert_eq!(control.paging(), None);
        control.set_cr3(0x5000);
        assert_eq!(control.set_cr4(0x10), Ok(Effect::Forget));
        assert_eq!(control.set_cr0(0x8005_0033), Ok(Effect::Forget));
        assert_eq!(control.set_cr0(0x8005_003B), Ok(Effect::None));
        let paging = control.paging().unwrap();
        assert_eq!((paging.directory.number(), paging.large_pages), (0x5000, LargePages::On));
        assert_eq!(paging.kernel_writes, KernelWrites::Checked);
    }

    #[test]
    fn values_that_no_register_takes_change_nothing() {
        let mut control = Control::START;
        for value in [0, 0x8000_0000, 0x2000_0001] {
            assert_eq!(control.set_cr0(value), Err(BadValue), "{value:#x}");
        }
        for value in [1 << 5, 1 << 11, u32::MAX] {
            assert_eq!(control.set_cr4(value), Err(BadValue), "{value:#x}");
        }
        assert_eq!(control, Control::START);
    }
}
