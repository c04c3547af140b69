//! Accesses, instructions and stacks over page boundaries; instructions that must be restartable.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, DATA_2, DATA_3, code_selector, page_entry, selector};
use boot_tests::judged::{Difference, Judge, Register, Result, Suite};
use i586::page::PageEntry;
use iced_x86::code_asm::{CodeAssembler, ax, dword_ptr, eax, qword_ptr, word_ptr};

/// Everything but what the bits of `number` take away: P is bit 0, RW bit 1, US bit 2.
fn rights(number: u32) -> PageEntry {
    PageEntry::from_bits_retain(number & 7)
}

type Access = (&'static str, fn(&mut CodeAssembler) -> Result);

const READS_FIRST: &str = "QEMU reads with a read's rights first, page by page; a read-modify-write needs both pages' \
    write rights before it touches anything";

#[test]
fn page_crossings() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "modify 4, *", &["outcome", "page"], READS_FIRST),
        trusting_bochs(Judge::Qemu, "xchg 4, *", &["outcome", "page"], READS_FIRST),
        trusting_bochs(Judge::Qemu, "cmpxchg8b, *", &["outcome", "page"], READS_FIRST),
    ];
    let accesses: [Access; 9] = [
        ("read 2", |a| a.mov(ax, word_ptr(DATA_2 - 1))),
        ("read 4", |a| a.mov(eax, dword_ptr(DATA_2 - 1))),
        ("write 2", |a| a.mov(word_ptr(DATA_2 - 1), ax)),
        ("write 4", |a| a.mov(dword_ptr(DATA_2 - 3), eax)),
        ("modify 4", |a| a.xor(dword_ptr(DATA_2 - 2), eax)),
        ("xchg 4", |a| a.xchg(dword_ptr(DATA_2 - 2), eax)),
        ("read 8", |a| a.fld(qword_ptr(DATA_2 - 4))),
        ("write 8", |a| {
            a.fld1()?;
            a.fst(qword_ptr(DATA_2 - 4))
        }),
        ("cmpxchg8b", |a| a.cmpxchg8b(qword_ptr(DATA_2 - 4))),
    ];
    let mut suite = Suite::new();
    for (name, write) in accesses {
        for (state, first, second) in [
            ("both present", 7, 7),
            ("first absent", 6, 7),
            ("second absent", 7, 6),
            ("both absent", 6, 6),
            ("first read-only", 5, 7),
            ("second read-only", 7, 5),
            ("second supervisor", 7, 3),
        ] {
            suite.case(format!("{name}, {state}"), |case| {
                case.paging().page(DATA, rights(first)).page(DATA_2, rights(second));
                case.words(DATA_2 - 4, &[0x4433_2211, 0x8877_6655]).ring(3).eax(0xFFFF_FFFF).probe(write)
            });
        }
    }
    // Two pages that lie apart in memory, in the wrong order.
    for (name, write) in accesses {
        suite.case(format!("{name}, pages exchanged"), |case| {
            case.paging();
            case.words(
                page_entry(DATA),
                &[rights(7).with_frame(DATA_2).bits(), rights(7).with_frame(DATA).bits()],
            );
            case.words(DATA, &[0x8877_6655]).words(DATA_3 - 4, &[0x4433_2211]).eax(0xFFFF_FFFF).probe(write)
        });
    }
    // An instruction over the boundary.
    for (state, first, second) in
        [("second absent", 7, 6), ("second supervisor", 7, 3), ("both present", 7, 7)]
    {
        for before in 1..5u32 {
            suite.case(format!("instruction with {before} bytes on the first page, {state}"), |case| {
                let code: [u8; 8] = [0xB8, 0x78, 0x56, 0x34, 0x12, 0x0F, 0x0B, 0x90];
                let at = DATA_2 - before;
                // Unaligned words, byte by byte.
                let mut page = [0x90u8; 16];
                let offset = (at - (DATA_2 - 8)) as usize;
                page[offset..offset + 8].copy_from_slice(&code);
                let words: Vec<u32> = page
                    .chunks(4)
                    .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                    .collect();
                case.words(DATA_2 - 8, &words)
                    .paging()
                    .page(DATA, rights(first))
                    .page(DATA_2, rights(second));
                case.ring(3).probe(|a| a.jmp(u64::from(at)))
            });
        }
    }
    crate::judge("page_crossings", suite, KNOWN);
}

