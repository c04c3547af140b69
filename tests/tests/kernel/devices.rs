//! Virtual devices under guests: drivers by others (crate virtio-drivers) in guests, on the board, strict, and on a PC.

use boot_tests::kernel::KernelBoard;
use boot_tests::kernel::guests::guest;
use scc::id::CoreId;
use scc::timing::Time;
use scc_image::{GuestImage, LentDisk};

use crate::figure;
use crate::guest::{expect, expect_in_order, on_board, on_pc};

/// The guest `disk` with a scratch disk of 64 KB and an image of four sectors and a half.
fn disk() -> GuestImage {
    let mut image = guest("disk");
    image.room.scratch_bytes = 64 << 10;
    image.disk =
        (0..4 * 512 + 256_u32).map(|index| index.to_le_bytes()[0] ^ index.to_le_bytes()[1]).collect();
    image
}

/// The sum that the guest prints.
fn sum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum: u32, byte| sum.rotate_left(1).wrapping_add((*byte).into()))
}

#[test]
fn disks_keep_what_is_written_and_refuse_what_cannot_be() {
    let guests = [disk()];
    let image = format!(
        "guest disk: image: 4 sectors, read-only, 4 read, sum {:#010x}",
        sum(&guests[0].disk[..2048])
    );
    for text in [on_board(&guests), on_pc(&guests)] {
        expect_in_order(
            &text,
            &[
                "guest disk: scratch: 128 sectors, written and read back, sum 0x",
                "guest disk: scratch: beyond its end: IoError",
                "guest disk: scratch: 16 sectors read while waiting for interrupts, 8 of them",
                &image,
                "guest disk: image: written: IoError",
                "info guest: ended name=disk by itself reason=power-off",
            ],
        );
    }
}

/// Emulated time for a survey that asks a core that is lost: a second, as for one that starts late.
const STARTING: Time = Time::from_microseconds(1_500_000);

/// The guest `disk` on core 23, without disks of its own, while core 4 lends one with these contents and `words` happen.
fn borrow_disk(contents: Vec<u8>, words: &str) -> KernelBoard {
    let [lender, borrower] = [4, 23].map(|number| CoreId::new(number).expect("0 to 47"));
    let guests = [guest("disk")];
    let words = format!("cores=4-5+23 services=block@4,stats,survey@5 {words}");
    let cores = [lender, CoreId::new(5).expect("0 to 47"), borrower];
    let lent = LentDisk { core: lender, contents };
    let board = KernelBoard::boot_with_lent_disk(cores, &words, &guests, borrower, lent);
    let mut board = board.with_patience(STARTING);
    board.run();
    let text = board.text(borrower);
    expect(&text, &["info guest: ended name=disk by itself reason=power-off"]);
    let frames = board.line(borrower, "info guest: all ended");
    assert_eq!(figure(&frames, "frames"), figure(&frames, "afterwards"), "{text}");
    board
}

#[test]
fn disk_of_another_core_is_read_as_if_it_were_here() {
    let contents = disk().disk;
    let board = borrow_disk(contents.clone(), "");
    let sum = sum(&contents[..2048]);
    expect_in_order(
        &board.text(CoreId::new(23).expect("0 to 47")),
        &[
            "info guest: borrows disk name=disk core=4 sectors=4",
            &format!("guest disk: image: 4 sectors, read-only, 4 read, sum {sum:#010x}"),
            "guest disk: image: written: IoError",
        ],
    );
    let survey = board.line(CoreId::new(5).expect("0 to 47"), "info survey: core=4 name=block");
    assert_eq!((figure(&survey, "read"), figure(&survey, "written")), (4, 0), "{survey}");
}

#[test]
fn core_without_an_image_lends_memory_that_can_be_written() {
    let board = borrow_disk(Vec::new(), "");
    expect_in_order(
        &board.text(CoreId::new(23).expect("0 to 47")),
        &[
            "info guest: borrows disk name=disk core=4 sectors=8192",
            "guest disk: image: 8192 sectors, writable, 256 read, sum 0x00000000",
            "guest disk: image: 16 sectors written and read back",
        ],
    );
}

#[test]
fn guest_gets_an_error_when_the_core_of_its_disk_is_lost() {
    let board = borrow_disk(vec![1; 8 << 20], "stop=4@5");
    expect_in_order(
        &board.text(CoreId::new(23).expect("0 to 47")),
        &["info guest: borrows disk name=disk core=4 sectors=16384", "guest disk: image: read: IoError"],
    );
}

#[test]
fn guest_without_disks_has_windows_that_say_so() {
    let guests = [guest("disk")];
    for text in [on_board(&guests), on_pc(&guests)] {
        expect(&text, &["info guest: ended name=disk by itself reason=power-off"]);
        assert!(!text.contains("guest disk: "), "{text}");
    }
}

#[test]
fn random_numbers_differ_between_guests_and_have_as_many_ones_as_zeros() {
    let guests = ["one", "two"].map(|name| GuestImage { name: name.to_owned(), ..guest("random") });
    for text in [on_board(&guests), on_pc(&guests)] {
        let said = |name: &str, what: &str| {
            let mark = format!("guest {name}: {what}");
            let line = text.lines().find_map(|line| Some(line.split_once(&mark)?.1));
            line.unwrap_or_else(|| panic!("no {mark:?} in\n{text}")).to_owned()
        };
        assert_ne!(said("one", "first: "), said("two", "first: "), "{text}");
        for name in ["one", "two"] {
            let ones = said(name, "1024 bytes in 16 answers, ones: ");
            let ones: u32 =
                ones.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number");
            // Six standard deviations of 8,192 fair bits.
            assert!((4096 - 272..=4096 + 272).contains(&ones), "{ones}");
        }
    }
}

#[test]
fn guests_of_one_core_exchange_frames() {
    let guests = ["left", "right"].map(|name| GuestImage { name: name.to_owned(), ..guest("ping") });
    for (text, core) in [(on_board(&guests), 13), (on_pc(&guests), 0)] {
        for (name, number, other) in [("left", 0, 1), ("right", 1, 0)] {
            let station = |number| format!("02:53:43:43:{core:02x}:{number:02x}");
            expect_in_order(
                &text,
                &[
                    &format!("guest {name}: card {}", station(number)),
                    &format!("guest {name}: 32 answers of {}, 60 to 1514 bytes", station(other)),
                    &format!("info guest: ended name={name} by itself reason=power-off"),
                ],
            );
        }
    }
}

#[test]
fn guests_of_different_cores_exchange_frames() {
    // The third core has no kernel: frames for it are lost.
    let cores = [4, 23].map(|number| CoreId::new(number).expect("0 to 47"));
    let guests = [guest("ping")];
    let mut board = KernelBoard::boot_with_guests(cores, "selftest cores=4+23+40", &guests);
    board.run();
    for (core, other) in [(cores[0], cores[1]), (cores[1], cores[0])] {
        let text = board.text(core);
        let answers = format!("guest ping: 32 answers of 02:53:43:43:{:02x}:00", other.number());
        expect_in_order(&text, &[&answers, "info guest: ended name=ping by itself reason=power-off"]);
        let frames = board.line(core, "info guest: all ended");
        assert_eq!(figure(&frames, "frames"), figure(&frames, "afterwards"), "{text}");
        assert!(
            board.line(core, "info selftest:").starts_with("info selftest: passed=5 failed=0 "),
            "{text}"
        );
    }
}
