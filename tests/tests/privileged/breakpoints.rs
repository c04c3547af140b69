//! Breakpoint registers: data, code and port breakpoints, general detect, the registers themselves.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, DATA_2};
use boot_tests::judged::{Case, Difference, Judge, Register, Result, Suite};
use i586::control::Cr4;
use i586::flags::Eflags;
use iced_x86::code_asm::{
    CodeAssembler, al, ax, byte_ptr, dr0, dr1, dr2, dr3, dr6, dr7, dword_ptr, eax, ebx, ecx, edx, ss,
    word_ptr,
};

type Instruction = (&'static str, fn(&mut CodeAssembler) -> Result);

/// More events than any case has.
const ALL: u32 = 30;
const DEBUG: u8 = 1;

/// DR7 with one breakpoint: condition 0 execute, 1 write, 3 read or write; length 0, 1, 3 for 1, 2, 4 bytes.
fn breakpoint(number: u32, condition: u32, length: u32) -> u32 {
    0x400 | 1 << (2 * number) | (condition | length << 2) << (16 + 4 * number)
}

fn set(case: &mut Case, number: u32, address: u32) -> Result {
    case.prepare(|a| {
        a.mov(eax, address)?;
        match number {
            0 => a.mov(dr0, eax),
            1 => a.mov(dr1, eax),
            2 => a.mov(dr2, eax),
            _ => a.mov(dr3, eax),
        }
    })?;
    Ok(())
}

#[test]
fn data_breakpoints() {
    const UNDEFINED: &str =
        "LEN = 2 is undefined on a Pentium (scc-emu: 1 byte), 8 bytes on later processors";
    const WIDER: &str = "QEMU looks at the aligned words around a misaligned access";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference { judge: Judge::Bochs, cases: "*length 2", fields: &["event"], why: UNDEFINED },
        Difference { judge: Judge::Qemu, cases: "*length 2", fields: &["event"], why: UNDEFINED },
        trusting_bochs(Judge::Qemu, "write 2 at +1 on a breakpoint for write 1", &["event"], WIDER),
        trusting_bochs(Judge::Qemu, "read 4 at +2 on a breakpoint for any 2", &["event"], WIDER),
        trusting_bochs(
            Judge::Qemu,
            "misaligned breakpoint address",
            &["event"],
            "QEMU does not align a breakpoint's address down to its length",
        ),
        trusting_bochs(
            Judge::Qemu,
            "matching breakpoint that is not enabled*",
            &["event"],
            "QEMU reports enabled breakpoints alone",
        ),
    ];
    let mut suite = Suite::new();
    let accesses: [Instruction; 20] = [
        ("read 1", |a| a.mov(al, byte_ptr(DATA))),
        ("write 1", |a| a.mov(byte_ptr(DATA), al)),
        ("read 4 at -3", |a| a.mov(eax, dword_ptr(DATA - 3))),
        ("write 2 at +1", |a| a.mov(word_ptr(DATA + 1), ax)),
        ("write 4 at +4", |a| a.mov(dword_ptr(DATA + 4), eax)),
        ("read 4 at +2", |a| a.mov(eax, dword_ptr(DATA + 2))),
        ("modify 4", |a| a.inc(dword_ptr(DATA))),
        ("cmp", |a| a.cmp(dword_ptr(DATA), eax)),
        ("xchg", |a| a.xchg(dword_ptr(DATA), eax)),
        ("push memory", |a| a.push(dword_ptr(DATA))),
        ("pop memory", |a| {
            a.push(eax)?;
            a.pop(dword_ptr(DATA))
        }),
        ("rep movsd into", |a| a.rep().movsd()),
        ("rep stosd", |a| a.rep().stosd()),
        ("rep lodsb", |a| a.rep().lodsb()),
        ("fld 8", |a| a.fld(iced_x86::code_asm::qword_ptr(DATA - 4))),
        ("fst 8", |a| {
            a.fld1()?;
            a.fst(iced_x86::code_asm::qword_ptr(DATA - 4))
        }),
        ("fst 10", |a| {
            a.fld1()?;
            a.fstp(iced_x86::code_asm::tbyte_ptr(DATA - 8))
        }),
        ("sgdt", |a| a.sgdt(iced_x86::code_asm::fword_ptr(DATA - 4))),
        ("call through", |a| {
            let mut next = a.create_label();
            a.call(next)?;
            a.set_label(&mut next)?;
            a.pop(eax)?;
            a.cmp(dword_ptr(DATA), eax)
        }),
        ("write, then mov ss", |a| {
            a.mov(eax, ss)?;
            a.mov(dword_ptr(DATA), eax)?;
            a.mov(ss, eax)?;
            a.nop()
        }),
    ];
    for (name, write) in accesses {
        for (what, condition, length) in [
            ("write 1", 1, 0),
            ("write 4", 1, 3),
            ("any 2", 3, 1),
            ("any 4", 3, 3),
            ("I/O", 2, 3),
            ("length 2", 1, 2),
        ] {
            suite.case(format!("{name} on a breakpoint for {what}"), |case| {
                set(case, 1, DATA)?;
                case.dr7(breakpoint(1, condition, length)).trace(DEBUG, ALL).ring(3);
                case.register(Register::Esi, DATA_2)
                    .register(Register::Edi, DATA - 4)
                    .register(Register::Ecx, 3);
                case.probe(|a| {
                    write(a)?;
                    a.nop()?;
                    a.nop()
                })
            });
        }
    }
    for (name, address, write) in [
        (
            "misaligned breakpoint address",
            DATA + 1,
            (|a| a.mov(byte_ptr(DATA), al)) as fn(&mut CodeAssembler) -> Result,
        ),
        ("over a page boundary", DATA_2, |a| a.mov(dword_ptr(DATA_2 - 2), eax)),
    ] {
        suite.case(name, |case| {
            set(case, 0, address)?;
            case.dr7(breakpoint(0, 1, 3)).trace(DEBUG, ALL).probe(|a| {
                write(a)?;
                a.nop()
            })
        });
    }
    suite.case("matching breakpoint that is not enabled is reported with another", |case| {
        case.prepare(|a| {
            a.mov(eax, DATA)?;
            a.mov(dr0, eax)?;
            a.mov(dr2, eax)
        })?;
        let both = breakpoint(0, 1, 3) | breakpoint(2, 1, 3);
        case.dr7(both & !0x10).trace(DEBUG, ALL).probe(|a| {
            a.mov(dword_ptr(DATA), eax)?;
            a.nop()
        })
    });
    suite.case("faulting access does not match", |case| {
        set(case, 0, DATA)?;
        case.paging().page(DATA, i586::page::PageEntry::empty()).dr7(breakpoint(0, 3, 3)).trace(DEBUG, ALL);
        case.probe(|a| a.mov(eax, dword_ptr(DATA)))
    });
    crate::judge("data_breakpoints", suite, KNOWN);
}

