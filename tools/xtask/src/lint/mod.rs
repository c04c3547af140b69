//! `cargo xtask lint`: the rules of the house that rustc and clippy do not know.
//!
//! A [`Tree`] holds the text of every file that git tracks or would track; each rule looks at it
//! and returns findings. A rule is one small file in `rules` with its tests on sample text. Rust files are seen
//! through [`source::Source`], which tells code from comments and literals, so that a word in a string is not
//! taken for code.

mod rules;
mod source;
mod tree;

use std::fmt;

use crate::lint::rules::RULES;
pub(crate) use crate::lint::rules::markdown_link::{links, resolve};
use crate::lint::tree::{Tree, TreeError};
use crate::workspace::Workspace;

/// One breach of a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Finding {
    /// File, relative to the root of the workspace.
    path: String,
    /// Line, counted from one.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// A rule of the house.
struct Rule {
    /// Short name that a finding is printed with.
    name: &'static str,
    /// Looks at the whole tree.
    check: fn(&Tree) -> Vec<Finding>,
}

/// Checks every rule, prints each finding, and returns a line that says what was checked.
pub(crate) fn check(workspace: &Workspace) -> Result<String, LintError> {
    let tree = Tree::read(workspace)?;
    let mut findings = 0;
    for rule in RULES {
        for finding in (rule.check)(&tree) {
            println!("{finding} [{}]", rule.name);
            findings += 1;
        }
    }
    if findings == 0 {
        Ok(format!("{} rules, {} files", RULES.len(), tree.file_count()))
    } else {
        Err(LintError::Findings(findings))
    }
}

/// The verb: [`check`] on this terminal.
pub(crate) fn run(workspace: &Workspace) -> Result<(), LintError> {
    println!("house rules: {}: ok", check(workspace)?);
    Ok(())
}

/// Why the house rules are not met or could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LintError {
    /// The files could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Some lines break a rule; they have been printed.
    #[error("house rules: {0} finding(s), listed above")]
    Findings(usize),
}
