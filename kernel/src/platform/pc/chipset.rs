//! The PC's own devices behind ports: the pair of 8259 interrupt controllers, the 8254 timer, the way out of QEMU.
//!
//! The 8259s are masked for good, for interrupts come through the local APIC. Of the 8254, channel 2 is the clock
//! against which the others are measured: its output can be read at port 0x61. Facts: data sheets of Intel's 8259A and
//! 8254.
#![expect(unsafe_code, reason = "ports are named by number")]

use crate::arch::i586::cpu;
use crate::arch::i586::port::Port;
use crate::platform::Ending;
use trace_format::debug_exit;

/// Data ports of both 8259s, where the masks are.
const INTERRUPT_MASKS: [u16; 2] = [0x21, 0xA1];

/// Rate of the 8254 in Hz.
pub(super) const PIT_HERTZ: u32 = 1_193_182;
/// Data port of its channel 2.
const PIT_CHANNEL_2: u16 = 0x42;
/// Its control port.
const PIT_CONTROL: u16 = 0x43;
/// Control word: channel 2, low byte then high byte, mode 0 (output rises when the count ends).
const PIT_ONE_SHOT: u8 = 0xB0;
/// Gate of channel 2 (bit 0), loudspeaker (bit 1), output of channel 2 (bit 5).
const PORT_B: u16 = 0x61;
const GATE: u8 = 1 << 0;
const LOUDSPEAKER: u8 = 1 << 1;
const OUTPUT: u8 = 1 << 5;

fn port(number: u16) -> Port {
    // SAFETY: none of the ports that this file names starts a transfer to memory.
    unsafe { Port::new(number) }
}

/// Masks all lines of both 8259s.
pub(super) fn mask_legacy_interrupts() {
    INTERRUPT_MASKS.iter().for_each(|mask| port(*mask).write(u8::MAX));
}

/// Lets `ticks` of the 8254 pass. `begin` is called when they begin.
pub(super) fn wait(ticks: u16, begin: impl FnOnce()) {
    let [low, high] = ticks.to_le_bytes();
    let others = port(PORT_B).read() & !(GATE | LOUDSPEAKER);
    port(PORT_B).write(others);
    port(PIT_CONTROL).write(PIT_ONE_SHOT);
    port(PIT_CHANNEL_2).write(low);
    port(PIT_CHANNEL_2).write(high);
    port(PORT_B).write(others | GATE);
    begin();
    // At most 55 ms: the count has 16 bits.
    while port(PORT_B).read() & OUTPUT == 0 {}
}

/// Ends QEMU with the status of [`debug_exit`]. Elsewhere the core halts for good.
pub fn finish(ending: Ending) -> ! {
    port(debug_exit::PORT).write(ending.byte());
    cpu::halt_for_good()
}