#[test]
fn code_breakpoints() {
    const NEXT: &str = "two exceptions of different priority (Pentium manual vol. 3 table 14-2): the trap of one \
        instruction, then the breakpoint on the next, which is not yet reported with the first";
    const LONG: &str =
        "the manual calls instruction breakpoints with a length undefined; scc-emu ignores them";
    const KNOWN: &[Difference] = &[
        Difference { judge: Judge::Bochs, cases: "breakpoint and single step*", fields: &["dr6"], why: NEXT },
        Difference { judge: Judge::Qemu, cases: "breakpoint and single step*", fields: &["dr6"], why: NEXT },
        Difference {
            judge: Judge::Bochs,
            cases: "breakpoint of length 4*",
            fields: &["outcome", "dr6"],
            why: LONG,
        },
        Difference {
            judge: Judge::Qemu,
            cases: "breakpoint of length 4*",
            fields: &["outcome", "dr6"],
            why: LONG,
        },
        trusting_bochs(
            Judge::Qemu,
            "breakpoint behind mov ss*",
            &["line"],
            "QEMU's shadow of SS does not hide instruction breakpoints",
        ),
    ];
    let mut suite = Suite::new();
    for ring in [0, 3] {
        for offset in 0..4u32 {
            suite.case(format!("breakpoint at +{offset}, ring {ring}"), |case| {
                // Preparation comes first: MOV, MOV DR, RET of 9 bytes.
                let at = case.here() + 9 + offset;
                set(case, 3, at)?;
                assert_eq!(case.here() + offset, at, "the length of the preparation");
                case.dr7(breakpoint(3, 0, 0)).ring(ring).probe(|a| {
                    a.nop()?;
                    a.xor(eax, eax)?;
                    a.nop()?;
                    a.nop()
                })
            });
        }
        suite.case(format!("RF steps over a breakpoint, ring {ring}"), |case| {
            let at = case.here() + 9;
            set(case, 0, at)?;
            case.dr7(breakpoint(0, 0, 0)).ring(ring).flags(Eflags::RESUME).probe(|a| {
                a.nop()?;
                a.nop()
            })
        });
        suite.case(format!("RF lasts for one instruction, ring {ring}"), |case| {
            let at = case.here() + 9 + 1;
            set(case, 0, at)?;
            case.dr7(breakpoint(0, 0, 0)).ring(ring).flags(Eflags::RESUME).probe(|a| {
                a.nop()?;
                a.nop()
            })
        });
        suite.case(format!("breakpoint and single step, ring {ring}"), |case| {
            let at = case.here() + 9 + 1;
            set(case, 0, at)?;
            case.dr7(breakpoint(0, 0, 0)).ring(ring).flags(Eflags::TRAP).probe(|a| {
                a.nop()?;
                a.nop()
            })
        });
        suite.case(format!("breakpoint on an instruction that faults, ring {ring}"), |case| {
            let at = case.here() + 9;
            set(case, 0, at)?;
            case.dr7(breakpoint(0, 0, 0)).ring(ring).probe(|a| a.ud2())
        });
        suite.case(format!("breakpoint behind mov ss, ring {ring}"), |case| {
            let at = case.here() + 9 + 4;
            set(case, 0, at)?;
            case.dr7(breakpoint(0, 0, 0)).ring(ring).probe(|a| {
                a.mov(eax, ss)?;
                a.mov(ss, eax)?;
                a.nop()?;
                a.nop()
            })
        });
        suite.case(format!("breakpoint of length 4, ring {ring}"), |case| {
            let at = case.here() + 9;
            set(case, 0, at)?;
            case.dr7(breakpoint(0, 0, 3)).ring(ring).probe(|a| a.nop())
        });
        suite.case(format!("global breakpoint, ring {ring}"), |case| {
            let at = case.here() + 9;
            set(case, 0, at)?;
            case.dr7(0x402).ring(ring).probe(|a| a.nop())
        });
    }
    crate::judge("code_breakpoints", suite, KNOWN);
}

