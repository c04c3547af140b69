//! Which encodings are invalid: opcode maps in ring 3, LOCK, extensions and register forms, lengths.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::DATA;
use boot_tests::judged::{Difference, Judge, Register, Suite};
use iced_x86::code_asm::{eax, qword_ptr};

/// A form of an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// ModRM with an absolute address, which NOPs follow that serve as immediates.
    Memory,
    /// ModRM with ECX.
    Register,
    /// No ModRM, zero displacements and offsets, or NOPs that serve as immediates.
    Plain,
}

impl Form {
    /// The forms of an opcode.
    fn of(opcode: &[u8]) -> &'static [Form] {
        let plain = match *opcode {
            [0x0F, opcode] => matches!(
                opcode,
                0x05..=0x0E | 0x30..=0x37 | 0x77 | 0x80..=0x8F | 0xA0..=0xA2 | 0xA8..=0xAA | 0xC8..=0xCF
            ),
            [opcode] => match opcode {
                0..0x40 => opcode & 7 >= 4,
                0x40..0x62 | 0x64..=0x68 | 0x6A | 0x6C..0x80 | 0x90..0xC0 => true,
                0xC2 | 0xC3 | 0xC8..=0xCF | 0xD4..=0xD7 | 0xE0..=0xF5 | 0xF8..=0xFD => true,
                _ => false,
            },
            _ => false,
        };
        if plain { &[Form::Plain] } else { &[Form::Memory, Form::Register] }
    }

    fn name(self) -> &'static str {
        match self {
            Form::Memory => "memory",
            Form::Register => "register",
            Form::Plain => "plain",
        }
    }

    fn encode(self, prefix: &[u8], opcode: &[u8], extension: u8) -> Vec<u8> {
        let mut bytes = [prefix, opcode].concat();
        match self {
            Form::Memory => {
                bytes.push(extension << 3 | 5);
                bytes.extend_from_slice(&(DATA + 0x40).to_le_bytes());
            }
            Form::Register => bytes.push(0xC1 | extension << 3),
            Form::Plain => match *opcode {
                [0xA0..=0xA3] => bytes.extend_from_slice(&(DATA + 0x40).to_le_bytes()),
                [0x70..=0x7F | 0xE0..=0xE3 | 0xEB] => bytes.push(0),
                [0xE8 | 0xE9] | [0x0F, 0x80..=0x8F] => bytes.extend_from_slice(&[0; 4]),
                _ => {}
            },
        }
        bytes.extend_from_slice(&[0x90; 6]);
        bytes
    }
}

/// Jumps, calls, returns, interrupts, and what ends a program otherwise.
fn leaves(opcode: u8) -> bool {
    matches!(opcode, 0x70..=0x7F | 0x9A | 0xC2 | 0xC3 | 0xCA..=0xCF | 0xE0..=0xE3 | 0xE8..=0xEB | 0xF4)
}

const PREFIXES: [u8; 11] = [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3];

/// Adds a case that runs bytes in ring 3, with registers that make string and stack instructions harmless.
fn add(suite: &mut Suite, name: String, bytes: &[u8]) {
    suite.case(name, |case| {
        case.ring(3).register(Register::Esi, DATA + 0x80).register(Register::Edi, DATA + 0xC0);
        case.register(Register::Ebx, DATA + 0x100)
            .register(Register::Ebp, DATA + 0x200)
            .probe(|a| a.db(bytes))
    });
}

const MORE: &str = "QEMU executes later processors' instructions as a pentium, too";

#[test]
fn locked_opcodes() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "lock*", &["line"], "QEMU looks at LOCK in few instructions"),
    ];
    let mut suite = Suite::new();
    for opcode in 0..=0xFFu8 {
        if PREFIXES.contains(&opcode) || opcode == 0x0F {
            continue;
        }
        let grouped = matches!(opcode, 0x80..=0x83 | 0xF6 | 0xF7 | 0xFE | 0xFF);
        for extension in 0..if grouped { 8 } else { 1 } {
            let name = format!("lock {opcode:02x} /{extension}");
            for form in Form::of(&[opcode]) {
                add(
                    &mut suite,
                    format!("{name} {}", form.name()),
                    &form.encode(&[0xF0], &[opcode], extension),
                );
            }
        }
    }
    for opcode in 0..=0xFFu8 {
        let grouped = matches!(opcode, 0xBA | 0xC7);
        for extension in 0..if grouped { 8 } else { 1 } {
            let name = format!("lock 0f {opcode:02x} /{extension}");
            // QEMU gives up at locked bit tests of registers.
            let modifies = opcode == 0xC7 || matches!(opcode, 0xB0 | 0xB1 | 0xC0 | 0xC1);
            for form in Form::of(&[0x0F, opcode]).iter().filter(|form| modifies || **form != Form::Register) {
                let bytes = form.encode(&[0xF0], &[0x0F, opcode], extension);
                add(&mut suite, format!("{name} {}", form.name()), &bytes);
            }
        }
    }
    crate::judge("locked_opcodes", suite, KNOWN);
}

