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
use i586::segment::{DESCRIPTOR_BYTES, Descriptor, SystemKind};

use super::guest_memory::GuestMemory;
use super::guest_paging::Ring;
use super::linear::{Linear, LinearError};

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
    pub fn deliver<M: GuestMemory>(
        &mut self,
        guest: &Linear<'_, M>,
        table: &InterruptTable,
        kernel_stack: u32,
        flag: InterruptFlag,
        delivery: Delivery,
    ) -> Result<InterruptFlag, DeliveryError> {
        let Delivery { vector, error } = delivery;
        let gate = gate(guest, table, vector)?;
        let mut flags = self.flags;
        flags.set(Eflags::INTERRUPT, self.ring() == Ring::User || flag == InterruptFlag::On);
        let mut frame = Frame { words: [0; 6], used: 0 };
        let stack = match self.ring() {
            Ring::User => {
                frame.push(self.ss.into());
                frame.push(self.esp);
                kernel_stack
            }
            Ring::Kernel => self.esp,
        };
        [flags.bits(), self.cs.into(), self.eip].into_iter().chain(error).for_each(|word| frame.push(word));
        let esp = frame.store(guest, stack)?;
        if self.ring() == Ring::User {
            self.ss = Slot::KernelData.selector();
        }
        let cleared = Eflags::TRAP | Eflags::NESTED_TASK | Eflags::RESUME;
        *self = Self {
            eip: gate.offset(),
            cs: gate.selector().into_bits(),
            flags: self.flags - cleared,
            esp,
            ..*self
        };
        Ok(if gate.kind() == SystemKind::InterruptGate32 { InterruptFlag::Off } else { flag })
    }

    /// Takes the frame on the stack of ring 1 as IRET does, with the guest's interrupt flag on. `false` if the frame is
    /// not one that leads to the guest's kernel or programs by their usual selectors; nothing is changed then.
    ///
    /// # Errors
    /// [`LinearError`] if the frame cannot be read.
    pub fn take_frame<M: GuestMemory>(&mut self, guest: &Linear<'_, M>) -> Result<bool, LinearError> {
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

/// Words about to be pushed.
struct Frame {
    words: [u32; 6],
    used: usize,
}

impl Frame {
    fn push(&mut self, word: u32) {
        self.words[self.used] = word;
        self.used += 1;
    }

    /// Pushes all, and returns the new ESP.
    fn store<M: GuestMemory>(&self, guest: &Linear<'_, M>, stack: u32) -> Result<u32, LinearError> {
        let mut bytes = [[0; 4]; 6];
        // What is pushed last lies lowest.
        for (place, word) in bytes.iter_mut().zip(self.words[..self.used].iter().rev()) {
            *place = word.to_le_bytes();
        }
        let bytes = bytes[..self.used].as_flattened();
        let esp = stack.wrapping_sub(4 * u32::try_from(self.used).unwrap_or(0));
        guest.write(GuestVirtAddr::new(esp), bytes)?;
        Ok(esp)
    }
}

fn gate<M: GuestMemory>(
    guest: &Linear<'_, M>,
    table: &InterruptTable,
    vector: u8,
) -> Result<i586::segment::Gate, DeliveryError> {
    let offset = DESCRIPTOR_BYTES * u32::from(vector);
    if offset + DESCRIPTOR_BYTES - 1 > u32::from(table.limit) {
        return Err(DeliveryError::NoGate(vector));
    }
    let place = GuestVirtAddr::new(table.base.number().wrapping_add(offset));
    let [low, high] = guest.words(place).map_err(|_| DeliveryError::NoGate(vector))?;
    let descriptor = Descriptor::from_words(low, high);
    let kernel = [Slot::KernelCode, Slot::BootCode].map(Slot::selector);
    let usable = descriptor.gate().filter(|gate| {
        // Of a selector in a gate the processor does not look at the ring.
        let selector = gate.selector().with_rpl(1).into_bits();
        let kind = matches!(gate.kind(), SystemKind::InterruptGate32 | SystemKind::TrapGate32);
        kind && gate.present() && kernel.contains(&selector)
    });
    let gate = usable.ok_or(DeliveryError::Gate { vector, bits: descriptor.into_bits() })?;
    let selector = gate.selector().with_rpl(1);
    Ok(i586::segment::Gate::new(gate.kind(), selector, gate.offset(), gate.dpl()).unwrap_or(gate))
}

#[cfg(test)]
mod tests;
