//! A known state: arena, tables, system registers.

use super::variables::{ENTRY_BYTES, Entry, STALE, TABLE_OPERAND};
use super::{BASE_CONTENTS, Labels, OPEN_VECTOR, Result, STUB_BYTES, STUBS, VECTORS};
use crate::judged::layout::{
    ARENA, ARENA_BYTES, BASE_DISTANCE, COPY_DISTANCE, GDT, GDT_LIMIT, IDT, IDT_LIMIT, PAGE_DIRECTORY,
    PAGE_TABLE, TASK, TASK_LIMIT, descriptor, selector,
};
use i586::control::Cr0;
use i586::debug::Dr6;
use i586::page::{ENTRIES, PAGE_BYTES, PageEntry};
use i586::segment::{Descriptor, SystemKind};
use iced_x86::code_asm::{
    CodeAssembler, ax, cr0, cr2, cr3, cr4, dr6, dr7, ds, dword_ptr, eax, ebx, ecx, edi, edx, es, esi, fs, gs,
    ptr, word_ptr,
};

/// CR0 at the beginning of every case, paging apart.
pub(in crate::judged) const CONTROL: Cr0 =
    Cr0::PROTECTION.union(Cr0::EXTENSION_TYPE).union(Cr0::NUMERIC_ERROR);

/// High word of a present 32-bit interrupt gate of DPL 0.
const GATE: u32 = 0x8E00;
/// DPL 3 in a gate's high word.
const OPEN: u32 = 0x6000;

/// `reset`, `fill`, `fill_copy`, `undo`; all keep EBX alone.
pub(super) fn assemble(a: &mut CodeAssembler, labels: &mut Labels) -> Result {
    a.set_label(&mut labels.reset)?;
    a.mov(eax, CONTROL.bits())?;
    a.mov(cr0, eax)?;
    a.xor(eax, eax)?;
    a.mov(dr7, eax)?;
    a.mov(cr4, eax)?;
    a.mov(cr2, eax)?;
    a.mov(eax, Dr6::RESET.into_bits())?;
    a.mov(dr6, eax)?;
    a.mov(eax, PAGE_DIRECTORY)?;
    a.mov(cr3, eax)?;
    a.cld()?;
    let mut anew = a.create_label();
    let mut built = a.create_label();
    a.cmp(dword_ptr(STALE), 0)?;
    a.jne(anew)?;
    a.mov(esi, dword_ptr(ebx - ENTRY_BYTES + Entry::Contents.offset()))?;
    a.call(labels.undo)?;
    a.jmp(built)?;
    a.set_label(&mut anew)?;
    a.mov(edi, ARENA)?;
    a.mov(ecx, ARENA_BYTES / 4)?;
    a.xor(eax, eax)?;
    a.rep().stosd()?;
    pages(a)?;
    gates(a)?;
    a.mov(esi, dword_ptr(BASE_CONTENTS))?;
    a.call(labels.fill)?;
    a.set_label(&mut built)?;
    // LTR wants a task that is not busy, and marks it.
    let task = Descriptor::system(SystemKind::AvailableTss32, TASK, TASK_LIMIT, 0);
    a.mov(dword_ptr(descriptor(selector::TASK) + 4), task.words().1)?;
    table_register(a, GDT, GDT_LIMIT)?;
    a.lgdt(ptr(TABLE_OPERAND))?;
    table_register(a, IDT, IDT_LIMIT)?;
    a.lidt(ptr(TABLE_OPERAND))?;
    a.mov(ax, u32::from(selector::LDT))?;
    a.lldt(ax)?;
    a.mov(ax, u32::from(selector::TASK))?;
    a.ltr(ax)?;
    a.mov(ax, u32::from(selector::DATA))?;
    for segment in [ds, es, fs, gs] {
        a.mov(segment, ax)?;
    }
    a.fninit()?;
    a.push(2u32)?;
    a.popfd()?;
    let mut kept = a.create_label();
    a.cmp(dword_ptr(STALE), 0)?;
    a.je(kept)?;
    a.mov(esi, ARENA)?;
    a.mov(edi, ARENA + BASE_DISTANCE)?;
    a.mov(ecx, ARENA_BYTES / 4)?;
    a.rep().movsd()?;
    a.set_label(&mut kept)?;
    a.ret()?;

    a.set_label(&mut labels.fill)?;
    list(a, |a| a.rep().movsd())?;
    a.set_label(&mut labels.fill_copy)?;
    list(a, |a| {
        arena_only(a, |a| {
            a.add(edi, COPY_DISTANCE)?;
            a.rep().movsd()
        })
    })?;
    a.set_label(&mut labels.undo)?;
    list(a, |a| {
        arena_only(a, |a| {
            for distance in [0, COPY_DISTANCE] {
                a.push(edi)?;
                a.push(ecx)?;
                a.push(esi)?;
                a.lea(esi, edi + BASE_DISTANCE)?;
                a.add(edi, distance)?;
                a.rep().movsd()?;
                a.pop(esi)?;
                a.pop(ecx)?;
                a.pop(edi)?;
            }
            a.lea(esi, esi + ecx * 4)
        })
    })
}

