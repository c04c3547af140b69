//! What switches caching on and off, and the operations that follow from a change (SCC reference §2.3, §2.4,
//! §4.4, §4.5).

use super::Hierarchy;
use crate::diagnostics::FindingKind;

/// The switches. The default is the state after RESET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheControl {
    /// CR0.CD: no fills of L1 or L2; hits still count.
    pub cache_disable: bool,
    /// CR0.NW: with `cache_disable`, write hits stay in L1 whatever the page says.
    pub not_write_through: bool,
    /// TR12.CI: no fills of L1.
    pub l1_fill_inhibit: bool,
    /// L2CFG waydisable: L2 neither hits nor allocates and keeps its lines (U10).
    pub l2_way_disable: bool,
    /// GCBCFG RESL2: L2 is emptied without write-back and absent while set (U09).
    pub l2_reset: bool,
    /// L2CFG stopl2ccclk or stopl2arrayclk: L2 is absent and keeps its lines (U33).
    pub l2_clock_stopped: bool,
}

impl Default for CacheControl {
    fn default() -> Self {
        Self {
            cache_disable: true,
            not_write_through: true,
            l1_fill_inhibit: false,
            l2_way_disable: false,
            l2_reset: false,
            l2_clock_stopped: false,
        }
    }
}

impl CacheControl {
    /// Whether L2 takes part in accesses.
    pub(super) const fn l2_is_present(self) -> bool {
        !(self.l2_way_disable || self.l2_reset || self.l2_clock_stopped)
    }

    /// Whether L1 takes no new lines.
    pub(super) const fn l1_is_closed(self) -> bool {
        self.cache_disable || self.l1_fill_inhibit
    }

    /// Whether every write hit stays in L1.
    pub(super) const fn writes_stay(self) -> bool {
        self.cache_disable && self.not_write_through
    }
}

impl Hierarchy {
    /// Returns the switches in force.
    #[must_use]
    pub const fn control(&self) -> CacheControl {
        self.control
    }

    /// Sets the switches. Setting `l2_reset` empties L2 at once; disabling L2 with dirty lines in it warns.
    pub fn set_control(&mut self, control: CacheControl) {
        let old = std::mem::replace(&mut self.control, control);
        if control.l2_reset && !old.l2_reset {
            self.l2.invalidate_all();
        }
        let disabled_now = control.l2_way_disable && !old.l2_way_disable;
        if disabled_now && let Some(dirty) = self.l2.find_dirty(|_| true) {
            self.warn(FindingKind::L2DisabledWithDirtyLines, dirty.start());
        }
    }

    /// RESET: L1 lost, write-combining buffer emptied (U17), memory unit idle, switches of the core as after
    /// reset. L2 has its own reset. INIT changes nothing here.
    pub fn reset(&mut self) {
        self.l1_data.invalidate_all();
        self.l1_code.invalidate_all();
        self.write_combine.clear();
        self.unit = super::MemoryUnit::new();
        self.locked = None;
        self.control = CacheControl {
            cache_disable: true,
            not_write_through: true,
            l1_fill_inhibit: false,
            ..self.control
        };
    }
}
