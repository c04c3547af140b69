//! The native variant on a core of the emulated chip, with neither hypervisor nor kernel of ours: what its operations take
//! there is what a guest's are compared with.
//!
//! The chip has none of a PC's timers, so there is no tick, and whatever sleeps there sleeps for ever. Words on the command
//! line say what Linux would have measured with them. Its messages leave by the early console, which needs no driver, and
//! what a program has to say goes to the kernel's messages.
//!
//! Facts: Linux's 32-bit boot protocol, Documentation/arch/x86/boot.rst and zero-page.rst.

use std::path::Path;
use std::process::{Command, Stdio};

use super::super::places::Places;
use super::super::{MEGABYTES, Variant};
use super::{SessionError, scripted};

/// Prints the figures, and a line behind them.
const SCRIPT: &str = "#!/bin/sh\nfigures > /dev/kmsg 2>&1\necho figures-end > /dev/kmsg\n";
const END: &str = "figures-end";
/// Seconds of host time after which the emulator gives up.
const PATIENCE: &str = "280";
/// Of the core: 533 MHz, and the rounds of its waiting loop in a tick of 1/250 s.
const CLOCKS: &str = "tsc_early_khz=533333 lpj=1066666";
const CONSOLE: &str = "console=ttyS0 earlyprintk=ttyS0,keep";

// Core-physical places.
const PARAMETERS: u32 = 0x9_0000;
const COMMAND_LINE: u32 = 0x9_1000;
const KERNEL: u32 = 0x10_0000;
const FILES: u32 = 0x100_0000;
/// Page that a core begins to execute in: at its byte 0xFF0, in real mode.
const BOOT_PAGE: u32 = 0xFFFF_F000;

/// Boots and has the programs measure; returns what stood on the console.
pub(in super::super) fn measured(places: &Places, emulator: &Path) -> Result<String, SessionError> {
    let files = scripted::files_with(places, "native.cpio", SCRIPT)?;
    let length = std::fs::metadata(&files).map(|data| data.len());
    let length = length.map_err(|source| SessionError::File { path: files.clone(), source })?;
    let length = u32::try_from(length).expect("first files are some MB");
    let words = format!("{CONSOLE} {CLOCKS} run=/{}\0", scripted::PLACE);
    let write = |name, bytes: &[u8]| {
        let path = places.user(name);
        match std::fs::write(&path, bytes) {
            Ok(()) => Ok(path),
            Err(source) => Err(SessionError::File { path, source }),
        }
    };
    let mut command = Command::new(emulator);
    command.args(["run", "--model", "strict", "--timing", "scc", "--until", END, "--wall", PATIENCE]);
    command.arg("--load-elf").arg(places.kernel(Variant::Native).join("vmlinux"));
    for (file, place) in [
        (write("native.parameters", &parameters(length))?, PARAMETERS),
        (write("native.words", words.as_bytes())?, COMMAND_LINE),
        (write("native.boot", &boot_page())?, BOOT_PAGE),
        (files, FILES),
    ] {
        command.arg("--load").arg(format!("{}@{place:#x}", file.display()));
    }
    let output = command.stderr(Stdio::inherit()).output().map_err(SessionError::Boot)?;
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(seen) } else { Err(SessionError::Native { status: output.status, seen }) }
}

/// The page of parameters that Linux is given: memory, first files of `length` bytes, command line.
fn parameters(length: u32) -> Vec<u8> {
    const USABLE: u32 = 1;
    let mut page = vec![0; 4096];
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
    let areas = [(0, PARAMETERS), (KERNEL, (MEGABYTES << 20) - KERNEL)];
    put(0x1E8, &[2]);
    for ((begin, bytes), at) in areas.into_iter().zip([0x2D0, 0x2D0 + 20]) {
        put(at, &u64::from(begin).to_le_bytes());
        put(at + 8, &u64::from(bytes).to_le_bytes());
        put(at + 16, &USABLE.to_le_bytes());
    }
    put(0x1FE, &0xAA55_u16.to_le_bytes());
    put(0x202, b"HdrS");
    // Version 2.15 of the protocol; a loader without a number.
    put(0x206, &0x020F_u16.to_le_bytes());
    put(0x210, &[0xFF]);
    for (at, word) in [(0x218, FILES), (0x21C, length), (0x228, COMMAND_LINE)] {
        put(at, &word.to_le_bytes());
    }
    page
}

