//! Alignment checks.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, DATA_2, selector, stack_top};
use boot_tests::judged::{Difference, Judge, Register, Result, Suite};
use i586::control::Cr0;
use i586::flags::Eflags;
use i586::page::PageEntry;
use iced_x86::code_asm::{
    CodeAssembler, al, ax, byte_ptr, dword_ptr, eax, ebx, ecx, fword_ptr, ptr, qword_ptr, tbyte_ptr, word_ptr,
};

type Instruction = (&'static str, fn(&mut CodeAssembler) -> Result);

const INSTRUCTIONS: [Instruction; 34] = [
    ("byte", |a| a.mov(al, byte_ptr(DATA + 1))),
    ("word at 1", |a| a.mov(ax, word_ptr(DATA + 1))),
    ("word at 2", |a| a.mov(word_ptr(DATA + 2), ax)),
    ("word at 3", |a| a.mov(word_ptr(DATA + 3), ax)),
    ("dword at 2", |a| a.mov(eax, dword_ptr(DATA + 2))),
    ("dword at 3", |a| a.mov(dword_ptr(DATA + 3), eax)),
    ("dword at 4", |a| a.mov(dword_ptr(DATA + 4), eax)),
    ("modify at 1", |a| a.inc(dword_ptr(DATA + 1))),
    ("xchg at 1", |a| a.xchg(dword_ptr(DATA + 1), eax)),
    ("fld 4 at 2", |a| a.fld(dword_ptr(DATA + 2))),
    ("fld 8 at 4", |a| a.fld(qword_ptr(DATA + 4))),
    ("fld 8 at 8", |a| a.fld(qword_ptr(DATA + 8))),
    ("fld 10 at 4", |a| a.fld(tbyte_ptr(DATA + 4))),
    ("fld 10 at 8", |a| a.fld(tbyte_ptr(DATA + 8))),
    ("fild 2 at 1", |a| a.fild(word_ptr(DATA + 1))),
    ("fnstcw at 1", |a| a.fnstcw(word_ptr(DATA + 1))),
    ("fnstenv at 2", |a| a.fnstenv(ptr(DATA + 2))),
    ("fnsave at 4", |a| a.fnsave(ptr(DATA + 4))),
    ("fldenv at 1", |a| a.fldenv(ptr(DATA + 1))),
    ("cmpxchg8b at 4", |a| a.cmpxchg8b(qword_ptr(DATA + 4))),
    ("cmpxchg8b at 8", |a| a.cmpxchg8b(qword_ptr(DATA + 8))),
    ("push", |a| a.push(eax)),
    ("pop", |a| a.pop(eax)),
    ("pushad", |a| a.pushad()),
    ("call", |a| {
        let mut next = a.create_label();
        a.call(next)?;
        a.set_label(&mut next)?;
        a.nop()
    }),
    ("enter", |a| a.enter(4, 1)),
    ("sgdt at 1", |a| a.sgdt(fword_ptr(DATA + 1))),
    ("sidt at 2", |a| a.sidt(fword_ptr(DATA + 2))),
    ("les at 2", |a| a.les(ebx, fword_ptr(DATA + 0x22))),
    ("les at 4", |a| a.les(ebx, fword_ptr(DATA + 0x24))),
    ("bound at 4", |a| a.bound(eax, qword_ptr(DATA + 0x14))),
    ("bound at 2", |a| a.bound(eax, qword_ptr(DATA + 0x12))),
    ("bt at 1", |a| a.bt(dword_ptr(DATA + 1), ecx)),
    ("mov es, memory at 1", |a| a.mov(iced_x86::code_asm::es, word_ptr(DATA + 0x25))),
];

const PAGES_FIRST: &str =
    "#AC is the last of an instruction's faults (Pentium manual vol. 3 table 14-2), behind #PF";
const NOT_THERE: &str = "QEMU's TCG knows no alignment checks";

#[test]
fn alignment_checks() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "*", &["line"], NOT_THERE),
        Difference {
            judge: Judge::Bochs,
            cases: "fnsave at 4 in ring 3",
            fields: &["line"],
            why: "Bochs checks the registers of the image as operands of 8 bytes, the manual asks for 4",
        },
        Difference { judge: Judge::Bochs, cases: "read across pages", fields: &["line"], why: PAGES_FIRST },
        Difference {
            judge: Judge::Bochs,
            cases: "read of an absent page",
            fields: &["line"],
            why: PAGES_FIRST,
        },
    ];
    let mut suite = Suite::new();
    for (name, write) in INSTRUCTIONS {
        for ring in [0, 2, 3] {
            suite.case(format!("{name} in ring {ring}"), |case| {
                let pointer = stack_top(ring) - 0x102;
                case.ring(ring).flags(Eflags::ALIGNMENT_CHECK).cr0(Cr0::ALIGNMENT_MASK);
                case.words(DATA + 0x20, &[0x23_0000, 0x2300, 0x2300]);
                if ring == 3 {
                    case.stack(selector::DATA_3, pointer);
                }
                case.probe(write)
            });
        }
        for (what, flag, mask) in [("AC", true, false), ("AM", false, true)] {
            suite.case(format!("{name} with {what} alone"), |case| {
                case.ring(3);
                if flag {
                    case.flags(Eflags::ALIGNMENT_CHECK);
                }
                if mask {
                    case.cr0(Cr0::ALIGNMENT_MASK);
                }
                case.words(DATA + 0x20, &[0x23_0000, 0x2300, 0x2300]).probe(write)
            });
        }
    }
    for (name, write) in [
        ("read across pages", (|a| a.mov(eax, dword_ptr(DATA_2 - 2))) as fn(&mut CodeAssembler) -> Result),
        ("read of an absent page", |a| a.mov(eax, dword_ptr(DATA_2 + 1))),
        ("segment load from a misaligned table", |a| a.mov(iced_x86::code_asm::es, eax)),
        ("rep movsd", |a| a.rep().movsd()),
    ] {
        suite.case(name, |case| {
            case.ring(3).flags(Eflags::ALIGNMENT_CHECK).cr0(Cr0::ALIGNMENT_MASK).paging();
            case.page(DATA_2, PageEntry::empty()).eax(0x23);
            case.register(Register::Esi, DATA + 0x41)
                .register(Register::Edi, DATA + 0x80)
                .register(Register::Ecx, 2);
            case.probe(write)
        });
    }
    crate::judge("alignment_checks", suite, KNOWN);
}
