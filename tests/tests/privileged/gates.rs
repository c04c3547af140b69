//! Call gates, and returns to outer rings.

use crate::{NO_ACCESSED_BIT, NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, IMAGE, TASK, code_selector, data_selector, selector, stack_top};
use boot_tests::judged::{Case, DataSegment, Difference, Judge, Result, Suite, gate};
use i586::flags::Eflags;
use i586::segment::{Descriptor, SystemKind};
use i586::tss::bits32;
use iced_x86::code_asm::{CodeAssembler, ax, dword_ptr, eax, edx, esp, fword_ptr};

/// Selectors that these cases fill: the gate, its target, a stack.
const GATE: u16 = selector::FREE;
const TARGET: u16 = selector::FREE + 8;
const STACK: u16 = selector::FREE + 16;

/// Stack segment of ring 1 in the task state: ring 0's is needed by the handlers.
const INNER_STACK: u32 = TASK + bits32::SS0 + bits32::STACK_STRIDE;

fn with_access(segment: Descriptor, access: u32) -> Descriptor {
    let (low, high) = segment.words();
    Descriptor::from_words(low, high & !(0xFF << 8) | access << 8)
}

/// The code segment in which a gate's target lies: offsets of 16-bit gates count from the image's beginning.
fn flat_or_low(kind: SystemKind) -> u16 {
    if kind.is_32_bit() { selector::CODE } else { selector::CODE_LOW }
}

fn far(a: &mut CodeAssembler, jump: bool) -> Result {
    if jump { a.jmp(fword_ptr(DATA)) } else { a.call(fword_ptr(DATA)) }
}

/// A case that goes through a gate of this kind, whose target looks at its stack and stops.
fn through(
    case: &mut Case,
    ring: u8,
    kind: SystemKind,
    parameters: u8,
    jump: bool,
    change: impl FnOnce(&mut Case),
) -> Result {
    let target = case.code(|a| {
        a.mov(edx, dword_ptr(esp))?;
        a.ud2()
    })?;
    let (segment, offset) =
        if kind.is_32_bit() { (selector::CODE, target) } else { (selector::CODE_LOW, target - IMAGE) };
    let contents = gate(kind, segment, offset, 3).with_parameter_count(parameters);
    case.ring(ring).gate(GATE, contents).words(DATA, &[0x1234_5678, u32::from(GATE | 3)]);
    // Parameters to be copied.
    let words: Vec<u32> = (0..32).map(|n| 0x0101_0101 * n).collect();
    let top = stack_top(ring) - 0x100;
    case.words(top, &words).stack(data_selector(ring), top);
    change(case);
    case.probe(|a| far(a, jump))
}

const KINDS: [(&str, SystemKind); 2] = [("16", SystemKind::CallGate16), ("32", SystemKind::CallGate32)];
const WAYS: [(&str, bool); 2] = [("call", false), ("jmp", true)];

/// What a change of the stack changes.
const INNER: &[&str] = &["cs", "ss", "esp", "memory"];
const CONFORMING: &str = "QEMU's call gates switch rings for conforming targets, too";

