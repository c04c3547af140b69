//! Lines on the serial port.
//!
//! ```text
//! case: done                          the probe ran to its end
//! case: #0D(0010)+05                  exception 13, error code 10h, 5 bytes behind the probe's first
//! case: #06@00020123                  exception outside the probe
//!       eax=1 fl=46 rf=1              registers that changed (rf: RF of the pushed flags)
//!       !1@20345:102:ffff4ff0:7       traced events: vector, EIP, flags, DR6, ECX
//!       [10028]=8b00                  words of the arena that changed
//! ```

use super::variables::{
    CODE, CURRENT, EIP, EVENT, EVENT_WORDS, EVENTS, Entry, Field, HAS_CODE, STALE, VECTOR,
};
use super::{Labels, Result, advance};
use crate::judged::layout::{ARENA, ARENA_BYTES, COPY_DISTANCE};
use i586::exception::Exception;
use iced_x86::code_asm::{
    CodeAssembler, CodeLabel, al, byte_ptr, cl, dword_ptr, dx, eax, ebp, ebx, ecx, edi, edx, esi, esp,
};

/// The serial port.
const PORT: u32 = 0x3F8;
/// Its line control register, with the bit that makes the first two registers the divisor.
const LINE_CONTROL: u32 = PORT + 3;
/// Its line status register.
const LINE_STATUS: u32 = PORT + 5;
/// What a transcript ends with.
pub(in crate::judged) const LAST_LINE: &[u8; 3] = b"end";
/// The transmitter takes a byte; the transmitter is idle.
const READY: u32 = 0x20;
const IDLE: u32 = 0x40;
/// Words of the arena that a line shows at most.
const WORDS_SHOWN: u32 = 40;

/// Where Bochs takes the word that ends it.
const BOCHS_EXIT: (u32, &[u8]) = (0x8900, b"Shutdown");
/// Where QEMU's device `isa-debug-exit` is put, and a value.
const QEMU_EXIT: (u32, u32) = (0xF4, 0x10);

/// Sets the port to 8 bits, highest rate.
pub(super) fn open(a: &mut CodeAssembler) -> Result {
    let settings = [(LINE_CONTROL, 0x80), (PORT, 1), (PORT + 1, 0), (LINE_CONTROL, 3)];
    for (port, value) in settings {
        output(a, port, value)?;
    }
    Ok(())
}

/// Prints the last line, waits until the port is idle, ends the machine.
pub(super) fn close(a: &mut CodeAssembler, labels: &Labels) -> Result {
    for letter in *LAST_LINE {
        character(a, labels, letter)?;
    }
    character(a, labels, b'\n')?;
    let mut idle = a.create_label();
    let mut halted = a.create_label();
    a.set_label(&mut idle)?;
    a.mov(dx, LINE_STATUS)?;
    a.in_(al, dx)?;
    a.test(al, IDLE)?;
    a.jz(idle)?;
    for &letter in BOCHS_EXIT.1 {
        output(a, BOCHS_EXIT.0, u32::from(letter))?;
    }
    output(a, QEMU_EXIT.0, QEMU_EXIT.1)?;
    a.set_label(&mut halted)?;
    a.cli()?;
    a.hlt()?;
    a.jmp(halted)
}

fn output(a: &mut CodeAssembler, port: u32, value: u32) -> Result {
    a.mov(dx, port)?;
    a.mov(al, value)?;
    a.out(dx, al)
}

pub(super) fn assemble(a: &mut CodeAssembler, labels: &mut Labels) -> Result {
    a.set_label(&mut labels.report)?;
    a.mov(ebx, dword_ptr(CURRENT))?;
    outcome(a, labels)?;
    fields(a, labels)?;
    events(a, labels)?;
    memory(a, labels)?;
    character(a, labels, b'\n')?;
    advance(a, labels)?;

    a.set_label(&mut labels.print_text)?;
    text(a, labels.print_character)?;
    a.set_label(&mut labels.print_hex)?;
    hex(a, labels.print_character)?;
    a.set_label(&mut labels.print_field)?;
    field(a, labels)?;
    a.set_label(&mut labels.print_character)?;
    send(a)
}

