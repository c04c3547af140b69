//! Services on the emulated board: placed, measured, asked after, and a store that survives the loss of a core.

use boot_tests::kernel::KernelBoard;
use scc::id::CoreId;
use service::testing::history::{Action, Operation, check};

use crate::figure;

fn core(number: u8) -> CoreId {
    CoreId::new(number).expect("0 to 47")
}

fn boot(cores: std::ops::Range<u8>, words: &str) -> KernelBoard {
    let range = format!("cores={}-{} ", cores.start, cores.end - 1);
    let mut board = KernelBoard::boot(cores.map(core), &(range + words));
    board.run();
    board
}

#[test]
fn echo_is_measured_and_survey_counts_its_answers() {
    let board = boot(0..3, "services=stats,echo@1-2,ping@0,survey@2");
    for (to, hops) in [(1, 0), (2, 1)] {
        let line = board.line(core(0), &format!("info ping: to={to} hops={hops} "));
        assert!(
            0 < figure(&line, "shortest") && figure(&line, "shortest") <= figure(&line, "median"),
            "{line}"
        );
    }
    assert_eq!(board.line(core(0), "info ping: done"), "info ping: done answered=2 unanswered=0");
    let echo = board.line(core(2), "info survey: core=1 name=echo");
    assert!(echo.starts_with("info survey: core=1 name=echo state=running starts=1 failures=0 "), "{echo}");
    // One call to see whether it is there, eight to measure.
    assert_eq!(figure(&echo, "answered"), 9, "{echo}");
    let ping = board.line(core(2), "info survey: core=0 name=ping");
    assert_eq!(
        ping,
        "info survey: core=0 name=ping state=finished starts=1 failures=0 answered=2 unanswered=0"
    );
}

#[test]
fn cores_print_on_one_console_and_get_what_is_typed_there() {
    let range = "cores=0-2 services=console@0,talk@1-2";
    let mut board = KernelBoard::boot([0, 1, 2].map(core), range);
    let is_there =
        |board: &KernelBoard, number| board.text(core(0)).contains(&format!("console 0{number}: talk: here"));
    board.run_until(|board| is_there(board, 1) && is_there(board, 2));
    let mut terminal = board.terminal(core(0));
    terminal.send(b"helo\x7Flo\rbye\rbye\r");
    assert_eq!(terminal.pump(board.machine_mut()), Ok(true));
    board.run();
    let text = board.text(core(0));
    for (what, count) in [("talk: hello", 1), ("talk: bye", 2), ("lines lost", 0)] {
        assert_eq!(text.matches(what).count(), count, "{what} in\n{text}");
    }
    for number in [1, 2] {
        assert_eq!(text.matches(&format!("console 0{number}: talk: bye")).count(), 1, "{text}");
        assert!(!board.text(core(number)).contains("talk"), "{}", board.text(core(number)));
    }
    let shown = String::from_utf8_lossy(terminal.hear(board.machine())).into_owned();
    assert_eq!(shown, "helo\x08 \x08lo\r\nbye\r\nbye\r\n");
}

#[test]
fn words_that_place_no_service_are_reported_and_none_runs() {
    let board = boot(4..5, "services=ecco@4 log=debug");
    let line = board.line(core(4), "error service:");
    assert_eq!(line, "error service: none started: no service, or no cores, in \"ecco@4\"");
    assert!(!board.text(core(4)).contains("started name="), "{}", board.text(core(4)));
}

/// An operation as `load` prints it; `None` for any other line.
fn operation(line: &str) -> Option<Operation> {
    let words = line.split_once(" load: key=")?.1;
    let line = format!("key={words}");
    let value = |key| u32::try_from(figure(&line, key)).expect("values have 32 bits");
    let returned = line.contains(" returned=").then(|| figure(&line, "returned"));
    let action = if line.contains(" write=") {
        Action::Write(value("write"))
    } else {
        // Nothing was ever written with 0.
        Action::Read(Some(value("read")).filter(|value| *value != 0))
    };
    let key = u16::try_from(figure(&line, "key")).expect("a small number");
    Some(Operation { key, action, called: figure(&line.replace(':', ""), "called"), returned })
}

/// Two cores read and write a store on cores 0 to 2 while `words` happen to it; what they printed is linearizable.
/// Returns how many of their 80 operations finished.
fn history_of_a_store(words: &str) -> (KernelBoard, usize) {
    let board = boot(0..6, &format!("services=kv@0-2,load@3-4 {words}"));
    let texts = [3, 4].map(|number| board.text(core(number)));
    let history: Vec<_> = texts.iter().flat_map(|text| text.lines().filter_map(operation)).collect();
    assert_eq!(history.len(), 80, "{texts:?}");
    check(&history).unwrap_or_else(|violation| panic!("{violation}"));
    let finished = history.iter().filter(|operation| operation.returned.is_some()).count();
    (board, finished)
}

#[test]
fn store_survives_a_core_that_is_reset_and_takes_it_back() {
    let (board, finished) = history_of_a_store("restart=1@5");
    assert_eq!(board.line(core(5), "info boot: started"), "info boot: started core=1");
    assert_eq!(finished, 80);
    let text = board.text(core(1));
    let ready: Vec<_> = text.lines().filter(|line| line.contains("info kv: ready")).collect();
    assert_eq!(ready.len(), 2, "once in each life: {text}");
    assert!(ready[0].ends_with(" keys=0") && ready[1].ends_with(" keys=3"), "{text}");
}

#[test]
fn store_survives_a_core_that_stays_in_reset() {
    let (board, finished) = history_of_a_store("stop=0@5");
    assert_eq!(board.line(core(5), "info boot: stopped"), "info boot: stopped core=0");
    assert_eq!(finished, 80);
}
