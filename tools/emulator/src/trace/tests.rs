//! Whole traces of small programs.

use super::{Events, TraceError, TraceFilter, Tracer};
use crate::loader::CoreSet;
use crate::machine::flat_program::{START, core, start};
use crate::machine::{Limits, Machine, MemoryModel, RunEnd, TimingModel};
use iced_x86::code_asm::{CodeAssembler, al, dword_ptr, dx, eax, ecx};
use scc::address::PhysAddr;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// A writer whose contents outlive the tracer.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn trace(machine: &mut Machine, filter: TraceFilter) -> String {
    let out = Shared::default();
    let mut tracer = Tracer::new(Box::new(out.clone()), filter);
    assert_eq!(machine.run_traced(&Limits::default(), &mut tracer), RunEnd::AllStopped);
    tracer.finish().unwrap();
    String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
}

/// Stores, prints and halts.
fn storing() -> Vec<u8> {
    let mut code = CodeAssembler::new(32).unwrap();
    code.mov(eax, 0x41u32).unwrap();
    code.mov(dword_ptr(0x2000), eax).unwrap();
    code.add(eax, ecx).unwrap();
    code.mov(dx, 0x3F8u32).unwrap();
    code.out(dx, al).unwrap();
    code.hlt().unwrap();
    code.assemble(u64::from(START)).unwrap()
}

fn machine(model: MemoryModel, cores: &[u8]) -> Machine {
    let mut machine = Machine::builder().model(model).timing(TimingModel::Flat).build();
    for number in cores {
        start(&mut machine, core(*number), &storing());
    }
    machine
}

#[test]
fn every_instruction_shows_what_it_changed_and_what_left_the_core() {
    let text = trace(&mut machine(MemoryModel::Fast, &[0]), TraceFilter::default());
    let expected =
        "           0 00 exec 00001000 0008:00001000 b841000000           mov eax,0x41  ; eax=00000041
           1 00 exec 00001005 0008:00001005 a300200000           mov [0x2000],eax
           2 00 exec 0000100a 0008:0000100a 01c8                 add eax,ecx  ; efl=00000006
           3 00 exec 0000100c 0008:0000100c 66baf803             mov dx,0x3f8  ; edx=000003f8
           4 00 exec 00001010 0008:00001010 ee                   out dx,al
           4 00 bus  NCIOWR 1 port 0x03f8 = 41  0 cycles
           5 00 exec 00001011 0008:00001011 f4                   hlt
";
    assert_eq!(text, expected);
}

#[test]
fn caches_show_in_the_transactions_of_the_strict_model() {
    let text = trace(&mut machine(MemoryModel::Strict, &[0]), TraceFilter::default().events(Events::BUS));
    let commands: Vec<_> = text.lines().map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    // The program's one line, the store past the caches (no write allocate), the console.
    assert_eq!(commands, ["RDO", "NCWR", "NCIOWR"], "{text}");
    assert!(text.contains("NCWR 4 00002000 route 0x00 west port address"), "{text}");
    assert!(text.contains(" = 41000000  0 cycles"), "{text}");
}

#[test]
fn filters_leave_out_cores_addresses_and_kinds() {
    let lines = |filter: TraceFilter| trace(&mut machine(MemoryModel::Fast, &[0, 5]), filter).lines().count();
    assert_eq!(lines(TraceFilter::default()), 14);
    let only: CoreSet = "5".parse().unwrap();
    assert_eq!(lines(TraceFilter::default().cores(&only)), 7);
    assert_eq!(lines(TraceFilter::default().range(START + 0x10, START + 0x10)), 4);
    assert_eq!(lines(TraceFilter::default().events(Events::BUS)), 2);
    let period = machine(MemoryModel::Fast, &[]).fabric().tile_period(core(0).tile());
    let third = scc::timing::Time::from_cycles(2, period);
    assert_eq!(lines(TraceFilter::default().window(third, third + period)), 2);
}

#[test]
fn identical_runs_give_identical_bytes() {
    for model in [MemoryModel::Strict, MemoryModel::Fast] {
        let run = || {
            let mut machine = Machine::builder().model(model).build();
            for number in [0, 1, 13, 47] {
                start(&mut machine, core(number), &storing());
            }
            trace(&mut machine, TraceFilter::default())
        };
        let first = run();
        assert!(first.lines().count() >= 4 * 7);
        assert_eq!(first, run(), "{model:?}");
    }
}

#[test]
fn handlers_entered_are_told_apart_from_the_instructions_around_them() {
    let mut code = CodeAssembler::new(32).unwrap();
    code.lgdt(iced_x86::code_asm::fword_ptr(0x2000)).unwrap();
    code.lidt(iced_x86::code_asm::fword_ptr(0x2008)).unwrap();
    code.int(0x0D).unwrap();
    code.ud2().unwrap();
    let code = code.assemble(u64::from(START)).unwrap();
    let mut machine = Machine::builder().model(MemoryModel::Fast).timing(TimingModel::Flat).build();
    start(&mut machine, core(0), &code);
    let mut load = |at: u32, bytes: &[u8]| {
        machine.write_core_memory(core(0), PhysAddr::new(at), bytes).unwrap();
    };
    load(0x2000, &[0x0F, 0, 0x00, 0x21, 0, 0, 0, 0, 0xFF, 0, 0x00, 0x22, 0, 0]);
    load(0x2108, &[0xFF, 0xFF, 0, 0, 0, 0x9B, 0xCF, 0]);
    // Vector 13 returns, vector 6 halts.
    load(0x2200 + 13 * 8, &[0x00, 0x30, 8, 0, 0, 0x8F, 0, 0]);
    load(0x2200 + 6 * 8, &[0x01, 0x30, 8, 0, 0, 0x8F, 0, 0]);
    load(0x3000, &[0xCF, 0xF4]);
    let text = trace(&mut machine, TraceFilter::default());
    let seen: Vec<_> = text.lines().map(|line| line[16..].to_owned()).collect();
    let expected = [
        "exec 00001000 0008:00001000 0f011500200000       lgdt [0x2000]",
        "exec 00001007 0008:00001007 0f011d08200000       lidt [0x2008]",
        "exec 0000100e 0008:0000100e cd0d                 int 0xd",
        "int  vector 0x0d at 00001010",
        "exec 00003000 0008:00003000 cf                   iretd  ; esp=00001000",
        "exec 00001010 0008:00001010 0f0b                 ud2",
        "exc  vector 0x06 at 00001010",
        "exec 00003001 0008:00003001 f4                   hlt",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_full_disk_is_reported() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else {
        println!("not run: this host has no /dev/full");
        return;
    };
    let mut tracer = Tracer::new(Box::new(full), TraceFilter::default());
    machine(MemoryModel::Fast, &[0]).run_traced(&Limits::default(), &mut tracer);
    assert!(matches!(tracer.finish(), Err(TraceError::Write(_))));
}
