//! What ends the guest.
#![expect(unsafe_code, reason = "attacks are instructions")]

use core::arch::asm;

use guest_runtime::interrupts;

use crate::attempt;

/// Attacks by name.
pub(crate) const ALL: [(&str, fn()); 6] = [
    ("an exception without a table", no_table),
    ("a stack in the hypervisor's part", lost_stack),
    ("a stack outside its memory", far_stack),
    ("page tables outside its memory", far_tables),
    ("an interrupt table in the hypervisor's part", foreign_table),
    ("code outside its memory", far_code),
];

fn no_table() {
    // SAFETY: ends the guest.
    unsafe { asm!("ud2") };
}

fn lost_stack() {
    interrupts::install(attempt::handle);
    // SAFETY: ends the guest.
    unsafe { asm!("mov esp, 0xF0002000", "ud2", options(noreturn)) };
}

fn far_stack() {
    interrupts::install(attempt::handle);
    // SAFETY: ends the guest.
    unsafe { asm!("mov esp, 0x80000000", "push eax", options(noreturn)) };
}

fn far_tables() {
    interrupts::install(attempt::handle);
    // SAFETY: ends the guest.
    unsafe {
        asm!(
            "mov eax, 0x7FFFF000",
            "mov cr3, eax",
            "mov eax, 0x80000011",
            "mov cr0, eax",
            "nop",
            options(noreturn)
        )
    };
}

fn foreign_table() {
    let pointer: [u16; 3] = [0x7FF, 0, 0xF100];
    // SAFETY: ends the guest.
    unsafe { asm!("lidt [{}]", "ud2", in(reg) &raw const pointer) };
}

fn far_code() {
    interrupts::install(attempt::handle);
    // SAFETY: ends the guest.
    unsafe { asm!("mov eax, 0x80000000", "jmp eax", options(noreturn)) };
}
