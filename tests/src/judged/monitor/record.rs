//! Where exceptions arrive.
//!
//! ```text
//! stack at `recorded`, 32-bit gate:   vector and kind, [error code], EIP, CS, EFLAGS,
//!                                     [ESP, SS of an outer ring], [ES, DS, FS, GS of V86 mode]
//! 16-bit gate:                        vector and kind, then the same in words
//! ```

use super::variables::{CODE, CURRENT, EIP, EVENT, EVENT_WORDS, EVENTS, Entry, Field, HAS_CODE, VECTOR};
use super::{FAR_JUMP, Labels, Result};
use crate::judged::layout::{
    ARENA, ARENA_BYTES, COPY_DISTANCE, GDT, MONITOR_STACK, TASK_DOUBLE_FAULT, selector,
};
use i586::control::Cr0;
use i586::debug::Dr6;
use i586::exception::Exception;
use i586::flags::Eflags;
use i586::tss::bits32;
use iced_x86::code_asm::{
    CodeAssembler, CodeLabel, ax, byte_ptr, cl, cr0, cr2, cr3, cr4, dr6, dr7, ds, dword_ptr, eax, ebp, ebx,
    ecx, edi, edx, es, esi, esp, fs, gs, ss, word_ptr,
};

/// Bytes pushed by `recorded`: four segment registers and PUSHAD's eight.
const SAVED: u32 = 16 + 32;

pub(super) fn assemble(a: &mut CodeAssembler, labels: &mut Labels) -> Result {
    let mut finish = a.create_label();
    let mut restore = a.create_label();
    a.set_label(&mut labels.recorded)?;
    save(a)?;
    system_registers(a)?;
    registers(a)?;
    error_code(a)?;
    let mut words = a.create_label();
    let mut parsed = a.create_label();
    a.test(ebp, ebp)?;
    a.jnz(words)?;
    frame(a, parsed)?;
    a.set_label(&mut words)?;
    frame_of_words(a, parsed)?;
    a.set_label(&mut parsed)?;
    traced(a, finish)?;
    a.set_label(&mut finish)?;
    wind_up(a, &mut restore)?;
    a.set_label(&mut labels.double_fault)?;
    double_fault(a, restore)
}

fn save(a: &mut CodeAssembler) -> Result {
    a.pushad()?;
    for segment in [ds, es, fs, gs] {
        a.push(segment)?;
    }
    a.mov(ax, u32::from(selector::DATA))?;
    a.mov(ds, ax)?;
    a.mov(es, ax)?;
    a.cld()
}

/// Notes control and debug registers and the selectors of task and LDT; switches breakpoints off.
fn system_registers(a: &mut CodeAssembler) -> Result {
    a.mov(eax, dr7)?;
    a.mov(dword_ptr(Field::Dr7.actual()), eax)?;
    a.xor(eax, eax)?;
    a.mov(dr7, eax)?;
    a.mov(eax, cr0)?;
    a.mov(dword_ptr(Field::Cr0.actual()), eax)?;
    a.mov(eax, cr2)?;
    a.mov(dword_ptr(Field::Cr2.actual()), eax)?;
    a.mov(eax, cr3)?;
    a.mov(dword_ptr(Field::Cr3.actual()), eax)?;
    a.mov(eax, cr4)?;
    a.mov(dword_ptr(Field::Cr4.actual()), eax)?;
    a.mov(eax, dr6)?;
    a.mov(dword_ptr(Field::Dr6.actual()), eax)?;
    a.xor(eax, eax)?;
    a.str(eax)?;
    a.mov(dword_ptr(Field::Task.actual()), eax)?;
    a.sldt(eax)?;
    a.mov(dword_ptr(Field::Ldt.actual()), eax)
}

/// Notes what `save` pushed.
fn registers(a: &mut CodeAssembler) -> Result {
    for (place, field) in [Field::Gs, Field::Fs, Field::Es, Field::Ds].into_iter().enumerate() {
        a.movzx(eax, word_ptr(esp + 4 * place))?;
        a.mov(dword_ptr(field.actual()), eax)?;
    }
    for (place, field) in Field::ALL[..8].iter().enumerate() {
        a.mov(eax, dword_ptr(esp + (16 + 4 * place)))?;
        a.mov(dword_ptr(field.actual()), eax)?;
    }
    Ok(())
}

