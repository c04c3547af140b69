//! What the one who loads the image asks of the kernel: words separated by spaces.
//!
//! | word | meaning |
//! |---|---|
//! | `boot=host` | every core was released by the host; the default |
//! | `boot=core0` | the lowest of `cores`, usually core 0, starts the others |
//! | `cores=0-3+7` | the cores that `boot=core0`, `selftest=mail` and `selftest=ipi` are about; all unless said |
//! | `selftest` | each core checks itself, reports one line and stops |
//! | `selftest=mail` | the same, and each of `cores` exchanges letters with the next one |
//! | `selftest=ipi` | the same as `selftest`; then `cores` check locks, barriers, calls, transfers and collectives together |
//! | `then=stay` | after the self-test the core stays: it goes on, and greets the next of `cores` by mail |
//! | `measure=kernel` | before the self-test the core measures its kernel and prints a line for each figure |
//! | `measure=polled` | the same for what a letter takes between every two of `cores`: by polling, or `direct` or `doorbell` |
//! | `soak=7:100:3` | seed and numbers: each of `cores` writes 100 letters to every other one on each of two channels, and 3 messages of up to 1 MB |
//! | `measure=calls` | the same for calls and messages from the lowest of `cores` to each other one; `callers`: for calls of growing numbers of cores to the lowest, and for calls to a busy core; `crowds`: for barriers, broadcasts and locks of growing numbers of cores |
//! | `measure=guests` | while the guests run the core measures how late the sleeps of a service end |
//! | `services=echo@3,ping@0` | the services that run, and on which cores, in place of those that start by default; see crate `service` |
//! | `restart=7@3` | core 3 stops core 7 and starts it again |
//! | `stop=7@3` | core 3 puts core 7 into reset for good |
//! | `trace=letters` | both ends of each letter are recorded in the trace |
//! | `time=1767225600` | seconds from 1970 to when the core is started, which guests are told |
//! | `trace=guests` | each way into a guest and out of it is recorded in the trace |
//! | `trace=dump` | a core that ends brings its trace ring from the caches into memory |
//! | `log=info` | least grave level of lines on the console: off, error, warn, info, debug, trace |
//! | `provoke=KIND@CORE` | the core does something fatal, to show what then happens; see [`Fatal`] |
//!
//! The text is ASCII and ends with a zero byte; what is not counts as no text, since nobody need have written any.
//! Unknown words and bad values are reported and have no effect.

use log::LevelFilter;
use scc::id::CoreId;

/// Who starts the cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootFrom {
    /// The host has released all of them.
    Host,
    /// The lowest of the cores starts the others.
    Core0,
}

/// Something that ends a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fatal {
    /// Recursion without end: `stack-overflow`.
    StackOverflow,
    /// Allocation without end, which the core survives: `heap-exhaustion`.
    HeapExhaustion,
    /// An interrupt nobody expects: `unexpected-interrupt`.
    UnexpectedInterrupt,
    /// A fault while a fault is delivered: `double-fault`.
    DoubleFault,
    /// A read of the unmapped first page: `page-fault`.
    PageFault,
    /// A write to the kernel's code: `write-to-code`.
    WriteToCode,
    /// A selector of the wrong kind: `general-protection`.
    GeneralProtection,
    /// A panic of the kernel, with interrupts off: `panic`.
    Panic,
    /// A panic in a task, which ends the task but not the core: `task-panic`.
    TaskPanic,
}

impl Fatal {
    const NAMES: [(&'static str, Self); 9] = [
        ("stack-overflow", Self::StackOverflow),
        ("heap-exhaustion", Self::HeapExhaustion),
        ("unexpected-interrupt", Self::UnexpectedInterrupt),
        ("double-fault", Self::DoubleFault),
        ("page-fault", Self::PageFault),
        ("write-to-code", Self::WriteToCode),
        ("general-protection", Self::GeneralProtection),
        ("panic", Self::Panic),
        ("task-panic", Self::TaskPanic),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, fatal)| *fatal)
    }
}

/// A set of cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores(u64);

impl Cores {
    /// All 48.
    pub const ALL: Self = Self((1 << 48) - 1);

    /// Whether `core` is among them.
    #[must_use]
    pub const fn contains(self, core: CoreId) -> bool {
        self.0 & 1 << core.number() != 0
    }

    /// The lowest one; `None` if there is none.
    #[must_use]
    pub fn lowest(self) -> Option<CoreId> {
        CoreId::all().find(|core| self.contains(*core))
    }

