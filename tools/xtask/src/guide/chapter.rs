//! Chapters of the guide, cut into blocks.
//!
//! ```text
//! <!-- prints: core 00 | -->      what the next block prints
//! <!-- status: 1 -->              how it ends, 0 unless said
//! <!-- needs: Linux -->           where it is run: where the guest was built; any other word is a program that is installed
//! (fence)sh                       run
//!
//! <!-- not run: it asks you -->   why the next block is not run
//! (fence)sh,ignore
//! ```

/// A chapter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chapter {
    /// Its file.
    pub(super) name: String,
    /// Its blocks in their order.
    pub(super) blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    /// Line of its beginning, from 1.
    pub(super) line: usize,
    /// What it is.
    pub(super) kind: Kind,
    /// What stands in it.
    pub(super) text: String,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Code.
    Rust,
    /// Shell that is run.
    Shell(Expected),
    /// Shell that is not, and why; a reason is wanted.
    Ignored(Option<String>),
    /// Anything else.
    Other,
}

/// What a shell block does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Expected {
    /// Exit status.
    pub(super) status: i32,
    /// Texts that it prints, among others.
    pub(super) texts: Vec<String>,
    /// What must be there for it to be run.
    pub(super) needs: Vec<String>,
}

/// Cuts a chapter into its blocks. A block that does not end is an error: its line.
pub(super) fn parse(text: &str) -> Result<Vec<Block>, usize> {
    let mut blocks = Vec::new();
    let mut expected = Expected::default();
    let mut reason = None;
    let mut lines = (1..).zip(text.lines());
    while let Some((line, words)) = lines.next() {
        if let Some(text) = comment(words, "prints: ") {
            expected.texts.push(text.to_owned());
        } else if let Some(need) = comment(words, "needs: ") {
            expected.needs.push(need.to_owned());
        } else if let Some(words) = comment(words, "not run: ") {
            reason = Some(words.to_owned());
        } else if let Some(status) = comment(words, "status: ") {
            expected.status = status.parse().map_err(|_| line)?;
        } else if let Some(info) = words.strip_prefix("```") {
            let mut text = String::new();
            loop {
                match lines.next() {
                    Some((_, "```")) => break,
                    Some((_, words)) => text.extend([words, "\n"]),
                    None => return Err(line),
                }
            }
            let (expected, reason) = (std::mem::take(&mut expected), reason.take());
            let kind = match info {
                "rust" => Kind::Rust,
                "sh" => Kind::Shell(expected),
                "sh,ignore" => Kind::Ignored(reason),
                _ => Kind::Other,
            };
            blocks.push(Block { line, kind, text });
        }
    }
    Ok(blocks)
}

fn comment<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix("<!-- ")?.strip_prefix(key)?.strip_suffix(" -->")
}

/// Files that a summary links.
pub(super) fn links(summary: &str) -> impl Iterator<Item = &str> {
    summary.lines().filter_map(|line| line.split_once("](")?.1.split_once(')').map(|(link, _)| link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_with_what_stands_above_them() {
        let text = "\
            # A\n<!-- prints: a b -->\n<!-- status: 2 -->\n<!-- needs: gdb -->\n```sh\nx\ny\n```\n\
            <!-- not run: why -->\n```sh,ignore\nz\n```\n\n```rust\n{{}}\n```\n```text\n```\n```sh,ignore\n```\n";
        let blocks = parse(text).expect("all of them end");
        let kinds: Vec<_> = blocks.iter().map(|block| (block.line, block.kind.clone())).collect();
        let owned = |text: &str| text.to_owned();
        let shell = Kind::Shell(Expected { status: 2, texts: vec![owned("a b")], needs: vec![owned("gdb")] });
        let ignored = Kind::Ignored(Some(owned("why")));
        assert_eq!(
            kinds,
            [(5, shell), (10, ignored), (14, Kind::Rust), (17, Kind::Other), (19, Kind::Ignored(None))]
        );
        assert_eq!(blocks[0].text, "x\ny\n");
        assert_eq!(parse("a\n```sh\nx\n"), Err(2));
        assert_eq!(parse("<!-- status: x -->"), Err(1));
    }

    #[test]
    fn summary_links_chapters() {
        let summary = "# Summary\n\n- [A](a.md)\n  - [B](b.md)\n";
        assert_eq!(links(summary).collect::<Vec<_>>(), ["a.md", "b.md"]);
    }
}
