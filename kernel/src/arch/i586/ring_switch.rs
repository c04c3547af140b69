//! Into a guest's rings and back.
//!
//! A guest runs in an address space of its own, in which the kernel has three things: the code of the traps, the page of
//! descriptor tables, both read-only, and the guest's trap page. [`enter`] notes the kernel's stack, changes the address
//! space and leaves by IRET. Every way out of the guest is a gate: the processor pushes onto the trap page, the stub
//! completes the frame there, changes the address space and returns from [`enter`].
//!
//! ```text
//! trap page   0  image of the FPU, 108 bytes
//!             …  unused
//!          4020  GS FS ES DS EDI ESI EBP (ESP) EBX EDX ECX EAX vector error EIP CS EFLAGS ESP SS
//! ```
//!
//! In the guest's address space the trap page lies at [`layout::TRAP_PAGE`], where ring 1 can read and write it while the
//! guest runs. Nothing on it is trusted: each way out writes the whole frame anew, and the image of the FPU is the guest's
//! own. The kernel's space shows the frame in the direct map. Interrupts are off from before [`enter`] until after it.
#![expect(unsafe_code, reason = "the frame and the FPU's image are memory, and the switch is assembly")]

use core::arch::asm;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use i586::control::Cr0;
use i586::page::PAGE_BYTES;

use super::cpu::AlignmentChecks;
use super::descriptors::{self, GuestTables};
use super::{cpu, trap};
use crate::layout;
use crate::mm::frame::{Frame, Zone};
use crate::mm::kernel_space;

/// Words of the frame.
const WORDS: u32 = 19;
/// Where the frame begins on the trap page.
pub(super) const FRAME_OFFSET: u32 = PAGE_BYTES - 4 * WORDS;

/// Image of an FPU after FNINIT: control, status and tag word; the rest is 0.
const FPU_START: [u32; 27] = {
    let mut words = [0; 27];
    words[0] = 0x037F; // not an address: all exceptions masked, extended precision
    words[2] = 0xFFFF; // not an address: all registers empty
    words
};

/// Lines of 32 bytes of an image, which has 108 bytes.
const IMAGE_LINES: u32 = 4;

/// Address of the trap page whose guest has its part in the tables and the FPU; 0 if none has.
static LOADED: AtomicU32 = AtomicU32::new(0);

/// A word of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Word {
    /// GS.
    Gs,
    /// FS.
    Fs,
    /// ES.
    Es,
    /// DS.
    Ds,
    /// EDI.
    Edi,
    /// ESI.
    Esi,
    /// EBP.
    Ebp,
    /// EBX.
    Ebx = 8,
    /// EDX.
    Edx,
    /// ECX.
    Ecx,
    /// EAX.
    Eax,
    /// Vector of the gate through which the guest was left.
    Vector,
    /// Error code; 0 for vectors without.
    Error,
    /// EIP.
    Eip,
    /// CS.
    Cs,
    /// EFLAGS.
    Flags,
    /// ESP.
    Esp,
    /// SS.
    Ss,
}

/// Registers of a virtual processor that does not run at the moment. Owns its trap page; task context.
#[derive(Debug)]
pub struct GuestRegisters {
    page: Frame,
    /// Where the direct map shows the page.
    address: u32,
    tables: GuestTables,
    checks: AlignmentChecks,
}

impl GuestRegisters {
    /// All registers 0, the FPU as after FNINIT. `None` if there is no frame.
    #[must_use]
    pub fn new() -> Option<Self> {
        let page = kernel_space::allocate_frame(Zone::Direct)?;
        let address = layout::DIRECT_MAP + page.base().get();
        let (tables, checks) = (GuestTables::default(), AlignmentChecks::Off);
        let registers = Self { page, address, tables, checks };
        for (index, word) in (0..PAGE_BYTES / 4).zip(FPU_START.into_iter().chain(core::iter::repeat(0))) {
            registers.store(index, word);
        }
        Some(registers)
    }

    /// The same registers, FPU included, on a trap page of their own. `None` if there is no frame.
    #[must_use]
    pub fn duplicate(&self) -> Option<Self> {
        if self.are_last() {
            LOADED.store(0, Ordering::Relaxed);
            save_fpu(self.address);
        }
        let mut copy = Self::new()?;
        for index in 0..PAGE_BYTES / 4 {
            // SAFETY: the trap page is a direct frame of this value, and the word lies on it.
            copy.store(index, unsafe { self.place(index).read_volatile() });
        }
        (copy.tables, copy.checks) = (self.tables, self.checks);
        Some(copy)
    }

    /// The frame of the trap page, which the guest's address space shows at [`layout::TRAP_PAGE`].
    #[must_use]
    pub const fn page(&self) -> Frame {
        self.page
    }

