//! A guest that reads lines from its terminal and answers. It prints
//!
//! ```text
//! bare:$ echo two words
//! two words
//! ```
//!
//! and so on until `poweroff`; `help` lists the commands. While nobody types, its task is not ready.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod command;
#[cfg(target_arch = "x86")]
mod line;

#[cfg(target_arch = "x86")]
mod guest {
    use core::fmt::Write;

    use guest_runtime::abi::interrupt::{FIRST_LINE_VECTOR, Line as InterruptLine};
    use guest_runtime::console::{self, Console};
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;

    use super::command::{Next, Shell};
    use super::line::{Line, Progress};

    guest_runtime::entry!(main);

    fn main(info: &Info) {
        interrupts::install(handle);
        let mut shell = Shell::new(info);
        let mut line = Line::new();
        shell.prompt();
        loop {
            let mut typed = [0; 32];
            match console::read(&mut typed).expect("this hypervisor has input for guests") {
                // The line has been pending since before the read if anything came in between.
                0 => {
                    interrupts::wait();
                    interrupts::disable();
                }
                count => {
                    for byte in &typed[..count] {
                        let progress = line.take(*byte);
                        if shell.echoes() {
                            echo(progress, *byte);
                        }
                        if progress == Progress::Whole {
                            if shell.run(line.text()) == Next::End {
                                return;
                            }
                            line.clear();
                            shell.prompt();
                        }
                    }
                }
            }
        }
    }

    /// Shows what a key did.
    fn echo(progress: Progress, byte: u8) {
        // What the terminal does not take is lost.
        match progress {
            Progress::Added => Console.write_char(byte.into()),
            Progress::Removed => Console.write_str("\x08 \x08"),
            Progress::Whole => Console.write_str("\r\n"),
            Progress::Nothing => Ok(()),
        }
        .unwrap_or(());
    }

    fn handle(frame: &mut Frame) {
        let console = u32::from(FIRST_LINE_VECTOR) + InterruptLine::Console.number();
        assert_eq!(frame.vector, console, "nothing else happens here");
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
