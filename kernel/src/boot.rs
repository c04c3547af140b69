//! From the start code to the first task, phase by phase, in the order of SCC reference §9.1.
//!
//! Each phase is recorded in the trace ring when it is done. Caches come on late, as on every system that is known to
//! have worked: up to then each instruction is fetched from memory, so as little as possible happens before.

use alloc::vec::Vec;

use executor::{Class, Spawner};
use scc::id::CoreId;
use service::Plan;
use trace_format::phase::BootPhase;
use trace_format::record::Event;

use crate::arch::i586::{cpu, start};
use crate::command_line::{Afterwards, BootFrom, Measure, Options, SelfTest, text_in};
use crate::mail::greeting;
use crate::mm::trace_ring::TRACE_RING;
use crate::mm::{image, kernel_space};
use crate::platform::machine;
use crate::services::Services;
use crate::{console, hypervisor, mail, provoke, runtime, self_test, services, time_of_day, trace, trials};

/// Milliseconds after its own start at which a core stops or restarts another, which should be up by then.
const RESTART_AFTER: u32 = 20;

/// Continues from the start code, which passes the low words of three time stamps: at reset, in protected mode, and
/// with paging on.
pub(crate) extern "C" fn enter(reset: u32, protected: u32, paging: u32) -> ! {
    TRACE_RING.start();
    let phases = [(reset, BootPhase::Reset), (protected, BootPhase::Protected), (paging, BootPhase::Paging)];
    for (cycles, phase) in phases {
        trace::record_progress_at(u64::from(cycles), Event::BootPhase(phase));
    }
    start::map_devices();
    machine::before_caches();
    cpu::enable_caches();
    trace::phase(BootPhase::Caches);
    start::map_all_devices();
    machine::after_caches();
    console::install_logger(Options::DEFAULT.log);
    trace::phase(BootPhase::Console);
    start::map_low_memory();
    if let Err(error) = kernel_space::set_up() {
        panic!("no memory for the kernel's own page tables: {error}");
    }
    trace::phase(BootPhase::Memory);
    // The first allocation gives the heap its first memory.
    drop(alloc::boxed::Box::new(BootPhase::Heap));
    trace::phase(BootPhase::Heap);
    let command_line = text_in(image::command_line_page());
    let options = Options::parse(command_line, |word| {
        log::warn!(target: "boot", "not understood word={word}");
    });
    log::set_max_level(options.log);
    time_of_day::learn(options.time);
    if options.trace_letters {
        trace::record_letters();
    }
    if options.trace_guests {
        trace::record_guests();
    }
    if options.trace_dump {
        trace::await_dump();
    }
    TRACE_RING.warm();
    trace::phase(BootPhase::Executor);
    runtime::run(|spawner| {
        let task = spawner.spawn("boot", Class::Service, first_task(spawner, options, command_line));
        task.expect("the heap has memory for the first task").detach();
    })
}

/// Says that the core is there, and does what the command line asks for.
async fn first_task(spawner: Spawner, options: Options, command_line: &str) {
    trace::phase(BootPhase::FirstTask);
    log::info!(
        target: "boot",
        "ready memory={}M free={}M clock={}MHz",
        machine::private_bytes() >> 20,
        kernel_space::available_frames() >> 8,
        machine::clocks::cycles_per_millisecond() / 1_000
    );
    // First of all: nothing else is to run, and the heap is as it came.
    if options.measure == Some(Measure::Kernel) {
        trials::measure(spawner, options.cores, Measure::Kernel).await;
    }
    // A core that checks itself starts its mailbox when the rest of it has passed, or for its guests.
    let mut services = None;
    let plan = services::host::plan(command_line, options.cores);
    let for_guests = kernel_space::guests().is_some() && options.self_test == SelfTest::Alone;
    if options.self_test == SelfTest::No || for_guests {
        match mail::start(spawner) {
            Ok(mailbox) => match options.soak {
                Some(soak) => trials::soak(spawner, mailbox, options.cores, soak),
                None => services = start_services(spawner, mailbox, plan),
            },
            Err(absent) => log::debug!(target: "boot", "no mailbox: {absent}"),
        }
    }
    let own = machine::identity::core();
    if options.boot == BootFrom::Core0 && options.cores.lowest() == Some(own) {
        for core in CoreId::all().filter(|core| *core != own && options.cores.contains(*core)) {
            start(core);
            executor::yield_now().await;
        }
    }
    if let Some((core, by)) = options.restart
        && by == own
    {
        spawner.timers().sleep(runtime::frequency().milliseconds(RESTART_AFTER)).await;
        start(core);
    }
    if let Some((core, by)) = options.stop
        && by == own
    {
        spawner.timers().sleep(runtime::frequency().milliseconds(RESTART_AFTER)).await;
        match machine::core_start::stop(core) {
            Ok(()) => log::info!(target: "boot", "stopped core={core}"),
            Err(error) => log::error!(target: "boot", "not stopped core={core}: {error}"),
        }
    }
    if let Some((fatal, core)) = options.provoke
        && core == own
    {
        provoke::fatal(fatal, spawner).await;
    }
    if options.measure == Some(Measure::Guests) {
        trials::measure(spawner, options.cores, Measure::Guests).await;
    } else {
        hypervisor::run_all(spawner, services, options.cores).await;
    }
    match options.measure {
        // Any other self-test has a use for the mailbox itself.
        Some(Measure::Kernel | Measure::Guests) | None => {}
        Some(what) if options.self_test == SelfTest::Alone => {
            trials::measure(spawner, options.cores, what).await;
        }
        Some(_) => log::error!(target: "boot", "measures letters only with selftest"),
    }
    if options.self_test != SelfTest::No {
        test(spawner, options, services, plan).await;
    }
}

/// Starts a core, or says why not.
fn start(core: CoreId) {
    match machine::core_start::start(core) {
        Ok(()) => log::info!(target: "boot", "started core={core}"),
        Err(error) => log::error!(target: "boot", "not started core={core}: {error}"),
    }
}

fn start_services(spawner: Spawner, mailbox: &'static mail::Mailbox, plan: Plan) -> Option<Services> {
    let started = services::start(spawner, mailbox, plan);
    let started = started.inspect_err(|error| log::error!(target: "boot", "no services: {error}")).ok()?;
    services::host::start(spawner, started);
    // With guests the terminal is theirs too.
    if let Some(console) = started.planned_console()
        && !hypervisor::has_guests()
        && let Some(terminal) = hypervisor::terminal::start(spawner, Vec::new(), Some(console))
    {
        terminal.detach();
    }
    Some(started)
}

async fn test(spawner: Spawner, options: Options, services: Option<Services>, plan: Plan) {
    let report = self_test::run(spawner, options).await;
    if options.afterwards == Afterwards::Stop {
        machine::finish(report.ending);
    }
    let started = report.mailbox.or(services.map(|services| services.mailbox));
    match started.map_or_else(|| mail::start(spawner), Ok) {
        Ok(mailbox) => {
            if options.self_test != SelfTest::Jointly && services.is_none() {
                start_services(spawner, mailbox, plan);
            }
            greeting::start(spawner, mailbox, options.cores);
        }
        Err(absent) => log::debug!(target: "boot", "no mailbox: {absent}"),
    }
}
