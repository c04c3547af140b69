//! Letters around the ring of cores: each core writes to the next one and answers the one before, and every byte is
//! compared. First with doorbells, then by polling.

use executor::time::Timers;
use futures_util::future::try_join;
use ipi::mailbox::{Mode, OpenError, Received, Receiver, SendError};
use ipi::mesh::{CoreSet, Deadline, Mesh as _};
use ipi::wire::{Channel, Flow, Kind, Mail};
use scc::id::CoreId;

use super::Mailbox;
use crate::command_line::Cores;
use crate::platform::machine::mesh::ChipMesh;
use crate::runtime;

/// Letters that a core writes in each way.
const ROUNDS: u8 = 8;
/// Time after which a neighbour counts as missing: more than starting 48 cores from one takes.
const PATIENCE_MILLISECONDS: u32 = 1_000;
/// Carries what is asked.
const QUESTIONS: Channel = channel(0);
/// Carries what is answered.
const ANSWERS: Channel = channel(1);

const fn channel(number: u8) -> Channel {
    Channel::new(number).expect("channels are 0 to 14")
}

/// Why letters were not exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// A channel is in use.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A letter did not arrive.
    #[error("letter {round} to core {to}: {error}")]
    Send {
        /// Receiver.
        to: CoreId,
        /// Number of the letter.
        round: u8,
        /// What became of it.
        error: SendError,
    },
    /// A letter came from somebody else, out of order, or with other contents.
    #[error("letter {round} of core {expected} came from core {found} or with other contents")]
    Wrong {
        /// Who should have sent it.
        expected: CoreId,
        /// Who sent it.
        found: CoreId,
        /// Number of the letter.
        round: u8,
    },
    /// A neighbour did not write or answer.
    #[error("no letters from neighbours within {PATIENCE_MILLISECONDS} ms")]
    Silence,
}

/// Exchanges letters with the neighbours of this core among `cores`, all of which must do the same.
///
/// # Errors
/// [`ExchangeError`].
pub async fn with_neighbours(
    mailbox: &'static Mailbox,
    timers: Timers,
    cores: Cores,
) -> Result<(), ExchangeError> {
    let patience = runtime::frequency().milliseconds(PATIENCE_MILLISECONDS);
    let both = timers.timeout(patience, in_both_ways(mailbox, cores)).await;
    both.unwrap_or(Err(ExchangeError::Silence))
}

async fn in_both_ways(mailbox: &'static Mailbox, cores: Cores) -> Result<(), ExchangeError> {
    let own = mailbox.mesh().core();
    let way = Way {
        mailbox,
        before: cores.before(own),
        next: cores.after(own),
        questions: mailbox.open(QUESTIONS, Mode::Interrupt)?,
        answers: mailbox.open(ANSWERS, Mode::Interrupt)?,
    };
    way.go(0).await?;
    // The set of cores of this mode is not used.
    mailbox.set_acknowledge(Mode::Polled(CoreSet::EMPTY));
    way.questions.set_mode(Mode::Polled(CoreSet::of(way.before)));
    way.answers.set_mode(Mode::Polled(CoreSet::of(way.next)));
    way.go(ROUNDS).await
}

struct Way {
    mailbox: &'static Mailbox,
    before: CoreId,
    next: CoreId,
    questions: Receiver<'static, 'static, ChipMesh>,
    answers: Receiver<'static, 'static, ChipMesh>,
}

impl Way {
    /// Asks the next core and answers the one before, beginning with letter `first`.
    async fn go(&self, first: u8) -> Result<(), ExchangeError> {
        try_join(self.ask(first), self.reply(first)).await.map(|_| ())
    }

    async fn ask(&self, first: u8) -> Result<(), ExchangeError> {
        let (own, next) = (self.mailbox.mesh().core(), self.next);
        for round in first..first + ROUNDS {
            send(self.mailbox, letter(own, next, QUESTIONS, round), next).await?;
            let answer = self.answers.recv().await;
            check(answer, letter(next, own, ANSWERS, round), next)?;
        }
        Ok(())
    }

    async fn reply(&self, first: u8) -> Result<(), ExchangeError> {
        let (own, before) = (self.mailbox.mesh().core(), self.before);
        for round in first..first + ROUNDS {
            let question = self.questions.recv().await;
            check(question, letter(before, own, QUESTIONS, round), before)?;
            send(self.mailbox, letter(own, before, ANSWERS, round), before).await?;
        }
        Ok(())
    }
}

async fn send(mailbox: &Mailbox, mail: Mail, to: CoreId) -> Result<(), ExchangeError> {
    let sent = mailbox.send(to, mail, Deadline::Never).await;
    sent.map_err(|error| ExchangeError::Send { to, round: mail.kind().0, error })
}

fn check(received: Received, expected: Mail, from: CoreId) -> Result<(), ExchangeError> {
    if received.from == from && received.mail == expected {
        return Ok(());
    }
    Err(ExchangeError::Wrong { expected: from, found: received.from, round: expected.kind().0 })
}

/// A full letter of which every byte depends on sender, receiver, channel and round.
fn letter(from: CoreId, to: CoreId, channel: Channel, round: u8) -> Mail {
    let seed = from.number().wrapping_mul(5) ^ to.number().wrapping_mul(83) ^ round.wrapping_mul(29);
    let mut content = [seed; Mail::MOST];
    for (byte, index) in content.iter_mut().zip(0_u8..) {
        *byte ^= index.wrapping_mul(37).wrapping_add(channel.number());
    }
    let flow = Flow(u32::from(from.number()) << 8 | u32::from(round));
    Mail::new(channel, Kind(round), flow, &content).expect("a letter holds 18 bytes")
}
