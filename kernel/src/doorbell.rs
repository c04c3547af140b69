//! Doorbells that have rung, and who waits for them.
//!
//! The handler adds the senders to a set and wakes the waiting task; the task takes the set. Rings of one sender that
//! nobody has taken yet count as one. The mailbox has a doorbell of its own, which is told of the same rings.

use core::future::poll_fn;
use core::task::{Poll, Waker};

use ipi::doorbell::Doorbell;
use ipi::mesh::CoreSet;
use spin::Once;

use crate::arch::i586::cpu;
use crate::arch::i586::interrupt_cell::InterruptCell;
use crate::platform::machine::gic::Events;

struct Rung {
    events: Events,
    /// Whether the direct pin was raised.
    direct: bool,
    waker: Option<Waker>,
    /// Time stamp of the last wake.
    woken: u64,
}

static RUNG: InterruptCell<Rung> =
    InterruptCell::new(Rung { events: Events::NONE, direct: false, waker: None, woken: 0 });

/// The doorbell of the mailbox, once there is one.
static MAIL: Once<&'static Doorbell> = Once::new();

/// Has the doorbell of the mailbox told of every ring from now on. Task context.
///
/// # Panics
/// If there was one before.
pub fn tell(mail: &'static Doorbell) {
    assert!(!MAIL.is_completed(), "there is one mailbox");
    MAIL.call_once(|| mail);
}

/// Another core has raised this core's pin without a name: it may have been any. Interrupt context.
pub fn rung_directly() {
    if let Some(mail) = MAIL.get() {
        mail.notice(CoreSet::ALL);
    }
    RUNG.with(|rung| {
        rung.direct = true;
        rung.wake();
    });
}

/// Somebody rang. Interrupt context.
pub fn rung(events: Events) {
    if let Some(mail) = MAIL.get()
        && events.sender_bits() != 0
    {
        mail.notice(CoreSet::from_bits(events.sender_bits()));
    }
    RUNG.with(|rung| {
        rung.events = rung.events.and(events);
        rung.wake();
    });
}

impl Rung {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            self.woken = cpu::time_stamp();
            waker.wake();
        }
    }
}

/// A ring, with the time stamp at which its handler woke the task that got it.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Who rang.
    pub events: Events,
    /// Whether somebody raised the direct pin, which tells no name.
    pub direct: bool,
    /// Time stamp of the wake; older than the call if the ring came before it.
    pub woken: u64,
    /// Time stamp at the beginning of the poll that took it.
    pub polled: u64,
}

/// Waits for rings and takes them. One task at a time: a later one takes the place of an earlier one.
///
/// *Cancel safety*: rings are taken only when the future is ready.
pub fn wait() -> impl Future<Output = Ring> {
    poll_fn(|context| {
        let polled = cpu::time_stamp();
        RUNG.with(|rung| {
            if rung.events.is_empty() && !rung.direct {
                rung.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            let (events, direct) = (core::mem::take(&mut rung.events), core::mem::take(&mut rung.direct));
            Poll::Ready(Ring { events, direct, woken: rung.woken, polled })
        })
    })
}