/// From reset to the kernel's entry in protected mode, with the segments that it wants.
fn boot_page() -> Vec<u8> {
    let mut page = vec![0; 4096];
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
    // Descriptors: flat code at 0x10, flat data at 0x18, and where they lie.
    put(0xF10, &[0xFF, 0xFF, 0, 0, 0, 0x9B, 0xCF, 0, 0xFF, 0xFF, 0, 0, 0, 0x93, 0xCF, 0]);
    put(0xF20, &[0x1F, 0x00, 0x00, 0xFF, 0xFF, 0xFF]);
    let real = [
        &[0xFA][..],                                       // cli
        &[0x66, 0x2E, 0x0F, 0x01, 0x16, 0x20, 0xFF],       // lgdt dword cs:[0xFF20]
        &[0x0F, 0x20, 0xC0],                               // mov eax, cr0
        &[0x0C, 0x01],                                     // or al, 1
        &[0x0F, 0x22, 0xC0],                               // mov cr0, eax
        &[0x66, 0xEA, 0x50, 0xFF, 0xFF, 0xFF, 0x10, 0x00], // jmp 0x10:0xFFFFFF50
    ];
    put(0xF30, &real.concat());
    let protected = [
        &[0xB8, 0x18, 0, 0, 0][..],                                    // mov eax, 0x18
        &[0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0],                         // mov ds, es, ss from ax
        &[0x31, 0xED, 0x31, 0xFF, 0x31, 0xDB],                         // xor ebp, edi, ebx
        &[&[0xBE][..], &PARAMETERS.to_le_bytes()].concat(),            // mov esi, PARAMETERS
        &[&[0xB8][..], &KERNEL.to_le_bytes(), &[0xFF, 0xE0]].concat(), // mov eax, KERNEL; jmp eax
    ];
    put(0xF50, &protected.concat());
    put(0xFF0, &[0xE9, 0x3D, 0xFF]); // jmp 0xFF30
    page
}

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions, Mnemonic};

    use super::*;

    fn mnemonics(bytes: &[u8], bits: u32, address: u64) -> Vec<Mnemonic> {
        Decoder::with_ip(bits, bytes, address, DecoderOptions::NONE)
            .into_iter()
            .map(|code| code.mnemonic())
            .collect()
    }

    #[test]
    fn boot_page_leads_from_the_reset_vector_to_the_kernel() {
        let page = boot_page();
        let first = Decoder::with_ip(16, &page[0xFF0..], 0xFFF0, DecoderOptions::NONE).decode();
        assert_eq!((first.mnemonic(), first.near_branch_target()), (Mnemonic::Jmp, 0xFF30));
        let real = [Mnemonic::Cli, Mnemonic::Lgdt, Mnemonic::Mov, Mnemonic::Or, Mnemonic::Mov, Mnemonic::Jmp];
        assert_eq!(mnemonics(&page[0xF30..0xF48], 16, 0xFF30), real);
        let code = &page[0xF50..0xF6D];
        let last = Decoder::with_ip(32, code, 0xFFFF_FF50, DecoderOptions::NONE).into_iter().last();
        assert_eq!(last.map(|code| code.mnemonic()), Some(Mnemonic::Jmp));
        assert_eq!(mnemonics(code, 32, 0xFFFF_FF50).len(), 10);
    }

    #[test]
    fn parameters_name_memory_files_and_words() {
        let page = parameters(77);
        let word = |at: usize| u32::from_le_bytes(page[at..at + 4].try_into().expect("four bytes"));
        assert_eq!([word(0x218), word(0x21C), word(0x228)], [FILES, 77, COMMAND_LINE]);
        assert_eq!((page[0x1E8], word(0x2D0 + 20) + word(0x2D0 + 28)), (2, MEGABYTES << 20));
    }
}
