//! A guest as it was between two of its instructions: all that it takes to make one that goes on from there.
//!
//! Not in it: what was typed and not read, the part of a line that the guest has written, frames of the network that wait for
//! it. Time is not turned back: a guest that goes on finds the clock of the core, and a timer that has meanwhile passed fires
//! at once. Its shadow page tables are made anew as it touches its memory.

use core::future::poll_fn;
use core::ops::Range;
use core::task::Poll;

use executor::Spawner;
use executor::time::Instant;
use guest_abi::call::TagMemory;
use guest_abi::list::Guest;
use guest_abi::{Features, GuestPhysAddr};

use super::{Connections, Counts, CreateError, Next, SharedPage, Vm};
use crate::arch::i586::ring_switch::GuestRegisters;
use crate::hypervisor::control::Control;
use crate::hypervisor::delivery::InterruptTable;
use crate::hypervisor::devices::{self, Devices};
use crate::hypervisor::ram::{Ram, RamError};

/// A guest's state. It can be restored any number of times, on the core where it was taken.
pub struct Snapshot {
    registers: GuestRegisters,
    features: Features,
    control: Control,
    table: Option<InterruptTable>,
    return_window: Range<u32>,
    shared: Option<GuestPhysAddr>,
    pending: u32,
    debug_status: u32,
    devices: devices::Kept,
    deadline: Option<Instant>,
    next: Next,
    counts: Counts,
    tag: u32,
    ram: Ram,
}

/// Why a guest's state is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It waits for a guest of another core, whose side of the call would be missing.
    #[error("it waits for a guest of another core")]
    Waits,
    /// There is no memory for a copy of its own.
    #[error(transparent)]
    Ram(#[from] RamError),
    /// There is no frame for a copy of its registers.
    #[error("no frame for its registers")]
    NoFrame,
}

impl Vm {
    /// Copies the guest. Others have their turn in between, and the guest's devices finish what they have begun.
    ///
    /// # Errors
    /// [`SnapshotError`]; the guest can go on in any case.
    ///
    /// # Cancel safety
    /// Dropped, what was copied is given back.
    pub async fn snapshot(&mut self) -> Result<Snapshot, SnapshotError> {
        if self.answer.is_some() {
            return Err(SnapshotError::Waits);
        }
        // The guest adds no requests meanwhile, so this ends.
        while self.devices.are_ready() {
            poll_fn(|context| {
                self.serve_devices(context);
                Poll::Ready(())
            })
            .await;
            executor::yield_now().await;
        }
        Ok(Snapshot {
            registers: self.vcpu.registers.duplicate().ok_or(SnapshotError::NoFrame)?,
            features: self.features,
            control: self.control,
            table: self.table,
            return_window: self.return_window.clone(),
            shared: self.shared.place(),
            pending: self.pending,
            debug_status: self.debug_status,
            devices: self.devices.keep().await?,
            deadline: self.timer.deadline(),
            next: self.next,
            counts: self.counts,
            tag: self.shadow.tag(),
            ram: self.ram.duplicate().await?,
        })
    }

    /// Makes a guest that goes on where `snapshot` was taken. It was taken of a guest made from the same `guest`.
    ///
    /// # Errors
    /// [`CreateError`]; everything that was taken is given back then.
    pub async fn restored(
        snapshot: &Snapshot,
        guest: &Guest<'static>,
        spawner: Spawner,
        connections: Connections,
    ) -> Result<Self, CreateError> {
        let registers = snapshot.registers.duplicate().ok_or(CreateError::NoFrame)?;
        let ram = snapshot.ram.duplicate().await?;
        let Connections { group, terminal, devices } = connections;
        let devices = Devices::restored(&snapshot.devices, guest, &ram, devices).await?;
        let mut vm = Self::assemble(guest.name, spawner, (group, terminal), registers, ram, devices)?;
        vm.features = snapshot.features;
        vm.control = snapshot.control;
        vm.table = snapshot.table;
        vm.return_window = snapshot.return_window.clone();
        vm.shared = snapshot
            .shared
            .map_or(Some(SharedPage::none()), |place| SharedPage::at(&vm.ram, place))
            .expect("the page was memory of the guest when the state was kept");
        vm.pending = snapshot.pending;
        vm.debug_status = snapshot.debug_status;
        vm.next = snapshot.next;
        vm.counts = snapshot.counts;
        vm.shadow.switch(snapshot.tag, TagMemory::Forgotten);
        if let Some(deadline) = snapshot.deadline {
            vm.timer.set_to(deadline);
        }
        Ok(vm)
    }
}

impl Snapshot {
    /// Frames that it has: copies of memory and scratch disk, and a trap page.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.ram.frames() + self.devices.frames() + 1
    }
}
