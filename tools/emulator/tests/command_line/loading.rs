//! Every way of loading leads to the same running program, and host writes happen in their order.

use super::{PAGE, RESET_PAGE, Workshop, object, printing};

/// Byte of the reset page on MC0 of a 32 GB board: boot slot of core 0.
const RESET_PAGE_ON_MC0: u64 = 0x1_F4FF_F000;

#[test]
fn a_program_boots_however_it_is_loaded() {
    let workshop = Workshop::new("ways");
    let page = printing("booted\n");
    workshop.write("page.bin", &page);
    workshop.write("page.obj", object(0xFFFF_F000, &page));
    workshop.write("page.map", "fffff000 page.bin\n");
    workshop.write("core0.mt", "0x00 0x00 6 0x00 page.obj # core 0\n");
    workshop.write("merged/mch_0_0.32.obj", object(RESET_PAGE_ON_MC0, &page));
    workshop.write("merged/lut_init.dat", "00 2 00000ff8 000019f4\n");
    workshop.write("page.elf", elf(&page));
    for line in [
        format!("--load page.bin@{RESET_PAGE}"),
        "--load-obj page.obj#0".to_owned(),
        "--load-map page.map".to_owned(),
        "--load-elf page.elf".to_owned(),
        "--mt core0.mt".to_owned(),
        "--boot-dir merged".to_owned(),
        "--boot-dir merged --lut-preset empty".to_owned(),
        format!("--load-system page.bin@mc0:{RESET_PAGE_ON_MC0:#x} --release 0"),
    ] {
        for model in ["strict", "fast"] {
            let ended = workshop.run(&format!("run {line} --model {model}"));
            assert_eq!((ended.status, ended.out.as_str()), (Some(0), "booted\n"), "{line}: {}", ended.notes);
        }
    }
}

#[test]
fn a_merge_list_may_place_a_core_on_another_controller() {
    let workshop = Workshop::new("foreign_memory");
    workshop.write("page.obj", object(0xFFFF_F000, &printing("far away\n")));
    workshop.write("far.mt", "0 25 4 b page.obj\n");
    for memory in [16, 32, 64] {
        let ended = workshop.run(&format!("run --mt far.mt --memory {memory}"));
        assert_eq!((ended.status, ended.out.as_str()), (Some(0), "far away\n"), "{}", ended.notes);
    }
}

#[test]
fn loads_and_host_writes_happen_in_the_order_of_the_line() {
    let workshop = Workshop::new("order");
    let (first, second) = (printing("first\n"), printing("second\n"));
    workshop.write("first.bin", first);
    workshop.write("second.bin", second);
    // Core 0's boot slot is moved to another slot of MC0 before the second load and back after it.
    let line = format!(
        "run --load first.bin@{RESET_PAGE} --lut 0:255=0x1801 --load second.bin@{RESET_PAGE} --lut 0:255=0x19f4"
    );
    assert_eq!(workshop.run(&line).out, "first\n");
    let line = format!("run --load first.bin@{RESET_PAGE} --load second.bin@{RESET_PAGE}");
    assert_eq!(workshop.run(&line).out, "second\n");
    let line =
        format!("run --load first.bin@{RESET_PAGE} --crb 0:lut0[255]=0x1801 --load second.bin@{RESET_PAGE}");
    assert_eq!(workshop.run(&line).out, "second\n");
}

#[test]
fn cores_are_those_named_released_or_the_first() {
    let workshop = Workshop::new("cores");
    workshop.write("page.bin", printing("here\n"));
    let run = |line: &str| workshop.run(&format!("run --load page.bin@{RESET_PAGE}{line}")).out;
    assert_eq!(run(""), "here\n");
    assert_eq!(run("#7"), "here\n");
    assert_eq!(run(" --release 3,1"), "core 01 | here\ncore 03 | here\n");
    assert_eq!(run("#all --release 40"), "here\n");
    assert_eq!(run("#all").lines().count(), 48);
}

#[test]
fn a_reset_register_written_by_the_host_starts_a_core() {
    let workshop = Workshop::new("gcbcfg");
    workshop.write("page.bin", printing("up\n"));
    // The default value with reset bits of core 1 and its L2 clear.
    let line = format!("run --load page.bin@{RESET_PAGE}#1 --crb 0,0:gcbcfg=0xa8e2f5 --release 0");
    let ended = workshop.run(&format!("{line} --until up --cycles 1000000"));
    assert_eq!(ended.status, Some(0), "{}", ended.notes);
    assert!(ended.notes.contains("core 1 printed"), "{}", ended.notes);
}

#[test]
fn an_empty_reset_vector_is_warned_of() {
    let workshop = Workshop::new("empty_vector");
    workshop.write("page.bin", vec![0x90; PAGE]);
    let ended = workshop.run("run --load page.bin@0x1000 --cycles 1000");
    assert!(ended.notes.contains("nothing is loaded at the reset vector 0xfffffff0"), "{}", ended.notes);
    assert!(ended.notes.contains("--load reset.bin@0xfffff000#0"), "{}", ended.notes);
}

/// An ELF file with the page as its only segment.
fn elf(page: &[u8]) -> Vec<u8> {
    let words = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let length = u32::try_from(page.len()).unwrap();
    let mut file = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0];
    file.extend(words(&[1, 0xFFFF_FFF0, 52, 0, 0]));
    file.extend([52_u16, 32, 1, 40, 0, 0].iter().flat_map(|half| half.to_le_bytes()));
    file.extend(words(&[1, 84, 0xFFFF_F000, 0xFFFF_F000, length, length, 5, 4]));
    file.extend(page);
    file
}