/// Prints a character.
pub(super) fn character(a: &mut CodeAssembler, labels: &Labels, character: u8) -> Result {
    a.mov(al, u32::from(character))?;
    a.call(labels.print_character)
}

fn number(a: &mut CodeAssembler, labels: &Labels, at: u32) -> Result {
    a.mov(eax, dword_ptr(at))?;
    a.call(labels.print_hex)
}

/// `done`, or the exception with its code and place. EBX is the entry.
fn outcome(a: &mut CodeAssembler, labels: &Labels) -> Result {
    let mut exception = a.create_label();
    let mut no_code = a.create_label();
    let mut outside = a.create_label();
    let mut end = a.create_label();
    a.mov(eax, dword_ptr(EIP))?;
    a.cmp(eax, dword_ptr(ebx + Entry::End.offset()))?;
    a.jne(exception)?;
    a.cmp(dword_ptr(VECTOR), u32::from(Exception::InvalidOpcode.vector()))?;
    a.jne(exception)?;
    for letter in *b"done" {
        character(a, labels, letter)?;
    }
    // RF of the frame says nothing about the case.
    a.mov(dword_ptr(Field::Resume.actual()), 0u32)?;
    a.jmp(end)?;

    a.set_label(&mut exception)?;
    character(a, labels, b'#')?;
    number(a, labels, VECTOR)?;
    a.cmp(dword_ptr(HAS_CODE), 0)?;
    a.jz(no_code)?;
    character(a, labels, b'(')?;
    number(a, labels, CODE)?;
    character(a, labels, b')')?;
    a.set_label(&mut no_code)?;
    a.mov(ecx, dword_ptr(EIP))?;
    a.cmp(ecx, dword_ptr(ebx + Entry::Start.offset()))?;
    a.jb(outside)?;
    a.cmp(ecx, dword_ptr(ebx + Entry::End.offset()))?;
    a.ja(outside)?;
    character(a, labels, b'+')?;
    a.mov(eax, dword_ptr(EIP))?;
    a.sub(eax, dword_ptr(ebx + Entry::Start.offset()))?;
    a.call(labels.print_hex)?;
    a.jmp(end)?;
    a.set_label(&mut outside)?;
    character(a, labels, b'@')?;
    number(a, labels, EIP)?;
    a.set_label(&mut end)
}

/// The registers that changed.
fn fields(a: &mut CodeAssembler, labels: &Labels) -> Result {
    for field in Field::ALL {
        let mut same = a.create_label();
        a.mov(ebx, dword_ptr(field.actual()))?;
        a.cmp(ebx, dword_ptr(field.expected()))?;
        a.je(same)?;
        a.mov(ebp, u32::from_le_bytes(*field.label()))?;
        a.call(labels.print_field)?;
        a.set_label(&mut same)?;
    }
    Ok(())
}

/// `print_field`: the name in EBP, `=`, the number in EBX.
fn field(a: &mut CodeAssembler, labels: &Labels) -> Result {
    let mut top = a.create_label();
    a.nop()?;
    a.set_label(&mut top)?;
    a.mov(eax, ebp)?;
    a.call(labels.print_character)?;
    a.shr(ebp, 8)?;
    a.jnz(top)?;
    character(a, labels, b'=')?;
    a.mov(eax, ebx)?;
    a.jmp(labels.print_hex)
}

/// The traced events.
fn events(a: &mut CodeAssembler, labels: &Labels) -> Result {
    let mut top = a.create_label();
    let mut done = a.create_label();
    a.xor(ebp, ebp)?;
    a.mov(esi, EVENT)?;
    a.set_label(&mut top)?;
    a.cmp(ebp, dword_ptr(EVENTS))?;
    a.jae(done)?;
    character(a, labels, b' ')?;
    for (place, before) in (0u32..).step_by(4).zip(*b"!@:::").take(EVENT_WORDS as usize) {
        character(a, labels, before)?;
        a.mov(eax, dword_ptr(esi + place))?;
        a.call(labels.print_hex)?;
    }
    a.add(esi, 4 * EVENT_WORDS)?;
    a.inc(ebp)?;
    a.jmp(top)?;
    a.set_label(&mut done)
}

