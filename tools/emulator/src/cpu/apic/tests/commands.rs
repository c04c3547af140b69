//! Interrupts from the command register, and errors.

use super::*;

const SENT_ILLEGAL: u32 = 1 << 5;
const RECEIVED_ILLEGAL: u32 = 1 << 6;

#[test]
fn both_shorthands_that_include_the_core_reach_it() {
    for shorthand in [Shorthand::Myself, Shorthand::AllIncludingSelf] {
        let mut bench = Bench::new();
        let command = CommandLow::new().with_vector(0x66).with_shorthand(shorthand).with_assert(true);
        bench.write(ApicRegister::CommandLow, command.into_bits());
        assert_eq!(bench.take(), Some(0x66));
        assert_eq!(bench.read(ApicRegister::CommandLow), command.into_bits());
        assert_eq!(bench.apic.take_finding(), None);
    }
}

#[test]
fn a_command_to_any_destination_reaches_nobody() {
    for shorthand in [Shorthand::None, Shorthand::AllExcludingSelf] {
        for destination in [0, 1, 0x0F, 0xFF] {
            let mut bench = Bench::new();
            let command = CommandLow::new().with_vector(0x66).with_shorthand(shorthand).into_bits();
            bench.write(ApicRegister::CommandHigh, destination << 24);
            bench.write(ApicRegister::CommandLow, command);
            assert_eq!(bench.take(), None);
            assert_eq!(bench.read(ApicRegister::ErrorStatus), 0);
            assert_eq!(bench.apic.take_finding(), Some(FindingKind::ApicCommandDropped { command }));
        }
    }
}

#[test]
fn init_and_startup_commands_do_not_exist() {
    for mode in [DeliveryMode::Init, DeliveryMode::StartUp, DeliveryMode::NonMaskable] {
        let mut bench = Bench::new();
        let command = CommandLow::new().with_delivery_mode(mode).with_shorthand(Shorthand::AllIncludingSelf);
        bench.write(ApicRegister::CommandLow, command.into_bits());
        assert!(bench.apic.pending_vector().is_none() && !bench.apic.take_nmi());
    }
}

#[test]
fn dropping_an_init_de_assert_is_not_reported() {
    let mut bench = Bench::new();
    let command = CommandLow::new()
        .with_delivery_mode(DeliveryMode::Init)
        .with_level(true)
        .with_shorthand(Shorthand::AllIncludingSelf);
    bench.write(ApicRegister::CommandLow, command.into_bits());
    assert_eq!(bench.apic.take_finding(), None);
    bench.write(ApicRegister::CommandLow, command.with_assert(true).into_bits());
    assert!(bench.apic.take_finding().is_some());
}

#[test]
fn the_delivery_status_reads_zero_whatever_is_written() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::CommandLow, u32::MAX);
    assert_eq!(bench.read(ApicRegister::CommandLow), 0x000C_CFFF);
}

#[test]
fn a_command_to_self_is_not_accepted_while_disabled_by_software() {
    let mut bench = Bench::after_reset();
    bench.send_to_self(0x66);
    assert_eq!(bench.take(), None);
}

#[test]
fn an_illegal_vector_in_a_command_sets_esr_only() {
    let mut bench = Bench::new();
    bench.send_to_self(0x0F);
    assert_eq!(bench.take(), None);
    assert_eq!(bench.read(ApicRegister::ErrorStatus), SENT_ILLEGAL);
    bench.write(ApicRegister::ErrorStatus, 0);
    assert_eq!(bench.read(ApicRegister::ErrorStatus), 0);
}

#[test]
fn an_illegal_local_vector_sets_esr_and_requests_the_error_vector() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtError, fixed(0xFE));
    bench.entry(ApicRegister::LvtLint0, fixed(0x05));
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.read(ApicRegister::ErrorStatus), RECEIVED_ILLEGAL);
    assert_eq!(bench.take(), Some(0xFE));
}

#[test]
fn an_illegal_error_vector_does_not_report_itself() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtError, fixed(0x01));
    bench.send_to_self(0x02);
    assert_eq!(bench.read(ApicRegister::ErrorStatus), SENT_ILLEGAL);
    assert_eq!(bench.take(), None);
}
