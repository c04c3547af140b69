//! Board files: the same run from a file, with paths relative to it, and the line's options on top.

use super::{Workshop, looping, printing};

const BOARD: &str = r#"
memory = 16
model = "fast"
timing = "flat"
release = "0-1"
until = ["second core", "never"]
dump = ["1:0xfffff800:6=dump.bin"]
console-dir = "consoles"
io-log = "ports.txt"
stats = "stats.json"
setup = [
    { load = "first.bin@0xfffff000#0" },
    { load = "second.bin@0xfffff000#1" },
]
"#;

#[test]
fn a_board_file_holds_a_whole_run() {
    let workshop = Workshop::new("board");
    workshop.write("boards/two.toml", BOARD);
    workshop.write("boards/first.bin", looping());
    workshop.write("boards/second.bin", printing("second core\n"));
    let ended = workshop.run("run --board boards/two.toml");
    assert_eq!((ended.status, ended.out.as_str()), (Some(0), "core 01 | second core\n"), "{}", ended.notes);
    assert_eq!(workshop.read("boards/dump.bin"), "second");
    // The run ends with the text, which is before the end of the line.
    assert!(workshop.read("boards/consoles/core-01.txt").starts_with("second core"));
    assert!(workshop.read("boards/ports.txt").contains(" 01 0x03f8 1 out 0x73\n"));
    assert!(workshop.read("boards/stats.json").starts_with('{'));
    let ended = workshop.run("run --board boards/two.toml --release 0 --cycles 1000");
    assert_eq!(ended.status, Some(3), "{}", ended.notes);
}

#[test]
fn a_wrong_board_file_is_a_usage_error() {
    let workshop = Workshop::new("wrong_board");
    workshop.write("board.toml", "memory = 32\nmodel = \"quick\"\n");
    let ended = workshop.run("run --board board.toml");
    assert_eq!(ended.status, Some(2));
    assert!(ended.notes.contains("board.toml") && ended.notes.contains("line 2"), "{}", ended.notes);
    assert!(ended.notes.contains("`strict` or `fast`"), "{}", ended.notes);
}
