//! A queue of four entries: what it takes and gives back, and where it must not lie.

use std::vec::Vec;

use super::*;
use crate::hypervisor::guest_memory::OutsideMemory;
use crate::hypervisor::host_memory::HostMemory;

const PLACES: QueuePlaces = QueuePlaces { descriptors: 0x1000, available: 0x2000, used: 0x3000 };

fn queue() -> (HostMemory, Virtqueue) {
    let queue = Virtqueue::new(PLACES, 4, 8, IndirectTables::Forbidden).unwrap();
    (HostMemory::new(0x4000), queue)
}

/// Sets the available ring: flags, index, entries.
fn available(memory: &HostMemory, words: [u16; 6]) {
    memory.write(GuestPhysAddr::new(0x2000), words.map(u16::to_le_bytes).as_flattened()).unwrap();
}

fn used(memory: &HostMemory) -> Vec<u32> {
    let bytes: [u8; 36] = memory.read_array(GuestPhysAddr::new(0x3000)).unwrap();
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

#[test]
fn chains_are_taken_in_the_order_of_the_ring_and_given_back_in_any() {
    let (memory, mut queue) = queue();
    available(&memory, [0, 3, 2, 0, 3, 9]);
    let heads: Vec<_> =
        std::iter::from_fn(|| queue.take(&memory).unwrap()).map(|chain| chain.head()).collect();
    assert_eq!(heads, [2, 0, 3]);
    assert_eq!(queue.give_back(&memory, 0, 5), Ok(Interrupt::Wanted));
    available(&memory, [1, 3, 2, 0, 3, 9]);
    assert_eq!(queue.give_back(&memory, 2, 6), Ok(Interrupt::Unwanted));
    assert_eq!(used(&memory), [0x2_0000, 0, 5, 2, 6, 0, 0, 0, 0]);
}

#[test]
fn indices_wrap_at_65536() {
    let (memory, mut queue) = queue();
    for round in 0..=0xFFFF_u16 {
        let next = round.wrapping_add(1);
        available(&memory, [0, next, 0, 1, 2, 3]);
        let chain = queue.take(&memory).unwrap().unwrap();
        assert_eq!(chain.head(), round % 4);
        queue.give_back(&memory, chain.head(), 0).unwrap();
        assert_eq!(used(&memory)[0], u32::from(next) << 16);
    }
    assert_eq!(queue.take(&memory), Ok(None));
}

#[test]
fn more_than_the_ring_holds_and_unknown_heads_are_refused() {
    let (memory, mut queue) = queue();
    available(&memory, [0, 5, 0, 0, 0, 0]);
    assert_eq!(queue.take(&memory), Err(Fault::AvailableIndex { index: 5, taken: 0, size: 4 }));
    available(&memory, [0, 0xFFFF, 0, 0, 0, 0]);
    assert_eq!(queue.take(&memory), Err(Fault::AvailableIndex { index: 0xFFFF, taken: 0, size: 4 }));
    available(&memory, [0, 1, 4, 0, 0, 0]);
    assert_eq!(queue.take(&memory), Err(Fault::Descriptor { index: 4, entries: 4 }));
}

#[test]
fn sizes_and_places_are_checked() {
    let new = |places, size| Virtqueue::new(places, size, 8, IndirectTables::Forbidden).err();
    for size in [0, 3, 16, 0x1_0004] {
        assert_eq!(new(PLACES, size), Some(Fault::QueueSize(size)));
    }
    let misplaced = |address, alignment| Some(Fault::QueuePlace { address, alignment });
    for address in [0x1008, 0x1_0000_0000, 0xFFFF_FFC0] {
        assert_eq!(new(QueuePlaces { descriptors: address, ..PLACES }, 4), misplaced(address, 16));
    }
    for address in [0x2001, 0x1_0000_2000, 0xFFFF_FFF4] {
        assert_eq!(new(QueuePlaces { available: address, ..PLACES }, 4), misplaced(address, 2));
    }
    for address in [0x3002, 0x1_0000_3000, 0xFFFF_FFDC] {
        assert_eq!(new(QueuePlaces { used: address, ..PLACES }, 4), misplaced(address, 4));
    }
    assert_eq!(new(PLACES, 8), None);
}

#[test]
fn rings_outside_memory_are_found_when_they_are_used() {
    let memory = HostMemory::new(0x3000);
    let (_, mut queue) = queue();
    let outside = |first, bytes| Fault::Memory(OutsideMemory { first: GuestPhysAddr::new(first), bytes });
    assert_eq!(queue.take(&memory), Ok(None));
    assert_eq!(queue.give_back(&memory, 0, 0), Err(outside(0x3004, 8)));
    assert_eq!(queue.take(&HostMemory::new(0x2000)), Err(outside(0x2002, 2)));
}
