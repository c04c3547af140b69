//! From a multiboot loader to the start code, and what the loader tells.
//!
//! A loader finds the header in the first 8 KB of the file, loads the segments by physical address and enters with
//! flat segments and interrupts off. The entry loads a descriptor table of its own and goes on at the start code.
//! [`keep`] then puts what the loader has left where the kernel looks for it on every platform: the command line in its
//! page, the first module as the symbol table behind the image; the second is the list of guests and stays where it is.
//!
//! Facts: Multiboot Specification 0.6.96, §3.1 (header), §3.2 (machine state), §3.3 (information).
#![expect(unsafe_code, reason = "start code is assembly, and the loader leaves structures in memory")]

use core::arch::global_asm;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use i586::page::PAGE_BYTES;
use i586::segment::Descriptor;
use scc::address::PhysAddr;

use crate::arch::i586::descriptors::CODE as CODE_SELECTOR;
use crate::arch::i586::start;
use crate::layout;
use crate::mm::{image, kernel_space};

/// First word of the header.
const HEADER_MAGIC: u32 = 0x1BAD_B002;
/// What the kernel wants: modules on page boundaries, and to be told about memory.
const HEADER_FLAGS: u32 = 1 << 0 | 1 << 1;
/// EAX at the entry.
const LOADER_MAGIC: u32 = 0x2BAD_B002;

const CODE: Descriptor = Descriptor::flat_code(0).with_accessed();
const DATA: Descriptor = Descriptor::flat_data(0).with_accessed();

// SAFETY: runs once, before anything else; it leaves the segments that the start code expects.
global_asm!(
    r#"
    .section .boot.first, "ax"
    .code32
    .balign 4
    .long {magic}, {flags}, -({magic} + {flags})

    .balign 8
multiboot_table:
    .quad 0
    .long {code_low}, {code_high}
    .long {data_low}, {data_high}
multiboot_table_pointer:
    .word 3 * 8 - 1
    .long multiboot_table

    .global multiboot_entry
    .type multiboot_entry, @function
multiboot_entry:
    cli
    cld
    mov [{loader} - {direct_map}], eax
    mov [{loader} - {direct_map} + 4], ebx
    rdtsc
    mov esi, eax
    lgdt [multiboot_table_pointer]
    // jmp far CODE_SELECTOR:boot_protected_mode
    .byte 0xEA
    .long boot_protected_mode
    .word {code_selector}
    "#,
    magic = const HEADER_MAGIC,
    flags = const HEADER_FLAGS,
    code_low = const CODE.words().0,
    code_high = const CODE.words().1,
    data_low = const DATA.words().0,
    data_high = const DATA.words().1,
    code_selector = const CODE_SELECTOR.into_bits(),
    direct_map = const layout::DIRECT_MAP,
    loader = sym LOADER,
);

/// EAX and EBX at the entry: the loader's magic number, and the physical address of its information.
// SAFETY: start-up does not clear this section, and any bits are a value of the type.
#[unsafe(link_section = ".bss.uninitialised.multiboot")]
static LOADER: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// Bytes of memory from 0 on.
static MEMORY: AtomicU32 = AtomicU32::new(LOW_BYTES);

/// Physical memory that can be read here: what the start code maps, without the first page.
const LOW_BYTES: u32 = start::LOW_BYTES;

/// First and last address of the list of guests, the latter exclusive; both 0 if there is none.
static GUESTS: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// Bytes of the description of a module.
const MODULE_BYTES: u32 = 16;

/// Words of the information, by number.
const FLAGS: u32 = 0;
const MEMORY_UPPER: u32 = 2;
const COMMAND_LINE: u32 = 4;
const MODULE_COUNT: u32 = 5;
const MODULES: u32 = 6;

/// Flags of the information: which words hold something.
const HAS_MEMORY: u32 = 1 << 0;
const HAS_COMMAND_LINE: u32 = 1 << 2;
const HAS_MODULES: u32 = 1 << 3;

/// Where [`MEMORY_UPPER`] begins to count.
const UPPER_MEMORY: u32 = 1 << 20;

