//! A run that is watched is the run that is not: a trace changes no cycle, count, register or byte.

use boot_tests::guest::{Board, Code, Program, Result, Setting, core, layout, tile_register};
use i586::apic::{ApicRegister, LocalVector};
use iced_x86::code_asm::{dword_ptr, eax, ebx, edi, edx, ptr};
use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::tile::TileRegister;
use scc::timing::Time;
use scc_emu::trace::{TraceFilter, Tracer};
use scc_emu::{Limits, Machine, MachineBuilder, MemoryModel, Registers, RunEnd, Statistics, TimingModel};
use std::io;

/// Interrupt vectors and the result slots that count them: timer, interrupt pin.
const TIMER: (u8, u32) = (0x41, 20);
const PIN: (u8, u32) = (0x42, 21);

/// GLCFG of a core with the interrupt pin inactive, and active.
const IDLE: u32 = 0x0DF8;
const INTR: u32 = IDLE | 2;

/// How often each core does what it does.
const ROUNDS: u32 = 40;

/// Straight code, long enough that a timer interrupt may fall anywhere in it, with compare-and-branch pairs
/// that are taken and that are not.
fn compute(code: &mut Code) -> Result {
    for step in 0..20_u32 {
        code.imul_3(eax, eax, 69_069)?;
        code.add(eax, step)?;
        code.bswap(eax)?;
        let mut after = code.create_label();
        code.test(eax, 1 << (step & 7))?;
        code.jz(after)?;
        code.inc(ebx)?;
        code.set_label(&mut after)?;
        code.mov(dword_ptr(layout::DATA + 0x800 + 4 * step), eax)?;
    }
    Ok(())
}

/// A program that interrupts itself by its timer and the next core by its pin, and talks to the others through
/// a counter, a lock, a message buffer and uncached memory.
fn talker(number: u8, cores: u8, setting: Setting) -> Program {
    let next = core((number + 1) % cores);
    let pins = tile_register(next.tile(), TileRegister::Glcfg(next.slot()));
    let mailbox = 0xC000_0000 + (u32::from(number) / 2) * 0x100_0000 + u32::from(number % 2) * 0x2000;
    let handled_in_time = if setting == Setting::Cached { 1500 } else { 20_000 };
    let period = handled_in_time + 7 * u32::from(number);
    Program::draft(setting).count_interrupts(TIMER.0, TIMER.1).count_interrupts(PIN.0, PIN.1).body(|code| {
        code.enable_apic()?;
        code.write_apic(ApicRegister::TimerDivide, 0xB)?;
        let timer = LocalVector::new().with_vector(TIMER.0).with_periodic(true);
        code.write_apic(ApicRegister::LvtTimer, timer.into_bits())?;
        code.write_apic(ApicRegister::LvtLint0, LocalVector::new().with_vector(PIN.0).into_bits())?;
        code.write_apic(ApicRegister::TimerInitialCount, period)?;
        code.sti()?;
        code.repeat(ROUNDS, |code| {
            compute(code)?;
            code.read(0xF900_E000)?;
            code.mov(ptr(edi * 4 + layout::DATA), eax)?;
            code.inc(dword_ptr(0x8200_0000u32))?;
            code.read(0xE400_0200)?;
            code.mov(dword_ptr(mailbox), edi)?;
            code.write(pins, INTR)?;
            code.write(pins, IDLE)?;
            code.rdtsc()?;
            code.mov(ptr(edi * 4 + layout::DATA + 0x400), eax)
        })?;
        code.write_apic(ApicRegister::TimerInitialCount, 0)?;
        code.mov(edx, dword_ptr(0x8200_0000u32))
    })
}

/// A board on which the first `cores` cores talk, every other one with its code uncached.
fn board(settings: MachineBuilder, cores: u8) -> Board {
    let mut board = Board::with(settings.seed(3));
    for number in 0..cores {
        let setting = if number % 2 == 0 { Setting::Cached } else { Setting::Flat };
        board.launch(core(number), &talker(number, cores, setting));
    }
    board
}

/// Everything a run leaves behind.
#[derive(Debug, PartialEq)]
struct Outcome {
    end: RunEnd,
    statistics: Statistics,
    registers: Vec<Registers>,
    /// Results and data of every core.
    memory: Vec<Vec<u8>>,
}

fn outcome(board: &Board, end: RunEnd) -> Outcome {
    let memory = |core: CoreId| {
        let mut bytes = Vec::new();
        for at in [layout::RESULTS, layout::DATA] {
            let mut page = vec![0; 0x1000];
            board.machine().read_core_memory(core, PhysAddr::new(at), &mut page).expect("private memory");
            bytes.append(&mut page);
        }
        bytes
    };
    Outcome {
        end,
        statistics: board.machine().statistics(),
        registers: CoreId::all().map(|core| board.machine().registers(core)).collect(),
        memory: CoreId::all().map(memory).collect(),
    }
}

/// Runs `cores` talking cores to their end.
fn run(settings: &MachineBuilder, cores: u8, tracer: Option<&mut Tracer>) -> Outcome {
    let mut board = board(settings.clone(), cores);
    let limits = Limits { until: Some(Time::from_microseconds(20_000)), ..Limits::default() };
    let end = match tracer {
        Some(tracer) => board.machine_mut().run_traced(&limits, tracer),
        None => board.machine_mut().run(&limits),
    };
    if let RunEnd::Finding(report) = &end {
        panic!("{report}");
    }
    outcome(&board, end)
}

#[test]
fn a_trace_changes_nothing_of_the_run() {
    for (model, timing, cores) in [
        (MemoryModel::Strict, TimingModel::Scc, 48),
        (MemoryModel::Fast, TimingModel::Flat, 48),
        (MemoryModel::Fast, TimingModel::Scc, 6),
        (MemoryModel::Strict, TimingModel::Flat, 6),
    ] {
        let settings = Machine::builder().model(model).timing(timing);
        let alone = run(&settings, cores, None);
        let mut tracer = Tracer::new(Box::new(io::sink()), TraceFilter::default());
        let traced = run(&settings, cores, Some(&mut tracer));
        for (left, right) in alone.statistics.cores.iter().zip(&traced.statistics.cores) {
            assert_eq!(left, right, "{model:?} {timing:?}, {cores} cores");
        }
        assert!(alone == traced, "{model:?} {timing:?}, {cores} cores");
        assert_eq!(alone.end, RunEnd::AllStopped);
        assert_eq!(alone.statistics.cores.len(), usize::from(cores));
        let interrupts = |slot: u32| -> u32 {
            let at = (layout::result(slot) - layout::RESULTS) as usize;
            let word =
                |bytes: &Vec<u8>| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
            alone.memory.iter().map(word).sum()
        };
        assert!(interrupts(TIMER.1) >= cores.into(), "{} timer interrupts", interrupts(TIMER.1));
        assert!(interrupts(PIN.1) > 10 * u32::from(cores), "{} pin interrupts", interrupts(PIN.1));
    }
}
