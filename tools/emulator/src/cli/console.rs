//! Mixes what the cores print into one stream of text.
//!
//! As long as one core alone prints, its bytes pass as they come, so that prompts appear. From the moment a second
//! one does (or from the start, where several were released) whole lines are shown with the core in front. Carriage
//! returns are dropped, as the host's tools do (SCC reference §8.5).

use std::collections::BTreeMap;

use scc::id::CoreId;

/// Where bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// A UART of a core, by its number 0 to 3.
    Uart(CoreId, usize),
    /// The print ring of a core.
    Ring(CoreId),
}

impl Source {
    /// The core.
    pub(crate) const fn core(self) -> CoreId {
        match self {
            Self::Uart(core, _) | Self::Ring(core) => core,
        }
    }
}

/// When lines carry the core's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// On every line.
    Always,
    /// From the moment a second core prints.
    WhenSeveral,
}

/// Colours of the text in front of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    /// One per core, for terminals.
    Ansi,
    /// None.
    Plain,
}

/// The mixed stream.
#[derive(Debug)]
pub(crate) struct Console {
    prefix: Prefix,
    colours: Colours,
    /// The only core that printed so far, and whether its line is open.
    alone: Option<(CoreId, Line)>,
    /// Open lines, once lines carry prefixes.
    open: BTreeMap<Source, Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Ended,
    Open,
}

impl Console {
    /// A stream in which nothing was printed yet.
    pub(crate) fn new(prefix: Prefix, colours: Colours) -> Self {
        Self { prefix, colours, alone: None, open: BTreeMap::new() }
    }

    /// Takes bytes of a source and appends what is to be shown now to `shown`.
    pub(crate) fn feed(&mut self, source: Source, bytes: &[u8], shown: &mut Vec<u8>) {
        let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\r').collect();
        let Some(last) = bytes.last() else { return };
        if self.prefix == Prefix::WhenSeveral {
            match self.alone {
                Some((core, line)) if core != source.core() => {
                    self.prefix = Prefix::Always;
                    if line == Line::Open {
                        shown.push(b'\n');
                    }
                }
                _ => {
                    shown.extend(&bytes);
                    let line = if *last == b'\n' { Line::Ended } else { Line::Open };
                    self.alone = Some((source.core(), line));
                    return;
                }
            }
        }
        let mut line = self.open.remove(&source).unwrap_or_default();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            line.extend(part);
            if part.ends_with(b"\n") {
                self.show_line(source.core(), &line, shown);
                line.clear();
            }
        }
        if !line.is_empty() {
            self.open.insert(source, line);
        }
    }

    /// Shows what is left of open lines.
    pub(crate) fn finish(&mut self, shown: &mut Vec<u8>) {
        if self.prefix == Prefix::WhenSeveral {
            if let Some((core, Line::Open)) = self.alone {
                shown.push(b'\n');
                self.alone = Some((core, Line::Ended));
            }
            return;
        }
        for (source, mut line) in std::mem::take(&mut self.open) {
            line.push(b'\n');
            self.show_line(source.core(), &line, shown);
        }
    }

    fn show_line(&self, core: CoreId, line: &[u8], shown: &mut Vec<u8>) {
        let number = core.number();
        let prefix = match self.colours {
            Colours::Plain => format!("core {number:02} | "),
            Colours::Ansi => format!("\x1b[{}mcore {number:02} |\x1b[0m ", 31 + number % 6),
        };
        shown.extend(prefix.as_bytes());
        shown.extend(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uart(core: u8) -> Source {
        Source::Uart(CoreId::new(core).unwrap(), 0)
    }

    fn show(console: &mut Console, source: Source, text: &str) -> String {
        let mut shown = Vec::new();
        console.feed(source, text.as_bytes(), &mut shown);
        String::from_utf8(shown).unwrap()
    }

    fn finish(console: &mut Console) -> String {
        let mut shown = Vec::new();
        console.finish(&mut shown);
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn one_core_alone_passes_as_it_comes() {
        let mut console = Console::new(Prefix::WhenSeveral, Colours::Plain);
        assert_eq!(show(&mut console, uart(5), "login"), "login");
        assert_eq!(show(&mut console, uart(5), ": \r\nok"), ": \nok");
        assert_eq!(finish(&mut console), "\n");
        assert_eq!(finish(&mut console), "");
    }

    #[test]
    fn a_second_core_brings_prefixes_and_whole_lines() {
        let mut console = Console::new(Prefix::WhenSeveral, Colours::Plain);
        assert_eq!(show(&mut console, uart(5), "one"), "one");
        assert_eq!(show(&mut console, uart(0), "he"), "\n");
        assert_eq!(show(&mut console, uart(5), "two\nthr"), "core 05 | two\n");
        assert_eq!(show(&mut console, uart(0), "llo\n"), "core 00 | hello\n");
        assert_eq!(finish(&mut console), "core 05 | thr\n");
    }

    #[test]
    fn sources_of_one_core_do_not_mix_within_a_line() {
        let mut console = Console::new(Prefix::Always, Colours::Plain);
        let core = CoreId::new(3).unwrap();
        assert_eq!(show(&mut console, uart(3), "ab"), "");
        assert_eq!(show(&mut console, Source::Ring(core), "ring\n"), "core 03 | ring\n");
        assert_eq!(show(&mut console, Source::Uart(core, 1), "x\n"), "core 03 | x\n");
        assert_eq!(show(&mut console, uart(3), "c\n\n"), "core 03 | abc\ncore 03 | \n");
    }

    #[test]
    fn prefixes_are_coloured_on_request() {
        let mut console = Console::new(Prefix::Always, Colours::Ansi);
        assert_eq!(show(&mut console, uart(1), "x\n"), "\x1b[32mcore 01 |\x1b[0m x\n");
    }
}