/// Notes vector and error code; leaves the frame's address in ESI and the kind of gate in EBP.
fn error_code(a: &mut CodeAssembler) -> Result {
    let mut none = a.create_label();
    let mut word = a.create_label();
    let mut store = a.create_label();
    let with_code: u32 =
        Exception::ALL.iter().filter(|e| e.has_error_code()).fold(0, |set, e| set | 1 << e.vector());
    a.lea(esi, esp + SAVED)?;
    a.movzx(ecx, byte_ptr(esi))?;
    a.mov(dword_ptr(VECTOR), ecx)?;
    a.movzx(ebp, byte_ptr(esi + 1))?;
    a.add(esi, 4)?;
    a.xor(eax, eax)?;
    a.mov(dword_ptr(HAS_CODE), eax)?;
    a.cmp(ecx, 32)?;
    a.jae(none)?;
    a.mov(edx, with_code)?;
    a.shr(edx, cl)?;
    a.test(edx, 1u32)?;
    a.jz(none)?;
    a.mov(dword_ptr(HAS_CODE), 1u32)?;
    a.test(ebp, ebp)?;
    a.jnz(word)?;
    a.lodsd()?;
    a.jmp(store)?;
    a.set_label(&mut word)?;
    a.movzx(eax, word_ptr(esi))?;
    a.add(esi, 2)?;
    a.set_label(&mut store)?;
    a.mov(dword_ptr(CODE), eax)?;
    a.set_label(&mut none)?;
    a.nop()
}

/// Reads a frame of doublewords at ESI; leaves the address behind it in EDI.
fn frame(a: &mut CodeAssembler, parsed: CodeLabel) -> Result {
    let mut outer = a.create_label();
    let mut deep = a.create_label();
    let note = |a: &mut CodeAssembler, place: i32, at: u32| -> Result {
        a.mov(eax, dword_ptr(esi + place))?;
        a.mov(dword_ptr(at), eax)
    };
    let note_selector = |a: &mut CodeAssembler, place: i32, field: Field| -> Result {
        a.movzx(eax, word_ptr(esi + place))?;
        a.mov(dword_ptr(field.actual()), eax)
    };
    note(a, 0, EIP)?;
    note_selector(a, 4, Field::Cs)?;
    flags(a, 8)?;
    a.test(dword_ptr(esi + 8), Eflags::VIRTUAL_8086.bits())?;
    a.jnz(deep)?;
    a.test(byte_ptr(esi + 4), 3)?;
    a.jnz(outer)?;
    a.lea(edi, esi + 12)?;
    same_stack(a)?;
    a.jmp(parsed)?;

    a.set_label(&mut deep)?;
    for (place, field) in [(20, Field::Es), (24, Field::Ds), (28, Field::Fs), (32, Field::Gs)] {
        note_selector(a, place, field)?;
    }
    note(a, 12, Field::Esp.actual())?;
    note_selector(a, 16, Field::Ss)?;
    a.lea(edi, esi + 36)?;
    a.jmp(parsed)?;

    a.set_label(&mut outer)?;
    note(a, 12, Field::Esp.actual())?;
    note_selector(a, 16, Field::Ss)?;
    a.lea(edi, esi + 20)?;
    a.jmp(parsed)
}

/// The same for a frame of words.
fn frame_of_words(a: &mut CodeAssembler, parsed: CodeLabel) -> Result {
    let mut outer = a.create_label();
    let note = |a: &mut CodeAssembler, place: i32, at: u32| -> Result {
        a.movzx(eax, word_ptr(esi + place))?;
        a.mov(dword_ptr(at), eax)
    };
    note(a, 0, EIP)?;
    note(a, 2, Field::Cs.actual())?;
    a.movzx(eax, word_ptr(esi + 4))?;
    a.mov(dword_ptr(Field::Flags.actual()), eax)?;
    a.mov(dword_ptr(Field::Resume.actual()), 0u32)?;
    a.test(byte_ptr(esi + 2), 3)?;
    a.jnz(outer)?;
    a.lea(edi, esi + 6)?;
    same_stack(a)?;
    a.jmp(parsed)?;
    a.set_label(&mut outer)?;
    note(a, 6, Field::Esp.actual())?;
    note(a, 8, Field::Ss.actual())?;
    a.lea(edi, esi + 10)
}

/// Notes EFLAGS, RF apart.
fn flags(a: &mut CodeAssembler, place: u32) -> Result {
    let resume = Eflags::RESUME.bits();
    a.mov(eax, dword_ptr(esi + place))?;
    a.mov(edx, eax)?;
    a.and(eax, !resume)?;
    a.mov(dword_ptr(Field::Flags.actual()), eax)?;
    a.shr(edx, resume.trailing_zeros())?;
    a.and(edx, 1)?;
    a.mov(dword_ptr(Field::Resume.actual()), edx)
}

/// The stack did not change: the pointer was behind the frame, at EDI.
fn same_stack(a: &mut CodeAssembler) -> Result {
    a.mov(dword_ptr(Field::Esp.actual()), edi)?;
    a.xor(eax, eax)?;
    a.mov(ax, ss)?;
    a.mov(dword_ptr(Field::Ss.actual()), eax)
}

