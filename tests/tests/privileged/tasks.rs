//! Hardware task switches: by jump, call, interrupt and IRET, with 16-bit and 32-bit state segments.

use crate::{NO_ACCESSED_BIT, NO_RESUME_FLAG, RESUME_FLAG_OF_DOUBLE_FAULTS, trusting_bochs};
use boot_tests::judged::layout::{
    DATA, PAGE_DIRECTORY, TASK, TASK_16, TASK_32, code_selector, data_selector, selector, stack_top,
};
use boot_tests::judged::{Case, Difference, Judge, OPEN_VECTOR, Result, Suite, gate};
use i586::flags::Eflags;
use i586::segment::{Descriptor, SystemKind};
use i586::tss::{TRAP_BIT, bits16, bits32};
use iced_x86::code_asm::{CodeAssembler, ax, dword_ptr, eax, edx, fword_ptr};

/// A task gate.
const GATE: u16 = selector::FREE;
/// A segment that state segments name.
const OTHER: u16 = selector::FREE + 8;
/// Stack of ring 0 for the 16-bit task: its pointer has 16 bits.
const LOW_STACK: u16 = 0xF000;

/// State of a 32-bit task in a ring that starts at `eip`: general registers hold 0xE0 to 0xE7.
fn state_32(ring: u8, eip: u32) -> Vec<u32> {
    let mut words = vec![0; 26];
    let mut set = |at: u32, value: u32| words[at as usize / 4] = value;
    set(bits32::ESP0, stack_top(0) - 0x80);
    set(bits32::SS0, u32::from(selector::DATA));
    set(bits32::CR3, PAGE_DIRECTORY);
    set(bits32::EIP, eip);
    set(bits32::EFLAGS, (Eflags::RESERVED_ONE | Eflags::SIGN).bits());
    for (number, at) in (0xE0..0xE8).zip((bits32::GENERAL..).step_by(4)) {
        set(at, number);
    }
    set(bits32::GENERAL + 16, if ring == 0 { stack_top(1) } else { stack_top(ring) });
    let data = u32::from(data_selector(ring));
    let segments = [data, u32::from(code_selector(ring)), data, data, data, data];
    for (value, at) in segments.into_iter().zip((bits32::SEGMENTS..).step_by(4)) {
        set(at, value);
    }
    set(bits32::LDT, u32::from(selector::LDT));
    set(bits32::TRAP, 0x68 << 16);
    words
}

/// State of a 16-bit task in ring 3 that starts at offset `ip` of the image.
fn state_16(ip: u32) -> Vec<u32> {
    let [low, high, ..] = ip.to_le_bytes();
    let mut words = [0u16; 22];
    let mut set = |at: u32, value: u16| words[at as usize / 2] = value;
    set(bits16::SP0, LOW_STACK);
    set(bits16::SS0, selector::DATA);
    set(bits16::IP, u16::from_le_bytes([low, high]));
    set(bits16::FLAGS, 0x86);
    for (number, at) in (0xE0..0xE8).zip((bits16::GENERAL..).step_by(2)) {
        set(at, number);
    }
    set(bits16::GENERAL + 8, 0x4F00);
    let data = selector::DATA_16_3;
    for (value, at) in
        [data, selector::CODE_16_3, data, data].into_iter().zip((bits16::SEGMENTS..).step_by(2))
    {
        set(at, value);
    }
    set(bits16::LDT, selector::LDT);
    words.chunks(2).map(|pair| u32::from(pair[0]) | u32::from(pair[1]) << 16).collect()
}

/// Puts a 32-bit task in place that stops at once.
fn stopping_task(case: &mut Case, ring: u8) -> u32 {
    let target = case.bytes(&[0x0F, 0x0B]);
    case.words(TASK_32, &state_32(ring, target));
    target
}

/// Changes a word of the 32-bit task's state.
fn change(case: &mut Case, at: u32, value: u32) {
    case.words(TASK_32 + at, &[value]);
}

fn far(a: &mut CodeAssembler, jump: bool) -> Result {
    if jump { a.jmp(fword_ptr(DATA)) } else { a.call(fword_ptr(DATA)) }
}

const WAYS: [(&str, bool); 2] = [("jmp", true), ("call", false)];

