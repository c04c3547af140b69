//! A soak: every core writes to every other one, in bursts that a seed chooses, and checks all that comes.
//!
//! Three tasks write: two send letters, each on a channel of its own, and one sends messages of 1 byte to 1 MB through the
//! message buffers. Three tasks read. What one task writes to one core is a flow: letters or messages 0, 1, 2, … whose
//! every byte depends on both cores, channel and number, and an end. One whose sending fails is told and never written
//! again, as it may have arrived. A reader takes each flow in order; it tells what is missing, and reports anything else as
//! an error:
//!
//! ```text
//! info soak: failed to=5 channel=4 letter=17 life=1: the peer was restarted   writer: may be missing
//! info soak: resumed to=5 channel=4 letter=18 life=1 peer=2                   writer: first one that this life took
//! info soak: first from=3 channel=4 letter=18 life=2 peer=1                   reader: came up in the middle of a flow
//! info soak: missing from=3 channel=4 letter=20 life=2 peer=1                 reader
//! info soak: done life=2 sent=700 received=664 failed=0 missing=1             all flows from and to this core have ended
//! ```
//!
//! `life` is the one of the core that writes the line, `peer` the one of the other core; `channel` is 15 for messages.
//! Who compares the lines of all cores sees whether a letter was lost: missing is what failed, and nothing else. A core
//! that starts again writes its flows anew; writers go on with it where they were, and tell it the end again.

mod content;

use alloc::boxed::Box;
use alloc::vec;
use core::cell::{Cell, RefCell};

use executor::{Class, Spawner};
use ipi::mailbox::{Mode, PeerError, Received, Receiver, SendError};
use ipi::mesh::{Cycles, Deadline, Instant, Mesh as _};
use ipi::transfer::{TransferError, Transfers, Waiting};
use ipi::wire::{Channel, Epoch, Tag};
use scc::id::CoreId;

use self::content::{Random, Way};
use super::Mailbox;
use crate::command_line::{Cores, Soak};
use crate::platform::machine::mesh::ChipMesh;

/// Channels of the writers of letters.
const CHANNELS: [Channel; 2] = [channel(4), channel(5)];
/// The third lane: messages, which have no channel of their own. It is named by a number that no channel has.
const MESSAGES: usize = CHANNELS.len();
const LANES: usize = MESSAGES + 1;
const NO_CHANNEL: u8 = 15;
/// Tag of the messages.
const TAG: Tag = Tag(1);
/// Letters of a burst at most.
const BURST: u32 = 8;
/// Longest pause between two bursts.
const PAUSE: u32 = 20_000;
/// Time after which a writer turns to a core again that was in reset: less than booting takes.
const DOWN: Cycles = Cycles::new(4_000_000);
/// The same for a core that did not listen yet, and between two looks for cores in a new life.
const AWHILE: Cycles = Cycles::new(200_000);
/// Why a channel opens without fail.
const FREE: &str = "nobody else uses the channels of the soak";
/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for a task";

const fn channel(number: u8) -> Channel {
    Channel::new(number).expect("channels are 0 to 14")
}

/// What has come of one flow.
#[derive(Clone, Copy, Debug)]
struct Incoming {
    life: Option<Epoch>,
    /// Number of the next letter; `None` before the first.
    next: Option<u32>,
    has_ended: bool,
}

impl Incoming {
    const NEW: Self = Self { life: None, next: None, has_ended: false };
}

/// How far a writer is with one core.
#[derive(Clone, Copy, Debug)]
struct Outgoing {
    next: u32,
    /// Not before this.
    at: Instant,
    /// Life that took the last letter.
    taken_by: Option<Epoch>,
    /// Life that was told the end.
    ended: Option<Epoch>,
}

/// A core's part in the soak.
struct Part {
    mailbox: &'static Mailbox,
    transfers: Transfers<'static, 'static, ChipMesh>,
    others: Cores,
    soak: Soak,
    incoming: RefCell<[[Incoming; CoreId::COUNT]; LANES]>,
    writers: Cell<usize>,
    is_done: Cell<bool>,
    sent: Cell<u32>,
    received: Cell<u32>,
    failed: Cell<u32>,
    missing: Cell<u32>,
}

