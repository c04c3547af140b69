//! Guests of the kernel: what they print, how they end, and that the core is as before afterwards.
//!
//! The same guests on the board, strict, and on a PC.

use boot_tests::kernel::guests::{file, guest};
use boot_tests::kernel::{KernelBoard, pc};
use scc::id::CoreId;
use scc_image::GuestImage;
use trace_format::debug_exit::Ending;

use crate::figure;

/// Boots a core of the board with `guests`, waits until it has passed its self-test behind them, and returns what it said.
pub(crate) fn on_board(guests: &[GuestImage]) -> String {
    let core = CoreId::new(13).expect("0 to 47");
    let mut board = KernelBoard::boot_with_guests([core], "selftest", guests);
    board.run();
    let line = board.line(core, "info selftest:");
    assert!(line.starts_with("info selftest: passed=5 failed=0 "), "{line}\n{}", board.text(core));
    let frames = board.line(core, "info guest: all ended");
    assert_eq!(figure(&frames, "frames"), figure(&frames, "afterwards"), "{}", board.text(core));
    board.text(core)
}

/// The same on a PC.
pub(crate) fn on_pc(guests: &[GuestImage]) -> String {
    let run = pc::boot_with_guests("selftest", guests).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(run.ending, Some(Ending::Passed), "{}", run.text);
    let frames = run.text.lines().find(|line| line.contains("info guest: all ended"));
    let frames = frames.unwrap_or_else(|| panic!("{}", run.text));
    assert_eq!(figure(frames, "frames"), figure(frames, "afterwards"), "{}", run.text);
    run.text
}

pub(crate) fn expect(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
}

#[test]
fn smallest_guest_prints_its_line_and_powers_off() {
    let guests = [guest("hello")];
    for text in [on_board(&guests), on_pc(&guests)] {
        expect(
            &text,
            &[
                "info guest: started name=hello memory=4096K",
                "guest hello: hello from ring 1 with 4 MB of memory",
                "info guest: ended name=hello by itself reason=power-off detail=0x0",
            ],
        );
    }
}

