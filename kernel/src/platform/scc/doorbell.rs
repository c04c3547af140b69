//! Doorbells: the global interrupt controller on the bare machine, and what it has reported.
//!
//! The handler takes the controller's events and adds them to a set; whoever serves them takes the set. A ring is a
//! hint that may come twice or together with another: what it announces is looked up elsewhere.

use core::sync::atomic::{AtomicU32, Ordering};

use scc::fpga::FpgaRegister;
use scc::gic::GicRegister;
use scc::id::CoreId;
use scc::tile::{Glcfg, TileRegister};

use super::gic::{Events, Gic, GicAccess};
use super::identity;
use super::window::{TileWindow, read_fpga, write_fpga};
use crate::platform::Absent;

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
        let register = TileRegister::Glcfg(identity::core().slot());
        let tile = TileWindow::own();
        let pins = Glcfg::from_bits(tile.read(register)).with_interrupt(false);
        tile.write_pins(register, pins);
    }
}

fn gic() -> Gic<Hardware> {
    Gic::new(identity::core(), Hardware)
}

/// Interrupts taken from the controller that reported nothing; wraps.
static EMPTY: AtomicU32 = AtomicU32::new(0);

/// Opens the controller and the direct pin for this core.
pub fn open() {
    gic().open();
    write_direct_pin(TileWindow::own(), identity::core(), false);
}

/// Raises the direct pin of a core, this one included: no other core's register is involved, but nobody learns who
/// it was, and two cores that do it at once count as one. Any context.
pub(super) fn raise_direct_pin(target: CoreId) {
    write_direct_pin(TileWindow::of(target.tile()), target, true);
}

/// Lowers the direct pin, then has `rung` told: whoever raises it from then on interrupts again. Interrupt context.
pub(super) fn serve_direct(rung: impl FnOnce()) {
    write_direct_pin(TileWindow::own(), identity::core(), false);
    rung();
}

/// LINT1 is the direct pin. Writing the other pins back as they were read can raise LINT0 again without a ring, which
/// its handler answers, and cannot lose a ring, since pins count by their edges.
fn write_direct_pin(tile: TileWindow, core: CoreId, level: bool) {
    let register = TileRegister::Glcfg(core.slot());
    let pins = Glcfg::from_bits(tile.read(register)).with_nmi(level);
    tile.write_pins(register, pins);
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
