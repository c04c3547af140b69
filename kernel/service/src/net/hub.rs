//! A switch with those who wait for its frames.
//!
//! Whoever brings a frame wakes who waits at the ports that it has reached. A [`Plug`] is in a port; with it the port is free
//! again.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};
use core::time::Duration;

use executor::sync::Event;

use super::switch::{Counts, FrameError, Limits, Port, Side, Switch};

/// What a hub has seen. All wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames that were brought, from guests and other cores.
    pub frames: u32,
    /// Their bytes.
    pub bytes: u32,
    /// Copies of frames that were lost because too many waited for a port already.
    pub full: u32,
    /// What was brought and is no frame, or came from a core that rests or is none of ours.
    pub bad: u32,
    /// Addresses that are remembered.
    pub stations: u32,
}

/// A switch for the tasks of one core. Task context.
pub struct Hub {
    switch: RefCell<Switch>,
    /// Who waits for frames at each port.
    waiting: Vec<Cell<Option<Waker>>>,
    /// Who waits for traffic.
    watching: Cell<Option<Waker>>,
    has_guest: Event,
    clock: fn() -> Duration,
}

impl Hub {
    /// A switch with nothing at its ports. `clock` never goes back.
    ///
    /// # Panics
    /// Without memory for its tables.
    pub fn new(limits: Limits, clock: fn() -> Duration) -> Self {
        let waiting = core::iter::repeat_with(Cell::default).take(limits.ports).collect();
        let switch = RefCell::new(Switch::new(limits));
        Self { switch, waiting, watching: Cell::new(None), has_guest: Event::new(), clock }
    }

    /// Connects a port, which frames reach as long as the plug is in it. Nobody else has the port.
    pub fn plug_in(&self, port: Port, side: Side) -> Plug<'_> {
        self.switch.borrow_mut().connect(port, side);
        if side == Side::Guest {
            self.has_guest.set();
        }
        Plug { hub: self, port }
    }

    /// Hands on a frame that port `from` has brought.
    ///
    /// # Errors
    /// [`FrameError`]; the frame is dropped.
    pub fn bring(&self, from: Port, frame: &[u8]) -> Result<(), FrameError> {
        let reached = self.switch.borrow_mut().bring(from, frame, (self.clock)());
        if let Some(watching) = self.watching.take() {
            watching.wake();
        }
        if reached? != 0 {
            let switch = self.switch.borrow();
            let told = (0..).map(Port).zip(&self.waiting).filter(|(port, _)| switch.has_waiting(*port));
            told.filter_map(|(_, waiting)| waiting.take()).for_each(Waker::wake);
        }
        Ok(())
    }

    /// Waits until a guest has plugged in, now or before.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn first_guest(&self) {
        self.has_guest.wait().await;
    }

    /// Waits until there was more traffic than `seen`. One task.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn traffic_after(&self, seen: Traffic) -> Traffic {
        poll_fn(|context| {
            let traffic = self.traffic();
            if traffic != seen {
                return Poll::Ready(traffic);
            }
            self.watching.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }

    fn traffic(&self) -> Traffic {
        let switch = self.switch.borrow();
        let Counts { frames, bytes, full, bad } = switch.counts();
        let stations = u32::try_from(switch.stations()).unwrap_or(u32::MAX);
        Traffic { frames, bytes, full, bad, stations }
    }
}

/// What connects a port of a hub.
pub struct Plug<'h> {
    hub: &'h Hub,
    port: Port,
}

impl Plug<'_> {
    /// Hands on a frame, as [`Hub::bring`].
    ///
    /// # Errors
    /// [`FrameError`]; the frame is dropped.
    pub fn bring(&self, frame: &[u8]) -> Result<(), FrameError> {
        self.hub.bring(self.port, frame)
    }

    /// Waits for a frame. One task.
    ///
    /// *Cancel safety*: safe; a frame is taken in the poll that returns it.
    pub async fn take(&self) -> Vec<u8> {
        poll_fn(|context| match self.try_take() {
            Some(frame) => Poll::Ready(frame),
            None => {
                if let Some(waiting) = self.hub.waiting.get(self.port.0) {
                    waiting.set(Some(context.waker().clone()));
                }
                Poll::Pending
            }
        })
        .await
    }

    /// A frame that waits.
    pub fn try_take(&self) -> Option<Vec<u8>> {
        self.hub.switch.borrow_mut().take(self.port)
    }
}

impl Drop for Plug<'_> {
    fn drop(&mut self) {
        self.hub.switch.borrow_mut().disconnect(self.port);
        if let Some(waiting) = self.hub.waiting.get(self.port.0) {
            waiting.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::task::Context;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    const LIMITS: Limits = Limits { ports: 3, stations: 4, waiting: 2 };

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_waits_at_a_port_is_woken_by_its_frame_and_so_is_who_counts() {
        let hub = Hub::new(LIMITS, || Duration::ZERO);
        let [one, two] = [0, 1].map(|port| hub.plug_in(Port(port), Side::Guest));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let context = &mut Context::from_waker(&waker);
        let (mut receiving, mut counting) = (pin!(two.take()), pin!(hub.traffic_after(Traffic::default())));
        assert!(
            receiving.as_mut().poll(context).is_pending() && counting.as_mut().poll(context).is_pending()
        );
        one.bring(&[0xFF; 60]).unwrap();
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
        assert_eq!(receiving.poll(context), Poll::Ready([0xFF; 60].to_vec()));
        // What sends as a group is no station.
        let traffic = Traffic { frames: 1, bytes: 60, full: 0, bad: 0, stations: 0 };
        assert_eq!(counting.poll(context), Poll::Ready(traffic));
    }

    #[test]
    fn port_is_free_without_its_plug() {
        let hub = Hub::new(LIMITS, || Duration::ZERO);
        let plug = hub.plug_in(Port(2), Side::Guest);
        assert_eq!(plug.bring(&[0xFF; 14]), Ok(()));
        drop(plug);
        assert_eq!(hub.bring(Port(2), &[0xFF; 14]), Err(FrameError::NoPort(Port(2))));
    }
}
