//! A device between a guest and the service that answers it.
//!
//! Whoever runs the guest hands register accesses to [`Device::read`] and [`Device::write`]; they never wait. A service
//! takes requests from a queue, one after the other, and completes them. Both run in tasks of one core, so a cell that is
//! borrowed for the length of a call is enough between them. No function here is for interrupt handlers.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};

use super::super::guest_memory::GuestMemory;
use super::chain::Chain;
use super::fault::{AccessError, Fault};
use super::queue::Interrupt;
use super::transport::{Effect, Identity, InterruptStatus, QUEUES_MAX, Transport};
use crate::hypervisor::emulate::Width;

/// The way to the guest's interrupt line that a device has.
pub trait IrqOutput {
    /// Makes the line pending. Called by services and from accesses of the guest, within the guest's task; must not call
    /// the device.
    fn raise(&self);
}

/// A virtual device. `L` is its interrupt output.
pub struct Device<L> {
    transport: RefCell<Transport>,
    /// Tasks that wait for a queue.
    waiting: [Cell<Option<Waker>>; QUEUES_MAX],
    /// Counts how often each queue was taken away, so that a request is not completed in another life than its own.
    lives: [Cell<u32>; QUEUES_MAX],
    line: L,
}

impl<L: IrqOutput> Device<L> {
    pub(super) fn new(identity: Identity, line: L) -> Self {
        let transport = RefCell::new(Transport::new(identity));
        Self { transport, waiting: Default::default(), lives: Default::default(), line }
    }

    /// A copy of its state, for [`Self::resume`] of another device of the same kind. While no service is about a request, nothing
    /// is missing in it.
    #[must_use]
    pub fn state(&self) -> DeviceState {
        DeviceState(self.transport.borrow().clone())
    }

    /// Takes the state of another device of the same kind; before any service has asked for a request.
    pub fn resume(&self, state: &DeviceState) {
        *self.transport.borrow_mut() = state.0.clone();
    }

    /// Reads from the device's window.
    ///
    /// # Errors
    /// [`AccessError`] if the guest has no business there; what it then reads is for its hypervisor to say.
    pub fn read(&self, offset: u32, width: Width) -> Result<u32, AccessError> {
        self.transport.borrow().read(offset, width)
    }

    /// Writes to the device's window. Wakes tasks and raises the line where that follows.
    ///
    /// # Errors
    /// [`AccessError`] if the guest has no business there; nothing has changed then.
    pub fn write(&self, offset: u32, width: Width, value: u32) -> Result<(), AccessError> {
        let effect = self.transport.borrow_mut().write(offset, width, value)?;
        match effect {
            Effect::Nothing => {}
            Effect::Notify(queue) => self.wake(queue),
            Effect::Start => (0..QUEUES_MAX).for_each(|queue| self.wake(queue)),
            Effect::Reset => (0..QUEUES_MAX).for_each(|queue| self.end_life(queue)),
            Effect::Stop(queue) => self.end_life(queue),
            Effect::Fail(fault) => self.stop(fault),
        }
        Ok(())
    }

    /// Why the device would interrupt the guest now; nothing once the driver has acknowledged all.
    #[must_use]
    pub fn interrupt(&self) -> InterruptStatus {
        self.transport.borrow().interrupt()
    }

    /// Why the device has stopped; `None` while it has not, and after the driver has reset it.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.transport.borrow().fault()
    }

    /// The next request of a queue. A fault in the queue stops the device, and the wait goes on until the driver has
    /// started it anew. One task per queue.
    ///
    /// *Cancel safety*: safe; a request is taken in the poll that returns it.
    pub(super) async fn next<'a, M: GuestMemory>(&'a self, queue: usize, memory: &'a M) -> Request<'a, L, M> {
        let chain = poll_fn(|context| {
            let taken = match self.transport.borrow_mut().running_queue(queue) {
                Some(queue) => queue.take(memory),
                None => Ok(None),
            };
            match taken {
                Ok(Some(chain)) => return Poll::Ready(chain),
                Ok(None) => {}
                Err(fault) => self.stop(fault),
            }
            self.waiting[queue].set(Some(context.waker().clone()));
            Poll::Pending
        });
        let chain = chain.await;
        Request { device: self, memory, queue, life: self.lives[queue].get(), chain }
    }

    fn wake(&self, queue: usize) {
        if let Some(waker) = self.waiting[queue].take() {
            waker.wake();
        }
    }

    fn end_life(&self, queue: usize) {
        self.lives[queue].set(self.lives[queue].get().wrapping_add(1));
    }

    fn stop(&self, fault: Fault) {
        let wanted = self.transport.borrow_mut().stop(fault);
        if wanted {
            self.line.raise();
        }
    }
}

/// What the driver has set up, and how far the queues are.
#[derive(Clone, Debug)]
pub struct DeviceState(Transport);

/// The device was reset or has stopped: the request does not exist any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// A request of the guest. One that is dropped instead of completed is never answered.
#[must_use = "the guest waits for its completion"]
pub(super) struct Request<'a, L, M> {
    device: &'a Device<L>,
    memory: &'a M,
    queue: usize,
    life: u32,
    chain: Chain,
}

impl<L: IrqOutput, M: GuestMemory> Request<'_, L, M> {
    /// Bytes that can be read.
    pub(super) const fn readable(&self) -> u32 {
        self.chain.readable()
    }

    /// Bytes that can be written.
    pub(super) const fn writable(&self) -> u32 {
        self.chain.writable()
    }

    /// Reads from byte `offset` on. Less than that stops the device.
    pub(super) fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), Gone> {
        self.check()?;
        self.chain.read(self.memory, offset, into).map_err(|fault| self.stop(fault))
    }

    /// Writes from byte `offset` on. Less room than that stops the device.
    pub(super) fn write(&self, offset: u32, bytes: &[u8]) -> Result<(), Gone> {
        self.check()?;
        self.chain.write(self.memory, offset, bytes).map_err(|fault| self.stop(fault))
    }

    /// Gives the buffers back, of which `written` bytes from the first on were written.
    pub(super) fn complete(self, written: u32) -> Result<(), Gone> {
        self.check()?;
        let given_back = match self.device.transport.borrow_mut().running_queue(self.queue) {
            Some(queue) => queue.give_back(self.memory, self.chain.head(), written),
            None => return Err(Gone),
        };
        match given_back {
            Ok(Interrupt::Unwanted) => {}
            Ok(Interrupt::Wanted) => {
                self.device.transport.borrow_mut().set_interrupt(InterruptStatus::USED);
                self.device.line.raise();
            }
            Err(fault) => return Err(self.stop(fault)),
        }
        Ok(())
    }

    /// Stops the device for what the request is.
    fn stop(&self, fault: Fault) -> Gone {
        if self.check().is_ok() {
            self.device.stop(fault);
        }
        Gone
    }

    fn check(&self) -> Result<(), Gone> {
        let is_running = self.device.transport.borrow_mut().running_queue(self.queue).is_some();
        if is_running && self.life == self.device.lives[self.queue].get() { Ok(()) } else { Err(Gone) }
    }
}

/// Ends this poll, ready again: what a service does in one poll must end soon, whatever a guest asks for.
pub(super) async fn pause() {
    let mut is_done = false;
    poll_fn(|context| {
        if core::mem::replace(&mut is_done, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
