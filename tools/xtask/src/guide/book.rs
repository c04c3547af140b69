//! The guide as a book, with every file of the repository that it leads to.
//!
//! mdbook knows nothing outside of its folder. So the book is made of a copy that has the folders of the repository: the
//! chapters, the files that they include, and all that links lead to, from document to document. Documents become chapters
//! behind those of the guide, a linked folder a list of its documents, everything else stays a file. So links stay as they
//! are written. Of the pages that come out, each link is followed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BOOK, GuideError, chapter};
use crate::lint::{links, resolve};
use crate::process;
use crate::workspace::Workspace;

/// The guide's chapters, from the root.
const CHAPTERS: &str = "docs/guide/src";
/// Pages that mdbook makes of others.
const MADE_OF_OTHERS: [&str; 3] = ["print.html", "toc.html", "404.html"];

/// Builds the book into `target/guide` where mdbook is installed; elsewhere, why not.
pub(super) fn build(workspace: &Workspace) -> Result<Option<String>, GuideError> {
    if !process::probe(Command::new("mdbook").arg("--version")) {
        return Ok(Some("the guide as a book: no mdbook is installed: `cargo install mdbook`".to_owned()));
    }
    let (folder, pages) = (workspace.scratch().join("guide"), workspace.scratch().with_file_name("guide"));
    copy(workspace, &Contents::of(workspace.root())?, &folder)?;
    let mut mdbook = Command::new("mdbook");
    process::run(mdbook.arg("build").arg(&folder).arg("--dest-dir").arg(&pages)).map_err(GuideError::Book)?;
    let followed = follow(&pages)?;
    println!("guide: {}, {followed} links followed", pages.join("index.html").display());
    Ok(None)
}

/// What goes into the book, by path from the root.
#[derive(Debug, Default)]
struct Contents {
    /// Chapters of the guide, in their order.
    chapters: Vec<String>,
    /// Text of these and of all other documents.
    documents: BTreeMap<String, String>,
    /// Everything else.
    files: BTreeSet<String>,
}

impl Contents {
    /// Follows all links and inclusions from the guide's summary on.
    fn of(root: &Path) -> Result<Self, GuideError> {
        let summary = read(&root.join(CHAPTERS).join("SUMMARY.md"))?;
        let chapters: Vec<_> = chapter::links(&summary).map(|name| format!("{CHAPTERS}/{name}")).collect();
        let mut contents = Self { chapters: chapters.clone(), ..Self::default() };
        let mut open = chapters;
        while let Some(path) = open.pop() {
            let place = root.join(&path);
            if contents.documents.contains_key(&path) || contents.files.contains(&path) {
                continue;
            }
            let (path, text) = match place.is_dir() {
                true => (format!("{path}/index.md"), list_of(&place)?),
                false if path.ends_with(".md") => (path, read(&place)?),
                false => {
                    contents.files.insert(path);
                    continue;
                }
            };
            open.extend(leads_to(&path, &text));
            contents.documents.insert(path, text);
        }
        Ok(contents)
    }

    /// A line for each chapter.
    fn list(&self) -> String {
        let line = |path: &String| format!("- [{}]({path})\n", self.title(path).unwrap_or(path));
        self.chapters.iter().map(line).collect()
    }

    fn title(&self, path: &str) -> Option<&str> {
        self.documents.get(path)?.lines().find_map(|line| line.strip_prefix("# "))
    }

    /// The table of contents. mdbook makes its first page the book's, so that is one at the root.
    fn summary(&self) -> String {
        let others = self.documents.keys().filter(|path| !self.chapters.contains(path));
        let others = others.map(|path| format!("- [{path}]({path})\n"));
        format!(
            "# Summary\n\n[Contents](index.md)\n\n{}\n# Documents of the repository\n\n{}",
            self.list(),
            others.collect::<String>()
        )
    }
}

/// Files and folders that a document links or includes.
fn leads_to(path: &str, text: &str) -> Vec<String> {
    let linked = links(text).into_iter().map(|(_, target)| target);
    let linked = linked.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    let linked = linked.map(|target| target.split_once('#').map_or(target, |(file, _)| file));
    let included = text.lines().filter_map(|line| line.trim().strip_prefix("{{#include "));
    let included = included.filter_map(|rest| rest.split([':', '}']).next());
    linked.filter(|file| !file.is_empty()).chain(included).filter_map(|file| resolve(path, file)).collect()
}

