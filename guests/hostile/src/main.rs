//! A guest that tries what no guest may, for the tests of the hypervisor. The number of pages that its memory has above 4 MB
//! says what it tries: [`survivable::all`] for 0, after which it prints
//!
//! ```text
//! 117 attempts, all refused
//! ```
//!
//! and powers off; one of [`fatal::ALL`] for others, which the hypervisor must end it for.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod attempt;
#[cfg(target_arch = "x86")]
mod devices;
#[cfg(target_arch = "x86")]
mod fatal;
#[cfg(target_arch = "x86")]
mod survivable;

#[cfg(target_arch = "x86")]
mod guest {
    use guest_runtime::start::Info;
    use guest_runtime::{interrupts, println};

    use crate::{attempt, devices, fatal, survivable};

    guest_runtime::entry!(main);

    /// Pages of 4 MB.
    const LEAST_PAGES: u32 = 1024;

    fn main(info: &Info) {
        let number = info.memory_bytes / 4096 - LEAST_PAGES;
        if let Some(index) = number.checked_sub(1) {
            let (name, attack) = fatal::ALL[index as usize];
            println!("tries {name}");
            attack();
            println!("goes on after {name}");
            return;
        }
        interrupts::install(attempt::handle);
        let count = survivable::all() + devices::all();
        println!("{count} attempts, all refused");
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
