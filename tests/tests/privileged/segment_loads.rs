//! Segment registers loaded with selectors of all kinds, and the instructions that look at selectors.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, selector};
use boot_tests::judged::{Difference, Judge, Suite};
use i586::segment::Descriptor;
use iced_x86::code_asm::{ax, ds, dword_ptr, eax, edx, es, fs, fword_ptr, gs, ss};

/// All types.
const ALL: u32 = u32::MAX;
/// All types but available task states, which far transfers would switch to.
const NO_TASKS: u32 = !(1 << 1 | 1 << 9);
/// Writable expand-down data.
const EXPAND_DOWN: u32 = 1 << 0x16 | 1 << 0x17;

const UNCHECKED_NULL: &str = "QEMU checks neither limits nor null selectors when a segment is used";

#[test]
fn data_segments() {
    let mut suite = Suite::new();
    let flat = Descriptor::flat_data(0);
    let upper = flat.with_limit(0xFFF);
    suite.matrix("mov ds", flat, ALL, |a| a.mov(ds, ax));
    suite.matrix("mov ss", flat, !EXPAND_DOWN, |a| a.mov(ss, ax));
    suite.matrix("mov ss, expand-down", upper, EXPAND_DOWN, |a| a.mov(ss, ax));
    suite.matrix("lfs", flat, ALL, |a| a.lfs(edx, fword_ptr(DATA)));
    suite.matrix("lss", flat, !EXPAND_DOWN, |a| a.lss(edx, fword_ptr(DATA)));
    suite.matrix("pop es", flat, ALL, |a| {
        a.push(eax)?;
        a.pop(es)
    });
    crate::judge("data_segments", suite, &[]);
}

#[test]
fn far_transfers() {
    const KNOWN: &[Difference] = &[
        trusting_bochs(Judge::Qemu, "jmp far*", &["sum"], "QEMU's far jumps do not set the accessed bit"),
        trusting_bochs(Judge::Qemu, "call far*", &["sum"], "QEMU's far calls do not set the accessed bit"),
        trusting_bochs(Judge::Qemu, "retf*", &["sum"], "QEMU's far returns do not set the accessed bit"),
        trusting_bochs(Judge::Qemu, "iretd*", &["sum"], "QEMU's IRET does not set the accessed bit"),
    ];
    let mut suite = Suite::new();
    let flat = Descriptor::flat_code(0);
    suite.matrix("jmp far", flat, NO_TASKS, |a| a.jmp(fword_ptr(DATA)));
    suite.matrix("call far", flat, NO_TASKS, |a| a.call(fword_ptr(DATA)));
    suite.matrix("retf", flat, ALL, |a| {
        a.push(dword_ptr(DATA + 8))?;
        a.push(dword_ptr(DATA))?;
        a.push(eax)?;
        a.push(dword_ptr(DATA))?;
        a.retf()
    });
    suite.matrix("iretd", flat, ALL, |a| {
        a.push(dword_ptr(DATA + 8))?;
        a.push(dword_ptr(DATA))?;
        a.pushfd()?;
        a.push(eax)?;
        a.push(dword_ptr(DATA))?;
        a.iretd()
    });
    crate::judge("far_transfers", suite, KNOWN);
}

#[test]
fn stack_segments_of_returns() {
    const KNOWN: &[Difference] = &[
        Difference {
            judge: Judge::Bochs,
            cases: "iretd to ring 3, ss, *",
            fields: &["outcome"],
            why: "Bochs raises #NP for an absent stack segment; the manual's #SS (exception 12: SS loaded with a \
                  segment that is not present) is what processors do",
        },
        trusting_bochs(
            Judge::Qemu,
            "retf to*",
            &["outcome", "sum"],
            "#NP as above; the accessed bit is not set",
        ),
        trusting_bochs(
            Judge::Qemu,
            "iretd to*",
            &["outcome", "sum"],
            "#NP as above; the accessed bit is not set",
        ),
    ];
    let mut suite = Suite::new();
    let flat = Descriptor::flat_data(0);
    suite.matrix("retf to ring 3, ss", flat, !EXPAND_DOWN, |a| {
        a.push(eax)?;
        a.push(dword_ptr(DATA))?;
        a.push(u32::from(selector::CODE_3))?;
        a.push(dword_ptr(DATA))?;
        a.retf()
    });
    suite.matrix("iretd to ring 3, ss", flat, !EXPAND_DOWN, |a| {
        a.push(eax)?;
        a.push(dword_ptr(DATA))?;
        a.pushfd()?;
        a.push(u32::from(selector::CODE_3))?;
        a.push(dword_ptr(DATA))?;
        a.iretd()
    });
    suite.matrix("retf to ring 1, ss", flat, !EXPAND_DOWN, |a| {
        a.push(eax)?;
        a.push(dword_ptr(DATA))?;
        a.push(u32::from(selector::CODE_1))?;
        a.push(dword_ptr(DATA))?;
        a.retf()
    });
    crate::judge("stack_segments_of_returns", suite, KNOWN);
}

