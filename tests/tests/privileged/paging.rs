//! Page faults, accessed and dirty bits, 4 MB pages, and translations that outlive their entries.

use crate::{NO_RESUME_FLAG, trusting_bochs};
use boot_tests::judged::layout::{DATA, DATA_2, DATA_3, PAGE_DIRECTORY, selector, stack_top};
use boot_tests::judged::{Case, Difference, Judge, Result, Suite};
use i586::control::{Cr0, Cr4};
use i586::page::PageEntry;
use iced_x86::code_asm::{
    CodeAssembler, al, ax, byte_ptr, cr0, cr2, cr3, cr4, dword_ptr, eax, ebx, ecx, edx, qword_ptr, word_ptr,
};

/// Linear address of the first page that the second page table maps.
const UPPER: u32 = 0x40_0000;
/// The second page table lies in the third data page, its first page in the second.
const UPPER_TABLE: u32 = DATA_3;
const DIRECTORY_ENTRY: u32 = PAGE_DIRECTORY + 4;

/// Everything but what the bits of `number` take away: P is bit 0, RW bit 1, US bit 2.
fn rights(number: u32) -> PageEntry {
    PageEntry::from_bits_retain(number & 7)
}

/// Maps [`UPPER`] to the second data page through entries with these flags.
fn upper(case: &mut Case, directory: PageEntry, table: PageEntry) {
    case.words(DIRECTORY_ENTRY, &[directory.with_frame(UPPER_TABLE).bits()]);
    case.words(UPPER_TABLE, &[table.with_frame(DATA_2).bits()]);
    case.paging();
}

const READS_FIRST: &str = "QEMU reads with a read's rights before it asks for a write's";

type Access = (&'static str, fn(&mut CodeAssembler) -> Result);

#[test]
fn rights_of_pages() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(
            Judge::Qemu,
            "*",
            &["page"],
            "QEMU marks a directory entry before it looks at the table's",
        ),
        trusting_bochs(Judge::Qemu, "modify in *", &["outcome", "memory"], READS_FIRST),
    ];
    let accesses: [Access; 4] = [
        ("read", |a| a.mov(al, byte_ptr(UPPER + 0x123))),
        ("write", |a| a.mov(word_ptr(UPPER + 0x124), ax)),
        ("modify", |a| a.inc(dword_ptr(UPPER + 0x128))),
        ("execute", |a| a.jmp(u64::from(UPPER + 0x200))),
    ];
    let mut suite = Suite::new();
    for ring in [0, 3] {
        for protect in [false, true] {
            for directory in 0..8 {
                for table in 0..8 {
                    // Two absent entries are as good as one; ring 2 is a supervisor like ring 0.
                    if directory & 1 == 0 && table != 7 {
                        continue;
                    }
                    for (name, write) in accesses {
                        let protection = if protect { ", WP" } else { "" };
                        let name = format!("{name} in ring {ring}{protection}: PDE {directory}, PTE {table}");
                        suite.case(name, |case| {
                            upper(case, rights(directory), rights(table));
                            case.words(DATA_2 + 0x200, &[0x0B0F_0B0F]).ring(ring);
                            if protect {
                                case.cr0(Cr0::WRITE_PROTECT);
                            }
                            case.probe(write)
                        });
                    }
                }
            }
        }
    }
    crate::judge("rights_of_pages", suite, KNOWN);
}