#[test]
fn switches() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(
            Judge::Qemu,
            "*to a 16-bit task",
            &["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"],
            "QEMU leaves upper halves clear, or as they were in ESP; Bochs sets them, the manual says nothing",
        ),
        trusting_bochs(
            Judge::Qemu,
            "*with other flags",
            &["fl"],
            "QEMU's task switches do not load VIF and VIP",
        ),
        trusting_bochs(Judge::Qemu, "*trap bit", &["line"], "QEMU's task switches know no T bit"),
        trusting_bochs(
            Judge::Qemu,
            "exception with code*",
            &["memory"],
            "RF in the flags that the switch saves",
        ),
    ];
    let mut suite = Suite::new();
    for (way, jump) in WAYS {
        for ring in 0..4 {
            suite.case(format!("{way} to a 32-bit task of ring {ring}"), |case| {
                stopping_task(case, ring);
                case.words(DATA, &[0, u32::from(selector::TASK_32)]);
                case.flags(Eflags::CARRY).probe(|a| far(a, jump))
            });
            suite.case(format!("{way} from ring {ring} through a task gate"), |case| {
                stopping_task(case, 0);
                case.gate(GATE, gate(SystemKind::TaskGate, selector::TASK_32, 0, 3));
                case.words(DATA, &[0, u32::from(GATE | 3)]).ring(ring).probe(|a| far(a, jump))
            });
        }
        suite.case(format!("{way} to a 16-bit task"), |case| {
            let target = case.code_16(|a| a.ud2())?;
            case.words(TASK_16, &state_16(target)).words(DATA, &[0, u32::from(selector::TASK_16)]);
            case.probe(|a| far(a, jump))
        });
        suite.case(format!("{way} with other flags"), |case| {
            stopping_task(case, 3);
            change(case, bits32::EFLAGS, !(Eflags::VIRTUAL_8086 | Eflags::TRAP).bits());
            case.words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, jump))
        });
        suite.case(format!("{way}, trap bit"), |case| {
            stopping_task(case, 3);
            change(case, bits32::TRAP, u32::from(TRAP_BIT));
            case.words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, jump))
        });
        suite.case(format!("{way} to a task in V86 mode"), |case| {
            let target = case.code_16(|a| a.ud2())?;
            let mut state = state_32(3, target);
            state[bits32::EFLAGS as usize / 4] = (Eflags::VIRTUAL_8086 | Eflags::RESERVED_ONE).bits();
            for (value, at) in [0x1000, 0x2000, 0x1000, 0x1001, 0x1002, 0x1003]
                .into_iter()
                .zip((bits32::SEGMENTS as usize / 4)..)
            {
                state[at] = value;
            }
            case.words(TASK_32, &state).words(DATA, &[0, u32::from(selector::TASK_32)]);
            case.probe(|a| far(a, jump))
        });
    }
    for ring in [0, 3] {
        suite.case(format!("int from ring {ring} through a task gate"), |case| {
            stopping_task(case, 0);
            case.vector(OPEN_VECTOR, gate(SystemKind::TaskGate, selector::TASK_32, 0, 3));
            case.ring(ring).probe(|a| a.int(u32::from(OPEN_VECTOR)))
        });
        suite.case(format!("int from ring {ring} through a closed task gate"), |case| {
            stopping_task(case, 0);
            case.vector(OPEN_VECTOR, gate(SystemKind::TaskGate, selector::TASK_32, 0, 0));
            case.ring(ring).probe(|a| a.int(u32::from(OPEN_VECTOR)))
        });
        suite.case(format!("exception with code in ring {ring} through a task gate"), |case| {
            stopping_task(case, 0);
            case.vector(13, gate(SystemKind::TaskGate, selector::TASK_32, 0, 0));
            case.ring(ring).eax(0x1230).probe(|a| a.mov(iced_x86::code_asm::ds, ax))
        });
    }
    crate::judge("switches", suite, KNOWN);
}

