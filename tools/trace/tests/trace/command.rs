//! The command line: what a user is told when a file is written.

use std::process::Command;

use trace_format::phase::BootPhase;
use trace_format::record::{Event, KIND_WORD, Stamped};
use trace_format::ring::lap_bit;

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

/// Runs `dumps` on files with these bytes, each of core 0, 1, ...; its standard error, and the report on what it wrote.
fn dumped(name: &str, dumps: &[&[u8]], more: &[&str]) -> (Option<i32>, String, Option<String>) {
    let folder = std::env::temp_dir().join(format!("scc-trace-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is room");
    let program = || Command::new(env!("CARGO_BIN_EXE_scc-trace"));
    let mut command = program();
    command.current_dir(&folder).arg("dumps");
    for (core, bytes) in dumps.iter().enumerate() {
        std::fs::write(folder.join(format!("core{core}.bin")), bytes)
            .expect("there is room for a small file");
        command.arg(format!("{core}=core{core}.bin"));
    }
    // Any ELF file will do where no text is named.
    command.args(["--kernel", env!("CARGO_BIN_EXE_scc-trace"), "-o", "out.trace"]).args(more);
    let done = command.output().expect("cargo has built it");
    let report = folder.join("out.trace").exists().then(|| {
        let report =
            program().current_dir(&folder).args(["report", "out.trace"]).output().expect("as before");
        String::from_utf8(report.stdout).expect("a text")
    });
    std::fs::remove_dir_all(&folder).expect("it is there");
    (done.status.code(), String::from_utf8(done.stderr).expect("a text"), report)
}

/// A ring of four slots with six records, which are boot phases, behind a kilobyte of something else.
fn ring() -> Vec<u8> {
    let mut words = vec![0x5A5A_5A5A; 256];
    words.extend([u32::from_le_bytes(*b"SCCT"), 0x10_0002, 4, 6, 533_333, 100, 50, 0]);
    for number in [4, 5, 2, 3_u8] {
        let event = Event::BootPhase(BootPhase::from_number(number).expect("there are more phases"));
        let mut record = Stamped { cycles: u64::from(number) * 1_000, event }.encode();
        record[KIND_WORD] |= lap_bit(number.into(), 4);
        words.extend(record);
    }
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn dumped_rings_become_a_trace() {
    let (status, said, report) = dumped("good", &[&ring(), &ring()], &[]);
    let core = |core| format!("scc-trace: core {core}: 4 records, 2 older ones replaced, 0 incomplete\n");
    let next = "scc-trace: written to out.trace; `trace report` and the others read it\n";
    assert_eq!((status, said), (Some(0), [core(0), core(1), next.to_owned()].concat()));
    let report = report.expect("it was written");
    assert!(report.contains("2 cores, 8 records"), "{report}");
}

#[test]
fn wrong_dumps_are_refused_and_nothing_is_written() {
    for (name, dumps, more, status, expected) in [
        (
            "none",
            vec![vec![0; 64]],
            vec![],
            2,
            "core0.bin: no trace ring among 64 bytes\n  next: dump the memory",
        ),
        (
            "cut",
            vec![ring()[..1100].to_vec()],
            vec![],
            2,
            "core0.bin: it ends after 76 of the ring's 96 bytes",
        ),
        ("twice", vec![ring()], vec!["0=core0.bin"], 2, "core 0 is named twice"),
        ("form", vec![ring()], vec!["core0.bin"], 2, "expected CORE=FILE"),
        ("absent", vec![ring()], vec!["1=core1.bin"], 2, "cannot read core1.bin: "),
    ] {
        let dumps: Vec<&[u8]> = dumps.iter().map(Vec::as_slice).collect();
        let (ended, said, report) = dumped(name, &dumps, &more);
        assert_eq!((ended, report), (Some(status), None), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
    }
}
