//! Ping-pong: what one letter takes from one core to another.
//!
//! Two cores run [`run`] with each other. The lower one begins; whoever has a letter answers it at once. Neither waits
//! for acknowledgements. A sample is half the time from sending a letter to having the answer in the task, so it is one
//! way: from the call on one core to the letter in the hands of a task on the other. Clocks of two cores cannot be
//! compared, which is why it is half of two. What the receiving task itself takes, from the beginning of the poll that
//! finds the letter, is told apart; of the two halves it is the same.
//!
//! ```text
//! lower core    send ───────▶ has the answer, send ───────▶ has the answer
//! higher core         has it, send ▲            has it, send ▲
//!               ├──── 2 samples ───┤
//! ```

use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::pin;

use ipi::mailbox::{Mode, Notice, OpenError, Receiver, SendError, TrySendError};
use ipi::mesh::{CoreSet, Cycles, Deadline, Mesh as _};
use ipi::wire::{Channel, Flow, Kind, Mail};
use scc::id::CoreId;

use super::Mailbox;
use crate::arch::i586::cpu;
use crate::command_line::Letters;
use crate::platform::machine::mesh::ChipMesh;

/// Carries the letters.
const CHANNEL: Channel = Channel::new(3).expect("channels are 0 to 14");
/// Kind of the letters that are measured.
const BALL: Kind = Kind(0);
/// Kind of the letter that says: I have come.
const COME: Kind = Kind(1);
/// Kind of the letter that says: I know that you have come.
const SEEN: Kind = Kind(2);
/// Most cycles of the pause before a letter of the core that begins, about as long as some looks of a receiver.
const LONGEST_PAUSE: u32 = 512;
/// By how much pauses of rounds that follow each other differ, modulo the longest one.
const STRIDE: u32 = 167;
/// Cycles between two attempts to reach a peer that does not listen yet.
const BETWEEN_ATTEMPTS: Cycles = Cycles::new(2_000);

fn mode(letters: Letters, peer: CoreId) -> Mode {
    match letters {
        Letters::Polled => Mode::Polled(CoreSet::of(peer)),
        Letters::Direct | Letters::Doorbell => Mode::Interrupt,
    }
}

const fn notice(letters: Letters) -> Notice {
    match letters {
        Letters::Polled => Notice::Nothing,
        Letters::Direct => Notice::InterruptBit,
        Letters::Doorbell => Notice::Doorbell,
    }
}

/// Why a ping-pong ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PingPongError {
    /// The channel is in use: one ping-pong at a time.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The peer could not be reached.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A letter could not be posted.
    #[error(transparent)]
    Post(#[from] TrySendError),
    /// A letter came out of order or with other contents.
    #[error("letter {round} of core {from} has other contents")]
    Wrong {
        /// Who sent it.
        from: CoreId,
        /// Number of the round.
        round: u32,
    },
}

/// What one letter took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// From the call that sends to the letter in the hands of the receiving task.
    pub whole: Cycles,
    /// From the call to the beginning of the poll in which the receiving task finds it; the same as `whole` for a task that
    /// polls all the time.
    pub woken: Cycles,
}

/// Exchanges `rounds` letters with `peer`, which must do the same at the same time, and calls `sample` with the cycles
/// of each: `rounds` samples on the lower core, one less on the other. With itself a core cannot play.
///
/// *Cancel safety*: the peer keeps waiting for the next letter.
///
/// # Errors
/// [`PingPongError`].
pub async fn run(
    mailbox: &'static Mailbox,
    peer: CoreId,
    letters: Letters,
    rounds: u32,
    sample: impl FnMut(Sample),
) -> Result<(), PingPongError> {
    let receiver = mailbox.open(CHANNEL, mode(letters, peer))?;
    let table = Table { mailbox, peer, letters, receiver };
    table.meet().await?;
    table.play(rounds, sample).await
}

/// Cycles of a letter, one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Shortest.
    pub shortest: u64,
    /// Half took no longer.
    pub median: u64,
    /// Longest.
    pub longest: u64,
    /// To the beginning of the poll that finds it, half took no longer: [`Sample::woken`].
    pub woken: u64,
}

/// Exchanges letters as [`run`] does, `rounds` of them, of which the last `SAMPLES` count.
///
/// # Errors
/// [`PingPongError`].
pub async fn span<const SAMPLES: usize>(
    mailbox: &'static Mailbox,
    peer: CoreId,
    letters: Letters,
    rounds: usize,
) -> Result<Span, PingPongError> {
    let (mut whole, mut woken) = ([0; SAMPLES], [0; SAMPLES]);
    let mut count = 0;
    let rounds = u32::try_from(rounds).expect("a small number");
    run(mailbox, peer, letters, rounds, |sample| {
        // The first ones are overwritten.
        (whole[count % SAMPLES], woken[count % SAMPLES]) = (sample.whole.get(), sample.woken.get());
        count += 1;
    })
    .await?;
    whole.sort_unstable();
    woken.sort_unstable();
    let (median, woken) = (whole[SAMPLES / 2], woken[SAMPLES / 2]);
    Ok(Span { shortest: whole[0], median, longest: whole[SAMPLES - 1], woken })
}

