//! `--rings`: reads the print rings that BareMichael programs keep in shared DRAM.
//!
//! As the host's tool does, but without writing the tail back: programs never look at it, and a run stays the
//! same whether it is watched or not. The rings are on MC0, in the slot that the default map shares. Source: SCC
//! reference §8.5.

use scc::address::PhysAddr;
use scc::host::ring;
use scc::id::CoreId;
use scc::lut::{BoardMemory, MemoryController};
use scc::tile::Requester;
use scc_emu::Machine;

/// Bytes read at once.
const QUADWORD: u32 = 8;

/// The host's place in each ring.
#[derive(Debug)]
pub(crate) struct Rings {
    board: BoardMemory,
    tails: [u32; CoreId::COUNT],
}

impl Rings {
    /// Begins at the start of every ring.
    pub(crate) fn new(board: BoardMemory) -> Self {
        Self { board, tails: [0; CoreId::COUNT] }
    }

    /// Bytes that cores added since the last call.
    pub(crate) fn poll(&mut self, machine: &Machine) -> Vec<(CoreId, Vec<u8>)> {
        let mut added = Vec::new();
        for core in CoreId::all() {
            let tail = self.tails[core.index()];
            let head = self.word(machine, ring::head(core));
            // A head outside the ring is memory that nobody has set up yet.
            if head == tail || head >= ring::BYTES {
                continue;
            }
            let data = ring::data(core);
            let bytes = if tail < head {
                self.bytes(machine, data, tail, head)
            } else {
                let mut bytes = self.bytes(machine, data, tail, ring::BYTES);
                bytes.extend(self.bytes(machine, data, 0, head));
                bytes
            };
            self.tails[core.index()] = head;
            added.push((core, bytes));
        }
        added
    }

    fn word(&self, machine: &Machine, at: PhysAddr) -> u32 {
        u32::try_from(self.peek(machine, at, 4)).expect("four bytes")
    }

    /// Bytes `from..to` of the ring that begins at `data`.
    fn bytes(&self, machine: &Machine, data: PhysAddr, from: u32, to: u32) -> Vec<u8> {
        let aligned = from - from % QUADWORD;
        let quadwords = (aligned..to).step_by(8).flat_map(|offset| {
            let value = self.peek(machine, data.wrapping_add(offset), QUADWORD).to_le_bytes();
            (offset..).zip(value)
        });
        quadwords.filter(|(offset, _)| (from..to).contains(offset)).map(|(_, byte)| byte).collect()
    }

    fn peek(&self, machine: &Machine, at: PhysAddr, bytes: u32) -> u64 {
        let entry = MemoryController::Mc0.entry(self.board.shared_extension());
        machine
            .fabric()
            .peek(entry.translate(at), bytes, Requester::SystemInterface)
            .expect("DRAM can always be read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(machine: &mut Machine, core: CoreId, at: PhysAddr, bytes: &[u8]) {
        machine.write_core_memory(core, at, bytes).unwrap();
    }

    #[test]
    fn new_bytes_are_read_across_the_end_of_the_ring() {
        for board in BoardMemory::ALL {
            let mut machine = Machine::builder().memory(board).poison(true).build();
            machine.default_luts(false);
            let core = CoreId::new(47).unwrap();
            let mut rings = Rings::new(board);
            assert_eq!(rings.poll(&machine), []);
            let data = ring::data(core);
            write(&mut machine, core, data, &vec![b'.'; 65536]);
            write(&mut machine, core, data, b"hello");
            write(&mut machine, core, ring::head(core), &5_u32.to_le_bytes());
            assert_eq!(rings.poll(&machine), [(core, b"hello".to_vec())]);
            assert_eq!(rings.poll(&machine), []);
            write(&mut machine, core, ring::head(core), &65533_u32.to_le_bytes());
            assert_eq!(rings.poll(&machine)[0].1.len(), 65528);
            write(&mut machine, core, data.wrapping_add(65533), b"wra");
            write(&mut machine, core, data, b"ps");
            write(&mut machine, core, ring::head(core), &2_u32.to_le_bytes());
            assert_eq!(rings.poll(&machine), [(core, b"wraps".to_vec())]);
        }
    }
}
