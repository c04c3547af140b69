//! Descriptor tables and task-state segments.
//!
//! ```text
//! 0x08 flat code, ring 0    0x20 flat data, ring 0    0x28 the kernel's task    0x48 the double fault's task
//! ```
//!
//! There is no local table. Reset leaves one of 64 KB at address 0, where a guest could have gates to ring 0, so the null
//! selector is loaded. The other slots are those of guests, [`guest_abi::segment`]. All descriptors have their accessed bit set, because the
//! processor must not write to the table while a guest runs.
//!
//! A double fault switches to a task with a stack of its own, because the reason for it may be that there is no room on
//! the current one. The processor saves the interrupted registers in the kernel's task segment, from where they are
//! reported. Facts: Pentium manual vol. 3 ch. 13.
#![expect(unsafe_code, reason = "loads GDTR, IDTR, TR and segment registers")]

use core::arch::asm;
use core::mem::offset_of;
use core::ops::Range;

use guest_abi::call::{CALL_VECTOR, RETURN_VECTOR};
use guest_abi::segment::{Slot, THREAD_SLOTS};
use i586::exception::Exception;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::bits32;

use super::cpu;
use super::table_page::{GATES, SEGMENTS, TABLES, TablePage};
use super::task_state::TaskState;
use super::trap::{self, TrapFrame};
use crate::layout;

/// Flat code segment of ring 0; the start code uses the same selector.
pub const CODE: Selector = Selector::from_bits(0x08);
/// Flat data segment of ring 0 in the tables of the start code.
pub(super) const BOOT_DATA: Selector = Selector::from_bits(0x10);
/// Flat data segment of ring 0.
pub const DATA: Selector = Selector::from_bits(0x20);
/// The task that runs the kernel.
pub(super) const TASK: Selector = Selector::from_bits(0x28);
const FAULT_TASK: Selector = Selector::from_bits(0x48);

/// Vectors of exceptions come first.
const EXCEPTIONS: usize = 32;

/// Vector of the system calls of 32-bit Linux.
const SYSTEM_CALL_VECTOR: usize = 0x80;

/// What a guest has in the tables while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestTables {
    /// Descriptors of the slots of threads. Data segments of ring 3, or null.
    pub threads: [Descriptor; THREAD_SLOTS.len()],
    /// Value of ESP when the processor comes from ring 3 to ring 1.
    pub kernel_stack: u32,
    /// Where `int 0x80` leads from ring 3; `None`: to the kernel, as a general protection fault.
    pub system_call: Option<u32>,
}

/// Fills and loads all tables, with gates for exceptions only: double faults lead to their task, others to their stubs.
pub fn install() {
    TABLES.with(|tables| {
        tables.directory = cpu::page_directory();
        tables.fault_task = TaskState::new();
        tables.fault_task.set_start(trap::double_fault_entry(), layout::FAULT_STACK_END, tables.directory);
        tables.kernel_task = TaskState::new();
        tables.kernel_task.set_stack(0, DATA.into_bits(), layout::TRAP_PAGE_END);
        tables.kernel_task.set_stack(1, Slot::KernelData.selector(), 0);
        fill_segments(&mut tables.global);
        set_gates(tables, 0..EXCEPTIONS);
    });
    load_segments();
    load_gates(EXCEPTIONS);
}

/// Adds the gates of all interrupts. Apart from [`install`], because that runs with caches off, where each gate costs
/// more than all of them with caches on.
pub fn install_interrupts() {
    TABLES.with(|tables| set_gates(tables, EXCEPTIONS..GATES));
    load_gates(GATES);
}

fn fill_segments(global: &mut [u64; SEGMENTS]) {
    let place = TABLES.address();
    let task = |offset: usize| {
        let base = place + u32::try_from(offset).expect("within a page");
        Descriptor::system(SystemKind::AvailableTss32, base, bits32::LIMIT_MIN, 0)
    };
    *global = [0; SEGMENTS];
    let mut set = |selector: Selector, descriptor: Descriptor| {
        global[usize::from(selector.index())] = descriptor.into_bits();
    };
    set(CODE, Descriptor::flat_code(0).with_accessed());
    set(DATA, Descriptor::flat_data(0).with_accessed());
    set(TASK, task(offset_of!(TablePage, kernel_task)));
    set(FAULT_TASK, task(offset_of!(TablePage, fault_task)));
    for slot in Slot::ALL {
        let selector = Selector::from_bits(slot.selector());
        let flat = match slot {
            Slot::BootCode | Slot::KernelCode | Slot::UserCode => Descriptor::flat_code(selector.rpl()),
            Slot::BootData | Slot::KernelData | Slot::UserData => Descriptor::flat_data(selector.rpl()),
        };
        set(selector, flat.with_accessed());
    }
}

