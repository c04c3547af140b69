//! Control registers, machine status word, descriptor-table registers, model-specific registers.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, GDT, IDT, selector};
use boot_tests::judged::{Difference, Judge, Register, Result, Suite};
use i586::control::{Cr0, Cr4};
use iced_x86::code_asm::{
    CodeAssembler, ax, byte_ptr, cr0, cr2, cr3, cr4, dr0, dr7, dword_ptr, eax, ebx, ecx, edx, fword_ptr,
    word_ptr,
};

type Instruction = (&'static str, fn(&mut CodeAssembler) -> Result);

#[test]
fn privileged_instructions() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG];
    let instructions: [Instruction; 29] = [
        ("mov from cr0", |a| a.mov(eax, cr0)),
        ("mov from cr2", |a| a.mov(eax, cr2)),
        ("mov from cr3", |a| a.mov(eax, cr3)),
        ("mov from cr4", |a| a.mov(eax, cr4)),
        ("mov to cr0", |a| a.mov(cr0, ecx)),
        ("mov to cr2", |a| a.mov(cr2, ecx)),
        ("mov to cr3", |a| a.mov(cr3, ecx)),
        ("mov from dr0", |a| a.mov(eax, dr0)),
        ("mov to dr0", |a| a.mov(dr0, ebx)),
        ("mov from dr7", |a| a.mov(eax, dr7)),
        ("clts", |a| a.clts()),
        ("lmsw", |a| a.lmsw(ax)),
        ("smsw", |a| a.smsw(ax)),
        ("lgdt", |a| a.lgdt(fword_ptr(DATA))),
        ("lidt", |a| a.lidt(fword_ptr(DATA + 8))),
        ("sgdt", |a| a.sgdt(fword_ptr(DATA + 0x10))),
        ("sidt", |a| a.sidt(fword_ptr(DATA + 0x10))),
        ("sldt", |a| a.sldt(ax)),
        ("str", |a| a.str(ax)),
        ("lldt", |a| a.lldt(word_ptr(DATA + 0x20))),
        ("ltr", |a| a.ltr(word_ptr(DATA + 0x22))),
        ("hlt", |a| a.db(&[0xF4])),
        ("invd", |a| a.invd()),
        ("wbinvd", |a| a.wbinvd()),
        ("invlpg", |a| a.invlpg(byte_ptr(DATA))),
        ("cli", |a| a.cli()),
        ("sti", |a| a.sti()),
        ("rdmsr", |a| a.rdmsr()),
        ("wrmsr", |a| a.wrmsr()),
    ];
    let mut suite = Suite::new();
    for (name, write) in instructions {
        for ring in 0..4 {
            // Halting in ring 0 would be for good.
            if ring == 0 && matches!(name, "hlt") {
                continue;
            }
            suite.case(format!("{name} in ring {ring}"), |case| {
                let table = |base: u32, limit: u32| [limit | base << 16, base >> 16];
                case.words(DATA, &table(GDT, 0x7FF)).words(DATA + 8, &table(IDT, 0x7FF));
                let selectors = u32::from(selector::LDT) | u32::from(selector::TASK_32) << 16;
                case.words(DATA + 0x20, &[selectors]).ring(ring).eax(1);
                // CR3 and MSRs keep what they are; MSR 10h is the time-stamp counter.
                if name == "mov to cr0" {
                    case.register(Register::Ecx, 0x31);
                } else if name == "mov to cr3" {
                    case.register(Register::Ecx, 0x1_2000);
                } else if name.ends_with("msr") && ring == 0 {
                    // Machine check address: zero everywhere.
                    case.register(Register::Ecx, 0);
                }
                // INVD loses what the caches have not written, such as the monitor's notes.
                let flush = name == "invd" && ring == 0;
                case.register(Register::Ebx, 0x1234_5678).probe(|a| {
                    if flush {
                        a.wbinvd()?;
                    }
                    write(a)
                })
            });
        }
    }
    crate::judge("privileged_instructions", suite, KNOWN);
}

