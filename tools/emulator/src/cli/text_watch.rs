//! `--until TEXT`: finds texts in what each source prints, also where they come in pieces.

use std::collections::HashMap;

use super::console::Source;

/// Watches for any of several texts.
#[derive(Debug)]
pub(crate) struct TextWatch {
    texts: Vec<String>,
    /// End of what each source printed, one byte shorter than the longest text.
    ends: HashMap<Source, Vec<u8>>,
}

impl TextWatch {
    /// Watches for `texts`; an empty text is never found.
    pub(crate) fn new(texts: &[String]) -> Self {
        Self { texts: texts.iter().filter(|text| !text.is_empty()).cloned().collect(), ends: HashMap::new() }
    }

    /// Takes bytes of a source; the answer is the first text of the list that they complete.
    pub(crate) fn feed(&mut self, source: Source, bytes: &[u8]) -> Option<&str> {
        let longest = self.texts.iter().map(String::len).max()?;
        let seen = self.ends.entry(source).or_default();
        seen.extend(bytes.iter().filter(|byte| **byte != b'\r'));
        let found = self.texts.iter().find(|text| {
            let text = text.as_bytes();
            seen.windows(text.len()).any(|window| window == text)
        });
        if found.is_none() {
            let surplus = seen.len().saturating_sub(longest - 1);
            seen.drain(..surplus);
        }
        found.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use scc::id::CoreId;

    use super::*;

    fn source(core: u8) -> Source {
        Source::Uart(CoreId::new(core).unwrap(), 0)
    }

    #[test]
    fn a_text_in_pieces_is_found_in_one_source_only() {
        let mut watch = TextWatch::new(&["passed".into(), "FAILED".into()]);
        assert_eq!(watch.feed(source(0), b"all tests pas"), None);
        assert_eq!(watch.feed(source(1), b"sed"), None);
        assert_eq!(watch.feed(source(0), b"s\red\n"), Some("passed"));
        assert_eq!(watch.feed(source(1), b" FAILED"), Some("FAILED"));
    }

    #[test]
    fn without_texts_nothing_is_found() {
        assert_eq!(TextWatch::new(&[]).feed(source(0), b"x"), None);
        assert_eq!(TextWatch::new(&[String::new()]).feed(source(0), b"x"), None);
    }
}
