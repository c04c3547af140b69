//! The page, as its user sees it: a real browser, real clicks.
//!
//! Off where no `chromium` is installed.

mod browser;
#[path = "../trace/synthetic.rs"]
mod synthetic;

use std::io::{BufWriter, Cursor};
use std::path::Path;

use browser::Browser;
use scc_trace::{html, read_bytes};
use serde_json::json;

const CORES: u8 = 6;
const ROUNDS: u64 = 200;

/// Writes the page of the synthetic chip.
fn page(file: &Path) {
    let mut bytes = Cursor::new(Vec::new());
    synthetic::write(&mut bytes, CORES, ROUNDS, Some((2, 50))).expect("memory is written without fail");
    let trace = read_bytes(&bytes.into_inner(), false, |_, _| {}).expect("the file is whole");
    let mut out = BufWriter::new(std::fs::File::create(file).expect("the folder of tests is writable"));
    html::write(&trace, &mut out).expect("the file is written");
    out.into_inner().expect("the file is written");
}

/// The span of time that is seen, in nanoseconds.
fn seen(browser: &mut Browser) -> (f64, f64) {
    let seen = browser.evaluate("[Number(document.body.dataset.from), Number(document.body.dataset.to)]");
    (seen[0].as_f64().expect("a number"), seen[1].as_f64().expect("a number"))
}

#[test]
fn timeline_is_zoomed_moved_and_searched() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&folder).expect("the folder of tests is writable");
    let file = folder.join("page.html");
    page(&file);
    let Some(mut browser) = Browser::open(&file, &folder.join("profile")) else {
        eprintln!("the page is not tested: no chromium is installed");
        return;
    };
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
