//! Doorbells that have rung, and who waits for them.
//!
//! The handler wakes, and leaves it to a task to ask the controller who rang: that takes longer than everything else. Rings
//! of one sender that nobody has taken yet count as one. The mailbox has a doorbell of its own, which is told of the same
//! rings, and looks into its lines instead of asking. So does the terminal, which the host rings for.

use core::future::poll_fn;
use core::task::{Poll, Waker};

use ipi::doorbell::Doorbell;
use ipi::mesh::Seat;
use spin::Once;

use crate::arch::i586::cpu;
use crate::arch::i586::interrupt_cell::InterruptCell;
use crate::hypervisor::terminal;
use crate::platform::machine;
use crate::platform::machine::gic::Events;

struct Rung {
    /// Whether the controller has interrupted and still holds what it has to report.
    reported: bool,
    events: Events,
    /// Whether the direct pin was raised.
    direct: bool,
    /// Who waits for mail, and whether the next ring wakes it instead of whoever serves the mailbox.
    receiver: Option<Waker>,
    is_seated: bool,
    server: Option<Waker>,
    waker: Option<Waker>,
    /// Tasks that wait to be told who rang.
    asking: u32,
    /// Time stamp of the last wake of `waker`.
    woken: u64,
}

static RUNG: InterruptCell<Rung> = InterruptCell::new(Rung {
    reported: false,
    events: Events::NONE,
    direct: false,
    receiver: None,
    is_seated: false,
    server: None,
    waker: None,
    asking: 0,
    woken: 0,
});

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
    announce(|rung| rung.direct = true);
}

/// Somebody rang through the controller, which tells who when it is asked. Interrupt context.
pub fn rung() {
    announce(|rung| rung.reported = true);
    terminal::rung();
}

/// Wakes whoever waits: of the tasks of the mailbox the one that is to look first.
fn announce(note: impl FnOnce(&mut Rung)) {
    if let Some(mail) = MAIL.get() {
        mail.notice();
    }
    RUNG.with(|rung| {
        note(rung);
        let first = if core::mem::take(&mut rung.is_seated) { &rung.receiver } else { &rung.server };
        if let Some(first) = first {
            first.wake_by_ref();
        }
        rung.wake();
    });
}

/// Has a task of the mailbox woken, the receiver by the next ring, the server by all that wake no receiver. Task context.
pub fn wake_when_rung(seat: Seat, waker: &Waker) {
    RUNG.with(|rung| {
        let seated = match seat {
            Seat::Receiver => {
                rung.is_seated = true;
                &mut rung.receiver
            }
            Seat::Server => &mut rung.server,
        };
        if !seated.as_ref().is_some_and(|seated| seated.will_wake(waker)) {
            *seated = Some(waker.clone());
        }
    });
}

/// Has the server of the mailbox woken by the next ring. Task context.
pub fn vacate() {
    RUNG.with(|rung| rung.is_seated = false);
}

/// A task has ended without having been dropped: if it was to be woken by the next ring, or by the last one, the server of
/// the mailbox takes its place. Task context.
pub fn task_lost() {
    RUNG.with(|rung| {
        rung.is_seated = false;
        if let Some(server) = &rung.server {
            server.wake_by_ref();
        }
    });
}

/// Takes what the controller has to report off it, after which it interrupts again; whether it had interrupted. Unless a
/// task [waits](wait) to be told who rang, that costs no more than a write to the FPGA for those that are `known` to have
/// rung; else three to four accesses. Task context.
pub fn rearm(known: Events) -> bool {
    let (was_reported, is_asked) = RUNG.with(|rung| (core::mem::take(&mut rung.reported), rung.asking > 0));
    if !was_reported {
        return false;
    }
    if is_asked {
        ask();
    } else {
        machine::doorbell::take_unseen(known);
    }
    // The host may have rung since the interrupt.
    terminal::rung();
    true
}

/// Takes what the controller has to report off it if there is no mailbox that does. Task context.
pub fn rearm_without_mail() {
    if !MAIL.is_completed() {
        rearm(Events::NONE);
    }
}

/// Has the controller report who rang.
fn ask() {
    let events = machine::doorbell::take();
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

/// Waits for rings and takes them. Who rang while nobody waited may not be told: that is known only until the mailbox has
/// served the ring. One task at a time: a later one takes the place of an earlier one.
///
/// *Cancel safety*: rings are taken only when the future is ready.
pub async fn wait() -> Ring {
    let _asking = Asking::begin();
    poll_fn(|context| {
        let polled = cpu::time_stamp();
        if RUNG.with(|rung| core::mem::take(&mut rung.reported)) {
            ask();
            // What was announced to the mailbox and the terminal may have been taken off the controller as well.
            announce(|_| ());
            terminal::rung();
        }
        RUNG.with(|rung| {
            if rung.events.is_empty() && !rung.direct {
                rung.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            let (events, direct) = (core::mem::take(&mut rung.events), core::mem::take(&mut rung.direct));
            Poll::Ready(Ring { events, direct, woken: rung.woken, polled })
        })
    })
    .await
}

/// A task that waits to be told who rang, for as long as it does.
struct Asking;

impl Asking {
    fn begin() -> Self {
        RUNG.with(|rung| rung.asking += 1);
        Self
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        RUNG.with(|rung| rung.asking -= 1);
    }
}