fn set_gates(tables: &mut TablePage, vectors: Range<usize>) {
    for vector in vectors {
        let number = u8::try_from(vector).expect("a gate table has 256 entries");
        tables.interrupt[vector] = gate(number).descriptor().into_bits();
    }
}

/// The gate of a vector as the kernel wants it. What guests may raise by an instruction has the ring in which they may.
fn gate(vector: u8) -> Gate {
    const BREAKPOINT: u8 = Exception::Breakpoint.vector();
    const OVERFLOW: u8 = Exception::Overflow.vector();
    let gate = if vector == Exception::DoubleFault.vector() {
        Gate::new(SystemKind::TaskGate, FAULT_TASK, 0, 0)
    } else {
        let ring = match vector {
            BREAKPOINT | OVERFLOW => 3,
            CALL_VECTOR | RETURN_VECTOR => 1,
            _ => 0,
        };
        Gate::new(SystemKind::InterruptGate32, CODE, trap::stub(vector), ring)
    };
    gate.expect("both kinds are gates")
}

/// Puts a guest's part into the tables. Task context.
///
/// Caches do not allocate on a write, so what is there already is read and not written again.
pub fn set_guest(guest: &GuestTables) {
    fn put(place: &mut u64, bits: u64) {
        if *place != bits {
            *place = bits;
        }
    }
    TABLES.with(|tables| {
        for (slot, descriptor) in THREAD_SLOTS.into_iter().zip(guest.threads) {
            put(&mut tables.global[usize::from(slot)], descriptor.into_bits());
        }
        tables.kernel_task.set_stack(1, Slot::KernelData.selector(), guest.kernel_stack);
        let direct = |entry| {
            let code = Selector::from_bits(Slot::KernelCode.selector());
            // A trap gate: an interrupt gate would clear the processor's interrupt flag, which ring 1 cannot set.
            Gate::new(SystemKind::TrapGate32, code, entry, 3).expect("this kind is a gate")
        };
        let gate = guest.system_call.map_or_else(|| gate(0x80), direct);
        put(&mut tables.interrupt[SYSTEM_CALL_VECTOR], gate.descriptor().into_bits());
    });
}

/// Tells the ways out of a double fault and out of guests which page directory is the kernel's. To be called whenever
/// CR3 changes for good.
pub fn set_kernel_directory(directory: u32) {
    TABLES.with(|tables| {
        tables.directory = directory;
        tables.fault_task.set_directory(directory);
    });
}

/// Address of the page of tables.
#[must_use]
pub fn page() -> u32 {
    TABLES.address()
}

/// Registers of the kernel's task as a double fault left them.
pub(super) fn interrupted() -> TrapFrame {
    TABLES.with(|tables| tables.kernel_task.frame(Exception::DoubleFault.vector()))
}

/// A limit and a base, as LGDT and LIDT read them.
fn pointer(entries: usize, table: usize) -> [u8; 6] {
    let offset = u32::try_from(table).expect("within a page");
    let [l0, l1] = u16::try_from(8 * entries - 1).expect("a table has at most 64 KB").to_le_bytes();
    let [b0, b1, b2, b3] = (TABLES.address() + offset).to_le_bytes();
    [l0, l1, b0, b1, b2, b3]
}

fn load_segments() {
    let global = pointer(SEGMENTS, offset_of!(TablePage, global));
    // SAFETY: the table is static and complete; code keeps its selector and contents, data gets the same contents.
    unsafe {
        asm!(
            "lgdt [{global}]",
            "mov ds, {data:e}",
            "mov es, {data:e}",
            "mov ss, {data:e}",
            "mov fs, {data:e}",
            "mov gs, {data:e}",
            "ltr {task:x}",
            "lldt {none:x}",
            global = in(reg) &raw const global,
            data = in(reg) u32::from(DATA.into_bits()),
            task = in(reg) u32::from(TASK.into_bits()),
            none = in(reg) 0,
            options(nostack, preserves_flags)
        );
    };
}

/// Has the processor use the first `entries` gates.
fn load_gates(entries: usize) {
    let interrupt = pointer(entries, offset_of!(TablePage, interrupt));
    // SAFETY: the table is static, and its first entries are complete.
    unsafe { asm!("lidt [{}]", in(reg) &raw const interrupt, options(nostack, preserves_flags)) };
}