/// What `future` completes with, and the time stamp at the beginning of the poll in which it does.
async fn with_beginning<T>(future: impl Future<Output = T>) -> (T, u64) {
    let mut future = pin!(future);
    let polled = Cell::new(0);
    let output = poll_fn(|context| {
        polled.set(cpu::time_stamp());
        future.as_mut().poll(context)
    })
    .await;
    (output, polled.get())
}

/// Lets a few cycles pass, another number in each round: without that the game may fall in step with the looks of a receiver
/// that polls, and each of its letters arrive when it has just looked.
fn dawdle(round: u32) {
    let begin = cpu::time_stamp();
    let cycles = u64::from(round.wrapping_mul(STRIDE) % LONGEST_PAUSE);
    while cpu::time_stamp() - begin < cycles {}
}

struct Table {
    mailbox: &'static Mailbox,
    peer: CoreId,
    letters: Letters,
    receiver: Receiver<'static, 'static, ChipMesh>,
}

impl Table {
    /// Makes sure that both have come to this game. What one says may fall into the queue of the other's last one and
    /// be lost with it, so who hears the other come says so.
    async fn meet(&self) -> Result<(), PingPongError> {
        self.say(COME).await?;
        loop {
            match self.receiver.recv_from(self.peer).await.mail.kind() {
                COME => {
                    self.say(SEEN).await?;
                    return Ok(());
                }
                SEEN => return Ok(()),
                _ => {}
            }
        }
    }

    async fn say(&self, kind: Kind) -> Result<(), PingPongError> {
        let mesh = self.mailbox.mesh();
        let mail = self.ball(mesh.core()).with_kind(kind);
        loop {
            match self.mailbox.send(self.peer, mail, Deadline::Never).await {
                Err(SendError::NotListening | SendError::PeerRestarted) => {
                    mesh.sleep_until(mesh.now() + BETWEEN_ATTEMPTS).await;
                }
                sent => return Ok(sent?),
            }
        }
    }

    async fn play(&self, rounds: u32, mut sample: impl FnMut(Sample)) -> Result<(), PingPongError> {
        let own = self.mailbox.mesh().core();
        let begins = own < self.peer;
        let (own_ball, their_ball) = (self.ball(own), self.ball(self.peer));
        let mut sent = None;
        for round in 0..rounds {
            // Made before the letter it answers is there.
            let ball = own_ball.with_flow(Flow(round));
            if begins {
                dawdle(round);
                sent = Some(self.send(&ball).await?);
            }
            // What a core says before the game may still be under way.
            let (received, polled, now) = loop {
                let received = self.receiver.recv_from(self.peer);
                // Time stamps in each poll would delay the letter of one who polls all the time.
                let (received, polled, now) = match self.letters {
                    Letters::Polled => {
                        let received = received.await;
                        (received, None, cpu::time_stamp())
                    }
                    Letters::Direct | Letters::Doorbell => {
                        let (received, polled) = with_beginning(received).await;
                        (received, Some(polled), cpu::time_stamp())
                    }
                };
                if received.mail.kind() == BALL {
                    break (received, polled, now);
                }
            };
            let before = if begins { sent } else { sent.replace(self.send(&ball).await?) };
            if let Some(before) = before {
                let whole = (now - before) / 2;
                sample(Sample {
                    whole: Cycles::new(whole),
                    woken: Cycles::new(whole.saturating_sub(now - polled.unwrap_or(now))),
                });
            }
            // Every byte of the last one only: the code of the game is to leave L1 to the code that is measured.
            let is_right = received.mail.flow() == Flow(round)
                && (round + 1 < rounds || received.mail == their_ball.with_flow(Flow(round)));
            if !is_right {
                return Err(PingPongError::Wrong { from: self.peer, round });
            }
        }
        Ok(())
    }

    /// Posts a letter; the time stamp before.
    async fn send(&self, mail: &Mail) -> Result<u64, PingPongError> {
        loop {
            let begin = cpu::time_stamp();
            match self.mailbox.try_send_with(self.peer, mail, notice(self.letters)) {
                Ok(()) => return Ok(begin),
                // The answer was there before the acknowledgement of what it answers.
                Err(TrySendError::Full) => {
                    self.mailbox.attend(CoreSet::of(self.peer));
                    executor::yield_now().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A full letter of which every byte depends on the sender.
    fn ball(&self, from: CoreId) -> Mail {
        let seed = from.number().wrapping_mul(5) ^ 0x5A;
        Mail::new(CHANNEL, BALL, Flow(0), &[seed; Mail::MOST]).expect("a letter holds 18 bytes")
    }
}
