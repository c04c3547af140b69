//! From the monitor into a case.

use super::variables::{EVENTS, Entry, Field};
use super::{Labels, Result};
use crate::judged::layout::{ARENA, ARENA_BYTES, COPY_DISTANCE, selector};
use i586::flags::Eflags;
use iced_x86::code_asm::{
    AsmMemoryOperand, CodeAssembler, cr0, cr2, cr3, cr4, dr6, dr7, ds, dword_ptr, eax, ebp, ebx, ecx, edi,
    edx, es, esi, esp, fs, gs, ss, word_ptr,
};

/// `enter`: EBX is the case's entry.
pub(super) fn assemble(a: &mut CodeAssembler, labels: &mut Labels) -> Result {
    a.set_label(&mut labels.enter)?;
    a.mov(esi, ARENA)?;
    a.mov(edi, ARENA + COPY_DISTANCE)?;
    a.mov(ecx, ARENA_BYTES / 4)?;
    a.rep().movsd()?;
    a.set_label(&mut labels.resume)?;
    a.mov(dword_ptr(EVENTS), 0u32)?;
    a.mov(esi, ebx)?;
    a.mov(eax, of(Entry::Cr4))?;
    a.mov(cr4, eax)?;
    a.mov(eax, of(Entry::Cr0))?;
    a.mov(cr0, eax)?;
    expect(a)?;
    frame(a)?;
    a.mov(eax, of(Entry::Dr7))?;
    a.mov(dr7, eax)?;
    // IRET loads the data segments of V86 mode itself.
    let mut general = a.create_label();
    a.push(of(Entry::Ds))?;
    a.test(of(Entry::Flags), Eflags::VIRTUAL_8086.bits())?;
    a.jnz(general)?;
    a.mov(gs, word(Entry::Gs))?;
    a.mov(fs, word(Entry::Fs))?;
    a.mov(es, word(Entry::Es))?;
    a.set_label(&mut general)?;
    for (register, entry) in [
        (eax, Entry::Eax),
        (ecx, Entry::Ecx),
        (edx, Entry::Edx),
        (ebx, Entry::Ebx),
        (ebp, Entry::Ebp),
        (edi, Entry::Edi),
    ] {
        a.mov(register, of(entry))?;
    }
    let mut load = a.create_label();
    a.test(of(Entry::Flags), Eflags::VIRTUAL_8086.bits())?;
    a.mov(esi, of(Entry::Esi))?;
    a.jz(load)?;
    a.lea(esp, esp + 4)?;
    a.iretd()?;
    a.set_label(&mut load)?;
    a.pop(ds)?;
    a.iretd()
}

/// The word of the entry at ESI.
fn of(entry: Entry) -> AsmMemoryOperand {
    dword_ptr(esi + entry.offset())
}

fn word(entry: Entry) -> AsmMemoryOperand {
    word_ptr(esi + entry.offset())
}

/// Notes the registers that the case begins with.
fn expect(a: &mut CodeAssembler) -> Result {
    for (field, entry) in [
        (Field::Edi, Entry::Edi),
        (Field::Esi, Entry::Esi),
        (Field::Ebp, Entry::Ebp),
        (Field::Esp, Entry::Esp),
        (Field::Ebx, Entry::Ebx),
        (Field::Edx, Entry::Edx),
        (Field::Ecx, Entry::Ecx),
        (Field::Eax, Entry::Eax),
        (Field::Cs, Entry::Cs),
        (Field::Ss, Entry::Ss),
        (Field::Ds, Entry::Ds),
        (Field::Es, Entry::Es),
        (Field::Fs, Entry::Fs),
        (Field::Gs, Entry::Gs),
        (Field::Flags, Entry::Flags),
        (Field::Dr7, Entry::Dr7),
    ] {
        a.mov(eax, of(entry))?;
        a.mov(dword_ptr(field.expected()), eax)?;
    }
    a.or(dword_ptr(Field::Dr7.expected()), i586::debug::Dr7::ONES)?;
    a.mov(dword_ptr(Field::Resume.expected()), 0u32)?;
    a.mov(eax, cr0)?;
    a.mov(dword_ptr(Field::Cr0.expected()), eax)?;
    a.mov(eax, cr2)?;
    a.mov(dword_ptr(Field::Cr2.expected()), eax)?;
    a.mov(eax, cr3)?;
    a.mov(dword_ptr(Field::Cr3.expected()), eax)?;
    a.mov(eax, cr4)?;
    a.mov(dword_ptr(Field::Cr4.expected()), eax)?;
    a.mov(eax, dr6)?;
    a.mov(dword_ptr(Field::Dr6.expected()), eax)?;
    a.xor(eax, eax)?;
    a.str(eax)?;
    a.mov(dword_ptr(Field::Task.expected()), eax)?;
    a.sldt(eax)?;
    a.mov(dword_ptr(Field::Ldt.expected()), u32::from(selector::LDT))
}

/// The frame of the IRET: three words to ring 0, on the case's stack; five to other rings, nine to V86 mode.
fn frame(a: &mut CodeAssembler) -> Result {
    let mut no_virtual = a.create_label();
    let mut outer = a.create_label();
    let mut flags = a.create_label();
    a.test(of(Entry::Flags), Eflags::VIRTUAL_8086.bits())?;
    a.jz(no_virtual)?;
    for entry in [Entry::Gs, Entry::Fs, Entry::Ds, Entry::Es] {
        a.push(of(entry))?;
    }
    a.jmp(outer)?;
    a.set_label(&mut no_virtual)?;
    a.test(of(Entry::Cs), 3u32)?;
    a.jnz(outer)?;
    a.mov(ss, word(Entry::Ss))?;
    a.mov(esp, of(Entry::Esp))?;
    a.jmp(flags)?;
    a.set_label(&mut outer)?;
    a.push(of(Entry::Ss))?;
    a.push(of(Entry::Esp))?;
    a.set_label(&mut flags)?;
    a.push(of(Entry::Flags))?;
    a.push(of(Entry::Cs))?;
    a.push(of(Entry::Eip))
}
