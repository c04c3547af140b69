//! Compares both ends of each flow by what the kernels print.

use std::collections::{BTreeMap, BTreeSet};

use scc::id::CoreId;

use super::{CHANNELS, Counts, SoakError, Summary};

/// Stands for the channel of messages.
const NO_CHANNEL: u32 = 15;

/// A letter of a flow, or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    /// Writer.
    pub from: u8,
    /// Its life.
    pub life: u32,
    /// Reader.
    pub to: u8,
    /// Channel number, or what stands for it in a message.
    pub channel: u32,
    /// Number within the flow.
    pub letter: u32,
}

/// What a core says about a letter; with the life of the core on the other side where both matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saying {
    /// Its sending failed; it may have arrived.
    Failed(Letter),
    /// It is the first one that this life of the reader has taken.
    Resumed(Letter, u32),
    /// It is the first one that this life of the reader has seen; the number of all if that was the end of the flow.
    First(Letter, u32),
    /// Later ones of its flow came, but not this one.
    Missing(Letter),
    /// All flows have ended.
    Done {
        /// Letters that others have taken.
        sent: u64,
        /// Letters taken.
        received: u64,
        /// Doorbells rung again.
        rung_again: u64,
    },
}

/// Judges what cores have printed in all their lives. `stopped` are those that the host stopped; each core writes as much
/// as `counts` says to each other one.
///
/// # Errors
/// [`SoakError`] other than [`SoakError::Finding`] and [`SoakError::Stuck`].
pub(super) fn judge(
    texts: &[(CoreId, String)],
    stopped: &BTreeSet<CoreId>,
    counts: Counts,
) -> Result<Summary, SoakError> {
    let (mut failed, mut missing, mut resumed, mut first) =
        (BTreeSet::new(), Vec::new(), BTreeSet::new(), Vec::new());
    let mut summary = Summary::default();
    let is_stopped = |number: u8| stopped.iter().any(|core| core.number() == number);
    for (core, text) in texts {
        let mut done = (0, 0, 0);
        for line in text.lines() {
            if line.contains("] error ") || line.contains("] warn ") {
                return Err(SoakError::Complaint { core: *core, line: line.to_owned() });
            }
            let Some((_, saying)) = line.split_once("info soak: ") else { continue };
            let unknown = || SoakError::Unknown { core: *core, line: line.to_owned() };
            match parse(core.number(), saying).ok_or_else(unknown)? {
                Saying::Failed(letter) if !is_stopped(letter.to) => {
                    return Err(SoakError::FailedToLiving(letter));
                }
                Saying::Failed(letter) => {
                    failed.insert(letter);
                }
                Saying::Resumed(letter, peer) => {
                    resumed.insert((letter, peer));
                }
                Saying::First(letter, own) => first.push((letter, own)),
                Saying::Missing(letter) => missing.push(letter),
                Saying::Done { sent, received, rung_again } => done = (sent, received, rung_again),
            }
        }
        let (sent, received, rung_again) = done;
        let living = texts.iter().filter(|(other, _)| other != core && !stopped.contains(other)).count();
        let expected = living as u64 * u64::from(counts.letters * CHANNELS + counts.messages);
        if !stopped.contains(core) && (sent < expected || received < expected) {
            return Err(SoakError::Count { core: *core, sent, received, expected });
        }
        summary.sent += sent;
        summary.received += received;
        summary.rung_again += rung_again;
    }
    if let Some(lost) = missing.iter().find(|letter| !failed.contains(letter)) {
        return Err(SoakError::Lost(*lost));
    }
    for (seen, own) in &first {
        let is_same_flow = |letter: &Letter| Letter { letter: seen.letter, ..*letter } == *seen;
        let taken = resumed.iter().filter(|(letter, peer)| peer == own && is_same_flow(letter));
        let taken = match taken.map(|(letter, _)| letter.letter).min() {
            Some(taken) => taken,
            // The end alone: former lives have taken what did not fail.
            None if seen.letter == counts.of(seen.channel == NO_CHANNEL) => continue,
            None => return Err(SoakError::Lost(*seen)),
        };
        if seen.letter > taken {
            return Err(SoakError::Lost(Letter { letter: taken, ..*seen }));
        }
        let early = (seen.letter..taken).map(|letter| Letter { letter, ..*seen });
        if let Some(unsaid) = early.into_iter().find(|letter| !failed.contains(letter)) {
            return Err(SoakError::Lost(unsaid));
        }
    }
    Ok(Summary { failed: failed.len(), missing: missing.len(), joined: first.len(), ..summary })
}

