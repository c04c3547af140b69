//! The phases of booting a core, in the order of SCC reference §9.1.

use log::LevelFilter;
use trace_format::phase::BootPhase;
use trace_format::record::Event;

use crate::arch::i586::cpu;
use crate::console;
use crate::mm::kernel_space;
use crate::mm::trace_ring::TRACE_RING;
use crate::platform::machine;
use crate::trace;

/// Continues from the start code, which passes the low words of three time stamps: at reset, in protected mode, and
/// with paging on.
pub(crate) extern "C" fn start(reset: u32, protected: u32, paging: u32) -> ! {
    TRACE_RING.start();
    let phases = [(reset, BootPhase::Reset), (protected, BootPhase::Protected), (paging, BootPhase::Paging)];
    for (cycles, phase) in phases {
        trace::record_at(u64::from(cycles), Event::BootPhase(phase));
    }
    machine::map_devices();
    machine::before_caches();
    cpu::enable_caches();
    trace::phase(BootPhase::Caches);
    machine::after_caches();
    console::install_logger(LevelFilter::Info);
    trace::phase(BootPhase::Console);
    machine::map_low_memory();
    if let Err(error) = kernel_space::set_up() {
        panic!("no memory for the kernel's own page tables: {error}");
    }
    trace::phase(BootPhase::Memory);
    let heap = alloc::boxed::Box::new(0x1234_u32);
    trace::phase(BootPhase::Heap);
    log::info!(
        target: "boot",
        "ready memory={}K frames={} heap={:p}",
        machine::private_bytes() / 1024,
        kernel_space::available_frames(),
        heap
    );
    for record in TRACE_RING.newest(20) {
        let stamped = trace_format::record::Stamped::decode(record);
        log::info!(target: "trace", "{stamped:?}");
    }
    cpu::halt_for_good()
}
