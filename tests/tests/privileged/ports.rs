//! I/O instructions: IOPL, the permission map of the task state, strings.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, DATA_2, TASK, selector};
use boot_tests::judged::{Case, DataSegment, Difference, Judge, Register, Result, Suite};
use i586::page::PageEntry;
use i586::segment::{Descriptor, SystemKind};
use i586::tss::bits32;
use iced_x86::code_asm::{CodeAssembler, al, ax, dx, eax};

/// A port that nothing answers at: reads give ones everywhere.
const PORT: u32 = 0x2A3;
/// Where the permission map begins in the task state.
const MAP: u32 = 0x68;

const UNANSWERED: &str = "QEMU reads zeros from some ports that nothing answers at; the ISA bus floats high";

type Access = (&'static str, u32, fn(&mut CodeAssembler) -> Result);

const ACCESSES: [Access; 12] = [
    ("in al", 1, |a| a.in_(al, dx)),
    ("in ax", 2, |a| a.in_(ax, dx)),
    ("in eax", 4, |a| a.in_(eax, dx)),
    ("out al", 1, |a| a.out(dx, al)),
    ("out ax", 2, |a| a.out(dx, ax)),
    ("out eax", 4, |a| a.out(dx, eax)),
    ("insb", 1, |a| a.insb()),
    ("insw", 2, |a| a.insw()),
    ("insd", 4, |a| a.insd()),
    ("outsb", 1, |a| a.outsb()),
    ("outsw", 2, |a| a.outsw()),
    ("rep outsd", 4, |a| a.rep().outsd()),
];

/// Registers for I/O at [`PORT`] and at [`DATA`].
fn prepared(case: &mut Case, ring: u8, level: u8) -> &mut Case {
    case.ring(ring).io_privilege(level).register(Register::Edx, PORT);
    case.register(Register::Esi, DATA + 0x40).register(Register::Edi, DATA + 0x80).register(Register::Ecx, 2)
}

/// A permission map that is open but for some ports.
fn map(case: &mut Case, closed: &[u32]) {
    let mut bytes = [0u8; 0x98];
    for port in closed {
        bytes[*port as usize / 8] |= 1 << (port % 8);
    }
    let words: Vec<u32> =
        bytes.chunks(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    case.words(TASK + MAP, &words).words(TASK + bits32::TRAP, &[MAP << 16]);
}

#[test]
fn privilege_of_ports() {
    const KNOWN: &[Difference] =
        &[NO_RESUME_FLAG, trusting_bochs(Judge::Qemu, "*", &["eax", "memory"], UNANSWERED)];
    let mut suite = Suite::new();
    for (name, _, write) in ACCESSES {
        for ring in 0..4 {
            for level in 0..4 {
                suite.case(format!("{name} in ring {ring}, IOPL {level}"), |case| {
                    prepared(case, ring, level).probe(write)
                });
            }
        }
    }
    crate::judge("privilege_of_ports", suite, KNOWN);
}

#[test]
fn permission_map() {
    const KNOWN: &[Difference] =
        &[NO_RESUME_FLAG, trusting_bochs(Judge::Qemu, "*", &["eax", "memory"], UNANSWERED)];
    let mut suite = Suite::new();
    for (name, bytes, write) in ACCESSES {
        for closed in PORT - 1..=PORT + 4 {
            suite.case(format!("{name} ({bytes}), closed {closed:x}"), |case| {
                map(case, &[closed]);
                prepared(case, 3, 0).probe(write)
            });
        }
    }
    for port in [0x2A5, 0x2A6, 0x2A7] {
        for (name, _, write) in &ACCESSES[..3] {
            suite.case(format!("{name} at {port:x}, closed 2a8"), |case| {
                map(case, &[0x2A8]);
                prepared(case, 3, 0).register(Register::Edx, port).probe(*write)
            });
        }
    }
    // The map is read in words: the last byte of the segment must be one behind the last that is used.
    for limit in [0xBB, 0xBC, 0xBD, 0xBE] {
        for (name, _, write) in &ACCESSES[..3] {
            suite.case(format!("{name} at 2a0, limit {limit:x}"), |case| {
                map(case, &[]);
                case.descriptor(
                    selector::TASK,
                    Descriptor::system(SystemKind::AvailableTss32, TASK, limit, 0),
                );
                case.prepare(reload)?;
                prepared(case, 3, 0).register(Register::Edx, 0x2A0).probe(*write)
            });
        }
    }
    for base in [0x60, 0x67, 0xF0, 0xFE, 0xFF, 0x100, 0xFFFF] {
        suite.case(format!("in al at 0, map at {base:x}"), |case| {
            map(case, &[]);
            case.words(TASK + bits32::TRAP, &[base << 16]);
            prepared(case, 3, 0).register(Register::Edx, 8).probe(|a| a.in_(ax, dx))
        });
    }
    suite.case("16-bit task state", |case| {
        map(case, &[]);
        case.descriptor(selector::TASK, Descriptor::system(SystemKind::AvailableTss16, TASK, 0xFF, 0));
        // Its ring 0 stack, where a 16-bit task state has it.
        case.words(TASK, &[0xF000_0000, u32::from(selector::DATA)]);
        case.prepare(reload)?;
        prepared(case, 3, 0).probe(|a| a.in_(al, dx))
    });
    crate::judge("permission_map", suite, KNOWN);
}

fn reload(a: &mut CodeAssembler) -> Result {
    a.mov(ax, u32::from(selector::TASK))?;
    a.ltr(ax)
}

#[test]
fn strings_of_ports() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "rep ins*", &["memory"], UNANSWERED),
        trusting_bochs(Judge::Qemu, "*over the limit", &["line"], "QEMU does not check limits"),
        trusting_bochs(Judge::Qemu, "*with a null segment", &["line"], "QEMU does not check null segments"),
    ];
    let mut suite = Suite::new();
    let count = 3;
    for (name, write) in [
        ("insb", (|a| a.rep().insb()) as fn(&mut CodeAssembler) -> Result),
        ("insw", |a| a.rep().insw()),
        ("insd", |a| a.rep().insd()),
        ("outsb", |a| a.rep().outsb()),
        ("outsd", |a| a.rep().outsd()),
    ] {
        suite.case(format!("rep {name}"), |case| {
            prepared(case, 0, 0).register(Register::Ecx, count).probe(write)
        });
        suite.case(format!("rep {name}, no count"), |case| {
            prepared(case, 0, 0).register(Register::Ecx, 0).probe(write)
        });
        suite.case(format!("rep {name}, down"), |case| {
            prepared(case, 0, 0)
                .flags(i586::flags::Eflags::DIRECTION)
                .register(Register::Ecx, count)
                .probe(write)
        });
        suite.case(format!("rep {name} into an absent page"), |case| {
            prepared(case, 0, 0).paging().page(DATA_2, PageEntry::empty()).register(Register::Ecx, count);
            case.register(Register::Esi, DATA_2 - 2).register(Register::Edi, DATA_2 - 2).probe(write)
        });
        suite.case(format!("rep {name} over the limit"), |case| {
            let limited = Descriptor::flat_data(0).with_base(DATA).with_limit(0x81);
            prepared(case, 0, 0).descriptor(selector::FREE, limited).register(Register::Ecx, count);
            case.segment(DataSegment::Es, selector::FREE).segment(DataSegment::Ds, selector::FREE);
            case.register(Register::Esi, 0x80).register(Register::Edi, 0x80).probe(write)
        });
        suite.case(format!("rep {name} with a null segment"), |case| {
            prepared(case, 0, 3).ring(3).segment(DataSegment::Es, 0).segment(DataSegment::Ds, 0);
            case.register(Register::Edx, PORT).probe(write)
        });
        suite.case(format!("rep {name}, neither right nor segment"), |case| {
            prepared(case, 3, 0).segment(DataSegment::Es, 0).segment(DataSegment::Ds, 0).probe(write)
        });
    }
    crate::judge("strings_of_ports", suite, KNOWN);
}
