//! Mail between cores: one line per sender in the receiver's buffer.
//!
//! ```text
//! sender                                              receiver
//! Free ── write letter, push, ring ──▶ mail line ──▶ reads, checks lives and number
//!   ▲                                                    │ queue of the channel
//!   │                                                    ▼
//! Sent ◀── ack line: accepted, refused, wrong life ◀── writes verdict, pushes, rings if asked
//! ```
//!
//! The line is the truth and the doorbell a hint, which names nobody. A sender that rings changes its byte on the
//! receiver's board first, so two lines tell the receiver which of the 48 have news. A sender rings again with back-off
//! until it is answered, and a receiver looks into all lines now and then, so lost doorbells delay and doubled ones are
//! harmless. Sequence numbers drop what was seen before; lives tell a restarted core from its former self, on both sides.
//!
//! A full queue refuses the letter instead of leaving it in the line, so one slow channel does not stop the
//! others of the same pair of cores; the sender is told when there is room again.
//!
//! [`Mailbox::run`] must be polled by some task for interrupt-driven channels; polled ones need it only for
//! what was [posted](Mailbox::try_send). The protocol with its failures is in `docs/protocols/mailbox.md`.

mod attend;
mod link;
mod queue;
mod receiver;
mod seat;
mod send;
mod watch;

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};

use scc::id::CoreId;

pub(crate) use self::receiver::LOOKS_PER_POLL;
pub use self::receiver::{OpenError, Received, Receiver};
pub(crate) use self::send::{Fate, Sent};
pub use self::send::{Notice, SendError, TrySendError};
pub use self::watch::PeerError;
pub(crate) use self::watch::Watch;
use crate::doorbell::Doorbell;
use crate::layout::{self, BOARD_WORDS};
use crate::mailbox::link::{Incoming, Outgoing};
use crate::mailbox::queue::Queue;
use crate::mesh::{CoreSet, Cycles, Invalidate, Mesh, Push};
use crate::pause::{either, pause};
use crate::waiters::Waiters;
use crate::wire::{Bell, Channel, Channels, Epoch, Hello, HelloView, LineWords, bytes_of};

/// How a receiver learns of letters, and a sender of acknowledgements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// By doorbell, with the help of [`Mailbox::run`]. Cost does not depend on the number of cores.
    Interrupt,
    /// By looking into the lines of these cores whenever the task is polled; the task is always ready.
    Polled(CoreSet),
    /// By looking into the lines of these cores for some time, then by doorbell.
    Hybrid(CoreSet, Cycles),
}

impl Mode {
    /// Whether senders need not ring.
    pub(crate) const fn is_polled(self) -> bool {
        matches!(self, Self::Polled(_))
    }
}

/// Times and peers of a mailbox.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Cores whose lines are looked into now and then, rung or not.
    pub peers: CoreSet,
    /// Time between two looks into all lines, which find letters whose doorbell was lost.
    pub rescan: Cycles,
    /// Time after which an unanswered sender rings again and checks that the peer is alive.
    pub first_ring: Cycles,
    /// Longest such time; it doubles from one ring to the next.
    pub last_ring: Cycles,
    /// How senders learn of acknowledgements; the set is not used.
    pub acknowledge: Mode,
}

impl Default for Settings {
    /// All cores; rings after 20,000 to 1,000,000 cycles, looks into all lines every 500,000 (about 1 ms).
    fn default() -> Self {
        Self {
            peers: CoreSet::ALL,
            rescan: Cycles::new(500_000),
            first_ring: Cycles::new(20_000),
            last_ring: Cycles::new(1_000_000),
            acknowledge: Mode::Interrupt,
        }
    }
}

/// What a mailbox has seen; for figures and tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Letters put into queues.
    pub accepted: u32,
    /// Letters refused because their queue was full.
    pub refused: u32,
    /// Letters of an earlier life of the sender, or for an earlier one of this core.
    pub stale: u32,
    /// Letters that did not parse.
    pub malformed: u32,
    /// Doorbells rung again for want of an answer.
    pub rung_again: u32,
}