/// A document that lists those of a folder.
fn list_of(folder: &Path) -> Result<String, GuideError> {
    let failed = |source| GuideError::Read { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    let title = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    let lines = names.iter().map(|name| format!("- [{name}]({name})\n"));
    Ok(format!("# {title}\n\n{}", lines.collect::<String>()))
}

/// Writes the copy that the book is made of, in place of the last one.
fn copy(workspace: &Workspace, contents: &Contents, folder: &Path) -> Result<(), GuideError> {
    let sources = folder.join("src");
    if sources.exists() {
        std::fs::remove_dir_all(&sources)
            .map_err(|source| GuideError::Write { path: sources.clone(), source })?;
    }
    let written = |path: &str, bytes: &[u8]| {
        let path = sources.join(path);
        let folder = path.parent().unwrap_or(&sources);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, bytes))
            .map_err(|source| GuideError::Write { path: path.clone(), source })
    };
    for (path, text) in &contents.documents {
        written(path, text.as_bytes())?;
    }
    for path in &contents.files {
        let place = workspace.root().join(path);
        let bytes = std::fs::read(&place).map_err(|source| GuideError::Read { path: place, source })?;
        written(path, &bytes)?;
    }
    written("index.md", format!("# Contents\n\n{}", contents.list()).as_bytes())?;
    written("SUMMARY.md", contents.summary().as_bytes())?;
    written("../book.toml", read(&workspace.root().join(BOOK).join("book.toml"))?.as_bytes())
}

fn read(path: &Path) -> Result<String, GuideError> {
    std::fs::read_to_string(path).map_err(|source| GuideError::Read { path: path.to_owned(), source })
}

/// Follows the links of all pages; how many there are.
fn follow(pages: &Path) -> Result<usize, GuideError> {
    let mut followed = 0;
    for page in pages_below(pages)? {
        let text = read(&page)?;
        for target in targets(&text) {
            if let Some(reason) = dead(&page, &text, target) {
                let page = page.strip_prefix(pages).unwrap_or(&page).to_owned();
                return Err(GuideError::DeadLink { page, target: target.to_owned(), reason });
            }
            followed += 1;
        }
    }
    Ok(followed)
}

fn pages_below(folder: &Path) -> Result<Vec<PathBuf>, GuideError> {
    let failed = |source| GuideError::Read { path: folder.to_owned(), source };
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            pages.extend(pages_below(&path)?);
        } else if name.ends_with(".html") && !MADE_OF_OTHERS.contains(&&*name) {
            pages.push(path);
        }
    }
    Ok(pages)
}

/// Where a page's links and pictures lead within the book.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let found = ["href=\"", "src=\""].into_iter().flat_map(|mark| text.split(mark).skip(1));
    let targets = found.filter_map(|rest| Some(rest.split_once('"')?.0));
    targets.filter(|target| !target.contains(':') && !target.is_empty())
}

/// Why a link leads nowhere; `None` if it leads to a file of the book, and to a heading if it names one.
fn dead(page: &Path, text: &str, target: &str) -> Option<&'static str> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let mut place = if file.is_empty() { page.to_owned() } else { page.parent()?.join(file) };
    if place.is_dir() {
        place.push("index.html");
    }
    if !place.is_file() {
        return Some("there is no such file");
    }
    let anchor = anchor.filter(|anchor| !anchor.is_empty())?;
    let mark = format!("id=\"{anchor}\"");
    let other = if file.is_empty() { None } else { std::fs::read_to_string(&place).ok() };
    (!other.as_deref().unwrap_or(text).contains(&mark)).then_some("that page has no such heading")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn book_has_every_file_that_it_leads_to() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let contents = Contents::of(workspace.root()).expect("links lead to files");
        assert!(contents.documents.contains_key("docs/kernel.md"), "{:?}", contents.documents.keys());
        assert!(contents.files.contains("ipi/examples/call.rs"), "{:?}", contents.files);
        let inside = |path: &String| {
            contents.files.contains(path)
                || contents.documents.contains_key(path)
                || contents.documents.contains_key(&format!("{path}/index.md"))
        };
        for (path, text) in &contents.documents {
            let outside: Vec<_> = leads_to(path, text).into_iter().filter(|other| !inside(other)).collect();
            assert!(outside.is_empty(), "{path} leads to {outside:?}");
        }
        let summary = contents.summary();
        let boot = summary.find("- [Boot](docs/guide/src/boot.md)").expect("a chapter");
        let kernel = summary.find("- [docs/kernel.md](docs/kernel.md)").expect("a document");
        assert!(boot < kernel);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let folder = std::env::temp_dir().join(format!("xtask-book-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        };
        write(
            "a.html",
            r##"<a href="https://x.org">x</a> <a href="b/c.html#d"> <a href="#e"><img src="f.svg">"##,
        );
        write("b/c.html", r#"<h1 id="d"></h1><a href="../b/">"#);
        write("b/index.html", "");
        write("f.svg", "");
        let reason = || match follow(&folder) {
            Err(GuideError::DeadLink { target, reason, .. }) => format!("{target}: {reason}"),
            other => format!("{other:?}"),
        };
        assert_eq!(reason(), "#e: that page has no such heading");
        write("a.html", r#"<a href="b/c.html#d"><img src="f.svg">"#);
        assert_eq!(follow(&folder).expect("all lead somewhere"), 3);
        write("a.html", r#"<a href="b/d.html">"#);
        assert_eq!(reason(), "b/d.html: there is no such file");
        std::fs::remove_dir_all(folder).expect("it was there");
    }
}
