//! What to trace and where to: `FILE[,cores=0-3+7][,from=ADDR][,to=ADDR][,after=NS][,before=NS][,events=exec+bus]`.

use crate::loader::{CoreSet, CoreSetError, NumberError, parse_number};
use scc::id::CoreId;
use scc::timing::Time;
use std::path::PathBuf;
use std::str::FromStr;

bitflags::bitflags! {
    /// Kinds of lines.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Events: u8 {
        /// Instructions.
        const EXECUTION = 1;
        /// Mesh transactions and port accesses.
        const BUS = 2;
        /// Interrupts and exceptions.
        const INTERRUPTS = 4;
    }
}

/// Which events to trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceFilter {
    /// One bit per core.
    cores: u64,
    /// First and last linear address of instructions; transactions and interrupts follow their instruction.
    range: (u32, u32),
    /// From this emulated time on.
    after: Time,
    /// Up to this emulated time.
    before: Time,
    /// Kinds.
    events: Events,
}

impl Default for TraceFilter {
    /// Everything.
    fn default() -> Self {
        TraceFilter {
            cores: u64::MAX,
            range: (0, u32::MAX),
            after: Time::ZERO,
            before: Time::MAX,
            events: Events::all(),
        }
    }
}

impl TraceFilter {
    /// Only these cores.
    #[must_use]
    pub fn cores(mut self, cores: &CoreSet) -> Self {
        self.cores = cores.iter().fold(0, |mask, core| mask | 1 << core.index());
        self
    }

    /// Only instructions at linear addresses `first` to `last`, and what they cause.
    #[must_use]
    pub fn range(mut self, first: u32, last: u32) -> Self {
        self.range = (first, last);
        self
    }

    /// Only from `after` (included) to `before` (excluded), in emulated time.
    #[must_use]
    pub fn window(mut self, after: Time, before: Time) -> Self {
        (self.after, self.before) = (after, before);
        self
    }

    /// Only these kinds of lines.
    #[must_use]
    pub fn events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }

    pub(super) fn wants(&self, core: CoreId, linear: u32, now: Time) -> bool {
        self.cores >> core.index() & 1 != 0
            && (self.range.0..=self.range.1).contains(&linear)
            && (self.after..self.before).contains(&now)
    }

    pub(super) fn shows(&self, events: Events) -> bool {
        self.events.contains(events)
    }
}

/// Why a text describes no trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceOptionError {
    /// Nothing before the first comma.
    #[error("the trace's file name is missing")]
    NoFile,
    /// A word that is no option.
    #[error("`{0}` is no trace option: cores=, from=, to=, after=, before=, events=")]
    Unknown(String),
    /// A kind of lines that does not exist.
    #[error("`{0}` is no kind of trace lines: exec, bus, int, joined by +")]
    Kind(String),
    /// A malformed list of cores.
    #[error("cores= (parts are joined by +): {0}")]
    Cores(#[from] CoreSetError),
    /// A malformed number.
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// A trace to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceOptions {
    /// The file, created anew.
    pub file: PathBuf,
    /// What goes into it.
    pub filter: TraceFilter,
}

impl FromStr for TraceOptions {
    type Err = TraceOptionError;

    fn from_str(text: &str) -> Result<Self, TraceOptionError> {
        let mut words = text.split(',');
        let file = words.next().filter(|file| !file.is_empty()).ok_or(TraceOptionError::NoFile)?;
        let mut filter = TraceFilter::default();
        for word in words {
            let unknown = || TraceOptionError::Unknown(word.to_owned());
            let (key, value) = word.split_once('=').ok_or_else(unknown)?;
            match key {
                "cores" => filter = filter.cores(&value.replace('+', ",").parse()?),
                "from" => filter.range.0 = address(value)?,
                "to" => filter.range.1 = address(value)?,
                "after" => filter.after = nanoseconds(value)?,
                "before" => filter.before = nanoseconds(value)?,
                "events" => filter.events = kinds(value)?,
                _ => return Err(unknown()),
            }
        }
        Ok(TraceOptions { file: file.into(), filter })
    }
}

fn address(text: &str) -> Result<u32, NumberError> {
    let number = parse_number(text, u64::from(u32::MAX))?;
    Ok(u32::try_from(number).expect("the limit is what a word holds"))
}

fn nanoseconds(text: &str) -> Result<Time, NumberError> {
    Ok(Time::from_nanoseconds(parse_number(text, Time::MAX.as_picoseconds() / 1000)?))
}

fn kinds(text: &str) -> Result<Events, TraceOptionError> {
    text.split('+').try_fold(Events::empty(), |events, word| {
        Ok(events
            | match word {
                "exec" => Events::EXECUTION,
                "bus" => Events::BUS,
                "int" => Events::INTERRUPTS,
                _ => return Err(TraceOptionError::Kind(word.to_owned())),
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_narrow_the_trace() {
        let options: TraceOptions =
            "a.trace,cores=0-1+5,from=0x1000,to=0x1fff,after=10,before=20,events=exec+int".parse().unwrap();
        assert_eq!(options.file, PathBuf::from("a.trace"));
        let wants = |core, linear, nanoseconds| {
            options.filter.wants(CoreId::new(core).unwrap(), linear, Time::from_nanoseconds(nanoseconds))
        };
        assert!(wants(0, 0x1000, 10) && wants(5, 0x1FFF, 19));
        assert!(!wants(2, 0x1000, 10), "core");
        assert!(!wants(0, 0x2000, 10) && !wants(0, 0xFFF, 10), "address");
        assert!(!wants(0, 0x1000, 9) && !wants(0, 0x1000, 20), "time");
        assert!(options.filter.shows(Events::INTERRUPTS) && !options.filter.shows(Events::BUS));
    }

    #[test]
    fn wrong_options_are_named() {
        let error = |text: &str| text.parse::<TraceOptions>().unwrap_err();
        assert_eq!(error(""), TraceOptionError::NoFile);
        assert_eq!(error("f,speed=2"), TraceOptionError::Unknown("speed=2".into()));
        assert_eq!(error("f,events=exec+mem"), TraceOptionError::Kind("mem".into()));
        assert!(matches!(error("f,cores=48"), TraceOptionError::Cores(_)));
        assert!(matches!(error("f,from=x"), TraceOptionError::Number(_)));
    }
}
