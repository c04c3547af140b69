//! Guest programs of the emulator's benchmark.
//!
//! Built for the SCC's cores this is a flat ROM image that boots from reset, unchanged, on the SCC, on QEMU's PC
//! and on Bochs. A block of parameters near its end, patched by whoever starts it, names the benchmark, its rounds
//! and a seed. The program runs them, writes one line to the first serial port and ends:
//!
//! ```text
//! bench NAME rounds ROUNDS checksum XXXXXXXX
//! ```
//!
//! The checksum depends on all the work done and is the same on every machine. Built for any other machine this is
//! an ordinary program, `bench-guest NAME ROUNDS SEED`, that runs the benchmarks which need no bare machine and
//! prints the same line: the reference for the others.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

mod benchmark;
mod executing;
#[cfg(target_arch = "x86")]
mod machine;
mod workload;

/// Prints a line of a benchmark.
fn say(line: core::fmt::Arguments<'_>) {
    #[cfg(target_arch = "x86")]
    machine::print(line);
    #[cfg(not(target_arch = "x86"))]
    print!("{line}");
}

/// Runs one benchmark as an ordinary program.
#[cfg(not(target_arch = "x86"))]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, rounds, seed] = arguments.as_slice() else {
        eprintln!("usage: bench-guest NAME ROUNDS SEED");
        return std::process::ExitCode::from(2);
    };
    let benchmark = benchmark::Benchmark::from_name(name);
    let (Some(benchmark), Ok(rounds), Ok(seed)) = (benchmark, rounds.parse(), seed.parse()) else {
        eprintln!("bench-guest: unknown benchmark or not a number: {}", arguments.join(" "));
        return std::process::ExitCode::from(2);
    };
    let Some(checksum) = benchmark.run_portably(rounds, seed) else {
        eprintln!("bench-guest: {name} needs a bare machine");
        return std::process::ExitCode::FAILURE;
    };
    println!("bench {name} rounds {rounds} checksum {checksum:08x}");
    std::process::ExitCode::SUCCESS
}
