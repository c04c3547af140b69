//! Waiting in HLT: for nothing, or for ticks of the local APIC's timer.
#![expect(unsafe_code, reason = "interrupt handler, APIC registers, flag instructions")]

use core::arch::{asm, global_asm};
use core::ptr::with_exposed_provenance_mut;

use i586::apic::{self, ApicRegister, LocalVector, SpuriousVector};

use super::descriptor_tables;

/// Vector of the tick.
const TICK: u8 = 0x40;
/// Counts between ticks: a millisecond of a core at 533 MHz.
const PERIOD: u32 = 533_000;
/// Divide configuration of the timer: count every cycle.
const DIVIDE_BY_ONE: u32 = 0xB;

// SAFETY: reached through its gate only; keeps all registers.
global_asm!(
    r#"
    .section .text.idle, "ax"
idle_handle_tick:
    inc dword ptr [idle_ticks]
    mov dword ptr [{end_of_interrupt}], 0
    iretd

    .section .bss.idle, "aw", @nobits
    .balign 4
idle_ticks:
    .skip 4
    "#,
    end_of_interrupt = const apic::BASE + ApicRegister::EndOfInterrupt.offset(),
);

// SAFETY: defined above; the word changes while interrupts are on.
unsafe extern "C" {
    fn idle_handle_tick();
    static idle_ticks: u32;
}

/// Waits for `ticks` ticks, one a millisecond of emulated time; 0 waits forever without a timer.
pub(super) fn run(ticks: u32) -> u32 {
    if ticks == 0 {
        loop {
            halt();
        }
    }
    descriptor_tables::set_up(&[(TICK, idle_handle_tick)]);
    let spurious = SpuriousVector::RESET.with_enable(true);
    let timer = LocalVector::new().with_vector(TICK).with_periodic(true);
    write(ApicRegister::SpuriousVector, spurious.into_bits());
    write(ApicRegister::TimerDivide, DIVIDE_BY_ONE);
    write(ApicRegister::LvtTimer, timer.into_bits());
    write(ApicRegister::TimerInitialCount, PERIOD);
    let counted = || {
        // SAFETY: the word is always initialised; the read is volatile because the handler changes it.
        unsafe { (&raw const idle_ticks).read_volatile() }
    };
    while counted() < ticks {
        halt();
    }
    write(ApicRegister::TimerInitialCount, 0);
    // SAFETY: nothing else needs interrupts.
    unsafe { asm!("cli", options(nomem, nostack)) };
    ticks
}

/// Permits interrupts and waits for one.
fn halt() {
    // SAFETY: the only interrupt source, if any, has its handler.
    unsafe { asm!("sti", "hlt", options(nostack)) };
}

fn write(register: ApicRegister, value: u32) {
    let address = apic::BASE + register.offset();
    // SAFETY: the register is decoded inside the core; paging is off.
    unsafe { with_exposed_provenance_mut::<u32>(address as usize).write_volatile(value) };
}
