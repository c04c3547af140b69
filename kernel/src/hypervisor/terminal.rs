//! The core's terminal: hands what is typed to the guest that it is attached to, or if there is none to service `console`,
//! and orders to the guest that they are about. Protocol: [`guest_abi::terminal`].
//!
//! The interrupt says that something may have been typed; a task takes it, so that nobody looks while nothing comes.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::convert::Infallible;
use core::future::poll_fn;
use core::task::{Poll, Waker};

use executor::sync::Channel;
use executor::{Class, JoinHandle, Spawner};
use guest_abi::terminal::{Order, Reader, Typed};

use super::typed_text::TypedText;
use crate::arch::i586::interrupt_cell::InterruptCell;
use crate::doorbell;
use crate::platform::machine;
use crate::services::OwnConsole;

/// Bytes that wait for a guest at most; further ones stay where the host has put them.
const WAITING_BYTES: usize = 2048;
/// Orders that wait for a guest at most; further ones are lost.
const WAITING_ORDERS: usize = 8;
/// Bytes that are taken in one poll.
const PIECE_BYTES: usize = 64;

struct Bell {
    rung: bool,
    waker: Option<Waker>,
}

static BELL: InterruptCell<Bell> = InterruptCell::new(Bell { rung: false, waker: None });

/// Something may have been typed. Any context.
pub fn rung() {
    BELL.with(|bell| {
        bell.rung = true;
        if let Some(waker) = bell.waker.take() {
            waker.wake();
        }
    });
}

/// A guest's end of the terminal. Task context.
pub struct GuestTerminal {
    /// What was typed for the guest.
    pub typed: TypedText,
    /// What is to become of the guest.
    pub orders: Channel<Order, WAITING_ORDERS>,
    attached: Cell<bool>,
}

impl Default for GuestTerminal {
    /// Not attached.
    ///
    /// # Panics
    /// Without memory for what is typed.
    fn default() -> Self {
        Self { typed: TypedText::new(WAITING_BYTES), orders: Channel::new(), attached: Cell::new(false) }
    }
}

impl GuestTerminal {
    /// Whether the terminal is attached to the guest.
    #[must_use]
    pub const fn is_attached(&self) -> bool {
        self.attached.get()
    }
}

/// Starts the task that hands on what is typed, to the `guests`, in the order of the core's list, and while it is attached to
/// none of them to `console`; `None` if there is no memory for it, which a line says.
pub fn start(
    spawner: Spawner,
    guests: Vec<Rc<GuestTerminal>>,
    console: Option<&'static OwnConsole>,
) -> Option<JoinHandle<Infallible>> {
    let task = spawner.spawn("terminal", Class::Service, serve(guests, console));
    task.inspect_err(|_| log::error!(target: "guest", "no terminal: no memory for its task")).ok()
}

/// Hands on what is typed. Never ends. A guest that does not read holds up what comes behind, attaching to another one and
/// orders included, when [`WAITING_BYTES`] wait for it and it is not paused.
///
/// # Cancel safety
/// Dropped, the terminal stays attached and open, and what is typed lies where it is.
async fn serve(guests: Vec<Rc<GuestTerminal>>, console: Option<&'static OwnConsole>) -> Infallible {
    let guest = |number: u8| guests.get(usize::from(number));
    let (mut reader, mut current) = (Reader::default(), None);
    machine::terminal::open();
    loop {
        wait().await;
        // What is typed from here on interrupts again.
        doorbell::rearm_without_mail();
        let mut piece = [0; PIECE_BYTES];
        while let count @ 1.. = machine::terminal::read(&mut piece) {
            for typed in piece[..count].iter().filter_map(|byte| reader.take(*byte)) {
                match typed {
                    Typed::Byte(byte) => {
                        if let Some(guest) = current.and_then(guest) {
                            poll_fn(|context| guest.typed.poll_add(byte, context)).await;
                        } else if let Some(console) = console {
                            machine::terminal::write(console.typed.add(byte).as_bytes());
                        }
                    }
                    Typed::Attach(number) => {
                        guests.iter().for_each(|guest| guest.attached.set(false));
                        number.and_then(guest).inspect(|guest| guest.attached.set(true));
                        current = number;
                    }
                    Typed::Order(order, number) => {
                        let given = guest(number).map(|guest| guest.orders.try_send(order));
                        if !matches!(given, Some(Ok(()))) {
                            log::warn!(target: "guest", "no {} for number={number}: none there, or too many orders", order.name());
                        }
                    }
                }
            }
            executor::yield_now().await;
        }
    }
}

/// Waits for the interrupt.
async fn wait() {
    poll_fn(|context| {
        BELL.with(|bell| {
            if core::mem::take(&mut bell.rung) {
                return Poll::Ready(());
            }
            bell.waker = Some(context.waker().clone());
            Poll::Pending
        })
    })
    .await;
}
