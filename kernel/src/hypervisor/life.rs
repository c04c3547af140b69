//! The life of a guest of the core's list: made, run, paused, kept, stopped and made again as the user orders.
//!
//! ```text
//!             start, restore                         pause
//!   stopped ────────────────▶ runs ────────────────────────────────────────▶ paused
//!      ▲                      │ │ ▲                                          │ │
//!      └──────── stop ────────┘ │ └──────────────── resume ──────────────────┘ │
//!      └─────────────────────── │ ───────────────── stop ──────────────────────┘
//!                               └─ ends by itself: the life is over
//! ```
//!
//! `keep` and `restore` are for a guest that runs as well as for one that is paused; restored, it runs. An order that the
//! state has no use for costs a line. Whatever a guest has is given back when it is stopped or has ended, and counted: the
//! frames that come back are those that it had.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use executor::Spawner;
use guest_abi::list::{Guest, Room};
use guest_abi::terminal::Order;
use i586::page::PAGE_BYTES;

use super::start::Place;
use super::terminal::GuestTerminal;
use super::typed_text::Reading;
use super::vm::{CreateError, End, Snapshot, Vm};
use crate::mm::{heap, kernel_space};

/// Frames that are free or the heap's, which gives none back.
pub(super) fn frames() -> u32 {
    kernel_space::available_frames() + heap::frames()
}

/// Lives the life of a guest, until it has ended by itself or cannot be made in the first place.
pub(super) async fn live(guest: Guest<'static>, spawner: Spawner, place: Place) {
    let terminal = Rc::clone(&place.terminal);
    let mut life = Life { guest, spawner, place, kept: None };
    if let Some(vm) = seldom(life.made()).await {
        let mut state = State::Runs(vm);
        while let Some(next) = life.step(state, &terminal).await {
            state = next;
        }
    }
    terminal.typed.set_reading(Reading::Over);
}

/// What a guest is made of, each time.
struct Life {
    guest: Guest<'static>,
    spawner: Spawner,
    place: Place,
    kept: Option<Snapshot>,
}

/// How a guest stands.
enum State {
    Runs(Box<Vm>),
    Paused(Box<Vm>),
    Stopped,
}

/// What happens to a guest.
enum Happening {
    Ended(End),
    Ordered(Order),
}

impl Life {
    /// Goes on from a state to the next; `None` if the life is over.
    async fn step(&mut self, state: State, terminal: &GuestTerminal) -> Option<State> {
        let (name, orders) = (self.guest.name, &terminal.orders);
        terminal.typed.set_reading(match &state {
            State::Runs(_) => Reading::Goes,
            State::Paused(_) => Reading::Rests,
            State::Stopped => Reading::Over,
        });
        let (vm, order) = match state {
            State::Runs(mut vm) => match run(&mut vm, terminal).await {
                Happening::Ended(end) => {
                    self.end(vm, format_args!("{end}"));
                    return None;
                }
                Happening::Ordered(Order::Pause) => {
                    log::info!(target: "guest", "paused name={name}");
                    return Some(State::Paused(vm));
                }
                Happening::Ordered(Order::Keep) => {
                    seldom(self.keep(&mut vm)).await;
                    return Some(State::Runs(vm));
                }
                Happening::Ordered(order) => (State::Runs(vm), order),
            },
            State::Paused(mut vm) => match orders.receive().await {
                Order::Resume => {
                    log::info!(target: "guest", "resumed name={name}");
                    return Some(State::Runs(vm));
                }
                Order::Keep => {
                    seldom(self.keep(&mut vm)).await;
                    return Some(State::Paused(vm));
                }
                order => (State::Paused(vm), order),
            },
            State::Stopped => (State::Stopped, orders.receive().await),
        };
        Some(match (order, vm) {
            (Order::Stop, State::Runs(vm) | State::Paused(vm)) => self.stop(vm),
            (Order::Start, State::Stopped) => seldom(self.made()).await.map_or(State::Stopped, State::Runs),
            (Order::Restore, state) if self.kept.is_some() => seldom(self.restore(state)).await,
            (order, state) => {
                log::warn!(target: "guest", "order={} means nothing now name={name}", order.name());
                state
            }
        })
    }

