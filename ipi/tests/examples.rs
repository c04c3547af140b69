//! The examples print what they open with, and the guide shows them as they are.

use std::fs;
use std::path::Path;

#[path = "../examples/bulk.rs"]
#[expect(dead_code, reason = "an example's main is not called")]
mod bulk;
#[path = "../examples/call.rs"]
#[expect(dead_code, reason = "an example's main is not called")]
mod call;
#[path = "../examples/mail.rs"]
#[expect(dead_code, reason = "an example's main is not called")]
mod mail;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn examples_print_what_they_open_with() {
    for (name, printed) in [("mail", mail::run()), ("call", call::run()), ("bulk", bulk::run())] {
        let opening = format!("//! ```text\n//! {printed}\n//! ```\n");
        assert!(text(&format!("examples/{name}.rs")).contains(&opening), "{name} prints {printed:?}");
    }
}

/// The lines that `{{#include PATH:NAME}}` of mdBook means.
fn anchored<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = source.split_once(&format!("// ANCHOR: {name}\n"))?;
    rest.split_once(&format!("// ANCHOR_END: {name}\n")).map(|(lines, _)| lines)
}

#[test]
fn every_code_block_of_the_guide_is_part_of_a_program() {
    let guide = "../docs/guide/src";
    let summary = text(&format!("{guide}/SUMMARY.md"));
    for (chapter, least) in [("talking-between-cores.md", 6), ("writing-a-service.md", 5)] {
        let mut includes = 0;
        for block in text(&format!("{guide}/{chapter}")).split("```rust").skip(1) {
            let line = block.lines().nth(1).expect("a block has a line");
            let include = line.strip_prefix("{{#include ").and_then(|line| line.strip_suffix("}}"));
            let include = include.unwrap_or_else(|| panic!("code that no program contains: {line}"));
            let (path, anchor) = include.rsplit_once(':').expect("a path and an anchor");
            let found = text(&format!("{guide}/{path}"));
            assert!(anchored(&found, anchor).is_some_and(|lines| !lines.trim().is_empty()), "{include}");
            includes += 1;
        }
        assert!(includes >= least, "{chapter} shows {includes} excerpts");
        assert!(summary.contains(&format!("({chapter})")), "{chapter}");
    }
}