#[test]
fn debug_registers() {
    const RESERVED: &str = "QEMU stores reserved bits of DR6 and DR7";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference {
            judge: Judge::Bochs,
            cases: "dr7 = ffffffff",
            fields: &["ebx", "dr7"],
            why: "bit 11, RTM, is of later processors",
        },
        Difference {
            judge: Judge::Bochs,
            cases: "*with GD*",
            fields: &["rf"],
            why: "Bochs takes #DB of general detect for a trap; it is a fault, whose pushed flags have RF set",
        },
        trusting_bochs(Judge::Qemu, "dr6 = *", &["ebx", "dr6"], RESERVED),
        trusting_bochs(Judge::Qemu, "dr7 = *", &["ebx", "dr7"], RESERVED),
        trusting_bochs(Judge::Qemu, "*with GD*", &["line"], "QEMU has no general detect"),
        trusting_bochs(
            Judge::Qemu,
            "*CR4.DE false",
            &["event"],
            "QEMU has port breakpoints without CR4.DE, too",
        ),
        trusting_bochs(Judge::Qemu, "rep outsb*", &["line"], "QEMU loses an element at a port breakpoint"),
    ];
    let mut suite = Suite::new();
    for value in [0u32, 0xFFFF_FFFF, 0x5555_5555, 0x1_E00F] {
        suite.case(format!("dr6 = {value:x}"), |case| {
            case.eax(value).probe(|a| {
                a.mov(dr6, eax)?;
                a.mov(ebx, dr6)
            })
        });
        suite.case(format!("dr7 = {value:x}"), |case| {
            // Without breakpoints and without the protection of the registers.
            case.eax(value & !0x20FF).probe(|a| {
                a.mov(dr7, eax)?;
                a.mov(ebx, dr7)
            })
        });
        suite.case(format!("dr0 to dr3 = {value:x}"), |case| {
            case.eax(value).probe(|a| {
                a.mov(dr0, eax)?;
                a.mov(dr3, eax)?;
                a.mov(ebx, dr0)?;
                a.mov(ecx, dr3)
            })
        });
    }
    for extensions in [false, true] {
        for (name, bytes) in [
            ("read dr4", [0x0F, 0x21, 0xE0]),
            ("read dr5", [0x0F, 0x21, 0xE8]),
            ("write dr4", [0x0F, 0x23, 0xE3]),
            ("write dr5", [0x0F, 0x23, 0xEB]),
        ] {
            suite.case(format!("{name}, CR4.DE {extensions}"), |case| {
                if extensions {
                    case.cr4(Cr4::DEBUGGING_EXTENSIONS);
                }
                case.probe(|a| a.db(&bytes))
            });
        }
    }
    for (name, write) in [
        ("read dr0", (|a| a.mov(ebx, dr0)) as fn(&mut CodeAssembler) -> Result),
        ("read dr7", |a| a.mov(ebx, dr7)),
        ("write dr6", |a| a.mov(dr6, edx)),
        ("write dr7", |a| a.mov(dr7, edx)),
    ] {
        suite.case(format!("{name} with GD"), |case| {
            case.eax(0x2400).probe(|a| {
                a.mov(dr7, eax)?;
                write(a)
            })
        });
    }
    suite.case("dr4 with GD and DE", |case| {
        case.cr4(Cr4::DEBUGGING_EXTENSIONS).eax(0x2400).probe(|a| {
            a.mov(dr7, eax)?;
            a.db(&[0x0F, 0x21, 0xE0])
        })
    });
    // Breakpoints on ports need CR4.DE.
    for extensions in [false, true] {
        for (name, write) in [
            ("in al", (|a| a.in_(al, iced_x86::code_asm::dx)) as fn(&mut CodeAssembler) -> Result),
            ("out eax", |a| a.out(iced_x86::code_asm::dx, eax)),
            ("insb", |a| a.insb()),
            ("rep outsb", |a| a.rep().outsb()),
        ] {
            for port in [0x2A0, 0x2A2, 0x2A4] {
                suite.case(format!("{name} at {port:x}, breakpoint at 2a0, CR4.DE {extensions}"), |case| {
                    set(case, 2, 0x2A0)?;
                    if extensions {
                        case.cr4(Cr4::DEBUGGING_EXTENSIONS);
                    }
                    case.dr7(breakpoint(2, 2, 3)).trace(DEBUG, ALL).register(Register::Edx, port);
                    case.register(Register::Ecx, 2)
                        .register(Register::Esi, DATA)
                        .register(Register::Edi, DATA);
                    case.probe(|a| {
                        write(a)?;
                        a.nop()?;
                        a.nop()
                    })
                });
            }
        }
    }
    crate::judge("debug_registers", suite, KNOWN);
}
