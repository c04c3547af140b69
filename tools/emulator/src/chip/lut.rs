//! The LUTs of all cores, each entry kept together with what it means.
//!
//! An entry is decoded when it is written, so translating an access is one array look-up.
//!
//! Source: SCC reference §3.1, §3.5 (U24, (U26), (U27)).

use scc::address::{LutIndex, PhysAddr, SystemAddr};
use scc::fpga;
use scc::id::{CoreId, TileId};
use scc::lut::{LutEntry, MemoryController, SubDestination};

/// The agent behind a system address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agent {
    /// A memory controller.
    Memory(MemoryController),
    /// Message buffer of a tile.
    Mpb(TileId),
    /// Configuration registers of a tile.
    Crb(TileId),
    /// System interface and FPGA.
    Fpga,
    /// Voltage regulator controller.
    Regulator,
    /// Nobody: requests are never answered.
    Nobody,
}

impl Agent {
    /// The agent at a port of a tile.
    pub(crate) const fn at(route: u8, sub: SubDestination) -> Self {
        let Some(tile) = TileId::from_route(route) else { return Self::Nobody };
        if let Some(controller) = MemoryController::at(route, sub) {
            return Self::Memory(controller);
        }
        match sub {
            SubDestination::Crb => Self::Crb(tile),
            SubDestination::Mpb => Self::Mpb(tile),
            SubDestination::South if tile.number() == fpga::TILE.number() => Self::Fpga,
            SubDestination::South if tile.number() == scc::vrc::TILE.number() => Self::Regulator,
            _ => Self::Nobody,
        }
    }

    /// The tile the agent is, or whose router it hangs on.
    pub(crate) const fn tile(self) -> Option<TileId> {
        match self {
            Self::Memory(controller) => Some(controller.tile()),
            Self::Mpb(tile) | Self::Crb(tile) => Some(tile),
            Self::Fpga => Some(fpga::TILE),
            Self::Regulator => Some(scc::vrc::TILE),
            Self::Nobody => None,
        }
    }
}

/// What the bypass bit of an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bypass {
    /// The bit is clear.
    Off,
    /// Set, for the own tile's message buffer.
    OwnBuffer,
    /// Set for anything else; the bit is ignored (U27).
    Misused,
}

/// One LUT entry, decoded for the core it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The register's contents.
    pub(crate) entry: LutEntry,
    /// Who answers.
    pub(crate) agent: Agent,
    /// Meaning of the bypass bit.
    pub(crate) bypass: Bypass,
    /// Manhattan distance from the core's tile to the agent's.
    pub(crate) hops: u32,
}

impl Window {
    fn decode(core: CoreId, entry: LutEntry) -> Self {
        let agent = Agent::at(entry.route(), entry.sub_destination());
        let bypass = match (entry.bypass(), agent) {
            (false, _) => Bypass::Off,
            (true, Agent::Mpb(tile)) if tile == core.tile() => Bypass::OwnBuffer,
            (true, _) => Bypass::Misused,
        };
        let hops = agent.tile().map_or(0, |tile| core.tile().coord().hops_to(tile.coord()));
        Self { entry, agent, bypass, hops }
    }

    /// The 34-bit address at the agent.
    #[inline]
    pub(crate) fn address(&self, at: PhysAddr) -> u64 {
        self.entry.translate(at).address
    }
}

/// All LUTs.
pub(crate) struct Luts {
    windows: Vec<[Window; LutIndex::COUNT]>,
}

impl Luts {
    /// Every entry as after a hard reset: no agent (U26).
    pub(crate) fn new() -> Self {
        Self {
            windows: CoreId::all()
                .map(|core| [Window::decode(core, LutEntry::RESET); LutIndex::COUNT])
                .collect(),
        }
    }

    /// The window an address of a core falls in.
    #[inline]
    pub(crate) fn window(&self, core: CoreId, at: PhysAddr) -> &Window {
        &self.windows[core.index()][at.lut_index().index()]
    }

