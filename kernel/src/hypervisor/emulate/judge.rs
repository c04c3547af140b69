//! Both decoders against iced-x86: every opcode of the one-byte and the 0F map with every addressing byte, under prefixes.
//!
//! iced-x86 knows instructions of later processors; what is none of ours must be `None` there too, after translation.

use std::vec::Vec;

use iced_x86::{Code as IcedCode, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register as Iced};
use proptest::prelude::{any, prop_assert_eq, proptest};

use super::compare::Comparison;
use super::mmio::{self, Access, Direction, Extension, Order, Source};
use super::privileged::{self, Action, BaseBits, ControlRegister, Port, PortString, Privileged, Table};
use super::{
    AddressSize, DecodeError, GeneralRegisters, LENGTH_MAX, MemoryOperand, Operand, Part, Register, Segment,
    Width,
};

/// Prefixes that are tried before every opcode.
const PREFIXES: [&[u8]; 16] = [
    &[],
    &[0x66],
    &[0x67],
    &[0x66, 0x67],
    &[0xF0],
    &[0xF2],
    &[0xF3],
    &[0xF3, 0x66],
    &[0xF3, 0x67, 0x26],
    &[0x26],
    &[0x2E],
    &[0x36],
    &[0x3E],
    &[0x64],
    &[0x65, 0x67],
    &[0x64, 0x66, 0x2E, 0x66],
];
/// What stands behind the bytes that are tried.
const TAIL: [u8; 8] = [0x91, 0x82, 0x73, 0xE4, 0x55, 0x46, 0x37, 0x28];
/// Second addressing bytes under prefixes; without, all are tried.
const SOME_SIB: [u8; 6] = [0x00, 0x25, 0x6C, 0x9D, 0xE5, 0xFF];

fn iced(bytes: &[u8]) -> Instruction {
    // WBNOINVD of later processors is WBINVD on this one.
    Decoder::with_ip(32, bytes, 0, DecoderOptions::NO_WBNOINVD).decode()
}

fn register(register: Iced) -> Register {
    Register::from_bits(u8::try_from(register.number()).unwrap())
}

fn width_of(register: Iced) -> Width {
    match register.size() {
        1 => Width::Byte,
        2 => Width::Word,
        4 => Width::Doubleword,
        other => panic!("register of {other} bytes"),
    }
}

fn part(register: Iced) -> Part {
    Part::from_bits(u8::try_from(register.number()).unwrap(), width_of(register))
}

fn segment(register: Iced) -> Segment {
    match register {
        Iced::ES => Segment::Es,
        Iced::CS => Segment::Cs,
        Iced::SS => Segment::Ss,
        Iced::DS => Segment::Ds,
        Iced::FS => Segment::Fs,
        Iced::GS => Segment::Gs,
        other => panic!("segment {other:?}"),
    }
}

fn memory(instruction: &Instruction) -> MemoryOperand {
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    let named = [base, index].into_iter().find(|register| *register != Iced::None);
    let is_word = named.map_or(instruction.memory_displ_size() == 2, |register| register.size() == 2);
    let size = if is_word { AddressSize::Word } else { AddressSize::Doubleword };
    let shift = u8::try_from(instruction.memory_index_scale().trailing_zeros()).unwrap();
    MemoryOperand {
        segment: segment(instruction.memory_segment()),
        base: (base != Iced::None).then(|| register(base)),
        index: (index != Iced::None).then(|| (register(index), shift)),
        displacement: instruction.memory_displacement32() & size.mask(),
        size,
    }
}

fn operand(instruction: &Instruction) -> Operand {
    match instruction.op0_kind() {
        OpKind::Register => Operand::Register(register(instruction.op0_register())),
        _ => Operand::Memory(memory(instruction)),
    }
}

fn string(instruction: &Instruction, segment: Segment) -> PortString {
    let kinds = [instruction.op0_kind(), instruction.op1_kind()];
    let is_word = kinds.iter().any(|kind| matches!(kind, OpKind::MemoryESDI | OpKind::MemorySegSI));
    let port_width = match instruction.mnemonic() {
        Mnemonic::Insb | Mnemonic::Outsb => Width::Byte,
        Mnemonic::Insw | Mnemonic::Outsw => Width::Word,
        _ => Width::Doubleword,
    };
    PortString {
        width: port_width,
        repeat: instruction.has_rep_prefix() || instruction.has_repne_prefix(),
        size: if is_word { AddressSize::Word } else { AddressSize::Doubleword },
        segment,
    }
}