/// The words of the arena that differ from its copy; puts them back.
fn memory(a: &mut CodeAssembler, labels: &Labels) -> Result {
    let mut top = a.create_label();
    let mut enough = a.create_label();
    let mut done = a.create_label();
    a.mov(esi, ARENA)?;
    a.mov(edi, ARENA + COPY_DISTANCE)?;
    a.mov(ecx, ARENA_BYTES / 4)?;
    a.mov(ebx, WORDS_SHOWN)?;
    a.set_label(&mut top)?;
    a.repe().cmpsd()?;
    a.je(done)?;
    character(a, labels, b' ')?;
    character(a, labels, b'[')?;
    a.lea(eax, esi - 4)?;
    a.call(labels.print_hex)?;
    character(a, labels, b']')?;
    character(a, labels, b'=')?;
    a.mov(eax, dword_ptr(esi - 4))?;
    a.call(labels.print_hex)?;
    a.mov(eax, dword_ptr(edi - 4))?;
    a.mov(dword_ptr(esi - 4), eax)?;
    a.dec(ebx)?;
    a.jz(enough)?;
    a.test(ecx, ecx)?;
    a.jnz(top)?;
    a.jmp(done)?;
    a.set_label(&mut enough)?;
    a.mov(dword_ptr(STALE), 1u32)?;
    a.set_label(&mut done)
}

/// `print_text`: characters at ESI up to a zero byte.
fn text(a: &mut CodeAssembler, print_character: CodeLabel) -> Result {
    let mut top = a.create_label();
    let mut done = a.create_label();
    a.nop()?;
    a.set_label(&mut top)?;
    a.lodsb()?;
    a.test(al, al)?;
    a.jz(done)?;
    a.call(print_character)?;
    a.jmp(top)?;
    a.set_label(&mut done)?;
    a.ret()
}

/// `print_hex`: EAX without leading zeros; keeps all registers but EAX.
fn hex(a: &mut CodeAssembler, print_character: CodeLabel) -> Result {
    let mut digit = a.create_label();
    let mut print = a.create_label();
    let mut decimal = a.create_label();
    a.push(ebx)?;
    a.push(ecx)?;
    a.push(edx)?;
    a.mov(ebx, eax)?;
    // Position of the first digit, at least one.
    a.or(eax, 1)?;
    a.bsr(ecx, eax)?;
    a.and(ecx, 0x1C)?;
    a.set_label(&mut digit)?;
    a.mov(eax, ebx)?;
    a.shr(eax, cl)?;
    a.and(eax, 0xF)?;
    a.cmp(eax, 10)?;
    a.jb(decimal)?;
    a.add(eax, i32::from(b'a' - 10))?;
    a.jmp(print)?;
    a.set_label(&mut decimal)?;
    a.add(eax, i32::from(b'0'))?;
    a.set_label(&mut print)?;
    a.call(print_character)?;
    a.sub(ecx, 4)?;
    a.jns(digit)?;
    a.pop(edx)?;
    a.pop(ecx)?;
    a.pop(ebx)?;
    a.ret()
}

/// `print_character`: AL, once the port takes it; keeps all registers.
fn send(a: &mut CodeAssembler) -> Result {
    let mut busy = a.create_label();
    a.push(eax)?;
    a.push(edx)?;
    a.mov(dx, LINE_STATUS)?;
    a.set_label(&mut busy)?;
    a.in_(al, dx)?;
    a.test(al, READY)?;
    a.jz(busy)?;
    a.mov(dx, PORT)?;
    a.mov(al, byte_ptr(esp + 4))?;
    a.out(dx, al)?;
    a.pop(edx)?;
    a.pop(eax)?;
    a.ret()
}