/// The first 4 MB, open to all rings, one to one; accessed and dirty except for the data pages.
fn pages(a: &mut CodeAssembler) -> Result {
    let entry = PageEntry::PRESENT | PageEntry::WRITABLE | PageEntry::USER | PageEntry::ACCESSED;
    a.mov(dword_ptr(PAGE_DIRECTORY), entry.with_frame(PAGE_TABLE).bits())?;
    a.mov(edi, PAGE_TABLE)?;
    a.mov(eax, (entry | PageEntry::DIRTY).bits())?;
    a.mov(ecx, ENTRIES)?;
    let mut top = a.create_label();
    a.set_label(&mut top)?;
    a.stosd()?;
    a.add(eax, PAGE_BYTES)?;
    a.dec(ecx)?;
    a.jnz(top)
}

/// A 32-bit interrupt gate for every vector with a stub.
fn gates(a: &mut CodeAssembler) -> Result {
    let mut top = a.create_label();
    let mut closed = a.create_label();
    a.mov(edi, IDT)?;
    a.mov(edx, STUBS)?;
    a.xor(ecx, ecx)?;
    a.set_label(&mut top)?;
    a.movzx(eax, iced_x86::code_asm::dx)?;
    a.or(eax, u32::from(selector::CODE) << 16)?;
    a.stosd()?;
    a.mov(eax, edx)?;
    a.and(eax, 0xFFFF_0000u32)?;
    a.or(eax, GATE)?;
    a.cmp(ecx, u32::from(OPEN_VECTOR))?;
    a.jb(closed)?;
    a.or(eax, OPEN)?;
    a.set_label(&mut closed)?;
    a.stosd()?;
    a.add(edx, STUB_BYTES)?;
    a.inc(ecx)?;
    a.cmp(ecx, VECTORS)?;
    a.jne(top)
}

/// A subroutine that goes through the list at ESI (address, number of words, words; an address of 0 ends it): `each`
/// finds the address in EDI, the number in ECX, the words at ESI, and leaves ESI behind them.
fn list(a: &mut CodeAssembler, each: impl FnOnce(&mut CodeAssembler) -> Result) -> Result {
    let mut top = a.create_label();
    let mut done = a.create_label();
    a.nop()?;
    a.set_label(&mut top)?;
    a.lodsd()?;
    a.test(eax, eax)?;
    a.jz(done)?;
    a.mov(edi, eax)?;
    a.lodsd()?;
    a.mov(ecx, eax)?;
    each(a)?;
    a.jmp(top)?;
    a.set_label(&mut done)?;
    a.ret()
}

/// Part of `list` that passes over what does not lie in the arena.
fn arena_only(a: &mut CodeAssembler, each: impl FnOnce(&mut CodeAssembler) -> Result) -> Result {
    let mut elsewhere = a.create_label();
    let mut end = a.create_label();
    a.lea(eax, edi - ARENA)?;
    a.cmp(eax, ARENA_BYTES)?;
    a.jae(elsewhere)?;
    each(a)?;
    a.jmp(end)?;
    a.set_label(&mut elsewhere)?;
    a.lea(esi, esi + ecx * 4)?;
    a.set_label(&mut end)?;
    a.nop()
}

fn table_register(a: &mut CodeAssembler, base: u32, limit: u16) -> Result {
    a.mov(word_ptr(TABLE_OPERAND), u32::from(limit))?;
    a.mov(dword_ptr(TABLE_OPERAND + 2), base)
}
