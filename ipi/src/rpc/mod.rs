//! Calls between cores: typed requests, async handlers, typed replies.
//!
//! ```text
//! caller                                            callee
//! encode, take a place, send parts ──▶ assembled in a place ────────▶ Ready
//!                                                                      │ a server of the procedure
//! Busy: try again later  ◀── no room                                   ▼
//! drop: Cancel           ──▶ handler dropped                        Running
//! reply, failure         ◀── parts of the reply ◀── handler returns ───┘
//! ```
//!
//! A caller that gets no reply learns why: the deadline passed, the callee is in reset, was restarted, serves no
//! such procedure, or could not decode the request. A callee never waits for a caller longer than
//! [`REPLY_PATIENCE`]. Requests and replies are encoded by postcard into at most [`MOST_BYTES`].
//!
//! Urgent calls have a channel and servers of their own, so they overtake ordinary ones. They overtake ordinary tasks as well
//! if [`Rpc::take_in`] and the servers of urgent procedures are polled by tasks of a class that runs before those.
//! [`Rpc::run`] must be polled by some task on both sides. The protocol with its failures is in `docs/protocols/call.md`.

mod call;
mod note;
mod queue;
mod serve;
mod slot;
mod table;

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use futures_util::future::join3;
use scc::id::CoreId;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::call::{CallError, Options};
pub use self::serve::ServeError;
use self::table::{Answer, Answers, Calls, Requests, SERVERS};
use crate::layout::BOARD_WORDS;
use crate::mailbox::{LOOKS_PER_POLL, Mailbox, Mode, OpenError, Received, Receiver};
use crate::mesh::{CoreSet, Cycles, Deadline, Mesh};
use crate::pause::pause;
use crate::waiters::Waiters;
use crate::wire::{Bell, CallId, Channel, Channels, Epoch, Failure, Flow, Message, Part};

/// Bytes that an encoded request or reply can have.
pub const MOST_BYTES: usize = Part::MOST * Part::COUNT as usize;

/// Time after which a callee gives up sending a reply.
pub const REPLY_PATIENCE: Cycles = Cycles::new(2_000_000);

/// A procedure that other cores can call.
pub trait Procedure {
    /// Number that caller and callee agree on.
    const NUMBER: u8;
    /// What the caller sends.
    type Request: Serialize + DeserializeOwned;
    /// What the handler returns.
    type Reply: Serialize + DeserializeOwned;
}

/// How urgent a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Runs before ordinary tasks.
    Urgent,
    /// Runs as an ordinary task.
    Ordinary,
}

impl Class {
    const fn channel(self) -> Channel {
        match self {
            Self::Urgent => Channel::URGENT,
            Self::Ordinary => Channel::CALL,
        }
    }
}

/// How a request reaches the callee. The alternatives to the first exist for comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// Mail, and a request at the interrupt controller.
    GicRequest,
    /// Mail, and a direct write of the callee's interrupt bit: faster to raise, but two at once may count as one.
    InterruptBit,
    /// Mail alone: the callee polls.
    PolledFlag,
    /// An entry in one queue of the callee under its test-and-set lock, and a request at the interrupt controller.
    CallQueue,
    /// Parts in a slot that only this caller writes, and a request at the interrupt controller for each.
    Slot,
}

impl Mechanism {
    /// All mechanisms.
    pub const ALL: [Self; 5] =
        [Self::GicRequest, Self::InterruptBit, Self::PolledFlag, Self::CallQueue, Self::Slot];
}

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caller {
    /// Its core.
    pub core: CoreId,
    /// Its life.
    pub life: Epoch,
}

/// One core's calls, outgoing and incoming. Belongs to the tasks of that core.
pub struct Rpc<'m, 'd, M: Mesh> {
    mailbox: &'m Mailbox<'d, M>,
    urgent: Receiver<'m, 'd, M>,
    ordinary: Receiver<'m, 'd, M>,
    replies: Receiver<'m, 'd, M>,
    calls: RefCell<Calls>,
    requests: RefCell<Requests>,
    answers: RefCell<Answers>,
    /// The mode of all channels, which each of them has as well: asked for several times in a call of 2,400 cycles.
    mode: Cell<Mode>,
    /// The own byte of each peer's slot board; 0 before the first contact.
    slot_bells: [Cell<Bell>; CoreId::COUNT],
    /// The own slot board as it was when last looked at.
    slot_board: [Cell<u32>; BOARD_WORDS],
    /// Futures that look for letters by themselves.
    seekers: Cell<u32>,
    /// Whether a task that others wait for takes letters in. Neither it nor those that serve urgent calls may poll.
    is_apart: Cell<bool>,
    /// Those who take letters in, while it is another's turn.
    takers: Waiters,
    callers: Waiters,
    /// Each server, for requests and for the end of the one that it works on.
    servers: [Waiters; SERVERS],
    answering: Waiters,
}

