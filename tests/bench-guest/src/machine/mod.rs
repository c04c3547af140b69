//! The program on a bare machine: from the first instruction of Rust to the end.
//!
//! The start code ([`boot`]) has left flat 32-bit protected mode, caches on, a stack and a fresh FPU; paging and
//! interrupts are off. Nothing but memory, the serial port and the local APIC or the tile's registers is relied on.

mod boot;
mod cold_code;
mod descriptor_tables;
mod idle;
mod layout;

mod mmio;
mod page_chase;
mod paging;
mod parameters;
mod patch;
mod port;
mod ring;
mod string_move;

extern crate i586_rt as _;

use core::fmt::Write;
use core::panic::PanicInfo;

use crate::benchmark::Benchmark;
use parameters::Parameters;

/// Runs what the parameter block asks for; the start code jumps here.
pub(super) extern "C" fn start() -> ! {
    let parameters = Parameters::read();
    port::Serial::set_up(parameters.machine);
    let Some(benchmark) = Benchmark::from_number(parameters.benchmark) else {
        panic!("unknown benchmark {}", parameters.benchmark);
    };
    let checksum = run(benchmark, parameters);
    let (name, rounds) = (benchmark.name(), parameters.rounds);
    print(format_args!("bench {name} rounds {rounds} checksum {checksum:08x}\n"));
    port::end(parameters.machine)
}

/// Runs one benchmark and returns its checksum.
fn run(benchmark: Benchmark, parameters: Parameters) -> u32 {
    let Parameters { rounds, seed, .. } = parameters;
    match benchmark {
        Benchmark::Chase => page_chase::run(rounds, seed, page_chase::Reload::Never),
        Benchmark::ChaseReload => page_chase::run(rounds, seed, page_chase::Reload::EveryStretch),
        Benchmark::Trap => ring::run(rounds, seed),
        Benchmark::Port => port::run(rounds, seed),
        Benchmark::Mmio => mmio::run(rounds, seed, parameters.machine),
        Benchmark::SelfModifying => patch::run(rounds, seed),
        Benchmark::StringMove => string_move::run(rounds, seed),
        Benchmark::Idle => idle::run(rounds),
        Benchmark::Cold => cold_code::run(rounds, seed),
        portable => portable.run_portably(rounds, seed).unwrap_or(seed),
    }
}

pub(super) fn print(text: core::fmt::Arguments<'_>) {
    // The serial port takes every byte, so writing cannot fail.
    port::Serial.write_fmt(text).unwrap_or(());
}

/// Says what went wrong and ends.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    print(format_args!("bench failed: {info}\n"));
    port::end(Parameters::read().machine)
}