    /// The others.
    #[must_use]
    pub const fn without(self, core: CoreId) -> Self {
        Self(self.0 & !(1 << core.number()))
    }

    /// The members, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = CoreId> {
        CoreId::all().filter(move |core| self.contains(*core))
    }

    /// The next one above `core`, or from the highest on the lowest; `core` itself if there is no other.
    #[must_use]
    pub fn after(self, core: CoreId) -> CoreId {
        let others = || CoreId::all().filter(|other| self.contains(*other));
        others().find(|other| *other > core).or_else(|| others().next()).unwrap_or(core)
    }

    /// The one of which `core` is [`after`](Self::after); `core` itself if there is no other.
    #[must_use]
    pub fn before(self, core: CoreId) -> CoreId {
        let others = || CoreId::all().filter(|other| self.contains(*other));
        others().rfind(|other| *other < core).or_else(|| others().next_back()).unwrap_or(core)
    }

    /// The other core of the pair of `core`, if the members are paired in ascending order; `None` for the last one of
    /// an odd number.
    #[must_use]
    pub fn partner(self, core: CoreId) -> Option<CoreId> {
        let mut rest = CoreId::all().filter(|other| self.contains(*other));
        while let (Some(lower), Some(higher)) = (rest.next(), rest.next()) {
            match core {
                _ if core == lower => return Some(higher),
                _ if core == higher => return Some(lower),
                _ => {}
            }
        }
        None
    }

    /// Reads `0-3+7` or `0-3,7`.
    fn parse(text: &str) -> Option<Self> {
        let mut set = 0;
        for part in text.split(['+', ',']) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return None;
            }
            (first..=last).for_each(|core| set |= 1 << core);
        }
        Some(Self(set))
    }
}

/// Reads `7@3`.
fn target_and_actor(text: &str) -> Option<(CoreId, CoreId)> {
    let (target, actor) = text.split_once('@')?;
    Some((CoreId::new(number(target)?)?, CoreId::new(number(actor)?)?))
}

fn number(text: &str) -> Option<u8> {
    text.parse().ok().and_then(CoreId::new).map(CoreId::number)
}

/// What a core does when it has checked itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It stops for good.
    Stop,
    /// It goes on, and greets the next core by mail now and then.
    Stay,
}

/// What a core measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// What the kernel itself takes: wakes, yields, tasks, timers, records, memory.
    Kernel,
    /// What a letter takes between every two of the cores.
    Letters(Letters),
    /// What the cores do together takes.
    Together(Together),
    /// How late a service's sleeps end while the guests run.
    Guests,
}

/// What cores do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// Calls and messages from the lowest core to each other one: `calls`.
    Pairs,
    /// Calls of growing numbers of cores to the lowest, all at once: `callers`.
    Callers,
    /// Barriers, broadcasts and locks of growing numbers of cores: `crowds`.
    Sets,
}

impl Together {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pairs => "calls",
            Self::Callers => "callers",
            Self::Sets => "crowds",
        }
    }
}

/// How a letter is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// The receiver looks into its line all the time.
    Polled,
    /// The sender writes the receiver's interrupt bit.
    Direct,
    /// The sender rings through the global interrupt controller.
    Doorbell,
}

impl Letters {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Polled, Self::Direct, Self::Doorbell];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polled => "polled",
            Self::Direct => "direct",
            Self::Doorbell => "doorbell",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|letters| letters.name() == name)
    }
}

/// Letters from every core to every other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soak {
    /// Chooses bursts and contents.
    pub seed: u32,
    /// Letters from each core to each other one on each channel.
    pub letters: u32,
    /// Messages from each core to each other one.
    pub messages: u32,
}

impl Soak {
    fn parse(text: &str) -> Option<Self> {
        let (seed, counts) = text.split_once(':')?;
        let (letters, messages) = counts.split_once(':')?;
        Some(Self {
            seed: seed.parse().ok()?,
            letters: letters.parse().ok()?,
            messages: messages.parse().ok()?,
        })
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Who starts the cores.
    pub boot: BootFrom,
    /// The cores that core 0 starts, and that exchange letters.
    pub cores: Cores,
    /// Whether to end with a self-test.
    pub self_test: SelfTest,
    /// What comes after a self-test.
    pub afterwards: Afterwards,
    /// What is measured before that.
    pub measure: Option<Measure>,
    /// Letters from every core to every other one.
    pub soak: Option<Soak>,
    /// Whether both ends of each letter are recorded in the trace.
    pub trace_letters: bool,
    /// Seconds from 1970 to the core's start.
    pub time: Option<u32>,
    /// Whether each way into a guest and out of it is recorded in the trace.
    pub trace_guests: bool,
    /// Whether the trace ring is in memory when the core ends.
    pub trace_dump: bool,
    /// Least grave level of lines on the console.
    pub log: LevelFilter,
    /// Which core is to be restarted, and by whom.
    pub restart: Option<(CoreId, CoreId)>,
    /// Which core is to be stopped, and by whom.
    pub stop: Option<(CoreId, CoreId)>,
    /// What a core is to die of.
    pub provoke: Option<(Fatal, CoreId)>,
}

/// What a core does when it has booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfTest {
    /// It goes on.
    No,
    /// It checks itself and reports.
    Alone,
    /// As [`Alone`](Self::Alone), with letters to and from its neighbours.
    WithMail,
    /// As [`Alone`](Self::Alone), with locks, barriers, calls, transfers and collectives among all cores.
    Jointly,
}

