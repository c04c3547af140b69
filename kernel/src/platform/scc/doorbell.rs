//! Doorbells: the global interrupt controller on the bare machine, and the pins of the tile.
//!
//! The handler lowers the pins and wakes; a task takes the controller's events off it. A ring is a hint that may come twice
//! or together with another: what it announces is looked up elsewhere.

use scc::fpga::FpgaRegister;
use scc::gic::GicRegister;
use scc::id::CoreId;
use scc::tile::{Glcfg, TileRegister};
use trace_format::record::Event;

use super::gic::{Events, Gic, GicAccess};
use super::identity;
use super::window::{TileWindow, read_fpga, write_fpga};
use crate::platform::Absent;
use crate::trace;

/// The FPGA's registers, and the pin in the own tile.
#[derive(Clone, Copy, Debug)]
struct Hardware;

impl GicAccess for Hardware {
    fn read(&mut self, register: GicRegister) -> u32 {
        read_fpga(FpgaRegister::Gic(register))
    }

    fn write(&mut self, register: GicRegister, value: u32) {
        write_fpga(FpgaRegister::Gic(register), value);
    }

    fn clear_pin(&mut self) {
        lower_pins();
    }
}

fn gic() -> Gic<Hardware> {
    Gic::new(identity::core(), Hardware)
}

/// Opens the controller for this core and lowers both its pins.
pub fn open() {
    gic().open();
}

/// Raises the direct pin of a core, this one included: no other core's register is involved, but nobody learns who
/// it was, and two cores that do it at once count as one. Any context; one write of a tile register.
///
/// LINT1 is the direct pin. All pins are written, unread, as they are after a reset: in that way two cores that do it at
/// once cannot undo each other's write. It lowers LINT0, which counts by its edge: what the controller raised has
/// been noted by the local APIC, and it raises nothing else before that is answered. SCC reference §2.10, §4.3.
pub(super) fn raise_direct_pin(target: CoreId) {
    let register = TileRegister::Glcfg(target.slot());
    TileWindow::of(target.tile()).write_pins(register, Glcfg::RESET.with_nmi(true));
}

/// Lowers both interrupt pins of this core; edges that were noted stay noted.
fn lower_pins() {
    TileWindow::own().write_pins(TileRegister::Glcfg(identity::core().slot()), Glcfg::RESET);
}

/// Lowers the pins, then has `rung` told: whoever raises the direct pin from then on interrupts again, and the controller
/// does after [`take`]. Interrupt context.
pub(super) fn serve(rung: impl FnOnce()) {
    lower_pins();
    rung();
}

/// Takes what the controller reports off it, with a set of those that rang; it may interrupt again from then on. Each of
/// three to four accesses to the FPGA holds the core up for some 600 cycles, so the handler leaves this to a task. Any
/// context.
pub fn take() -> Events {
    let events = gic().begin();
    trace::record(Event::DoorbellTaken(events.sender_bits()));
    gic().finish(events);
    events
}

/// Takes off the controller, unseen, what it may report of cores like those that are known to have rung; all if none is
/// known. It may interrupt again from then on, at once if something is left. One or two writes to the FPGA. Any context.
pub fn take_unseen(known: Events) {
    trace::record(Event::DoorbellTaken(known.sender_bits()));
    gic().finish_words(known);
}

/// Rings at a core, this one included. Any context; returns when the FPGA has taken the request.
///
/// # Errors
/// None here; [`Absent`] on platforms without other cores.
pub fn ring(target: CoreId) -> Result<(), Absent> {
    request(target);
    Ok(())
}

/// Interrupts a core, this one included, without telling who it was. Any context.
///
/// # Errors
/// None here; [`Absent`] on platforms without such a pin.
pub fn interrupt(target: CoreId) -> Result<(), Absent> {
    raise_direct_pin(target);
    Ok(())
}

/// Rings at a core of the chip.
pub(super) fn request(target: CoreId) {
    gic().ring(target);
}
