//! Delivery of exceptions and interrupts into a guest, and the returns from them that the hypervisor makes in its place.
//!
//! What the processor would do with the guest's own interrupt table if that were loaded: the gate is read at that time, the
//! frame is pushed through the guest's page tables, and the guest goes on at the gate's address. All of it is arithmetic on
//! [`Place`], the registers that it changes, and on the guest's memory. [`guest_abi::interrupt`] has the rules.
//! Facts: Pentium manual vol. 3 ch. 14 and the descriptions of INT and IRET.

use guest_abi::GuestVirtAddr;
use guest_abi::segment::Slot;
use guest_abi::shared::INTERRUPTS_ON;
use i586::flags::Eflags;
use i586::segment::{DESCRIPTOR_BYTES, Descriptor};

use super::guest_paging::Ring;
use super::linear::{LinearError, Words};

/// Where a guest is: the registers that a gate or a return changes. They are always such that the processor takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// EIP.
    pub eip: u32,
    /// CS.
    pub cs: u16,
    /// EFLAGS of the processor: the interrupt flag is set.
    pub flags: Eflags,
    /// ESP.
    pub esp: u32,
    /// SS.
    pub ss: u16,
}

/// The guest's interrupt table, as LIDT has loaded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterruptTable {
    /// Where it begins.
    pub base: GuestVirtAddr,
    /// Offset of its last byte.
    pub limit: u16,
}

/// The guest's own interrupt flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterruptFlag {
    /// It takes interrupts.
    On,
    /// It does not.
    Off,
}

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Vector of the gate.
    pub vector: u8,
    /// Error code, which is pushed last.
    pub error: Option<u32>,
}

/// Why a guest cannot go on: the processor would shut down, or be about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The table has no such gate, or cannot be read.
    #[error("no gate for vector {0}")]
    NoGate(u8),
    /// What is there is no interrupt or trap gate to the guest's kernel.
    #[error("gate of vector {vector} is {bits:#018x}, which leads to no code of the guest's kernel")]
    Gate {
        /// Its vector.
        vector: u8,
        /// The descriptor.
        bits: u64,
    },
    /// The frame cannot be pushed.
    #[error("stack of the guest's kernel: {0}")]
    Stack(#[from] LinearError),
}

/// Flags that a return may change: the rest is the processor's, or the hypervisor's.
const RETURNED: Eflags = Eflags::ARITHMETIC
    .union(Eflags::TRAP)
    .union(Eflags::DIRECTION)
    .union(Eflags::RESUME)
    .union(Eflags::ALIGNMENT_CHECK)
    .union(Eflags::IDENTIFICATION);
/// Flags that are always set while a guest runs.
const ALWAYS: Eflags = Eflags::RESERVED_ONE.union(Eflags::INTERRUPT);

impl Place {
    /// The ring.
    #[must_use]
    pub const fn ring(&self) -> Ring {
        if self.cs & 3 == 3 { Ring::User } else { Ring::Kernel }
    }

    /// Goes through a gate of the guest's table; returns the interrupt flag that it then has. `kernel_stack` is the stack
    /// for what comes from ring 3.
    ///
    /// # Errors
    /// [`DeliveryError`]; the place is unchanged then.
    #[inline(always)]
    pub fn deliver(
        &mut self,
        guest: &impl Words,
        table: &InterruptTable,
        kernel_stack: u32,
        flag: InterruptFlag,
        delivery: Delivery,
    ) -> Result<InterruptFlag, DeliveryError> {
        let Delivery { vector, error } = delivery;
        let handler = handler(guest, table, vector)?;
        let Self { eip, cs, flags, esp, ss } = *self;
        let mut pushed = flags;
        let (esp, new_ss) = match self.ring() {
            Ring::User => {
                pushed.insert(Eflags::INTERRUPT);
                let [eip, cs, flags, esp, ss] = [eip, cs.into(), pushed.bits(), esp, ss.into()];
                let esp = match error {
                    None => push(guest, kernel_stack, [eip, cs, flags, esp, ss])?,
                    Some(error) => push(guest, kernel_stack, [error, eip, cs, flags, esp, ss])?,
                };
                (esp, Slot::KernelData.selector())
            }
            Ring::Kernel => {
                pushed.set(Eflags::INTERRUPT, flag == InterruptFlag::On);
                let esp = match error {
                    None => push(guest, esp, [eip, cs.into(), pushed.bits()])?,
                    Some(error) => push(guest, esp, [error, eip, cs.into(), pushed.bits()])?,
                };
                (esp, ss)
            }
        };
        let cleared = Eflags::TRAP.union(Eflags::NESTED_TASK).union(Eflags::RESUME);
        *self = Self { eip: handler.eip, cs: handler.cs, flags: flags - cleared, esp, ss: new_ss };
        Ok(handler.flag.unwrap_or(flag))
    }