/// One core's end of all mail. Belongs to the tasks of that core.
pub struct Mailbox<'d, M> {
    mesh: M,
    doorbell: &'d Doorbell,
    epoch: Epoch,
    settings: Settings,
    outgoing: RefCell<[Outgoing; CoreId::COUNT]>,
    incoming: RefCell<[Incoming; CoreId::COUNT]>,
    /// Last word of each mail line as it was when last looked at.
    seen: [Cell<u32>; CoreId::COUNT],
    /// The own board, with the bytes whose letters were found.
    board: [Cell<u32>; BOARD_WORDS],
    /// Peers whose acknowledgement may tell something.
    awaited: Cell<CoreSet>,
    /// Rings after which the board was looked at.
    noticed: Cell<u32>,
    /// Rings after which a task has looked for a letter that it waits for.
    looked: Cell<u32>,
    /// Peers whose letters were rung for and found since the last service.
    rung: Cell<CoreSet>,
    /// Rings that [`run`](Self::run) has served.
    served: Cell<u32>,
    /// Wakes the task that polls [`run`](Self::run).
    server: RefCell<Option<Waker>>,
    /// The channel of the receiver that is woken before the server.
    seated: Cell<Option<Channel>>,
    /// Channels that are polled by their receivers.
    polled: Cell<Channels>,
    /// Channels that have letters in their queues.
    filled: Cell<Channels>,
    queues: RefCell<[Queue; Channel::COUNT]>,
    /// Channels whose next letter goes straight to the receiver that looks right now; their queues are empty.
    wanted: Cell<Channels>,
    /// That letter.
    caught: Cell<Option<Received>>,
    senders: [Waiters; CoreId::COUNT],
    receivers: [Waiters; Channel::COUNT],
    /// Tasks that wait for changes of lines other than mail and acknowledgements.
    watchers: Waiters,
    /// Tasks that wait for a ring.
    rung_for: Waiters,
    /// Times that watchers were told to look, and times that the board was because somebody had rung; both wrap.
    looks: Cell<u32>,
    rings: Cell<u32>,
    /// Whether watchers are still to be told that somebody rang.
    is_untold: Cell<bool>,
    acknowledge: Cell<Mode>,
    statistics: Cell<Statistics>,
}

impl<'d, M: Mesh> Mailbox<'d, M> {
    /// Begins a life: clears the own buffer, then says in its hello line that it is ready.
    ///
    /// Call it once, before interrupts are delivered to `doorbell`. Cost: about 140 line writes.
    pub fn start(mesh: M, doorbell: &'d Doorbell, settings: Settings) -> Self {
        let me = mesh.core();
        mesh.invalidate(Invalidate::StartWrite);
        mesh.write(layout::hello(me), &[0; layout::LINE]);
        for line in layout::cleared_at_start(me) {
            mesh.write(line, &[0; layout::LINE]);
        }
        let epoch = Epoch::after(mesh.count_up(layout::life_counter(me)));
        // Stores leave in order, so the cleared lines are out before the hello line says so.
        mesh.write(layout::hello(me), &Hello { epoch }.emit());
        mesh.push(Push::Hello);
        Self {
            mesh,
            doorbell,
            epoch,
            settings,
            outgoing: RefCell::new([Outgoing::new(epoch); CoreId::COUNT]),
            incoming: RefCell::new([Incoming::NEW; CoreId::COUNT]),
            seen: [const { Cell::new(0) }; CoreId::COUNT],
            board: [const { Cell::new(0) }; BOARD_WORDS],
            awaited: Cell::new(CoreSet::EMPTY),
            // Rung before: the controller may wait for an answer to what came earlier.
            noticed: Cell::new(doorbell.rings().wrapping_sub(1)),
            looked: Cell::new(doorbell.rings()),
            rung: Cell::new(CoreSet::EMPTY),
            served: Cell::new(doorbell.rings().wrapping_sub(1)),
            server: RefCell::new(None),
            seated: Cell::new(None),
            polled: Cell::new(Channels::NONE),
            filled: Cell::new(Channels::NONE),
            queues: RefCell::new([const { Queue::new() }; Channel::COUNT]),
            wanted: Cell::new(Channels::NONE),
            caught: Cell::new(None),
            senders: [const { Waiters::new() }; CoreId::COUNT],
            receivers: [const { Waiters::new() }; Channel::COUNT],
            watchers: Waiters::new(),
            rung_for: Waiters::new(),
            looks: Cell::new(0),
            rings: Cell::new(0),
            is_untold: Cell::new(false),
            acknowledge: Cell::new(settings.acknowledge),
            statistics: Cell::new(Statistics::default()),
        }
    }

    /// Reacts to doorbells and, every [`rescan`](Settings::rescan), to letters without one. Never completes;
    /// one task polls it, best in the class of interrupt follow-ups.
    ///
    /// *Cancel safety*: nothing is lost; rings stay recorded.
    pub async fn run(&self) {
        loop {
            let next = self.mesh.now() + self.settings.rescan;
            while self.mesh.now() < next {
                self.serve_rung().await;
                either(self.rung(), self.mesh.sleep_until(next)).await;
            }
            self.attend(self.settings.peers);
            self.ring_for_posted();
        }
    }

    /// Looks at what was rung for, and has the interrupt controller ring again. What it has not told by then, nobody will
    /// tell any more, so all of it is looked at after that.
    async fn serve_rung(&self) {
        self.tell_of_ring();
        let rings = self.doorbell.rings();
        if self.served.replace(rings) == rings {
            return;
        }
        if self.rung.get().is_empty() {
            self.attend_rung();
            self.tell_of_ring();
            // The controller takes long, and whoever has just got a letter is not to wait for it.
            pause().await;
        }
        let is_told = self.mesh.rearm(self.rung.replace(CoreSet::EMPTY));
        if (is_told || self.is_rung()) && !self.try_notice_rung() {
            pause().await;
            self.notice_rung();
        }
        self.tell_of_ring();
    }

