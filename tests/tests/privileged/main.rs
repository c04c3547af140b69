//! Privileged behaviour on scc-emu, Bochs and QEMU: cases in a ROM that all of them boot, compared line by line.
//!
//! Whom each comparison trusts: Bochs for protection and for what is an invalid opcode, the Pentium manual where
//! it says something else, QEMU only as a third opinion. Every difference is in a table beside its cases. The
//! transcripts are left in `target/tmp/privileged`.

mod alignment;
mod breakpoints;
mod control;
mod gates;
mod interrupts;
mod limits;
mod local_apic;
mod opcodes;
mod page_boundaries;
mod paging;
mod ports;
mod real_mode;
mod segment_loads;
mod shutdown;
mod single_steps;
mod tasks;
mod virtual_8086;

use boot_tests::judged::{Difference, Judge, Suite};
use std::path::Path;

/// QEMU pushes EFLAGS without RF at faults. Pentium manual vol. 3 §17.3.1.1: RF is set in the pushed flags of
/// every fault but instruction breakpoints.
const NO_RESUME_FLAG: Difference =
    Difference { judge: Judge::Qemu, cases: "*", fields: &["rf"], why: "QEMU never sets RF at faults" };

/// QEMU loads CS and SS in far transfers without a write to the descriptor. Pentium manual vol. 3 §11.2.2.1.
const NO_ACCESSED_BIT: Difference = Difference {
    judge: Judge::Qemu,
    cases: "*",
    fields: &["descriptor"],
    why: "QEMU's far transfers do not set accessed bits",
};

/// #DF in a task of its own: Bochs sets RF in EFLAGS when it begins to deliver the first fault, and the task switch
/// saves it. #DF is an abort, for which the manual sets no RF.
const RESUME_FLAG_OF_DOUBLE_FAULTS: Difference = Difference {
    judge: Judge::Bochs,
    cases: "*",
    fields: &["rf"],
    why: "Bochs leaves RF of the first fault in the flags that the task switch of #DF saves",
};

/// A difference in which scc-emu and Bochs agree.
const fn trusting_bochs(
    judge: Judge,
    cases: &'static str,
    fields: &'static [&'static str],
    why: &'static str,
) -> Difference {
    Difference { judge, cases, fields, why }
}

/// Compares a suite on all machines.
fn judge(name: &str, suite: Suite, known: &[Difference]) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("privileged");
    boot_tests::judged::assert_agreement(&directory, name, suite, known);
}
