//! A guest that handles its own exceptions. It prints
//!
//! ```text
//! vector 0 error 0x0
//! vector 6 error 0x0
//! vector 13 error 0x402
//! vector 14 error 0x3 address 0xf0001000
//! ```
//!
//! for a division by zero, an undefined instruction, an `int 0x80` that ring 1 has no use for, and a write to the
//! hypervisor's part of the address space, and powers off.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "the macro defines a symbol, and the faults are instructions")]

    use core::arch::asm;

    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::println;
    use guest_runtime::start::Info;

    guest_runtime::entry!(main);

    /// All instructions here that fault have two bytes.
    const LENGTH: u32 = 2;
    const PAGE_FAULT: u32 = 14;
    /// In the hypervisor's part, where no guest may write.
    const NOT_OURS: u32 = 0xF000_1000; // not an address: virtual

    fn main(_: &Info) {
        interrupts::install(handle);
        interrupts::enable();
        // SAFETY: each of them faults, and the handler goes on behind it: the divisor is 0, and the write is to what the
        // hypervisor keeps for itself.
        unsafe {
            asm!("div ecx", inout("ecx") 0 => _, inout("eax") 1 => _, inout("edx") 0 => _);
            asm!("ud2");
            asm!("int 0x80");
            asm!("mov [eax], ecx", in("eax") NOT_OURS, in("ecx") 0);
        }
        println!("done");
    }

    fn handle(frame: &mut Frame) {
        match frame.vector {
            PAGE_FAULT => {
                let address = interrupts::fault_address();
                println!("vector {} error {:#x} address {address:#x}", frame.vector, frame.error);
            }
            vector => println!("vector {vector} error {:#x}", frame.error),
        }
        frame.eip += LENGTH;
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