#[test]
fn bits_of_control_registers() {
    const RESERVED: &str = "it stores reserved bits of CR3, which the manual leaves open";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "cr4 bit *", &["line"], "QEMU has bits of later processors"),
        trusting_bochs(
            Judge::Qemu,
            "cr0 bit *",
            &["line"],
            "QEMU stores reserved bits and takes NW without CD",
        ),
        trusting_bochs(Judge::Qemu, "cr0: *", &["line"], "as above"),
        trusting_bochs(Judge::Qemu, "read of cr* in ring 3", &["outcome"], "QEMU looks at the ring first"),
        Difference {
            judge: Judge::Bochs,
            cases: "cr4 bit 8",
            fields: &["line"],
            why: "CR4.PCE is of the P6 and of Pentiums with MMX",
        },
        Difference { judge: Judge::Bochs, cases: "cr3 = *", fields: &["eax", "cr3"], why: RESERVED },
        Difference { judge: Judge::Qemu, cases: "cr3 = *", fields: &["eax", "cr3"], why: RESERVED },
    ];
    let mut suite = Suite::new();
    // Paging apart, which has its own tests.
    for bit in 1..31u32 {
        suite.case(format!("cr0 bit {bit:x}"), |case| {
            case.register(Register::Edx, 1 << bit).probe(|a| {
                a.mov(eax, cr0)?;
                a.xor(eax, edx)?;
                a.mov(cr0, eax)?;
                a.mov(eax, cr0)
            })
        });
        // QEMU does not come back from bits it knows as reserved, and bit 11 is the SCC's own.
        if bit > 10 {
            continue;
        }
        suite.case(format!("cr4 bit {bit:x}"), |case| {
            case.register(Register::Edx, 1 << bit).probe(|a| {
                a.mov(cr4, edx)?;
                a.mov(eax, cr4)
            })
        });
    }
    for (name, value) in [
        ("nw without cd", 0x2000_0031u32),
        ("cd without nw", 0x4000_0031),
        ("cd and nw", 0x6000_0031),
        ("no et", 0x21),
        ("all reserved bits", 0x1FFA_FFF1),
    ] {
        suite.case(format!("cr0: {name}"), |case| {
            case.eax(value).probe(|a| {
                a.mov(cr0, eax)?;
                a.mov(eax, cr0)
            })
        });
    }
    for value in [0x1_2FFFu32, 0x1_2018, 0xFFFF_FFFF] {
        suite.case(format!("cr3 = {value:x}"), |case| {
            case.eax(value).probe(|a| {
                a.mov(cr3, eax)?;
                a.mov(eax, cr3)
            })
        });
        suite.case(format!("cr2 = {value:x}"), |case| {
            case.eax(value).probe(|a| {
                a.mov(cr2, eax)?;
                a.mov(eax, cr2)
            })
        });
    }
    for register in 0..8u8 {
        if matches!(register, 0 | 2 | 3 | 4) {
            continue;
        }
        suite.case(format!("read of cr{register}"), |case| {
            case.probe(|a| a.db(&[0x0F, 0x20, 0xC0 | register << 3]))
        });
        suite.case(format!("write of cr{register}"), |case| {
            case.probe(|a| a.db(&[0x0F, 0x22, 0xC0 | register << 3]))
        });
        suite.case(format!("read of cr{register} in ring 3"), |case| {
            case.ring(3).probe(|a| a.db(&[0x0F, 0x20, 0xC0 | register << 3]))
        });
    }
    // The mode field of the operand is ignored.
    for mode in [0x00u8, 0x40, 0x80] {
        suite.case(format!("mov from cr0, mode field {mode:x}"), |case| {
            case.probe(|a| a.db(&[0x0F, 0x20, mode | 3]))
        });
    }
    suite.case("test registers", |case| case.probe(|a| a.db(&[0x0F, 0x24, 0xF0])));
    suite.case("test registers, write", |case| case.probe(|a| a.db(&[0x0F, 0x26, 0xF8])));
    crate::judge("bits_of_control_registers", suite, KNOWN);
}

