//! A guest with page tables of its own. It prints
//!
//! ```text
//! one page, two frames: 1 then 2
//! two address spaces: 1 and 2, and 1 again
//! page that is not there: vector 14 error 0x2 address 0x900000
//! page of 4 MB: 2
//! accessed and dirty: 0x63
//! ```
//!
//! and powers off.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "page tables are memory, and control registers are instructions")]

    use core::arch::asm;
    use core::ptr::with_exposed_provenance_mut;

    use guest_runtime::abi::call::{Extent, TagMemory};
    use guest_runtime::abi::{Call, GuestPhysAddr, GuestVirtAddr};
    use guest_runtime::call::call;
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::println;
    use guest_runtime::start::Info;

    guest_runtime::entry!(main);

    /// Guest-physical places behind the image: two directories, a table of the first 4 MB, one each for the page below.
    const DIRECTORIES: [u32; 2] = [0x20_0000, 0x20_1000];
    const LOW_TABLE: u32 = 0x20_2000;
    const TABLES: [u32; 2] = [0x20_3000, 0x20_4000];
    /// Frames that hold 1 and 2 in their first word.
    const FRAMES: [u32; 2] = [0x20_5000, 0x20_6000];
    /// The page that is shown in different ways, and one that is not there.
    const PAGE: u32 = 0x80_0000;
    const ABSENT: u32 = 0x90_0000;
    const LARGE: u32 = 0xC0_0000;
    /// Present and writable, and with it a page of 4 MB.
    const FLAGS: u32 = 3;
    const LARGE_FLAGS: u32 = 0x83;

    fn main(_: &Info) {
        interrupts::install(handle);
        for (frame, value) in FRAMES.into_iter().zip(1..) {
            write(frame, value);
        }
        for (index, page) in (0..1024).zip((0_u32..).step_by(4096)) {
            write(LOW_TABLE + 4 * index, page | FLAGS);
        }
        for (space, directory) in DIRECTORIES.into_iter().enumerate() {
            write(directory, LOW_TABLE | FLAGS);
            write(directory + 4 * (PAGE >> 22), TABLES[space] | FLAGS);
            write(TABLES[space], FRAMES[space] | FLAGS);
        }
        // SAFETY: what the image uses is mapped where it is.
        unsafe {
            asm!("mov cr3, {}", in(reg) DIRECTORIES[0]);
            asm!("mov {0}, cr0", "or {0}, 0x80000000", "mov cr0, {0}", out(reg) _);
        }
        let first = read(PAGE);
        write(TABLES[0], FRAMES[1] | FLAGS);
        // SAFETY: forgets a translation.
        unsafe { asm!("invlpg [{}]", in(reg) PAGE) };
        println!("one page, two frames: {first} then {}", read(PAGE));
        write(TABLES[0], FRAMES[0] | FLAGS);
        forget(PAGE);
        let first = read(PAGE);
        switch(1, TagMemory::Forgotten);
        let second = read(PAGE);
        switch(0, TagMemory::Kept);
        println!("two address spaces: {first} and {second}, and {} again", read(PAGE));
        write(ABSENT, 0);
        // SAFETY: pages of 4 MB are used from now on.
        unsafe { asm!("mov {0}, cr4", "or {0}, 0x10", "mov cr4, {0}", out(reg) _) };
        write(DIRECTORIES[0] + 4 * (LARGE >> 22), LARGE_FLAGS);
        println!("page of 4 MB: {}", read(LARGE + FRAMES[1]));
        write(TABLES[0], FRAMES[0] | FLAGS);
        forget(PAGE);
        write(PAGE, 5);
        println!("accessed and dirty: {:#x}", read(TABLES[0]) & 0xFFF);
    }

    fn switch(space: u32, memory: TagMemory) {
        let table = GuestPhysAddr::new(DIRECTORIES[space as usize]);
        call(Call::Switch { table, tag: space, memory }).expect("this hypervisor has tags");
    }

    fn forget(page: u32) {
        let page = GuestVirtAddr::new(page);
        call(Call::Forget(Extent::Range { first: page, last: page })).expect("this hypervisor has tags");
    }

    fn handle(frame: &mut Frame) {
        let address = interrupts::fault_address();
        println!(
            "page that is not there: vector {} error {:#x} address {address:#x}",
            frame.vector, frame.error
        );
        // Shown now, so that the write goes on.
        write(TABLES[0] + 4 * (ABSENT >> 12 & 0x3FF), FRAMES[0] | FLAGS);
    }

    fn read(address: u32) -> u32 {
        // SAFETY: memory behind the image, or pages that the guest shows there.
        unsafe { with_exposed_provenance_mut::<u32>(address as usize).read_volatile() }
    }

    fn write(address: u32, word: u32) {
        // SAFETY: as above.
        unsafe { with_exposed_provenance_mut::<u32>(address as usize).write_volatile(word) };
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
