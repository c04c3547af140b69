//! A Rust file, divided into code, comments and literals, with the lines that are test code.
//!
//! This is a scanner, not a parser: it knows comments (nested too), plain, raw, byte and C strings, characters
//! and lifetimes, which is enough to see words of code line by line. Code and comments are two copies of the
//! text in which everything else is blanked, so that lines keep their numbers.

use std::ops::RangeInclusive;

/// A Rust file seen by the rules. Lines are counted from one.
#[derive(Debug)]
pub(super) struct Source {
    path: String,
    text: String,
    code: String,
    comments: String,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Scans `text`, the contents of the file at `path`.
    pub(super) fn new(path: &str, text: String) -> Self {
        let (code, comments) = Scanner::new(&text).divide();
        let test_lines = if is_test_path(path) { vec![1..=usize::MAX] } else { test_ranges(&code) };
        Self { path: path.to_owned(), text, code, comments, test_lines }
    }

    /// Path relative to the root of the workspace.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The file as it is.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The file with comments and the insides of literals blanked.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Lines of code with their numbers.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines())
    }

    /// Lines of comments with their numbers.
    pub(super) fn comment_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.comments.lines())
    }

    /// Tells whether `line` belongs to a test module or a test file.
    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.iter().any(|range| range.contains(&line))
    }

    /// Declares the whole file test code.
    pub(super) fn mark_as_test(&mut self) {
        self.test_lines = vec![1..=usize::MAX];
    }

    /// Paths without `.rs` of modules in other files that this one declares in its test lines.
    pub(super) fn test_module_stems(&self) -> Vec<String> {
        let directory = match self.path.strip_suffix(".rs") {
            Some(stem) => match stem.rsplit_once('/') {
                Some((parent, "mod" | "lib" | "main")) => parent,
                _ => stem,
            },
            None => return Vec::new(),
        };
        self.code_lines()
            .filter(|(line, _)| self.is_test_line(*line))
            .filter_map(|(_, code)| {
                code.trim().strip_suffix(';')?.rsplit_once("mod ").map(|(_, name)| name.trim())
            })
            .map(|name| format!("{directory}/{name}"))
            .collect()
    }
}

/// Words of a line (letters, digits, underscores), so numbers with their suffix too.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

fn is_test_path(path: &str) -> bool {
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    directory.split('/').any(|part| matches!(part, "tests" | "benches"))
        || file == "tests.rs"
        || file.ends_with("_tests.rs")
}

/// Lines of items under `#[cfg(test)]`, and all lines after `#![cfg(test)]`.
fn test_ranges(code: &str) -> Vec<RangeInclusive<usize>> {
    let line_of = |offset: usize| code[..offset].matches('\n').count() + 1;
    if code.contains("#![cfg(test)]") {
        return vec![1..=usize::MAX];
    }
    let mut ranges = Vec::new();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(") {
        let start = from + found;
        let condition_end = code[start..].find(']').map_or(code.len(), |length| start + length + 1);
        from = condition_end;
        if words(&code[start..condition_end]).any(|word| word == "test")
            && !code[start..condition_end].contains("not(")
        {
            let end = item_end(code, condition_end);
            ranges.push(line_of(start)..=line_of(end));
            from = end;
        }
    }
    ranges
}

/// Offset of the brace or semicolon that ends the item beginning at or after `start`.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in code[start..].char_indices() {
        match c {
            ';' if depth == 0 => return start + offset,
            '{' => depth += 1,
            '}' if depth <= 1 => return start + offset,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// What a character of the text belongs to.
#[derive(Clone, Copy)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// Walks over the characters of a file once.
struct Scanner {
    characters: Vec<char>,
    position: usize,
    code: String,
    comments: String,
}

impl Scanner {
    fn new(text: &str) -> Self {
        Self { characters: text.chars().collect(), position: 0, code: String::new(), comments: String::new() }
    }

    /// Returns the code and the comments.
    fn divide(mut self) -> (String, String) {
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('/')) => self.take_while(Kind::Comment, |c| c != '\n'),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('r', Some('"' | '#')) if self.begins_raw_string() => self.raw_string(),
                ('\'', Some('\\')) => self.escaped_character(),
                ('\'', Some(_)) if self.peek(2) == Some('\'') => {
                    self.take(Kind::Code);
                    self.take(Kind::Literal);
                    self.take(Kind::Code);
                }
                _ => self.take(Kind::Code),
            }
        }
        (self.code, self.comments)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.position + ahead).copied()
    }

    fn take(&mut self, kind: Kind) {
        let Some(c) = self.peek(0) else { return };
        self.position += 1;
        let (code, comment) = match kind {
            _ if c == '\n' => ('\n', '\n'),
            Kind::Code => (c, ' '),
            Kind::Comment => (' ', c),
            Kind::Literal => (' ', ' '),
        };
        self.code.push(code);
        self.comments.push(comment);
    }

    fn take_while(&mut self, kind: Kind, goes_on: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&goes_on) {
            self.take(kind);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek(0) {
            let pair = (c, self.peek(1));
            self.take(Kind::Comment);
            if pair == ('/', Some('*')) {
                self.take(Kind::Comment);
                depth += 1;
            } else if pair == ('*', Some('/')) {
                self.take(Kind::Comment);
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
        }
    }

    fn string(&mut self) {
        self.take(Kind::Code);
        while let Some(c) = self.peek(0) {
            match c {
                '"' => return self.take(Kind::Code),
                '\\' => {
                    self.take(Kind::Literal);
                    self.take(Kind::Literal);
                }
                _ => self.take(Kind::Literal),
            }
        }
    }

    /// At an `r`: is it the start of a raw string rather than of a name or the end of one?
    fn begins_raw_string(&self) -> bool {
        let hashes = self.characters[self.position + 1..].iter().take_while(|c| **c == '#').count();
        let before = self.characters[..self.position].iter().rev();
        let glued = before.take_while(|c| c.is_alphanumeric() || **c == '_').collect::<String>();
        self.peek(1 + hashes) == Some('"') && matches!(glued.as_str(), "" | "b" | "c")
    }

    fn raw_string(&mut self) {
        self.take(Kind::Code);
        let mut hashes = 0;
        while self.peek(0) == Some('#') {
            self.take(Kind::Code);
            hashes += 1;
        }
        self.take(Kind::Code);
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                return (0..=hashes).for_each(|_| self.take(Kind::Code));
            }
            self.take(Kind::Literal);
        }
    }

    fn escaped_character(&mut self) {
        self.take(Kind::Code);
        self.take(Kind::Literal);
        self.take(Kind::Literal);
        self.take_while(Kind::Literal, |c| c != '\'' && c != '\n');
        self.take(Kind::Code);
    }
}

#[cfg(test)]
mod tests;
