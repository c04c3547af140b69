//! Instructions about the core itself: interrupts, time stamp, control registers, caches.
#![expect(unsafe_code, reason = "each function is one instruction that Rust has no word for")]

use core::arch::asm;

use i586::control::Cr0;

/// Stops the core for good: interrupts off, halted.
pub fn halt_for_good() -> ! {
    loop {
        // SAFETY: with interrupts off nothing runs any more, whatever the state of memory.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}

/// Permits interrupts and halts until one was handled; nothing can slip in between.
pub fn wait_for_interrupt() {
    // SAFETY: handlers keep all registers; they run as functions that may change memory, so no `nomem`.
    unsafe { asm!("sti", "hlt") };
}

/// Permits interrupts.
pub fn enable_interrupts() {
    // SAFETY: handlers keep all registers and may change memory.
    unsafe { asm!("sti") };
}

/// Holds interrupts back.
pub fn disable_interrupts() {
    // SAFETY: delays handlers, nothing else; memory accesses are not moved across.
    unsafe { asm!("cli") };
}

/// Runs `work` with interrupts held back. Any context; keep it short.
pub fn without_interrupts<R>(work: impl FnOnce() -> R) -> R {
    let were_enabled = interrupts_enabled();
    disable_interrupts();
    let result = work();
    if were_enabled {
        enable_interrupts();
    }
    result
}

/// Tells whether interrupts are permitted.
#[must_use]
pub fn interrupts_enabled() -> bool {
    let flags: u32;
    // SAFETY: pushes and pops one word.
    unsafe { asm!("pushfd", "pop {}", out(reg) flags, options(nomem, preserves_flags)) };
    i586::flags::Eflags::from_bits_retain(flags).contains(i586::flags::Eflags::INTERRUPT)
}

/// Cycles of the tile since the core's reset. Wraps after centuries.
#[must_use]
#[inline(always)]
pub fn time_stamp() -> u64 {
    // SAFETY: CR4.TSD is never set.
    unsafe { x86::time::rdtsc() }
}

/// Address that the last page fault was about.
#[must_use]
pub fn fault_address() -> u32 {
    let address: u32;
    // SAFETY: reading CR2 has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

/// Reads CR0.
#[must_use]
pub fn control() -> Cr0 {
    let bits: u32;
    // SAFETY: reading CR0 has no effect.
    unsafe { asm!("mov {}, cr0", out(reg) bits, options(nomem, nostack, preserves_flags)) };
    Cr0::from_bits_retain(bits)
}

/// Reads CR3: the page directory's physical address.
#[must_use]
pub fn page_directory() -> u32 {
    let bits: u32;
    // SAFETY: reading CR3 has no effect.
    unsafe { asm!("mov {}, cr3", out(reg) bits, options(nomem, nostack, preserves_flags)) };
    bits
}

/// Reads CR4.
#[must_use]
pub fn extensions() -> u32 {
    let bits: u32;
    // SAFETY: reading CR4 has no effect.
    unsafe { asm!("mov {}, cr4", out(reg) bits, options(nomem, nostack, preserves_flags)) };
    bits
}

/// Lets L1 and L2 fill lines: clears CR0.CD and CR0.NW.
pub fn enable_caches() {
    let bits = control() - Cr0::CACHE_DISABLE - Cr0::NOT_WRITE_THROUGH;
    // SAFETY: both caches are empty after reset, so nothing stale can be hit; the other bits stay.
    unsafe { asm!("mov cr0, {}", in(reg) bits.bits(), options(nostack, preserves_flags)) };
}

/// Whether ring 3 faults on misaligned accesses while its EFLAGS.AC is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlignmentChecks {
    /// It does not.
    #[default]
    Off,
    /// It does.
    On,
}

/// Writes CR0.AM, unless it is as it should be.
pub fn set_alignment_checks(checks: AlignmentChecks) {
    let mut bits = control();
    let wanted = checks == AlignmentChecks::On;
    if bits.contains(Cr0::ALIGNMENT_MASK) == wanted {
        return;
    }
    bits.set(Cr0::ALIGNMENT_MASK, wanted);
    // SAFETY: the kernel's ring is never checked; the other bits stay.
    unsafe { asm!("mov cr0, {}", in(reg) bits.bits(), options(nostack, preserves_flags)) };
}

/// Writes the dirty lines of L1 back and empties it; L2 keeps what it has.
pub fn write_back_l1() {
    // SAFETY: changes where data is kept, not what it is.
    unsafe { asm!("wbinvd", options(nostack, preserves_flags)) };
}

/// Forgets the translation of the page that holds `address`.
pub fn forget_page(address: u32) {
    // SAFETY: changes nothing but where the next access looks the translation up.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) };
}

/// Resets the FPU and has its errors raise #MF.
pub fn initialise_fpu() {
    let bits =
        (control() - Cr0::EMULATION - Cr0::TASK_SWITCHED) | Cr0::NUMERIC_ERROR | Cr0::MONITOR_COPROCESSOR;
    // SAFETY: permits FPU instructions; nobody has FPU state yet.
    unsafe { asm!("mov cr0, {}", "fninit", in(reg) bits.bits(), options(nostack, preserves_flags)) };
}

/// Empties L1 of the lines of message buffers, dirty ones included (CL1INVMB).
pub fn invalidate_message_lines() {
    // SAFETY: message buffers are mapped write-through, so no line of theirs is dirty; other lines are not touched.
    unsafe { asm!(".byte 0x0F, 0x0A", options(nostack, preserves_flags)) };
}

/// Waits for an interrupt unless `has_work` says that there is work already. No interrupt comes in between.
pub fn idle(has_work: impl FnOnce() -> bool) {
    disable_interrupts();
    if has_work() { enable_interrupts() } else { wait_for_interrupt() }
}

/// Stores `value` into `count` words in ascending order, in one instruction.
///
/// # Safety
/// The words are writable, and nobody refers to them.
pub unsafe fn fill_words(first: u32, value: u32, count: u32) {
    // SAFETY: the caller's duty; the direction flag is clear.
    unsafe {
        asm!(
            "rep stosd",
            inout("edi") first => _,
            inout("ecx") count => _,
            in("eax") value,
            options(nostack, preserves_flags)
        );
    };
}

/// Has L1 hold four consecutive lines, the first of which holds `place`: one cycle for each that it holds already, where a
/// load that extends a byte takes three.
#[inline(always)]
pub fn touch_four_lines(place: &[u8; 128]) {
    // SAFETY: the bytes are borrowed, and nothing is written.
    unsafe {
        asm!(
            "mov {byte}, [{place}]",
            "mov {byte}, [{place} + 32]",
            "mov {byte}, [{place} + 64]",
            "mov {byte}, [{place} + 96]",
            byte = out(reg_byte) _,
            place = in(reg) place.as_ptr(),
            options(nostack, preserves_flags, readonly)
        );
    };
}

/// Copies `count` words in ascending order, in one instruction.
///
/// # Safety
/// Source and target are mapped and do not overlap; the target is writable, and nobody refers to it.
pub unsafe fn copy_words(target: u32, source: u32, count: u32) {
    // ESI cannot be named as an operand.
    // SAFETY: the caller's duty; the direction flag is clear.
    unsafe {
        asm!(
            "xchg esi, {source}",
            "rep movsd",
            "mov esi, {source}",
            source = inout(reg) source => _,
            inout("edi") target => _,
            inout("ecx") count => _,
            options(nostack, preserves_flags)
        );
    };
}

/// Lets at least `cycles` cycles pass.
pub fn spin(cycles: u64) {
    let start = time_stamp();
    while time_stamp() - start < cycles {
        core::hint::spin_loop();
    }
}