#[test]
fn calls_and_returns() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(
            Judge::Qemu,
            "two calls*",
            &["memory"],
            "QEMU's IRET saves arithmetic flags of long ago",
        ),
        trusting_bochs(
            Judge::Qemu,
            "nested iretd*to itself",
            &["line"],
            "QEMU loads the task before it saves it; the manual's order is the other",
        ),
    ];
    let mut suite = Suite::new();
    for ring in [0, 3] {
        suite.case(format!("call from ring {ring} and back"), |case| {
            let target = case.code(|a| {
                a.mov(edx, 0x77u32)?;
                a.iretd()
            })?;
            case.words(TASK_32, &state_32(0, target));
            case.gate(GATE, gate(SystemKind::TaskGate, selector::TASK_32, 0, 3));
            case.words(DATA, &[0, u32::from(GATE | 3)]).ring(ring).eax(0x55).probe(|a| far(a, false))
        });
        suite.case(format!("int from ring {ring} and back"), |case| {
            let target = case.code(|a| a.iretd())?;
            case.words(TASK_32, &state_32(0, target));
            case.vector(OPEN_VECTOR, gate(SystemKind::TaskGate, selector::TASK_32, 0, 3));
            case.ring(ring).flags(Eflags::CARRY).probe(|a| {
                a.int(u32::from(OPEN_VECTOR))?;
                a.mov(eax, 5)
            })
        });
    }
    suite.case("call of a 16-bit task and back", |case| {
        let target = case.code_16(|a| a.iret())?;
        case.words(TASK_16, &state_16(target)).words(DATA, &[0, u32::from(selector::TASK_16)]);
        case.ring(0).eax(0xAAAA_5555).probe(|a| far(a, false))
    });
    suite.case("two calls: the second finds the rest of the first", |case| {
        let target = case.code(|a| {
            let mut top = a.create_label();
            a.set_label(&mut top)?;
            a.inc(eax)?;
            a.iretd()?;
            a.jmp(top)
        })?;
        case.words(TASK_32, &state_32(0, target)).words(DATA, &[0, u32::from(selector::TASK_32)]);
        case.probe(|a| {
            far(a, false)?;
            far(a, false)
        })
    });
    // IRET with NT: the back link decides.
    let busy = Descriptor::system(SystemKind::BusyTss32, TASK_32, bits32::LIMIT_MIN, 0);
    for (name, link, contents) in [
        ("a busy task", selector::TASK_32, busy),
        ("a task that is not busy", selector::TASK_32, busy.with_available()),
        ("an absent task", selector::TASK_32, absent(busy)),
        ("itself", selector::TASK, busy),
        ("nothing", 0, busy),
        ("nothing, RPL 3", 3, busy),
        ("data", selector::DATA, busy),
        ("the LDT", 4, busy),
        ("beyond the GDT", 0xFFF8, busy),
        ("a busy task, RPL 3", selector::TASK_32 | 3, busy),
        ("a busy task of DPL 3", selector::TASK_32, busy.with_dpl(3)),
        ("a short task", selector::TASK_32, Descriptor::system(SystemKind::BusyTss32, TASK_32, 0x66, 0)),
    ] {
        for ring in [0, 3] {
            suite.case(format!("nested iretd in ring {ring} to {name}"), |case| {
                stopping_task(case, 0);
                case.words(TASK, &[u32::from(link)]).descriptor(selector::TASK_32, contents);
                case.ring(ring).flags(Eflags::NESTED_TASK).probe(|a| a.iretd())
            });
        }
    }
    crate::judge("calls_and_returns", suite, KNOWN);
}

fn absent(contents: Descriptor) -> Descriptor {
    let (low, high) = contents.words();
    Descriptor::from_words(low, high & !0x8000)
}