impl Options {
    /// What holds without a command line.
    pub const DEFAULT: Self = Self {
        boot: BootFrom::Host,
        cores: Cores::ALL,
        self_test: SelfTest::No,
        afterwards: Afterwards::Stop,
        measure: None,
        soak: None,
        trace_letters: false,
        time: None,
        trace_guests: false,
        trace_dump: false,
        log: LevelFilter::Info,
        restart: None,
        stop: None,
        provoke: None,
    };

    /// Reads a command line; each word without effect is handed to `complain`.
    #[must_use]
    pub fn parse(text: &str, mut complain: impl FnMut(&str)) -> Self {
        let mut options = Self::DEFAULT;
        for word in text.split_ascii_whitespace() {
            if options.apply(word).is_none() {
                complain(word);
            }
        }
        options
    }

    fn apply(&mut self, word: &str) -> Option<()> {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match (key, value) {
            ("boot", "host" | "all-from-host") => self.boot = BootFrom::Host,
            ("boot", "core0") => self.boot = BootFrom::Core0,
            ("cores", list) => self.cores = Cores::parse(list)?,
            ("selftest", "") => self.self_test = SelfTest::Alone,
            ("selftest", "mail") => self.self_test = SelfTest::WithMail,
            ("selftest", "ipi") => self.self_test = SelfTest::Jointly,
            ("then", "stop") => self.afterwards = Afterwards::Stop,
            ("then", "stay") => self.afterwards = Afterwards::Stay,
            ("measure", "kernel") => self.measure = Some(Measure::Kernel),
            ("measure", "guests") => self.measure = Some(Measure::Guests),
            ("measure", "calls") => self.measure = Some(Measure::Together(Together::Pairs)),
            ("measure", "callers") => self.measure = Some(Measure::Together(Together::Callers)),
            ("measure", "crowds") => self.measure = Some(Measure::Together(Together::Sets)),
            ("measure", way) => self.measure = Some(Measure::Letters(Letters::from_name(way)?)),
            ("soak", what) => self.soak = Some(Soak::parse(what)?),
            // Read by who starts them.
            ("services", list) if !list.is_empty() => {}
            ("trace", "letters") => self.trace_letters = true,
            ("time", seconds) => self.time = Some(seconds.parse().ok()?),
            ("trace", "guests") => self.trace_guests = true,
            ("trace", "dump") => self.trace_dump = true,
            ("log", level) => self.log = level.parse().ok()?,
            ("restart", pair) => self.restart = Some(target_and_actor(pair)?),
            ("stop", pair) => self.stop = Some(target_and_actor(pair)?),
            ("provoke", what) => {
                let (name, core) = what.split_once('@')?;
                self.provoke = Some((Fatal::from_name(name)?, CoreId::new(number(core)?)?));
            }
            _ => return None,
        }
        Some(())
    }
}

/// The value of the last word `key=value`.
#[must_use]
pub fn value_of<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let value = |word: &'t str| word.strip_prefix(key)?.strip_prefix('=');
    text.split_ascii_whitespace().rev().find_map(value)
}

