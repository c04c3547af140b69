//! Lives of guests: paused, stopped and started again, kept and restored, by orders on the terminal.

use boot_tests::kernel::KernelBoard;
use boot_tests::kernel::guests::guest;
use guest_abi::terminal::Order;
use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::TerminalLink;
use scc_emu::{Limits, RunEnd};
use scc_image::GuestImage;

use crate::figure;
use crate::guest::expect_in_order;

/// Emulated time between two looks.
const STEP: Time = Time::from_microseconds(50);
/// Emulated time after which what has not come will not.
const PATIENCE: Time = Time::from_microseconds(200_000);

/// A core whose guests get orders.
struct Master {
    board: KernelBoard,
    link: TerminalLink,
}

impl Master {
    fn new(guests: &[GuestImage]) -> Self {
        let core = CoreId::new(21).expect("0 to 47");
        let board = KernelBoard::boot_with_guests([core], "selftest", guests);
        let link = board.terminal(core);
        Self { board, link }
    }

    fn text(&self) -> String {
        self.board.text(self.link.core())
    }

    /// Runs on; the answer says whether the core has anything left to do.
    fn step(&mut self) -> bool {
        let machine = self.board.machine_mut();
        let typed = self.link.pump(machine).expect("the page is memory of the core");
        let until = Some(machine.time() + STEP);
        typed || machine.run(&Limits { until, ..Limits::default() }) != RunEnd::AllStopped
    }

    /// Runs until the core has printed `text` as often as `times`, and whole lines.
    fn wait_for(&mut self, text: &str, times: usize) {
        let patience = self.board.machine().time() + PATIENCE;
        let mut goes_on = true;
        while self.text().matches(text).count() < times || !self.text().ends_with('\n') {
            let is_late = self.board.machine().time() >= patience;
            assert!(goes_on && !is_late, "no {text:?} {times} times in\n{}", self.text());
            goes_on = self.step();
        }
    }

    fn run_for(&mut self, microseconds: u64) {
        let until = self.board.machine().time() + Time::from_microseconds(microseconds);
        while self.board.machine().time() < until && self.step() {}
    }

    /// Gives an order about the first guest and waits for the kernel's line about it.
    fn order(&mut self, order: Order, said: &str) {
        let before = self.text().matches(said).count();
        self.link.order(order, 0);
        self.wait_for(said, before + 1);
    }

    /// The last number that `name` has printed behind `count `.
    fn count(&self, name: &str) -> u32 {
        let mark = format!("guest {name}: count ");
        let text = self.text();
        let last = text.rsplit(&mark).next().and_then(|rest| rest.split('\n').next());
        last.and_then(|number| number.trim().parse().ok()).unwrap_or_else(|| panic!("no {mark:?} in\n{text}"))
    }

    /// No frame was lost, and the kernel has nothing to complain about.
    fn check(&self) {
        let text = self.text();
        assert!(!text.contains("] error ") && !text.contains("] panic "), "{text}");
        for line in text.lines().filter(|line| line.contains("info guest: freed ")) {
            assert_eq!(figure(line, "frames"), figure(line, "held"), "{text}");
        }
    }
}

#[test]
fn paused_guest_stands_still_and_goes_on_where_it_was() {
    let mut master = Master::new(&[guest("counter")]);
    master.wait_for("guest counter: count 5\n", 1);
    master.order(Order::Pause, "info guest: paused name=counter");
    let before = master.count("counter");
    master.run_for(20_000);
    assert_eq!(master.count("counter"), before);
    master.order(Order::Resume, "info guest: resumed name=counter");
    master.wait_for(&format!("guest counter: count {}\n", before + 3), 1);
    master.check();
}

#[test]
fn guest_that_is_stopped_gives_back_what_it_had_and_starts_anew() {
    let mut master = Master::new(&[guest("counter")]);
    for life in 1..=3 {
        master.wait_for("guest counter: count 4\n", life);
        master.order(Order::Stop, "info guest: freed name=counter");
        let stopped = master.text();
        master.run_for(5_000);
        assert_eq!(master.text(), stopped);
        master.order(Order::Start, "info guest: started name=counter");
    }
    master.wait_for("guest counter: count 4\n", 4);
    master.order(Order::Stop, "info guest: freed name=counter");
    let text = master.text();
    let free: Vec<_> = text
        .lines()
        .filter(|line| line.contains("info guest: freed "))
        .map(|line| figure(line, "free") + figure(line, "heap"))
        .collect();
    assert_eq!(free.len(), 4, "{text}");
    assert!(free.iter().all(|frames| *frames == free[0]), "{text}");
    master.check();
}

