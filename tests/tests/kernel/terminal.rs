//! The terminal: what is typed reaches the guest that it is attached to, and what that guest writes comes back as it is.

use boot_tests::kernel::guests::guest;
use boot_tests::kernel::{KernelBoard, pc};
use guest_abi::terminal::attach;
use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::TerminalLink;
use scc_emu::Limits;
use scc_image::GuestImage;
use trace_format::debug_exit::Ending;

/// Emulated time after which a guest that has not answered will not.
const PATIENCE: Time = Time::from_microseconds(100_000);
/// Emulated time between two looks.
const STEP: Time = Time::from_microseconds(50);

/// A core with guests, and its terminal.
struct Typist {
    board: KernelBoard,
    link: TerminalLink,
    heard: String,
}

impl Typist {
    fn new(guests: &[GuestImage]) -> Self {
        let core = CoreId::new(38).expect("0 to 47");
        let board = KernelBoard::boot_with_guests([core], "selftest", guests);
        let link = board.terminal(core);
        Self { board, link, heard: String::new() }
    }

    /// Runs until the guest has written `text`, and gives what it has written up to there.
    fn wait_for(&mut self, text: &str) -> String {
        let until = self.board.machine().time() + PATIENCE;
        loop {
            if let Some(at) = self.heard.find(text) {
                let rest = self.heard.split_off(at + text.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            assert!(self.board.machine().time() < until, "no {text:?} in {:?}\n{}", self.heard, self.log());
            let machine = self.board.machine_mut();
            self.link.pump(machine).expect("the page is memory of the core");
            let until = Some(machine.time() + STEP);
            machine.run(&Limits { until, ..Limits::default() });
            self.heard.push_str(&String::from_utf8_lossy(self.link.hear(machine)));
        }
    }

    fn log(&self) -> String {
        self.board.text(self.link.core())
    }

    /// Runs to the end of the core, and gives what it has printed.
    fn finish(mut self) -> String {
        self.link.pump(self.board.machine_mut()).expect("the page is memory of the core");
        self.board.run();
        self.log()
    }
}

#[test]
fn guest_answers_what_is_typed_and_powers_off() {
    let mut typist = Typist::new(&[guest("shell")]);
    typist.link.attach(Some(0));
    typist.link.send(b"echo two words\r");
    assert!(typist.wait_for("bare:$ echo two words\r\ntwo words\r\nbare:$ ").ends_with("words\r\nbare:$ "));
    typist.link.send(b"what?\recho $?x\x7F\r");
    typist.wait_for("what?: not found\r\nbare:$ echo $?x\x08 \x08\r\n127\r\nbare:$ ");
    typist.link.send(b"poweroff\r");
    let log = typist.finish();
    assert!(log.contains("ended name=shell by itself reason=power-off"), "{log}");
    assert!(log.contains("info selftest: passed=5 failed=0 "), "{log}");
}

#[test]
fn guest_of_a_pc_answers_what_came_before_the_kernel_listened() {
    let stream = [&attach(Some(0))[..], b"echo two words\rchecksum fox\rpoweroff\r"].concat();
    let (run, heard) =
        pc::boot_with_terminal(&[guest("shell")], &stream).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(run.ending, Some(Ending::Passed), "{}", run.text);
    assert!(run.text.contains("ended name=shell by itself reason=power-off"), "{}", run.text);
    let expected = "bare:$ echo two words\r\ntwo words\r\nbare:$ checksum fox\r\n";
    assert!(heard.starts_with(expected) && heard.ends_with("\r\nbare:$ poweroff\r\n"), "{heard:?}");
}

#[test]
fn terminal_belongs_to_the_guest_that_it_is_attached_to() {
    let first = guest("shell");
    let second = GuestImage { name: "second".to_owned(), ..first.clone() };
    let mut typist = Typist::new(&[first, second]);
    for (number, text) in [(1, "to the second"), (0, "to the first")] {
        typist.link.attach(Some(number));
        typist.link.send(format!("echo {text}\r").as_bytes());
        typist.wait_for(&format!("echo {text}\r\n{text}\r\nbare:$ "));
    }
    for number in [0, 1] {
        typist.link.attach(Some(number));
        typist.link.send(b"poweroff\r");
        typist.wait_for("poweroff\r\n");
    }
    let log = typist.finish();
    for name in ["shell", "second"] {
        assert!(log.contains(&format!("ended name={name} by itself reason=power-off")), "{log}");
    }
}

#[test]
fn text_longer_than_all_queues_arrives_whole() {
    let mut typist = Typist::new(&[guest("shell")]);
    typist.link.attach(Some(0));
    typist.link.send(b"quiet\r");
    let words = "0123456789".repeat(20);
    for _ in 0..30 {
        typist.link.send(format!("echo {words}\r").as_bytes());
    }
    typist.link.send(b"poweroff\r");
    for _ in 0..30 {
        typist.wait_for(&format!("{words}\r\n"));
    }
    typist.finish();
}

#[test]
fn guest_that_writes_without_end_does_not_flood_the_core_s_console() {
    let mut typist = Typist::new(&[guest("shell")]);
    typist.link.attach(Some(0));
    typist.link.send(b"quiet\r");
    typist.wait_for("quiet\r\n");
    // The guest has these lines before the terminal is taken from it.
    typist.link.send(b"lines 700\rpoweroff\r");
    typist.link.attach(None);
    let log = typist.finish();
    let printed = log.lines().filter(|line| line.contains("guest shell: line ")).count();
    assert!((500..690).contains(&printed), "{printed} lines\n{log}");
    assert!(log.contains(" lines left out\n"), "{log}");
}
