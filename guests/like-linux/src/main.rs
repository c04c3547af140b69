//! A guest that starts as Linux does: by the boot protocol of 32-bit Linux, because an ELF note asks for it. It prints
//!
//! ```text
//! ring 1, code 0x11, data 0x19, magic HdrS, subarchitecture 0x5cc0
//! command line: quiet panic=-1
//! initial files: 5 bytes
//! shared page: features 0x7
//! ```
//!
//! and powers off. It is what is known of the start without Linux.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "start code is assembly, and boot parameters are memory")]

    use core::arch::{asm, global_asm};
    use core::ffi::CStr;
    use core::ptr::with_exposed_provenance;

    use guest_runtime::abi::shared::Field;
    use guest_runtime::abi::{Call, EndReason, Features, GuestPhysAddr, VERSION, linux};
    use guest_runtime::call::{call, end};
    use guest_runtime::println;
    use guest_runtime::start::Info;

    guest_runtime::entry!(started_bare);

    /// Owner, lengths and contents of the note.
    // SAFETY: the linker script puts the section where notes are looked for.
    #[unsafe(link_section = ".note.scc")]
    #[used]
    static NOTE: [u32; 6] =
        [4, 8, linux::NOTE_TYPE, u32::from_le_bytes(*b"SCC\0"), VERSION, Features::LINUX.bits()];

    /// A page of the guest's own for the words that it shares.
    const SHARED_PAGE: u32 = 0x20_0000;
    /// Offsets of fields in the boot parameters (Documentation/arch/x86/zero-page.rst).
    const MAGIC: u32 = 0x202;
    const FILES_BYTES: u32 = 0x21C;
    const COMMAND_LINE: u32 = 0x228;
    const SUBARCHITECTURE: u32 = 0x23C;
    /// Bytes of a command line, `COMMAND_LINE_SIZE`.
    const LINE_BYTES: usize = 2048;

    // SAFETY: runs once, before any Rust. ESI holds the address of the boot parameters.
    global_asm!(
        r#"
        .section .text.linux_start, "ax"
        .global linux_start
        .type linux_start, @function
    linux_start:
        mov esp, offset linux_stack_end
        xor ebp, ebp
        sub esp, 12
        push esi
        call {start}

        .section .bss.linux_stack, "aw", @nobits
        .balign 16
        .skip 0x4000
    linux_stack_end:
        "#,
        start = sym start,
    );

    extern "C" fn start(place: u32) -> ! {
        let (code, data): (u32, u32);
        // SAFETY: reading segment registers has no effect.
        unsafe { asm!("mov {:e}, cs", "mov {:e}, ss", out(reg) code, out(reg) data) };
        let magic = read(place + MAGIC).to_le_bytes();
        let magic = core::str::from_utf8(&magic).unwrap_or("no text");
        let subarchitecture = read(place + SUBARCHITECTURE);
        println!(
            "ring {}, code {code:#x}, data {data:#x}, magic {magic}, subarchitecture {subarchitecture:#x}",
            code & 3
        );
        let line = with_exposed_provenance::<[u8; LINE_BYTES]>(read(place + COMMAND_LINE) as usize);
        // SAFETY: memory of the guest, as long as every command line of Linux.
        let line = CStr::from_bytes_until_nul(unsafe { &*line });
        println!("command line: {}", line.ok().and_then(|line| line.to_str().ok()).unwrap_or("no text"));
        println!("initial files: {} bytes", read(place + FILES_BYTES));
        call(Call::Share { page: GuestPhysAddr::new(SHARED_PAGE) }).expect("the page is memory");
        println!("shared page: features {:#x}", read(SHARED_PAGE + Field::Features.offset()));
        end(EndReason::PowerOff, 0)
    }

    fn started_bare(_: &Info) {
        println!("started as a bare guest");
    }

    fn read(address: u32) -> u32 {
        // SAFETY: memory of the guest; any word will do.
        unsafe { with_exposed_provenance::<u32>(address as usize).read_unaligned() }
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