#[test]
fn guest_goes_on_from_the_state_that_was_kept_as_often_as_it_is_restored() {
    let mut master = Master::new(&[guest("counter")]);
    master.wait_for("guest counter: count 5\n", 1);
    master.order(Order::Keep, "info guest: kept name=counter");
    let kept = master.count("counter");
    for life in 2..=3 {
        // In floating point and in pages of its own the guest checks that it has what belongs to its count.
        master.wait_for(&format!("guest counter: count {}\n", kept + 4), life - 1);
        master.order(Order::Restore, "from=its kept state");
        master.wait_for(&format!("guest counter: count {}\n", kept + 1), life);
    }
    // A guest that was stopped can go back, too.
    master.order(Order::Stop, "info guest: freed name=counter");
    master.order(Order::Restore, "from=its kept state");
    master.wait_for(&format!("guest counter: count {}\n", kept + 1), 4);
    assert!(!master.text().contains("count is not what it should be"), "{}", master.text());
    master.check();
}

#[test]
fn paused_guest_is_kept_and_orders_out_of_place_cost_a_line() {
    let mut master = Master::new(&[guest("counter")]);
    master.wait_for("guest counter: count 3\n", 1);
    for (order, name) in [(Order::Resume, "resume"), (Order::Start, "start"), (Order::Restore, "restore")] {
        master.order(order, &format!("warn guest: order={name} means nothing now name=counter"));
    }
    master.order(Order::Pause, "info guest: paused name=counter");
    master.order(Order::Keep, "info guest: kept name=counter");
    let kept = master.count("counter");
    master.order(Order::Pause, "warn guest: order=pause means nothing now name=counter");
    master.order(Order::Restore, "from=its kept state");
    master.wait_for(&format!("guest counter: count {}\n", kept + 2), 1);
    master.link.order(Order::Stop, 7);
    master.wait_for("warn guest: no stop for number=7", 1);
    master.check();
}

#[test]
fn state_that_was_kept_goes_with_the_guest() {
    let mut master = Master::new(&[guest("shell")]);
    master.link.attach(Some(0));
    master.order(Order::Keep, "info guest: kept name=shell");
    master.order(Order::Restore, "from=its kept state");
    master.link.send(b"poweroff\r");
    master.wait_for("info selftest: passed=5 failed=0 ", 1);
    let text = master.text();
    assert!(text.contains("info guest: ended name=shell by itself reason=power-off"), "{text}");
    let frames = master.board.line(master.link.core(), "info guest: all ended");
    assert_eq!(figure(&frames, "frames"), figure(&frames, "afterwards"), "{text}");
    master.check();
}

#[test]
fn text_for_a_paused_guest_holds_up_no_order() {
    let mut master = Master::new(&[guest("shell")]);
    master.link.attach(Some(0));
    master.link.send(b"quiet\r");
    master.order(Order::Pause, "info guest: paused name=shell");
    master.link.send(&[b'x'; 5_000]);
    master.order(Order::Resume, "info guest: resumed name=shell");
    master.order(Order::Stop, "info guest: ended name=shell by order");
    master.check();
}

#[test]
fn guests_of_a_core_have_equal_shares_and_a_paused_one_leaves_its_share_to_the_others() {
    let guests = ["one", "two", "three"].map(|name| GuestImage { name: name.to_owned(), ..guest("share") });
    let mut master = Master::new(&guests);
    let counts = |master: &mut Master, microseconds| {
        master.wait_for("guest three: spun ", 1);
        let spun = |text: &str, name: &str| text.matches(&format!("guest {name}: spun ")).count();
        let before = ["one", "two", "three"].map(|name| spun(&master.text(), name));
        master.run_for(microseconds);
        let text = master.text();
        let after = ["one", "two", "three"].map(|name| spun(&text, name));
        [0, 1, 2].map(|index| after[index] - before[index])
    };
    // A slice is 10 ms: three turns of three guests.
    let [one, two, three] = counts(&mut master, 180_000);
    let all = one + two + three;
    // A slice is an eighteenth of that, and each guest may have had one more.
    let slice = all / 18 + 2;
    assert!(all >= 90, "{one} {two} {three}");
    for (share, other) in [(one, two), (two, three), (three, one)] {
        assert!(share.abs_diff(other) <= slice, "{one} {two} {three}\n{}", master.text());
    }
    master.order(Order::Pause, "info guest: paused name=one");
    let [one, two, three] = counts(&mut master, 120_000);
    assert_eq!(one, 0);
    assert!(two.abs_diff(three) <= slice, "{two} {three}\n{}", master.text());
    // Two thirds of the time, and not two thirds of that.
    assert!((3 * (two + three)).abs_diff(2 * all) <= all / 2, "{two} {three} of {all}");
    expect_in_order(&master.text(), &["started name=one", "started name=two", "started name=three"]);
    master.check();
}
