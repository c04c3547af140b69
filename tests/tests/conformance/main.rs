//! The conformance checklist of the SCC reference (section 12): one test per statement, in its order.
//!
//! Guest programs boot from the reset vector on the library and do what the statement says; the host looks at
//! results, memory and mesh traffic. Each test names its item, and the U-number where the statement rests on
//! behaviour that no source specifies. Items 68 to 73 (eMAC) are not covered: the eMAC is not modelled.

mod board;
mod cache;
mod calibration;
mod determinism;
mod fpga;
mod identity;
mod interrupt;
mod message;
mod observation;
mod processor;
mod shared_tables;
mod system;
mod tile;
mod write_combining;

use boot_tests::guest::{Board, Code, Draft, Result, core};
use scc_emu::chip::statistics::CoreTraffic;
use scc_emu::diagnostics::FindingKind;
use scc_emu::{Diagnostics, Machine};

/// What `body` sends over the mesh, run by core 0 with its code in the caches: the second of two passes of
/// `before` and `body`.
fn traffic_of(
    draft: Draft,
    before: impl FnOnce(&mut Code) -> Result,
    body: impl FnOnce(&mut Code) -> Result,
) -> CoreTraffic {
    let program = draft.body(|code| {
        code.repeat(2, |code| {
            before(code)?;
            code.wait_for_host(1)?;
            body(code)?;
            code.wait_for_host(2)
        })
    });
    let mut board = Board::with(Machine::builder().diagnostics(Diagnostics::Warn));
    board.launch(core(0), &program);
    board.at(core(0), 1, |_| ());
    board.at(core(0), 2, |_| ());
    let start = board.at(core(0), 1, |board| board.traffic(core(0)));
    let end = board.at(core(0), 2, |board| board.traffic(core(0)));
    board.run();
    for report in board.machine().reports() {
        // Accessed bits that walks have set in L2.
        assert_eq!(report.finding.kind, FindingKind::L2DisabledWithDirtyLines, "{report}");
    }
    CoreTraffic {
        line_reads: end.line_reads - start.line_reads,
        // While the program waits it reads the host's answer; nobody can tell how often.
        reads: 0,
        // One write reports the hand-shake.
        writes: end.writes - start.writes - 1,
        combined_writes: end.combined_writes - start.combined_writes,
        write_backs: end.write_backs - start.write_backs,
        io_reads: end.io_reads - start.io_reads,
        io_writes: end.io_writes - start.io_writes,
    }
}