#[test]
fn call_gates() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        NO_ACCESSED_BIT,
        trusting_bochs(Judge::Qemu, "call 16 from ring 1 to conf*", INNER, CONFORMING),
        trusting_bochs(Judge::Qemu, "call 16 from ring 3 to conf*", INNER, CONFORMING),
        trusting_bochs(Judge::Qemu, "call 32 from ring 1 to conf*", INNER, CONFORMING),
        trusting_bochs(Judge::Qemu, "call 32 from ring 3 to conf*", INNER, CONFORMING),
    ];
    let mut suite = Suite::new();
    for (width, kind) in KINDS {
        for ring in 0..4 {
            for (way, jump) in WAYS {
                for parameters in [0, 1, 5, 31] {
                    let name = format!("{way} {width} from ring {ring}, {parameters} parameters");
                    suite.case(name, |case| through(case, ring, kind, parameters, jump, |_| ()));
                }
            }
        }
        for (way, jump) in WAYS {
            for (name, access) in [
                ("conforming, DPL 0", 0x9E),
                ("conforming, DPL 2", 0xDE),
                ("conforming, DPL 3", 0xFE),
                ("DPL 1", 0xBA),
                ("DPL 3", 0xFA),
                ("execute-only", 0x98),
                ("absent", 0x1A),
                ("data", 0x92),
                ("LDT", 0x82),
                ("absent data", 0x12),
            ] {
                for ring in [1, 3] {
                    suite.case(format!("{way} {width} from ring {ring} to {name}"), |case| {
                        through(case, ring, kind, 2, jump, |case| {
                            let base = if kind.is_32_bit() { 0 } else { IMAGE };
                            let segment = Descriptor::flat_code(0).with_base(base);
                            case.descriptor(TARGET, with_access(segment, access));
                            retarget(case, kind, TARGET, 3);
                        })
                    });
                }
            }
            for (name, target) in [
                ("null", 0),
                ("null with RPL", 3),
                ("beyond the GDT", 0xFFF8),
                ("first of the LDT", 4),
                ("RPL 3", flat_or_low(kind) | 3),
            ] {
                suite.case(format!("{way} {width} to {name}"), |case| {
                    through(case, 3, kind, 0, jump, |case| retarget(case, kind, target, 3))
                });
            }
            for dpl in 0..3 {
                suite.case(format!("{way} {width} through a gate of DPL {dpl} from ring 3"), |case| {
                    through(case, 3, kind, 0, jump, |case| retarget(case, kind, flat_or_low(kind), dpl))
                });
                suite.case(format!("{way} {width} through a gate of DPL {dpl} with RPL 3"), |case| {
                    through(case, 0, kind, 0, jump, |case| retarget(case, kind, flat_or_low(kind), dpl))
                });
            }
        }
    }
    crate::judge("call_gates", suite, KNOWN);
}

/// Rewrites the gate's selector and DPL, which the case has already set up.
fn retarget(case: &mut Case, kind: SystemKind, target: u16, dpl: u8) {
    // The target's code: MOV of three bytes, UD2.
    let target_code = case.here() - 5;
    let offset = if kind.is_32_bit() { target_code } else { target_code - IMAGE };
    case.gate(GATE, gate(kind, target, offset, dpl).with_parameter_count(2));
}

const TASK_LIMIT: &str = "Bochs and QEMU want two more bytes behind a stack's selector in the task state, as older manuals \
    say (+7); later ones were corrected to the selector itself (+5)";

