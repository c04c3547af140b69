//! Interrupt, trap and task gates; INT n, INT3, INTO and exceptions through them; double faults.

use crate::{NO_ACCESSED_BIT, NO_RESUME_FLAG, RESUME_FLAG_OF_DOUBLE_FAULTS, trusting_bochs};
use boot_tests::judged::layout::{DATA, IMAGE, TASK, selector};
use boot_tests::judged::{Case, Difference, Judge, OPEN_VECTOR, Result, Suite, gate, stub};
use i586::flags::Eflags;
use i586::segment::{Descriptor, SystemKind};
use i586::tss::bits32;
use iced_x86::code_asm::{CodeAssembler, cl, dword_ptr, eax, ebx, ecx, edx, esp};

/// Selectors that these cases fill.
const TARGET: u16 = selector::FREE;
const STACK: u16 = selector::FREE + 8;

const KINDS: [(&str, SystemKind); 4] = [
    ("interrupt gate", SystemKind::InterruptGate32),
    ("trap gate", SystemKind::TrapGate32),
    ("16-bit interrupt gate", SystemKind::InterruptGate16),
    ("16-bit trap gate", SystemKind::TrapGate16),
];

fn with_access(segment: Descriptor, access: u32) -> Descriptor {
    let (low, high) = segment.words();
    Descriptor::from_words(low, high & !(0xFF << 8) | access << 8)
}

/// A handler that looks at its frame and flags and stops.
fn handler(case: &mut Case) -> Result<u32> {
    case.code(|a| {
        a.pushfd()?;
        a.pop(eax)?;
        a.mov(edx, dword_ptr(esp))?;
        a.ud2()
    })
}

/// Selector and offset of a handler for a gate of this kind.
fn target(kind: SystemKind, handler: u32) -> (u16, u32) {
    if kind.is_32_bit() { (selector::CODE, handler) } else { (selector::CODE_LOW, handler - IMAGE) }
}

/// INT n.
fn interrupt(a: &mut CodeAssembler, vector: u8) -> Result {
    a.int(u32::from(vector))
}

#[test]
fn software_interrupts() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG, NO_ACCESSED_BIT];
    let mut suite = Suite::new();
    let flags = Eflags::INTERRUPT | Eflags::CARRY | Eflags::NESTED_TASK;
    for (name, kind) in KINDS {
        for ring in 0..4 {
            for dpl in [0, 2, 3] {
                suite.case(format!("{name} of DPL {dpl} from ring {ring}"), |case| {
                    let handler = handler(case)?;
                    let (segment, offset) = target(kind, handler);
                    case.ring(ring).vector(OPEN_VECTOR, gate(kind, segment, offset, dpl));
                    case.flags(flags).probe(|a| interrupt(a, OPEN_VECTOR))
                });
            }
        }
        for (what, access) in [
            ("conforming, DPL 0", 0x9E),
            ("conforming, DPL 3", 0xFE),
            ("DPL 1", 0xBA),
            ("DPL 3", 0xFA),
            ("absent", 0x1A),
            ("execute-only", 0x98),
            ("data", 0x92),
            ("call gate", 0x8C),
        ] {
            for ring in [0, 2, 3] {
                suite.case(format!("{name} from ring {ring} to {what}"), |case| {
                    let handler = handler(case)?;
                    let base = if kind.is_32_bit() { 0 } else { IMAGE };
                    let segment = Descriptor::flat_code(0).with_base(base);
                    case.descriptor(TARGET, with_access(segment, access));
                    case.ring(ring).vector(OPEN_VECTOR, gate(kind, TARGET, handler - base, 3));
                    case.probe(|a| interrupt(a, OPEN_VECTOR))
                });
            }
        }
        for (what, value) in [
            ("null", 0),
            ("null, RPL 3", 3),
            ("beyond the GDT", 0xFFF8),
            ("RPL 3", target(kind, IMAGE).0 | 3),
        ] {
            for ring in [0, 3] {
                suite.case(format!("{name} from ring {ring} to selector {what}"), |case| {
                    let handler = handler(case)?;
                    let (_, offset) = target(kind, handler);
                    case.ring(ring).vector(OPEN_VECTOR, gate(kind, value, offset, 3));
                    case.probe(|a| interrupt(a, OPEN_VECTOR))
                });
            }
        }
    }
    crate::judge("software_interrupts", suite, KNOWN);
}

