//! A switch with those who wait for its frames.
//!
//! Whoever brings a frame wakes who waits at the ports that it has reached. A [`Cable`] plugs a network card into a port;
//! with the last one of a port the port is free again.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};
use core::time::Duration;

use super::network::{FRAME_BYTES_MAX, FrameSink, FrameSource};
use super::switch::{FrameError, Limits, Port, Side, Switch};

/// A switch for the tasks of one core. Task context.
pub struct Hub {
    switch: RefCell<Switch>,
    waiting: Vec<Cell<Option<Waker>>>,
    clock: fn() -> Duration,
}

impl Hub {
    /// A switch with nothing at its ports. `clock` never goes back.
    ///
    /// # Panics
    /// Without memory for its tables.
    #[must_use]
    pub fn new(limits: Limits, clock: fn() -> Duration) -> Self {
        let waiting = core::iter::repeat_with(Cell::default).take(limits.ports).collect();
        Self { switch: RefCell::new(Switch::new(limits)), waiting, clock }
    }

    /// Connects a port, which frames reach from now on.
    pub fn connect(&self, port: Port, side: Side) {
        self.switch.borrow_mut().connect(port, side);
    }

    /// Takes away what a port leads to, with the frames that wait for it.
    pub fn disconnect(&self, port: Port) {
        self.switch.borrow_mut().disconnect(port);
        if let Some(waiting) = self.waiting.get(port.0) {
            waiting.set(None);
        }
    }

    /// Hands on a frame that port `from` has brought.
    ///
    /// # Errors
    /// [`FrameError`]; the frame is dropped.
    pub fn bring(&self, from: Port, frame: &[u8]) -> Result<(), FrameError> {
        let reached = self.switch.borrow_mut().bring(from, frame, (self.clock)())?;
        if reached != 0 {
            let switch = self.switch.borrow();
            let told = (0..).map(Port).zip(&self.waiting).filter(|(port, _)| switch.has_waiting(*port));
            told.filter_map(|(_, waiting)| waiting.take()).for_each(Waker::wake);
        }
        Ok(())
    }

    /// Waits for a frame for a port. One task per port.
    ///
    /// *Cancel safety*: safe; a frame is taken in the poll that returns it.
    pub async fn take(&self, port: Port) -> Vec<u8> {
        poll_fn(|context| match self.switch.borrow_mut().take(port) {
            Some(frame) => Poll::Ready(frame),
            None => {
                if let Some(waiting) = self.waiting.get(port.0) {
                    waiting.set(Some(context.waker().clone()));
                }
                Poll::Pending
            }
        })
        .await
    }
}

/// What plugs a card into a port of a hub.
pub struct Cable {
    hub: Rc<Hub>,
    port: Port,
}

impl Cable {
    /// Connects a guest to a port that is free.
    #[must_use]
    pub fn new(hub: Rc<Hub>, port: Port) -> Rc<Self> {
        hub.connect(port, Side::Guest);
        Rc::new(Self { hub, port })
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.hub.disconnect(self.port);
    }
}

impl FrameSink for Rc<Cable> {
    async fn send(&mut self, frame: &[u8]) {
        // A frame without header is the guest's own loss: no card could send it either.
        self.hub.bring(self.port, frame).unwrap_or(());
    }

    // The guest cannot have asked for it: the card says how long frames are.
    fn refuse(&mut self, _: u32) {}
}

impl FrameSource for Rc<Cable> {
    async fn receive(&mut self, into: &mut [u8; FRAME_BYTES_MAX]) -> usize {
        let frame = self.hub.take(self.port).await;
        let length = frame.len().min(FRAME_BYTES_MAX);
        into[..length].copy_from_slice(&frame[..length]);
        length
    }
}

#[cfg(test)]
mod tests {
    use super::super::guest_driver::Task;
    use super::*;

    fn hub() -> Rc<Hub> {
        let limits = Limits { ports: 3, stations: 4, waiting: 2 };
        Rc::new(Hub::new(limits, || Duration::ZERO))
    }

    #[test]
    fn who_waits_at_a_port_is_woken_by_its_frame() {
        let hub = hub();
        let [mut one, mut two] = [0, 1].map(|port| Cable::new(Rc::clone(&hub), Port(port)));
        let received = Rc::new(Cell::new(0));
        let shared = Rc::clone(&received);
        let mut task = Task::new(async move {
            loop {
                let mut frame = [0; FRAME_BYTES_MAX];
                shared.set(two.receive(&mut frame).await);
            }
        });
        task.run();
        assert_eq!(received.get(), 0);
        let mut sender = Task::new(async move {
            one.send(&[0xFF; 60]).await;
            core::future::pending::<()>().await;
        });
        sender.run();
        assert_eq!(task.run(), 1);
        assert_eq!(received.get(), 60);
    }

    #[test]
    fn port_is_free_when_its_last_cable_is_gone() {
        let hub = hub();
        let cable = Cable::new(Rc::clone(&hub), Port(2));
        let other = Rc::clone(&cable);
        drop(cable);
        assert_eq!(hub.bring(Port(2), &[0xFF; 14]), Ok(()));
        drop(other);
        assert_eq!(hub.bring(Port(2), &[0xFF; 14]), Err(FrameError::NoPort(Port(2))));
    }
}