#[test]
fn stacks_of_call_gates() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        NO_ACCESSED_BIT,
        trusting_bochs(Judge::Qemu, "limit*", &["line"], "QEMU does not check limits of stacks"),
        trusting_bochs(
            Judge::Qemu,
            "16: inner stack, absent*",
            &["outcome"],
            "QEMU raises #TS instead of #SS",
        ),
        trusting_bochs(
            Judge::Qemu,
            "32: inner stack, absent*",
            &["outcome"],
            "QEMU raises #TS instead of #SS",
        ),
        Difference {
            judge: Judge::Bochs,
            cases: "limit*",
            fields: &["memory", "descriptor"],
            why: "Bochs pushes one by one and marks the segment only when all are done; what lies below the top of a \
                  stack that is not entered means nothing",
        },
        Difference {
            judge: Judge::Bochs,
            cases: "*task state of limit 11",
            fields: &["line"],
            why: TASK_LIMIT,
        },
        Difference {
            judge: Judge::Bochs,
            cases: "*task state of limit 12",
            fields: &["line"],
            why: TASK_LIMIT,
        },
        Difference {
            judge: Judge::Qemu,
            cases: "*task state of limit 11",
            fields: &["line"],
            why: TASK_LIMIT,
        },
        Difference {
            judge: Judge::Qemu,
            cases: "*task state of limit 12",
            fields: &["line"],
            why: TASK_LIMIT,
        },
    ];
    let mut suite = Suite::new();
    for (width, kind) in KINDS {
        for (name, access) in [
            ("DPL 0", 0x92),
            ("DPL 2", 0xD2),
            ("read-only", 0xB0),
            ("code", 0xBA),
            ("absent", 0x32),
            ("absent, DPL 3", 0x72),
            ("LDT", 0xA2),
            ("good", 0xB2),
        ] {
            suite.case(format!("{width}: inner stack, {name}"), |case| {
                inner(case, kind, 1, |case| {
                    case.descriptor(STACK, with_access(Descriptor::flat_data(0), access));
                    case.words(INNER_STACK, &[u32::from(STACK | 1)]);
                })
            });
        }
        for (name, value) in [
            ("null", 0),
            ("null with RPL 3", 3),
            ("beyond the GDT", 0xFFF9),
            ("RPL 0", u32::from(STACK)),
            ("RPL 3", u32::from(STACK | 3)),
            ("of ring 3", u32::from(selector::DATA_3)),
            ("beyond the LDT", 0x105),
        ] {
            suite.case(format!("{width}: inner stack {name}"), |case| {
                inner(case, kind, 1, |case| {
                    case.descriptor(STACK, Descriptor::flat_data(1)).words(INNER_STACK, &[value]);
                })
            });
        }
        for limit in [0x1F, 0x17, 0xF, 0xB, 7, 3] {
            suite.case(format!("limit {limit:x} of the inner stack, {width}"), |case| {
                inner(case, kind, 2, |case| {
                    let stack = Descriptor::flat_data(1).with_base(DATA + 0x800).with_limit(limit);
                    case.descriptor(STACK, stack).words(INNER_STACK - 4, &[limit + 1, u32::from(STACK | 1)]);
                })
            });
        }
        for limit in [0xB, 0xC, 0x10, 0x11, 0x12, 0x13] {
            suite.case(format!("{width}: task state of limit {limit:x}"), |case| {
                inner(case, kind, 0, |case| {
                    case.descriptor(
                        selector::TASK,
                        Descriptor::system(SystemKind::AvailableTss32, TASK, limit, 0),
                    );
                    reload_task(case);
                })
            });
        }
    }
    crate::judge("stacks_of_call_gates", suite, KNOWN);
}

/// Calls ring 1 from ring 3.
fn inner(case: &mut Case, kind: SystemKind, parameters: u8, change: impl FnOnce(&mut Case)) -> Result {
    through(case, 3, kind, parameters, false, |case| {
        let base = if kind.is_32_bit() { 0 } else { IMAGE };
        case.descriptor(TARGET, Descriptor::flat_code(1).with_base(base));
        let target_code = case.here() - 5;
        let offset = target_code - base;
        case.gate(GATE, gate(kind, TARGET, offset, 3).with_parameter_count(parameters));
        change(case);
    })
}

/// Makes the case load the task register again, once its descriptor has been changed.
fn reload_task(case: &mut Case) {
    let load = |a: &mut CodeAssembler| {
        a.mov(ax, u32::from(selector::TASK))?;
        a.ltr(ax)
    };
    case.prepare(load).expect("LTR can be encoded");
}

