//! Times of letters between all pairs: every core tells about all cores above it, by every way.

use boot_tests::kernel::KernelBoard;
use scc::id::CoreId;

/// Cores of one tile, of a neighbouring one, and of the far corner.
const CORES: [u8; 4] = [0, 1, 2, 47];

/// Shortest, median and longest time from one core to another, in the line of the former.
fn times(line: &str, to: u8) -> [u32; 3] {
    let list = line.rsplit_once(" to=").expect("the line ends with a list").1;
    let entry = list.split(',').find_map(|entry| entry.strip_prefix(&format!("{to}:")));
    let numbers: Vec<_> = entry
        .unwrap_or_else(|| panic!("no core {to} in {line}"))
        .split('/')
        .map(|number| number.parse().expect("cycles"))
        .collect();
    numbers.try_into().expect("three times")
}

#[test]
fn each_pair_is_measured_once_by_each_way() {
    for way in ["polled", "direct", "doorbell"] {
        let cores = CORES.map(|number| CoreId::new(number).expect("0 to 47"));
        let mut board = KernelBoard::boot_trials(cores, &format!("selftest cores=0-2+47 measure={way}"));
        board.run();
        for (index, core) in cores.into_iter().enumerate() {
            assert!(board.line(core, "info selftest:").starts_with("info selftest: passed=5 failed=0 "));
            let above = &CORES[index + 1..];
            if above.is_empty() {
                assert!(!board.text(core).contains("measure:"), "{}", board.text(core));
                continue;
            }
            let line = board.line(core, "info measure:");
            let beginning = format!("info measure: name=pairs way={way} from={core} woken=");
            assert!(line.starts_with(&beginning), "{line}");
            for to in above {
                let [shortest, median, longest] = times(&line, *to);
                assert!(0 < shortest && shortest <= median && median <= longest, "{line}");
                let woken = line.split([' ', ',', '=']).find_map(|word| word.strip_prefix(&format!("{to}:")));
                let woken: u32 = woken.expect("woken comes first").parse().expect("cycles");
                assert!(0 < woken && (woken < median || way == "polled"), "{line}");
                // Two accesses to the FPGA alone take more than 1,000.
                assert!(shortest > 1_000 || way != "doorbell", "{line}");
            }
        }
    }
}

#[test]
fn without_a_self_test_letters_are_not_measured() {
    let core = CoreId::new(13).expect("0 to 47");
    let mut board = KernelBoard::boot_trials([core], "cores=13 measure=polled");
    board.run();
    assert_eq!(board.line(core, "error boot:"), "error boot: measures letters only with selftest");
}
