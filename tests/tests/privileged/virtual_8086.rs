//! Virtual-8086 mode, with and without its extensions.

use crate::{NO_ACCESSED_BIT, NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{ARENA, DATA, IMAGE, REAL_STACK, TASK, code_selector, selector};
use boot_tests::judged::{Case, Difference, Judge, OPEN_VECTOR, Register, Result, Suite, gate, stub_16};
use i586::control::Cr4;
use i586::flags::Eflags;
use i586::segment::{Descriptor, SystemKind};
use i586::tss::bits32;
use iced_x86::code_asm::{
    CodeAssembler, al, ax, bx, cr0, cx, ds, dword_ptr, dx, eax, edx, es, esp, fword_ptr, si, sp, ss, word_ptr,
};

type Instruction = (&'static str, fn(&mut CodeAssembler) -> Result);

const INSTRUCTIONS: [Instruction; 55] = [
    ("nop", |a| a.nop()),
    ("cli", |a| a.cli()),
    ("sti", |a| a.sti()),
    ("pushf", |a| a.pushf()),
    ("pushfd", |a| a.pushfd()),
    ("popf", |a| {
        a.push(bx)?;
        a.popf()?;
        a.nop()
    }),
    ("popfd", |a| {
        // push 3F7ED5h, all flags but TF, VM and RF.
        a.db(&[0x66, 0x68, 0xD5, 0x7E, 0x3F, 0x00])?;
        a.popfd()?;
        a.nop()
    }),
    ("int", |a| a.int(u32::from(OPEN_VECTOR))),
    ("int3", |a| a.int3()),
    ("into, no", |a| a.into()),
    ("into", |a| {
        a.mov(al, 0x7F)?;
        a.inc(al)?;
        a.into()
    }),
    ("int1", |a| a.db(&[0xF1])),
    ("iret", |a| {
        a.sub(sp, 6)?;
        a.mov(si, sp)?;
        a.iret()
    }),
    ("iretd", |a| {
        a.sub(sp, 12)?;
        a.iretd()
    }),
    ("in al, dx", |a| a.in_(al, dx)),
    ("out dx, ax", |a| a.out(dx, ax)),
    ("insb", |a| a.insb()),
    ("outsw", |a| a.outsw()),
    ("hlt", |a| a.hlt()),
    ("clts", |a| a.clts()),
    ("invd", |a| a.invd()),
    ("wbinvd", |a| a.wbinvd()),
    ("invlpg", |a| a.invlpg(iced_x86::code_asm::byte_ptr(0x100))),
    ("lgdt", |a| a.lgdt(fword_ptr(0x100))),
    ("lidt", |a| a.lidt(fword_ptr(0x100))),
    ("sgdt", |a| a.sgdt(fword_ptr(0x5000))),
    ("sidt", |a| a.sidt(fword_ptr(0x5000))),
    ("smsw", |a| a.smsw(ax)),
    ("lmsw", |a| a.lmsw(ax)),
    ("mov from cr0", |a| a.mov(eax, cr0)),
    ("mov to cr0", |a| a.mov(cr0, eax)),
    ("mov from dr7", |a| a.mov(eax, iced_x86::code_asm::dr7)),
    ("rdmsr", |a| a.rdmsr()),
    ("wrmsr", |a| a.wrmsr()),
    ("sldt", |a| a.sldt(ax)),
    ("str", |a| a.str(ax)),
    ("lldt", |a| a.lldt(ax)),
    ("ltr", |a| a.ltr(ax)),
    ("verr", |a| a.verr(ax)),
    ("verw", |a| a.verw(ax)),
    ("lar", |a| a.lar(ax, bx)),
    ("lsl", |a| a.lsl(ax, bx)),
    ("arpl", |a| a.arpl(ax, bx)),
    ("mov ds", |a| a.mov(ds, bx)),
    ("mov ss", |a| a.mov(ss, bx)),
    ("pop es", |a| {
        a.push(bx)?;
        a.pop(es)
    }),
    ("les", |a| a.les(ax, dword_ptr(0x5000))),
    ("read at ffff", |a| a.mov(al, iced_x86::code_asm::byte_ptr(0xFFFFu32))),
    ("read word at ffff", |a| a.mov(ax, word_ptr(0xFFFFu32))),
    ("read beyond ffff", |a| a.mov(al, iced_x86::code_asm::byte_ptr(eax + 0x1_0000))),
    ("push at 1", |a| {
        a.mov(sp, 1)?;
        a.push(ax)
    }),
    ("push at 0", |a| {
        a.mov(sp, 2)?;
        a.push(ax)?;
        a.push(ax)?;
        a.mov(sp, cx)
    }),
    ("bound", |a| a.bound(bx, dword_ptr(0x5000))),
    ("div", |a| a.div(cx)),
    ("esp", |a| a.mov(esp, eax)),
];

const LEVELS: [u8; 3] = [0, 2, 3];

/// Registers and memory for the instructions.
///
/// Below the stack's top lie frames for IRET and IRETD that lead to an invalid opcode.
fn prepared(case: &mut Case, level: u8) {
    let target = case.bytes(&[0x0F, 0x0B]) - IMAGE;
    let top = ARENA + REAL_STACK;
    // The last six bytes: IP, CS, FLAGS; the six before them are the first half of a frame of twelve.
    let flags = 0x7ED5;
    case.words(top - 12, &[target, 0x2000 | target << 16, 0x2000 | flags << 16]);
    case.virtual_8086().io_privilege(level);
    case.register(Register::Ebx, 0x1234).register(Register::Edx, 0x2A3).words(0x1_5000, &[0x1300_1200, 0x77]);
}

#[test]
fn instructions_in_virtual_8086_mode() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "int1,*", &["line"], "QEMU has no INT1"),
        trusting_bochs(Judge::Qemu, "read *ffff,*", &["line"], "QEMU does not check limits"),
        trusting_bochs(Judge::Qemu, "push at 1,*", &["line"], "QEMU does not check limits"),
    ];
    let mut suite = Suite::new();
    for (name, write) in INSTRUCTIONS {
        for level in LEVELS {
            suite.case(format!("{name}, IOPL {level}"), |case| {
                prepared(case, level);
                case.flags(Eflags::INTERRUPT).probe_16(write)
            });
        }
    }
    crate::judge("instructions_in_virtual_8086_mode", suite, KNOWN);
}

