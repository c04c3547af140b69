//! Steps, breakpoints and watchpoints leave a run as it is.

use super::flat_program::{core, start};
use super::{Limits, Machine, MemoryModel, Registers, RunEnd, Statistics};
use crate::cpu::watch::{WatchKind, Watchpoint};
use i586::control::Cr0;
use iced_x86::code_asm::{CodeAssembler, dword_ptr, eax, ebx, ecx};
use scc::timing::Time;

/// A word that the program counts in.
const COUNT: u32 = 0x4000;

/// Counts to 60 in memory, and in each round reads the core's own message buffer and, where caches do not
/// forbid it, a counter of the FPGA. The answer also has the address of an instruction amid the straight part.
fn counting(number: u8, devices: bool) -> (Vec<u8>, u32) {
    let assemble = |nops: usize| {
        let mut code = CodeAssembler::new(32)?;
        let mut top = code.create_label();
        code.mov(ecx, 60)?;
        code.set_label(&mut top)?;
        for _ in 0..nops {
            code.imul_3(eax, eax, 5)?;
        }
        code.inc(dword_ptr(COUNT))?;
        code.add(ebx, dword_ptr(0xD800_0100u32))?;
        if devices {
            code.add(ebx, dword_ptr(0xF900_E000u32))?;
        }
        code.imul_3(ebx, ebx, 3)?;
        code.sub(ecx, 1)?;
        code.jnz(top)?;
        code.hlt()?;
        code.assemble(0x1000)
    };
    let nops = 3 + usize::from(number % 3);
    // Behind MOV ECX, one IMUL (three bytes each) and another.
    (assemble(nops).expect("valid instructions"), 0x1000 + 5 + 2 * 3)
}

fn board(model: MemoryModel, caches: bool) -> (Machine, u32) {
    let mut machine = Machine::builder().model(model).quantum(50).build();
    let mut middle = 0;
    for number in [0, 7, 30] {
        let (code, amid) = counting(number, model == MemoryModel::Fast || !caches);
        start(&mut machine, core(number), &code);
        middle = amid;
        let mut registers = machine.registers(core(number));
        if !caches {
            registers.control[0] |= (Cr0::CACHE_DISABLE | Cr0::NOT_WRITE_THROUGH).bits();
        }
        machine.set_registers(core(number), &registers);
    }
    (machine, middle)
}

fn outcome(machine: &Machine) -> (Statistics, Vec<Registers>) {
    (machine.statistics(), [0, 7, 30].map(|number| machine.registers(core(number))).to_vec())
}

/// Runs to the end; `go_on` is called at every stop.
fn finish(machine: &mut Machine, mut go_on: impl FnMut(&mut Machine, &RunEnd)) -> usize {
    for stops in 0..100_000 {
        match machine.run(&Limits::default()) {
            RunEnd::AllStopped => return stops,
            end => go_on(machine, &end),
        }
    }
    panic!("the program does not end");
}

const BOARDS: [(MemoryModel, bool); 3] =
    [(MemoryModel::Strict, true), (MemoryModel::Strict, false), (MemoryModel::Fast, true)];

fn undisturbed(model: MemoryModel, caches: bool) -> (Statistics, Vec<Registers>) {
    let (mut machine, _) = board(model, caches);
    assert_eq!(machine.run(&Limits::default()), RunEnd::AllStopped);
    outcome(&machine)
}

#[test]
fn steps_leave_a_run_as_it_is() {
    for (model, caches) in BOARDS {
        let (mut machine, _) = board(model, caches);
        for _ in 0..300 {
            assert_eq!(machine.step(core(7)), RunEnd::Observed(core(7)));
        }
        assert!(machine.core(core(7)).instructions >= 300);
        finish(&mut machine, |_, end| panic!("{end:?}"));
        assert!(outcome(&machine) == undisturbed(model, caches), "{model:?}, caches {caches}");
    }
}

#[test]
fn breakpoints_leave_a_run_as_it_is() {
    for (model, caches) in BOARDS {
        let (mut machine, middle) = board(model, caches);
        machine.set_breakpoints(&[middle]);
        let stops = finish(&mut machine, |machine, end| {
            let RunEnd::Observed(core) = end else { panic!("{end:?}") };
            assert_eq!(machine.core(*core).linear_eip(), middle);
            machine.pass_breakpoint(*core);
        });
        assert_eq!(stops, 3 * 60);
        assert!(outcome(&machine) == undisturbed(model, caches), "{model:?}, caches {caches}");
    }
}

#[test]
fn watchpoints_leave_a_run_as_it_is() {
    for (model, caches) in BOARDS {
        let (mut machine, _) = board(model, caches);
        machine.set_watchpoints(&[Watchpoint { linear: COUNT, bytes: 4, kind: WatchKind::Write }]);
        let stops = finish(&mut machine, |machine, end| {
            let RunEnd::Watchpoint(hit) = end else { panic!("{end:?}") };
            let mut passing = vec![*hit];
            loop {
                for core in &passing {
                    machine.ignore_watchpoints(*core, true);
                }
                match machine.step(*hit) {
                    RunEnd::Watchpoint(other) => passing.push(other),
                    end => break assert_eq!(end, RunEnd::Observed(*hit)),
                }
            }
            for core in passing {
                assert!(machine.take_watch_hit(core).is_some());
                machine.ignore_watchpoints(core, false);
            }
        });
        assert!(stops > 60, "{stops}");
        assert_eq!(outcome(&machine), undisturbed(model, caches), "{model:?}, caches {caches}");
    }
}

#[test]
fn a_step_after_which_the_host_intervenes_does_not_run_ahead() {
    let (mut machine, _) = board(MemoryModel::Fast, true);
    machine.hold_in_reset(core(7));
    machine.hold_in_reset(core(30));
    assert_eq!(machine.step(core(0)), RunEnd::Observed(core(0)));
    machine.release(core(7));
    let until = machine.time() + Time::from_microseconds(1);
    assert_eq!(machine.run(&Limits { until: Some(until), slices: None }), RunEnd::TimeReached);
    let latest = machine.core(core(0)).time();
    assert!(latest < until + Time::from_microseconds(2), "{latest} for {until}");
}

#[test]
fn time_passes_with_the_steps_of_a_core_that_is_alone() {
    let (mut machine, _) = board(MemoryModel::Fast, true);
    machine.hold_in_reset(core(7));
    machine.hold_in_reset(core(30));
    for _ in 0..100 {
        assert_eq!(machine.step(core(0)), RunEnd::Observed(core(0)));
        assert_eq!(machine.time(), machine.core(core(0)).time());
    }
}