    /// Takes the frame on the stack of ring 1 as IRET does, with the guest's interrupt flag on. `false` if the frame is
    /// not one that leads to the guest's kernel or programs by their usual selectors; nothing is changed then.
    ///
    /// # Errors
    /// [`LinearError`] if the frame cannot be read.
    pub fn take_frame(&mut self, guest: &impl Words) -> Result<bool, LinearError> {
        let [eip, cs, flags] = guest.words(GuestVirtAddr::new(self.esp))?;
        let returned = Eflags::from_bits_retain(flags) & RETURNED | ALWAYS;
        // Only the low half of a selector's word counts.
        let selector = |word: u32| Slot::from_selector(u16::try_from(word & 0xFFFF).unwrap_or(0));
        match selector(cs) {
            Some(slot @ (Slot::KernelCode | Slot::BootCode)) => {
                let esp = self.esp.wrapping_add(12);
                *self = Self { eip, cs: slot.selector(), flags: returned, esp, ..*self };
                Ok(true)
            }
            Some(Slot::UserCode) => {
                let [esp, ss] = guest.words(GuestVirtAddr::new(self.esp.wrapping_add(12)))?;
                let Some(Slot::UserData) = selector(ss) else { return Ok(false) };
                let (cs, ss) = (Slot::UserCode.selector(), Slot::UserData.selector());
                *self = Self { eip, cs, flags: returned, esp, ss };
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

impl InterruptFlag {
    /// From the word in the shared page.
    #[must_use]
    pub const fn from_word(word: u32) -> Self {
        if word & INTERRUPTS_ON == 0 { Self::Off } else { Self::On }
    }

    /// The word in the shared page.
    #[must_use]
    pub const fn word(self) -> u32 {
        match self {
            Self::On => INTERRUPTS_ON,
            Self::Off => 0,
        }
    }
}

/// Pushes words, the last of which lies highest, and returns the new ESP.
#[inline(always)]
fn push<const N: usize>(guest: &impl Words, esp: u32, words: [u32; N]) -> Result<u32, LinearError> {
    // A frame has at most six words. A stack wraps, as that of a processor does.
    let esp = esp.wrapping_sub(u32::try_from(4 * N).unwrap_or(0));
    guest.write_words(GuestVirtAddr::new(esp), words)?;
    Ok(esp)
}

/// Where a gate leads.
struct Handler {
    cs: u16,
    eip: u32,
    /// The interrupt flag behind it; `None` if it stays.
    flag: Option<InterruptFlag>,
}

/// Bits of a gate's high doubleword that say that it is present and an interrupt or trap gate of 32 bits, and the one in
/// which these two differ: those of `i586::segment::Gate`.
const KIND_BITS: u32 = 0x9E00; // not an address
const KIND: u32 = 0x8E00; // not an address
const KIND_TRAP: u32 = 1 << 8;

#[inline(always)]
fn handler(guest: &impl Words, table: &InterruptTable, vector: u8) -> Result<Handler, DeliveryError> {
    let offset = DESCRIPTOR_BYTES * u32::from(vector);
    if offset + DESCRIPTOR_BYTES - 1 > u32::from(table.limit) {
        return Err(DeliveryError::NoGate(vector));
    }
    let place = GuestVirtAddr::new(table.base.number().wrapping_add(offset));
    let [low, high] = guest.words(place).map_err(|_| DeliveryError::NoGate(vector))?;
    // Of a selector in a gate the processor does not look at the ring.
    let [_, _, s0, s1] = low.to_le_bytes();
    let cs = u16::from_le_bytes([s0 & !3 | 1, s1]);
    if high & KIND_BITS != KIND || cs != Slot::KernelCode.selector() && cs != Slot::BootCode.selector() {
        return Err(DeliveryError::Gate { vector, bits: Descriptor::from_words(low, high).into_bits() });
    }
    let flag = if high & KIND_TRAP == 0 { Some(InterruptFlag::Off) } else { None };
    Ok(Handler { cs, eip: high & 0xFFFF_0000 | low & 0xFFFF, flag })
}

#[cfg(test)]
mod tests;
