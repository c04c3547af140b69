//! Lists of cores: `0,5,10-12` or `all`.

use std::fmt;
use std::str::FromStr;

use scc::id::CoreId;

/// Cores in the order in which they were written, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CoreSet(Vec<CoreId>);

impl CoreSet {
    /// Every core, ascending.
    pub fn all() -> Self {
        Self(CoreId::all().collect())
    }

    /// Cores in the given order; repetitions are dropped.
    pub fn from_cores(cores: impl IntoIterator<Item = CoreId>) -> Self {
        let mut set = Self::default();
        for core in cores {
            set.insert(core);
        }
        set
    }

    /// Adds `core` at the end if it is not there yet.
    pub fn insert(&mut self, core: CoreId) {
        if !self.0.contains(&core) {
            self.0.push(core);
        }
    }

    /// The cores in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = CoreId> + '_ {
        self.0.iter().copied()
    }

    /// Number of cores.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no core is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why a text is no list of cores.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoreSetError {
    /// No core number between two commas, or an empty list.
    #[error("a core number is missing (write for example 0,5,10-12 or all)")]
    Missing,
    /// Something else than a number from 0 to 47.
    #[error("`{0}` is no core: cores are numbered 0 to 47")]
    NotCore(String),
    /// A range that runs downwards.
    #[error("the range {first}-{last} runs downwards; write {last}-{first}, or list the cores in your order")]
    Backwards {
        /// Number before the dash.
        first: CoreId,
        /// Number after the dash.
        last: CoreId,
    },
}

impl FromStr for CoreSet {
    type Err = CoreSetError;

    fn from_str(text: &str) -> Result<Self, CoreSetError> {
        if text.trim() == "all" {
            return Ok(Self::all());
        }
        let mut set = Self::default();
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (core(first)?, core(last)?),
                None => {
                    let single = core(part)?;
                    (single, single)
                }
            };
            if last < first {
                return Err(CoreSetError::Backwards { first, last });
            }
            CoreId::all().filter(|core| (first..=last).contains(core)).for_each(|core| set.insert(core));
        }
        Ok(set)
    }
}

fn core(text: &str) -> Result<CoreId, CoreSetError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CoreSetError::Missing);
    }
    let not_core = || CoreSetError::NotCore(text.to_owned());
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_core());
    }
    text.parse().ok().and_then(CoreId::new).ok_or_else(not_core)
}

impl fmt::Display for CoreSet {
    /// Writes the shortest form that [`FromStr`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cores = self.0.as_slice();
        let mut separator = "";
        while let [first, ..] = cores {
            let run =
                (first.number()..).zip(cores).take_while(|(number, core)| core.number() == *number).count();
            let last = &cores[run - 1];
            match run {
                1 => write!(f, "{separator}{first}")?,
                _ => write!(f, "{separator}{first}-{last}")?,
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

    fn numbers(text: &str) -> Vec<u8> {
        text.parse::<CoreSet>().unwrap().iter().map(CoreId::number).collect()
    }

    #[test]
    fn lists_and_ranges_keep_their_order_without_repetition() {
        assert_eq!(numbers("0,5,10-12"), [0, 5, 10, 11, 12]);
        assert_eq!(numbers("7, 3,6-8"), [7, 3, 6, 8]);
        assert_eq!(numbers("all"), (0..48).collect::<Vec<_>>());
        assert_eq!(numbers("47"), [47]);
    }

    #[test]
    fn other_texts_say_what_is_wrong() {
        let error = |text: &str| text.parse::<CoreSet>().unwrap_err();
        assert_eq!(error(""), CoreSetError::Missing);
        assert_eq!(error("1,,2"), CoreSetError::Missing);
        assert_eq!(error("3-"), CoreSetError::Missing);
        for text in ["48", "x", "+1", "0x1", "256", "all,1"] {
            assert_eq!(error(text), CoreSetError::NotCore(text.split(',').next().unwrap().into()));
        }
        let core = |number| CoreId::new(number).unwrap();
        assert_eq!(error("5-2"), CoreSetError::Backwards { first: core(5), last: core(2) });
    }

    #[test]
    fn written_form_reads_back() {
        for text in ["0", "0,5,10-12", "7,3,6,8", "0-47"] {
            let set: CoreSet = text.parse().unwrap();
            assert_eq!(set.to_string(), text);
            assert_eq!(set.to_string().parse(), Ok(set));
        }
    }
}
