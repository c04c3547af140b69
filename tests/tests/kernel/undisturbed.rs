//! What guests rely on: system calls without the hypervisor, interrupts and other guests that change nothing.

use boot_tests::kernel::guests::guest;
use scc_image::GuestImage;

use crate::figure;
use crate::guest::{expect, expect_in_order, on_board, on_pc};

/// Less than the shortest way into the hypervisor and back, a hypercall that does nothing.
const EXIT_CYCLES: u64 = 250;

#[test]
fn system_calls_of_a_program_take_no_exit() {
    let guests = [guest("rings")];
    let board = on_board(&guests);
    let line = board.lines().find_map(|line| Some(line.split_once("1000 system calls, ")?.1));
    let cycles = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    assert!(cycles.is_some_and(|cycles| cycles < EXIT_CYCLES), "{board}");
    for text in [board, on_pc(&guests)] {
        expect_in_order(
            &text,
            &[
                "guest rings: program in ring 3, system calls in ring 1",
                "guest rings: 1000 system calls, ",
                "guest rings: vector 13 error 0x0\n",
                "guest rings: vector 13 error 0x412\n",
                "guest rings: vector 14 error 0x7 address 0xf0001000\n",
                "guest rings: done",
                "info guest: ended name=rings by itself reason=power-off",
            ],
        );
    }
}

#[test]
fn interrupts_at_the_highest_rate_change_nothing_that_they_interrupt() {
    let guests = [guest("storm")];
    for (text, least) in [(on_board(&guests), 2_000), (on_pc(&guests), 1)] {
        for ring in [1, 3] {
            let mark = format!("guest storm: ring {ring}: ");
            let line = text.lines().find_map(|line| Some(line.split_once(&mark)?.1));
            let line = line.unwrap_or_else(|| panic!("no {mark:?} in\n{text}"));
            let number =
                |word: Option<&str>| word.and_then(|word| word.parse::<u32>().ok()).expect("a number");
            let interrupts = number(line.split_whitespace().next());
            assert!(interrupts >= least, "{line}");
            let (_, stack) =
                line.split_once(" interrupts, sum as without, ").unwrap_or_else(|| panic!("{line}"));
            // What the sum itself pushes, and a handler that is interrupted behind its work once.
            assert!(number(stack.split_whitespace().next()) < 256, "{line}");
        }
        expect(&text, &["info guest: ended name=storm by itself reason=power-off"]);
    }
}

#[test]
fn each_guest_keeps_its_numbers_in_the_floating_point_unit() {
    let image = guest("fpu");
    let guests = [0, 1, 2].map(|number| {
        let name = format!("fpu-{number}");
        GuestImage::new(name, image.bytes.clone(), image.room.memory_bytes + 4096 * number)
    });
    for text in [on_board(&guests), on_pc(&guests)] {
        for number in 0..3 {
            let mark = format!("guest fpu-{number}: ");
            let line = text.lines().find_map(|line| Some(line.split_once(&mark)?.1));
            let (turns, rest) =
                line.and_then(|line| line.split_once(' ')).unwrap_or_else(|| panic!("{text}"));
            assert!(turns.parse::<u32>().is_ok_and(|turns| turns >= 1), "{text}");
            assert_eq!(rest, "other turns, all numbers kept", "{text}");
            expect(&text, &[&format!("info guest: ended name=fpu-{number} by itself reason=power-off")]);
        }
    }
}

#[test]
fn guests_of_a_core_take_turns_of_ten_milliseconds() {
    let guests = ["one", "two"].map(|name| GuestImage { name: name.to_owned(), ..guest("turns") });
    let text = on_board(&guests);
    let turns = |name: &str| {
        let mark = format!("guest {name}: turn ");
        let lines = text.lines().filter(|line| line.contains(&mark));
        lines.map(|line| figure(line, "end") - figure(line, "begin")).collect::<Vec<_>>()
    };
    for name in ["one", "two"] {
        let turns = turns(name);
        // 10 ms are 5,330,000 cycles; a switch takes some of them, and the interrupt that ends a turn comes late. The last
        // ones are those of a guest that is alone.
        let whole = turns.iter().filter(|turn| (5_200_000..5_500_000).contains(*turn)).count();
        assert!(whole >= 12, "{turns:?}");
    }
}

/// A guest passes a window of four instructions with deadlines of its timer one cycle apart. As long as the window has no
/// name its handler is called between any two of them; once it has one, the hypervisor takes the frame first.
#[test]
fn interrupt_at_each_instruction_of_the_return_window_finds_the_frame_taken() {
    let guests = [guest("window")];
    let (board, pc) = (on_board(&guests), on_pc(&guests));
    let sweeps = |text: &str, name: &str| {
        let line = |pending: &str| {
            let mark = format!("guest window: {name}, {pending} pending: ");
            let line = text.lines().find_map(|line| line.split_once(&mark));
            let (_, line) = line.unwrap_or_else(|| panic!("no {mark:?} in\n{text}"));
            let number = |word: &&str| word.trim_end_matches(',').parse::<u32>().ok();
            let words: Vec<_> = line.split_whitespace().collect();
            let numbers: Vec<_> = words.iter().filter_map(number).collect();
            let [passes, interrupts, compare, branch, iret, call, taken] = numbers[..] else {
                panic!("{line}")
            };
            assert!(interrupts > 0, "{line}");
            ([compare, branch, iret, call], taken, interrupts >= passes)
        };
        ["nothing", "line"].map(line)
    };
    for text in [&board, &pc] {
        for ((within, ..), pending) in sweeps(text, "named").into_iter().zip(["nothing", "line"]) {
            assert_eq!(within, [0; 4], "named, {pending} pending:\n{text}");
        }
        assert!(sweeps(text, "unnamed").iter().all(|(_, taken, _)| *taken == 0), "{text}");
        expect(text, &["info guest: ended name=window by itself reason=power-off"]);
    }
    // Cycles are the same in each run on the board, so the deadlines hit the same instructions with a name and without.
    let [(free, ..), (pending, ..)] = sweeps(&board, "unnamed");
    assert!(free[..3].iter().all(|hits| *hits > 0), "nothing pending: {free:?}");
    assert!([0, 1, 3].iter().all(|index| pending[*index] > 0), "line pending: {pending:?}");
    assert!(sweeps(&board, "named").iter().all(|(_, taken, _)| *taken > 0), "{board}");
    // QEMU looks at its clock too seldom to interrupt every pass.
    for name in ["unnamed", "named"] {
        assert!(sweeps(&board, name).iter().all(|(.., is_each_interrupted)| *is_each_interrupted), "{board}");
    }
}
