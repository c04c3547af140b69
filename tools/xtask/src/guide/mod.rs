//! `cargo xtask guide`: the guide does what it says.
//!
//! Chapters are Markdown for mdbook, in `docs/guide/src`. Checked are: that `SUMMARY.md` names every chapter and nothing
//! else; that blocks of Rust are parts of files that the workspace compiles, by `{{#include FILE:ANCHOR}}`; that each block
//! of shell ends with the status, and prints the texts, that stand above it. Blocks marked `sh,ignore` are not run, nor
//! those whose needs are not there; each is named with the reason. Relative links are the business of `cargo xtask lint`, those
//! of the built book of [`book`].

mod book;
mod chapter;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;

use self::chapter::{Block, Chapter, Kind, parse};
use crate::guest::{self, Variant};
use crate::process;
use crate::workspace::Workspace;

/// Where the guide is, relative to the root.
const BOOK: &str = "docs/guide";
/// Lines of a failed block's output that are shown.
const SHOWN_LINES: usize = 30;
/// Time that a block may take, builds included, and the status with which `timeout` tells that it took longer.
const MOST_SECONDS: &str = "1800";
const TOO_LONG: i32 = 124;

/// What is checked.
#[derive(Args, Clone, Debug)]
pub(crate) struct GuideOptions {
    /// Only chapters whose file names contain NAME
    pub(crate) name: Option<String>,
    /// Run no shell block
    #[arg(long)]
    pub(crate) no_run: bool,
}

/// Checks the guide and tells what was left out.
pub(crate) fn run(workspace: &Workspace, options: &GuideOptions) -> Result<(), GuideError> {
    let left_out = check(workspace, options)?;
    left_out.iter().for_each(|text| println!("guide: left out: {text}"));
    Ok(())
}

/// Checks the guide; the first block that fails ends it. What was left out, and why.
pub(crate) fn check(workspace: &Workspace, options: &GuideOptions) -> Result<Vec<String>, GuideError> {
    let folder = workspace.root().join(BOOK).join("src");
    let chapters = read(&folder)?;
    let mut left_out = Vec::new();
    for chapter in &chapters {
        let is_wanted = is_wanted(chapter, options);
        for block in &chapter.blocks {
            let reason = match &block.kind {
                Kind::Rust => check_code(&folder, chapter, block).map(|()| None)?,
                Kind::Shell(_) if options.no_run || !is_wanted => None,
                Kind::Shell(expected) => match lacking(workspace, &expected.needs) {
                    None => run_block(workspace, chapter, block, expected).map(|()| None)?,
                    lacking => lacking,
                },
                Kind::Ignored(None) => {
                    return Err(GuideError::NoReason { chapter: chapter.name.clone(), line: block.line });
                }
                Kind::Ignored(reason) => reason.clone().filter(|_| is_wanted),
                Kind::Other => None,
            };
            left_out.extend(reason.map(|reason| format!("{}:{}: {reason}", chapter.name, block.line)));
        }
    }
    let blocks: usize = chapters.iter().map(|chapter| chapter.blocks.len()).sum();
    println!("guide: {} chapters, {blocks} blocks", chapters.len());
    left_out.extend(book::build(workspace)?);
    Ok(left_out)
}

/// The first of these needs that is not there, and how to get it.
fn lacking(workspace: &Workspace, needs: &[String]) -> Option<String> {
    needs.iter().find_map(|need| match need.as_str() {
        "Linux" if guest::is_built(workspace, Variant::Guest) => None,
        "Linux" => Some("Linux was never built here: `cargo xtask guest build --variant guest`".to_owned()),
        program if process::probe(Command::new(program).arg("--version")) => None,
        program => Some(format!("no {program} is installed: `cargo xtask setup`")),
    })
}

fn is_wanted(chapter: &Chapter, options: &GuideOptions) -> bool {
    options.name.as_ref().is_none_or(|name| chapter.name.contains(name.as_str()))
}

