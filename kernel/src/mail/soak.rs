//! A soak: every core writes to every other one, in bursts that a seed chooses, and checks all that comes.
//!
//! Two tasks write, each on a channel of its own, and two read. What one task writes to one core is a flow: letters
//! 0, 1, 2, … whose every byte depends on both cores, channel and number, and an end. A letter whose sending fails is
//! told and never written again, as it may have arrived. A reader takes each flow in order; it tells what is missing,
//! and reports anything else as an error:
//!
//! ```text
//! info soak: failed to=5 channel=4 letter=17 life=1: the peer was restarted   writer: may be missing
//! info soak: resumed to=5 channel=4 letter=18 life=1 peer=2                   writer: first one that this life took
//! info soak: first from=3 channel=4 letter=18 life=2 peer=1                   reader: came up in the middle of a flow
//! info soak: missing from=3 channel=4 letter=20 life=2 peer=1                 reader
//! info soak: done life=2 sent=700 received=664 failed=0 missing=1             all flows from and to this core have ended
//! ```
//!
//! `life` is the one of the core that writes the line, `peer` the one of the other core. Who compares the lines of all cores sees whether a letter was lost: missing is what failed, and nothing else. A core
//! that starts again writes its flows anew; writers go on with it where they were, and tell it the end again.

use alloc::boxed::Box;
use core::cell::{Cell, RefCell};

use executor::{Class, Spawner};
use ipi::mailbox::{Mode, Received, Receiver, SendError};
use ipi::mesh::{Cycles, Deadline, Instant, Mesh as _};
use ipi::wire::{Channel, Epoch, Flow, Kind, Mail};
use scc::id::CoreId;

use super::Mailbox;
use crate::command_line::{Cores, Soak};
use crate::platform::machine::mesh::ChipMesh;

/// Channels of the writers.
const CHANNELS: [Channel; 2] = [channel(4), channel(5)];
/// Kind of a letter.
const LETTER: Kind = Kind(0);
/// Kind of the end of a flow.
const END: Kind = Kind(1);
/// Letters of a burst at most.
const BURST: u32 = 8;
/// Longest pause between two bursts.
const PAUSE: u32 = 20_000;
/// Time after which a writer turns to a core again that was in reset: less than booting takes.
const DOWN: Cycles = Cycles::new(4_000_000);
/// The same for a core that did not listen yet, and between two looks for cores in a new life.
const AWHILE: Cycles = Cycles::new(200_000);
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

/// Numbers that a seed makes: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let [.., a, b, c, d] = (mixed ^ mixed >> 31).to_le_bytes();
        u32::from_le_bytes([a, b, c, d]) % bound
    }
}

/// A core's part in the soak.
struct Part {
    mailbox: &'static Mailbox,
    others: Cores,
    soak: Soak,
    incoming: RefCell<[[Incoming; CoreId::COUNT]; CHANNELS.len()]>,
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
/// If a channel of the soak is in use, and without memory for four tasks.
pub fn start(spawner: Spawner, mailbox: &'static Mailbox, cores: Cores, soak: Soak) {
    let part: &'static Part = Box::leak(Box::new(Part {
        mailbox,
        others: cores.without(mailbox.mesh().core()),
        soak,
        incoming: RefCell::new([[Incoming::NEW; CoreId::COUNT]; CHANNELS.len()]),
        writers: Cell::new(CHANNELS.len()),
        is_done: Cell::new(false),
        sent: Cell::new(0),
        received: Cell::new(0),
        failed: Cell::new(0),
        missing: Cell::new(0),
    }));
    for (lane, channel) in CHANNELS.into_iter().enumerate() {
        let receiver =
            mailbox.open(channel, Mode::Interrupt).expect("nobody else uses the channels of the soak");
        spawner.spawn("soak-read", Class::Service, part.read(lane, receiver)).expect(TASK_MEMORY).detach();
        spawner.spawn("soak-write", Class::Service, part.write(channel)).expect(TASK_MEMORY).detach();
    }
}

fn add(counter: &Cell<u32>) {
    counter.set(counter.get().wrapping_add(1));
}