#[test]
fn virtual_8086_extensions() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference {
            judge: Judge::Bochs,
            cases: "*, VME,*VIF and VIP",
            fields: &["line"],
            why: "Bochs raises #GP before any instruction while VIF and VIP are set; the manual does at those that \
                  set VIF",
        },
        trusting_bochs(Judge::Qemu, "*, VME,*", &["line"], "QEMU's pentium has no VME"),
        trusting_bochs(Judge::Qemu, "*, PVI,*", &["line"], "QEMU's pentium has no PVI"),
    ];
    let mut suite = Suite::new();
    for (name, write) in &INSTRUCTIONS[..14] {
        for level in LEVELS {
            for (state, flags) in [
                ("", Eflags::empty()),
                (", VIF", Eflags::VIRTUAL_INTERRUPT),
                (", VIP", Eflags::VIRTUAL_INTERRUPT_PENDING),
                (", VIF and VIP", Eflags::VIRTUAL_INTERRUPT | Eflags::VIRTUAL_INTERRUPT_PENDING),
            ] {
                suite.case(format!("{name}, VME, IOPL {level}{state}"), |case| {
                    prepared(case, level);
                    case.cr4(Cr4::VIRTUAL_8086_EXTENSIONS).flags(flags | Eflags::INTERRUPT);
                    // The redirection bit of the vector is clear: it goes through the vector table of V86 mode.
                    redirection(case, false)?;
                    case.probe_16(*write)
                });
            }
        }
    }
    for level in LEVELS {
        for flags in [Eflags::empty(), Eflags::VIRTUAL_INTERRUPT] {
            suite.case(format!("int, VME, not redirected, IOPL {level}, flags {:x}", flags.bits()), |case| {
                prepared(case, level);
                case.cr4(Cr4::VIRTUAL_8086_EXTENSIONS).flags(flags);
                redirection(case, true)?;
                case.probe_16(|a| a.int(u32::from(OPEN_VECTOR)))
            });
        }
        suite.case(format!("int, VME, map beyond the limit, IOPL {level}"), |case| {
            prepared(case, level);
            case.cr4(Cr4::VIRTUAL_8086_EXTENSIONS).probe_16(|a| a.int(u32::from(OPEN_VECTOR)))
        });
    }
    for ring in [0, 3] {
        for level in [0, 3] {
            for (name, write) in &INSTRUCTIONS[..3] {
                for flags in [Eflags::empty(), Eflags::VIRTUAL_INTERRUPT, Eflags::VIRTUAL_INTERRUPT_PENDING] {
                    let bits = flags.bits();
                    suite.case(format!("{name}, PVI, ring {ring}, IOPL {level}, flags {bits:x}"), |case| {
                        case.ring(ring).io_privilege(level).flags(flags);
                        case.cr4(Cr4::PROTECTED_VIRTUAL_INTERRUPTS).probe(*write)
                    });
                }
            }
        }
    }
    crate::judge("virtual_8086_extensions", suite, KNOWN);
}

/// An I/O map behind 32 bytes of redirection map, and a vector table entry that leads to an invalid opcode.
fn redirection(case: &mut Case, through_gate: bool) -> Result {
    let base = 0x68 + 32;
    let mut map = [0u32; 8];
    if through_gate {
        map[usize::from(OPEN_VECTOR) / 32] = 1 << (OPEN_VECTOR % 32);
    }
    case.words(TASK + 0x68, &map).words(TASK + bits32::TRAP, &[base << 16]);
    let target = case.code_16(|a| a.ud2())?;
    case.words(4 * u32::from(OPEN_VECTOR), &[target | 0x2000 << 16]);
    Ok(())
}

const CUT: &str =
    "it cuts EIP to 16 bits; the manual: #GP(0) if EIP is not within the limit of the code segment";

