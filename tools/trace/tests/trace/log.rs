//! Lines of the log, put together from records.

use scc_trace::export::{chrome, csv};
use scc_trace::report::Figures;
use scc_trace::{Item, Trace, html, walk};
use trace_format::phase::BootPhase;
use trace_format::record::{Event, LOG_BYTES, Severity, pieces_of};

fn lines_of(trace: &Trace) -> Vec<(String, u64)> {
    let mut lines = Vec::new();
    walk(trace, |_, _, item| {
        if let Item::Log(line, at) = item {
            lines.push((line.to_string(), at.cycles));
        }
    });
    lines
}

/// A core that writes lines at 10, 20, ...; each record takes a cycle, and a handler comes behind the first of each line.
fn written(lines: &[(Severity, &str)]) -> Trace {
    let mut records = vec![(1, Event::BootPhase(BootPhase::Reset))];
    for (start, (severity, line)) in (10..).step_by(10).zip(lines) {
        for (at, piece) in (start..).zip(pieces_of(*severity, line.as_bytes())) {
            records.push((at, Event::Log(piece)));
            if piece.is_first {
                records.push((at, Event::IrqEnter { vector: 0x40, eip: 0 }));
                records.push((at, Event::IrqExit(0x40)));
            }
        }
    }
    records.push((99, Event::Idle));
    super::made_of(&[records])
}

#[test]
fn lines_of_every_length_are_told_once_when_their_last_piece_is_there() {
    let long = "é".repeat(LOG_BYTES);
    let trace = written(&[
        (Severity::Info, "guest: paused name=a"),
        (Severity::Error, ""),
        (Severity::Warning, "exactly8"),
        (Severity::Debug, &long),
    ]);
    let kept = format!("debug {}\u{FFFD}…", "é".repeat(31));
    let expected =
        [("info guest: paused name=a", 12), ("error ", 20), ("warn exactly8", 31), (kept.as_str(), 47)];
    assert_eq!(lines_of(&trace), expected.map(|(line, at)| (line.to_owned(), at)));
    assert_eq!(Figures::of(&trace).cores[0].log_lines, 4);
}

#[test]
fn line_without_its_beginning_is_not_told() {
    let pieces: Vec<_> = pieces_of(Severity::Info, b"twelve bytes and more").collect();
    let records =
        pieces[1..].iter().zip(10..).map(|(piece, at)| (at, Event::Log(*piece))).collect::<Vec<_>>();
    assert_eq!(lines_of(&super::made_of(&[records])), []);
}

#[test]
fn exports_and_the_page_show_lines() {
    let trace = written(&[(Severity::Warning, "guest: lost")]);
    let mut table = Vec::new();
    csv::write(&trace, &mut table).unwrap();
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains("0,0,log,warn guest: lost,11000,,11,"), "{table}");
    let mut events = Vec::new();
    chrome::write(&trace, &mut events).unwrap();
    assert!(String::from_utf8(events).unwrap().contains("warn guest: lost"));
    let mut page = Vec::new();
    html::write(&trace, &[], &mut page).unwrap();
    assert!(String::from_utf8(page).unwrap().contains("warn guest: lost"));
}