impl<'m, 'd, M: Mesh> Rpc<'m, 'd, M> {
    /// Opens the channels of calls, all in `mode`.
    pub fn new(mailbox: &'m Mailbox<'d, M>, mode: Mode) -> Result<Self, OpenError> {
        Ok(Self {
            mailbox,
            urgent: mailbox.open(Channel::URGENT, mode)?,
            ordinary: mailbox.open(Channel::CALL, mode)?,
            replies: mailbox.open(Channel::REPLY, mode)?,
            calls: RefCell::new(Calls::new()),
            requests: RefCell::new(Requests::new()),
            answers: RefCell::new(Answers::NEW),
            mode: Cell::new(mode),
            slot_bells: [const { Cell::new(Bell::new(0)) }; CoreId::COUNT],
            slot_board: [const { Cell::new(0) }; BOARD_WORDS],
            seekers: Cell::new(0),
            is_apart: Cell::new(false),
            takers: Waiters::new(),
            callers: Waiters::new(),
            servers: [const { Waiters::new() }; SERVERS],
            answering: Waiters::new(),
        })
    }

    /// The mailbox that carries the calls.
    pub const fn mailbox(&self) -> &'m Mailbox<'d, M> {
        self.mailbox
    }

    /// Takes requests and replies in and answers what no server answers. Never completes; one task polls it,
    /// best in the class of interrupt follow-ups.
    ///
    /// *Cancel safety*: nothing is lost.
    pub async fn run(&self) {
        let letters = self.take_letters(false);
        join3(letters, self.send_answers(), self.take_others()).await;
    }

    /// Takes letters in for [`run`](Self::run), which is needed as well: callers and servers are woken without a turn of its
    /// task. For a task of a class that runs before theirs, best as urgent as that of the mailbox, which a ring then wakes; no
    /// more than one. Never completes.
    ///
    /// A task that polls is always ready, and in such a class it would keep all others from running: unless the mode is
    /// [`Mode::Interrupt`] this leaves letters to `run`, and from its first poll on servers of urgent procedures do not look
    /// for requests by themselves.
    ///
    /// *Cancel safety*: nothing is lost; letters are left to `run`.
    pub async fn take_in(&self) {
        let _apart = Apart::begin(self);
        self.take_letters(true).await;
    }

    fn is_taken_in_apart(&self) -> bool {
        self.is_apart.get() && self.mode.get() == Mode::Interrupt
    }

    /// Changes how requests and replies are noticed.
    pub fn set_mode(&self, mode: Mode) {
        self.mode.set(mode);
        for receiver in [&self.urgent, &self.ordinary, &self.replies] {
            receiver.set_mode(mode);
        }
        // They may have to look by themselves now.
        self.wake_servers();
        self.takers.wake_all();
        self.mailbox.tell_watchers();
    }

    /// Takes letters in while that is left to a task apart, or while it is not. Never completes.
    async fn take_letters(&self, apart: bool) {
        let is_turn = || self.is_taken_in_apart() == apart;
        loop {
            self.takers.until(|| is_turn().then_some(())).await;
            // Whatever comes may need an answer.
            self.answering.until(|| self.answers.borrow().has_room().then_some(())).await;
            // Whoever seeks by itself goes on at once with what it finds.
            let looks = || if self.seekers.get() == 0 { LOOKS_PER_POLL } else { 1 };
            let mut next = pin!(self.urgent.recv_of([&self.replies, &self.ordinary], looks));
            let received =
                poll_fn(
                    |context| {
                        if is_turn() { next.as_mut().poll(context).map(Some) } else { Poll::Ready(None) }
                    },
                );
            let Some(received) = received.await else { continue };
            self.take_letter(&received);
            if self.mode.get().is_polled() {
                // Whoever got it is to go on before this looks for more.
                pause().await;
            }
        }
    }

    fn take_letter(&self, received: &Received) {
        match received.mail.channel() {
            Channel::REPLY => {
                self.take_reply(received);
                self.mailbox.tell_watchers();
            }
            Channel::URGENT => self.take_request(received, Class::Urgent),
            _ => self.take_request(received, Class::Ordinary),
        }
    }

    /// Looks for letters of `cores` and takes in the first that comes.
    fn seek(&self, cores: CoreSet) {
        if let Some(received) = self.mailbox.seek(self.sought(), cores, self.looks(0)) {
            self.take_letter(&received);
        }
    }