#[test]
fn opcode_maps() {
    const HINTS: &str = "0F 0D and 0F 18 to 0F 1F are invalid on a Pentium, hints and NOPs from the P6 on";
    const EXTENSIONS: &str = "QEMU does not look at the extension of groups with one member";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference {
            judge: Judge::Bochs,
            cases: "0f 0a*",
            fields: &["line"],
            why: "CL1INVMB, the SCC's own instruction (SCC reference §2.3)",
        },
        Difference { judge: Judge::Bochs, cases: "0f 0d*", fields: &["line"], why: HINTS },
        Difference { judge: Judge::Bochs, cases: "0f 1*", fields: &["line"], why: HINTS },
        trusting_bochs(Judge::Qemu, "0f*", &["line"], MORE),
        trusting_bochs(Judge::Qemu, "37*", &["fl"], "flags that AAA leaves undefined"),
        trusting_bochs(Judge::Qemu, "3f*", &["fl"], "flags that AAS leaves undefined"),
        trusting_bochs(Judge::Qemu, "8f /*", &["line"], EXTENSIONS),
        trusting_bochs(Judge::Qemu, "c6 /*", &["line"], EXTENSIONS),
        trusting_bochs(Judge::Qemu, "c7 /*", &["line"], EXTENSIONS),
        trusting_bochs(Judge::Qemu, "f1*", &["line"], "QEMU has no INT1"),
        trusting_bochs(Judge::Qemu, "f* /1*", &["line"], "QEMU does not take /1 for TEST"),
        trusting_bochs(
            Judge::Qemu,
            "d*",
            &["line"],
            "QEMU's x87 has no stack faults and decodes later forms",
        ),
    ];
    let mut suite = Suite::new();
    for opcode in 0..=0xFFu8 {
        if leaves(opcode)
            || PREFIXES.contains(&opcode)
            || matches!(opcode, 0x0F | 0x6C..=0x6F | 0x9B | 0xD8..=0xDF)
        {
            continue;
        }
        let grouped = matches!(opcode, 0x80..=0x83 | 0x8C | 0x8E | 0x8F | 0xC0 | 0xC1 | 0xC6 | 0xC7 | 0xD0..=0xD3 | 0xF6 | 0xF7 | 0xFE);
        for extension in 0..if grouped { 8 } else { 1 } {
            let name = format!("{opcode:02x} /{extension}");
            for form in Form::of(&[opcode]) {
                add(&mut suite, format!("{name} {}", form.name()), &form.encode(&[], &[opcode], extension));
            }
        }
    }
    for opcode in 0..=0xFFu8 {
        // Jumps; CPUID and RDTSC give what each machine is.
        if matches!(opcode, 0x80..=0x8F | 0x31 | 0xA2) {
            continue;
        }
        let grouped = matches!(opcode, 0x00 | 0x01 | 0xBA | 0xC7);
        for extension in 0..if grouped { 8 } else { 1 } {
            let name = format!("0f {opcode:02x} /{extension}");
            for form in Form::of(&[0x0F, opcode]) {
                add(
                    &mut suite,
                    format!("{name} {}", form.name()),
                    &form.encode(&[], &[0x0F, opcode], extension),
                );
            }
        }
    }
    // Escape opcodes: which are reserved.
    for opcode in 0xD8..=0xDFu8 {
        for second in 0xC0..=0xFFu8 {
            suite.case(format!("{opcode:x} {second:x}"), |case| {
                case.ring(3).probe(|a| a.db(&[opcode, second]))
            });
        }
        for extension in 0..8 {
            add(
                &mut suite,
                format!("{opcode:x} /{extension} memory"),
                &Form::Memory.encode(&[], &[opcode], extension),
            );
        }
    }
    crate::judge("opcode_maps", suite, KNOWN);
}

