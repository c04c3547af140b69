//! Writes a raw SCC image: one page of machine code, the same for all cores.
//!
//! ```text
//! cargo run --release -p scc-emu --example ring_image -- ring.bin
//! cargo run --release -p scc-emu -- run --load ring.bin@0xFFFFF000#all --release all
//! ```
//!
//! Every core prints who it is and waits for a token in its own half of its tile's message buffer; core 0
//! starts with it. Who has the token draws a number from an atomic counter of the FPGA, prints it and passes
//! the token to the next core's message buffer. Everything is done uncached, from reset, in 4 KB.

use iced_x86::IcedError;
use iced_x86::code_asm::{
    CodeAssembler, CodeLabel, al, ax, bl, byte_ptr, cl, cr0, ds, dword_ptr, dx, eax, ebp, ebx, ecx, edi, es,
    esi, esp, ss,
};
use scc::address::PhysAddr;
use scc::map;
use std::process::ExitCode;

/// Where the page goes: the last 4 KB of the core-physical address space.
const PAGE: u64 = 0xFFFF_F000;
/// Offset of the protected-mode part.
const PROTECTED: usize = 0x100;
/// Offset of the first instruction after reset.
const RESET: usize = 0xFF0;
const CONSOLE: u32 = 0x3F8;
/// Zero-terminated texts, at a fixed offset and distance.
const TEXTS: [&[u8]; 3] = [b"hello from core \0", b"token number \0", b"the token went round\n\0"];
const TEXT: usize = 0x400;
const TEXT_BYTES: usize = 32;
/// First atomic counter of the FPGA.
const COUNTER: u32 = 0xE000;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: ring_image FILE    (writes the image to FILE)");
        return ExitCode::from(2);
    };
    let result = image().map_err(|error| error.to_string()).and_then(|image| {
        std::fs::write(&path, image).map_err(|error| format!("cannot write {path}: {error}"))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ring_image: {error}");
            ExitCode::FAILURE
        }
    }
}

fn image() -> Result<Vec<u8>, IcedError> {
    let mut page = vec![0xF4; 0x1000];
    let real = real_mode()?;
    page[..real.len()].copy_from_slice(&real);
    let protected = protected_mode()?;
    page[PROTECTED..PROTECTED + protected.len()].copy_from_slice(&protected);
    for (index, text) in TEXTS.iter().enumerate() {
        let at = TEXT + index * TEXT_BYTES;
        page[at..at + text.len()].copy_from_slice(text);
    }
    // The first instruction: a near jump back to the start of the page keeps CS's high base.
    let back = u16::try_from(RESET + 3).expect("a page offset").wrapping_neg().to_le_bytes();
    page[RESET..RESET + 3].copy_from_slice(&[0xE9, back[0], back[1]]);
    Ok(page)
}

/// From reset to flat 32-bit protected mode. CS has base 0xFFFF0000, so offsets are those of the top 64 KB.
fn real_mode() -> Result<Vec<u8>, IcedError> {
    let mut code = CodeAssembler::new(16)?;
    code.cli()?;
    // lgdt dword cs:[pointer]
    code.db(&[0x2E, 0x66, 0x0F, 0x01, 0x16])?;
    code.dw(&[0xF020])?;
    code.mov(eax, cr0)?;
    code.or(al, 1)?;
    code.mov(cr0, eax)?;
    // jmp dword 8:PAGE + PROTECTED
    code.db(&[0x66, 0xEA])?;
    code.dd(&[low_word(PAGE) + u32::try_from(PROTECTED).expect("a page offset")])?;
    code.dw(&[8])?;
    while code.assemble(0xF000)?.len() < 0x20 {
        code.nop()?;
    }
    // At 0x20 the operand of LGDT, at 0x28 the table.
    code.dw(&[23])?;
    code.dd(&[low_word(PAGE + 0x28)])?;
    code.dw(&[0])?;
    // Null, flat code, flat data; accessed bits set, so that loading them writes nothing.
    code.dq(&[0, 0x00CF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF])?;
    code.assemble(0xF000)
}

fn low_word(value: u64) -> u32 {
    u32::try_from(value).expect("an address below 4 GB")
}

fn base(at: PhysAddr) -> u32 {
    at.get()
}

/// Linear address of a text.
fn text_at(index: usize) -> u32 {
    low_word(PAGE) + u32::try_from(TEXT + index * TEXT_BYTES).expect("a page offset")
}