/// Has this core write to all others of `cores`, and read what they write, for ever. Once, task context.
///
/// # Panics
/// If a channel of the soak is in use, and without memory for its tasks.
pub fn start(spawner: Spawner, mailbox: &'static Mailbox, cores: Cores, soak: Soak) {
    let part: &'static Part = Box::leak(Box::new(Part {
        mailbox,
        transfers: Transfers::new(mailbox, Mode::Interrupt).expect(FREE),
        others: cores.without(mailbox.mesh().core()),
        soak,
        incoming: RefCell::new([[Incoming::NEW; CoreId::COUNT]; LANES]),
        writers: Cell::new(LANES),
        is_done: Cell::new(false),
        sent: Cell::new(0),
        received: Cell::new(0),
        failed: Cell::new(0),
        missing: Cell::new(0),
    }));
    for (lane, channel) in CHANNELS.into_iter().enumerate() {
        let receiver = mailbox.open(channel, Mode::Interrupt).expect(FREE);
        spawner.spawn("soak-read", Class::Service, part.read(lane, receiver)).expect(TASK_MEMORY).detach();
    }
    spawner.spawn("soak-transfers", Class::Service, part.transfers.run()).expect(TASK_MEMORY).detach();
    spawner.spawn("soak-messages", Class::Service, part.read_messages()).expect(TASK_MEMORY).detach();
    for lane in 0..LANES {
        spawner.spawn("soak-write", Class::Service, part.write(lane)).expect(TASK_MEMORY).detach();
    }
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Letter(SendError),
    #[error(transparent)]
    Message(TransferError),
}

impl Failure {
    /// What happened to the receiver, as far as mail tells.
    const fn of_peer(self) -> Option<SendError> {
        match self {
            Self::Letter(error) | Self::Message(TransferError::Offer(error)) => Some(error),
            Self::Message(TransferError::Peer(PeerError::Reset)) => Some(SendError::PeerReset),
            Self::Message(_) => None,
        }
    }
}

/// Number of a lane's channel.
fn label(lane: usize) -> u8 {
    CHANNELS.get(lane).map_or(NO_CHANNEL, |channel| channel.number())
}

fn add(counter: &Cell<u32>) {
    counter.set(counter.get().wrapping_add(1));
}

impl Part {
    /// Letters or messages of a flow.
    const fn all(&self, lane: usize) -> u32 {
        if lane == MESSAGES { self.soak.messages } else { self.soak.letters }
    }

    const fn way(&self, from: CoreId, to: CoreId, label: u8) -> Way {
        Way { seed: self.soak.seed, from, to, label }
    }

    async fn write(&self, lane: usize) {
        let mesh = self.mailbox.mesh();
        let [core, label] = [mesh.core().number(), label(lane)].map(u64::from);
        let mut random = Random(u64::from(self.soak.seed) << 32 | core << 8 | label);
        let mut flows = [Outgoing { next: 0, at: mesh.now(), taken_by: None, ended: None }; CoreId::COUNT];
        let mut has_ended = false;
        loop {
            let now = mesh.now();
            let wants = |flow: &Outgoing| flow.ended.is_none() && flow.at <= now;
            let waiting = || self.others.iter().filter(|core| wants(&flows[core.index()]));
            let count = u32::try_from(waiting().count()).expect("at most 48");
            if count == 0 {
                if !has_ended && self.others.iter().all(|core| flows[core.index()].ended.is_some()) {
                    has_ended = true;
                    self.writers.set(self.writers.get() - 1);
                    self.tell_if_done();
                }
                mesh.sleep_until(now + AWHILE).await;
                for core in self.others.iter() {
                    let flow = &mut flows[core.index()];
                    // A core that starts again has not heard of the end.
                    flow.ended = flow.ended.filter(|told| self.mailbox.life_of(core) == Some(*told));
                }
                continue;
            }
            let chosen = usize::try_from(random.below(count)).expect("at most 48");
            let to = waiting().nth(chosen).expect("one of those that were counted");
            for _ in 0..=random.below(BURST) {
                if !self.write_one(&mut flows[to.index()], to, lane).await {
                    break;
                }
            }
            if random.below(4) == 0 {
                mesh.sleep_until(mesh.now() + Cycles::new(random.below(PAUSE).into())).await;
            } else {
                executor::yield_now().await;
            }
        }
    }

    /// Sends the next letter or message of a flow, or its end; whether the flow goes on at once.
    async fn write_one(&self, flow: &mut Outgoing, to: CoreId, lane: usize) -> bool {
        let mesh = self.mailbox.mesh();
        let is_end = flow.next == self.all(lane);
        let (number, life) = (label(lane), self.mailbox.epoch().get());
        let Some(peer) = self.mailbox.known_life_of(to).or_else(|| self.mailbox.life_of(to)) else {
            flow.at = mesh.now() + AWHILE;
            return false;
        };
        let letter = flow.next;
        match self.send(lane, to, peer, letter).await {
            Ok(()) if is_end => flow.ended = Some(peer),
            Ok(()) => {
                if flow.taken_by.is_some_and(|last| last != peer) || flow.taken_by.is_none() && flow.next > 0
                {
                    let peer = peer.get();
                    log::info!(target: "soak", "resumed to={to} channel={number} letter={letter} life={life} peer={peer}");
                }
                flow.taken_by = Some(peer);
                flow.next += 1;
                add(&self.sent);
            }
            Err(error) => {
                match error.of_peer() {
                    // Nobody has it, so it is written again.
                    Some(SendError::NotListening | SendError::PeerDown) => {
                        flow.at = mesh.now() + AWHILE;
                        return false;
                    }
                    Some(SendError::PeerReset) => flow.at = mesh.now() + DOWN,
                    _ => {}
                }
                if !is_end {
                    log::info!(target: "soak", "failed to={to} channel={number} letter={letter} life={life}: {error}");
                    flow.next += 1;
                    add(&self.failed);
                }
                return false;
            }
        }
        flow.ended.is_none() && flow.at <= mesh.now()
    }