/// Reads the chapters in the order of the summary.
fn read(folder: &Path) -> Result<Vec<Chapter>, GuideError> {
    let text = |path: PathBuf| {
        std::fs::read_to_string(&path).map_err(|source| GuideError::Read { path: path.clone(), source })
    };
    let summary = text(folder.join("SUMMARY.md"))?;
    let names: Vec<_> = chapter::links(&summary).map(str::to_owned).collect();
    let failed = |source| GuideError::Read { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "SUMMARY.md" && !names.contains(&name) {
            return Err(GuideError::Unlisted { name });
        }
    }
    names
        .into_iter()
        .map(|name| {
            let blocks = parse(&text(folder.join(&name))?)
                .map_err(|line| GuideError::Open { chapter: name.clone(), line })?;
            Ok(Chapter { name, blocks })
        })
        .collect()
}

/// Code is a part of a file that the workspace compiles.
fn check_code(folder: &Path, chapter: &Chapter, block: &Block) -> Result<(), GuideError> {
    let wrong = |reason| GuideError::Code { chapter: chapter.name.clone(), line: block.line, reason };
    let text = block.text.trim();
    let include = text.strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}"));
    let (file, anchor) = include
        .and_then(|include| include.split_once(':'))
        .ok_or_else(|| wrong("is no `{{#include FILE:ANCHOR}}` of a file that is compiled"))?;
    let is_compiled = file.ends_with(".rs") && (file.contains("/src/") || file.contains("/examples/"));
    let source = std::fs::read_to_string(folder.join(file)).ok().filter(|_| is_compiled);
    let source = source.ok_or_else(|| wrong("includes what is no source file of a package"))?;
    let has = |mark: &str| source.lines().any(|line| line.trim() == format!("// {mark}: {anchor}"));
    if has("ANCHOR") && has("ANCHOR_END") {
        Ok(())
    } else {
        Err(wrong("includes an anchor that the file does not have"))
    }
}

/// Runs a block as a user would type it, at the root and with what is built in `target` there.
fn run_block(
    workspace: &Workspace,
    chapter: &Chapter,
    block: &Block,
    expected: &chapter::Expected,
) -> Result<(), GuideError> {
    println!("guide: {}:{}", chapter.name, block.line);
    let begun = Instant::now();
    let mut shell = process::at_root(workspace, "timeout");
    shell.args([MOST_SECONDS, "sh", "-e", "-c", &format!("exec 2>&1\n{}", block.text)]);
    shell.env_remove("CARGO_TARGET_DIR").stdin(Stdio::null());
    let ran = shell.output().map_err(|source| GuideError::Shell { source })?;
    let output = String::from_utf8_lossy(&ran.stdout).into_owned();
    let missing = expected.texts.iter().find(|text| !output.contains(text.as_str()));
    if ran.status.code() == Some(expected.status) && missing.is_none() {
        println!("guide:   {:.1} s", begun.elapsed().as_secs_f64());
        return Ok(());
    }
    let lines: Vec<_> = output.lines().collect();
    Err(GuideError::Block {
        chapter: chapter.name.clone(),
        line: block.line,
        status: ran.status.code(),
        expected: expected.status,
        missing: missing.cloned(),
        output: lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n"),
    })
}

/// A status as it is told.
fn words_of(status: Option<i32>) -> String {
    match status {
        Some(TOO_LONG) => format!("status {TOO_LONG}, after {MOST_SECONDS} seconds,"),
        Some(status) => format!("status {status}"),
        None => "a signal".to_owned(),
    }
}

