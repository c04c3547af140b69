//! Text formats line by line: an error that knows its line, and the words of a line.

use std::borrow::Cow;
use std::fmt;

/// Error of a text format with the line it was found on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError<K> {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub kind: K,
}

impl<K: fmt::Display> fmt::Display for LineError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl<K: fmt::Debug + fmt::Display> std::error::Error for LineError<K> {}

/// The text of a file; bytes that are not UTF-8 become a character that no format accepts in numbers.
pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Lines that hold something, with their numbers, without surrounding white space and `#` comments.
pub(super) fn content_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let content = line.split('#').next().unwrap_or_default().trim();
        (!content.is_empty()).then_some((number, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_comments_are_skipped_and_numbers_kept() {
        let text = "# head\n\n  a b # tail\r\nc";
        assert_eq!(content_lines(text).collect::<Vec<_>>(), [(3, "a b"), (4, "c")]);
    }
}
