//! Doorbells: the global interrupt controller on the bare machine, and what it has reported.
//!
//! The handler takes the controller's events and adds them to a set; whoever serves them takes the set. A ring is a
//! hint that may come twice or together with another: what it announces is looked up elsewhere.

use core::sync::atomic::{AtomicU32, Ordering};

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

/// Interrupts taken from the controller that reported nothing; wraps.
static EMPTY: AtomicU32 = AtomicU32::new(0);

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

/// Lowers the direct pin, then has `rung` told: whoever raises it from then on interrupts again. Interrupt context.
pub(super) fn serve_direct(rung: impl FnOnce()) {
    lower_pins();
    rung();
}

/// Takes what the controller reports off it, with a set of those that rang. Any context; the kernel's own handler uses
/// [`serve`].
pub(super) fn take() -> Events {
    let events = gic().begin();
    gic().finish(events);
    events
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

/// Has `rung` told what the controller reports, then takes it off the controller. Interrupt context.
///
/// In this order, because the controller's acknowledge takes long, and until it is there nothing that misses L1 goes on.
pub(super) fn serve(rung: impl FnOnce(Events)) {
    let events = gic().begin();
    trace::record(Event::DoorbellTaken(events.sender_bits()));
    rung(events);
    gic().finish(events);
    if events.is_empty() {
        EMPTY.store(EMPTY.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// Interrupts of the controller that reported nothing; wraps.
#[must_use]
pub fn empty_interrupts() -> u32 {
    EMPTY.load(Ordering::Relaxed)
}