/// Instructions that must not have changed anything when they fault at a page boundary.
const RESTARTED: [Access; 26] = [
    ("push", |a| a.push(eax)),
    ("push memory", |a| a.push(dword_ptr(DATA))),
    ("pop", |a| a.pop(eax)),
    ("pop memory", |a| a.pop(dword_ptr(DATA))),
    ("pushad", |a| a.pushad()),
    ("popad", |a| a.popad()),
    ("pushfd", |a| a.pushfd()),
    ("popfd", |a| a.popfd()),
    ("enter", |a| a.enter(0x10, 0)),
    ("enter, nested", |a| a.enter(8, 3)),
    ("leave", |a| a.leave()),
    ("call", |a| {
        let mut next = a.create_label();
        a.call(next)?;
        a.set_label(&mut next)?;
        a.nop()
    }),
    ("call memory", |a| a.call(dword_ptr(DATA))),
    ("ret", |a| a.ret()),
    ("ret n", |a| a.ret_1(8)),
    ("retf", |a| a.retf()),
    ("iretd", |a| a.iretd()),
    ("push ds", |a| a.push(iced_x86::code_asm::ds)),
    ("pop es", |a| a.pop(iced_x86::code_asm::es)),
    ("movsd", |a| a.movsd()),
    ("rep movsd", |a| a.rep().movsd()),
    ("rep stosw", |a| a.rep().stosw()),
    ("repe cmpsb", |a| a.repe().cmpsb()),
    ("repne scasd", |a| a.repne().scasd()),
    ("xchg", |a| a.xchg(dword_ptr(DATA_2 - 2), eax)),
    ("xadd", |a| a.xadd(dword_ptr(DATA_2 - 2), eax)),
];

#[test]
fn restarts_at_page_boundaries() {
    const ONE_BY_ONE: &str = "QEMU moves one register after the other and faults half-way";
    const ORDER: &str = "Bochs reads the uppermost word first";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(Judge::Qemu, "pushad, *", &["cr2", "memory"], ONE_BY_ONE),
        trusting_bochs(Judge::Qemu, "popad, *", &["edi", "esi"], ONE_BY_ONE),
        trusting_bochs(
            Judge::Qemu,
            "enter, absent*left",
            &["line"],
            "QEMU does not probe the frame's far end",
        ),
        trusting_bochs(Judge::Qemu, "retf, *", &["outcome"], "QEMU reads the stack as a supervisor"),
        trusting_bochs(Judge::Qemu, "iretd, *", &["outcome"], "QEMU reads the stack as a supervisor"),
        trusting_bochs(Judge::Qemu, "xchg, *", &["outcome"], READS_FIRST),
        trusting_bochs(Judge::Qemu, "xadd, *", &["outcome"], READS_FIRST),
        Difference { judge: Judge::Bochs, cases: "retf, *", fields: &["cr2"], why: ORDER },
        Difference { judge: Judge::Bochs, cases: "iretd, *", fields: &["cr2"], why: ORDER },
        Difference {
            judge: Judge::Bochs,
            cases: "push ds, *",
            fields: &["memory"],
            why: "Bochs stores two of the four bytes, as processors after the P6 do; a Pentium stores all",
        },
        Difference {
            judge: Judge::Bochs,
            cases: "pop es, absent page across, above",
            fields: &["line"],
            why: "Bochs reads two of the four bytes",
        },
    ];
    let mut suite = Suite::new();
    for (name, write) in RESTARTED {
        // The stack grows into an absent page, or out of a present one into it.
        for (place, pointer) in [
            ("below", DATA_3),
            ("below, one word left", DATA_3 + 4),
            ("below, two words left", DATA_3 + 8),
            ("above", DATA_2 - 4),
            ("above, one word left", DATA_2 - 8),
            ("across, below", DATA_3 + 2),
            ("across, above", DATA_2 - 2),
        ] {
            // Nothing faults where a return finds a present page.
            let returns = matches!(name, "ret" | "ret n" | "retf" | "iretd");
            if returns && place.contains("below") {
                continue;
            }
            suite.case(format!("{name}, absent page {place}"), |case| {
                let end = case.bytes(&[0x0F, 0x0B]);
                case.paging().page(DATA_2, rights(6)).ring(3).stack(selector::DATA_3, pointer);
                let back = u32::from(code_selector(3));
                let above = if name.starts_with("ret") && name != "retf" { end } else { back };
                case.words(DATA, &[end]).words(DATA_2 - 0x10, &[0x11, 0x22, end, above]);
                case.register(Register::Ebp, pointer).register(Register::Ecx, 6);
                case.register(Register::Esi, DATA_2 - 10).register(Register::Edi, DATA_2 - 8).eax(0x1234);
                case.probe(write)
            });
        }
    }
    crate::judge("restarts_at_page_boundaries", suite, KNOWN);
}
