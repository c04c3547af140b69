//! A guest that writes its scratch disk full and reads it back, and reads the disk that came with it, or that a core lends it.
//! It prints
//!
//! ```text
//! scratch: 128 sectors, written and read back, sum 0x7d1f83a0
//! scratch: beyond its end: IoError
//! scratch: 16 sectors read while waiting for interrupts, 8 of them
//! image: 4 sectors, read-only, 4 read, sum 0x00001c00
//! image: written: IoError
//! ```
//!
//! of a disk that it borrows and can write `image: 16 sectors written and read back`, of one whose core is lost `image: read:
//! IoError`; and powers off. Of a disk that it can write, which has no contents that came with it, it reads only some sectors,
//! spread over all of it, and says how many. Between a request and its interrupt the guest's task is not ready.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "a buffer that a device fills is lent to it")]

    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::abi::device::Slot;
    use guest_runtime::abi::interrupt::FIRST_LINE_VECTOR;
    use guest_runtime::devices::drivers::device::blk::{BlkReq, BlkResp, SECTOR_SIZE, VirtIOBlk};
    use guest_runtime::devices::drivers::transport::mmio::MmioTransport;
    use guest_runtime::devices::{OneToOne, transport};
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::println;
    use guest_runtime::start::Info;

    guest_runtime::entry!(main);

    type Disk = VirtIOBlk<OneToOne, MmioTransport<'static>>;

    /// Sectors of one request.
    const AT_ONCE: usize = 16;
    /// Sectors of a request whose end is waited for.
    const FEW: usize = 2;

    /// Places at which a disk is read that can be written, [`AT_ONCE`] sectors each. A borrowed megabyte takes longer than booting.
    const PLACES: usize = 16;

    /// Interrupts of the scratch disk.
    static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

    fn main(_: &Info) {
        interrupts::install(handle);
        interrupts::disable();
        if let Ok(registers) = transport(Slot::Scratch) {
            scratch(Disk::new(registers).expect("the disk works"));
        }
        if let Ok(registers) = transport(Slot::Image) {
            image(Disk::new(registers).expect("the disk works"));
        }
    }

    fn scratch(mut disk: Disk) {
        let sectors = usize::try_from(disk.capacity()).expect("a disk in memory");
        let mut bytes = [0; AT_ONCE * SECTOR_SIZE];
        let mut written = Sum::default();
        for (first, seed) in (0..sectors).step_by(AT_ONCE).zip(0..) {
            bytes.fill_with(|| written.next_byte(seed));
            disk.write_blocks(first, &bytes).expect("the disk can be written");
        }
        disk.flush().expect("the disk can be flushed");
        let mut read = Sum::default();
        for first in (0..sectors).step_by(AT_ONCE) {
            disk.read_blocks(first, &mut bytes).expect("the disk can be read");
            bytes.iter().for_each(|byte| read.add(*byte));
        }
        assert_eq!(read.0, written.0, "what is read is what was written");
        println!("scratch: {sectors} sectors, written and read back, sum {:#010x}", read.0);
        let beyond = disk.read_blocks(sectors, &mut bytes).expect_err("there is nothing");
        println!("scratch: beyond its end: {beyond:?}");
        wait_for_interrupts(&mut disk);
    }

    /// Reads some sectors and sleeps until each request is done.
    fn wait_for_interrupts(disk: &mut Disk) {
        let mut bytes = [0; FEW * SECTOR_SIZE];
        disk.ack_interrupt();
        INTERRUPTS.store(0, Ordering::Relaxed);
        for first in (0..AT_ONCE).step_by(FEW) {
            let (mut request, mut response) = (BlkReq::default(), BlkResp::default());
            // SAFETY: all three stay where they are until the request is completed below.
            let token = unsafe { disk.read_blocks_nb(first, &mut request, &mut bytes, &mut response) };
            let token = token.expect("there is room in the queue");
            loop {
                interrupts::wait();
                interrupts::disable();
                disk.ack_interrupt();
                if disk.peek_used() == Some(token) {
                    break;
                }
            }
            // SAFETY: the same three, and the request is used.
            unsafe { disk.complete_read_blocks(token, &request, &mut bytes, &mut response) }
                .expect("the disk can be read");
        }
        let interrupts = INTERRUPTS.load(Ordering::Relaxed);
        println!("scratch: {AT_ONCE} sectors read while waiting for interrupts, {interrupts} of them");
    }

    fn image(mut disk: Disk) {
        let sectors = usize::try_from(disk.capacity()).expect("a disk in memory");
        let (mut bytes, mut sum) = ([0; AT_ONCE * SECTOR_SIZE], Sum::default());
        let (mut count, step) = (0, if disk.readonly() { AT_ONCE } else { AT_ONCE.max(sectors / PLACES) });
        for first in (0..sectors).step_by(step) {
            let bytes = &mut bytes[..AT_ONCE.min(sectors - first) * SECTOR_SIZE];
            if let Err(error) = disk.read_blocks(first, bytes) {
                return println!("image: read: {error:?}");
            }
            bytes.iter().for_each(|byte| sum.add(*byte));
            count += bytes.len() / SECTOR_SIZE;
        }
        let access = if disk.readonly() { "read-only" } else { "writable" };
        println!("image: {sectors} sectors, {access}, {count} read, sum {:#010x}", sum.0);
        if disk.readonly() {
            let refused = disk.write_blocks(0, &bytes[..SECTOR_SIZE]).expect_err("it cannot be written");
            return println!("image: written: {refused:?}");
        }
        let (mut written, mut read) = (Sum::default(), Sum::default());
        bytes.fill_with(|| written.next_byte(7));
        disk.write_blocks(sectors - AT_ONCE, &bytes).expect("the disk can be written");
        bytes.fill(0);
        disk.read_blocks(sectors - AT_ONCE, &mut bytes).expect("the disk can be read");
        bytes.iter().for_each(|byte| read.add(*byte));
        assert_eq!(read.0, written.0, "what is read is what was written");
        println!("image: {AT_ONCE} sectors written and read back");
    }

    fn handle(frame: &mut Frame) {
        let line = u32::from(FIRST_LINE_VECTOR) + Slot::Scratch.line();
        assert_eq!(frame.vector, line, "error {:#x} at {:#x}", frame.error, frame.eip);
        INTERRUPTS.store(INTERRUPTS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// A sum in which the place of a byte counts.
    #[derive(Default)]
    struct Sum(u32);

    impl Sum {
        fn add(&mut self, byte: u8) {
            self.0 = self.0.rotate_left(1).wrapping_add(byte.into());
        }

        /// Makes up a byte and adds it.
        fn next_byte(&mut self, seed: u32) -> u8 {
            let [byte, ..] = (self.0 ^ seed).wrapping_mul(0x9E37_79B1).to_be_bytes(); // not an address: a factor
            self.add(byte);
            byte
        }
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
