//! Control registers CR0, CR3 and CR4.
//!
//! Plain sets of bits; CR3 also carries the page directory's frame. A write that sets a bit outside `Cr4::all()`
//! raises #GP(0). CR4.MPE exists on the SCC only: it gives bit 7 of page entries its message-buffer meaning.
//!
//! Source: SCC reference §2.1 (control registers) and §2.2 (reset values); Pentium manual vol. 3 ch. 10.

use bitflags::bitflags;

bitflags! {
    /// CR0: operating mode of the core.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Cr0: u32 {
        /// PE: protected mode.
        const PROTECTION = 1 << 0;
        /// MP: WAIT obeys TS.
        const MONITOR_COPROCESSOR = 1 << 1;
        /// EM: floating-point instructions raise #NM.
        const EMULATION = 1 << 2;
        /// TS: a task switch happened since the FPU was last used.
        const TASK_SWITCHED = 1 << 3;
        /// ET: reads 1 always, the FPU is on the die.
        const EXTENSION_TYPE = 1 << 4;
        /// NE: floating-point errors raise #MF instead of driving FERR#.
        const NUMERIC_ERROR = 1 << 5;
        /// WP: supervisor writes obey read-only pages.
        const WRITE_PROTECT = 1 << 16;
        /// AM: EFLAGS.AC takes effect.
        const ALIGNMENT_MASK = 1 << 18;
        /// NW: with CD, write hits stay in the cache.
        const NOT_WRITE_THROUGH = 1 << 29;
        /// CD: no cache line is filled.
        const CACHE_DISABLE = 1 << 30;
        /// PG: paging.
        const PAGING = 1 << 31;
    }
}

impl Cr0 {
    /// Value after RESET, 0x6000_0010. INIT leaves CD and NW as they are.
    pub const RESET: Self = Self::CACHE_DISABLE.union(Self::NOT_WRITE_THROUGH).union(Self::EXTENSION_TYPE);
}

bitflags! {
    /// CR3: cacheability and frame of the page directory. Bits 31:12 hold the frame and are kept by every conversion.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Cr3: u32 {
        /// PWT: the page directory is written through.
        const WRITE_THROUGH = 1 << 3;
        /// PCD: the page directory is not cached.
        const CACHE_DISABLE = 1 << 4;
        const _ = 0xFFFF_F000;
    }
}

impl Cr3 {
    /// Returns the physical address of the page directory, a multiple of 4096.
    #[must_use]
    pub const fn directory(self) -> u32 {
        self.bits() & 0xFFFF_F000
    }
}

bitflags! {
    /// CR4: extensions. `Cr4::all()` is the set of bits that can be written.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Cr4: u32 {
        /// VME: virtual-8086 mode extensions.
        const VIRTUAL_8086_EXTENSIONS = 1 << 0;
        /// PVI: protected-mode virtual interrupts.
        const PROTECTED_VIRTUAL_INTERRUPTS = 1 << 1;
        /// TSD: RDTSC needs CPL 0.
        const TIME_STAMP_DISABLE = 1 << 2;
        /// DE: I/O breakpoints exist, and DR4 and DR5 do not.
        const DEBUGGING_EXTENSIONS = 1 << 3;
        /// PSE: 4 MB pages and reserved-bit checks. Must be 0 where page-table bit 7 means "message buffer".
        const PAGE_SIZE = 1 << 4;
        /// MCE: machine checks raise #MC.
        const MACHINE_CHECK = 1 << 6;
        /// MPE: page-table bit 7 means "message buffer". SCC only.
        const MESSAGE_PASSING = 1 << 11;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_value_is_caches_off_and_extension_type() {
        assert_eq!(Cr0::RESET.bits(), 0x6000_0010);
    }

    #[test]
    fn writable_bits_match_the_manual() {
        assert_eq!(Cr0::all().bits(), 0xE005_003F);
        assert_eq!(Cr4::all().bits(), 0x0000_085F);
    }

    #[test]
    fn directory_survives_truncation_and_excludes_the_flags() {
        let value = Cr3::from_bits_truncate(0x1234_5FFF);
        assert_eq!(value.bits(), 0x1234_5018);
        assert_eq!(value.directory(), 0x1234_5000);
    }
}
