//! Losses on purpose: a seeded share of interrupt requests and interrupt packets never arrives.
//!
//! This is not how the chip behaves: the reference knows no such loss, and its agents retry (SCC reference §1.3). It
//! shows whether software takes an interrupt for what it is, a hint. Two places can lose:
//!
//! ```text
//!  sender ──IPI_REQUEST──► controller: STATUS, pending ──packet──► tile: GLCFG ──► pin
//!                 ▲                                         ▲
//!             a request                                 a packet
//! ```
//!
//! A lost **request** is a write to IPI_REQUEST that is answered and does nothing: no status bit, and the next request
//! is a new chance. A lost **packet** has left the controller: the status bit is set and the controller waits for
//! RESET (SCC reference §7.5, rule 2), so that it sends this core no other packet until software writes RESET by
//! itself. Which are lost depends on the seed and on how many came before, on nothing else.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Millionths of the whole.
const WHOLE: u32 = 1_000_000;

/// A share from 0 to 100 percent, in steps of a ten-thousandth of a percent. Written and read in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(u32);

/// A number that is no share.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{0}` is no number of percent from 0 to 100")]
pub struct NoShare(String);

impl Share {
    /// Nothing.
    pub const NOTHING: Self = Self(0);
    /// Everything.
    pub const EVERYTHING: Self = Self(WHOLE);
}

impl TryFrom<f64> for Share {
    type Error = NoShare;

    fn try_from(percent: f64) -> Result<Self, NoShare> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(NoShare(percent.to_string()));
        }
        let millionths = (percent * f64::from(WHOLE / 100)).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,000,000")]
        Ok(Self(millionths as u32))
    }
}

impl FromStr for Share {
    type Err = NoShare;

    fn from_str(text: &str) -> Result<Self, NoShare> {
        text.parse().map_err(|_| NoShare(text.to_owned())).and_then(|percent: f64| Self::try_from(percent))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / f64::from(WHOLE / 100))
    }
}

/// How much of what is lost. Nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InterruptLoss {
    /// Share of the writes to IPI_REQUEST, by cores and host, that do nothing.
    pub requests: Share,
    /// Share of the controller's packets that reach no tile.
    pub packets: Share,
    /// Number that varies which ones are lost.
    pub seed: u64,
}

/// Decides about one thing after the other.
#[derive(Debug, Clone)]
struct Lots {
    share: Share,
    state: u64,
}

impl Lots {
    /// Whether the next one is lost. A share of nothing draws no lot.
    fn next_is_lost(&mut self) -> bool {
        if self.share == Share::NOTHING {
            return false;
        }
        // SplitMix64: any state is a good one.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        mixed % u64::from(WHOLE) < u64::from(self.share.0)
    }
}

/// The lots of one board.
#[derive(Debug, Clone)]
pub(super) struct Losses {
    requests: Lots,
    packets: Lots,
}

impl Losses {
    pub(super) fn new(loss: InterruptLoss) -> Self {
        Self {
            requests: Lots { share: loss.requests, state: loss.seed },
            // Another stream: how many requests there were does not matter for packets.
            packets: Lots { share: loss.packets, state: !loss.seed },
        }
    }

    /// Whether the request that arrives at the controller is lost.
    pub(super) fn loses_request(&mut self) -> bool {
        self.requests.next_is_lost()
    }

    /// Whether the packet that leaves the controller is lost.
    pub(super) fn loses_packet(&mut self) -> bool {
        self.packets.next_is_lost()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(percent: &str, seed: u64) -> Vec<bool> {
        let loss = InterruptLoss { requests: percent.parse().unwrap(), packets: Share::NOTHING, seed };
        let mut losses = Losses::new(loss);
        (0..100_000).map(|_| losses.loses_request()).collect()
    }

    #[test]
    fn as_many_are_lost_as_the_share_says() {
        for (percent, expected) in [("0", 0), ("0.5", 500), ("25", 25_000), ("100", 100_000)] {
            let count = lost(percent, 1).into_iter().filter(|lost| *lost).count();
            // Four standard deviations of the widest case are 550.
            assert!(
                count.abs_diff(expected) <= expected.min(100_000 - expected).min(550),
                "{percent}: {count}"
            );
        }
    }

    #[test]
    fn a_seed_chooses_which_and_repeats_them() {
        assert_eq!(lost("10", 7), lost("10", 7));
        assert_ne!(lost("10", 7), lost("10", 8));
    }

    #[test]
    fn requests_and_packets_do_not_share_their_lots() {
        let loss = InterruptLoss { requests: "50".parse().unwrap(), packets: "50".parse().unwrap(), seed: 3 };
        let (mut alone, mut beside) = (Losses::new(loss), Losses::new(loss));
        for _ in 0..100 {
            beside.loses_request();
            assert_eq!(alone.loses_packet(), beside.loses_packet());
        }
    }

    #[test]
    fn shares_are_percent() {
        assert_eq!("100".parse(), Ok(Share::EVERYTHING));
        assert_eq!("12.5".parse::<Share>().unwrap().to_string(), "12.5");
        for text in ["-1", "100.1", "NaN", "x", ""] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
