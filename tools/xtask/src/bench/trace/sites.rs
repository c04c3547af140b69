//! Places in a kernel's code that write records.

use std::path::Path;

use scc_image::{KernelFile, readable_name};
use trace_format::RING_SYMBOL;
use trace_format::ring::WRITTEN_OFFSET;

use crate::bench::BenchError;

/// XADD with a register and a constant address: opcode, and the bits of the second byte that say so.
const XADD: [u8; 2] = [0x0F, 0xC1];
const REGISTER_FIELD: u8 = 0b0011_1000;
const CONSTANT_ADDRESS: u8 = 0b0000_0101;

/// Where records are written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sites {
    /// How many places there are.
    pub(super) count: usize,
    /// Functions that have them.
    pub(super) functions: Vec<String>,
}

impl Sites {
    /// Finds the instructions that take the number of a record.
    pub(super) fn of(kernel: &Path) -> Result<Self, BenchError> {
        let bytes =
            std::fs::read(kernel).map_err(|source| BenchError::File { path: kernel.to_owned(), source })?;
        let file =
            KernelFile::parse(&bytes).map_err(|error| BenchError::Elf { path: kernel.to_owned(), error })?;
        let no_ring = BenchError::NoCounts { reason: "the kernel has no trace ring" };
        let ring = file.symbol(RING_SYMBOL).ok_or(no_ring)?;
        let counter = ring + u32::try_from(WRITTEN_OFFSET).expect("it is below 32");
        let mut sites = Self { count: 0, functions: Vec::new() };
        for segment in &file.segments {
            for offset in places(&segment.bytes, counter) {
                let address =
                    segment.virtual_address + u32::try_from(offset).expect("a segment is below 4 GB");
                let function = file
                    .functions
                    .iter()
                    .find(|function| (function.address..function.address + function.size).contains(&address));
                let name = function
                    .map_or_else(|| format!("{address:#010x}"), |function| readable_name(&function.name));
                sites.count += 1;
                if !sites.functions.contains(&name) {
                    sites.functions.push(name);
                }
            }
        }
        sites.functions.sort();
        Ok(sites)
    }
}

/// Offsets of the instruction with this constant address.
fn places(code: &[u8], address: u32) -> impl Iterator<Item = usize> {
    let is_there = move |window: &[u8]| {
        window[..2] == XADD
            && window[2] & !REGISTER_FIELD == CONSTANT_ADDRESS
            && window[3..] == address.to_le_bytes()
    };
    code.windows(7).enumerate().filter(move |(_, window)| is_there(window)).map(|(offset, _)| offset)
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn instruction_is_found_with_any_register_and_with_its_address_only() {
        // xadd [0xF0123450], ecx; xadd [0xF0123454], eax; xadd [eax + 0xF0123450], eax
        let code = [
            0x90, 0x0F, 0xC1, 0x0D, 0x50, 0x34, 0x12, 0xF0, 0x0F, 0xC1, 0x05, 0x54, 0x34, 0x12, 0xF0, 0x0F,
            0xC1, 0x80, 0x50, 0x34, 0x12, 0xF0,
        ];
        assert_eq!(places(&code, 0xF012_3450).collect::<Vec<_>>(), [1]);
        assert_eq!(places(&code, 0xF012_3454).collect::<Vec<_>>(), [8]);
    }
}