#[test]
fn accessed_and_dirty_bits() {
    const KNOWN: &[Difference] = &[
        trusting_bochs(
            Judge::Qemu,
            "fst, *",
            &["memory"],
            "QEMU's x87 has no stack faults: no indefinite is stored",
        ),
        trusting_bochs(Judge::Qemu, "lar", &["eax"], "QEMU clears the undefined bits 19:16 of LAR's result"),
    ];
    let accesses: [Access; 12] = [
        ("read", |a| a.mov(al, byte_ptr(UPPER))),
        ("write", |a| a.mov(byte_ptr(UPPER), al)),
        ("read, then write", |a| {
            a.mov(al, byte_ptr(UPPER))?;
            a.mov(byte_ptr(UPPER + 1), al)
        }),
        ("cmp", |a| a.cmp(dword_ptr(UPPER), eax)),
        ("cmpxchg that fails", |a| {
            a.inc(eax)?;
            a.cmpxchg(dword_ptr(UPPER), ecx)
        }),
        ("bt", |a| a.bt(dword_ptr(UPPER), ecx)),
        ("bts", |a| a.bts(dword_ptr(UPPER), ecx)),
        ("lea", |a| a.lea(eax, dword_ptr(UPPER))),
        ("invlpg", |a| a.invlpg(byte_ptr(UPPER))),
        ("sgdt", |a| a.sgdt(iced_x86::code_asm::fword_ptr(UPPER))),
        ("fst", |a| a.fst(qword_ptr(UPPER))),
        ("pop", |a| {
            a.push(eax)?;
            a.pop(dword_ptr(UPPER))
        }),
    ];
    let mut suite = Suite::new();
    for (name, write) in accesses {
        for flags in [rights(7), rights(7) | PageEntry::ACCESSED] {
            suite.case(format!("{name}, entries {:x}", flags.bits()), |case| {
                upper(case, flags, flags);
                case.probe(write)
            });
        }
    }
    for (name, write) in accesses {
        suite.case(format!("{name}, read-only supervisor page in ring 0"), |case| {
            upper(case, rights(3), rights(1));
            case.probe(write)
        });
    }
    // Bits of the pages that system structures lie in.
    suite.case("load of a segment", |case| {
        case.paging()
            .page(0x1_0000, rights(7))
            .eax(u32::from(selector::DATA_3))
            .probe(|a| a.mov(iced_x86::code_asm::es, eax))
    });
    suite.case("load of a segment that is not yet accessed", |case| {
        let (low, high) = i586::segment::Descriptor::flat_data(3).words();
        case.paging().page(0x1_0000, rights(7)).words(0x1_0000 + u32::from(selector::FREE), &[low, high]);
        case.eax(u32::from(selector::FREE)).probe(|a| a.mov(iced_x86::code_asm::es, eax))
    });
    suite.case("lar", |case| {
        case.paging().page(0x1_0000, rights(7)).eax(u32::from(selector::DATA_3)).probe(|a| a.lar(eax, eax))
    });
    suite.case("push from ring 3", |case| {
        case.paging().page(stack_top(3) - 4, rights(7)).ring(3).probe(|a| a.push(eax))
    });
    crate::judge("accessed_and_dirty_bits", suite, KNOWN);
}

#[test]
fn system_accesses_of_ring_3() {
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        trusting_bochs(
            Judge::Qemu,
            "lar, *",
            &["eax"],
            "QEMU clears the undefined bits 19:16 of LAR's result",
        ),
        trusting_bochs(
            Judge::Qemu,
            "accessed bit in a read-only page*WP true",
            &["cr2"],
            "QEMU writes the whole word of the descriptor, others the access byte",
        ),
    ];
    let mut suite = Suite::new();
    // Supervisor pages: reads of descriptors, gates and task states are those of ring 0 from every ring.
    let supervisor = rights(3) | PageEntry::ACCESSED | PageEntry::DIRTY;
    let tables = 0x1_0000;
    let accesses: [Access; 6] = [
        ("mov es", |a| a.mov(iced_x86::code_asm::es, eax)),
        ("lar", |a| a.lar(eax, eax)),
        ("verr", |a| a.verr(ax)),
        ("int", |a| a.int(0x40)),
        ("read", |a| a.mov(eax, dword_ptr(0x1_0000))),
        ("str", |a| a.str(eax)),
    ];
    for (name, write) in accesses {
        suite.case(format!("{name}, supervisor tables"), |case| {
            case.paging().page(tables, supervisor).ring(3).eax(u32::from(selector::DATA_3)).probe(write)
        });
    }
    // Read-only tables: accessed bits are set nevertheless unless WP is set.
    for protect in [false, true] {
        for ring in [0, 3] {
            suite.case(format!("accessed bit in a read-only page, ring {ring}, WP {protect}"), |case| {
                let (low, high) = i586::segment::Descriptor::flat_data(3).words();
                case.words(tables + u32::from(selector::FREE), &[low, high]);
                case.paging().page(tables, rights(1) | PageEntry::ACCESSED | PageEntry::DIRTY).ring(ring);
                if protect {
                    case.cr0(Cr0::WRITE_PROTECT);
                }
                case.eax(u32::from(selector::FREE | 3)).probe(|a| a.mov(iced_x86::code_asm::es, eax))
            });
        }
    }
    // An LDT whose second half is absent.
    for ring in [0, 3] {
        for selector in [0x1007u16, 0x0FFF] {
            suite.case(format!("absent part of the LDT, ring {ring}, selector {selector:x}"), |case| {
                let long = i586::segment::Descriptor::system(i586::segment::SystemKind::Ldt, DATA, 0x1FFF, 0);
                case.descriptor(selector::LDT, long).paging().page(DATA_2, PageEntry::empty());
                case.prepare(|a| {
                    a.mov(ax, u32::from(selector::LDT))?;
                    a.lldt(ax)
                })?;
                case.ring(ring).eax(u32::from(selector)).probe(|a| a.mov(iced_x86::code_asm::es, eax))
            });
            suite.case(
                format!("lar of an absent part of the LDT, ring {ring}, selector {selector:x}"),
                |case| {
                    let long =
                        i586::segment::Descriptor::system(i586::segment::SystemKind::Ldt, DATA, 0x1FFF, 0);
                    case.descriptor(selector::LDT, long).paging().page(DATA_2, PageEntry::empty());
                    case.prepare(|a| {
                        a.mov(ax, u32::from(selector::LDT))?;
                        a.lldt(ax)
                    })?;
                    case.ring(ring).eax(u32::from(selector)).probe(|a| a.lar(eax, eax))
                },
            );
        }
    }
    crate::judge("system_accesses_of_ring_3", suite, KNOWN);
}

