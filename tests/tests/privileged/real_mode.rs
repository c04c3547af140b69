//! Exceptions in real mode: which vector, where it points, what is left alone.
//!
//! A case leaves protected mode for 16-bit real-mode segments at the image and the arena, loads a vector table whose
//! entries all lead to one handler, and probes. The handler takes IP, CS and FLAGS off the stack into registers and
//! goes back to protected mode, where the case ends. BP tells which vector it was.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{ARENA, DATA, IDT, IDT_LIMIT, IMAGE, REAL_STACK, selector};
use boot_tests::judged::{Case, Difference, Judge, Register, Result, Suite};
use i586::control::Cr0;
use iced_x86::code_asm::{
    CodeAssembler, ax, bp, bx, byte_ptr, cl, cr0, cx, ds, dword_ptr, eax, edx, es, fword_ptr, si, sp, ss,
    word_ptr,
};

type Instruction = (&'static str, fn(&mut CodeAssembler) -> Result);

/// Vectors with an entry in the table.
const VECTORS: u32 = 0x21;
/// Where the vector table lies: in the third data page.
const TABLE: u32 = DATA + 0x2000;
/// Operand of LIDT, behind it.
const OPERAND: u32 = DATA + 0x2800;

const INSTRUCTIONS: [Instruction; 33] = [
    ("nothing", |a| a.nop()),
    ("div", |a| a.div(cl)),
    ("int 20", |a| a.int(0x20)),
    ("int beyond the table", |a| a.int(0x21)),
    ("int3", |a| a.int3()),
    ("bound", |a| a.bound(cx, dword_ptr(0x5000))),
    ("ud2", |a| a.ud2()),
    ("read word at ffff", |a| a.mov(ax, word_ptr(0xFFFFu32))),
    ("write word at ffff", |a| a.mov(word_ptr(0xFFFFu32), ax)),
    ("read byte at ffff", |a| a.mov(iced_x86::code_asm::al, byte_ptr(0xFFFFu32))),
    ("read at 10000", |a| a.mov(ax, word_ptr(eax + 0x1_0000))),
    ("read word at ffff of ss", |a| a.mov(ax, word_ptr(0xFFFFu32).ss())),
    ("lldt", |a| a.lldt(ax)),
    ("ltr", |a| a.ltr(ax)),
    ("sldt", |a| a.sldt(ax)),
    ("str", |a| a.str(ax)),
    ("lar", |a| a.lar(ax, bx)),
    ("lsl", |a| a.lsl(ax, bx)),
    ("verr", |a| a.verr(ax)),
    ("verw", |a| a.verw(ax)),
    ("arpl", |a| a.arpl(ax, bx)),
    ("smsw", |a| a.smsw(ax)),
    ("clts", |a| a.clts()),
    ("mov from cr0", |a| a.mov(eax, cr0)),
    ("mov ds", |a| a.mov(ds, cx)),
    ("mov cs", |a| a.db(&[0x8E, 0xC8])),
    ("lock nop", |a| a.db(&[0xF0, 0x90])),
    ("15 bytes", |a| {
        a.db(&[0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x90])
    }),
    ("16 bytes", |a| {
        a.db(&[
            0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x90,
        ])
    }),
    ("fld1 with EM", |a| {
        a.mov(eax, cr0)?;
        a.or(eax, 4)?;
        a.mov(cr0, eax)?;
        a.fld1()
    }),
    ("invlpg", |a| a.invlpg(byte_ptr(0x5000))),
    ("rep movsw over ffff", |a| {
        a.mov(cx, 4)?;
        a.mov(si, 0xFFFC)?;
        a.rep().movsw()
    }),
    ("popf", |a| {
        a.push(bx)?;
        a.popf()
    }),
];

/// Segment value of an address.
fn paragraph(address: u32) -> u32 {
    address >> 4
}

/// Makes a case that probes `write` in real mode.
fn real(case: &mut Case, write: fn(&mut CodeAssembler) -> Result) -> Result {
    // Flat, protected again.
    let back = case.bytes(&[0x0F, 0x0B]);
    let [low, middle, high, _] = back.to_le_bytes();
    let [code_low, code_high] = selector::CODE.to_le_bytes();
    let handler = case.code_16(|a| {
        a.pop(si)?;
        a.pop(iced_x86::code_asm::di)?;
        a.pop(bx)?;
        a.mov(eax, cr0)?;
        a.or(eax, Cr0::PROTECTION.bits())?;
        a.mov(cr0, eax)?;
        a.mov(ax, u32::from(selector::DATA))?;
        for segment in [ds, es, ss] {
            a.mov(segment, ax)?;
        }
        a.xor(edx, edx)?;
        a.lidt(fword_ptr(edx + OPERAND + 8))?;
        a.mov(iced_x86::code_asm::esp, boot_tests::judged::layout::stack_top(0) - 0x100)?;
        a.db(&[0x66, 0xEA, low, middle, high, 0, code_low, code_high])
    })?;
    // One entry per vector, each of which loads BP with its number.
    let mut entries = Vec::new();
    for vector in 0..VECTORS {
        let entry = case.code_16(|a| {
            a.mov(bp, vector)?;
            a.jmp(u64::from(handler))
        })?;
        entries.push(entry | paragraph(IMAGE) << 16);
    }
    let [low_base, high_base] = [TABLE << 16 | (4 * VECTORS - 1), TABLE >> 16];
    case.words(TABLE, &entries).words(OPERAND, &[low_base, high_base]);
    case.words(OPERAND + 8, &[IDT << 16 | u32::from(IDT_LIMIT), IDT >> 16]).words(DATA, &[0x20_0010]);
    case.register(Register::Ebx, 0x0ED5).register(Register::Edi, 0x100);
    case.probe_16(|a| {
        let mut next = a.create_label();
        // Its base has 24 bits here.
        a.lidt(fword_ptr(eax + OPERAND))?;
        // The limits of real mode.
        a.mov(ax, u32::from(selector::DATA_16))?;
        for segment in [ds, es, ss] {
            a.mov(segment, ax)?;
        }
        a.mov(eax, cr0)?;
        a.and(eax, !1i32)?;
        a.mov(cr0, eax)?;
        a.call(next)?;
        a.set_label(&mut next)?;
        a.pop(ax)?;
        // Far return into the same segment by its paragraph, to 9 bytes behind the label.
        a.add(ax, 9)?;
        a.push(paragraph(IMAGE))?;
        a.push(ax)?;
        a.retf()?;
        a.mov(ax, paragraph(ARENA))?;
        for segment in [ds, es, ss] {
            a.mov(segment, ax)?;
        }
        a.mov(sp, REAL_STACK)?;
        a.mov(ax, 0)?;
        write(a)?;
        a.int(0x20)
    })
}

#[test]
fn exceptions_in_real_mode() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "*ffff*", &["line"], "QEMU does not check limits"),
        trusting_bochs(Judge::Qemu, "read at 10000", &["line"], "QEMU does not check limits"),
    ];
    let mut suite = Suite::new();
    for (name, write) in INSTRUCTIONS {
        suite.case(name, |case| real(case, write));
    }
    crate::judge("exceptions_in_real_mode", suite, KNOWN);
}