#[test]
fn gates_that_are_none() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG];
    let mut suite = Suite::new();
    for kind in 0..32u32 {
        // Gates are covered elsewhere, task gates too.
        if matches!(kind, 5..=7 | 0xE | 0xF) {
            continue;
        }
        for present in [0, 0x80] {
            suite.case(format!("type {kind:x}, access {present:x}"), |case| {
                let contents = Descriptor::from_words(0x0008_0000, (kind | 0x60 | present) << 8);
                case.ring(3).vector_contents(OPEN_VECTOR, contents).probe(|a| interrupt(a, OPEN_VECTOR))
            });
        }
    }
    for (name, kind) in KINDS {
        for dpl in [0, 3] {
            suite.case(format!("absent {name} of DPL {dpl}"), |case| {
                let (low, high) = gate(kind, selector::CODE, 0x1234, dpl).descriptor().words();
                let absent = Descriptor::from_words(low, high & !0x8000);
                case.ring(3).vector_contents(OPEN_VECTOR, absent).probe(|a| interrupt(a, OPEN_VECTOR))
            });
        }
    }
    for ring in [0, 3] {
        for vector in [0x50, 0xFF] {
            suite.case(format!("empty gate {vector:x} from ring {ring}"), |case| {
                case.ring(ring).probe(|a| interrupt(a, vector))
            });
        }
        for (limit, name) in [(0x206, "cut"), (0x207, "just inside"), (0x1FF, "beyond")] {
            suite.case(format!("gate {name} of the table from ring {ring}"), |case| {
                case.ring(ring).words(DATA, &[limit | 0x0800 << 16, 1]);
                case.prepare(|a| a.lidt(iced_x86::code_asm::fword_ptr(DATA)))?;
                case.probe(|a| interrupt(a, OPEN_VECTOR))
            });
        }
    }
    crate::judge("gates_that_are_none", suite, KNOWN);
}

/// An instruction that raises an exception: name, vector, code.
type Raising = (&'static str, u8, fn(&mut CodeAssembler) -> Result);

const RAISING: [Raising; 8] = [
    ("#DE", 0, |a| a.div(cl)),
    ("#BP", 3, |a| a.int3()),
    ("#OF", 4, |a| {
        a.mov(eax, 0x7FFF_FFFFu32)?;
        a.inc(eax)?;
        a.into()
    }),
    ("#BR", 5, |a| {
        a.mov(eax, 0x10u32)?;
        a.bound(eax, iced_x86::code_asm::qword_ptr(DATA))
    }),
    ("#UD", 6, |a| a.ud2()),
    ("#NP", 11, |a| {
        a.mov(eax, u32::from(STACK))?;
        a.mov(iced_x86::code_asm::es, eax)
    }),
    ("#GP", 13, |a| a.mov(iced_x86::code_asm::es, ebx)),
    ("#SS", 12, |a| a.mov(iced_x86::code_asm::ss, ecx)),
];

/// A case that raises one of them in a ring, with an absent data descriptor at hand.
fn raising(case: &mut Case, ring: u8) {
    case.ring(ring).descriptor(STACK, with_access(Descriptor::flat_data(ring), 0x12 | u32::from(ring) << 5));
    case.register(boot_tests::judged::Register::Ebx, 0xFFF8);
    case.register(boot_tests::judged::Register::Ecx, u32::from(STACK) + u32::from(ring));
}

#[test]
fn exceptions_through_gates() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(
            Judge::Qemu,
            "#*",
            &["memory"],
            "RF of the frame, which is not taken off in these cases",
        ),
    ];
    let mut suite = Suite::new();
    for (name, vector, write) in RAISING {
        for ring in [0, 3] {
            suite.case(format!("{name} in ring {ring}"), |case| {
                raising(case, ring);
                case.probe(write)
            });
            for (what, kind) in KINDS {
                for dpl in [0, 3] {
                    suite.case(format!("{name} in ring {ring} through {what} of DPL {dpl}"), |case| {
                        let handler = handler(case)?;
                        let (segment, offset) = target(kind, handler);
                        raising(case, ring);
                        // The handler ends in #UD itself.
                        if vector == 6 {
                            return case.probe(|a| a.into());
                        }
                        case.vector(vector, gate(kind, segment, offset, dpl));
                        case.flags(Eflags::INTERRUPT | Eflags::SIGN).probe(write)
                    });
                }
            }
        }
    }
    crate::judge("exceptions_through_gates", suite, KNOWN);
}