impl Part {
    async fn write(&self, channel: Channel) {
        let mesh = self.mailbox.mesh();
        let own = mesh.core();
        let [core, lane] = [own.number(), channel.number()].map(u64::from);
        let mut random = Random(u64::from(self.soak.seed) << 32 | core << 8 | lane);
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
                if !self.write_one(&mut flows[to.index()], to, channel).await {
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

    /// Sends the next letter of a flow, or its end; whether the flow goes on at once.
    async fn write_one(&self, flow: &mut Outgoing, to: CoreId, channel: Channel) -> bool {
        let mesh = self.mailbox.mesh();
        let is_end = flow.next == self.soak.letters;
        let mail = if is_end {
            Mail::empty(channel, END, Flow(flow.next))
        } else {
            letter(self.soak.seed, mesh.core(), to, channel, flow.next)
        };
        let (number, life) = (channel.number(), self.mailbox.epoch().get());
        let Some(peer) = self.mailbox.known_life_of(to).or_else(|| self.mailbox.life_of(to)) else {
            flow.at = mesh.now() + AWHILE;
            return false;
        };
        match self.mailbox.send_to_life(to, peer, mail, Deadline::Never).await {
            Ok(()) if is_end => flow.ended = Some(peer),
            Ok(()) => {
                if flow.taken_by.is_some_and(|last| last != peer) || flow.taken_by.is_none() && flow.next > 0
                {
                    let (letter, peer) = (flow.next, peer.get());
                    log::info!(target: "soak", "resumed to={to} channel={number} letter={letter} life={life} peer={peer}");
                }
                flow.taken_by = Some(peer);
                flow.next += 1;
                add(&self.sent);
            }
            // Nobody has it, so it is written again.
            Err(SendError::NotListening | SendError::PeerDown) => flow.at = mesh.now() + AWHILE,
            Err(error) => {
                if error == SendError::PeerReset {
                    flow.at = mesh.now() + DOWN;
                }
                if !is_end {
                    let letter = flow.next;
                    log::info!(target: "soak", "failed to={to} channel={number} letter={letter} life={life}: {error}");
                    flow.next += 1;
                    add(&self.failed);
                }
                return false;
            }
        }
        flow.ended.is_none() && flow.at <= mesh.now()
    }

    async fn read(&self, lane: usize, receiver: Receiver<'static, 'static, ChipMesh>) {
        loop {
            let received = receiver.recv().await;
            self.take(lane, &received);
            self.tell_if_done();
        }
    }

    fn take(&self, lane: usize, Received { from, life, mail }: &Received) {
        let (number, letter_number) = (CHANNELS[lane].number(), mail.flow().0);
        let (own, peer) = (self.mailbox.epoch().get(), life.get());
        let mut incoming = self.incoming.borrow_mut();
        let flow = &mut incoming[lane][from.index()];
        if flow.life != Some(*life) {
            if flow.life.is_some_and(|known| !life.is_after(known)) {
                log::error!(target: "soak", "letter of a former life from={from} channel={number} letter={letter_number}");
                return;
            }
            *flow = Incoming { life: Some(*life), ..Incoming::NEW };
        }
        let is_end = mail.kind() == END;
        let expected = if is_end {
            Mail::empty(CHANNELS[lane], END, Flow(self.soak.letters))
        } else {
            letter(self.soak.seed, *from, self.mailbox.mesh().core(), CHANNELS[lane], letter_number)
        };
        if *mail != expected || flow.has_ended && !is_end || letter_number > self.soak.letters {
            log::error!(target: "soak", "wrong contents from={from} channel={number} letter={letter_number}");
            return;
        }
        match flow.next {
            None if letter_number > 0 => {
                log::info!(
                    target: "soak",
                    "first from={from} channel={number} letter={letter_number} life={own} peer={peer}"
                );
            }
            None => {}
            Some(next) if letter_number < next => {
                log::error!(target: "soak", "again from={from} channel={number} letter={letter_number} next={next}");
                return;
            }
            Some(next) => {
                for letter in next..letter_number {
                    log::info!(
                        target: "soak",
                        "missing from={from} channel={number} letter={letter} life={own} peer={peer}"
                    );
                    add(&self.missing);
                }
            }
        }
        flow.has_ended = is_end;
        flow.next = Some(if is_end { letter_number } else { letter_number + 1 });
        if !is_end {
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

/// A letter of which length and every byte depend on seed, sender, receiver, channel and number.
fn letter(seed: u32, from: CoreId, to: CoreId, channel: Channel, number: u32) -> Mail {
    let [from, to, channel_number] = [from.number(), to.number(), channel.number()].map(u64::from);
    let mut random =
        Random(u64::from(seed) << 48 ^ from << 40 ^ to << 34 ^ channel_number << 30 ^ u64::from(number));
    let mut content = [0; Mail::MOST];
    for bytes in content.chunks_mut(4) {
        let word = random.below(u32::MAX).to_le_bytes();
        bytes.copy_from_slice(&word[..bytes.len()]);
    }
    let length = usize::from(content[0]) % (Mail::MOST + 1);
    Mail::new(channel, LETTER, Flow(number), &content[..length]).expect("at most 18 bytes")
}