/// What is wrong with the guide.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuideError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A chapter is in no table of contents.
    #[error("{BOOK}/src/{name} is not in SUMMARY.md")]
    Unlisted {
        /// Its file.
        name: String,
    },
    /// A block does not end.
    #[error("{BOOK}/src/{chapter}:{line}: the block does not end")]
    Open {
        /// File of the chapter.
        chapter: String,
        /// Line of the block's beginning.
        line: usize,
    },
    /// Code that nobody compiles.
    #[error("{BOOK}/src/{chapter}:{line}: the Rust block {reason}")]
    Code {
        /// File of the chapter.
        chapter: String,
        /// Line of the block's beginning.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A block is not run, and nobody says why.
    #[error("{BOOK}/src/{chapter}:{line}: `<!-- not run: WHY -->` is missing above the block")]
    NoReason {
        /// File of the chapter.
        chapter: String,
        /// Line of the block's beginning.
        line: usize,
    },
    /// A shell block did something else than it says.
    #[error(
        "{BOOK}/src/{chapter}:{line}: the block ends with {} instead of status {expected}{}\n{output}",
        words_of(*status),
        missing.as_ref().map_or_else(String::new, |text| format!(", and without `{text}`"))
    )]
    Block {
        /// File of the chapter.
        chapter: String,
        /// Line of the block's beginning.
        line: usize,
        /// Status it ended with.
        status: Option<i32>,
        /// Status it should have ended with.
        expected: i32,
        /// Text that it should have printed.
        missing: Option<String>,
        /// The end of what it printed.
        output: String,
    },
    /// No shell can be started.
    #[error("cannot run `sh`: {source}")]
    Shell {
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the book cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A page of the book leads nowhere.
    #[error("the book's page {}: `{target}`: {reason}", page.display())]
    DeadLink {
        /// The page.
        page: PathBuf,
        /// Where its link should lead.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// mdbook failed.
    #[error(transparent)]
    Book(process::CommandError),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that can be checked without running anything.
    #[test]
    fn guide_has_all_chapters_and_only_code_that_is_compiled() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let options = GuideOptions { name: None, no_run: true };
        let folder = workspace.root().join(BOOK).join("src");
        let chapters = read(&folder).expect("the guide is whole");
        assert!(chapters.len() > 5 && chapters.iter().any(|chapter| is_wanted(chapter, &options)));
        for chapter in &chapters {
            for block in chapter.blocks.iter().filter(|block| block.kind == Kind::Rust) {
                check_code(&folder, chapter, block).expect("the file has the anchor");
            }
        }
    }

    #[test]
    fn code_that_nobody_compiles_is_found() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let folder = workspace.root().join(BOOK).join("src");
        let chapter = Chapter { name: "a.md".to_owned(), blocks: Vec::new() };
        for text in [
            "let x = 1;",
            "{{#include ../../../ipi/examples/mail.rs:nothing}}",
            "{{#include ../../../README.md:x}}",
        ] {
            let block = Block { line: 1, kind: Kind::Rust, text: text.to_owned() };
            assert!(check_code(&folder, &chapter, &block).is_err(), "{text}");
        }
    }

    #[test]
    fn block_is_held_to_its_status_and_its_texts() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let chapter = Chapter { name: "a.md".to_owned(), blocks: Vec::new() };
        let block = Block { line: 1, kind: Kind::Other, text: "echo one; echo two >&2; exit 3".to_owned() };
        let run = |status, text: &str| {
            let expected = chapter::Expected { status, texts: vec![text.to_owned()], needs: Vec::new() };
            run_block(&workspace, &chapter, &block, &expected)
        };
        assert!(run(3, "one").is_ok() && run(3, "two").is_ok());
        assert!(run(0, "one").is_err());
        let missing = run(3, "three").expect_err("nothing prints it").to_string();
        assert!(missing.contains("without `three`\none\ntwo"), "{missing}");
    }

    #[test]
    fn need_that_is_not_there_is_told_with_how_to_get_it() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        assert_eq!(lacking(&workspace, &["cargo".to_owned()]), None);
        let needs = ["cargo", "no-such-program-here"].map(str::to_owned);
        let reason = lacking(&workspace, &needs).expect("there is no such program");
        assert!(reason.contains("no-such-program-here") && reason.contains("cargo xtask setup"), "{reason}");
    }
}
