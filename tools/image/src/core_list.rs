//! Lists of cores as users write them: `0,5,10-12` or `all`.

use std::fmt;
use std::str::FromStr;

use scc::id::CoreId;

/// Some cores, ascending, each once, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreList(Vec<CoreId>);

/// Why a text is no list of cores.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoreListError {
    /// No number between two commas, or nothing at all.
    #[error("a core number is missing; write for example 0,5,10-12 or all")]
    Missing,
    /// Something else than a number from 0 to 47.
    #[error("`{0}` is no core; cores are numbered 0 to 47")]
    NotCore(String),
    /// A range that runs downwards.
    #[error("the range {first}-{last} runs downwards")]
    Backwards {
        /// Number before the dash.
        first: CoreId,
        /// Number after the dash.
        last: CoreId,
    },
}

impl CoreList {
    /// Every core.
    pub fn all() -> Self {
        Self(CoreId::all().collect())
    }

    /// One core.
    pub fn one(core: CoreId) -> Self {
        Self(vec![core])
    }

    /// The lowest core.
    pub fn first(&self) -> CoreId {
        *self.0.first().expect("a list holds at least one core")
    }

    /// The lowest `count` cores, at least one; all if there are fewer.
    #[must_use]
    pub fn lowest(&self, count: usize) -> Self {
        Self(self.0.iter().copied().take(count.max(1)).collect())
    }

    /// The cores, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = CoreId> + '_ {
        self.0.iter().copied()
    }

    /// Number of cores, at least 1.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether a core is in it.
    pub fn contains(&self, core: CoreId) -> bool {
        self.0.binary_search(&core).is_ok()
    }
}

impl FromStr for CoreList {
    type Err = CoreListError;

    fn from_str(text: &str) -> Result<Self, CoreListError> {
        if text.trim() == "all" {
            return Ok(Self::all());
        }
        let mut cores = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (core(first)?, core(last)?),
                None => (core(part)?, core(part)?),
            };
            if last < first {
                return Err(CoreListError::Backwards { first, last });
            }
            cores.extend(CoreId::all().filter(|core| (first..=last).contains(core)));
        }
        cores.sort_unstable();
        cores.dedup();
        Ok(Self(cores))
    }
}

fn core(text: &str) -> Result<CoreId, CoreListError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CoreListError::Missing);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.and_then(CoreId::new).ok_or_else(|| CoreListError::NotCore(text.to_owned()))
}

impl fmt::Display for CoreList {
    /// Writes the shortest form that [`FromStr`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cores = self.0.as_slice();
        let mut separator = "";
        while let [first, ..] = cores {
            let run = (first.number()..).zip(cores).take_while(|(n, core)| core.number() == *n).count();
            match run {
                1 => write!(f, "{separator}{first}")?,
                _ => write!(f, "{separator}{first}-{}", cores[run - 1])?,
            }
            separator = ",";
            cores = &cores[run..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_written_in_their_shortest_form() {
        for (text, shortest) in [("3,1,2", "1-3"), ("0-47", "0-47"), ("all", "0-47"), ("5, 5,7-8", "5,7-8")] {
            assert_eq!(text.parse::<CoreList>().unwrap().to_string(), shortest);
        }
        assert_eq!("4,2".parse::<CoreList>().unwrap().first().number(), 2);
    }

    #[test]
    fn other_texts_say_what_is_wrong() {
        let error = |text: &str| text.parse::<CoreList>().unwrap_err();
        for text in ["", "1,", "1-", ","] {
            assert_eq!(error(text), CoreListError::Missing, "{text:?}");
        }
        for text in ["48", "x", "+1", "256", "all,1"] {
            assert!(matches!(error(text), CoreListError::NotCore(_)), "{text:?}");
        }
        let core = |number| CoreId::new(number).unwrap();
        assert_eq!(error("5-2"), CoreListError::Backwards { first: core(5), last: core(2) });
    }
}