/// Reads what core `own` says behind `info soak: `.
fn parse(own: u8, text: &str) -> Option<Saying> {
    let (word, fields) = text.split_once(' ')?;
    // An error may follow the fields.
    let fields = fields.split(": ").next()?;
    let fields: BTreeMap<&str, u64> = fields
        .split(' ')
        .map(|field| field.split_once('=').and_then(|(key, value)| Some((key, value.parse().ok()?))))
        .collect::<Option<_>>()?;
    let number = |key: &str| fields.get(key).copied();
    let small = |key: &str| number(key).and_then(|value| u32::try_from(value).ok());
    let core = |key: &str| number(key).and_then(|value| u8::try_from(value).ok());
    let written = || {
        let (channel, letter) = (small("channel")?, small("letter")?);
        Some(Letter { from: own, life: small("life")?, to: core("to")?, channel, letter })
    };
    let read = || {
        let (channel, letter) = (small("channel")?, small("letter")?);
        Some(Letter { from: core("from")?, life: small("peer")?, to: own, channel, letter })
    };
    Some(match word {
        "failed" => Saying::Failed(written()?),
        "resumed" => Saying::Resumed(written()?, small("peer")?),
        "first" => Saying::First(read()?, small("life")?),
        "missing" => Saying::Missing(read()?),
        "done" => Saying::Done {
            sent: number("sent")?,
            received: number("received")?,
            rung_again: number("rung_again")?,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(number: u8) -> CoreId {
        CoreId::new(number).expect("0 to 47")
    }

    /// What the judge says of cores 3 and 5, three letters each on each channel; core 5 was stopped.
    fn judged(third: &[&str], fifth: &[&str]) -> Result<Summary, SoakError> {
        let text =
            |lines: &[&str]| lines.iter().map(|line| format!("[03 0.1] info soak: {line}\n")).collect();
        let stopped = BTreeSet::from([core(5)]);
        let counts = Counts { letters: 3, messages: 0 };
        judge(&[(core(3), text(third)), (core(5), text(fifth))], &stopped, counts)
    }

    const ONE: Counts = Counts { letters: 1, messages: 0 };
    const DONE: &str = "done life=1 sent=2 received=2 failed=0 missing=0 rung_again=0";
    const FAILED: &str = "failed to=5 channel=4 letter=0 life=1: the peer was restarted";
    const RESUMED: &str = "resumed to=5 channel=4 letter=1 life=1 peer=2";

    #[test]
    fn missing_letter_is_lost_unless_it_failed() {
        let missing = "missing from=3 channel=4 letter=0 life=2 peer=1";
        let summary = judged(&[FAILED, RESUMED, DONE], &[missing, DONE]).expect("it failed");
        assert_eq!((summary.failed, summary.missing), (1, 1));
        let lost = Letter { from: 3, life: 1, to: 5, channel: 4, letter: 0 };
        assert!(matches!(judged(&[DONE], &[missing, DONE]), Err(SoakError::Lost(letter)) if letter == lost));
        let of_another_life = FAILED.replace("life=1", "life=2");
        assert!(judged(&[&of_another_life, DONE], &[missing, DONE]).is_err());
    }

    #[test]
    fn first_letter_that_a_life_sees_is_the_first_one_it_took() {
        let first = |letter| format!("first from=3 channel=4 letter={letter} life=2 peer=1");
        assert!(judged(&[FAILED, RESUMED, DONE], &[&first(1), DONE]).is_ok());
        assert!(
            judged(&[FAILED, RESUMED, DONE], &[&first(0), DONE]).is_ok(),
            "it may arrive though it failed"
        );
        assert!(judged(&[RESUMED, DONE], &[&first(0), DONE]).is_err(), "nobody has sent it");
        assert!(judged(&[FAILED, RESUMED, DONE], &[&first(2), DONE]).is_err(), "letter 1 was taken");
        assert!(judged(&[FAILED, DONE], &[&first(1), DONE]).is_err(), "nobody says that it was taken");
        assert!(judged(&[FAILED, DONE], &[&first(3), DONE]).is_ok(), "it came for the end");
        assert!(judged(&[FAILED, RESUMED, DONE], &[&first(3), DONE]).is_err(), "letter 1 was taken");
    }

    #[test]
    fn failures_towards_living_cores_and_errors_are_not_accepted() {
        let to_living = "failed to=3 channel=4 letter=0 life=1: the peer was restarted";
        assert!(matches!(judged(&[DONE], &[to_living]), Err(SoakError::FailedToLiving(_))));
        let texts = [(core(3), "[03 0.1] error soak: again from=5 channel=4 letter=0 next=1".to_owned())];
        assert!(matches!(judge(&texts, &BTreeSet::new(), ONE), Err(SoakError::Complaint { .. })));
        assert!(matches!(judged(&["lost to=5"], &[]), Err(SoakError::Unknown { .. })));
    }

    #[test]
    fn living_cores_exchange_all_letters() {
        let texts = |sent: u64| {
            let text = |sent| {
                format!("info soak: done life=1 sent={sent} received=2 failed=0 missing=0 rung_again=0")
            };
            [(core(3), text(2)), (core(5), text(sent))]
        };
        assert!(judge(&texts(2), &BTreeSet::new(), ONE).is_ok());
        let short = judge(&texts(1), &BTreeSet::new(), ONE);
        assert!(matches!(short, Err(SoakError::Count { sent: 1, expected: 2, .. })));
    }
}
