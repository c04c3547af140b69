//! What is refused by an exception or a status, after which the guest goes on.
#![expect(unsafe_code, reason = "attacks are instructions")]

use core::arch::asm;

use guest_runtime::abi::{CallError, status};
use guest_runtime::call::raw;

use crate::attempt;
use crate::attempt::{RESUME, raised};

const GENERAL_PROTECTION: u32 = 13;
const PAGE_FAULT: u32 = 14;
const INVALID_TSS: u32 = 10;

/// The guest's own page of the hypervisor's part, which ring 1 may write.
const TRAP_PAGE: u32 = 0xF000_0000; // not an address: virtual
/// Random calls.
const CALLS: u32 = 10_000;

/// Tries everything and returns how many attempts there were.
pub(crate) fn all() -> u32 {
    writes_to_the_hypervisor()
        + code_of_the_hypervisor()
        + selectors()
        + local_table()
        + gates()
        + flags()
        + control_registers()
        + trap_page()
        + segments_of_threads()
        + random_calls()
}

/// Base of the interrupt table, or of the table of segments, as the processor tells it in every ring.
fn table(of: Table) -> u32 {
    let mut pointer = [0_u8; 6];
    // SAFETY: stores six bytes.
    unsafe {
        match of {
            Table::Interrupt => asm!("sidt [{}]", in(reg) &raw mut pointer),
            Table::Global => asm!("sgdt [{}]", in(reg) &raw mut pointer),
        }
    }
    let [_, _, a, b, c, d] = pointer;
    u32::from_le_bytes([a, b, c, d])
}

enum Table {
    Interrupt,
    Global,
}

fn writes_to_the_hypervisor() -> u32 {
    let (interrupt, global) = (table(Table::Interrupt), table(Table::Global));
    let places = [
        global,
        global + 8,
        global + 0x28,
        interrupt + 8 * 14,
        interrupt + 8 * 0x82,
        interrupt & !0xFFF | 0xFFC,
    ];
    for place in places {
        assert_eq!(attempt!("mov dword ptr [eax], 0", place), Some((PAGE_FAULT, 3)), "{place:#x}");
    }
    // The first gates: the exception is that of the erratum which a locked exchange on a register has.
    assert_eq!(attempt!("mov dword ptr [eax], 0", interrupt), Some((6, 0)));
    // The kernel has devices and stacks there, which no guest's address space shows.
    for place in [TRAP_PAGE + 0x1000, TRAP_PAGE + (128 << 20), TRAP_PAGE + (192 << 20), u32::MAX - 3] {
        assert_eq!(attempt!("mov ecx, [eax]", place), Some((PAGE_FAULT, 1)), "{place:#x}");
    }
    11
}

/// Jumps into the code of the traps, which ring 1 can read and so execute.
fn code_of_the_hypervisor() -> u32 {
    let interrupt = table(Table::Interrupt);
    let gate = interrupt + 8 * 0x82;
    // SAFETY: the table can be read.
    let words = unsafe { *core::ptr::with_exposed_provenance::<[u32; 2]>(gate as usize) };
    let stub = words[0] & 0xFFFF | words[1] & 0xFFFF_0000;
    // The stub pushes as if a gate had led to it, finds that it came from an outer ring, and loads a segment of ring 0.
    // SAFETY: the exception goes on behind the jump, where the stack is as before.
    unsafe {
        asm!(
            "push ebx",
            "push esi",
            "push edi",
            "push ebp",
            "lea ecx, [78f]",
            "mov [{resume}], ecx",
            "mov ebp, esp",
            "push 1",
            "push 0",
            "jmp eax",
            "78:",
            "mov esp, ebp",
            "pop ebp",
            "pop edi",
            "pop esi",
            "pop ebx",
            resume = sym RESUME,
            inout("eax") stub => _,
            out("ecx") _,
            out("edx") _,
        );
    }
    let raised = raised();
    assert_eq!(raised, Some((GENERAL_PROTECTION, 0x20)));
    1
}

/// Loads of segment registers with selectors that are not the guest's.
fn selectors() -> u32 {
    let others = [0x08, 0x0B, 0x20, 0x28, 0x48, 0x0C, 0x63, 0x80, 0xFFF8, 0xFFFF, 0x33];
    for selector in others {
        let error = selector & 0xFFFC;
        for raised in [attempt!("mov es, eax", selector), attempt!("mov gs, eax", selector)] {
            assert!(
                matches!(raised, Some((11 | GENERAL_PROTECTION, code)) if code == error),
                "{selector:#x} {raised:?}"
            );
        }
        assert!(attempt!("mov ss, eax", selector).is_some(), "{selector:#x}");
    }
    // Far jumps to ring 0 and to the kernel's task.
    assert_eq!(attempt!(".byte 0xEA, 0, 0, 0, 0, 0x08, 0", 0), Some((GENERAL_PROTECTION, 0x08)));
    assert_eq!(attempt!(".byte 0xEA, 0, 0, 0, 0, 0x28, 0", 0), Some((GENERAL_PROTECTION, 0x28)));
    assert_eq!(attempt!(".byte 0xEA, 0, 0, 0, 0, 0x48, 0", 0), Some((GENERAL_PROTECTION, 0x48)));
    36
}

/// There is no local table, whatever the guest has at address 0, where reset leaves one.
fn local_table() -> u32 {
    let slot = core::ptr::with_exposed_provenance_mut::<u64>(8);
    let error = Some((GENERAL_PROTECTION, 0x0C));
    // Data of ring 3, and a gate to code of ring 0.
    for descriptor in [0x00CF_F200_0000_FFFF, 0x0000_EC00_0008_0000] {
        // SAFETY: memory of the guest that nobody uses.
        unsafe { slot.write_volatile(descriptor) };
        assert_eq!(attempt!("mov gs, eax", 0x0F), error);
        assert_eq!(attempt!(".byte 0x9A, 0, 0, 0, 0, 0x0F, 0", 0), error);
    }
    4
}