#[test]
fn machine_status_word() {
    const KNOWN: &[Difference] = &[NO_RESUME_FLAG];
    let mut suite = Suite::new();
    for value in [0u32, 1, 2, 4, 8, 0xE, 0xF, 0xFFF0] {
        suite.case(format!("lmsw {value:x}"), |case| {
            case.eax(value).probe(|a| {
                a.lmsw(ax)?;
                a.smsw(ebx)
            })
        });
        suite.case(format!("lmsw {value:x} after all set"), |case| {
            case.cr0(Cr0::TASK_SWITCHED | Cr0::EMULATION | Cr0::MONITOR_COPROCESSOR).eax(value).probe(|a| {
                a.lmsw(ax)?;
                a.mov(ebx, cr0)
            })
        });
        suite.case(format!("lmsw {value:x} from memory"), |case| {
            case.words(DATA, &[value | 0xFFFF_0000]).probe(|a| a.lmsw(word_ptr(DATA)))
        });
    }
    for ring in [0, 3] {
        suite.case(format!("stores in ring {ring}"), |case| {
            case.ring(ring).words(DATA, &[u32::MAX; 16]).probe(|a| {
                a.smsw(word_ptr(DATA))?;
                a.sldt(word_ptr(DATA + 8))?;
                a.str(word_ptr(DATA + 16))?;
                a.sgdt(fword_ptr(DATA + 24))?;
                a.sidt(fword_ptr(DATA + 32))?;
                // 16-bit operands: 24 bits of base and a zero.
                a.db(&[0x66, 0x0F, 0x01, 0x05])?;
                a.dd(&[DATA + 40])
            })
        });
        suite.case(format!("stores to 32-bit registers in ring {ring}"), |case| {
            case.ring(ring).eax(u32::MAX).register(Register::Ebx, u32::MAX).register(Register::Ecx, u32::MAX);
            case.probe(|a| {
                a.smsw(eax)?;
                a.sldt(ebx)?;
                a.str(ecx)
            })
        });
        suite.case(format!("stores to 16-bit registers in ring {ring}"), |case| {
            case.ring(ring).eax(u32::MAX).register(Register::Ebx, u32::MAX).register(Register::Ecx, u32::MAX);
            case.probe(|a| {
                a.smsw(ax)?;
                a.sldt(iced_x86::code_asm::bx)?;
                a.str(iced_x86::code_asm::cx)
            })
        });
    }
    for (name, opcode) in [
        ("sgdt", 0xC0u8),
        ("sidt", 0xC8),
        ("lgdt", 0xD0),
        ("lidt", 0xD8),
        ("invlpg", 0xF8),
        ("0f 01 /5", 0xE8),
    ] {
        suite.case(format!("{name} of a register"), |case| case.probe(|a| a.db(&[0x0F, 0x01, opcode])));
    }
    suite.case("0f 01 /5 of memory", |case| {
        case.probe(|a| {
            a.db(&[0x0F, 0x01, 0x2D])?;
            a.dd(&[DATA])
        })
    });
    for extension in [6u8, 7] {
        suite.case(format!("0f 00 /{extension}"), |case| {
            case.probe(|a| a.db(&[0x0F, 0x00, 0xC0 | extension << 3]))
        });
    }
    suite.case("lgdt of 16-bit size", |case| {
        case.words(DATA, &[0x0000_07FF, 0xFF01]).probe(|a| {
            a.db(&[0x66, 0x0F, 0x01, 0x15])?;
            a.dd(&[DATA])?;
            a.sgdt(fword_ptr(DATA + 8))
        })
    });
    crate::judge("machine_status_word", suite, KNOWN);
}

#[test]
fn numeric_availability() {
    const LOOSE: &str = "QEMU's x87 marks instruction and operand otherwise, stores results in spite of unmasked \
        errors, and looks for them in WAIT and few others";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "zero divide*", &["line"], LOOSE),
        trusting_bochs(Judge::Qemu, "invalid store to memory, unmasked", &["line"], LOOSE),
    ];
    let mut suite = Suite::new();
    let instructions: [Instruction; 6] = [
        ("fld1", |a| a.fld1()),
        ("fnop", |a| a.fnop()),
        ("fnstcw", |a| a.fnstcw(word_ptr(DATA))),
        ("fninit", |a| a.fninit()),
        ("wait", |a| a.wait()),
        ("fld memory", |a| a.fld(dword_ptr(DATA))),
    ];
    for (name, write) in instructions {
        for bits in 0..8 {
            let control = Cr0::from_bits_truncate(bits << 1);
            for ring in [0, 3] {
                suite.case(format!("{name} in ring {ring}, MP EM TS = {bits:03b}"), |case| {
                    case.ring(ring).cr0(control).probe(write)
                });
            }
        }
    }
    suite.case("clts", |case| case.cr0(Cr0::TASK_SWITCHED).probe(|a| a.clts()));
    suite.case("#NM before a page fault", |case| {
        case.cr0(Cr0::TASK_SWITCHED).paging().page(DATA, i586::page::PageEntry::empty());
        case.probe(|a| a.fld(dword_ptr(DATA)))
    });
    // Unmasked errors are reported by the next instruction that waits.
    for (name, write) in [
        ("wait", (|a| a.wait()) as fn(&mut CodeAssembler) -> Result),
        ("fld1", |a| a.fld1()),
        ("fnstsw", |a| a.fnstsw(ax)),
        ("fnclex", |a| a.fnclex()),
        ("fninit", |a| a.fninit()),
        ("fnstenv", |a| a.fnstenv(dword_ptr(DATA + 0x40))),
        ("fnsave", |a| a.fnsave(dword_ptr(DATA + 0x40))),
        ("fnop", |a| a.fnop()),
        ("fldcw", |a| a.fldcw(word_ptr(DATA))),
        ("fstp memory", |a| a.fstp(dword_ptr(DATA + 0x20))),
        ("nop", |a| a.nop()),
    ] {
        for ring in [0, 3] {
            suite.case(format!("zero divide, then {name}, ring {ring}"), |case| {
                case.ring(ring).words(DATA, &[0x037B]).probe(|a| {
                    a.fldcw(word_ptr(DATA))?;
                    a.fld1()?;
                    a.fldz()?;
                    a.fdivp(iced_x86::code_asm::st1, iced_x86::code_asm::st0)?;
                    write(a)
                })
            });
        }
    }
    suite.case("zero divide of memory, unmasked", |case| {
        case.words(DATA, &[0x037B, 0]).probe(|a| {
            a.fldcw(word_ptr(DATA))?;
            a.fld1()?;
            a.fdiv(dword_ptr(DATA + 4))?;
            a.fst(dword_ptr(DATA + 0x20))
        })
    });
    suite.case("invalid store to memory, unmasked", |case| {
        case.words(DATA, &[0x037E]).probe(|a| {
            a.fldcw(word_ptr(DATA))?;
            a.fldpi()?;
            a.fldln2()?;
            a.fsub_2(iced_x86::code_asm::st0, iced_x86::code_asm::st0)?;
            a.fdivp(iced_x86::code_asm::st1, iced_x86::code_asm::st0)?;
            a.fistp(dword_ptr(DATA + 0x20))?;
            a.fnstsw(ax)?;
            a.wait()
        })
    });
    crate::judge("numeric_availability", suite, KNOWN);
}