/// A way to make a vector's gate unusable: name, what to do to the case.
type Broken = (&'static str, fn(&mut Case, u8));

const BROKEN: [Broken; 9] = [
    ("absent gate", |case, vector| {
        case.vector_contents(vector, Descriptor::from_words(0x0008_0000, 0x0E00));
    }),
    ("gate of the wrong type", |case, vector| {
        case.vector_contents(vector, Descriptor::from_words(0x0008_0000, 0x8C00));
    }),
    ("null handler", |case, vector| {
        case.vector(vector, gate(SystemKind::InterruptGate32, 0, 0, 0));
    }),
    ("absent handler", |case, vector| {
        case.descriptor(TARGET, with_access(Descriptor::flat_code(0), 0x1A));
        case.vector(vector, gate(SystemKind::InterruptGate32, TARGET, 0, 0));
    }),
    ("data as handler", |case, vector| {
        case.vector(vector, gate(SystemKind::TrapGate32, selector::DATA, 0, 0));
    }),
    ("handler beyond the GDT", |case, vector| {
        case.vector(vector, gate(SystemKind::TrapGate16, 0xFFF8, 0, 0));
    }),
    ("handler beyond the limit", |case, vector| {
        let target = stub(0x4F);
        case.descriptor(TARGET, Descriptor::flat_code(0).with_limit(target - 1));
        case.vector(vector, gate(SystemKind::TrapGate32, TARGET, target, 0));
    }),
    ("task gate to no task", |case, vector| {
        case.vector(vector, gate(SystemKind::TaskGate, selector::DATA, 0, 0));
    }),
    ("task gate to a busy task", |case, vector| {
        case.vector(vector, gate(SystemKind::TaskGate, selector::TASK, 0, 0));
    }),
];

#[test]
fn faults_on_the_way_to_a_handler() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        RESUME_FLAG_OF_DOUBLE_FAULTS,
        trusting_bochs(Judge::Qemu, "#UD*", &["outcome"], "QEMU takes UD2 for an INT: no EXT in error codes"),
        trusting_bochs(
            Judge::Qemu,
            "#*beyond the limit",
            &["line"],
            "QEMU does not check limits of handlers",
        ),
        trusting_bochs(
            Judge::Qemu,
            "INT*beyond the limit",
            &["line"],
            "QEMU does not check limits of handlers",
        ),
        trusting_bochs(
            Judge::Qemu,
            "#BR*",
            &["outcome"],
            "QEMU takes BOUND for an INT: no EXT in error codes",
        ),
    ];
    let mut suite = Suite::new();
    for (name, vector, write) in RAISING {
        for (what, change) in BROKEN {
            for ring in [0, 3] {
                suite.case(format!("{name} in ring {ring}, {what}"), |case| {
                    raising(case, ring);
                    change(case, vector);
                    case.probe(write)
                });
            }
        }
    }
    for (what, change) in BROKEN {
        for ring in [0, 3] {
            suite.case(format!("INT in ring {ring}, {what}"), |case| {
                case.ring(ring);
                change(case, OPEN_VECTOR);
                // Open to all rings.
                case.words(boot_tests::judged::layout::IDT - 4, &[]);
                case.probe(|a| interrupt(a, OPEN_VECTOR))
            });
        }
    }
    crate::judge("faults_on_the_way_to_a_handler", suite, KNOWN);
}

#[test]
fn stacks_of_handlers() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        NO_ACCESSED_BIT,
        trusting_bochs(Judge::Qemu, "*stack absent", &["outcome"], "QEMU raises #TS instead of #SS"),
    ];
    let mut suite = Suite::new();
    let inner = TASK + bits32::SS0 + bits32::STACK_STRIDE;
    for (name, kind) in KINDS {
        for (what, access) in [
            ("good", 0xB2),
            ("DPL 0", 0x92),
            ("read-only", 0xB0),
            ("code", 0xBA),
            ("absent", 0x32),
            ("LDT", 0xA2),
        ] {
            suite.case(format!("{name} to ring 1, stack {what}"), |case| {
                let handler = handler(case)?;
                let base = if kind.is_32_bit() { 0 } else { IMAGE };
                case.descriptor(TARGET, Descriptor::flat_code(1).with_base(base));
                case.descriptor(STACK, with_access(Descriptor::flat_data(0), access));
                case.words(inner, &[u32::from(STACK | 1)]);
                case.ring(3).vector(OPEN_VECTOR, gate(kind, TARGET, handler - base, 3));
                case.probe(|a| interrupt(a, OPEN_VECTOR))
            });
        }
        for (what, value) in [("null", 0), ("RPL 0", u32::from(STACK)), ("beyond the GDT", 0xFFF9)] {
            suite.case(format!("{name} to ring 1, stack selector {what}"), |case| {
                let handler = handler(case)?;
                let base = if kind.is_32_bit() { 0 } else { IMAGE };
                case.descriptor(TARGET, Descriptor::flat_code(1).with_base(base));
                case.descriptor(STACK, Descriptor::flat_data(1)).words(inner, &[value]);
                case.ring(3).vector(OPEN_VECTOR, gate(kind, TARGET, handler - base, 3));
                case.probe(|a| interrupt(a, OPEN_VECTOR))
            });
        }
    }
    crate::judge("stacks_of_handlers", suite, KNOWN);
}
