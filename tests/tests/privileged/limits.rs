//! Limits and access rights of segments in use: expand-up, expand-down, 16-bit and 32-bit stacks, code and
//! read-only segments.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, selector};
use boot_tests::judged::{DataSegment, Difference, Judge, Register, Result, Suite};
use i586::segment::Descriptor;
use iced_x86::code_asm::{
    AsmMemoryOperand, CodeAssembler, al, ax, byte_ptr, dword_ptr, eax, ebp, ecx, edx, esp, qword_ptr,
    tbyte_ptr, word_ptr,
};

/// Free descriptor, used by ring 3.
const FREE: u16 = selector::FREE | 3;

const UNCHECKED: &str = "QEMU checks neither limits nor access rights of segments in use";

/// Memory that only these tests use: accesses beyond limits must not hit the monitor where they are not checked.
const SCRATCH: u32 = 0x40_0000;

/// A data segment of ring 3 in the middle of nowhere.
fn data(limit: u32) -> Descriptor {
    Descriptor::flat_data(3).with_base(SCRATCH).with_limit(limit)
}

fn with_type(segment: Descriptor, kind: u32) -> Descriptor {
    let (low, high) = segment.words();
    Descriptor::from_words(low, high & !(0xF << 8) | kind << 8)
}

/// D/B clear.
fn small(segment: Descriptor) -> Descriptor {
    let (low, high) = segment.words();
    Descriptor::from_words(low, high & !(1 << 22))
}

/// Segments with an edge at offset 0x100: name, descriptor.
fn edges() -> Vec<(&'static str, Descriptor)> {
    vec![
        ("up", data(0xFF)),
        ("up, 16-bit", small(data(0xFF))),
        ("down", with_type(data(0xFF), 6)),
        ("down, 16-bit", small(with_type(data(0xFF), 6))),
        ("up, all", data(u32::MAX)),
        ("down, all", with_type(data(u32::MAX), 6)),
        ("down, none", with_type(data(0), 6)),
    ]
}

type Access = (&'static str, fn(&mut CodeAssembler, AsmMemoryOperand) -> Result);

/// Accesses of all sizes at GS:ECX.
const ACCESSES: [Access; 8] = [
    ("read 1", |a, _| a.mov(al, byte_ptr(ecx).gs())),
    ("write 2", |a, _| a.mov(word_ptr(ecx).gs(), ax)),
    ("read 4", |a, _| a.mov(eax, dword_ptr(ecx).gs())),
    ("add 4", |a, _| a.add(dword_ptr(ecx).gs(), 1)),
    ("read 8", |a, _| a.fld(qword_ptr(ecx).gs())),
    ("write 10", |a, _| a.fstp(tbyte_ptr(ecx).gs())),
    ("cmpxchg8b", |a, _| a.cmpxchg8b(qword_ptr(ecx).gs())),
    ("lgs", |a, _| a.lea(eax, dword_ptr(ecx).gs())),
];

#[test]
fn limits_of_data() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG, trusting_bochs(Judge::Qemu, "*", &["line"], UNCHECKED)];
    let mut suite = Suite::new();
    for (name, segment) in edges() {
        for (access, write) in ACCESSES {
            for offset in [0xF6, 0xFC, 0xFD, 0xFF, 0x100, 0xFFFF, 0xFFFF_FFFC, 0xFFFF_FFFF] {
                suite.case(format!("{name}: {access} at {offset:x}"), |case| {
                    case.ring(3).descriptor(FREE, segment).segment(DataSegment::Gs, FREE);
                    case.register(Register::Ecx, offset).probe(|a| write(a, dword_ptr(ecx)))
                });
            }
        }
    }
    crate::judge("limits_of_data", suite, KNOWN);
}

