//! A guest that asks for random numbers. It prints
//!
//! ```text
//! 1024 bytes in 16 answers, ones: 4093 of 8192
//! first: 0123456789abcdef
//! ```
//!
//! and powers off.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    use guest_runtime::abi::device::Slot;
    use guest_runtime::devices::drivers::device::rng::VirtIORng;
    use guest_runtime::devices::{OneToOne, transport};
    use guest_runtime::println;
    use guest_runtime::start::Info;

    guest_runtime::entry!(main);

    fn main(_: &Info) {
        let registers = transport(Slot::Random).expect("every guest has a source of random numbers");
        let mut source = VirtIORng::<OneToOne, _>::new(registers).expect("the device works");
        let mut bytes = [0; 1024];
        let (mut filled, mut requests) = (0, 0);
        while filled < bytes.len() {
            // A device gives as much as it likes.
            filled += source.request_entropy(&mut bytes[filled..]).expect("the device answers");
            requests += 1;
        }
        let [a, b, c, d, e, f, g, h, ..] = bytes;
        let ones: u32 = bytes.iter().map(|byte| byte.count_ones()).sum();
        let bits = 8 * bytes.len();
        println!("{filled} bytes in {requests} answers, ones: {ones} of {bits}");
        println!("first: {a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}{g:02x}{h:02x}");
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
