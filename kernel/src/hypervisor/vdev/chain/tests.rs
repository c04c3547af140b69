//! Chains in a table of eight descriptors at 0x1000, whole and broken.

use std::vec::Vec;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::hypervisor::guest_memory::OutsideMemory;
use crate::hypervisor::host_memory::HostMemory;

const MEMORY: u32 = 0x8000;
const PLACE: u32 = 0x1000;
const TABLE: Table =
    Table { place: GuestPhysAddr::new(PLACE), entries: 8, indirect: IndirectTables::Allowed };

/// Address, length, flags, next.
type Descriptor = (u64, u32, u16, u16);

fn put(memory: &HostMemory, table: u32, descriptors: &[Descriptor]) {
    for (index, (address, length, flags, next)) in (0..).zip(descriptors) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&address.to_le_bytes());
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        bytes[12..14].copy_from_slice(&flags.to_le_bytes());
        bytes[14..].copy_from_slice(&next.to_le_bytes());
        memory.write(GuestPhysAddr::new(table + 16 * index), &bytes).unwrap();
    }
}

fn walk(descriptors: &[Descriptor]) -> Result<Chain, Fault> {
    let memory = HostMemory::new(MEMORY);
    put(&memory, PLACE, descriptors);
    Chain::walk(&memory, TABLE, 0)
}

#[test]
fn buffers_are_read_and_written_as_one() {
    let memory = HostMemory::new(MEMORY);
    put(
        &memory,
        PLACE,
        &[(0x4000, 3, 1, 3), (0, 0, 0, 0), (0x6000, 2, 3, 4), (0x5000, 2, 1, 2), (0x7000, 5, 2, 0)],
    );
    memory.write(GuestPhysAddr::new(0x4000), b"abc").unwrap();
    memory.write(GuestPhysAddr::new(0x5000), b"de").unwrap();
    let chain = Chain::walk(&memory, TABLE, 0).unwrap();
    assert_eq!((chain.head(), chain.readable(), chain.writable()), (0, 5, 7));
    let read = |offset, length| {
        let mut bytes = std::vec![0; length];
        chain.read(&memory, offset, &mut bytes).map(|()| bytes)
    };
    assert_eq!(read(0, 5).unwrap(), b"abcde");
    assert_eq!(read(2, 2).unwrap(), b"cd");
    assert_eq!(read(5, 0).unwrap(), b"");
    assert_eq!(read(4, 2), Err(Fault::RequestEnds { bytes: 5, needed: 6 }));
    assert_eq!(read(u32::MAX, 2), Err(Fault::RequestEnds { bytes: 5, needed: u32::MAX }));
    chain.write(&memory, 1, b"12345").unwrap();
    assert_eq!(memory.read_array(GuestPhysAddr::new(0x6000)), Ok(*b"\x001\0"));
    assert_eq!(memory.read_array(GuestPhysAddr::new(0x7000)), Ok(*b"2345\0\0"));
    assert_eq!(chain.write(&memory, 3, b"12345"), Err(Fault::RequestEnds { bytes: 7, needed: 8 }));
}

#[test]
fn loops_end() {
    assert_eq!(walk(&[(0, 1, 1, 0)]), Err(Fault::Loop));
    assert_eq!(walk(&[(0, 1, 1, 1), (0, 1, 1, 2), (0, 1, 1, 1)]), Err(Fault::Loop));
}

#[test]
fn chain_of_the_whole_table_is_no_loop() {
    let descriptors: Vec<_> = (1..=8).map(|next| (0x4000, 1, u16::from(next < 8), next)).collect();
    assert_eq!(walk(&descriptors).map(|chain| chain.readable()), Ok(8));
}

#[test]
fn wrong_descriptors_are_refused() {
    let outside = |first, bytes| Fault::Memory(OutsideMemory { first: GuestPhysAddr::new(first), bytes });
    for (descriptors, fault) in [
        (&[(0, 1, 1, 8)][..], Fault::Descriptor { index: 8, entries: 8 }),
        (&[(0x7FFF, 2, 0, 0)], outside(0x7FFF, 2)),
        (&[(0xFFFF_FFFF, 2, 0, 0)], outside(u32::MAX, 2)),
        (&[(0x1_0000_0000, 1, 0, 0)], Fault::BufferPlace { address: 0x1_0000_0000, bytes: 1 }),
        (&[(0, 1, 3, 1), (0, 1, 0, 0)], Fault::Order),
        (&[(0, 16, 5, 1)], Fault::Indirect),
        (&[(0x2000, 0, 4, 0)], Fault::IndirectBytes(0)),
        (&[(0x2000, 17, 4, 0)], Fault::IndirectBytes(17)),
        (&[(0x2000, 0x10_0000, 4, 0)], Fault::IndirectBytes(0x10_0000)),
        (&[(0x7FF8, 16, 4, 0)], outside(0x7FF8, 16)),
        (&[(0x1_0000_2000, 16, 4, 0)], Fault::BufferPlace { address: 0x1_0000_2000, bytes: 16 }),
        (&[(0xFFFF_FFF8, 16, 4, 0)], Fault::BufferPlace { address: 0xFFFF_FFF8, bytes: 16 }),
    ] {
        assert_eq!(walk(descriptors), Err(fault), "{descriptors:?}");
    }
    assert_eq!(
        Chain::walk(&HostMemory::new(MEMORY), TABLE, 8),
        Err(Fault::Descriptor { index: 8, entries: 8 })
    );
    let outside_table = Table { place: GuestPhysAddr::new(MEMORY), ..TABLE };
    let fault = Chain::walk(&HostMemory::new(MEMORY), outside_table, 0);
    assert_eq!(fault, Err(outside(MEMORY, 16)));
}