type Push = (&'static str, fn(&mut CodeAssembler) -> Result);

/// Instructions that use the stack.
const STACK_USES: [Push; 16] = [
    ("push 4", |a| a.push(eax)),
    ("push 2", |a| a.push(ax)),
    ("pop 4", |a| a.pop(eax)),
    ("pop 2", |a| a.pop(ax)),
    ("pushad", |a| a.pushad()),
    ("popad", |a| a.popad()),
    ("enter", |a| a.enter(8, 0)),
    ("enter, nested", |a| a.enter(4, 2)),
    ("leave", |a| a.leave()),
    ("call", |a| {
        let mut next = a.create_label();
        a.call(next)?;
        a.set_label(&mut next)?;
        a.nop()
    }),
    ("pushfd", |a| a.pushfd()),
    ("popfd", |a| a.popfd()),
    ("push memory", |a| a.push(dword_ptr(esp))),
    ("pop memory", |a| a.pop(dword_ptr(esp))),
    ("ebp", |a| a.mov(eax, dword_ptr(ebp))),
    ("esp", |a| a.mov(dword_ptr(esp), eax)),
];

#[test]
fn limits_of_stacks() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG, trusting_bochs(Judge::Qemu, "*", &["line"], UNCHECKED)];
    let mut suite = Suite::new();
    for (name, segment) in edges() {
        for (what, write) in STACK_USES {
            let pointers: &[u32] = if matches!(what, "ebp" | "esp" | "leave" | "call") {
                &[2, 0x102]
            } else {
                &[2, 0xFE, 0x102, 0x0001_0004]
            };
            for &pointer in pointers {
                suite.case(format!("{name}: {what} at {pointer:x}"), |case| {
                    case.ring(3).descriptor(FREE, segment).stack(FREE, pointer);
                    case.register(Register::Ebp, pointer).probe(write)
                });
            }
        }
    }
    crate::judge("limits_of_stacks", suite, KNOWN);
}

#[test]
fn rights_of_segments() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG, trusting_bochs(Judge::Qemu, "*", &["line"], UNCHECKED)];
    let mut suite = Suite::new();
    let kinds = [
        ("read-only", with_type(data(0xFFF), 0)),
        ("read-write", with_type(data(0xFFF), 2)),
        ("read-only, down", with_type(data(0xFF), 4)),
        ("code, execute-only", with_type(data(0xFFF), 8)),
        ("code, readable", with_type(data(0xFFF), 0xA)),
        ("conforming, execute-only", with_type(data(0xFFF), 0xC)),
        ("conforming, readable", with_type(data(0xFFF), 0xE)),
    ];
    let accesses: [Push; 12] = [
        ("read", |a| a.mov(eax, dword_ptr(0x200).gs())),
        ("write", |a| a.mov(dword_ptr(0x200).gs(), eax)),
        ("modify", |a| a.inc(dword_ptr(0x200).gs())),
        ("xchg", |a| a.xchg(dword_ptr(0x200).gs(), eax)),
        ("cmp", |a| a.cmp(dword_ptr(0x200).gs(), eax)),
        ("cmpxchg", |a| a.cmpxchg(dword_ptr(0x200).gs(), edx)),
        ("bts", |a| a.bts(dword_ptr(0x200).gs(), edx)),
        ("bt", |a| a.bt(dword_ptr(0x200).gs(), edx)),
        ("fst", |a| a.fst(dword_ptr(0x200).gs())),
        ("sldt", |a| a.str(word_ptr(0x200).gs())),
        ("sgdt", |a| a.sgdt(iced_x86::code_asm::fword_ptr(0x200).gs())),
        ("fnstcw", |a| a.fnstcw(word_ptr(0x200).gs())),
    ];
    for (name, segment) in kinds {
        for (what, write) in accesses {
            suite.case(format!("{name}: {what}"), |case| {
                case.ring(3).descriptor(FREE, segment).eax(FREE.into()).probe(|a| {
                    a.mov(iced_x86::code_asm::gs, ax)?;
                    write(a)
                })
            });
        }
    }
    // The code segment itself.
    for (name, kind) in [("execute-only", 8), ("readable", 0xA), ("conforming", 0xC)] {
        let code = with_type(Descriptor::flat_code(3), kind);
        suite.case(format!("cs {name}: read"), |case| {
            case.ring(3).descriptor(FREE, code).code_segment(FREE).probe(|a| a.mov(eax, dword_ptr(DATA).cs()))
        });
        suite.case(format!("cs {name}: write"), |case| {
            case.ring(3).descriptor(FREE, code).code_segment(FREE).probe(|a| a.mov(dword_ptr(DATA).cs(), eax))
        });
    }
    crate::judge("rights_of_segments", suite, KNOWN);
}

