//! Any bytes as a guest's kernel: what is accepted lies where it says, and loads into every guest that is large enough.
//!
//! The first byte says how much of the headers is put right, or hardly anything would get behind them.
#![no_main]

use guest_abi::start;
use kernel::hypervisor::elf::GuestImage;
use kernel::hypervisor::guest_memory::GuestMemory;
use kernel::hypervisor::host_memory::HostMemory;
use libfuzzer_sys::fuzz_target;

/// Bytes of the guest's memory.
const MEMORY: u32 = 0x18_0000;

/// Bytes of the file header, and of a program header.
const FILE_HEADER: usize = 52;
const PROGRAM_HEADER: usize = 32;

/// Puts right what identifies the file, and where its table is.
fn mend_file_header(file: &mut [u8]) {
    if let Some(start) = file.first_chunk_mut::<FILE_HEADER>() {
        start[..7].copy_from_slice(b"\x7FELF\x01\x01\x01");
        start[16..20].copy_from_slice(&[2, 0, 3, 0]);
        start[26] |= 0x10;
        start[27] = 0;
        start[28..32].copy_from_slice(&[52, 0, 0, 0]);
        start[42..44].copy_from_slice(&[32, 0]);
        start[44] %= 8;
        start[45] = 0;
    }
}

/// Makes the program headers more likely to mean something: kinds 1 and 4, small numbers, places above 1 MiB.
fn mend_program_headers(file: &mut [u8]) {
    for header in file.get_mut(FILE_HEADER..).unwrap_or_default().chunks_exact_mut(PROGRAM_HEADER).take(8) {
        header[0] = if header[0] & 1 == 0 { 1 } else { 4 };
        header[1..4].fill(0);
        for field in [4, 16, 20] {
            header[field + 1] &= 3;
            header[field + 2..field + 4].fill(0);
        }
        header[14..16].copy_from_slice(&[0x10, 0]);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let mut file = data.to_vec();
    if choice & 1 == 0 {
        mend_file_header(&mut file);
    }
    if choice & 2 == 0 {
        mend_program_headers(&mut file);
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
