//! From the reset vector to flat 32-bit protected mode, and the descriptor tables for it.
//!
//! The last page of the boot slot holds a near jump at the reset vector and a stub at its beginning; both run
//! in real mode with the code base still at 4 GB - 64 KB (SCC reference §9.1).

use super::layout;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use iced_x86::IcedError;
use iced_x86::code_asm::{CodeAssembler, ax, cr0, ds, eax, ptr};
use scc::address::PhysAddr;
use scc::map;

/// Access byte of the task state segment's descriptor.
pub(super) const TASK_ACCESS: u32 = layout::GDT + layout::TASK_SELECTOR as u32 + 5;
/// Its value for a present, available 32-bit task state segment.
pub(super) const TASK_AVAILABLE: u8 = 0x89;

/// Software interrupt that leaves CPL 3.
pub(super) const RETURN_VECTOR: u8 = 0x30;

/// First byte of the boot page.
pub(super) const STUB: PhysAddr = map::RESET_VECTOR.wrapping_add(0u32.wrapping_sub(0xFF0));

/// Where the operand of LGDT lies, behind the table.
const GDT_OPERAND: u32 = layout::GDT + 0x80;
/// Where the operand of LIDT lies.
pub(super) const IDT_OPERAND: u32 = layout::GDT + 0x90;

/// The near jump at the reset vector, back to the stub.
pub(super) fn reset_vector() -> Vec<u8> {
    let distance = 0xF000u16.wrapping_sub(0xFFF0 + 3).to_le_bytes();
    vec![0xE9, distance[0], distance[1]]
}

/// Real mode code: loads the GDT, sets CR0.PE, jumps to [`layout::CODE`].
pub(super) fn stub() -> Result<Vec<u8>, IcedError> {
    let mut a = CodeAssembler::new(16)?;
    a.cli()?;
    a.xor(ax, ax)?;
    a.mov(ds, ax)?;
    a.lgdt(ptr(GDT_OPERAND))?;
    a.mov(eax, cr0)?;
    a.or(eax, 1)?;
    a.mov(cr0, eax)?;
    // Far jump with a 32-bit offset.
    let mut jump = vec![0x66, 0xEA];
    jump.extend_from_slice(&layout::CODE.to_le_bytes());
    jump.extend_from_slice(&layout::CODE_SELECTOR.to_le_bytes());
    a.db(&jump)?;
    a.assemble(0xF000)
}

/// GDT, operands of LGDT and LIDT, and the TSS, as bytes at core-physical addresses.
pub(super) fn tables() -> Vec<(u32, Vec<u8>)> {
    let descriptors = [
        Descriptor::NULL,
        Descriptor::flat_code(0),
        Descriptor::flat_data(0),
        Descriptor::flat_code(3),
        Descriptor::flat_data(3),
        Descriptor::system(SystemKind::AvailableTss32, layout::TSS, 0x67, 0),
    ];
    let gdt: Vec<u8> =
        descriptors.iter().flat_map(|descriptor| descriptor.into_bits().to_le_bytes()).collect();
    let mut task = vec![0; 0x68];
    task[4..8].copy_from_slice(&layout::TRAP_STACK.to_le_bytes());
    task[8..10].copy_from_slice(&layout::DATA_SELECTOR.to_le_bytes());
    vec![
        (layout::GDT, gdt),
        (GDT_OPERAND, table_operand(layout::GDT, 0x2F)),
        (IDT_OPERAND, table_operand(layout::IDT, 0x7FF)),
        (layout::TSS, task),
    ]
}

/// One interrupt gate of the IDT: where it lies and its bytes.
pub(super) fn interrupt_gate(vector: u8, handler: u32, dpl: u8) -> (u32, Vec<u8>) {
    let selector = Selector::from_bits(layout::CODE_SELECTOR);
    let gate =
        Gate::new(SystemKind::InterruptGate32, selector, handler, dpl).expect("an interrupt gate is a gate");
    (layout::IDT + 8 * u32::from(vector), gate.descriptor().into_bits().to_le_bytes().to_vec())
}

fn table_operand(base: u32, limit: u16) -> Vec<u8> {
    let mut operand = limit.to_le_bytes().to_vec();
    operand.extend_from_slice(&base.to_le_bytes());
    operand
}