#[test]
fn limits_of_code_and_strings() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "*", &["line"], UNCHECKED),
        Difference {
            judge: Judge::Bochs,
            cases: "call beyond the limit",
            fields: &["memory"],
            why: "Bochs pushes before it checks the target; bytes below ESP mean nothing",
        },
        Difference {
            judge: Judge::Bochs,
            cases: "far call beyond the limit",
            fields: &["memory"],
            why: "as above",
        },
    ];
    let mut suite = Suite::new();
    for beyond in 0..6u32 {
        // A jump of 5 bytes, cut at every byte, then one to behind the limit.
        suite.case(format!("code cut after {beyond} bytes"), |case| {
            let end = case.here() + beyond - 1;
            let code = Descriptor::flat_code(3).with_limit(end);
            case.ring(3).descriptor(FREE, code).code_segment(FREE).probe(|a| a.mov(eax, 0x1234_5678u32))
        });
    }
    let code = |case: &boot_tests::judged::Case| Descriptor::flat_code(3).with_limit(case.here() + 0x40);
    suite.case("jmp beyond the limit", |case| {
        let segment = code(case);
        let target = u64::from(case.here()) + 0x80;
        case.ring(3).descriptor(FREE, segment).code_segment(FREE).probe(|a| a.jmp(target))
    });
    suite.case("call beyond the limit", |case| {
        let segment = code(case);
        let target = u64::from(case.here()) + 0x80;
        case.ring(3).descriptor(FREE, segment).code_segment(FREE).probe(|a| a.call(target))
    });
    suite.case("ret beyond the limit", |case| {
        let segment = code(case);
        let target = case.here() + 0x80;
        case.ring(3).descriptor(FREE, segment).code_segment(FREE).probe(|a| {
            a.push(target)?;
            a.ret_1(8)
        })
    });
    suite.case("jcc beyond the limit, taken", |case| {
        let segment = code(case);
        let target = u64::from(case.here()) + 0x100;
        case.ring(3).descriptor(FREE, segment).code_segment(FREE).probe(|a| a.jnz(target))
    });
    suite.case("loop beyond the limit", |case| {
        let segment = code(case);
        let target = u64::from(case.here()) + 0x60;
        case.ring(3)
            .descriptor(FREE, segment)
            .code_segment(FREE)
            .register(Register::Ecx, 2)
            .probe(|a| a.loop_(target))
    });
    suite.case("far jmp beyond the limit", |case| {
        let segment = code(case);
        let target = case.here() + 0x80;
        case.ring(3).descriptor(FREE, segment).words(DATA, &[target, u32::from(FREE)]);
        case.probe(|a| a.jmp(iced_x86::code_asm::fword_ptr(DATA)))
    });
    suite.case("far call beyond the limit", |case| {
        let segment = code(case);
        let target = case.here() + 0x80;
        case.ring(3).descriptor(FREE, segment).words(DATA, &[target, u32::from(FREE)]);
        case.probe(|a| a.call(iced_x86::code_asm::fword_ptr(DATA)))
    });
    suite.case("retf beyond the limit", |case| {
        let segment = code(case);
        let target = case.here() + 0x80;
        case.ring(3).descriptor(FREE, segment).probe(|a| {
            a.push(u32::from(FREE))?;
            a.push(target)?;
            a.retf()
        })
    });
    // Strings that run into the limit after some elements.
    let repeats: [Push; 6] = [
        ("movsb", |a| a.rep().movsb()),
        ("movsd", |a| a.rep().movsd()),
        ("stosw", |a| a.rep().stosw()),
        ("lodsd", |a| a.rep().lodsd()),
        ("scasb", |a| a.repe().scasb()),
        ("cmpsd", |a| a.repe().cmpsd()),
    ];
    for (name, write) in repeats {
        for (direction, flags) in
            [("up", i586::flags::Eflags::empty()), ("down", i586::flags::Eflags::DIRECTION)]
        {
            suite.case(format!("rep {name} to the limit, {direction}"), |case| {
                case.ring(3).descriptor(FREE, data(0x3F).with_base(DATA)).flags(flags);
                case.segment(DataSegment::Es, FREE).segment(DataSegment::Ds, FREE);
                case.register(Register::Esi, 0x2C)
                    .register(Register::Edi, 0x30)
                    .register(Register::Ecx, 0x20);
                case.probe(write)
            });
        }
    }
    crate::judge("limits_of_code_and_strings", suite, KNOWN);
}
