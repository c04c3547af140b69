//! The page, as its user sees it: a real browser, real clicks.
//!
//! Off where no `chromium` is installed.

mod browser;
#[path = "../trace/synthetic.rs"]
mod synthetic;

use std::io::{BufWriter, Cursor};
use std::path::Path;

use browser::Browser;
use scc::id::CoreId;
use scc_trace::why::{Link, Question, explain};
use scc_trace::{Trace, html, read_bytes};
use serde_json::json;

const CORES: u8 = 6;
const ROUNDS: u64 = 200;

/// What a few synthetic cores did.
fn trace() -> Trace {
    traced(CORES, ROUNDS, Some((2, 50)))
}

fn traced(cores: u8, rounds: u64, lose: Option<(u8, u64)>) -> Trace {
    let mut bytes = Cursor::new(Vec::new());
    synthetic::write(&mut bytes, cores, rounds, lose).expect("memory is written without fail");
    read_bytes(&bytes.into_inner(), false, |_, _| {}).expect("the file is whole")
}

/// Opens the page of a trace with a chain of causes; `None` where no Chromium is installed.
fn open(name: &str, trace: &Trace, chain: &[Link]) -> Option<Browser> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the folder of tests is writable");
    let file = folder.join("page.html");
    let mut out = BufWriter::new(std::fs::File::create(&file).expect("the folder of tests is writable"));
    html::write(trace, chain, &mut out).expect("the file is written");
    out.into_inner().expect("the file is written");
    let browser = Browser::open(&file, &folder.join("profile"));
    if browser.is_none() {
        eprintln!("the page is not tested: no chromium is installed");
    }
    browser
}

/// The span of time that is seen, in nanoseconds.
fn seen(browser: &mut Browser) -> (f64, f64) {
    let seen = browser.evaluate("[Number(document.body.dataset.from), Number(document.body.dataset.to)]");
    (seen[0].as_f64().expect("a number"), seen[1].as_f64().expect("a number"))
}

#[test]
fn timeline_is_zoomed_moved_and_searched() {
    let Some(mut browser) = open("page", &trace(), &[]) else { return };
    assert_eq!(browser.evaluate("document.getElementById('chain').hidden"), json!(true));
    let (from, to) = seen(&mut browser);
    assert!(from == 0.0 && to > 7_500_000.0, "all rounds are seen: {from} to {to}");
    assert_eq!(browser.evaluate("document.getElementById('cores').tBodies[0].rows.length"), json!(CORES));
    let status = browser.evaluate("document.getElementById('status').textContent");
    let status = status.as_str().expect("a text").to_owned();
    assert!(status.contains("9 records were lost"), "{status}");

    // The canvas shows something else than one colour in every core's row.
    let colours = browser.evaluate(
        "rows.map((row, at) => new Set(Array.from({length: 400}, (_, n) => \
         context.getImageData((60 + n * 2) * devicePixelRatio, (y(at) + layout.row / 2) * devicePixelRatio, 1, 1).data.join())).size)",
    );
    for colours in colours.as_array().expect("a list") {
        assert!(colours.as_u64() > Some(2), "{colours:?}");
    }

    browser.wheel(500.0, 300.0, -600.0);
    let (zoomed_from, zoomed_to) = seen(&mut browser);
    assert!(zoomed_from > from && zoomed_to < to, "{zoomed_from} to {zoomed_to}");
    browser.drag((500.0, 300.0), (300.0, 300.0));
    let (moved, _) = seen(&mut browser);
    assert!(moved > zoomed_from, "{moved}");
    browser.press("f");
    assert_eq!(seen(&mut browser), (from, to));

    let (x, y) = browser.place_of("#search");
    browser.click(x, y);
    browser.type_text("work");
    // Two polls of `work` in every round of every core, of which one is lost with its beginning, and its spawns.
    let found = u64::from(CORES) * ROUNDS * 2 - 1 + u64::from(CORES);
    assert_eq!(browser.evaluate("Number(document.body.dataset.matches)"), json!(found));
    let names = browser
        .evaluate("[...document.querySelectorAll('#tasks tbody td.text')].map((cell) => cell.textContent)");
    assert_eq!(names, json!(vec!["work"; usize::from(CORES)]));
    let (x, y) = browser.place_of("#next");
    browser.click(x, y);
    let text = browser.evaluate("document.getElementById('matches').textContent.replaceAll('\\u202f', '')");
    assert_eq!(text, json!(format!("1 of {found}")));
    let (first, last) = seen(&mut browser);
    assert!(last - first < 1_000_000.0, "the match is zoomed to: {first} to {last}");

    // The match lies in the middle of its row.
    let row = browser.evaluate("y(matches[match][1]) + layout.row / 2 + canvas.getBoundingClientRect().top");
    let middle = browser
        .evaluate("x(matches[match][0] + matches[match][2] / 2) + canvas.getBoundingClientRect().left");
    browser.point(middle.as_f64().expect("a number"), row.as_f64().expect("a number"));
    let tip = browser
        .evaluate("document.getElementById('tip').hidden ? '' : document.getElementById('tip').innerText");
    let tip = tip.as_str().expect("a text").to_owned();
    assert!(tip.contains("work") && tip.contains("cycles"), "{tip}");

    let (x, y) = browser.place_of("#tasks tbody tr");
    browser.click(x, y);
    assert_eq!(browser.evaluate("document.body.dataset.chosen"), json!("work"));
    let dark = "document.documentElement.classList.contains('dark')";
    let before = browser.evaluate(dark);
    let (x, y) = browser.place_of("#theme");
    browser.click(x, y);
    assert_ne!(browser.evaluate(dark), before);
    assert_eq!(browser.errors(), [""; 0]);
}

