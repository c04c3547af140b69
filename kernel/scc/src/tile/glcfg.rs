//! Core configuration register, one per core: its input pins, and events it has signalled.
//!
//! ```text
//! [11:0]  pins, read and write          [17:12], [20], [21]  latched events; any write resets them
//! [25:22] breakpoint pins, live         [18], [19]           live states
//! ```
//!
//! Names ending in `_n` are active low: the pin does its work while the bit is 0. Facts: SCC reference §4.3.

use bitfield_struct::bitfield;

/// Value of a core configuration register.
#[bitfield(u32)]
#[derive(PartialEq, Eq, Hash)]
pub struct Glcfg {
    /// NMI pin, wired to LINT1 of the local APIC.
    pub nmi: bool,
    /// INTR pin, wired to LINT0 of the local APIC.
    pub interrupt: bool,
    /// INIT pin: soft reset that keeps caches, model-specific registers and FPU.
    pub init: bool,
    /// FLUSH# pin: 0 writes L1 back and invalidates it.
    pub flush_n: bool,
    /// IGNNE# pin: 0 ignores FPU errors, 1 freezes on them.
    pub ignore_numeric_error_n: bool,
    /// R/S# pin: 0 stops the core in probe mode.
    pub run_stop_n: bool,
    /// STPCLK# pin: 0 stops the core's clock.
    pub stop_clock_n: bool,
    /// SMI# pin: 0 requests a system management interrupt.
    pub smi_n: bool,
    /// A20M# pin: 0 masks address bit 20.
    pub a20_mask_n: bool,
    /// CPUTYP: dual-processor mode, untested by the vendor.
    pub dual_processor: bool,
    /// APICEN of core 0; counts in the register of core 0.
    pub apic_enable_core0: bool,
    /// APICEN of core 1; counts in the register of core 1.
    pub apic_enable_core1: bool,
    /// BTRCMSG: branch trace message seen. Latched.
    pub branch_trace_seen: bool,
    /// FLUSHACK: flush-acknowledge cycle seen. Latched.
    pub flush_acknowledge_seen: bool,
    /// WRBACK: write-back special cycle seen (WBINVD). Latched.
    pub write_back_seen: bool,
    /// HALT: halt special cycle seen (HLT). Latched.
    pub halt_seen: bool,
    /// FLUSHC: flush special cycle seen (INVD, WBINVD). Latched.
    pub flush_seen: bool,
    /// SHUTDOWN: shutdown cycle seen (triple fault). Latched.
    pub shutdown_seen: bool,
    /// SMIACT#: 0 while in system management mode. Live.
    pub smi_active_n: bool,
    /// PRDY: in probe mode. Live.
    pub probe_ready: bool,
    /// FERR#: 0 once an FPU error was signalled. Latched.
    pub fpu_error_n: bool,
    /// IERR#: 0 once an internal error was signalled. Latched.
    pub internal_error_n: bool,
    /// BP3 to BP0: breakpoint and performance-monitor pins. Live.
    #[bits(4)]
    pub breakpoint_pins: u8,
    #[bits(6)]
    __: u8,
}

impl Glcfg {
    /// Contents after a hard reset.
    pub const RESET: Self = Self::from_bits(0x0034_0DF8);

    /// Contents after `sccReset -g` wrote its default: bit 15 of the written word is not stored.
    pub const SOFTWARE_DEFAULT: u32 = 0x0034_8DF8;

    /// Bits a write stores: the pins.
    pub const CONTROL_MASK: u32 = 0x0000_0FFF;

    /// Latched event bits, which any write resets.
    pub const LATCHED_MASK: u32 = 0x0033_F000;

    /// Value of the latched bits after a write: no event seen, error pins inactive.
    pub const LATCHED_IDLE: u32 = 0x0030_0000;

    /// Register after a write of `value`: pins stored, latched bits reset, live bits unchanged.
    pub const fn written(self, value: u32) -> Self {
        let live = self.into_bits() & !(Self::CONTROL_MASK | Self::LATCHED_MASK);
        Self::from_bits(live | Self::LATCHED_IDLE | value & Self::CONTROL_MASK)
    }

    /// Whether core `z` of the tile finds its local APIC enabled by its own register.
    ///
    /// Unverified: that each core looks at its own bit of its own register only; clearing one bit on silicon
    /// and reading CPUID on both cores would tell.
    pub const fn apic_enabled(self, z: u8) -> bool {
        if z & 1 == 0 { self.apic_enable_core0() } else { self.apic_enable_core1() }
    }
}

#[cfg(test)]
mod tests {
    use super::Glcfg;

    #[test]
    fn reset_value_has_all_active_low_pins_inactive() {
        let reset = Glcfg::RESET;
        assert!(!reset.nmi() && !reset.interrupt() && !reset.init());
        assert!(reset.flush_n() && reset.ignore_numeric_error_n() && reset.run_stop_n());
        assert!(reset.stop_clock_n() && reset.smi_n() && reset.a20_mask_n());
        assert!(!reset.dual_processor() && reset.apic_enabled(0) && reset.apic_enabled(1));
        assert!(reset.smi_active_n() && reset.fpu_error_n() && reset.internal_error_n());
        assert_eq!(reset.breakpoint_pins(), 0);
    }

    #[test]
    fn status_bits_sit_where_the_specification_puts_them() {
        assert_eq!(Glcfg::new().with_halt_seen(true).into_bits(), 1 << 15);
        assert_eq!(
            Glcfg::new().with_write_back_seen(true).with_flush_seen(true).into_bits(),
            1 << 14 | 1 << 16
        );
        assert_eq!(Glcfg::new().with_probe_ready(true).into_bits(), 1 << 19);
        assert_eq!(Glcfg::new().with_breakpoint_pins(0xF).into_bits(), 0xF << 22);
    }

    #[test]
    fn any_write_resets_latched_events_and_keeps_live_states() {
        let eventful = Glcfg::RESET.with_halt_seen(true).with_fpu_error_n(false).with_probe_ready(true);
        let written = eventful.written(0xFFFF_F0F9);
        assert_eq!(written, Glcfg::RESET.with_probe_ready(true).written(0x0F9));
        assert!(!written.halt_seen() && written.fpu_error_n() && written.probe_ready());
        assert!(written.nmi());
    }
}
