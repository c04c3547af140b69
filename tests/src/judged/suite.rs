//! Cases in as many ROMs as they need.

use super::case::Case;
use super::monitor::Result;
use super::volume::{Rom, Volume};
use i586::segment::Descriptor;
use iced_x86::code_asm::CodeAssembler;

/// Cases that belong together.
pub struct Suite {
    full: Vec<Rom>,
    current: Volume,
}

impl Default for Suite {
    fn default() -> Self {
        Suite::new()
    }
}

impl Suite {
    /// A suite without cases.
    #[must_use]
    pub fn new() -> Self {
        Suite { full: Vec::new(), current: Volume::new() }
    }

    /// Adds a case; `describe` says what it begins with and what it probes.
    ///
    /// # Panics
    /// If its instructions cannot be encoded.
    pub fn case(&mut self, name: impl Into<String>, describe: impl FnOnce(&mut Case) -> Result) {
        self.room().add(name.into(), None, describe);
    }

    /// Adds a matrix: a probe that is run with every kind of descriptor at [`super::layout::selector::FREE`], its
    /// selector in EAX, in each of the rings. `template` gives the descriptor's base, limit, G and D/B; `rows` is
    /// the set of types, S being bit 4.
    ///
    /// For far transfers there are a far pointer to the probe's end at [`super::layout::DATA`] and the data
    /// selector of the selector's RPL 8 bytes behind it.
    ///
    /// # Panics
    /// If its instructions cannot be encoded.
    pub fn matrix(
        &mut self,
        name: &str,
        template: Descriptor,
        rows: u32,
        probe: impl Fn(&mut CodeAssembler) -> Result,
    ) {
        for ring in 0..4 {
            let name = format!("{name}, ring {ring}, type ");
            self.room().add(name, Some((template, rows)), |case| case.ring(ring).probe(&probe));
        }
    }

    /// The ROM that takes the next case.
    fn room(&mut self) -> &mut Volume {
        if !self.current.has_room() {
            self.full.push(std::mem::replace(&mut self.current, Volume::new()).rom());
        }
        &mut self.current
    }

    /// The ROMs, at least one.
    pub(super) fn roms(mut self) -> Vec<Rom> {
        self.full.push(self.current.rom());
        self.full
    }
}