    /// Completes when somebody has rung since the last service.
    async fn rung(&self) {
        poll_fn(|context| {
            self.seat_server(context.waker());
            if self.doorbell.rings() == self.served.get() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// Whether somebody has rung since the board was looked at.
    #[inline]
    fn is_rung(&self) -> bool {
        self.doorbell.rings() != self.noticed.get()
    }

    /// Looks at the board and at acknowledgements if somebody has rung since the last such look.
    fn attend_rung(&self) {
        if self.is_rung() {
            self.notice_rung();
        }
    }

    /// Looks as [`attend_rung`](Self::attend_rung) does for one who has found no letter of `channels` in their queues; one that
    /// was not there before.
    fn catch_rung(&self, channels: Channels) -> Option<Received> {
        self.wanted.set(channels);
        self.attend_rung();
        self.wanted.set(Channels::NONE);
        self.caught.take().or_else(|| self.pop_any(channels, None))
    }

    fn notice_rung(&self) {
        let rings = self.doorbell.rings();
        self.notice(rings, &self.read_board());
    }

    /// Does the same unless somebody rings meanwhile: whoever waits for that has been woken, and knows better where to look.
    fn try_notice_rung(&self) -> bool {
        let rings = self.doorbell.rings();
        let board = self.read_board();
        let is_quiet = self.doorbell.rings() == rings;
        if is_quiet {
            self.notice(rings, &board);
        }
        is_quiet
    }

    fn notice(&self, rings: u32, board: &[LineWords; 2]) {
        self.noticed.set(rings);
        self.attend_board(board);
        self.rings.set(self.rings.get().wrapping_add(1));
        self.is_untold.set(true);
    }

    /// Has watchers look if somebody has rung. The server does so: whoever got a letter with the same look goes first, and the
    /// server follows each look, see [`seat`].
    fn tell_of_ring(&self) {
        if self.is_untold.replace(false) {
            self.tell_watchers();
            self.rung_for.wake_all();
        }
    }

    /// Changes how acknowledgements are learnt of; takes effect for letters sent from now on.
    pub fn set_acknowledge(&self, mode: Mode) {
        self.acknowledge.set(mode);
    }

    /// The hardware this mailbox uses.
    pub const fn mesh(&self) -> &M {
        &self.mesh
    }

    /// This life of this core.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Counts since the start.
    pub const fn statistics(&self) -> Statistics {
        self.statistics.get()
    }

    /// Times and peers that this mailbox was started with.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Life of `peer` as its hello line tells it now; `None` if its mailbox has not been started. One line read.
    pub fn life_of(&self, peer: CoreId) -> Option<Epoch> {
        self.mesh.invalidate(Invalidate::HelloRead);
        self.read_hello(peer)
    }

    /// Life of `peer` as a letter to it assumes it; `None` before the first contact. No hardware access.
    pub fn known_life_of(&self, peer: CoreId) -> Option<Epoch> {
        self.outgoing.borrow()[peer.index()].peer
    }

    /// Reads a hello line, which the caller knows not to be cached.
    pub(crate) fn read_hello(&self, peer: CoreId) -> Option<Epoch> {
        let line = bytes_of(self.mesh.read_line(layout::hello(peer)));
        let Hello { epoch } = Hello::parse(HelloView::new(&line)).ok()?;
        if self.known_life_of(peer) != Some(epoch) {
            self.meet_new(peer, epoch);
        }
        Some(epoch)
    }

    /// Begins the mail with a life of a peer: goes on with the bells of the own former life, which may still be on the
    /// peer's board. The caller knows that this is not cached.
    #[cold]
    fn meet_new(&self, peer: CoreId, epoch: Epoch) {
        let mut bell = [0];
        self.mesh.read(layout::board(peer, self.mesh.core()), &mut bell);
        let [bell] = bell.map(Bell::new);
        self.outgoing.borrow_mut()[peer.index()].meet(epoch, bell);
        self.senders[peer.index()].wake_all();
    }

    /// Changes the mode of a channel; `None` closes it.
    fn set_mode(&self, channel: Channel, mode: Option<Mode>) {
        self.queues.borrow_mut()[channel.index()].set_mode(mode);
        let others = self.polled.get().without(channel);
        self.polled.set(if mode.is_some_and(Mode::is_polled) { others.with(channel) } else { others });
    }

    fn count(&self, change: impl FnOnce(&mut Statistics)) {
        let mut statistics = self.statistics.get();
        change(&mut statistics);
        self.statistics.set(statistics);
    }
}
