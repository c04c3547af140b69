//! Consoles, files, dumps, statistics, rings, trace; and that a run is the same each time.

use iced_x86::code_asm::{ax, byte_ptr, ds, dword_ptr};
use serde_json::Value;

use super::{RESET_PAGE, Workshop, object, printing, reset_page};

#[test]
fn several_cores_are_told_apart() {
    let workshop = Workshop::new("consoles");
    workshop.write("page.bin", printing("one\r\ntwo"));
    let ended = workshop.run(&format!("run --load page.bin@{RESET_PAGE}#5,47 --console-dir out"));
    assert_eq!(ended.out, "core 05 | one\ncore 47 | one\ncore 05 | two\ncore 47 | two\n");
    assert_eq!(workshop.read("out/core-05.txt"), "one\r\ntwo");
    assert_eq!(workshop.read("out/core-47.txt"), "one\r\ntwo");
}

#[test]
fn dumps_show_memory_through_the_core_s_lut() {
    let workshop = Workshop::new("dumps");
    workshop.write("page.bin", printing("hello"));
    let line =
        format!("run --load page.bin@{RESET_PAGE}#12 --dump 12:0xfffff800:6 --dump 12:0xfffff800:5=raw");
    let ended = workshop.run(&line);
    assert!(ended.out.ends_with("fffff800  68 65 6c 6c 6f 00                                hello.\n"));
    assert_eq!(workshop.read("raw"), "hello");
    let ended = workshop.run(&format!("run --load page.bin@{RESET_PAGE} --dump 0:0x70000000:4"));
    assert_eq!(ended.status, Some(0));
    assert!(ended.notes.contains("--dump 0:0x70000000"), "{}", ended.notes);
}

#[test]
fn statistics_are_json_on_standard_output_or_in_a_file() {
    let workshop = Workshop::new("statistics");
    workshop.write("page.bin", printing(""));
    let line = format!("run --load page.bin@{RESET_PAGE}#3 --stats");
    let shown: Value = serde_json::from_str(&workshop.run(&line).out).unwrap();
    assert_eq!(shown["cores"][0]["core"], 3);
    assert!(shown["cores"][0]["instructions"].as_u64().unwrap() > 5);
    workshop.run(&format!("{line} stats.json"));
    let written: Value = serde_json::from_str(&workshop.read("stats.json")).unwrap();
    assert_eq!(written, shown);
}

#[test]
fn losses_are_told_and_counted() {
    let workshop = Workshop::new("losses");
    workshop.write("page.bin", printing(""));
    // Interrupt requests of cores 0 and 1 for core 3, whose interrupts are on.
    let line = format!(
        "run --load page.bin@{RESET_PAGE}#3 --fpga 0xd218=0 --fpga 0xd618=1 --fpga 0xd618=2 --stats stats.json"
    );
    let lost = |options: &str| {
        let ended = workshop.run(&format!("{line} {options}"));
        assert_eq!(ended.status, Some(0), "{}", ended.notes);
        let stats: Value = serde_json::from_str(&workshop.read("stats.json")).unwrap();
        let counts = [&stats["chip"]["lost_requests"], &stats["chip"]["lost_packets"]];
        (counts.map(|count| count.as_u64().unwrap()), ended.notes)
    };
    let (counts, notes) = lost("");
    assert_eq!(counts, [0, 0]);
    assert!(!notes.contains("lost"), "{notes}");
    let (counts, notes) = lost("--lose-requests 100 --lose-packets 100");
    assert_eq!(counts, [2, 0]);
    assert!(notes.contains("lost on purpose: 2 requests, 0 packets"), "{notes}");
    assert_eq!(lost("--lose-packets 100").0, [0, 1]);
}

#[test]
fn the_same_run_leaves_the_same_files() {
    let workshop = Workshop::new("determinism");
    workshop.write("page.bin", printing("tick\ntock\n"));
    let run = |number: u8| {
        let ended = workshop.run(&format!(
            "run --load page.bin@{RESET_PAGE}#0-11 --until tock --stats s{number} --io-log i{number} --trace t{number}"
        ));
        assert_eq!(ended.status, Some(0), "{}", ended.notes);
        let files = ["s", "i", "t"].map(|name| workshop.read(&format!("{name}{number}")));
        (ended.out, files)
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn rings_are_printed_with_the_core_in_front() {
    let workshop = Workshop::new("rings");
    // Through LUT entry 0, mapped to the shared slot: 2 bytes into core 0's ring, then its head.
    let page = reset_page(|code| {
        code.mov(ax, 0_u32).unwrap();
        code.mov(ds, ax).unwrap();
        code.mov(byte_ptr(0x1000), 0x68_u32).unwrap();
        code.mov(byte_ptr(0x1001), 0x69_u32).unwrap();
        code.mov(dword_ptr(0), 2_u32).unwrap();
        code.cli().unwrap();
        code.hlt().unwrap();
    });
    workshop.write("page.bin", page);
    let line = format!("run --lut 0:0=0x19ec --load page.bin@{RESET_PAGE} --rings");
    let ended = workshop.run(&line);
    assert_eq!((ended.status, ended.out.as_str()), (Some(0), "core 00 | hi\n"), "{}", ended.notes);
    let ended = workshop.run(&format!("{line} --until hi"));
    assert!(ended.notes.contains("core 0 printed \"hi\""), "{}", ended.notes);
}

#[test]
fn poison_shows_memory_that_nobody_wrote() {
    let workshop = Workshop::new("poison");
    workshop.write("page.obj", object(0xFFFF_F000, &printing("x")));
    for (option, byte) in [("", "00 00"), ("--poison", "a5 a5")] {
        let ended = workshop.run(&format!("run --load-obj page.obj --dump 0:0x100:2 {option}"));
        assert!(ended.out.contains(&format!("00000100  {byte}")), "{}", ended.out);
    }
}

#[test]
fn a_lut_is_printed_in_words() {
    let workshop = Workshop::new("lut");
    workshop.write("lut_init.dat", "00 2 00000800 000019f4\n");
    let ended = workshop.run("lut 0 --memory 64 --lut-init lut_init.dat");
    assert_eq!(ended.status, Some(0));
    assert!(ended.out.contains("0        00000000-00ffffff  0x0019f4  MC0 0x1f4000000-0x1f4ffffff\n"));
    assert!(ended.out.contains("248      f8000000-f8ffffff  0x000800  registers of tile 0 (0,0)\n"));
}

#[test]
fn help_names_every_option_and_status() {
    let help = Workshop::new("help").run("run --help");
    assert_eq!(help.status, Some(0));
    for word in [
        "--memory",
        "--model",
        "--timing",
        "--seed",
        "--load ",
        "--load-elf",
        "--mt",
        "--load-system",
        "--lut ",
        "--lut-default",
        "--crb",
        "--fpga",
        "--release",
        "--until ",
        "--until-halted",
        "--cycles",
        "--wall",
        "--dump",
        "--console-dir",
        "--rings",
        "--io-log",
        "--gdb",
        "--trace",
        "--stats",
        "--board",
        "--diagnostics",
        "--quantum",
        "--poison",
        "--lose-requests",
        "--lose-packets",
        "--loss-seed",
        "Examples:",
        "Exit status:",
        "Board file:",
    ] {
        assert!(help.out.contains(word), "{word}");
    }
}
