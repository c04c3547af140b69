//! C and assembly text, enough of it to find identifiers: comments and literals are blanked, nothing is parsed.

use std::ops::Range;

/// A file's text beside a copy of the same length without comments and literals.
pub(super) struct Text<'a> {
    original: &'a str,
    code: Vec<u8>,
}

impl<'a> Text<'a> {
    /// Blanks comments, strings and characters of `original`. A literal ends with its line at the latest: in assembly
    /// an apostrophe may stand alone.
    pub(super) fn new(original: &'a str) -> Self {
        let bytes = original.as_bytes();
        let mut code = bytes.to_vec();
        let mut at = 0;
        while at < bytes.len() {
            let end = match (bytes[at], bytes.get(at + 1)) {
                (b'/', Some(b'*')) => end_after(bytes, at + 2, b"*/"),
                (b'/', Some(b'/')) => line_end(bytes, at),
                (quote @ (b'"' | b'\''), _) => literal_end(bytes, at + 1, quote),
                _ => {
                    at += 1;
                    continue;
                }
            };
            code[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            at = end;
        }
        Self { original, code }
    }

    /// The text as it was.
    pub(super) fn original(&self) -> &'a str {
        self.original
    }

    /// The text without comments and literals.
    pub(super) fn code(&self) -> &[u8] {
        &self.code
    }

    /// Places where `word` stands as a whole word of code, within `range`.
    pub(super) fn words(&self, word: &str, range: Range<usize>) -> Vec<usize> {
        let (code, word) = (&self.code[range.clone()], word.as_bytes());
        let is_part =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let starts = (0..code.len()).filter(|at| {
            let before = at.checked_sub(1).and_then(|before| code.get(before));
            code[*at..].starts_with(word) && !is_part(before) && !is_part(code.get(at + word.len()))
        });
        starts.map(|at| range.start + at).collect()
    }

    /// Bodies of all definitions of the function `name`, each from behind its opening brace to its closing brace.
    pub(super) fn bodies(&self, name: &str) -> Vec<Range<usize>> {
        let found = self.words(name, 0..self.code.len()).into_iter().filter_map(|at| {
            let parameters = self.skip_blanks(at + name.len());
            let after = self.matching(parameters, b'(', b')')? + 1;
            let brace = self.skip_blanks(after);
            let end = self.matching(brace, b'{', b'}')?;
            Some(brace + 1..end)
        });
        found.collect()
    }

    /// Start of the line that holds `at`.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.code[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
    }

    /// Start of the line after the one that holds `at`.
    pub(super) fn next_line(&self, at: usize) -> usize {
        (line_end(&self.code, at) + 1).min(self.code.len())
    }

    /// The bracket that closes the one at `at`; `None` if there is none at `at`, or it is never closed.
    fn matching(&self, at: usize, open: u8, close: u8) -> Option<usize> {
        if self.code.get(at) != Some(&open) {
            return None;
        }
        let mut depth = 0_usize;
        for (offset, byte) in self.code[at..].iter().enumerate() {
            if *byte == open {
                depth += 1;
            } else if *byte == close {
                depth -= 1;
                if depth == 0 {
                    return Some(at + offset);
                }
            }
        }
        None
    }

    fn skip_blanks(&self, at: usize) -> usize {
        let blanks = self.code[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        at + blanks
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn end_after(bytes: &[u8], at: usize, mark: &[u8]) -> usize {
    let found = bytes[at..].windows(mark.len()).position(|window| window == mark);
    found.map_or(bytes.len(), |length| at + length + mark.len())
}

fn literal_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' => return at,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str, word: &str) -> usize {
        Text::new(text).words(word, 0..text.len()).len()
    }

    #[test]
    fn words_in_comments_literals_and_longer_names_are_not_found() {
        assert_eq!(count("f(); /* f */ // f\n\"f \\\" f\" 'f' ff _f f2\nf", "f"), 2);
        assert_eq!(count("# don't stop\nf: f\n", "f"), 2);
    }

    #[test]
    fn definition_is_told_from_prototype_and_call() {
        let text = "int f(int (*g)(void));\nint f(int (*g)(void))\n{ if (g()) { return f(0); } }\n";
        let bodies = Text::new(text).bodies("f");
        assert_eq!(bodies.len(), 1);
        assert_eq!(&text[bodies[0].clone()], " if (g()) { return f(0); } ");
    }

    #[test]
    fn braces_in_comments_and_characters_do_not_count() {
        let text = "void f(void) { /* } */ g('}'); }";
        assert_eq!(Text::new(text).bodies("f").len(), 1);
        assert_eq!(&text[Text::new(text).bodies("f")[0].clone()], " /* } */ g('}'); ");
    }

    #[test]
    fn unclosed_texts_end_with_the_file() {
        for text in ["/* f", "\"f", "f(", "f() {", "'\\"] {
            assert_eq!(Text::new(text).bodies("f").len(), 0, "{text}");
        }
    }
}
