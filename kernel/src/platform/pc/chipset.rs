//! The PC's own devices behind ports: the pair of 8259 interrupt controllers, the 8254 timer, the way out of QEMU.
//!
//! Of the lines of the 8259s only the second serial port's is used, and only while somebody may type there; the first 8259
//! reaches the processor through LINT0. Of the 8254, channel 2 is the clock against which the others are measured: its
//! output can be read at port 0x61. Facts: data sheets of Intel's 8259A and 8254.
#![expect(unsafe_code, reason = "ports are named by number")]

use crate::arch::i586::cpu;
use crate::arch::i586::port::Port;
use crate::irq::vectors;
use crate::platform::Ending;
use trace_format::debug_exit;

/// Command port of the first 8259.
const INTERRUPT_COMMAND: u16 = 0x20;
/// Data ports of both 8259s, where the masks are.
const INTERRUPT_MASKS: [u16; 2] = [0x21, 0xA1];
/// First word of a set-up: a word 4 follows, there is a second 8259, edges count.
const SET_UP: u8 = 0x11;
/// Third word of the first one's: the second one is at line 2.
const SECOND_AT_LINE_2: u8 = 1 << 2;
/// Fourth word: an 8086, which ends interrupts itself.
const PLAIN: u8 = 0x01;
/// Ends the interrupt in service.
const END_OF_INTERRUPT: u8 = 0x20;
/// Line of the second serial port.
const SERIAL_LINE: u8 = 3;
/// Vector of that line.
pub(super) const SERIAL_VECTOR: u8 = vectors::LEGACY + SERIAL_LINE;
/// Vector that the 8259 gives if a line has fallen again.
pub(super) const SPURIOUS_VECTOR: u8 = vectors::LEGACY + 7;

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

/// Sets the first 8259 up for the line of the second serial port. The local APIC takes LINT0 for its interrupts.
pub(super) fn listen_to_serial() {
    port(INTERRUPT_COMMAND).write(SET_UP);
    for word in [vectors::LEGACY, SECOND_AT_LINE_2, PLAIN, !(1 << SERIAL_LINE)] {
        port(INTERRUPT_MASKS[0]).write(word);
    }
}

/// Ends the interrupt of the 8259 in service. Interrupt context.
pub(super) fn end_of_serial_interrupt() {
    port(INTERRUPT_COMMAND).write(END_OF_INTERRUPT);
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
