//! The guests of a board and their terminals: who can be typed at.

use scc::id::CoreId;
use scc_boot::TerminalLink;
use scc_emu::{HostAccessError, Machine};
use scc_image::{CoreList, GuestImage, KernelFile};

/// A guest of a core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The core.
    pub(crate) core: CoreId,
    /// Number in the core's list.
    pub(crate) number: u8,
    /// Its name.
    pub(crate) name: String,
}

/// All guests of the board, by ascending cores, and a terminal for each core.
#[derive(Debug)]
pub(crate) struct Seats {
    seats: Vec<Seat>,
    links: Vec<TerminalLink>,
}

impl Seats {
    /// Those of `cores`, each of which runs all `guests`; none if the kernel has no terminal.
    pub(crate) fn new(kernel: &KernelFile, cores: &CoreList, guests: &[GuestImage]) -> Self {
        let mut seats = Seats { seats: Vec::new(), links: Vec::new() };
        if guests.is_empty() {
            return seats;
        }
        for core in cores.iter() {
            seats.links.extend(TerminalLink::new(kernel, core));
            if seats.links.last().is_some_and(|link| link.core() == core) {
                let seat =
                    |(guest, number): (&GuestImage, u8)| Seat { core, number, name: guest.name.clone() };
                seats.seats.extend(guests.iter().zip(0..).map(seat));
            }
        }
        seats
    }

    /// Whether nobody can be typed at.
    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// The guests.
    pub(crate) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The terminal of the core of a guest.
    pub(crate) fn link(&mut self, seat: usize) -> &mut TerminalLink {
        let core = self.seats[seat].core;
        self.links.iter_mut().find(|link| link.core() == core).expect("each guest's core has a terminal")
    }

    /// All terminals.
    pub(crate) fn links(&mut self) -> impl Iterator<Item = &mut TerminalLink> {
        self.links.iter_mut()
    }

    /// Hands on what was typed; the answer says whether anything was.
    pub(crate) fn pump(&mut self, machine: &mut Machine) -> Result<bool, HostAccessError> {
        let mut any = false;
        for link in &mut self.links {
            any |= link.pump(machine)?;
        }
        Ok(any)
    }
}
