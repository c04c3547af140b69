//! A span of emulated time as users write it: `2s`, `500ms`, `40us`.
//!
//! This file is compiled into xtask too, which checks the options of a boot before anything is built.

use std::fmt;
use std::str::FromStr;

/// A span of time, at least a microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its length.
    pub(crate) microseconds: u64,
}

/// Units, longest first.
const UNITS: [(&str, u64); 3] = [("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// A text that is no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoSpan;

impl fmt::Display for NoSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a whole number with s, ms or us, for example 2s or 500ms")
    }
}

impl std::error::Error for NoSpan {}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let number: u64 = digits.parse().map_err(|_| NoSpan)?;
        // Emulated time is counted in picoseconds of 64 bits.
        let microseconds = number.checked_mul(factor.ok_or(NoSpan)?).ok_or(NoSpan)?;
        let fits = microseconds > 0 && microseconds < u64::MAX / 1_000_000;
        if fits { Ok(Self { microseconds }) } else { Err(NoSpan) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| self.microseconds.is_multiple_of(*factor))
            .expect("every number is a multiple of 1");
        write!(f, "{}{name}", self.microseconds / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, microseconds) in [("2s", 2_000_000), ("500ms", 500_000), ("40us", 40)] {
            assert_eq!(text.parse(), Ok(Span { microseconds }));
            assert_eq!(Span { microseconds }.to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "2", "s", "2.5s", "-1s", "0ms", "2h", "99999999999999999s", "18446744073709us"] {
            assert_eq!(text.parse::<Span>(), Err(NoSpan), "{text}");
        }
    }
}