/// If the case traces this vector: records the event and returns from the exception.
fn traced(a: &mut CodeAssembler, finish: CodeLabel) -> Result {
    let mut no_code = a.create_label();
    a.mov(ebx, dword_ptr(CURRENT))?;
    a.mov(eax, dword_ptr(VECTOR))?;
    a.cmp(eax, dword_ptr(ebx + Entry::Traced.offset()))?;
    a.jne(finish)?;
    a.mov(ecx, dword_ptr(EVENTS))?;
    a.cmp(ecx, dword_ptr(ebx + Entry::TraceLimit.offset()))?;
    a.jae(finish)?;
    a.inc(dword_ptr(EVENTS))?;
    a.imul_3(edx, ecx, EVENT_WORDS * 4)?;
    a.add(edx, EVENT)?;
    let places = [VECTOR, EIP, Field::Flags.actual(), Field::Dr6.actual(), Field::Ecx.actual()];
    for (place, at) in places.into_iter().enumerate() {
        a.mov(eax, dword_ptr(at))?;
        a.mov(dword_ptr(edx + 4 * place), eax)?;
    }
    a.mov(eax, Dr6::RESET.into_bits())?;
    a.mov(dr6, eax)?;
    a.mov(eax, dword_ptr(Field::Dr7.actual()))?;
    a.mov(dr7, eax)?;
    a.cmp(dword_ptr(HAS_CODE), 0)?;
    for segment in [gs, fs, es, ds] {
        a.pop(segment)?;
    }
    a.jz(no_code)?;
    a.popad()?;
    a.lea(esp, esp + 8)?;
    a.iretd()?;
    a.set_label(&mut no_code)?;
    a.popad()?;
    a.lea(esp, esp + 4)?;
    a.iretd()
}

/// Ends the case: takes the frame, ESP up to EDI, off the arena and leaves the case's environment.
fn wind_up(a: &mut CodeAssembler, restore: &mut CodeLabel) -> Result {
    let mut elsewhere = a.create_label();
    a.mov(esi, esp)?;
    a.set_label(restore)?;
    a.mov(eax, cr0)?;
    a.and(eax, !Cr0::PAGING.bits())?;
    a.mov(cr0, eax)?;
    a.mov(ax, u32::from(selector::DATA))?;
    a.mov(ss, ax)?;
    a.mov(esp, MONITOR_STACK)?;
    a.mov(fs, ax)?;
    a.mov(gs, ax)?;
    a.cmp(esi, ARENA)?;
    a.jb(elsewhere)?;
    a.cmp(edi, ARENA + ARENA_BYTES)?;
    a.ja(elsewhere)?;
    a.mov(ecx, edi)?;
    a.sub(ecx, esi)?;
    a.mov(edi, esi)?;
    a.add(esi, COPY_DISTANCE)?;
    a.rep().movsb()?;
    a.set_label(&mut elsewhere)?;
    a.jmp(u64::from(FAR_JUMP))
}

/// Notes what the interrupted task's state segment holds.
fn double_fault(a: &mut CodeAssembler, restore: CodeLabel) -> Result {
    system_registers(a)?;
    a.mov(dword_ptr(VECTOR), u32::from(Exception::DoubleFault.vector()))?;
    a.mov(dword_ptr(HAS_CODE), 1u32)?;
    a.mov(eax, dword_ptr(esp))?;
    a.mov(dword_ptr(CODE), eax)?;
    a.movzx(eax, word_ptr(TASK_DOUBLE_FAULT + bits32::LINK))?;
    a.mov(dword_ptr(Field::Task.actual()), eax)?;
    // Base of that task's state segment.
    a.mov(esi, dword_ptr(eax + (GDT + 2)))?;
    a.and(esi, 0x00FF_FFFF)?;
    let note = |a: &mut CodeAssembler, place: u32, at: u32| -> Result {
        a.mov(eax, dword_ptr(esi + place))?;
        a.mov(dword_ptr(at), eax)
    };
    note(a, bits32::EIP, EIP)?;
    flags(a, bits32::EFLAGS)?;
    let general =
        [Field::Eax, Field::Ecx, Field::Edx, Field::Ebx, Field::Esp, Field::Ebp, Field::Esi, Field::Edi];
    for (place, field) in (bits32::GENERAL..).step_by(4).zip(general) {
        note(a, place, field.actual())?;
    }
    let segments = [Field::Es, Field::Cs, Field::Ss, Field::Ds, Field::Fs, Field::Gs];
    for (place, field) in (bits32::SEGMENTS..).step_by(4).zip(segments) {
        note(a, place, field.actual())?;
    }
    note(a, bits32::LDT, Field::Ldt.actual())?;
    a.lea(edi, esi + bits32::LDT)?;
    a.add(esi, bits32::EIP)?;
    a.jmp(restore)
}
