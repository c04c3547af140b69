//! Reads of a device register through an uncached mapping: the tile's own identity on the SCC, the version of the
//! local APIC on a PC. Both always read the same.
#![expect(unsafe_code, reason = "the register lies at a fixed address")]

use core::ptr::with_exposed_provenance;

use i586::apic::{self, ApicRegister};
use scc::map;
use scc::tile::TileRegister;

use super::paging;
use super::parameters::Machine;

/// Reads per round.
const READS: u32 = 1_000;

/// Reads over and over; the checksum counts the reads that agree with the first.
pub(super) fn run(rounds: u32, seed: u32, machine: Machine) -> u32 {
    let address = match machine {
        Machine::Scc => map::OWN_CRB.get() + TileRegister::MyTileId.offset(),
        Machine::Pc => apic::BASE + ApicRegister::Version.offset(),
    };
    paging::enable();
    paging::map_uncached(address);
    let register = with_exposed_provenance::<u32>(address as usize);
    // SAFETY: the register is mapped, aligned and without side effects.
    let read = || unsafe { register.read_volatile() };
    let first = read();
    let mut checksum = seed;
    for _ in 0..rounds {
        for _ in 0..READS {
            checksum = checksum.rotate_left(1) ^ (read() ^ first ^ 1);
        }
    }
    checksum
}