fn control(register: Iced) -> Option<ControlRegister> {
    match register {
        Iced::CR0 => Some(ControlRegister::Cr0),
        Iced::CR2 => Some(ControlRegister::Cr2),
        Iced::CR3 => Some(ControlRegister::Cr3),
        Iced::CR4 => Some(ControlRegister::Cr4),
        _ => None,
    }
}

/// The operand that is no accumulator.
fn port(kind: OpKind, instruction: &Instruction) -> Port {
    if kind == OpKind::Immediate8 { Port::Number(instruction.immediate8()) } else { Port::Dx }
}

/// What iced-x86 says, in our words.
fn expected_privileged(instruction: &Instruction) -> Option<Privileged> {
    let [first, second] = [instruction.op0_register(), instruction.op1_register()];
    let number = |register: Iced| u8::try_from(register.number()).unwrap();
    let load_table = |table, base| Action::LoadTable { table, operand: memory(instruction), base };
    let action = match instruction.code() {
        IcedCode::Mov_r32_cr => Action::ReadControl { from: control(second)?, to: register(first) },
        IcedCode::Mov_cr_r32 => Action::WriteControl { to: control(first)?, from: register(second) },
        IcedCode::Mov_r32_dr => Action::ReadDebug { from: number(second), to: register(first) },
        IcedCode::Mov_dr_r32 => Action::WriteDebug { to: number(first), from: register(second) },
        IcedCode::Lgdt_m1632 => load_table(Table::Global, BaseBits::Bits32),
        IcedCode::Lgdt_m1632_16 => load_table(Table::Global, BaseBits::Bits24),
        IcedCode::Lidt_m1632 => load_table(Table::Interrupt, BaseBits::Bits32),
        IcedCode::Lidt_m1632_16 => load_table(Table::Interrupt, BaseBits::Bits24),
        IcedCode::Lldt_rm16 | IcedCode::Lldt_r32m16 => Action::LoadLocalTable(operand(instruction)),
        IcedCode::Ltr_rm16 | IcedCode::Ltr_r32m16 => Action::LoadTask(operand(instruction)),
        IcedCode::Lmsw_rm16 | IcedCode::Lmsw_r32m16 => Action::LoadMachineStatus(operand(instruction)),
        IcedCode::Invlpg_m => Action::InvalidatePage(memory(instruction)),
        IcedCode::Clts => Action::ClearTaskSwitched,
        IcedCode::Hlt => Action::Halt,
        IcedCode::Cli => Action::ClearInterrupts,
        IcedCode::Sti => Action::SetInterrupts,
        IcedCode::Rdmsr => Action::ReadModelSpecific,
        IcedCode::Wrmsr => Action::WriteModelSpecific,
        IcedCode::Rdtsc => Action::ReadTimeStamp,
        IcedCode::Wbinvd => Action::WriteBackCaches,
        IcedCode::Invd => Action::InvalidateCaches,
        _ => match instruction.mnemonic() {
            Mnemonic::In => {
                Action::In { width: width_of(first), port: port(instruction.op1_kind(), instruction) }
            }
            Mnemonic::Out => {
                Action::Out { width: width_of(second), port: port(instruction.op0_kind(), instruction) }
            }
            Mnemonic::Insb | Mnemonic::Insw | Mnemonic::Insd => {
                Action::InString(string(instruction, Segment::Es))
            }
            Mnemonic::Outsb | Mnemonic::Outsw | Mnemonic::Outsd => {
                let segment = segment(instruction.memory_segment());
                Action::OutString(string(instruction, segment))
            }
            _ => return None,
        },
    };
    Some(Privileged { action, length: u8::try_from(instruction.len()).unwrap() })
}