/// What the cores do.
fn protected_mode() -> Result<Vec<u8>, IcedError> {
    let mut code = CodeAssembler::new(32)?;
    let (mut print, mut decimal) = (code.create_label(), code.create_label());
    let (mut wait, mut mine, mut last) = (code.create_label(), code.create_label(), code.create_label());

    code.mov(ax, 16u32)?;
    code.mov(ds, ax)?;
    code.mov(es, ax)?;
    code.mov(ss, ax)?;
    code.mov(esp, 0x8000u32)?;
    // MYTILEID: y in [10:7], x in [6:3], core in [2:0]; core number = 12 y + 2 x + core.
    code.mov(eax, dword_ptr(base(map::OWN_CRB) + 0x100))?;
    code.mov(ebx, eax)?;
    code.shr(ebx, 7)?;
    code.imul_3(ebx, ebx, 12)?;
    code.mov(ecx, eax)?;
    code.shr(ecx, 3)?;
    code.and(ecx, 15)?;
    code.lea(ebx, iced_x86::code_asm::ptr(ebx + ecx * 2))?;
    code.and(eax, 7)?;
    code.add(ebx, eax)?;
    code.mov(ebp, ebx)?;
    code.mov(esi, text_at(0))?;
    code.call(print)?;
    code.mov(eax, ebp)?;
    code.call(decimal)?;
    code.mov(al, 10)?;
    code.mov(dx, CONSOLE)?;
    code.out(dx, al)?;

    // The own mailbox byte: MPB of tile core/2, second half for odd cores.
    own_mailbox(&mut code)?;
    code.test(ebp, ebp)?;
    code.jz(mine)?;
    code.set_label(&mut wait)?;
    code.cmp(byte_ptr(edi), 0)?;
    code.jz(wait)?;

    code.set_label(&mut mine)?;
    code.mov(esi, text_at(1))?;
    code.call(print)?;
    code.mov(eax, dword_ptr(base(map::FPGA) + COUNTER))?;
    code.call(decimal)?;
    code.mov(al, 10)?;
    code.mov(dx, CONSOLE)?;
    code.out(dx, al)?;
    code.inc(ebp)?;
    code.cmp(ebp, 48)?;
    code.jz(last)?;
    own_mailbox(&mut code)?;
    code.mov(byte_ptr(edi), 1)?;
    code.cli()?;
    code.hlt()?;
    code.set_label(&mut last)?;
    code.mov(esi, text_at(2))?;
    code.call(print)?;
    code.cli()?;
    code.hlt()?;

    print_routine(&mut code, &mut print)?;
    decimal_routine(&mut code, &mut decimal)?;
    code.assemble(PAGE + PROTECTED as u64)
}

/// EDI := first byte of the mailbox of core EBP.
fn own_mailbox(code: &mut CodeAssembler) -> Result<(), IcedError> {
    code.mov(edi, ebp)?;
    code.shr(edi, 1)?;
    code.shl(edi, 24)?;
    code.mov(eax, ebp)?;
    code.and(eax, 1)?;
    code.shl(eax, 13)?;
    code.lea(edi, iced_x86::code_asm::ptr(edi + eax + base(map::MPB)))
}

/// Prints the zero-terminated text at ESI.
fn print_routine(code: &mut CodeAssembler, label: &mut CodeLabel) -> Result<(), IcedError> {
    let (mut next, mut end) = (code.create_label(), code.create_label());
    code.set_label(label)?;
    code.mov(dx, CONSOLE)?;
    code.set_label(&mut next)?;
    code.lodsb()?;
    code.test(al, al)?;
    code.jz(end)?;
    code.out(dx, al)?;
    code.jmp(next)?;
    code.set_label(&mut end)?;
    code.ret()
}

/// Prints EAX (0 to 99) in decimal.
fn decimal_routine(code: &mut CodeAssembler, label: &mut CodeLabel) -> Result<(), IcedError> {
    let mut small = code.create_label();
    code.set_label(label)?;
    code.mov(bl, 10)?;
    code.div(bl)?;
    code.mov(cl, iced_x86::code_asm::ah)?;
    code.mov(dx, CONSOLE)?;
    code.test(al, al)?;
    code.jz(small)?;
    code.add(al, u32::from(b'0'))?;
    code.out(dx, al)?;
    code.set_label(&mut small)?;
    code.mov(al, cl)?;
    code.add(al, u32::from(b'0'))?;
    code.out(dx, al)?;
    code.ret()
}

#[cfg(test)]
mod tests {
    use scc::host::Uart;
    use scc::id::CoreId;
    use scc_emu::{Limits, Machine, RunEnd};

    use super::*;

    #[test]
    fn token_passes_every_core_in_order() {
        let page = PhysAddr::new(u32::try_from(PAGE).unwrap());
        let mut machine = Machine::builder().build();
        machine.default_luts(false);
        for core in CoreId::all() {
            machine.write_core_memory(core, page, &image().unwrap()).unwrap();
        }
        CoreId::all().for_each(|core| machine.release(core));
        assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped);
        for core in CoreId::all() {
            let printed = String::from_utf8_lossy(machine.console(core, Uart::Com1)).replace('\r', "");
            assert!(printed.starts_with(&format!("hello from core {core}\n")), "{printed}");
            assert!(printed.contains(&format!("token number {core}\n")), "{printed}");
            assert_eq!(printed.ends_with("the token went round\n"), core.number() == 47, "{printed}");
        }
    }
}