#[test]
fn large_pages() {
    const RESERVED: &str =
        "bits 21:12 are reserved on a Pentium; PAT and 36-bit pages of later processors use them";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference { judge: Judge::Bochs, cases: "*reserved bit*", fields: &["line"], why: RESERVED },
        Difference { judge: Judge::Qemu, cases: "*reserved bit*", fields: &["line"], why: RESERVED },
        trusting_bochs(Judge::Qemu, "modify*", &["outcome", "page"], READS_FIRST),
    ];
    let accesses: [Access; 3] = [
        ("read", |a| a.mov(eax, dword_ptr(UPPER + DATA_2))),
        ("write", |a| a.mov(dword_ptr(UPPER + DATA_2), eax)),
        ("modify", |a| a.inc(dword_ptr(UPPER + DATA_2))),
    ];
    let mut suite = Suite::new();
    let large = PageEntry::PAGE_SIZE;
    for (name, write) in accesses {
        for ring in [0, 3] {
            for flags in 0..8 {
                suite.case(format!("{name} in ring {ring}: PDE {flags}"), |case| {
                    case.words(DIRECTORY_ENTRY, &[(rights(flags) | large).bits()]).cr4(Cr4::PAGE_SIZE);
                    case.words(DATA_2, &[0x1234_5678]).paging().ring(ring).probe(write)
                });
            }
        }
        for bit in 12..22 {
            suite.case(format!("{name} with reserved bit {bit}"), |case| {
                case.words(DIRECTORY_ENTRY, &[(rights(7) | large).bits() | 1 << bit]).cr4(Cr4::PAGE_SIZE);
                case.paging().probe(write)
            });
        }
        suite.case(format!("{name} without CR4.PSE"), |case| {
            upper(case, rights(7) | large, rights(7));
            case.words(UPPER_TABLE + 4 * (DATA_2 >> 12), &[rights(7).with_frame(DATA).bits()]);
            case.probe(write)
        });
        suite.case(format!("{name}, WP"), |case| {
            case.words(DIRECTORY_ENTRY, &[(rights(1) | large).bits()]).cr4(Cr4::PAGE_SIZE);
            case.cr0(Cr0::WRITE_PROTECT).paging().probe(write)
        });
    }
    crate::judge("large_pages", suite, KNOWN);
}