/// The text in a page that somebody may have written: ASCII up to a zero byte. Empty if it is anything else.
#[must_use]
pub fn text_in(page: &[u8]) -> &str {
    let end = page.iter().position(|byte| *byte == 0).unwrap_or(0);
    core::str::from_utf8(&page[..end]).ok().filter(|text| text.is_ascii()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;

    fn parse(text: &str) -> (Options, Vec<String>) {
        let mut complaints = Vec::new();
        let options = Options::parse(text, |word| complaints.push(word.to_string()));
        (options, complaints)
    }

    #[test]
    fn nothing_asked_gives_the_defaults() {
        assert_eq!(parse("  "), (Options::DEFAULT, Vec::new()));
    }

    #[test]
    fn every_key_is_understood() {
        let (options, complaints) = parse(
            "boot=core0 cores=0-2+47 restart=2@1 stop=9@1 selftest then=stay measure=kernel log=debug \
             soak=7:100:3 time=1767225600 trace=letters trace=guests trace=dump provoke=double-fault@7",
        );
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!((options.boot, options.self_test), (BootFrom::Core0, SelfTest::Alone));
        assert_eq!((options.afterwards, options.measure), (Afterwards::Stay, Some(Measure::Kernel)));
        let cores: Vec<_> =
            CoreId::all().filter(|core| options.cores.contains(*core)).map(CoreId::number).collect();
        assert_eq!(cores, [0, 1, 2, 47]);
        assert_eq!(options.log, LevelFilter::Debug);
        assert!(options.trace_letters && options.trace_guests && options.trace_dump);
        assert_eq!(options.time, Some(1_767_225_600));
        assert_eq!(options.soak, Some(Soak { seed: 7, letters: 100, messages: 3 }));
        let core = |number| CoreId::new(number).unwrap();
        assert_eq!((options.restart, options.stop), (Some((core(2), core(1))), Some((core(9), core(1)))));
        assert_eq!(options.provoke, Some((Fatal::DoubleFault, CoreId::new(7).unwrap())));
    }

    #[test]
    fn each_measurement_has_a_word() {
        for together in [Together::Pairs, Together::Callers, Together::Sets] {
            let text = std::format!("measure={}", together.name());
            assert_eq!(parse(&text).0.measure, Some(Measure::Together(together)));
        }
        assert_eq!(parse("measure=guests").0.measure, Some(Measure::Guests));
        assert_eq!(parse("measure=direct").0.measure, Some(Measure::Letters(Letters::Direct)));
    }

    #[test]
    fn each_self_test_has_a_word() {
        let self_test = |text| parse(text).0.self_test;
        assert_eq!(self_test("selftest=mail"), SelfTest::WithMail);
        assert_eq!(self_test("selftest=ipi"), SelfTest::Jointly);
    }

    #[test]
    fn cores_form_a_ring() {
        let cores = parse("selftest=mail cores=3+9-10").0.cores;
        let core = |number| CoreId::new(number).unwrap();
        for (number, before, after) in [(3, 10, 9), (9, 3, 10), (10, 9, 3)] {
            assert_eq!((cores.before(core(number)), cores.after(core(number))), (core(before), core(after)));
        }
        let alone = Cores::parse("5").unwrap();
        assert_eq!((alone.before(core(5)), alone.after(core(5))), (core(5), core(5)));
    }

    #[test]
    fn cores_form_pairs_and_an_odd_one_is_left() {
        let cores = Cores::parse("3+9-10").unwrap();
        let core = |number| CoreId::new(number).unwrap();
        assert_eq!((cores.partner(core(3)), cores.partner(core(9))), (Some(core(9)), Some(core(3))));
        assert_eq!((cores.partner(core(10)), cores.partner(core(4))), (None, None));
    }

    #[test]
    fn words_without_meaning_are_reported_and_have_no_effect() {
        let text = "selftest=yes then=go measure=all boot=usb cores=3-1 cores=48 log=loud provoke=panic provoke=fire@1 provoke=panic@48 stop=1 soak=7:1 soak=:1:1 trace=all x";
        let (options, complaints) = parse(text);
        assert_eq!(options, Options::DEFAULT);
        assert_eq!(complaints.join(" "), text);
    }

    #[test]
    fn last_word_with_a_key_has_its_value() {
        let text = "services=echo cores=1 services=ping@0 service=none";
        assert_eq!(value_of(text, "services"), Some("ping@0"));
        assert_eq!(value_of(text, "cores"), Some("1"));
        assert_eq!(value_of(text, "log"), None);
        assert_eq!(parse("services=echo@3,ping").1, Vec::<String>::new());
        assert_eq!(parse("services= services").1, ["services=", "services"]);
    }

    #[test]
    fn page_that_nobody_wrote_holds_no_text() {
        assert_eq!(text_in(&[0xA5; 64]), "");
        assert_eq!(text_in(&[0xA5, 0]), "");
        assert_eq!(text_in(&[0; 4]), "");
        assert_eq!(text_in(b"log=debug"), "");
        assert_eq!(text_in(b"log=debug\0\xA5"), "log=debug");
    }
}