#[test]
fn lengths_and_operand_forms() {
    const LATER: &str = "0F 18 to 0F 1F are invalid on a Pentium, NOPs from the P6 on";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference { judge: Judge::Bochs, cases: "endbr32*", fields: &["line"], why: LATER },
        Difference { judge: Judge::Bochs, cases: "long nop*", fields: &["line"], why: LATER },
        Difference {
            judge: Judge::Bochs,
            cases: "repe bsf*",
            fields: &["fl"],
            why: "flags but ZF are undefined behind BSF; scc-emu leaves them alone",
        },
        trusting_bochs(Judge::Qemu, "int1*", &["line"], "QEMU has no INT1"),
        trusting_bochs(Judge::Qemu, "endbr32*", &["line"], MORE),
        trusting_bochs(Judge::Qemu, "long nop*", &["line"], MORE),
        trusting_bochs(Judge::Qemu, "movd*", &["line"], MORE),
        trusting_bochs(Judge::Qemu, "emms*", &["line"], MORE),
        trusting_bochs(Judge::Qemu, "sysenter*", &["line"], MORE),
    ];
    let mut suite = Suite::new();
    for prefixes in [0usize, 1, 13, 14, 15, 16] {
        for (name, prefix) in [("66", 0x66), ("2e", 0x2E), ("f3", 0xF3), ("f0", 0xF0)] {
            suite.case(format!("nop with {prefixes} prefixes {name}"), |case| {
                let mut bytes = vec![prefix; prefixes];
                bytes.push(0x90);
                case.ring(3).probe(|a| a.db(&bytes))
            });
        }
    }
    for prefixes in 0..=6usize {
        suite.case(format!("10-byte instruction with {prefixes} prefixes"), |case| {
            let mut bytes = vec![0x3E; prefixes];
            bytes.extend_from_slice(&[0xC7, 0x05]);
            bytes.extend_from_slice(&DATA.to_le_bytes());
            bytes.extend_from_slice(&0x1234_5678u32.to_le_bytes());
            case.ring(3).probe(|a| a.db(&bytes))
        });
    }
    for (name, bytes) in [
        ("bound of a register", [0x62u8, 0xC1].as_slice()),
        ("les of a register", &[0xC4, 0xC1]),
        ("lds of a register", &[0xC5, 0xC1]),
        ("lss of a register", &[0x0F, 0xB2, 0xC1]),
        ("lea of a register", &[0x8D, 0xC1]),
        ("mov cs, ax", &[0x8E, 0xC8]),
        ("mov sreg 6, ax", &[0x8E, 0xF0]),
        ("mov ax, sreg 7", &[0x8C, 0xF8]),
        ("far call of a register", &[0xFF, 0xD9]),
        ("far jmp of a register", &[0xFF, 0xE9]),
        ("ff /7", &[0xFF, 0xF9]),
        ("cmpxchg8b of a register", &[0x0F, 0xC7, 0xC9]),
        ("ud2", &[0x0F, 0x0B]),
        ("ud1", &[0x0F, 0xB9, 0xC0]),
        ("salc", &[0xD6]),
        ("int1", &[0xF1]),
        ("endbr32", &[0xF3, 0x0F, 0x1E, 0xFB]),
        ("long nop", &[0x0F, 0x1F, 0x00]),
        ("repe bsf", &[0xF3, 0x0F, 0xBC, 0xC1]),
        ("pause", &[0xF3, 0x90]),
        ("cmovz", &[0x0F, 0x44, 0xC1]),
        ("movd", &[0x0F, 0x6E, 0xC1]),
        ("emms", &[0x0F, 0x77]),
        ("sysenter", &[0x0F, 0x34]),
        ("syscall", &[0x0F, 0x05]),
        ("popcnt", &[0xF3, 0x0F, 0xB8, 0xC1]),
        ("movbe", &[0x0F, 0x38, 0xF0, 0x03]),
    ] {
        for ring in [0, 3] {
            suite.case(format!("{name}, ring {ring}"), |case| {
                case.ring(ring)
                    .register(Register::Ecx, 8)
                    .register(Register::Ebx, DATA)
                    .probe(|a| a.db(bytes))
            });
        }
    }
    for (name, low, high) in
        [("within", 0u32, 0x20u32), ("below", 0x11, 0x20), ("above", 0, 0xF), ("negative", 0xFFFF_FFF0, 0x10)]
    {
        suite.case(format!("bound {name}"), |case| {
            case.ring(3).words(DATA, &[low, high]).eax(0x10).probe(|a| a.bound(eax, qword_ptr(DATA)))
        });
    }
    for ring in [0, 3] {
        for flags in [i586::flags::Eflags::OVERFLOW, i586::flags::Eflags::empty()] {
            suite.case(format!("into, ring {ring}, flags {:x}", flags.bits()), |case| {
                case.ring(ring).flags(flags).probe(|a| a.into())
            });
        }
        for (first, second) in [(0x10u32, 3u32), (0x13, 0), (0x11, 1), (0, 3), (0x1_0010, 0x2_0003)] {
            suite.case(format!("arpl {first:x}, {second:x} in ring {ring}"), |case| {
                case.ring(ring).eax(first).register(Register::Ecx, second);
                case.probe(|a| a.arpl(iced_x86::code_asm::ax, iced_x86::code_asm::cx))
            });
        }
    }
    crate::judge("lengths_and_operand_forms", suite, KNOWN);
}
