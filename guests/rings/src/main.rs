//! A guest whose program in ring 3 makes system calls, which reach the guest's kernel without the hypervisor. It prints
//!
//! ```text
//! program in ring 3, system calls in ring 1
//! 1000 system calls, 110 cycles each
//! vector 13 error 0x0
//! vector 13 error 0x412
//! vector 14 error 0x7 address 0xf0001000
//! done
//! ```
//!
//! and powers off: the vectors are those of `cli`, a hypercall and a write to the hypervisor's part, all in ring 3.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "faults are made by instructions")]

    use core::arch::asm;
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{clock, println, user};

    guest_runtime::entry!(main);

    const CALLS: u32 = 1_000;
    const PAGE_FAULT: u32 = 14;
    /// System calls.
    const SAY_RINGS: u32 = 1;
    const COUNT: u32 = 2;
    const SAY_CYCLES: u32 = 3;

    static COUNTED: AtomicU32 = AtomicU32::new(0);

    fn main(_: &Info) {
        interrupts::install(handle);
        user::run(program, serve);
        println!("done");
    }

    /// Runs in ring 3.
    extern "C" fn program() -> ! {
        let _: u32 = user::system_call(SAY_RINGS, ring());
        let begin = clock();
        for _ in 0..CALLS {
            let _: u32 = user::system_call(COUNT, 1);
        }
        let _: u32 = user::system_call(SAY_CYCLES, clock().wrapping_sub(begin) / CALLS);
        // SAFETY: each of them faults, and the handler goes on behind it; all have the length that it knows.
        unsafe {
            asm!("cli", "nop", options(nomem, nostack));
            asm!("int 0x82", options(nomem, nostack));
            asm!("mov [eax], eax", in("eax") 0xF000_1000_u32, options(nostack)); // not an address: virtual
        }
        user::end()
    }

    extern "C" fn serve(number: u32, argument: u32) -> u32 {
        match number {
            SAY_RINGS => println!("program in ring {argument}, system calls in ring {}", ring()),
            COUNT => COUNTED.store(COUNTED.load(Ordering::Relaxed) + argument, Ordering::Relaxed),
            SAY_CYCLES => {
                println!("{} system calls, {argument} cycles each", COUNTED.load(Ordering::Relaxed))
            }
            _ => panic!("system call {number}"),
        }
        0
    }

    /// Goes on behind an instruction of two bytes.
    fn handle(frame: &mut Frame) {
        let Frame { vector, error, .. } = *frame;
        match vector {
            PAGE_FAULT => {
                println!("vector {vector} error {error:#x} address {:#x}", interrupts::fault_address());
            }
            _ => println!("vector {vector} error {error:#x}"),
        }
        assert_eq!(frame.cs & 3, 3, "only the program faults");
        frame.eip += 2;
    }

    fn ring() -> u32 {
        let selector: u32;
        // SAFETY: reads a register.
        unsafe { asm!("mov {:e}, cs", out(reg) selector, options(nomem, nostack, preserves_flags)) };
        selector & 3
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