#[test]
fn calls_and_returns_through_gates() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG, NO_ACCESSED_BIT];
    let mut suite = Suite::new();
    for (width, kind) in KINDS {
        for ring in [0, 2, 3] {
            for released in [0u32, 8, 0x20] {
                suite.case(format!("{width} from ring {ring}, ret {released:x}"), |case| {
                    let wide = kind.is_32_bit();
                    let target = case.code(|a| {
                        a.mov(eax, dword_ptr(esp))?;
                        match (wide, released) {
                            (true, 0) => a.retf(),
                            (true, _) => a.retf_1(released),
                            // Operand size prefix.
                            (false, 0) => a.db(&[0x66, 0xCB]),
                            (false, _) => a.db(&[0x66, 0xCA, released.to_le_bytes()[0], 0]),
                        }
                    })?;
                    // 16-bit returns reach the low code segment only.
                    let (segment, offset) =
                        if wide { (selector::CODE, target) } else { (selector::CODE_LOW, target - IMAGE) };
                    case.ring(ring).gate(GATE, gate(kind, segment, offset, 3));
                    case.words(DATA, &[0, u32::from(GATE | 3)]);
                    let top = stack_top(ring) - 0x100;
                    case.stack(data_selector(ring), top);
                    if wide {
                        return case.probe(|a| far(a, false));
                    }
                    let segment = if ring == 0 { selector::CODE_16 } else { selector::CODE_16_3 };
                    if ring == 2 {
                        let (low, high) =
                            Descriptor::flat_code(2).with_base(IMAGE).with_limit(0xFFFF).words();
                        case.descriptor(TARGET, Descriptor::from_words(low, high & !(1 << 22)));
                        case.code_segment(TARGET | 2);
                    } else {
                        case.code_segment(segment);
                    }
                    // An operand with a 32-bit address in 16-bit code.
                    case.probe_16(|a| {
                        let mut call = vec![0x67, 0xFF, 0x1D];
                        call.extend_from_slice(&DATA.to_le_bytes());
                        a.db(&call)
                    })
                });
            }
        }
    }
    crate::judge("calls_and_returns_through_gates", suite, KNOWN);
}

const KEPT: &str = "QEMU leaves null selectors in FS and GS alone, whatever their RPL";

/// Selectors that data segment registers hold while the ring changes.
const HELD: [(&str, u16); 4] =
    [("ring 0", selector::DATA), ("ring 3", selector::DATA_3), ("null", 0), ("null, RPL 3", 3)];

#[test]
fn returns_to_outer_rings() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "retf to ring*", &["fs", "gs"], KEPT),
        trusting_bochs(Judge::Qemu, "iretd to ring*", &["fs", "gs"], KEPT),
    ];
    let mut suite = Suite::new();
    for ring in 1..4u8 {
        for interrupt in [false, true] {
            let way = if interrupt { "iretd" } else { "retf" };
            for (name, held) in HELD {
                suite.case(format!("{way} to ring {ring} holding {name}"), |case| {
                    for register in [DataSegment::Ds, DataSegment::Es, DataSegment::Fs, DataSegment::Gs] {
                        case.segment(register, held);
                    }
                    outer(case, ring, interrupt)
                });
            }
            for (name, access) in [
                ("conforming code, DPL 0", 0x9E),
                ("conforming execute-only code", 0x9C),
                ("code, DPL 0", 0x9A),
                ("code, DPL 2", 0xDA),
                ("data, DPL 1", 0xB2),
                ("data, DPL 2", 0xD2),
            ] {
                suite.case(format!("{way} to ring {ring} holding {name}"), |case| {
                    case.descriptor(TARGET, with_access(Descriptor::flat_data(0), access));
                    if access != 0x9C {
                        case.segment(DataSegment::Fs, TARGET);
                    }
                    outer(case, ring, interrupt)
                });
            }
        }
    }
    for released in [0u32, 4, 0x10, 0x8000] {
        suite.case(format!("retf {released:x} to ring 3"), |case| {
            let end = case.bytes(&[0x0F, 0x0B]);
            case.probe(|a| {
                a.sub(esp, released & 0xFF)?;
                a.push(u32::from(selector::DATA_3))?;
                a.push(0x1_0000u32)?;
                a.sub(esp, released & 0xFF)?;
                a.push(u32::from(selector::CODE_3))?;
                a.push(end)?;
                a.retf_1(released)
            })
        });
    }
    for (name, code, stack) in [
        ("RPL below CPL", selector::CODE, selector::DATA),
        ("stack of another RPL", selector::CODE_3, selector::DATA_2),
        ("null stack", selector::CODE_3, 0),
        ("null stack, RPL 3", selector::CODE_3, 3),
        ("null code", 0, selector::DATA_3),
        ("null code, RPL 3", 3, selector::DATA_3),
        ("data as code", selector::DATA_3, selector::DATA_3),
        ("code as stack", selector::CODE_3, selector::CODE_3),
        ("code beyond the GDT", 0xFFFB, selector::DATA_3),
        ("stack beyond the GDT", selector::CODE_3, 0xFFFB),
        ("task as code", selector::TASK | 3, selector::DATA_3),
    ] {
        for ring in [1, 3] {
            for interrupt in [false, true] {
                let way = if interrupt { "iretd" } else { "retf" };
                suite.case(format!("{way} from ring {ring}: {name}"), |case| {
                    let end = case.bytes(&[0x0F, 0x0B]);
                    case.ring(ring).probe(|a| {
                        a.push(u32::from(stack))?;
                        a.push(0x5_0000u32)?;
                        if interrupt {
                            a.pushfd()?;
                        }
                        a.push(u32::from(code))?;
                        a.push(end)?;
                        if interrupt { a.iretd() } else { a.retf() }
                    })
                });
            }
        }
    }
    crate::judge("returns_to_outer_rings", suite, KNOWN);
}

