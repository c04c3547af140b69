//! The export for Perfetto: what it shows must have been so.

use perfetto_check::Drawing;
use scc_trace::export::perfetto;
use scc_trace::report::Figures;
use scc_trace::{Trace, read_bytes};

use super::synthetic;

fn export(cores: u8, rounds: u64, lose: Option<(u8, u64)>) -> Drawing {
    export_of(&read_bytes(&super::bytes(cores, rounds, lose), false, |_, _| {}).expect("the file is whole"))
}

/// What the export of a trace draws.
pub(super) fn export_of(trace: &Trace) -> Drawing {
    let mut file = Vec::new();
    perfetto::write(trace, &mut file).expect("memory is written without fail");
    let drawing = Drawing::read(&file);
    drawing.assert_consistent();
    drawing
}

#[test]
fn every_poll_begins_after_its_wake_and_every_letter_read_was_written() {
    let drawn = export(4, 30, None);
    // Four wakes a round and one at boot; a letter read in every round but the first.
    assert_eq!(drawn.ended.len(), 4 * (30 * 4 + 1 + 29));
    // The letters of the last round are never read.
    assert_eq!(drawn.begun.len() - drawn.ended.len(), 4);
}

#[test]
fn each_core_is_a_process_with_a_thread_for_each_task() {
    for lose in [None, Some((1, 7))] {
        let drawn = export(3, 20, lose);
        let names: Vec<_> = drawn.processes.values().map(String::as_str).collect();
        assert_eq!(names, ["core 00", "core 01", "core 02"]);
        for process in drawn.processes.keys() {
            let threads = drawn.threads.values().filter(|thread| thread.process == *process);
            let mut threads: Vec<_> = threads.map(|thread| thread.name.as_str()).collect();
            threads.sort_unstable();
            assert_eq!(threads, ["background", "core", "mail", "work"]);
        }
        let polls = drawn.threads.iter().filter(|(_, thread)| thread.name != "core");
        for (track, thread) in polls {
            let names_its_polls = |depth: usize, name: &str| (depth == 0) == (name == thread.name);
            let slices = &drawn.slices[track];
            assert!(slices.iter().all(|slice| names_its_polls(slice.depth, &slice.name)), "{slices:?}");
            assert!(
                slices.iter().any(|slice| slice.depth > 0) == (thread.name == "work"),
                "interrupts are in its polls"
            );
        }
    }
}

#[test]
fn what_cores_do_and_the_executor_between_make_up_all_time() {
    let trace = super::trace(3, 20);
    let drawn = export_of(&trace);
    for (process, core) in drawn.processes.keys().zip(&Figures::of(&trace).cores) {
        let whole: u64 = drawn.whole(*process).iter().map(|slice| slice.to - slice.from).sum();
        let nanoseconds = |cycles: u64| cycles * synthetic::PERIOD / 1_000;
        let all = whole + nanoseconds(core.executor);
        assert!(
            all.abs_diff(nanoseconds(core.elapsed)) * 1_000 < nanoseconds(core.elapsed),
            "core {}",
            core.core
        );
    }
}

#[test]
fn ready_tasks_are_counted_up_and_down() {
    let counted = export(1, 2, None).counted;
    let counts = counted.values().next().expect("there is one core");
    let round = [1, 0, 1, 2, 1, 2, 1, 0];
    let expected = [vec![1, 0], round.to_vec(), round.to_vec()].concat();
    assert_eq!(counts, &expected);
}
