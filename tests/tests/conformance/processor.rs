//! Checklist 28 to 35: the core's instruction set and registers.

use boot_tests::guest::{Board, Code, NO_FAULT, Program, Result, Setting, core, layout, tile};
use i586::control::Cr4;
use i586::exception::Exception;
use iced_x86::code_asm::{cr4, dword_ptr, eax, ebx, ecx, edx, qword_ptr};
use scc::address::PhysAddr;
use scc::map;
use scc::memory_type::MemoryType;
use scc::tile::{Glcfg, TileRegister};

const INVALID_OPCODE: u32 = 6;
const GENERAL_PROTECTION: u32 = 13;
const PAGE_FAULT: u32 = 14;

fn report_cpuid(code: &mut Code, leaf: u32, slot: u32) -> Result {
    code.mov(eax, leaf)?;
    code.cpuid()?;
    (slot..).zip([eax, ebx, ecx, edx]).try_for_each(|(slot, register)| code.result(slot, register))
}

/// Conformance item 28, (U03) for the stepping and leaves above 1, (U31) for APICEN.
#[test]
fn cpuid_names_a_pentium_whose_apic_bit_follows_apicen() {
    let program = Program::with_body(Setting::Flat, |code| {
        (0..3).try_for_each(|leaf| report_cpuid(code, leaf, 4 * leaf))
    });
    let board = Board::ran(&program);
    let [leaf0, leaf1, leaf2] =
        [0, 4, 8].map(|slot| [0, 1, 2, 3].map(|part| board.result(core(0), slot + part)));
    assert_eq!(leaf0, [1, 0x756E_6547, 0x6C65_746E, 0x4965_6E69]);
    assert_eq!(leaf1, [0x52C, 0, 0, 0x3BF]);
    assert_eq!(leaf2, leaf1);

    let mut board = Board::loaded(&program);
    let without_apic = Glcfg::RESET.with_apic_enable_core0(false);
    board.host_write_tile(tile(0), TileRegister::Glcfg(0), without_apic.into_bits());
    board.start(core(0));
    board.run();
    assert_eq!(board.result(core(0), 7), 0x1BF);
}

/// Conformance item 29.
#[test]
fn instructions_of_later_processors_are_invalid() {
    const ABSENT: [(&str, &[u8]); 18] = [
        ("cmove eax, eax", &[0x0F, 0x44, 0xC0]),
        ("fcmovb st0, st0", &[0xDA, 0xC0]),
        ("fcomi st0, st0", &[0xDB, 0xF0]),
        ("fucomip st0, st0", &[0xDF, 0xE8]),
        ("emms", &[0x0F, 0x77]),
        ("movd mm0, eax", &[0x0F, 0x6E, 0xC0]),
        ("rdpmc", &[0x0F, 0x33]),
        ("sysenter", &[0x0F, 0x34]),
        ("syscall", &[0x0F, 0x05]),
        ("lfence", &[0x0F, 0xAE, 0xE8]),
        ("clflush [eax]", &[0x0F, 0xAE, 0x38]),
        ("fxsave [eax]", &[0x0F, 0xAE, 0x00]),
        ("prefetch [eax]", &[0x0F, 0x18, 0x00]),
        ("movaps xmm0, xmm0", &[0x0F, 0x28, 0xC0]),
        ("nop eax", &[0x0F, 0x1F, 0xC0]),
        ("endbr32", &[0xF3, 0x0F, 0x1E, 0xFB]),
        ("ud2", &[0x0F, 0x0B]),
        ("mov eax, tr6", &[0x0F, 0x24, 0xF0]),
    ];
    let program = Program::with_body(Setting::Flat, |code| {
        (0..)
            .step_by(2)
            .zip(ABSENT)
            .try_for_each(|(slot, (_, bytes))| code.attempt(slot, |code| code.db(bytes)))
    });
    let board = Board::ran(&program);
    for (slot, (name, _)) in (0..).step_by(2).zip(ABSENT) {
        assert_eq!(board.result(core(0), slot), INVALID_OPCODE, "{name}");
    }
}

/// Conformance item 29, the other half.
#[test]
fn instructions_the_pentium_brought_work() {
    let program = Program::with_body(Setting::Flat, |code| {
        code.write(layout::DATA, 5)?;
        code.write(layout::DATA + 4, 6)?;
        code.attempt(0, |code| {
            for (register, value) in [(eax, 5), (edx, 6), (ebx, 7), (ecx, 8)] {
                code.mov(register, value)?;
            }
            code.cmpxchg8b(qword_ptr(layout::DATA))
        })?;
        code.attempt(2, |code| code.rdtsc())?;
        code.attempt(4, |code| {
            code.mov(ecx, 0x10)?;
            code.rdmsr()
        })?;
        // PAUSE is a NOP, F3 0F BC is BSF.
        code.attempt(6, |code| {
            code.mov(ecx, 0x50)?;
            code.db(&[0xF3, 0x90, 0xF3, 0x0F, 0xBC, 0xD9])
        })?;
        code.result(8, ebx)
    });
    let board = Board::ran(&program);
    assert_eq!([0, 2, 4, 6].map(|slot| board.result(core(0), slot)), [NO_FAULT; 4]);
    assert_eq!([board.read(core(0), layout::DATA), board.read(core(0), layout::DATA + 4)], [7, 8]);
    assert_eq!(board.result(core(0), 8), 4);
}