/// 48 cores with 18 records a round: ten million records.
const MANY_ROUNDS: u64 = 11_575;

#[test]
fn ten_million_records_are_zoomed_into_and_searched() {
    let trace = traced(48, MANY_ROUNDS, None);
    let records: usize = trace.lives().iter().map(scc_trace::Life::records).sum();
    assert!(records > 10_000_000, "{records} records");
    let Some(mut browser) = open("large", &trace, &[]) else { return };
    drop(trace);
    let (from, to) = seen(&mut browser);
    let whole = to - from;
    assert!(whole > 400_000_000.0, "all rounds are seen: {from} to {to}");
    // The wheel zooms to where the pointer is, down to polls that are drawn one by one.
    for _ in 0..40 {
        browser.wheel(700.0, 300.0, -300.0);
    }
    let (first, last) = seen(&mut browser);
    assert!(last - first < whole / 1_000.0, "{first} to {last}");
    browser.press("f");
    assert_eq!(seen(&mut browser), (from, to));

    let (x, y) = browser.place_of("#search");
    browser.click(x, y);
    browser.type_text("work");
    let found = 48 * MANY_ROUNDS * 2 + 48;
    assert_eq!(browser.evaluate("Number(document.body.dataset.matches)"), json!(found));
    let (x, y) = browser.place_of("#next");
    browser.click(x, y);
    let (first, last) = seen(&mut browser);
    assert!(last - first < 1_000_000.0, "the match is zoomed to: {first} to {last}");
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn chain_of_causes_is_listed_drawn_and_led_through() {
    let trace = trace();
    // A poll of core 2 in the sixth round, which `mail` has woken after it had read a letter of core 1.
    let at = Some(2_000_000 + (6 * synthetic::ROUND + 600) * 1_875);
    let question = Question { task: Some("work".to_owned()), core: CoreId::new(2), at };
    let chain = explain(&trace, &question).expect("there is a task of that name");
    let Some(mut browser) = open("chain", &trace, &chain) else { return };
    let links = browser.evaluate("document.querySelectorAll('#links li').length");
    assert_eq!(links, json!(chain.len()));
    assert!(chain.len() > 2, "{chain:?}");
    let words = browser.evaluate("document.querySelector('#links li').innerText");
    assert!(words.as_str().is_some_and(|words| words.contains(&chain[0].cause)), "{words}");

    let (x, y) = browser.place_of("#links li:nth-child(2)");
    browser.click(x, y);
    assert_eq!(browser.evaluate("document.body.dataset.link"), json!("1"));
    let (from, to) = seen(&mut browser);
    let poll = browser.evaluate("[head.chain[1].woken, head.chain[1].to]");
    let (woken, end) = (poll[0].as_f64().expect("a number"), poll[1].as_f64().expect("a number"));
    assert!(from < woken && end < to && to - from < 100_000.0, "{from} to {to} shows {woken} to {end}");

    // The frame round its poll has the colour of the chain.
    let is_framed = "(() => { const one = head.chain[1], at = rowOfCore.get(one.core), ratio = devicePixelRatio;
        const pixel = context.getImageData(x((one.from + one.to) / 2) * ratio, (y(at) + 1) * ratio, 1, 1).data;
        context.fillStyle = css('--chain');
        const hex = '#' + [...pixel].slice(0, 3).map((n) => n.toString(16).padStart(2, '0')).join('');
        return hex === context.fillStyle; })()";
    assert_eq!(browser.evaluate(is_framed), json!(true));
    assert_eq!(browser.errors(), [""; 0]);
}