/// Puts command line and symbol table where the kernel expects them, and notes how much memory there is.
///
/// Once, with the first 4 MB mapped and before anybody allocates. What lies higher is left out.
pub(super) fn keep() {
    let [magic, place] = [0, 1].map(|index: usize| LOADER[index].load(Ordering::Relaxed));
    let information = |number: u32| low_word(place.saturating_add(4 * number)).unwrap_or(0);
    let flags = if magic == LOADER_MAGIC { information(FLAGS) } else { 0 };
    if flags & HAS_MEMORY != 0 {
        let upper = information(MEMORY_UPPER).saturating_mul(1024);
        let bytes = upper.saturating_add(UPPER_MEMORY).min(kernel_space::MOST_BYTES);
        MEMORY.store(bytes - bytes % PAGE_BYTES, Ordering::Relaxed);
    }
    let line = if flags & HAS_COMMAND_LINE != 0 { information(COMMAND_LINE) } else { 0 };
    keep_command_line(line);
    let count = if flags & HAS_MODULES != 0 { information(MODULE_COUNT) } else { 0 };
    let module = |number: u32| {
        let place = information(MODULES).saturating_add(MODULE_BYTES * number);
        [0, 4].map(|offset| low_word(place.saturating_add(offset)).unwrap_or(0))
    };
    if count > 1 {
        module(1)
            .into_iter()
            .zip(&GUESTS)
            .for_each(|(address, place)| place.store(address, Ordering::Relaxed));
    }
    if count > 0 {
        let [start, end] = module(0);
        keep_symbols(start, end);
    }
}

/// Bytes of memory from 0 on.
pub(super) fn memory_bytes() -> u32 {
    MEMORY.load(Ordering::Relaxed)
}

/// Place and bytes of the list of guests, if the loader has brought one and it lies behind the image and its symbols.
pub fn guest_list() -> Option<(PhysAddr, u32)> {
    let [first, end] = [0, 1].map(|index: usize| GUESTS[index].load(Ordering::Relaxed));
    let behind = first >= image::symbols_end() - layout::DIRECT_MAP;
    end.checked_sub(first).filter(|bytes| *bytes != 0 && behind).map(|bytes| (PhysAddr::new(first), bytes))
}

/// Copies the words behind the program's name, which loaders put first.
fn keep_command_line(line: u32) {
    let bytes = || (line..LOW_BYTES).map_while(low_byte).take_while(|byte| *byte != 0);
    let words = bytes().skip_while(|byte| *byte != b' ');
    let page = image::command_line_page();
    let target =
        direct(u32::try_from(page.as_ptr().addr()).expect("addresses have 32 bits") - layout::DIRECT_MAP);
    let room = page.len() - 1;
    for (offset, byte) in words.take(room).chain([0]).enumerate() {
        // SAFETY: the page belongs to the kernel, nobody holds a reference yet, and the offset lies within.
        unsafe { target.add(offset).write_volatile(byte) };
    }
}

/// Moves the module behind the image. It may lie where it goes, for the loader puts it there as well.
fn keep_symbols(start: u32, end: u32) {
    let target = image::end() - layout::DIRECT_MAP;
    let Some(length) = end.checked_sub(start) else { return };
    if start < target || end > LOW_BYTES {
        return;
    }
    // SAFETY: both lie in mapped memory behind the image, of which nobody owns anything yet; they may overlap.
    unsafe { core::ptr::copy(direct(start), direct(target), length as usize) };
}

fn direct(address: u32) -> *mut u8 {
    with_exposed_provenance_mut((layout::DIRECT_MAP + address) as usize)
}

/// Reads a byte of low memory.
fn low_byte(address: u32) -> Option<u8> {
    let readable = (PAGE_BYTES..LOW_BYTES).contains(&address);
    // SAFETY: mapped; any byte will do.
    readable.then(|| unsafe { direct(address).read_volatile() })
}

/// Reads a word of low memory.
fn low_word(address: u32) -> Option<u32> {
    let mut bytes = [0; 4];
    for (byte, offset) in bytes.iter_mut().zip(0..) {
        *byte = low_byte(address.checked_add(offset)?)?;
    }
    Some(u32::from_le_bytes(bytes))
}