#[test]
fn into_and_out_of_virtual_8086_mode() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        NO_ACCESSED_BIT,
        trusting_bochs(
            Judge::Qemu,
            "int through handler of ring 1",
            &["line"],
            "QEMU wants no ring 0 of handlers",
        ),
        trusting_bochs(Judge::Qemu, "iretd with VM from*", &["line"], "QEMU's IRET loads VM in every ring"),
        trusting_bochs(Judge::Qemu, "iretd to V86 mode beyond 64 KB", &["line"], CUT),
        Difference {
            judge: Judge::Bochs,
            cases: "iretd to V86 mode beyond 64 KB",
            fields: &["line"],
            why: CUT,
        },
    ];
    let mut suite = Suite::new();
    let target = selector::FREE;
    for (name, kind, access) in [
        ("interrupt gate", SystemKind::InterruptGate32, 0x9A),
        ("trap gate", SystemKind::TrapGate32, 0x9A),
        ("conforming handler", SystemKind::InterruptGate32, 0x9E),
        ("handler of ring 1", SystemKind::InterruptGate32, 0xBA),
        ("handler of ring 3", SystemKind::InterruptGate32, 0xFA),
        ("absent handler", SystemKind::InterruptGate32, 0x1A),
    ] {
        suite.case(format!("int through {name}"), |case| {
            let handler = case.code(|a| {
                a.pushfd()?;
                a.pop(eax)?;
                a.mov(edx, dword_ptr(esp))?;
                a.ud2()
            })?;
            let (low, high) = Descriptor::flat_code(0).words();
            case.descriptor(target, Descriptor::from_words(low, high & !(0xFF << 8) | access << 8));
            prepared(case, 3);
            case.vector(OPEN_VECTOR, gate(kind, target, handler, 3))
                .probe_16(|a| a.int(u32::from(OPEN_VECTOR)))
        });
    }
    for (name, kind) in
        [("16-bit interrupt gate", SystemKind::InterruptGate16), ("16-bit trap gate", SystemKind::TrapGate16)]
    {
        suite.case(format!("int through {name}"), |case| {
            prepared(case, 3);
            case.vector(OPEN_VECTOR, gate(kind, selector::CODE_LOW, stub_16(0x4E), 3));
            case.probe_16(|a| a.int(u32::from(OPEN_VECTOR)))
        });
    }
    suite.case("int and back", |case| {
        let handler = case.code(|a| a.iretd())?;
        prepared(case, 3);
        case.vector(OPEN_VECTOR, gate(SystemKind::InterruptGate32, selector::CODE, handler, 3));
        case.flags(Eflags::INTERRUPT | Eflags::CARRY).probe_16(|a| a.int(u32::from(OPEN_VECTOR)))
    });
    for ring in [0, 1, 3] {
        suite.case(format!("iretd with VM from ring {ring}"), |case| {
            // Where VM is ignored, the probe goes on at UD2 in the ring; where it is not, in V86 mode.
            let end = case.bytes(&[0x0F, 0x0B]);
            let (segment, offset) = if ring == 0 {
                (IMAGE >> 4, end - IMAGE)
            } else {
                (u32::from(code_selector(ring)), DATA + 0x100)
            };
            if ring != 0 {
                case.words(DATA + 0x100, &[0x0B0F]).words(16 * segment + (offset & 0xFFFF), &[0x0B0F]);
            }
            case.ring(ring).probe(|a| {
                for value in [0x1003u32, 0x1002, 0x1001, 0x1000, 0x1000, 0x1200, 0x2_3002] {
                    a.push(value)?;
                }
                a.push(segment)?;
                a.push(offset)?;
                a.iretd()
            })
        });
    }
    suite.case("popfd with VM in ring 0", |case| {
        case.probe(|a| {
            a.push(Eflags::VIRTUAL_8086.bits())?;
            a.popfd()
        })
    });
    suite.case("iretd to V86 mode beyond 64 KB", |case| {
        let end = case.bytes(&[0x0F, 0x0B]);
        case.probe(|a| {
            // Those that take 16 bits of EIP find an invalid opcode there.
            for value in [0u32, 0, 0, 0, 0x1000, 0x1200, 0x2_0002, 0x2000, 0x1_0000 + end - IMAGE] {
                a.push(value)?;
            }
            a.iretd()
        })
    });
    suite.case("far jump", |case| {
        prepared(case, 0);
        let end = case.bytes(&[0x0F, 0x0B]) - 0x2_0000;
        let [low, high, ..] = end.to_le_bytes();
        case.probe_16(|a| a.db(&[0xEA, low, high, 0x00, 0x20]))
    });
    suite.case("far call and return", |case| {
        prepared(case, 0);
        let target = case.code_16(|a| a.retf())?;
        let [low, high, ..] = target.to_le_bytes();
        case.probe_16(|a| a.db(&[0x9A, low, high, 0x00, 0x20]))
    });
    suite.case("paging", |case| {
        prepared(case, 0);
        case.paging().probe_16(|a| a.mov(ax, word_ptr(0x5000)))
    });
    crate::judge("into_and_out_of_virtual_8086_mode", suite, KNOWN);
}
