//! Descriptor tables and task-state segments.
//!
//! ```text
//! 0x08 flat code, ring 0    0x10 flat data, ring 0    0x18 the kernel's task    0x20 the double fault's task
//! ```
//!
//! A double fault switches to a task with a stack of its own, because the reason for it may be that there is no room on
//! the current one. The processor saves the interrupted registers in the kernel's task segment, from where they are
//! reported. Facts: Pentium manual vol. 3 ch. 13.
#![expect(unsafe_code, reason = "loads GDTR, IDTR and TR")]

use core::arch::asm;
use core::ops::Range;

use i586::exception::Exception;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::bits32;

use super::interrupt_cell::InterruptCell;
use super::trap::{self, TrapFrame};
use super::{cpu, task_state::TaskState};
use crate::layout;

/// Flat code segment of ring 0; the start code uses the same selector.
pub const CODE: Selector = Selector::from_bits(0x08);
/// Flat data segment of ring 0; the start code uses the same selector.
pub const DATA: Selector = Selector::from_bits(0x10);
/// The task that runs the kernel.
pub(super) const TASK: Selector = Selector::from_bits(0x18);
const FAULT_TASK: Selector = Selector::from_bits(0x20);

/// Entries of the global table.
const SEGMENTS: usize = 5;
/// Vectors of exceptions come first.
const EXCEPTIONS: usize = 32;
/// Entries of the interrupt table.
const GATES: usize = 256;

static GLOBAL: InterruptCell<[u64; SEGMENTS]> = InterruptCell::new([0; SEGMENTS]);
static INTERRUPT: InterruptCell<[u64; GATES]> = InterruptCell::new([0; GATES]);
static KERNEL_TASK: InterruptCell<TaskState> = InterruptCell::new(TaskState::new());
static DOUBLE_FAULT_TASK: InterruptCell<TaskState> = InterruptCell::new(TaskState::new());

/// Fills and loads all tables, with gates for exceptions only: double faults lead to their task, others to their stubs.
pub fn install() {
    DOUBLE_FAULT_TASK.with(|task| {
        *task = TaskState::new();
        task.set_start(trap::double_fault_entry(), layout::FAULT_STACK_END, cpu::page_directory());
    });
    GLOBAL.with(|table| {
        let task = |state: &InterruptCell<TaskState>| {
            Descriptor::system(SystemKind::AvailableTss32, address_of(state), bits32::LIMIT_MIN, 0)
        };
        *table = [
            Descriptor::NULL,
            Descriptor::flat_code(0).with_accessed(),
            Descriptor::flat_data(0).with_accessed(),
            task(&KERNEL_TASK),
            task(&DOUBLE_FAULT_TASK),
        ]
        .map(Descriptor::into_bits);
    });
    set_gates(0..EXCEPTIONS);
    load();
}

/// Adds the gates of all interrupts. Apart from [`install`], because that runs with caches off, where each gate costs
/// more than all of them with caches on.
pub fn install_interrupts() {
    set_gates(EXCEPTIONS..GATES);
}

fn set_gates(vectors: Range<usize>) {
    INTERRUPT.with(|table| {
        for vector in vectors {
            let number = u8::try_from(vector).expect("a gate table has 256 entries");
            let gate = if number == Exception::DoubleFault.vector() {
                Gate::new(SystemKind::TaskGate, FAULT_TASK, 0, 0)
            } else {
                Gate::new(SystemKind::InterruptGate32, CODE, trap::stub(number), 0)
            };
            table[vector] = gate.expect("both kinds are gates").descriptor().into_bits();
        }
    });
}

/// Tells the double fault's task which page directory to run with. To be called whenever CR3 changes for good.
pub fn set_fault_directory(directory: u32) {
    DOUBLE_FAULT_TASK.with(|task| task.set_directory(directory));
}

/// Registers of the kernel's task as a double fault left them.
pub(super) fn interrupted() -> TrapFrame {
    KERNEL_TASK.with(|task| task.frame(Exception::DoubleFault.vector()))
}

fn address_of<T>(cell: &InterruptCell<T>) -> u32 {
    u32::try_from(cell.address().expose_provenance()).expect("addresses have 32 bits")
}

fn load() {
    let pointer = |limit: usize, base: u32| {
        let [l0, l1] = u16::try_from(limit).expect("a table has at most 64 KB").to_le_bytes();
        let [b0, b1, b2, b3] = base.to_le_bytes();
        [l0, l1, b0, b1, b2, b3]
    };
    let global = pointer(8 * SEGMENTS - 1, address_of(&GLOBAL));
    let interrupt = pointer(8 * GATES - 1, address_of(&INTERRUPT));
    // SAFETY: the tables are static and complete; the segments in use have the same selectors and contents as before.
    unsafe {
        asm!(
            "lgdt [{global}]",
            "lidt [{interrupt}]",
            "ltr {task:x}",
            global = in(reg) &raw const global,
            interrupt = in(reg) &raw const interrupt,
            task = in(reg) u32::from(TASK.into_bits()),
            options(nostack, preserves_flags)
        );
    };
}