    /// Channels on which letters can be taken in: only replies while others might need an answer that there is no room for.
    #[inline]
    fn sought(&self) -> Channels {
        let replies = Channels::of(Channel::REPLY);
        let has_room = self.answers.borrow().has_room();
        if has_room { replies.with(Channel::URGENT).with(Channel::CALL) } else { replies }
    }

    /// Looks in one poll of one who seeks, besides so many others that are not counted: all of them share what one may take.
    #[inline]
    fn looks(&self, uncounted: u32) -> u32 {
        match self.seekers.get() + uncounted {
            0 | 1 => LOOKS_PER_POLL,
            seekers => (LOOKS_PER_POLL / seekers).max(1),
        }
    }

    /// Counts one who seeks for as long as it does.
    fn begin_to_seek(&self) -> Seeker<'_> {
        self.seekers.set(self.seekers.get() + 1);
        Seeker(&self.seekers)
    }

    /// Takes requests that do not come by mail, when anybody has rung.
    async fn take_others(&self) {
        loop {
            let rings = self.mailbox.rings();
            self.take_queue().await;
            self.take_slots().await;
            self.mailbox.next_ring(rings).await;
        }
    }

    fn take_request(&self, received: &Received, class: Class) {
        if let Ok(part) = Part::parse(&received.mail) {
            self.take_part(Caller { core: received.from, life: received.life }, class, &part);
        }
    }

    fn take_part(&self, caller: Caller, class: Class, part: &Part) {
        let now = self.mailbox.mesh().now();
        let answer = match part.message {
            Message::Request(procedure) | Message::Cast(procedure) => {
                let mut requests = self.requests.borrow_mut();
                if requests.is_served(class, procedure) {
                    requests.take(caller, class, part, now)
                } else {
                    // One answer is enough, and later parts must not be answered as if they were calls.
                    (part.index == 0).then_some(Message::Failure(Failure::NoSuchProcedure))
                }
            }
            Message::Cancel => {
                self.requests.borrow_mut().cancel(caller, part.call);
                None
            }
            Message::Reply | Message::Queued | Message::Failure(_) => None,
        };
        if let Some(message) = answer {
            self.answer(Answer { caller, call: part.call, message });
        }
        match part.message {
            Message::Request(procedure) | Message::Cast(procedure) => {
                self.requests
                    .borrow()
                    .servers_of(class, procedure)
                    .for_each(|place| self.servers[place].wake_all());
            }
            _ => self.wake_servers(),
        }
    }

    fn wake_servers(&self) {
        self.servers.iter().for_each(Waiters::wake_all);
    }

    /// Takes a part of a reply in; whoever waits for it looks.
    fn take_reply(&self, received: &Received) {
        if let Ok(part) = Part::parse(&received.mail) {
            self.calls.borrow_mut().take(received.from, &part);
        }
    }

    /// Queues a message without content for a caller. If 16 wait already, the caller runs into its deadline.
    fn answer(&self, answer: Answer) {
        self.answers.borrow_mut().push(answer);
        self.answering.wake_all();
    }

    async fn send_answers(&self) {
        loop {
            let answer = self.answering.until(|| self.answers.borrow_mut().pop()).await;
            self.answering.wake_all();
            let Answer { caller, call, message } = answer;
            self.send_reply(caller, Part::only(message, call)).await;
        }
    }

    /// Sends a part to a caller; whether it arrived. If it did not, the caller is gone or runs into its deadline. A reply of
    /// one part is left for the caller without waiting for it to be taken, if its line is free.
    async fn send_reply(&self, caller: Caller, part: Part) -> bool {
        let mail = part.emit(Channel::REPLY, flow(part.call));
        if part.count == 1 && self.mailbox.post_to_life(caller.core, caller.life, &mail) {
            return true;
        }
        let patience = Deadline::At(self.mailbox.mesh().now() + REPLY_PATIENCE);
        self.mailbox.send_to_life(caller.core, caller.life, mail, patience).await.is_ok()
    }
}

/// Number by which a trace joins the parts of a call.
fn flow(call: CallId) -> Flow {
    Flow(u32::from(call.0))
}

/// For as long as it lives, a task that others wait for takes letters in.
struct Apart<'r, 'm, 'd, M: Mesh>(&'r Rpc<'m, 'd, M>);

impl<'r, 'm, 'd, M: Mesh> Apart<'r, 'm, 'd, M> {
    fn begin(rpc: &'r Rpc<'m, 'd, M>) -> Self {
        rpc.is_apart.set(true);
        Self(rpc)
    }
}

impl<M: Mesh> Drop for Apart<'_, '_, '_, M> {
    fn drop(&mut self) {
        self.0.is_apart.set(false);
        self.0.takers.wake_all();
    }
}

/// One who looks for letters by itself.
struct Seeker<'r>(&'r Cell<u32>);

impl Drop for Seeker<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
