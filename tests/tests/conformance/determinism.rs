//! Checklist 78: the same inputs give the same run, to the last cycle, register and byte.

use boot_tests::guest::{Board, Program, Setting, core, layout};
use iced_x86::code_asm::{dword_ptr, eax, edi};
use scc::id::CoreId;
use scc::timing::Time;
use scc_emu::trace::{TraceFilter, Tracer};
use scc_emu::{Limits, Machine, Registers, RunEnd};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// Three cores that race for a word, a counter and a lock, and keep what they saw.
fn racing_board() -> Board {
    let mut board = Board::with(Machine::builder().seed(7));
    for number in [0, 13, 46] {
        let program = Program::with_body(Setting::Cached, |code| {
            code.repeat(300, |code| {
                code.read(0xF900_E008)?;
                code.mov(dword_ptr(edi * 8 + layout::DATA), eax)?;
                code.inc(dword_ptr(0x8200_0000u32))?;
                code.read(0xE400_0200)?;
                code.mov(dword_ptr(edi * 8 + layout::DATA + 4), eax)?;
                code.write(0xE400_0200, 1)?;
                code.rdtsc()?;
                code.mov(dword_ptr(edi * 4 + layout::DATA + 0x4000), eax)?;
                code.write(0xC900_0000 + 0x40 * u32::from(number), u32::from(number))
            })
        });
        board.launch(core(number), &program);
    }
    board
}

/// Everything a run leaves: statistics as text, registers, memory.
fn outcome(board: &Board) -> (String, Vec<Registers>, Vec<u32>) {
    let statistics =
        serde_json::to_string(&board.machine().statistics()).expect("statistics are plain numbers");
    let registers = CoreId::all().map(|core| board.machine().registers(core)).collect();
    let memory = [0, 13, 46]
        .into_iter()
        .flat_map(|number| (0..0x1400).map(move |word| (number, layout::DATA + 4 * word)))
        .map(|(number, at)| board.read(core(number), at))
        .collect();
    (statistics, registers, memory)
}

/// Conformance item 78.
#[test]
fn same_inputs_give_the_same_run() {
    let run = || {
        let mut board = racing_board();
        board.run();
        outcome(&board)
    };
    assert_eq!(run(), run());
}

/// Conformance item 78: snapshots at the same time agree, and machines of one process do not touch each other.
#[test]
fn interleaved_machines_agree_at_every_step() {
    let (mut first, mut second) = (racing_board(), racing_board());
    let mut bystander = Board::ran(&Program::with_body(Setting::Flat, |code| code.write(layout::RESULTS, 1)));
    for _ in 0..20 {
        first.step(Time::from_microseconds(25));
        bystander.step(Time::from_microseconds(1));
        second.step(Time::from_microseconds(25));
        assert_eq!(outcome(&first), outcome(&second));
    }
}

/// A writer whose text can be looked at afterwards.
#[derive(Clone, Default)]
struct Sheet(Rc<RefCell<Vec<u8>>>);

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Conformance item 78: every instruction, transaction and interrupt of 200 us.
#[test]
fn same_inputs_give_the_same_trace() {
    let trace = || {
        let mut board = racing_board();
        let sheet = Sheet::default();
        let mut tracer = Tracer::new(Box::new(sheet.clone()), TraceFilter::default());
        let limits = Limits { until: Some(Time::from_microseconds(200)), ..Limits::default() };
        assert_eq!(board.machine_mut().run_traced(&limits, &mut tracer), RunEnd::TimeReached);
        tracer.finish().expect("memory takes any text");
        sheet.0.take()
    };
    let first = trace();
    assert!(first.len() > 100_000, "{} bytes of trace", first.len());
    assert!(first == trace());
}
