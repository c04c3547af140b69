//! The command line: what a user is told when a file is written.

use std::process::Command;

use super::bytes;

/// Runs a verb on a small trace; its standard error. `OUT` stands for a file that it writes.
fn said(name: &str, words: &[&str]) -> String {
    let place =
        |kind: &str| std::env::temp_dir().join(format!("scc-trace-{}-{name}.{kind}", std::process::id()));
    let (trace, out) = (place("trace"), place("out"));
    std::fs::write(&trace, bytes(1, 3, None)).expect("there is room for a small file");
    let words = words.iter().map(|word| if *word == "OUT" { out.as_os_str() } else { word.as_ref() });
    let done = Command::new(env!("CARGO_BIN_EXE_scc-trace"))
        .args(words)
        .arg(&trace)
        .output()
        .expect("cargo has built it");
    let text = String::from_utf8(done.stderr).expect("a text").replace(&*out.to_string_lossy(), "OUT");
    assert!(done.status.success() && std::fs::metadata(&out).is_ok_and(|file| file.len() > 0), "{text}");
    [trace, out].iter().for_each(|file| std::fs::remove_file(file).expect("it is there"));
    text
}

#[test]
fn what_was_written_is_told_with_what_opens_it() {
    let page = "scc-trace: written to OUT; open it in a browser\n";
    assert_eq!(said("html", &["html", "-o", "OUT"]), page);
    assert_eq!(said("why", &["why", "--html", "OUT"]), page);
    let viewer = "scc-trace: written to OUT; open it at https://ui.perfetto.dev\n";
    assert_eq!(said("perfetto", &["export", "--perfetto", "-o", "OUT"]), viewer);
    assert_eq!(said("csv", &["export", "--csv", "-o", "OUT"]), "scc-trace: written to OUT\n");
    assert_eq!(said("report", &["report", "--json", "OUT"]), "scc-trace: written to OUT\n");
}
