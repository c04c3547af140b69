//! Exit statuses: 0 condition met, 2 usage, 3 limit first, 4 strict-mode stop, 5 shutdown.

use iced_x86::code_asm::{al, ax, bx, ds, dx, fword_ptr, ptr};

use super::{RESET_PAGE, Workshop, looping, printing, reset_page};

#[test]
fn halting_for_good_is_the_default_condition() {
    let workshop = Workshop::new("halting");
    workshop.write("hello.bin", printing("hello\n"));
    let ended = workshop.run(&format!("run --load hello.bin@{RESET_PAGE}"));
    assert_eq!((ended.status, ended.out.as_str()), (Some(0), "hello\n"));
    assert!(ended.notes.contains("all cores are halted for good"), "{}", ended.notes);
    assert!(ended.notes.contains("instructions in"), "{}", ended.notes);
}

#[test]
fn a_text_ends_the_run_before_a_limit() {
    let workshop = Workshop::new("text");
    workshop.write("hello.bin", printing("all tests passed\n"));
    let ended = workshop.run(&format!("run --load hello.bin@{RESET_PAGE} --until passed --cycles 1000000"));
    assert_eq!(ended.status, Some(0));
    assert!(ended.notes.contains("core 0 printed \"passed\""), "{}", ended.notes);
}

#[test]
fn limits_end_with_status_3() {
    let workshop = Workshop::new("limits");
    workshop.write("loop.bin", looping());
    workshop.write("hello.bin", printing("hello\n"));
    for (line, reason) in [
        (format!("run --load loop.bin@{RESET_PAGE} --cycles 20000"), "limit of 20000 cycles"),
        (format!("run --load loop.bin@{RESET_PAGE} --wall 0.05"), "limit of 0.05 s"),
        (format!("run --load loop.bin@{RESET_PAGE} --until x --until-halted --cycles 20000"), "cycles"),
        (format!("run --load hello.bin@{RESET_PAGE} --until never"), "did not appear"),
    ] {
        let ended = workshop.run(&line);
        assert_eq!(ended.status, Some(3), "{line}");
        assert!(ended.notes.contains(reason), "{line}: {}", ended.notes);
    }
}

#[test]
fn cycles_are_exact() {
    let workshop = Workshop::new("cycles");
    workshop.write("loop.bin", looping());
    let ended = workshop.run(&format!("run --load loop.bin@{RESET_PAGE} --cycles 20000 --timing flat"));
    assert!(ended.notes.contains("37.500 us emulated, 20000 instructions"), "{}", ended.notes);
}

#[test]
fn a_finding_stops_the_run_and_is_a_warning_on_request() {
    let workshop = Workshop::new("finding");
    // Reads through LUT entry 0, which the option points at the north port: nothing is connected there.
    let page = reset_page(|code| {
        code.mov(bx, 0_u32).unwrap();
        code.mov(ds, bx).unwrap();
        code.mov(al, ptr(bx)).unwrap();
        code.cli().unwrap();
        code.hlt().unwrap();
    });
    workshop.write("stray.bin", page);
    let line = format!("run --lut 0:0=0x1c00 --load stray.bin@{RESET_PAGE}");
    let ended = workshop.run(&line);
    assert_eq!(ended.status, Some(4));
    assert!(ended.notes.contains("core 0 at EIP"), "{}", ended.notes);
    assert!(ended.notes.contains("physical 0x00000000"), "{}", ended.notes);
    assert!(ended.notes.contains("the core hangs"), "{}", ended.notes);
    let ended = workshop.run(&format!("{line} --diagnostics warn"));
    assert_eq!(ended.status, Some(4));
    assert!(ended.notes.contains("no core can run any more: core 0 hangs"), "{}", ended.notes);
    let ended = workshop.run(&format!("{line} --lut-default --lut 0:0=0x1800"));
    assert_eq!(ended.status, Some(0), "{}", ended.notes);
}

#[test]
fn a_triple_fault_ends_with_status_5() {
    let workshop = Workshop::new("triple_fault");
    let page = reset_page(|code| {
        code.lidt(fword_ptr(0xF900).cs()).unwrap();
        code.int3().unwrap();
    });
    workshop.write("fault.bin", page);
    let ended = workshop.run(&format!("run --load fault.bin@{RESET_PAGE}"));
    assert_eq!(ended.status, Some(5));
    assert!(ended.notes.contains("core 0 shut down (triple fault) at f000:0000f0"), "{}", ended.notes);
}

#[test]
fn wrong_input_names_file_place_and_remedy() {
    let workshop = Workshop::new("wrong_input");
    workshop.write("page.bin", printing(""));
    workshop.write("bad.obj", "/origin 0\n12345678 9abcdefg\n/eof\n");
    workshop.write("bad.mt", "0 bad.obj\n48 page.obj\n");
    workshop.write("empty/readme", "");
    for (line, words) in [
        ("run", "name them with --release"),
        ("run --load page.bin", "write FILE@0xADDR"),
        ("run --load none.bin@0x1000", "cannot read none.bin"),
        ("run --load page.bin@0x70000000", "core 0 address 0x70000000 is not memory"),
        ("run --load page.bin@0xfffff800", "run over the end of the core's address space"),
        ("run --load-system page.bin@mc1:0x1fffff800 --release 0", "run over the end of MC1"),
        ("run --load-elf page.bin", "this is no ELF file"),
        ("run --load-obj bad.obj", "bad.obj: line 2: `9abcdefg` is no hexadecimal number"),
        ("run --mt bad.mt", "bad.mt: line 2: core 0x48 does not exist"),
        ("run --boot-dir empty", "empty holds neither mch_*.32.obj nor lut_init.dat"),
        ("run --fpga 0x8013=1", "no FPGA register at offset 0x8013"),
        ("run --crb 0:glcfg9=1", "expected glcfg0, glcfg1"),
        ("run --release 48", "cores are numbered 0 to 47"),
        ("run --board none.toml", "cannot read board file none.toml"),
        ("lut 48", "48"),
    ] {
        let ended = workshop.run(line);
        assert_eq!(ended.status, Some(2), "{line}: {}", ended.notes);
        assert!(ended.notes.contains(words), "{line}: {}", ended.notes);
    }
}

#[test]
fn an_unknown_port_is_reported_and_reads_as_ones() {
    let workshop = Workshop::new("unknown_port");
    let page = reset_page(|code| {
        code.in_(al, 0x64_u32).unwrap();
        code.mov(ax, ax).unwrap();
        code.mov(dx, 0x3F8_u32).unwrap();
        code.and(al, 0x7E_u32).unwrap();
        code.out(dx, al).unwrap();
        code.cli().unwrap();
        code.hlt().unwrap();
    });
    workshop.write("port.bin", page);
    let ended = workshop.run(&format!("run --load port.bin@{RESET_PAGE} --io-log ports.txt"));
    assert_eq!((ended.status, ended.out.as_str()), (Some(0), "~\n"));
    assert!(ended.notes.contains("no device at I/O port 0x0064"), "{}", ended.notes);
    let log = workshop.read("ports.txt");
    assert!(log.contains(" 00 0x0064 1 in  0xff no device\n"), "{log}");
    assert!(log.contains(" 00 0x03f8 1 out 0x7e\n"), "{log}");
}