/// Conformance item 30.
#[test]
fn control_register_4_accepts_only_implemented_bits() {
    let program = Program::with_body(Setting::Flat, |code| {
        for bit in 0..32 {
            code.attempt(3 * bit, |code| code.set_cr4(1 << bit))?;
            code.mov(eax, cr4)?;
            code.result(3 * bit + 2, eax)?;
            code.set_cr4(0)?;
        }
        Ok(())
    });
    let board = Board::ran(&program);
    for bit in 0..32 {
        let found = [0, 1, 2].map(|part| board.result(core(0), 3 * bit + part));
        if [0, 1, 2, 3, 4, 6, 11].contains(&bit) {
            assert_eq!([found[0], found[2]], [NO_FAULT, 1 << bit], "bit {bit}");
        } else {
            assert_eq!(found, [GENERAL_PROTECTION, 0, 0], "bit {bit}");
        }
    }
}

/// Conformance item 31, (U12).
#[test]
fn message_invalidate_is_open_to_users_and_keeps_flags() {
    let program = Program::with_body(Setting::Cached, |code| {
        code.as_user(|code| {
            for (slot, flags) in [(0, 0x0000_0ED7), (4, 0x0000_0202)] {
                code.push(flags)?;
                code.popfd()?;
                code.pushfd()?;
                code.cl1invmb()?;
                code.pushfd()?;
                code.pop(ebx)?;
                code.pop(ecx)?;
                code.result(slot, ecx)?;
                code.result(slot + 1, ebx)?;
            }
            code.mov(eax, iced_x86::code_asm::cs)?;
            code.result(2, eax)
        })
    });
    let board = Board::ran(&program);
    let results: [u32; 6] = board.results(core(0));
    assert_eq!(results[0], results[1]);
    assert_eq!(results[4], results[5]);
    assert_eq!(results[0] & 0xCD5, 0xCD5, "the flags were not set: {:#x}", results[0]);
    assert_eq!(results[2] & 3, 3);
}

/// Conformance item 32.
#[test]
fn page_size_extension_turns_message_pages_into_reserved_bit_faults() {
    let linear = 0x0050_0000;
    let program = Program::draft(Setting::Paged)
        .map(linear, PhysAddr::new(layout::DATA), 1, MemoryType::MpbtWriteBack)
        .body(|code| {
            code.attempt(0, |code| code.read(linear))?;
            code.set_cr4((Cr4::MESSAGE_PASSING | Cr4::PAGE_SIZE).bits())?;
            code.mov(eax, iced_x86::code_asm::cr3)?;
            code.mov(iced_x86::code_asm::cr3, eax)?;
            code.attempt(2, |code| code.read(linear))
        });
    let board = Board::ran(&program);
    assert_eq!(board.result(core(0), 0), NO_FAULT);
    assert_eq!([board.result(core(0), 2), board.result(core(0), 3)], [PAGE_FAULT, 0x9]);
}

/// Conformance item 33.
#[test]
fn only_the_pentiums_own_model_specific_registers_exist() {
    let program = Program::with_body(Setting::Flat, |code| {
        for (slot, register) in [(0, 0x10), (2, 0x11), (4, 0x12), (6, 0x13), (8, 0x1B)] {
            code.attempt(slot, |code| {
                code.mov(ecx, register)?;
                code.rdmsr()
            })?;
        }
        Ok(())
    });
    let board = Board::ran(&program);
    let vectors = [0, 2, 4, 6, 8].map(|slot| board.result(core(0), slot));
    assert_eq!(vectors, [NO_FAULT, NO_FAULT, NO_FAULT, NO_FAULT, GENERAL_PROTECTION]);
    assert_eq!(board.result(core(0), 9), 0);
    assert_eq!(Exception::GeneralProtection.vector(), 13);
}

/// Conformance item 34: a stub at the reset vector stores EAX, EDX, EBX and CR0 before it boots.
#[test]
fn registers_after_reset_have_their_documented_values() {
    // mov [4000], eax; mov [4004], edx; mov [4008], ebx; mov eax, cr0; mov [400C], eax; jmp to the stub.
    const PROBE: [u8; 26] = [
        0x66, 0xA3, 0x00, 0x40, 0x66, 0x89, 0x16, 0x04, 0x40, 0x66, 0x89, 0x1E, 0x08, 0x40, 0x0F, 0x20, 0xC0,
        0x66, 0xA3, 0x0C, 0x40, 0xE9, 0xE8, 0xF7, 0x90, 0x90,
    ];
    let program = Program::draft(Setting::Flat)
        .data(0xFFFF_F800, &PROBE)
        // jmp 0xF800
        .data(map::RESET_VECTOR.get(), &[0xE9, 0x0D, 0xF8])
        .body(|_| Ok(()));
    let board = Board::ran(&program);
    let found = [0x4000, 0x4004, 0x4008, 0x400C].map(|at| board.read(core(0), at));
    assert_eq!(found, [0, 0x52C, 0, 0x6000_0010]);
}

/// Conformance item 35.
#[test]
fn locked_additions_of_two_cores_lose_updates_but_atomic_counters_do_not() {
    const ADDITIONS: u32 = 1000;
    let word = 0x8000_0100;
    let program = Program::with_body(Setting::Cached, |code| {
        code.repeat(ADDITIONS, |code| {
            code.mov(eax, 1)?;
            code.lock().xadd(dword_ptr(word), eax)
        })?;
        code.repeat(ADDITIONS, |code| code.read(0xF900_E000))
    });
    let mut board = Board::new();
    for number in [0, 1] {
        board.launch(core(number), &program);
    }
    board.run();
    let sum = board.read(core(0), word);
    assert!((ADDITIONS..2 * ADDITIONS).contains(&sum), "{sum}");
    let counter = scc::fpga::FpgaRegister::from_offset(0xE004).expect("a counter");
    assert_eq!(board.host_read_fpga(counter), 2 * ADDITIONS);
}