/// What iced-x86 says, in our words.
fn expected_access(instruction: &Instruction) -> Option<Access> {
    let (to_memory, from_memory) =
        (instruction.op0_kind() == OpKind::Memory, instruction.op1_kind() == OpKind::Memory);
    let load = |extension| Direction::Load { to: part(instruction.op0_register()), extension };
    let (direction, width) = match (instruction.mnemonic(), instruction.op1_kind()) {
        (Mnemonic::Mov, _) if from_memory => (load(Extension::Zero), width_of(instruction.op0_register())),
        (Mnemonic::Mov, OpKind::Register) if to_memory => {
            let source = Source::Register(part(instruction.op1_register()));
            (Direction::Store(source), width_of(instruction.op1_register()))
        }
        (Mnemonic::Mov, OpKind::Immediate8) if to_memory => {
            (Direction::Store(Source::Constant(u32::from(instruction.immediate8()))), Width::Byte)
        }
        (Mnemonic::Mov, OpKind::Immediate16) if to_memory => {
            (Direction::Store(Source::Constant(u32::from(instruction.immediate16()))), Width::Word)
        }
        (Mnemonic::Mov, OpKind::Immediate32) if to_memory => {
            (Direction::Store(Source::Constant(instruction.immediate32())), Width::Doubleword)
        }
        (Mnemonic::Movzx | Mnemonic::Movsx, _) if from_memory => {
            let is_byte = instruction.memory_size().size() == 1;
            let extension =
                if instruction.mnemonic() == Mnemonic::Movzx { Extension::Zero } else { Extension::Sign };
            (load(extension), if is_byte { Width::Byte } else { Width::Word })
        }
        (Mnemonic::Cmp | Mnemonic::Test, _) if to_memory || from_memory => expected_comparison(instruction)?,
        _ => return None,
    };
    let length = u8::try_from(instruction.len()).unwrap();
    Some(Access { operand: memory(instruction), width, direction, length })
}

fn expected_comparison(instruction: &Instruction) -> Option<(Direction, Width)> {
    // CMP with 82 and TEST with /1 are other names that no compiler uses.
    let aliases = [IcedCode::Cmp_rm8_imm8_82, IcedCode::Test_rm8_imm8_F6r1];
    if aliases.contains(&instruction.code())
        || [IcedCode::Test_rm16_imm16_F7r1, IcedCode::Test_rm32_imm32_F7r1].contains(&instruction.code())
        || instruction.has_lock_prefix()
    {
        return None;
    }
    let is_first = instruction.op0_kind() == OpKind::Memory;
    let width = match instruction.memory_size().size() {
        1 => Width::Byte,
        2 => Width::Word,
        _ => Width::Doubleword,
    };
    let with = match (is_first, instruction.op1_kind()) {
        (false, _) => Source::Register(part(instruction.op0_register())),
        (true, OpKind::Register) => Source::Register(part(instruction.op1_register())),
        (true, _) => {
            let bytes = instruction.immediate(1).to_le_bytes();
            Source::Constant(u32::from_le_bytes(*bytes.first_chunk().unwrap()) & width.mask())
        }
    };
    let comparison =
        if instruction.mnemonic() == Mnemonic::Cmp { Comparison::Subtract } else { Comparison::And };
    let order = if is_first { Order::MemoryFirst } else { Order::MemorySecond };
    Some((Direction::Compare { comparison, with, order }, width))
}

/// MOV of a segment register, which has an opcode of its own.
fn is_segment_move(instruction: &Instruction) -> bool {
    [instruction.op0_register(), instruction.op1_register()]
        .iter()
        .any(|register| register.is_segment_register())
}

/// Values of the registers for the comparison of addresses, by number.
const REGISTERS: GeneralRegisters = GeneralRegisters([
    0x0123_4567,
    0xFFFF_FFF0,
    0x5555_AAAA,
    0x0001_8000,
    0x1000_FFFE,
    0x7FFF_FFFF,
    0x0000_9000,
    0x2468_ACE0,
]);

/// Compares the offset of a memory operand, which iced-x86 computes too.
fn compare_offset(access: &Access, instruction: &Instruction) {
    let operand = if instruction.op0_kind() == OpKind::Memory { 0 } else { 1 };
    let value = |of: Iced, _, _| {
        if of.is_segment_register() {
            return Some(0);
        }
        Some(u64::from(REGISTERS.part(part(of))))
    };
    let expected = instruction.virtual_address(operand, 0, value).unwrap();
    assert_eq!(u64::from(access.operand.offset(&REGISTERS)), expected, "{instruction:?}");
}

