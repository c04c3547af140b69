//! Doorbells that have rung, and who waits for them.
//!
//! The handler adds the senders to a set and wakes the waiting task; the task takes the set. Rings of one sender that
//! nobody has taken yet count as one.

use core::future::poll_fn;
use core::task::{Poll, Waker};

use crate::arch::i586::cpu;
use crate::arch::i586::interrupt_cell::InterruptCell;
use crate::platform::machine::gic::Events;

struct Rung {
    events: Events,
    waker: Option<Waker>,
    /// Time stamp of the last wake.
    woken: u64,
}

static RUNG: InterruptCell<Rung> = InterruptCell::new(Rung { events: Events::NONE, waker: None, woken: 0 });

/// Somebody rang. Interrupt context.
pub fn rung(events: Events) {
    RUNG.with(|rung| {
        rung.events = rung.events.and(events);
        if let Some(waker) = rung.waker.take() {
            rung.woken = cpu::time_stamp();
            waker.wake();
        }
    });
}

/// A ring, with the time stamp at which its handler woke the task that got it.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Who rang.
    pub events: Events,
    /// Time stamp of the wake; older than the call if the ring came before it.
    pub woken: u64,
    /// Time stamp at the beginning of the poll that took it.
    pub polled: u64,
}

/// Waits for rings and takes them. One task at a time: a later one takes the place of an earlier one.
///
/// *Cancel safety*: rings are taken only when the future is ready.
pub async fn wait() -> Ring {
    poll_fn(|context| {
        let polled = cpu::time_stamp();
        RUNG.with(|rung| {
            if rung.events.is_empty() {
                rung.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            let events = core::mem::take(&mut rung.events);
            Poll::Ready(Ring { events, woken: rung.woken, polled })
        })
    })
    .await
}
