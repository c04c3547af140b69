//! Descriptor table with segments of both rings, gates, and a task-state segment for the stack of ring 0.
#![expect(unsafe_code, reason = "tables lie at fixed addresses; LGDT, LIDT, LTR")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;

use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::bits32;

use super::boot::{CODE_SELECTOR, DATA_SELECTOR};
use super::layout;

/// Flat code segment of ring 3, requested privilege included.
pub(super) const USER_CODE: u16 = 0x1B;
/// Flat data segment of ring 3.
pub(super) const USER_DATA: u16 = 0x23;
/// Task-state segment.
const TASK: u16 = 0x28;

/// A handler that a gate leads to. It ends with IRET, so it is no function to call.
pub(super) type Handler = unsafe extern "C" fn();

/// Fills the tables and loads the registers that point to them; ring 3 may call every gate.
pub(super) fn set_up(gates: &[(u8, Handler)]) {
    let descriptors = [
        Descriptor::NULL,
        Descriptor::flat_code(0),
        Descriptor::flat_data(0),
        Descriptor::flat_code(3),
        Descriptor::flat_data(3),
        Descriptor::system(SystemKind::AvailableTss32, word(layout::TASK_STATE), bits32::LIMIT_MIN, 0),
    ];
    for (index, descriptor) in descriptors.into_iter().enumerate() {
        store(layout::DESCRIPTOR_TABLE, index, descriptor);
    }
    for index in 0..=bits32::LIMIT_MIN as usize / 8 {
        store(layout::TASK_STATE, index, Descriptor::NULL);
    }
    // ESP0 is the business of whoever enters ring 3. There is no permission map: the base lies beyond the limit.
    store_word(layout::TASK_STATE, bits32::SS0, u32::from(DATA_SELECTOR));
    store_word(layout::TASK_STATE, bits32::TRAP, (bits32::LIMIT_MIN + 1) << 16);
    for index in 0..=usize::from(u8::MAX) {
        store(layout::GATE_TABLE, index, Descriptor::NULL);
    }
    for (vector, handler) in gates {
        let offset = word((*handler as *const ()).addr());
        let code = Selector::from_bits(CODE_SELECTOR);
        let gate = Gate::new(SystemKind::InterruptGate32, code, offset, 3).expect("the kind is a gate");
        store(layout::GATE_TABLE, usize::from(*vector), gate.descriptor());
    }
    load(6 * 8 - 1, 256 * 8 - 1);
}

/// Loads GDTR, IDTR and TR.
fn load(descriptors_limit: u16, gates_limit: u16) {
    let pointer = |limit: u16, base: usize| {
        let ([l0, l1], [b0, b1, b2, b3]) = (limit.to_le_bytes(), word(base).to_le_bytes());
        [l0, l1, b0, b1, b2, b3]
    };
    let descriptors = pointer(descriptors_limit, layout::DESCRIPTOR_TABLE);
    let gates = pointer(gates_limit, layout::GATE_TABLE);
    // SAFETY: the tables are complete; the segments in use have the same selectors and contents in the new table.
    unsafe {
        asm!(
            "lgdt [{descriptors}]",
            "lidt [{gates}]",
            "ltr {task:x}",
            descriptors = in(reg) &raw const descriptors,
            gates = in(reg) &raw const gates,
            task = in(reg) TASK,
            options(nostack, preserves_flags)
        );
    };
}

/// Stores entry `index` of a table.
fn store(table: usize, index: usize, descriptor: Descriptor) {
    let (low, high) = descriptor.words();
    store_word(table + 8 * index, 0, low);
    store_word(table + 8 * index, 4, high);
}

/// Stores one word, `offset` bytes into a table.
fn store_word(table: usize, offset: u32, value: u32) {
    let slot = with_exposed_provenance_mut::<u32>(table + offset as usize);
    // SAFETY: RAM set aside for the tables, aligned.
    unsafe { slot.write_volatile(value) };
}

/// An address as the 32-bit word it is on this machine.
fn word(address: usize) -> u32 {
    u32::try_from(address).expect("addresses have 32 bits")
}