#[test]
fn stale_translations() {
    const FLUSHES: &str =
        "they flush translations when CR0.WP changes, which no manual asks for; scc-emu keeps them";
    const KNOWN: &[Difference] = &[
        NO_RESUME_FLAG,
        Difference { judge: Judge::Bochs, cases: "*taken away, cr0.wp", fields: &["line"], why: FLUSHES },
        Difference { judge: Judge::Qemu, cases: "*taken away, cr0.wp", fields: &["line"], why: FLUSHES },
    ];
    let mut suite = Suite::new();
    // An entry is used, then taken away: the translation stays until something flushes it.
    let flushes: [Access; 12] = [
        ("nothing", |a| a.nop()),
        ("invlpg", |a| a.invlpg(byte_ptr(UPPER))),
        ("invlpg within the page", |a| a.invlpg(byte_ptr(UPPER + 0xFFF))),
        ("invlpg of another page", |a| a.invlpg(byte_ptr(UPPER + 0x1000))),
        ("mov cr3", |a| {
            a.mov(edx, cr3)?;
            a.mov(cr3, edx)
        }),
        ("paging off and on", |a| {
            a.mov(edx, cr0)?;
            a.mov(ecx, edx)?;
            a.and(ecx, 0x7FFF_FFFFi32)?;
            a.mov(cr0, ecx)?;
            a.mov(cr0, edx)
        }),
        ("mov cr0 of the same value", |a| {
            a.mov(edx, cr0)?;
            a.mov(cr0, edx)
        }),
        ("cr0.wp", |a| {
            a.mov(edx, cr0)?;
            a.or(edx, 0x1_0000)?;
            a.mov(cr0, edx)
        }),
        ("cr4.pse", |a| {
            a.mov(edx, cr4)?;
            a.or(edx, 0x10)?;
            a.mov(cr4, edx)
        }),
        ("cr4.tsd", |a| {
            a.mov(edx, cr4)?;
            a.or(edx, 4)?;
            a.mov(cr4, edx)
        }),
        ("mov cr2", |a| a.mov(cr2, eax)),
        ("wbinvd", |a| a.wbinvd()),
    ];
    for (name, flush) in flushes {
        suite.case(format!("entry taken away, {name}"), |case| {
            upper(case, rights(7), rights(7));
            case.probe(|a| {
                a.mov(eax, dword_ptr(UPPER))?;
                a.mov(dword_ptr(UPPER_TABLE), 0)?;
                flush(a)?;
                a.mov(ebx, dword_ptr(UPPER))
            })
        });
        suite.case(format!("entry made read-only, {name}"), |case| {
            upper(case, rights(7), rights(7));
            case.cr0(Cr0::WRITE_PROTECT).probe(|a| {
                a.mov(dword_ptr(UPPER), eax)?;
                a.and(dword_ptr(UPPER_TABLE), !2)?;
                flush(a)?;
                a.mov(dword_ptr(UPPER), eax)
            })
        });
        suite.case(format!("directory entry taken away, {name}"), |case| {
            upper(case, rights(7), rights(7));
            case.probe(|a| {
                a.mov(eax, dword_ptr(UPPER))?;
                a.mov(dword_ptr(DIRECTORY_ENTRY), 0)?;
                flush(a)?;
                a.mov(ebx, dword_ptr(UPPER))
            })
        });
    }
    suite.case("absent entry filled without a flush", |case| {
        upper(case, rights(7), rights(6));
        case.probe(|a| {
            a.or(dword_ptr(UPPER_TABLE), 1)?;
            a.mov(eax, dword_ptr(UPPER))
        })
    });
    suite.case("fault, then filled, then again", |case| {
        let again = case.code(|a| {
            a.or(dword_ptr(UPPER_TABLE), 1)?;
            a.add(iced_x86::code_asm::esp, 4)?;
            a.iretd()
        })?;
        upper(case, rights(7), rights(6));
        let handler =
            boot_tests::judged::gate(i586::segment::SystemKind::InterruptGate32, selector::CODE, again, 0);
        case.vector(14, handler).probe(|a| a.mov(eax, dword_ptr(UPPER)))
    });
    suite.case("dirty bit cleared without a flush", |case| {
        upper(case, rights(7), rights(7));
        case.probe(|a| {
            a.mov(dword_ptr(UPPER), eax)?;
            a.and(dword_ptr(UPPER_TABLE), !0x60)?;
            a.mov(dword_ptr(UPPER), eax)
        })
    });
    suite.case("write after read sets the dirty bit", |case| {
        upper(case, rights(7), rights(7));
        case.probe(|a| {
            a.mov(eax, dword_ptr(UPPER))?;
            a.mov(ebx, dword_ptr(UPPER_TABLE))?;
            a.mov(dword_ptr(UPPER), eax)?;
            a.mov(ecx, dword_ptr(UPPER_TABLE))
        })
    });
    suite.case("read-only supervisor page, wp switched on after a write", |case| {
        upper(case, rights(3), rights(1));
        case.probe(|a| {
            a.mov(dword_ptr(UPPER), eax)?;
            a.mov(edx, cr0)?;
            a.or(edx, 0x1_0000)?;
            a.mov(cr0, edx)?;
            a.mov(dword_ptr(UPPER), eax)
        })
    });
    crate::judge("stale_translations", suite, KNOWN);
}