#[test]
fn identification_and_model_specific_registers() {
    const MODEL: &str = "another Pentium: the SCC's is 0x52C (SCC reference §2.1)";
    const ANY: &str = "it takes numbers of registers that no Pentium has";
    const REGISTERS: &[&str] = &["eax", "ebx", "ecx", "edx"];
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference { judge: Judge::Bochs, cases: "cpuid *", fields: REGISTERS, why: MODEL },
        Difference { judge: Judge::Qemu, cases: "cpuid *", fields: REGISTERS, why: MODEL },
        Difference { judge: Judge::Bochs, cases: "rdmsr of *", fields: &["line"], why: ANY },
        Difference { judge: Judge::Qemu, cases: "rdmsr of *", fields: &["line"], why: ANY },
        Difference { judge: Judge::Bochs, cases: "wrmsr of *", fields: &["line"], why: ANY },
        Difference { judge: Judge::Qemu, cases: "wrmsr of *", fields: &["line"], why: ANY },
        trusting_bochs(Judge::Qemu, "rdpmc in*", &["outcome"], "RDPMC is of the P6 and MMX; QEMU knows it"),
        trusting_bochs(
            Judge::Qemu,
            "wrmsr and rdmsr of the time-stamp*",
            &["edx"],
            "QEMU's counter is its host's",
        ),
    ];
    let mut suite = Suite::new();
    for ring in [0, 1, 3] {
        for disabled in [false, true] {
            suite.case(format!("rdtsc in ring {ring}, TSD {disabled}"), |case| {
                if disabled {
                    case.cr4(Cr4::TIME_STAMP_DISABLE);
                }
                // Its value is nobody's business.
                case.ring(ring).probe(|a| {
                    a.rdtsc()?;
                    a.xor(eax, eax)?;
                    a.xor(edx, edx)
                })
            });
        }
        suite.case(format!("rdpmc in ring {ring}"), |case| case.ring(ring).probe(|a| a.rdpmc()));
        suite.case(format!("rsm in ring {ring}"), |case| case.ring(ring).probe(|a| a.rsm()));
    }
    suite.case("cpuid 0", |case| case.probe(|a| a.cpuid()));
    suite.case("cpuid 1", |case| case.eax(1).probe(|a| a.cpuid()));
    for leaf in [2u32, 3, 0x8000_0000, 0xFFFF_FFFF] {
        suite.case(format!("cpuid {leaf:x}"), |case| case.eax(leaf).probe(|a| a.cpuid()));
    }
    for index in [0x15u32, 0x1B, 0x100, 0x8000_0000, 0xC000_0080, 0xFFFF_FFFF] {
        for (name, write) in
            [("rdmsr", (|a| a.rdmsr()) as fn(&mut CodeAssembler) -> Result), ("wrmsr", |a| a.wrmsr())]
        {
            suite.case(format!("{name} of {index:x}"), |case| {
                case.register(Register::Ecx, index).probe(write)
            });
        }
    }
    suite.case("wrmsr and rdmsr of the time-stamp counter", |case| {
        case.eax(0).register(Register::Edx, 0x12).register(Register::Ecx, 0x10).probe(|a| {
            a.wrmsr()?;
            a.rdmsr()?;
            a.xor(eax, eax)
        })
    });
    crate::judge("identification_and_model_specific_registers", suite, KNOWN);
}