/// Returns to flat segments of a ring, to the probe's end.
fn outer(case: &mut Case, ring: u8, interrupt: bool) -> Result {
    // Where the far pointer lies that says where the probe ends.
    let end = case.bytes(&[0x0F, 0x0B]);
    case.probe(|a| {
        a.push(u32::from(data_selector(ring)))?;
        a.push(stack_top(ring))?;
        if interrupt {
            a.pushfd()?;
        }
        a.push(u32::from(code_selector(ring)))?;
        a.push(end)?;
        if interrupt { a.iretd() } else { a.retf() }
    })
}

const VIRTUAL: &str = "QEMU's IRET does not load VIF and VIP";

#[test]
fn flags_of_returns() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "iretd in ring 0*", &["fl"], VIRTUAL),
        trusting_bochs(Judge::Qemu, "pushfd in ring*", &["fl", "eax"], VIRTUAL),
    ];
    let mut suite = Suite::new();
    let all = Eflags::all() - Eflags::VIRTUAL_8086 - Eflags::TRAP - Eflags::RESUME - Eflags::NESTED_TASK;
    for ring in 0..4u8 {
        for level in [0, 1, 3] {
            for (name, value) in [("set", all.bits()), ("clear", 0), ("reserved", !Eflags::all().bits())] {
                suite.case(format!("popfd in ring {ring}, IOPL {level}: {name}"), |case| {
                    case.ring(ring).io_privilege(level).probe(|a| {
                        a.push(value)?;
                        a.popfd()?;
                        a.nop()
                    })
                });
                suite.case(format!("popf in ring {ring}, IOPL {level}: {name}"), |case| {
                    case.ring(ring).io_privilege(level).probe(|a| {
                        a.push(value & 0xFFFF)?;
                        a.popf()?;
                        a.nop()
                    })
                });
                suite.case(format!("iretd in ring {ring}, IOPL {level}: {name}"), |case| {
                    let end = case.bytes(&[0x0F, 0x0B]);
                    case.ring(ring).io_privilege(level).probe(|a| {
                        a.push(value)?;
                        a.push(u32::from(code_selector(ring)))?;
                        a.push(end)?;
                        a.iretd()
                    })
                });
            }
        }
    }
    for flags in [Eflags::all() - Eflags::TRAP, Eflags::CARRY] {
        for ring in [0, 3] {
            suite.case(format!("pushfd in ring {ring}: {:x}", flags.bits()), |case| {
                let start = flags - Eflags::VIRTUAL_8086 - Eflags::NESTED_TASK;
                case.ring(ring).flags(start).probe(|a| {
                    a.pushfd()?;
                    a.pop(eax)?;
                    a.pushf()?;
                    a.pop(edx)
                })
            });
        }
    }
    crate::judge("flags_of_returns", suite, KNOWN);
}