#[test]
fn privileges_and_types_of_tasks() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(
            Judge::Qemu,
            "*through a gate to the LDT",
            &["outcome"],
            "QEMU raises #TS; the manual: #GP",
        ),
        trusting_bochs(
            Judge::Qemu,
            "*out of a task that is too short",
            &["line"],
            "QEMU does not check the limit of the task it leaves",
        ),
    ];
    let mut suite = Suite::new();
    for (way, jump) in WAYS {
        for ring in [0, 2, 3] {
            for dpl in [0, 2, 3] {
                for rpl in [0, 3] {
                    suite.case(format!("{way} from ring {ring}, DPL {dpl}, RPL {rpl}"), |case| {
                        stopping_task(case, 0);
                        let task =
                            Descriptor::system(SystemKind::AvailableTss32, TASK_32, bits32::LIMIT_MIN, dpl);
                        case.descriptor(selector::TASK_32, task);
                        case.words(DATA, &[0, u32::from(selector::TASK_32) | rpl]);
                        case.ring(ring).probe(|a| far(a, jump))
                    });
                }
            }
        }
        let task = |kind, limit| Descriptor::system(kind, TASK_32, limit, 0);
        for (name, contents) in [
            ("busy", task(SystemKind::BusyTss32, 0x67)),
            ("absent", absent(task(SystemKind::AvailableTss32, 0x67))),
            ("absent and busy", absent(task(SystemKind::BusyTss32, 0x67))),
            ("a byte short", task(SystemKind::AvailableTss32, 0x66)),
            ("a byte short, 16-bit", task(SystemKind::AvailableTss16, 0x2A)),
            ("just long enough", task(SystemKind::AvailableTss32, 0x67)),
            ("an LDT", task(SystemKind::Ldt, 0x67)),
        ] {
            suite.case(format!("{way} to a task: {name}"), |case| {
                stopping_task(case, 0);
                case.descriptor(selector::TASK_32, contents);
                case.words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, jump))
            });
            suite.case(format!("{way} through a gate to a task: {name}"), |case| {
                stopping_task(case, 0);
                case.descriptor(selector::TASK_32, contents);
                case.gate(GATE, gate(SystemKind::TaskGate, selector::TASK_32, 0, 0));
                case.words(DATA, &[0, u32::from(GATE)]).probe(|a| far(a, jump))
            });
        }
        for (name, target) in
            [("null", 0), ("the LDT", 4), ("data", selector::DATA), ("beyond the GDT", 0xFFF8)]
        {
            suite.case(format!("{way} through a gate to {name}"), |case| {
                case.gate(GATE, gate(SystemKind::TaskGate, target, 0, 0));
                case.words(DATA, &[0, u32::from(GATE)]).probe(|a| far(a, jump))
            });
        }
        suite.case(format!("{way} through an absent gate"), |case| {
            let contents = gate(SystemKind::TaskGate, selector::TASK_32, 0, 0).descriptor();
            case.descriptor(GATE, absent(contents)).words(DATA, &[0, u32::from(GATE)]).probe(|a| far(a, jump))
        });
        for dpl in 0..4 {
            suite.case(format!("{way} from ring 2 through a gate of DPL {dpl}"), |case| {
                stopping_task(case, 0);
                case.gate(GATE, gate(SystemKind::TaskGate, selector::TASK_32, 0, dpl));
                case.words(DATA, &[0, u32::from(GATE)]).ring(2).probe(|a| far(a, jump))
            });
        }
        suite.case(format!("{way} out of a task that is too short"), |case| {
            stopping_task(case, 0);
            case.words(DATA, &[0, u32::from(selector::TASK_32)]);
            case.descriptor(selector::TASK, Descriptor::system(SystemKind::AvailableTss32, TASK, 0x5E, 0));
            case.prepare(|a| {
                a.mov(ax, u32::from(selector::TASK))?;
                a.ltr(ax)
            })?;
            case.probe(|a| far(a, jump))
        });
    }
    crate::judge("privileges_and_types_of_tasks", suite, KNOWN);
}

