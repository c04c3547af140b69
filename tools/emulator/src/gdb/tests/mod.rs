//! A real gdb against a small program. Without gdb installed the test says so and passes.

mod answers;
mod packets;

use super::{Attachment, Server, SessionEnd, Supervisor};
use crate::machine::flat_program::{START, core, start};
use crate::machine::{Machine, MemoryModel, Report};
use iced_x86::code_asm::{CodeAssembler, dword_ptr, eax, ebx, ecx};
use std::process::{Command, Stdio};

/// Where the program stores its sum.
const SUM: u32 = 0x2000;

/// Adds 3, 2 and 1 to 0x1234, storing every sum. Returns the code and the addresses of loop and end.
fn adding() -> (Vec<u8>, u32, u32) {
    let mut code = CodeAssembler::new(32).unwrap();
    let [mut next, mut end] = [code.create_label(), code.create_label()];
    code.mov(eax, 0x1234u32).unwrap();
    code.mov(ecx, 3u32).unwrap();
    code.set_label(&mut next).unwrap();
    code.add(eax, ecx).unwrap();
    code.mov(dword_ptr(SUM), eax).unwrap();
    code.dec(ecx).unwrap();
    code.jnz(next).unwrap();
    code.set_label(&mut end).unwrap();
    code.mov(ebx, dword_ptr(SUM)).unwrap();
    code.hlt().unwrap();
    let options = iced_x86::BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
    let code = code.assemble_options(u64::from(START), options).unwrap();
    let address = |label| u32::try_from(code.label_ip(label).unwrap()).unwrap();
    let (next, end) = (address(&next), address(&end));
    (code.inner.code_buffer, next, end)
}

/// Never ends a run and keeps what it hears.
#[derive(Default)]
struct Listener(Vec<String>);

impl Supervisor for Listener {
    fn finished(&mut self, _: &mut Machine) -> Option<u8> {
        None
    }

    fn stops_at(&mut self, _: &Report) -> bool {
        true
    }

    fn stopped(&mut self, report: &str) {
        self.0.push(report.to_owned());
    }
}

/// Serves one gdb that carries out `commands`; returns what it printed, how it ended and what the supervisor
/// heard. `None` if there is no gdb.
fn converse(machine: &mut Machine, commands: &[String]) -> Option<(String, SessionEnd, Vec<String>)> {
    let server = Server::bind(Some("127.0.0.1:0")).unwrap();
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "set confirm off", "-ex", "set pagination off", "-ex"]);
    gdb.arg(format!("target remote {}", server.address()));
    for command in commands {
        gdb.arg("-ex").arg(command);
    }
    gdb.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(gdb) = gdb.spawn() else {
        println!("not run: this test drives gdb, which is not installed (package gdb)");
        return None;
    };
    let mut supervisor = Listener::default();
    let attachment =
        Attachment { machine, supervisor: &mut supervisor, symbols: None, tracer: None, until: None };
    let end = server.serve(attachment).unwrap();
    let output = gdb.wait_with_output().unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Some((text, end, supervisor.0))
}

/// Asserts that `text` contains the pieces in this order.
#[track_caller]
fn assert_sequence(text: &str, pieces: &[String]) {
    let mut rest = text;
    for piece in pieces {
        let Some(at) = rest.find(piece.as_str()) else { panic!("`{piece}` is missing after:\n{text}") };
        rest = &rest[at + piece.len()..];
    }
}

fn owned<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[test]
fn gdb_breaks_steps_watches_and_reads_everything() {
    for model in [MemoryModel::Strict, MemoryModel::Fast] {
        let (code, next, end) = adding();
        let mut machine = Machine::builder().model(model).build();
        start(&mut machine, core(0), &code);
        start(&mut machine, core(7), &[0xEB, 0xFE]);
        let commands = [
            format!("break *{next:#x}"),
            "x/2i $pc".into(),
            "continue".into(),
            "info registers eip eax".into(),
            "stepi".into(),
            "print/x $eax".into(),
            "delete".into(),
            format!("watch *(int*){SUM:#x}"),
            "continue".into(),
            format!("print/x *(int*){SUM:#x}"),
            "delete".into(),
            format!("rwatch *(int*){SUM:#x}"),
            format!("hbreak *{end:#x}"),
            "continue".into(),
            "continue".into(),
            "delete".into(),
            "set var $ecx = 0x77".into(),
            "set var *(int*)0x3000 = 0x55AA".into(),
            "print/x $ecx".into(),
            "print/x *(int*)0x3000".into(),
            "print $st0".into(),
            "info threads".into(),
            "monitor lut 0 7".into(),
            "monitor nonsense".into(),
            "detach".into(),
        ];
        let Some((text, ended, heard)) = converse(&mut machine, &commands) else { return };
        let mut expected = owned(["mov    $0x1234,%eax", "mov    $0x3,%ecx"]);
        expected.push(format!("0x{next:08x} in ??"));
        expected.extend(owned(["0x1234", "= 0x1237", "Old value = 0", "New value = 4663", "= 0x1237"]));
        expected.push(format!("0x{end:08x} in ??"));
        expected.extend(owned(["Value = 4666", "= 0x77", "= 0x55aa"]));
        expected.extend(owned(["core 00 tile (0,0) running", "core 01 tile (0,0) in reset"]));
        expected.extend(owned(["core 07 tile (3,0) running", "core 47 tile (5,3) in reset"]));
        expected.extend(owned(["core 7 LUT 0: ", "`nonsense` is no monitor command"]));
        assert_sequence(&text, &expected);
        assert!(matches!(ended, SessionEnd::Detached), "{ended:?}");
        assert_eq!(heard[0], format!("core 0 at EIP {next:#010x}: breakpoint"));
        assert_eq!(machine.registers(core(0)).general[1], 0x77);
    }
}

#[test]
fn other_cores_go_on_during_a_step_unless_gdb_locks_the_scheduler() {
    for (locking, others_move) in [("off", true), ("step", false)] {
        // A core gets no further ahead of the others than in a run without gdb.
        let mut machine = Machine::builder().quantum(4).build();
        // inc eax; jmp back
        for number in [0, 7] {
            start(&mut machine, core(number), &[0x40, 0xEB, 0xFD]);
        }
        let mut commands = vec![format!("set scheduler-locking {locking}")];
        commands.extend(std::iter::repeat_n("stepi".to_owned(), 10));
        commands.extend(owned(["print/d $eax", "thread 8", "print/d $eax", "kill"]));
        let Some((text, ended, _)) = converse(&mut machine, &commands) else { return };
        assert_sequence(&text, &owned(["$1 = 5", "$2 = "]));
        assert_eq!(machine.registers(core(0)).general[0], 5);
        assert_eq!(machine.registers(core(7)).general[0] > 0, others_move, "locking {locking}\n{text}");
        assert!(matches!(ended, SessionEnd::Killed), "{ended:?}");
    }
}

#[test]
fn a_triple_fault_stops_the_machine() {
    let mut machine = Machine::builder().build();
    // ud2 without an IDT
    start(&mut machine, core(0), &[0x0F, 0x0B]);
    machine.write_core_memory(core(0), scc::address::PhysAddr::new(0), &[0; 0x800]).unwrap();
    let Some((text, _, heard)) = converse(&mut machine, &owned(["continue", "monitor why", "kill"])) else {
        return;
    };
    assert_sequence(&text, &owned(["SIGSEGV", "triple fault; the core has shut down"]));
    assert_eq!(heard, ["core 0 at EIP 0x00001000: triple fault; the core has shut down"]);
}