    /// The system address of a core physical address.
    pub(crate) fn translate(&self, core: CoreId, at: PhysAddr) -> SystemAddr {
        self.window(core, at).entry.translate(at)
    }

    /// An entry as the register reads.
    pub(crate) fn entry(&self, core: CoreId, index: LutIndex) -> LutEntry {
        self.windows[core.index()][index.index()].entry
    }

    /// Replaces an entry; `true` if that changed it.
    pub(crate) fn set(&mut self, core: CoreId, index: LutIndex, entry: LutEntry) -> bool {
        let window = &mut self.windows[core.index()][index.index()];
        let changed = window.entry != entry;
        *window = Window::decode(core, entry);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scc::lut::{BoardMemory, default_entry};

    fn core(number: u8) -> CoreId {
        CoreId::new(number).expect("core number")
    }

    fn with_default_map(number: u8) -> Luts {
        let mut luts = Luts::new();
        for index in LutIndex::all() {
            if let Some(entry) = default_entry(BoardMemory::Gb32, core(number), index) {
                luts.set(core(number), index, entry);
            }
        }
        luts
    }

    /// The worked examples of SCC reference §3.4; checklist 9 and 13.
    #[test]
    fn addresses_reach_the_agents_of_the_worked_examples() {
        let examples = [
            (0, 0x0010_0000, Agent::Memory(MemoryController::Mc0), 0x0010_0000),
            (1, 0x0010_0000, Agent::Memory(MemoryController::Mc0), 0x2910_0000),
            (47, 0xFFFF_FFF0, Agent::Memory(MemoryController::Mc3), 0x1_FFFF_FFF0),
            (0, 0xFFFF_FFF0, Agent::Memory(MemoryController::Mc0), 0x1_F4FF_FFF0),
            (20, 0x8100_0040, Agent::Memory(MemoryController::Mc1), 0x1_EC00_0040),
            (20, 0xF900_8224, Agent::Fpga, 0x1_0000_8224),
            (20, 0xFA00_0000, Agent::Fpga, 0x2_0000_0000),
            (20, 0xE100_0200, Agent::Crb(TileId::new(1).expect("tile")), 0x200),
            (20, 0xC700_2010, Agent::Mpb(TileId::new(7).expect("tile")), 0x2010),
            (10, 0xD800_0000, Agent::Mpb(TileId::new(5).expect("tile")), 0),
            (13, 0xF800_17F8, Agent::Crb(TileId::new(6).expect("tile")), 0x17F8),
            (20, 0xFB00_0000, Agent::Regulator, 0),
        ];
        for (number, physical, agent, address) in examples {
            let luts = with_default_map(number);
            let window = luts.window(core(number), PhysAddr::new(physical));
            assert_eq!(window.agent, agent, "core {number} {physical:#x}");
            assert_eq!(window.address(PhysAddr::new(physical)), address);
        }
    }

    #[test]
    fn ports_without_an_agent_lead_nowhere() {
        for (route, sub) in [
            (0x12, SubDestination::East),
            (0x03, SubDestination::North),
            (0x00, SubDestination::Core0),
            (0x02, SubDestination::South),
            (0x06, SubDestination::Mpb),
            (0x40, SubDestination::Crb),
        ] {
            assert_eq!(Agent::at(route, sub), Agent::Nobody, "{route:#x} {sub}");
        }
        let luts = Luts::new();
        assert_eq!(luts.window(core(3), PhysAddr::new(0)).agent, Agent::Nobody);
    }

    #[test]
    fn bypass_is_for_the_own_message_buffer() {
        let own = LutEntry::new(true, 0x11, SubDestination::Mpb, 0);
        assert_eq!(Window::decode(core(14), own).bypass, Bypass::OwnBuffer);
        assert_eq!(Window::decode(core(12), own).bypass, Bypass::Misused);
        assert_eq!(Window::decode(core(14), MemoryController::Mc0.base_entry()).bypass, Bypass::Off);
    }
}
