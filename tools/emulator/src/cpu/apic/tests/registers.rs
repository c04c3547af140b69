//! Register access: reset values, writable bits, widths.

use super::*;
use i586::apic::VERSION;

const REGISTERS: [ApicRegister; 19] = [
    ApicRegister::Id,
    ApicRegister::Version,
    ApicRegister::TaskPriority,
    ApicRegister::ArbitrationPriority,
    ApicRegister::ProcessorPriority,
    ApicRegister::EndOfInterrupt,
    ApicRegister::LogicalDestination,
    ApicRegister::DestinationFormat,
    ApicRegister::SpuriousVector,
    ApicRegister::ErrorStatus,
    ApicRegister::CommandLow,
    ApicRegister::CommandHigh,
    ApicRegister::LvtTimer,
    ApicRegister::LvtLint0,
    ApicRegister::LvtLint1,
    ApicRegister::LvtError,
    ApicRegister::TimerInitialCount,
    ApicRegister::TimerCurrentCount,
    ApicRegister::TimerDivide,
];

#[test]
fn registers_have_their_reset_values() {
    let mut bench = Bench::after_reset();
    for register in REGISTERS {
        assert_eq!(bench.read(register), register.reset_value(), "{register:?}");
    }
    assert_eq!(bench.apic.take_finding(), None);
}

#[test]
fn registers_keep_their_writable_bits_only() {
    let kept = [
        (ApicRegister::Id, 0x0F00_0000),
        (ApicRegister::Version, VERSION),
        (ApicRegister::TaskPriority, 0xFF),
        (ApicRegister::LogicalDestination, 0xFF00_0000),
        (ApicRegister::DestinationFormat, u32::MAX),
        (ApicRegister::SpuriousVector, 0x3FF),
        (ApicRegister::CommandHigh, 0xFF00_0000),
        (ApicRegister::LvtTimer, 0x0003_00FF),
        (ApicRegister::LvtLint0, 0x0001_A7FF),
        (ApicRegister::LvtLint1, 0x0001_A7FF),
        (ApicRegister::LvtError, 0x0001_00FF),
        (ApicRegister::TimerInitialCount, u32::MAX),
        (ApicRegister::TimerDivide, 0b1011),
    ];
    for (register, expected) in kept {
        let mut bench = Bench::new();
        bench.write(register, u32::MAX);
        assert_eq!(bench.read(register), expected, "{register:?}");
    }
}

#[test]
fn the_destination_format_keeps_its_model_bits() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::DestinationFormat, 0);
    assert_eq!(bench.read(ApicRegister::DestinationFormat), 0x0FFF_FFFF);
}

#[test]
fn the_low_bits_of_the_spurious_vector_read_one() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::SpuriousVector, 0x140);
    assert_eq!(bench.read(ApicRegister::SpuriousVector), 0x14F);
}

#[test]
fn local_vectors_are_masked_by_force_while_disabled_by_software() {
    let entries =
        [ApicRegister::LvtTimer, ApicRegister::LvtLint0, ApicRegister::LvtLint1, ApicRegister::LvtError];
    let mut bench = Bench::new();
    for register in entries {
        bench.entry(register, fixed(0x30));
    }
    bench.write(ApicRegister::SpuriousVector, 0xFF);
    for register in entries {
        assert_eq!(bench.read(register), 0x0001_0030, "{register:?}");
        bench.entry(register, fixed(0x31));
        assert_eq!(bench.read(register), 0x0001_0031, "{register:?}");
    }
    bench.write(ApicRegister::SpuriousVector, ENABLED);
    assert_eq!(bench.read(ApicRegister::LvtTimer), 0x0001_0031, "enabling unmasks nothing");
}

#[test]
fn init_keeps_the_id_only() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::Id, 7 << 24);
    bench.write(ApicRegister::TaskPriority, 0x20);
    bench.apic.init();
    assert!(bench.apic.decodes(BASE));
    assert_eq!(bench.read(ApicRegister::Id), 7 << 24);
    assert_eq!(bench.read(ApicRegister::TaskPriority), 0);
    assert_eq!(bench.read(ApicRegister::SpuriousVector), 0xFF);
    bench.apic.reset(true);
    assert_eq!(bench.read(ApicRegister::Id), 0);
}

#[test]
fn only_the_apic_s_page_is_decoded() {
    let bench = Bench::new();
    assert!(bench.apic.decodes(BASE) && bench.apic.decodes(BASE + SIZE - 1));
    assert!(!bench.apic.decodes(BASE - 1) && !bench.apic.decodes(BASE + SIZE));
}

#[test]
fn narrow_and_wide_loads_return_the_register_s_bytes_and_are_reported() {
    let mut bench = Bench::new();
    let at = BASE + ApicRegister::Version.offset();
    for (from, bytes, expected) in
        [(at, 1, 0x10), (at + 2, 1, 0x03), (at, 2, 0x0010), (at + 1, 4, 0x300), (at, 8, 0x0003_0010)]
    {
        assert_eq!(bench.apic.load(from, bytes, 0), expected);
        let expected = FindingKind::ApicAccessWidth { offset: from - BASE, bytes };
        assert_eq!(bench.apic.take_finding(), Some(expected));
    }
}

#[test]
fn narrow_and_wide_stores_are_dropped_and_reported() {
    let mut bench = Bench::new();
    let offset = ApicRegister::TaskPriority.offset();
    for (displacement, bytes) in [(0, 1), (0, 2), (0, 8), (2, 4)] {
        bench.apic.store(BASE + offset + displacement, bytes, 0x70, 0);
        assert_eq!(bench.read(ApicRegister::TaskPriority), 0);
        let expected = FindingKind::ApicAccessWidth { offset: offset + displacement, bytes };
        assert_eq!(bench.apic.take_finding(), Some(expected));
    }
}

#[test]
fn places_without_a_register_read_zero_and_are_reported() {
    let mut bench = Bench::new();
    bench.apic.store(BASE + 0x84, 4, 0x70, 0);
    assert_eq!(bench.apic.take_finding(), Some(FindingKind::ApicNoRegister { offset: 0x84 }));
    assert_eq!(bench.apic.load(BASE + 0x330, 4, 0), 0);
    assert_eq!(bench.apic.take_finding(), Some(FindingKind::ApicNoRegister { offset: 0x330 }));
}