    /// Reads a word. Of selectors the low half counts.
    #[inline]
    #[must_use]
    pub fn get(&self, word: Word) -> u32 {
        // SAFETY: the trap page is a direct frame of this value, and the word lies on it.
        unsafe { self.place(FRAME_OFFSET / 4 + word as u32).read_volatile() }
    }

    /// Writes a word. Whoever writes a selector, or EFLAGS, answers for that the processor takes it on the way to an outer
    /// ring.
    #[inline]
    pub fn set(&mut self, word: Word, value: u32) {
        self.store(FRAME_OFFSET / 4 + word as u32, value);
    }

    /// Changes what the guest has in the descriptor tables.
    pub fn change_tables(&mut self, change: impl FnOnce(&mut GuestTables)) {
        change(&mut self.tables);
        if self.are_last() {
            descriptors::set_guest(&self.tables);
        }
    }

    /// Changes whether the guest's programs are checked.
    pub fn set_alignment_checks(&mut self, checks: AlignmentChecks) {
        self.checks = checks;
        if self.are_last() {
            cpu::set_alignment_checks(checks);
        }
    }

    /// Whether no other guest of the core has run since this one.
    #[must_use]
    pub fn are_last(&self) -> bool {
        LOADED.load(Ordering::Relaxed) == self.address
    }

    /// What the guest has in the descriptor tables.
    #[must_use]
    pub const fn tables(&self) -> &GuestTables {
        &self.tables
    }

    fn store(&self, index: u32, value: u32) {
        // SAFETY: the trap page is a direct frame of this value, and callers stay on it.
        unsafe { self.place(index).write_volatile(value) };
    }

    const fn place(&self, index: u32) -> *mut u32 {
        // The page begins at a multiple of 4 KB, and the word lies on it.
        with_exposed_provenance_mut((self.address | (4 * index)) as usize)
    }

    /// Puts this guest's part into the tables, CR0 and the FPU, and saves the FPU of the one before.
    #[inline(never)]
    fn load(&self) {
        // Interrupts are off: nobody is in between.
        let before = LOADED.load(Ordering::Relaxed);
        LOADED.store(self.address, Ordering::Relaxed);
        if before != 0 {
            save_fpu(before);
        }
        // SAFETY: the page holds an image of the FPU, and any bits are one. After FNSAVE and FNINIT no error is pending.
        unsafe { asm!("frstor [{}]", in(reg) self.address, options(nostack, preserves_flags)) };
        descriptors::set_guest(&self.tables);
        cpu::set_alignment_checks(self.checks);
    }
}

/// Brings the image of the FPU on the trap page at `page` into the caches, which do not allocate on writes.
fn read_image(page: u32) {
    for line in 0..IMAGE_LINES {
        // SAFETY: the address is that of a trap page; what is read is dropped.
        let _: u32 =
            unsafe { with_exposed_provenance_mut::<u32>((page + 32 * line) as usize).read_volatile() };
    }
}

/// Writes the image of the FPU to the trap page that was noted in [`LOADED`]; afterwards the FPU is as after FNINIT.
fn save_fpu(page: u32) {
    read_image(page);
    // SAFETY: the address is that of a trap page, at whose beginning there is room for the image: one that is freed is no
    // longer noted.
    unsafe { asm!("fnsave [{}]", in(reg) page, options(nostack, preserves_flags)) };
}

impl Drop for GuestRegisters {
    fn drop(&mut self) {
        if self.are_last() {
            LOADED.store(0, Ordering::Relaxed);
            cpu::initialise_fpu();
        }
        kernel_space::free_frames([self.page]);
    }
}

/// Runs the guest until it leaves its rings. The address space has `directory` and shows what the kernel needs, see
/// [`needed_pages`]. Interrupts must be off, and are off afterwards.
///
/// # Panics
/// If the guest could write to what is read-only, which is a bug of the kernel.
#[inline]
pub fn enter(registers: &mut GuestRegisters, directory: Frame) {
    assert!(cpu::control().contains(Cr0::WRITE_PROTECT), "guests run with read-only pages respected");
    if !registers.are_last() {
        registers.load();
    }
    // SAFETY: the frame's selectors can be loaded, whoever wrote them answers for it; all ways out of the guest lead back
    // here, in the kernel's address space, with the registers kept that a C function keeps.
    unsafe { trap::enter_guest(directory.base().get()) };
}

/// Pages at and above [`layout::DIRECT_MAP`] that a guest's address space must show read-only where they are in the
/// kernel's: code of the traps, descriptor tables.
pub fn needed_pages() -> impl Iterator<Item = u32> {
    trap::pages().chain([descriptors::page()])
}