    /// Makes the guest.
    async fn made(&self) -> Option<Box<Vm>> {
        let connections = self.place.connections(&self.guest).await;
        let before = frames();
        let vm = Vm::new(&self.guest, self.spawner, connections).map(Box::new);
        let vm = self.started(vm, "its image")?;
        check_frames(self.guest.name, before - frames(), vm.frames());
        Some(vm)
    }

    /// Says whether a guest was made.
    fn started(&self, vm: Result<Box<Vm>, CreateError>, from: &str) -> Option<Box<Vm>> {
        let name = self.guest.name;
        match vm {
            Ok(vm) => {
                let (memory, overhead) = (self.guest.room.memory_bytes >> 10, overhead(&vm, self.guest.room));
                log::info!(target: "guest", "started name={name} memory={memory}K overhead={overhead} from={from}");
                Some(vm)
            }
            Err(error) => {
                log::error!(target: "guest", "not started name={name}: {error}");
                None
            }
        }
    }

    /// Says how a guest has ended, and gives back what it has.
    #[inline(never)]
    fn end(&self, mut vm: Box<Vm>, how: core::fmt::Arguments<'_>) {
        let name = self.guest.name;
        vm.finish();
        log::info!(target: "guest", "ended name={name} {how}");
        log::info!(target: "guest", "counted name={name} {}", vm.counts());
        let (held, before) = (vm.frames(), frames());
        drop(vm);
        let freed = frames() - before;
        let (free, heap) = (kernel_space::available_frames(), heap::frames());
        log::info!(target: "guest", "freed name={name} frames={freed} held={held} free={free} heap={heap}");
        check_frames(name, freed, held);
    }

    fn stop(&self, vm: Box<Vm>) -> State {
        self.end(vm, format_args!("by order"));
        State::Stopped
    }

    async fn keep(&mut self, vm: &mut Vm) {
        let name = self.guest.name;
        // One at a time: there may be no room for two.
        self.kept = None;
        match vm.snapshot().await {
            Ok(snapshot) => {
                log::info!(target: "guest", "kept name={name} frames={}", snapshot.frames());
                self.kept = Some(snapshot);
            }
            Err(error) => log::warn!(target: "guest", "not kept name={name}: {error}"),
        }
    }

    /// Makes the guest from the state that was kept, in place of what there is.
    async fn restore(&self, state: State) -> State {
        if let State::Runs(vm) | State::Paused(vm) = state {
            self.end(vm, format_args!("by order"));
        }
        let Some(kept) = &self.kept else { return State::Stopped };
        let connections = self.place.connections(&self.guest).await;
        let vm = Vm::restored(kept, &self.guest, self.spawner, connections).await;
        self.started(vm.map(Box::new), "its kept state").map_or(State::Stopped, State::Runs)
    }
}

/// Runs a guest until it ends or an order has come.
async fn run(vm: &mut Vm, terminal: &GuestTerminal) -> Happening {
    let mut order = pin!(terminal.orders.receive());
    let mut end = pin!(vm.run());
    poll_fn(|context| {
        if let Poll::Ready(order) = order.as_mut().poll(context) {
            return Poll::Ready(Happening::Ordered(order));
        }
        end.as_mut().poll(context).map(Happening::Ended)
    })
    .await
}

/// Awaits what is seldom, by a function of its own: with all that making and copying a guest takes on the stack, each poll
/// of a guest that runs would begin with accesses to pages of the stack that are in no cache.
///
/// *Cancel safety*: that of `future`.
async fn seldom<T>(future: impl Future<Output = T>) -> T {
    #[inline(never)]
    fn poll_apart<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        future.poll(context)
    }
    let mut future = pin!(future);
    poll_fn(|context| poll_apart(future.as_mut(), context)).await
}

/// Bytes that a guest takes besides its memory and its scratch disk: the other frames, the list of its pages, and itself.
/// Without what its devices have in the heap.
fn overhead(vm: &Vm, room: Room) -> u32 {
    let own = u32::try_from(size_of::<Vm>()).unwrap_or(u32::MAX);
    let pages = room.memory_bytes / PAGE_BYTES;
    let others = vm.frames().saturating_sub(pages).saturating_sub(room.scratch_bytes / PAGE_BYTES);
    PAGE_BYTES * others + 4 * pages + own
}

/// Frames that a guest has taken or given back are those that it says it has.
fn check_frames(name: &str, moved: u32, held: u32) {
    if moved != held {
        log::error!(target: "guest", "frames lost name={name} moved={moved} held={held}");
    }
}