#[test]
fn bad_contents_of_tasks() {
    const STACK: &str = "the new task's ring 0 has no stack for #TS, which becomes #DF; Bochs pretends to come from \
        ring 3, so that the task's own stack of ring 0 is used. The manual calls the registers of such a task undefined";
    const NOT_YET: &str = "QEMU loads code and stack last, and with an empty task behind it";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        NO_ACCESSED_BIT,
        RESUME_FLAG_OF_DOUBLE_FAULTS,
        Difference { judge: Judge::Bochs, cases: "ss in ring 0: *", fields: &["line"], why: STACK },
        Difference { judge: Judge::Bochs, cases: "cs in ring 3: *", fields: &["line"], why: STACK },
        Difference { judge: Judge::Bochs, cases: "ldt: *", fields: &["line"], why: STACK },
        trusting_bochs(Judge::Qemu, "cs in*", &["line"], NOT_YET),
        trusting_bochs(Judge::Qemu, "ss in*", &["line"], NOT_YET),
        trusting_bochs(Judge::Qemu, "ldt: *", &["line"], NOT_YET),
        trusting_bochs(
            Judge::Qemu,
            "*s in ring*",
            &["outcome"],
            "QEMU reports the old task's EIP for faults of the new one",
        ),
        trusting_bochs(Judge::Qemu, "eip beyond the limit", &["outcome"], "as above"),
    ];
    let mut suite = Suite::new();
    let place = |number: u32| bits32::SEGMENTS + 4 * number;
    let kinds = [
        ("null", 0, 0),
        ("null, RPL 3", 3, 0),
        ("beyond the GDT", 0xFFFB, 0),
        ("beyond the LDT", 0x107, 0),
        ("task", selector::TASK, 0),
        ("data of ring 0", selector::DATA, 0),
        ("code of ring 0", selector::CODE, 0),
        ("data of ring 3", selector::DATA_3, 0),
        ("code of ring 3", selector::CODE_3, 0),
        ("absent data", OTHER | 3, 0x72),
        ("absent code", OTHER | 3, 0x7A),
        ("read-only data", OTHER | 3, 0xF0),
        ("execute-only code", OTHER | 3, 0xF8),
        ("conforming code, DPL 0", OTHER | 3, 0x9E),
        ("data, RPL 2", OTHER | 2, 0xF2),
    ];
    for ring in [0, 3] {
        for (register, at) in [("cs", place(1)), ("ss", place(2)), ("ds", place(3)), ("gs", place(5))] {
            for (name, value, access) in kinds {
                suite.case(format!("{register} in ring {ring}: {name}"), |case| {
                    stopping_task(case, ring);
                    if access != 0 {
                        let (low, high) = Descriptor::flat_data(3).words();
                        let contents = Descriptor::from_words(low, high & !(0xFF << 8) | access << 8);
                        case.descriptor(OTHER, contents);
                    }
                    change(case, at, u32::from(value));
                    case.words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, true))
                });
            }
        }
    }
    for (name, value, contents) in [
        ("null", 0, Descriptor::NULL),
        ("of the LDT", 4, Descriptor::NULL),
        ("data", selector::DATA, Descriptor::NULL),
        ("absent", OTHER, absent(Descriptor::system(SystemKind::Ldt, 0, 7, 0))),
        ("beyond the GDT", 0xFFF8, Descriptor::NULL),
        ("another", OTHER, Descriptor::system(SystemKind::Ldt, 0, 7, 0)),
    ] {
        suite.case(format!("ldt: {name}"), |case| {
            stopping_task(case, 0);
            change(case, bits32::LDT, u32::from(value));
            case.descriptor(OTHER, contents).words(DATA, &[0, u32::from(selector::TASK_32)]);
            case.probe(|a| far(a, true))
        });
    }
    suite.case("segments of the LDT", |case| {
        stopping_task(case, 3);
        change(case, place(3), 7);
        case.descriptor(selector::LOCAL, Descriptor::flat_data(3));
        case.words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, true))
    });
    suite.case("eip beyond the limit", |case| {
        stopping_task(case, 3);
        change(case, place(1), u32::from(OTHER | 3));
        case.descriptor(OTHER, Descriptor::flat_code(3).with_limit(0xFFF));
        case.words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, true))
    });
    suite.case("cr3 with paging", |case| {
        stopping_task(case, 0);
        change(case, bits32::CR3, PAGE_DIRECTORY + 0x18);
        case.paging().words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, true))
    });
    suite.case("cr3 without paging", |case| {
        stopping_task(case, 0);
        change(case, bits32::CR3, 0x0012_3000);
        case.words(DATA, &[0, u32::from(selector::TASK_32)]).probe(|a| far(a, true))
    });
    suite.case("cs and task read with jmp dword", |case| {
        stopping_task(case, 0);
        case.words(DATA, &[0x1234_5678, u32::from(selector::TASK_32)]).probe(|a| {
            a.mov(edx, dword_ptr(DATA))?;
            far(a, true)
        })
    });
    crate::judge("bad_contents_of_tasks", suite, KNOWN);
}