/// `int` to gates that are the kernel's.
fn gates() -> u32 {
    let error = |vector: u32| Some((GENERAL_PROTECTION, vector << 3 | 2));
    assert_eq!(attempt!("int 0", 0), error(0));
    assert_eq!(attempt!("int 8", 0), error(8));
    assert_eq!(attempt!("int 14", 0), error(14));
    assert_eq!(attempt!("int 0x40", 0), error(0x40));
    assert_eq!(attempt!("int 0x50", 0), error(0x50));
    assert_eq!(attempt!("int 0x80", 0), error(0x80));
    assert_eq!(attempt!("int 0xFF", 0), error(0xFF));
    7
}

/// POPF cannot close interrupts or open ports, and a nested task has nowhere to return to.
fn flags() -> u32 {
    let flags: u32;
    // SAFETY: changes flags only.
    unsafe {
        asm!("push {new}", "popfd", "pushfd", "pop {flags}", new = in(reg) 0x3002, flags = out(reg) flags)
    };
    assert_eq!(flags & 0x3200, 0x200, "{flags:#x}");
    let raised = attempt!("pushfd\n or dword ptr [esp], 0x4000\n popfd\n iretd", 0);
    assert_eq!(raised, Some((INVALID_TSS, 0)));
    2
}

/// What a control register is set to concerns the guest only.
fn control_registers() -> u32 {
    let global = table(Table::Global);
    assert_eq!(attempt!("mov eax, cr0\n and eax, 0xFFFEFFFF\n mov cr0, eax", 0), None);
    assert_eq!(attempt!("mov dword ptr [eax], 0", global), Some((PAGE_FAULT, 3)));
    assert_eq!(attempt!("mov eax, 0x800\n mov cr4, eax", 0), Some((GENERAL_PROTECTION, 0)));
    assert_eq!(attempt!("mov eax, 0\n mov cr0, eax", 0), Some((GENERAL_PROTECTION, 0)));
    assert_eq!(attempt!("mov ecx, 0x10\n rdmsr", 0), Some((GENERAL_PROTECTION, 0)));
    assert_eq!(attempt!("mov dx, 0x3F8\n mov al, 65\n out dx, al", 0), None);
    assert_eq!(attempt!("lgdt [esp]\n lldt cx\n cli\n sti\n wbinvd\n invlpg [eax]", 0), None);
    7
}

/// What is written to the trap page is not what the guest comes back with.
fn trap_page() -> u32 {
    for offset in (0..4096).step_by(4) {
        assert_eq!(attempt!("mov dword ptr [eax], 0xFFFFFFFF", TRAP_PAGE + offset), None);
    }
    // SAFETY: a call of no number keeps the other registers.
    let (first, second) = unsafe {
        let (first, second): (u32, u32);
        asm!("int 0x82", inout("eax") u32::MAX => _, inout("ecx") 11 => first, inout("edx") 22 => second);
        (first, second)
    };
    assert_eq!((first, second), (11, 22));
    1
}

/// Segments of threads are data of ring 3 or nothing.
fn segments_of_threads() -> u32 {
    let argument = CallError::Argument.status();
    let set = |descriptor: u64| {
        let descriptors = [descriptor, 0, 0];
        raw([12, u32::try_from(descriptors.as_ptr().addr()).unwrap_or(0), 0, 0])
    };
    // Code of ring 0, data of ring 0 and 1, a call gate, a task.
    let bad = [
        0x00CF_9A00_0000_FFFF_u64,
        0x00CF_9200_0000_FFFF,
        0x00CF_B200_0000_FFFF,
        0x0000_EC00_0008_0000,
        0x0000_8900_0000_0067,
        0x00CF_FA00_0000_FFFF,
    ];
    for descriptor in bad {
        assert_eq!(set(descriptor), argument, "{descriptor:#x}");
    }
    assert_eq!(raw([12, TRAP_PAGE + 0x1000, 0, 0]), CallError::Address.status());
    assert_eq!(set(0x00CF_F200_0000_FFFF), 0);
    assert_eq!(attempt!("mov gs, eax", 0x33), None);
    // The segment goes while it is loaded: the register comes back as null.
    assert_eq!(set(0), 0);
    let selector: u32;
    // SAFETY: reading GS.
    unsafe { asm!("mov {:e}, gs", out(reg) selector) };
    assert_eq!(selector & 0xFFFF, 0);
    8
}

/// Calls of random numbers with random arguments, but for those that end the guest, wait, or change where it runs.
fn random_calls() -> u32 {
    const CHANGING: [u32; 7] = [2, 3, 7, 8, 9, 10, 13];
    let mut state = 0x1234_5678_u32;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for _ in 0..CALLS {
        let number = random() % 20;
        if CHANGING.contains(&number) || number == 1 {
            continue;
        }
        let answer = raw([number, random(), random(), random()]);
        assert!(status::result(answer).is_ok() || answer >= status::FIRST_ERROR);
    }
    for address in [u32::MAX, TRAP_PAGE - 1, 0x0040_0000 - 3] {
        assert_eq!(raw([1, address, 8, 0]), CallError::Address.status());
        assert_eq!(raw([7, address & !0xFFF | TRAP_PAGE, 0, 0]), CallError::Address.status());
    }
    1
}
