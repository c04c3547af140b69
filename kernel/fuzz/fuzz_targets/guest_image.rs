//! Any bytes as a guest's kernel: what is accepted lies where it says, and loads into every guest that is large enough.
//!
//! The first seven bytes and the machine are put right, or nothing would get behind them.
#![no_main]

use guest_abi::start;
use kernel::hypervisor::elf::GuestImage;
use kernel::hypervisor::guest_memory::GuestMemory;
use kernel::hypervisor::host_memory::HostMemory;
use libfuzzer_sys::fuzz_target;

/// Bytes of the guest's memory.
const MEMORY: u32 = 0x18_0000;

fuzz_target!(|data: &[u8]| {
    let mut file = data.to_vec();
    if let Some(start) = file.first_chunk_mut::<20>() {
        start[..7].copy_from_slice(b"\x7FELF\x01\x01\x01");
        start[16..].copy_from_slice(&[2, 0, 3, 0]);
    }
    let Ok(image) = GuestImage::parse(&file) else { return };
    for segment in image.segments() {
        assert!(segment.place.number() >= start::IMAGE_PLACE);
        let end = segment.place.checked_add(segment.bytes).expect("below 4 GiB");
        assert!(end <= image.end() && segment.file.len() <= segment.bytes as usize);
    }
    let memory = HostMemory::new(MEMORY);
    assert_eq!(image.load(&memory).is_ok(), image.end().number() <= MEMORY);
    let mut first = [0; 1];
    if let (Some(segment), true) = (image.segments().first(), image.end().number() <= MEMORY) {
        memory.read(segment.place, &mut first).expect("loaded");
        assert_eq!(first[0], segment.file.first().copied().unwrap_or(0));
    }
});