#[test]
fn indirect_table_continues_a_chain_and_must_be_negotiated() {
    let memory = HostMemory::new(MEMORY);
    put(&memory, PLACE, &[(0x4000, 1, 1, 1), (0x2000, 48, 4 | 2, 0)]);
    put(&memory, 0x2000, &[(0x4001, 2, 1, 2), (0x4007, 8, 2, 0), (0x4003, 4, 3, 1)]);
    let chain = Chain::walk(&memory, TABLE, 0).unwrap();
    assert_eq!((chain.readable(), chain.writable()), (3, 12));
    let forbidden = Table { indirect: IndirectTables::Forbidden, ..TABLE };
    assert_eq!(Chain::walk(&memory, forbidden, 0), Err(Fault::Indirect));
    put(&memory, 0x2000, &[(0x2000, 16, 4, 0)]);
    assert_eq!(Chain::walk(&memory, TABLE, 0), Err(Fault::Indirect));
    put(&memory, 0x2000, &[(0x4000, 1, 1, 3)]);
    assert_eq!(Chain::walk(&memory, TABLE, 0), Err(Fault::Descriptor { index: 3, entries: 3 }));
}

#[test]
fn chains_have_a_largest_number_of_buffers() {
    let memory = HostMemory::new(MEMORY);
    let table = |entries: u16| {
        put(&memory, PLACE, &[(0x2000, 16 * u32::from(entries), 4, 0)]);
        let descriptors: Vec<_> =
            (1..=entries).map(|next| (0x4000, 1, u16::from(next < entries), next)).collect();
        put(&memory, 0x2000, &descriptors);
        Chain::walk(&memory, TABLE, 0).map(|chain| chain.readable())
    };
    assert_eq!(table(32), Ok(32));
    assert_eq!(table(33), Err(Fault::ChainTooLong));
}

#[test]
fn lengths_that_add_up_to_more_than_memory_can_have_are_refused() {
    let memory = HostMemory::new(0x800_0000);
    put(&memory, PLACE, &[(0x2000, 16 * 32, 4, 0)]);
    let mut descriptors: Vec<_> = (1..=32).map(|next| (0, 0x800_0000, u16::from(next < 32), next)).collect();
    put(&memory, 0x2000, &descriptors);
    assert_eq!(Chain::walk(&memory, TABLE, 0), Err(Fault::ChainBytes));
    descriptors[31].1 -= 1;
    put(&memory, 0x2000, &descriptors);
    assert_eq!(Chain::walk(&memory, TABLE, 0).map(|chain| chain.readable()), Ok(u32::MAX));
}

proptest! {
    /// Any table: the walk ends, and what it accepts lies in memory and adds up.
    #[test]
    fn any_table_is_refused_or_usable(
        words in proptest::collection::vec(any::<u32>(), 32 * 4),
        plain in any::<bool>(),
    ) {
        let memory = HostMemory::new(MEMORY);
        let descriptors: Vec<Descriptor> = words
            .chunks(4)
            .map(|words| {
                let address = u64::from(if plain { words[0] % MEMORY } else { words[0] });
                let [flags, next] = [words[2] & if plain { 7 } else { 0xFFFF }, words[3] % 9];
                (address, words[1] % 64, flags.try_into().unwrap(), next.try_into().unwrap())
            })
            .collect();
        put(&memory, PLACE, &descriptors);
        put(&memory, 0x2000, &descriptors);
        if let Ok(chain) = Chain::walk(&memory, TABLE, 0) {
            prop_assert!(chain.count <= SEGMENTS_MAX);
            let sum = |segments: &[Segment]| segments.iter().map(|segment| segment.bytes).sum::<u32>();
            prop_assert_eq!(sum(&chain.segments[..chain.read_count]), chain.readable());
            prop_assert_eq!(sum(&chain.segments[chain.read_count..chain.count]), chain.writable());
            let mut bytes = std::vec![0; chain.readable() as usize];
            prop_assert!(chain.read(&memory, 0, &mut bytes).is_ok());
            let bytes = std::vec![0; chain.writable() as usize];
            prop_assert!(chain.write(&memory, 0, &bytes).is_ok());
        }
    }
}