fn compare(bytes: &[u8]) -> [bool; 2] {
    let instruction = iced(bytes);
    let privileged = expected_privileged(&instruction);
    assert_eq!(privileged::decode(bytes).ok(), privileged, "{bytes:02x?} is {instruction:?}");
    let access = if is_segment_move(&instruction) { None } else { expected_access(&instruction) };
    assert_eq!(mmio::decode(bytes).ok(), access, "{bytes:02x?} is {instruction:?}");
    if let Some(access) = &access {
        compare_offset(access, &instruction);
    }
    for length in
        [privileged.map(|found| found.length), access.map(|found| found.length)].into_iter().flatten()
    {
        let short = &bytes[..usize::from(length) - 1];
        let errors = [privileged::decode(short).err(), mmio::decode(short).err()];
        assert!(errors.contains(&Some(DecodeError::Ends)), "{short:02x?}");
    }
    [privileged.is_some(), access.is_some()]
}

/// Compares `prefixes`, `opcode` and every addressing byte; counts what was one of ours.
fn compare_opcode(prefixes: &[u8], opcode: &[u8], counts: &mut [u32; 2]) {
    let all_sib: Vec<u8> = (0..=u8::MAX).collect();
    let sibs = if prefixes.is_empty() { &all_sib[..] } else { &SOME_SIB };
    for modrm in 0..=u8::MAX {
        let has_sib = modrm < 0xC0 && modrm & 7 == 4;
        for sib in if has_sib { sibs } else { &SOME_SIB[..1] } {
            let bytes = [prefixes, opcode, &[modrm, *sib], &TAIL].concat();
            for (count, is_ours) in counts.iter_mut().zip(compare(&bytes)) {
                *count += u32::from(is_ours);
            }
        }
    }
}

#[test]
fn decoders_agree_with_iced_over_opcodes_addresses_and_prefixes() {
    let mut counts = [0; 2];
    for prefixes in PREFIXES {
        for opcode in (0..=u8::MAX).filter(|opcode| *opcode != 0x0F) {
            compare_opcode(prefixes, &[opcode], &mut counts);
        }
        for opcode in 0..=u8::MAX {
            compare_opcode(prefixes, &[0x0F, opcode], &mut counts);
        }
    }
    assert!(counts.iter().all(|count| *count > 50_000), "{counts:?}");
}

#[test]
fn instructions_have_fifteen_bytes_at_most() {
    for (opcode, length) in [(&[0xFA][..], 1), (&[0x8B, 0x05, 1, 2, 3, 4], 6), (&[0x0F, 0x20, 0xC0], 3)] {
        for prefixes in 0..LENGTH_MAX + 2 {
            let bytes = [&[0x3E].repeat(prefixes)[..], opcode].concat();
            let is_ours = compare(&bytes).contains(&true);
            assert_eq!(is_ours, prefixes + length <= LENGTH_MAX);
        }
    }
    assert_eq!(privileged::decode(&[0x66; 20]), Err(DecodeError::TooLong));
    assert_eq!(mmio::decode(&[]), Err(DecodeError::Ends));
}

proptest! {
    #[test]
    fn decoders_agree_with_iced_over_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
        compare(&bytes);
    }

    /// A store and a load of what was stored, as a register sees it.
    #[test]
    fn stored_parts_come_back(registers in any::<[u32; 8]>(), opcode in 0x88_u8..=0x89, reg in 0_u8..8) {
        let mut registers = GeneralRegisters(registers);
        let before = registers;
        let store = mmio::decode(&[opcode, reg << 3 | 6]).unwrap();
        let load = mmio::decode(&[opcode + 2, reg << 3 | 6]).unwrap();
        let Direction::Store(source) = store.direction else { panic!("a store") };
        prop_assert_eq!(load.complete(source.value(&registers), &mut registers), None);
        prop_assert_eq!(registers, before);
        prop_assert_eq!(store.operand.offset(&registers), before.get(Register::Esi));
    }
}