#[test]
fn checks_of_selectors() {
    const KNOWN: &[Difference] = &[trusting_bochs(
        Judge::Qemu,
        "lar*",
        &["sum"],
        "QEMU clears the undefined bits 19:16 of LAR's result",
    )];
    let mut suite = Suite::new();
    let limited = Descriptor::flat_data(0).with_limit(0x1_2345);
    suite.matrix("lar", limited, ALL, |a| a.lar(eax, eax));
    suite.matrix("lsl", limited, ALL, |a| a.lsl(eax, eax));
    suite.matrix("verr", limited, ALL, |a| a.verr(ax));
    suite.matrix("verw", limited, ALL, |a| a.verw(ax));
    suite.matrix("lldt", limited, ALL, |a| a.lldt(ax));
    suite.matrix("ltr", limited, ALL, |a| a.ltr(ax));
    crate::judge("checks_of_selectors", suite, KNOWN);
}

#[test]
fn null_and_missing_selectors() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "ring 0, null: use*", &["outcome"], UNCHECKED_NULL),
        trusting_bochs(Judge::Qemu, "ring 3, null: use*", &["outcome"], UNCHECKED_NULL),
        trusting_bochs(Judge::Qemu, "ring 0, null, RPL 3: use*", &["outcome", "eax"], UNCHECKED_NULL),
        trusting_bochs(Judge::Qemu, "ring 3, null, RPL 3: use*", &["outcome", "eax"], UNCHECKED_NULL),
        trusting_bochs(
            Judge::Qemu,
            "ring 0, null: ltr",
            &["outcome", "tr"],
            "QEMU's LTR takes a null selector",
        ),
        trusting_bochs(Judge::Qemu, "ring 0, null, RPL 3: ltr", &["outcome", "tr"], "as above"),
        trusting_bochs(Judge::Qemu, "ring 0, code: lar", &["edx"], "QEMU clears the undefined bits 19:16"),
        trusting_bochs(Judge::Qemu, "ring 0, data of ring 3: lar", &["edx"], "as above"),
        trusting_bochs(Judge::Qemu, "ring 3, data of ring 3: lar", &["edx"], "as above"),
    ];
    let mut suite = Suite::new();
    let selectors = [
        ("null", 0),
        ("null, RPL 3", 3),
        ("beyond the GDT", 0x1000),
        ("first of the LDT, empty", 4),
        ("beyond the LDT", 0x10C),
        ("last byte beyond the LDT", 0x104),
        ("task", u32::from(selector::TASK)),
        ("code", u32::from(selector::CODE)),
        ("data of ring 3", u32::from(selector::DATA_3)),
    ];
    for ring in [0, 3] {
        for (name, value) in selectors {
            let name = |what| format!("ring {ring}, {name}: {what}");
            suite.case(name("mov es"), |case| case.ring(ring).eax(value).probe(|a| a.mov(es, ax)));
            suite.case(name("mov ss"), |case| case.ring(ring).eax(value).probe(|a| a.mov(ss, ax)));
            suite.case(name("pop fs"), |case| {
                case.ring(ring).probe(|a| {
                    a.push(value)?;
                    a.pop(fs)
                })
            });
            suite.case(name("lgs"), |case| {
                case.ring(ring).words(DATA, &[5, value]).probe(|a| a.lgs(edx, fword_ptr(DATA)))
            });
            suite.case(name("retf"), |case| {
                let end = case.bytes(&[0x0F, 0x0B]);
                case.ring(ring).probe(|a| {
                    a.push(value)?;
                    a.push(end)?;
                    a.retf()
                })
            });
            suite.case(name("use after load"), |case| {
                case.ring(ring).eax(value).probe(|a| {
                    a.mov(gs, ax)?;
                    a.mov(eax, dword_ptr(DATA).gs())
                })
            });
            suite.case(name("lar"), |case| case.ring(ring).eax(value).probe(|a| a.lar(edx, eax)));
            suite.case(name("lsl"), |case| case.ring(ring).eax(value).probe(|a| a.lsl(edx, eax)));
            suite.case(name("verr"), |case| case.ring(ring).eax(value).probe(|a| a.verr(ax)));
            suite.case(name("lldt"), |case| case.ring(ring).eax(value).probe(|a| a.lldt(ax)));
            suite.case(name("ltr"), |case| case.ring(ring).eax(value).probe(|a| a.ltr(ax)));
        }
    }
    crate::judge("null_and_missing_selectors", suite, KNOWN);
}
