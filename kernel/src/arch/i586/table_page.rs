//! The page of descriptor tables: interrupt table, global table, task-state segments.
//!
//! While a guest runs the processor reads these tables through the guest's page tables, which show the page read-only.
//! They lie on a page of their own so that nothing else is shown. Nothing of it is secret. That the interrupt table cannot
//! be written then is also what the erratum of a locked CMPXCHG8B on a register asks for.
#![expect(unsafe_code, reason = "tables that the processor reads, reached by address")]

use core::cell::UnsafeCell;

use super::cpu;
use super::task_state::TaskState;

/// Entries of the interrupt table.
pub(super) const GATES: usize = 256;
/// Entries of the global table.
pub(super) const SEGMENTS: usize = 16;

/// The tables. Nothing but the processor reads them, apart from the functions here.
#[repr(C, align(4096))]
pub(super) struct TablePage {
    pub(super) interrupt: [u64; GATES],
    pub(super) global: [u64; SEGMENTS],
    /// The task that runs kernel and guests.
    pub(super) kernel_task: TaskState,
    pub(super) fault_task: TaskState,
    /// CR3 of the kernel's address space, for the way back from a guest.
    pub(super) directory: u32,
    /// Where the kernel's stack goes on when a guest is left. Beside the directory, because both are read then.
    pub(super) kernel_stack: u32,
}

const _: () = assert!(size_of::<TablePage>() == i586::page::PAGE_BYTES as usize);

/// Place of the tables.
pub(super) struct Place(UnsafeCell<TablePage>);

// SAFETY: a core's own; handlers do not use it, and `with` holds them back.
unsafe impl Sync for Place {}

/// The tables of this core. Start-up does not clear them: `descriptors::install` writes all that is used.
#[unsafe(link_section = ".bss.uninitialised.descriptors")]
pub(super) static TABLES: Place = Place(UnsafeCell::new(TablePage {
    interrupt: [0; GATES],
    global: [0; SEGMENTS],
    kernel_task: TaskState::EMPTY,
    fault_task: TaskState::EMPTY,
    directory: 0,
    kernel_stack: 0,
}));

impl Place {
    /// Runs `work` on the tables with interrupts held back. Not to be called by `work`.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut TablePage) -> R) -> R {
        // SAFETY: nobody else refers to the tables: handlers are held back and this is not nested; any bits are values of
        // their types.
        cpu::without_interrupts(|| work(unsafe { &mut *self.0.get() }))
    }

    /// Address of the page.
    pub(super) fn address(&self) -> u32 {
        u32::try_from(self.0.get().expose_provenance()).expect("addresses have 32 bits")
    }
}