    async fn send(&self, lane: usize, to: CoreId, peer: Epoch, number: u32) -> Result<(), Failure> {
        let way = self.way(self.mailbox.mesh().core(), to, label(lane));
        let all = self.all(lane);
        if let Some(channel) = CHANNELS.get(lane) {
            let mail = way.letter(*channel, number, all);
            return self.mailbox.send_to_life(to, peer, mail, Deadline::Never).await.map_err(Failure::Letter);
        }
        let message = way.message(number, all);
        let sent = self.transfers.send_to_life(to, peer, TAG, &message, Deadline::Never).await;
        sent.map_err(Failure::Message)
    }

    async fn read(&self, lane: usize, receiver: Receiver<'static, 'static, ChipMesh>) {
        loop {
            let Received { from, life, mail } = receiver.recv().await;
            let way = self.way(from, self.mailbox.mesh().core(), label(lane));
            let number = mail.flow().0;
            let is_right = way.letter(CHANNELS[lane], number, self.all(lane)) == mail;
            self.take(lane, (from, life), is_right.then_some(number));
        }
    }

    async fn read_messages(&self) {
        loop {
            let Waiting { from, life, length } = self.transfers.next_waiting(TAG).await;
            let mut buffer = vec![0; usize::try_from(length).expect("at most 1 MB")];
            // The sender tells if it fails.
            if self.transfers.recv(from, TAG, &mut buffer, Deadline::Never).await.is_ok() {
                let way = self.way(from, self.mailbox.mesh().core(), NO_CHANNEL);
                let known = self.incoming.borrow()[MESSAGES][from.index()];
                let next = known.next.filter(|_| known.life == Some(life)).unwrap_or(0);
                let number = way.number_of(&buffer, next, self.soak.messages);
                self.take(MESSAGES, (from, life), number);
            }
        }
    }

    /// Takes what has come of a flow; no number if its contents are wrong.
    fn take(&self, lane: usize, (from, life): (CoreId, Epoch), number: Option<u32>) {
        self.check_order(lane, (from, life), number);
        self.tell_if_done();
    }

    fn check_order(&self, lane: usize, (from, life): (CoreId, Epoch), number: Option<u32>) {
        let (label, all) = (label(lane), self.all(lane));
        let (own, peer) = (self.mailbox.epoch().get(), life.get());
        let mut incoming = self.incoming.borrow_mut();
        let flow = &mut incoming[lane][from.index()];
        if flow.life != Some(life) {
            if flow.life.is_some_and(|known| !life.is_after(known)) {
                log::error!(target: "soak", "letter of a former life from={from} channel={label}");
                return;
            }
            *flow = Incoming { life: Some(life), ..Incoming::NEW };
        }
        let Some(letter) = number.filter(|number| *number <= all && (!flow.has_ended || *number == all))
        else {
            log::error!(target: "soak", "wrong contents from={from} channel={label} next={:?}", flow.next);
            return;
        };
        match flow.next {
            None if letter > 0 => {
                log::info!(target: "soak", "first from={from} channel={label} letter={letter} life={own} peer={peer}");
            }
            None => {}
            Some(next) if letter < next => {
                log::error!(target: "soak", "again from={from} channel={label} letter={letter} next={next}");
                return;
            }
            Some(next) => {
                for letter in next..letter {
                    log::info!(target: "soak", "missing from={from} channel={label} letter={letter} life={own} peer={peer}");
                    add(&self.missing);
                }
            }
        }
        flow.has_ended = letter == all;
        flow.next = Some(if flow.has_ended { letter } else { letter + 1 });
        if !flow.has_ended {
            add(&self.received);
        }
    }

    /// Says so once all flows from and to this core have ended.
    fn tell_if_done(&self) {
        let incoming = self.incoming.borrow();
        let mut lanes = incoming.iter();
        let all_read = lanes.all(|lane| self.others.iter().all(|core| lane[core.index()].has_ended));
        if self.is_done.get() || self.writers.get() > 0 || !all_read {
            return;
        }
        self.is_done.set(true);
        let [sent, received, failed, missing] =
            [&self.sent, &self.received, &self.failed, &self.missing].map(Cell::get);
        let (life, again) = (self.mailbox.epoch().get(), self.mailbox.statistics().rung_again);
        log::info!(
            target: "soak",
            "done life={life} sent={sent} received={received} failed={failed} missing={missing} rung_again={again}"
        );
    }
}
