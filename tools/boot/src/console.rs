//! Console text of one core, cut into lines.

use scc::id::CoreId;

/// A whole line that a core printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleLine {
    /// The core.
    pub core: CoreId,
    /// The line without its end; bytes that are not UTF-8 become replacement characters.
    pub text: String,
}

/// Collects the bytes of one core.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineCutter {
    seen: usize,
    open: Vec<u8>,
}

impl LineCutter {
    /// Takes everything that the core has printed since power-on and returns the lines that are whole and new.
    /// Carriage returns are dropped, as the host's tools do (SCC reference §8.5).
    pub(crate) fn take(&mut self, core: CoreId, printed: &[u8]) -> Vec<ConsoleLine> {
        let new = printed.get(self.seen..).unwrap_or_default();
        self.seen = printed.len();
        let mut lines = Vec::new();
        for byte in new.iter().copied().filter(|byte| *byte != b'\r') {
            if byte == b'\n' {
                let text = String::from_utf8_lossy(&std::mem::take(&mut self.open)).into_owned();
                lines.push(ConsoleLine { core, text });
            } else {
                self.open.push(byte);
            }
        }
        lines
    }

    /// What was printed after the last whole line.
    pub(crate) fn finish(&mut self, core: CoreId) -> Option<ConsoleLine> {
        let rest = std::mem::take(&mut self.open);
        let text = String::from_utf8_lossy(&rest).into_owned();
        (!rest.is_empty()).then_some(ConsoleLine { core, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_when_they_are_whole() {
        let core = CoreId::new(3).unwrap();
        let mut cutter = LineCutter::default();
        let texts = |lines: Vec<ConsoleLine>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(texts(cutter.take(core, b"one\r\ntw")), ["one"]);
        assert_eq!(texts(cutter.take(core, b"one\r\ntw")), [""; 0]);
        assert_eq!(texts(cutter.take(core, b"one\r\ntwo\n\nth\xFF")), ["two", ""]);
        assert_eq!(cutter.finish(core).unwrap().text, "th\u{FFFD}");
        assert_eq!(cutter.finish(core), None);
    }
}
