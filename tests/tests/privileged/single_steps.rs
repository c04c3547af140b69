//! Single steps: what is stepped, what is stepped over, and where the shadow of SS hides a step.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, TASK_32, selector};
use boot_tests::judged::{Case, Difference, Judge, OPEN_VECTOR, Result, Suite, gate};
use i586::flags::Eflags;
use i586::segment::SystemKind;
use iced_x86::code_asm::{CodeAssembler, al, dr7, dword_ptr, eax, ebx, ecx, esp, ss};

type Instruction = (&'static str, fn(&mut CodeAssembler) -> Result);

/// More events than any case has.
const ALL: u32 = 30;
const DEBUG: u8 = 1;

const STEPPED: [Instruction; 22] = [
    ("nops", |a| {
        a.nop()?;
        a.nop()
    }),
    ("int", |a| {
        a.int(u32::from(OPEN_VECTOR) + 1)?;
        a.nop()
    }),
    ("int3", |a| {
        a.int3()?;
        a.nop()
    }),
    ("into", |a| {
        a.mov(al, 0x7F)?;
        a.inc(al)?;
        a.into()
    }),
    ("popfd that clears TF", |a| {
        a.push(2)?;
        a.popfd()?;
        a.nop()?;
        a.nop()
    }),
    ("pushfd", |a| {
        a.pushfd()?;
        a.pop(eax)
    }),
    ("mov ss", |a| {
        a.mov(eax, ss)?;
        a.mov(ss, eax)?;
        a.nop()?;
        a.nop()
    }),
    ("pop ss", |a| {
        a.push(ss)?;
        a.pop(ss)?;
        a.nop()
    }),
    ("lss", |a| {
        a.push(ss)?;
        a.push(esp)?;
        a.lss(ebx, iced_x86::code_asm::fword_ptr(esp))?;
        a.nop()
    }),
    ("rep stosb", |a| {
        a.mov(ecx, 3)?;
        a.mov(iced_x86::code_asm::edi, DATA)?;
        a.rep().stosb()?;
        a.nop()
    }),
    ("rep of nothing", |a| {
        a.rep().stosb()?;
        a.nop()
    }),
    ("jump", |a| {
        let mut next = a.create_label();
        a.jmp(next)?;
        a.nop()?;
        a.set_label(&mut next)?;
        a.nop()
    }),
    ("call and ret", |a| {
        let mut routine = a.create_label();
        let mut end = a.create_label();
        a.call(routine)?;
        a.jmp(end)?;
        a.set_label(&mut routine)?;
        a.ret()?;
        a.set_label(&mut end)?;
        a.nop()
    }),
    ("fault", |a| {
        a.nop()?;
        a.div(ecx)
    }),
    ("int1", |a| {
        a.db(&[0xF1])?;
        a.nop()
    }),
    ("cli and sti", |a| {
        a.cli()?;
        a.sti()?;
        a.nop()
    }),
    ("iretd to itself", |a| {
        a.pushfd()?;
        a.push(iced_x86::code_asm::cs)?;
        let mut next = a.create_label();
        a.call(next)?;
        a.set_label(&mut next)?;
        a.add(dword_ptr(esp), 5)?;
        a.iretd()?;
        a.nop()
    }),
    ("far jump", |a| a.jmp(iced_x86::code_asm::fword_ptr(DATA + 0x10))),
    ("mov ds", |a| {
        a.mov(eax, iced_x86::code_asm::ds)?;
        a.mov(iced_x86::code_asm::ds, eax)?;
        a.nop()
    }),
    ("mov dr", |a| {
        a.mov(eax, dr7)?;
        a.nop()
    }),
    ("loop", |a| {
        let mut top = a.create_label();
        a.mov(ecx, 2)?;
        a.set_label(&mut top)?;
        a.loop_(top)?;
        a.nop()
    }),
    ("fld1", |a| {
        a.fld1()?;
        a.wait()
    }),
];

#[test]
fn single_steps() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(
            Judge::Qemu,
            "lss in*",
            &["event"],
            "QEMU takes LSS for a load of SS that delays steps",
        ),
        trusting_bochs(Judge::Qemu, "cli and sti in*", &["event"], "QEMU's shadow of STI delays steps, too"),
        trusting_bochs(Judge::Qemu, "int1 in*", &["line"], "QEMU has no INT1"),
    ];
    let mut suite = Suite::new();
    for (name, write) in STEPPED {
        for ring in [0, 3] {
            suite.case(format!("{name} in ring {ring}, traced"), |case| {
                prepared(case)?;
                case.ring(ring).io_privilege(3).flags(Eflags::TRAP).trace(DEBUG, ALL);
                case.probe(write)
            });
            suite.case(format!("{name} in ring {ring}, first step only"), |case| {
                prepared(case)?;
                case.ring(ring).io_privilege(3).flags(Eflags::TRAP).probe(write)
            });
        }
    }
    for ring in [0, 3] {
        suite.case(format!("popfd that sets TF, ring {ring}"), |case| {
            case.ring(ring).trace(DEBUG, ALL).probe(|a| {
                a.push(0x102)?;
                a.popfd()?;
                a.nop()?;
                a.nop()
            })
        });
        suite.case(format!("iretd that sets TF, ring {ring}"), |case| {
            case.ring(ring).trace(DEBUG, ALL).probe(|a| {
                let mut next = a.create_label();
                a.push(0x102)?;
                a.push(iced_x86::code_asm::cs)?;
                a.call(next)?;
                a.set_label(&mut next)?;
                a.add(dword_ptr(esp), 5)?;
                a.iretd()?;
                a.nop()?;
                a.nop()
            })
        });
    }
    suite.case("step into a task with a trap bit", |case| {
        case.bytes(&[0x0F, 0x0B]);
        case.words(TASK_32 + i586::tss::bits32::TRAP, &[1]);
        case.flags(Eflags::TRAP).trace(DEBUG, ALL).probe(|a| a.nop())
    });
    crate::judge("single_steps", suite, KNOWN);
}

/// A handler of the interrupt that returns at once, and a far pointer to the probe's end.
fn prepared(case: &mut Case) -> Result {
    let handler = case.code(|a| {
        a.nop()?;
        a.iretd()
    })?;
    for vector in [3, 4, OPEN_VECTOR + 1] {
        case.vector(vector, gate(SystemKind::InterruptGate32, selector::CODE, handler, 3));
    }
    let end = case.bytes(&[0x0F, 0x0B]);
    case.words(DATA + 0x10, &[end, u32::from(selector::CODE)]);
    Ok(())
}