/// Checks that the lines come in this order.
pub(crate) fn expect_in_order(text: &str, lines: &[&str]) {
    let mut rest = text;
    for line in lines {
        let at = rest.find(line).unwrap_or_else(|| panic!("no {line:?} (in this order) in\n{text}"));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn guest_is_woken_by_its_timer() {
    let guests = [guest("timer")];
    for text in [on_board(&guests), on_pc(&guests)] {
        let ticks =
            ["guest timer: tick 1 after ", "guest timer: tick 2 after ", "guest timer: tick 3 after "];
        expect_in_order(&text, &ticks);
        expect(&text, &["info guest: ended name=timer by itself reason=power-off"]);
    }
    expect(&on_board(&guests), &["tick 1 after 1 ms", "tick 2 after 2 ms", "tick 3 after 3 ms"]);
}

#[test]
fn alarm_on_the_way_into_a_guest_is_not_overlooked() {
    let guests = [guest("alarms")];
    for text in [on_board(&guests), on_pc(&guests)] {
        expect(&text, &["guest alarms: 1000 timers of 0 to 10989 ns, all came"]);
    }
}

#[test]
fn guest_handles_its_own_exceptions() {
    let guests = [guest("faults")];
    for text in [on_board(&guests), on_pc(&guests)] {
        expect_in_order(
            &text,
            &[
                "guest faults: vector 0 error 0x0\n",
                "guest faults: vector 6 error 0x0\n",
                "guest faults: vector 13 error 0x402\n",
                "guest faults: vector 14 error 0x3 address 0xf0001000\n",
                "guest faults: done\n",
                "info guest: ended name=faults by itself reason=power-off",
            ],
        );
    }
}

#[test]
fn guest_has_page_tables_and_address_spaces_of_its_own() {
    let guests = [guest("paging")];
    for text in [on_board(&guests), on_pc(&guests)] {
        expect_in_order(
            &text,
            &[
                "guest paging: one page, two frames: 1 then 2",
                "guest paging: two address spaces: 1 and 2, and 1 again",
                "guest paging: page that is not there: vector 14 error 0x2 address 0x900000",
                "guest paging: page of 4 MB: 2",
                "guest paging: accessed and dirty: 0x63",
                "info guest: ended name=paging by itself reason=power-off",
            ],
        );
    }
}

#[test]
fn guest_with_the_note_starts_as_linux_does() {
    let (files, command_line) = (b"files".to_vec(), "quiet panic=-1".to_owned());
    let guests = [GuestImage { files, command_line, ..guest("like-linux") }];
    // Cores of the board have others to form a group with.
    for (text, features) in [(on_board(&guests), "0x1f"), (on_pc(&guests), "0xf")] {
        expect_in_order(
            &text,
            &[
                "guest like-linux: ring 1, code 0x11, data 0x19, magic HdrS, subarchitecture 0x5cc0",
                "guest like-linux: command line: quiet panic=-1",
                "guest like-linux: initial files: 5 bytes",
                &format!("guest like-linux: shared page: features {features}"),
                "info guest: ended name=like-linux by itself reason=power-off",
            ],
        );
    }
}

/// The kernel makes its page tables behind the list of guests, wherever that ends.
#[test]
fn files_of_a_guest_may_be_longer_than_what_is_mapped_at_the_start() {
    for bytes in [4 << 20, 6 << 20] {
        let mut image = GuestImage { files: vec![7; bytes], ..guest("like-linux") };
        image.room.memory_bytes = 16 << 20;
        let guests = [image];
        for text in [on_board(&guests), on_pc(&guests)] {
            expect(&text, &[&format!("guest like-linux: initial files: {bytes} bytes")]);
        }
    }
}

#[test]
fn what_no_guest_may_is_refused_and_the_guest_goes_on() {
    let guests = [guest("hostile")];
    for text in [on_board(&guests), on_pc(&guests)] {
        expect_in_order(
            &text,
            &[
                "guest hostile: 117 attempts, all refused",
                "info guest: ended name=hostile by itself reason=power-off",
            ],
        );
    }
}

/// What ends a guest: its number among `hostile`'s fatal attacks, and how the line about its end goes on.
const FATAL: [(u32, &str); 6] = [
    (1, "exception vector=6 error=0x0 eip=0x0010"),
    (2, "vector=6 eip=0x0010"),
    (3, "guest-physical 0x7ffff000 is no memory of the guest address=0x7ffffffc eip=0x0010"),
    (4, "page table: 4 bytes at guest-physical 0x7ffff000 are not memory of the guest address=0x0010"),
    (5, "vector=6 eip=0x0010"),
    (6, "guest-physical 0x80000000 is no memory of the guest address=0x80000000 eip=0x80000000"),
];

#[test]
fn what_ends_a_guest_ends_that_guest_only() {
    let image = guest("hostile");
    let mut guests = vec![];
    for (number, _) in FATAL {
        let memory_bytes = image.room.memory_bytes + 4096 * number;
        guests.push(GuestImage::new(format!("bad-{number}"), image.bytes.clone(), memory_bytes));
    }
    guests.push(guest("hello"));
    for text in [on_board(&guests), on_pc(&guests)] {
        for (number, end) in FATAL {
            expect_in_order(
                &text,
                &[
                    &format!("guest bad-{number}: tries "),
                    &format!("info guest: ended name=bad-{number} {end}"),
                ],
            );
        }
        expect(&text, &["guest hello: hello from ring 1 with 4 MB of memory"]);
        assert!(!text.contains("goes on after"), "{text}");
    }
}

#[test]
fn spinning_guest_keeps_neither_services_nor_other_guests_waiting() {
    let guests = [guest("busy"), guest("timer")];
    let text = on_board(&guests);
    expect_in_order(
        &text,
        &[
            "info guest: started name=busy",
            "guest timer: tick 1 after ",
            "guest timer: tick 3 after ",
            "guest busy: spun for 20 ms",
        ],
    );
    let core = CoreId::new(0).expect("0 to 47");
    let mut board = KernelBoard::boot_trials_with_guests([core], "selftest measure=guests", &guests[..1]);
    board.run();
    let late = board.line(core, "name=sleep-beside-guests");
    assert_eq!(figure(&late, "count"), 64, "{late}");
    // One way out of the guest, and at most a page that is cleared for it: not a slice of 10 ms, or 5,330,000 cycles.
    assert!(figure(&late, "median") < 2_500, "{late}");
    assert!(figure(&late, "most") < 40_000, "{late}");
}

#[test]
fn hypercall_that_does_nothing_keeps_its_budget() {
    let text = on_board(&[guest("figures")]);
    let line = |name: &str| {
        let mark = format!("figure name={name} ");
        text.lines().find(|line| line.contains(&mark)).unwrap_or_else(|| panic!("no {mark:?} in\n{text}"))
    };
    let taken = figure(line("call"), "median") - figure(line("clock"), "median");
    assert!((100..=400).contains(&taken), "{taken} cycles");
}

#[test]
fn bad_image_costs_its_guest_only() {
    let mut cut_off = guest("hello");
    cut_off.name = "cut-off".to_owned();
    cut_off.bytes.truncate(60);
    let mut greedy = guest("hello");
    greedy.name = "greedy".to_owned();
    greedy.room.memory_bytes = 3 << 30;
    let guests = [file("text", b"this is no program"), cut_off, greedy, guest("hello")];
    for text in [on_board(&guests), on_pc(&guests)] {
        expect(
            &text,
            &[
                "error guest: not started name=text: image: ",
                "error guest: not started name=cut-off: image: ",
                "error guest: not started name=greedy: 786432 frames of memory, but ",
                "guest hello: hello from ring 1 with 4 MB of memory",
            ],
        );
    }
}
