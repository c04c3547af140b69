//! Interrupts from LINT0 and LINT1.

use super::*;

#[test]
fn a_rising_edge_of_intr_delivers_the_vector_once() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), Some(0x30));
    bench.end();
    assert_eq!(bench.take(), None);

    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), None, "1 over 1 is no edge");

    bench.set(Pin::Lint0, false);
    assert_eq!(bench.take(), None);
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), Some(0x30));
}

#[test]
fn lint1_has_a_vector_of_its_own() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    bench.entry(ApicRegister::LvtLint1, fixed(0x41));
    bench.set(Pin::Lint1, true);
    assert_eq!(bench.take(), Some(0x41));
    assert_eq!(bench.take(), None);
}

#[test]
fn an_edge_pulse_stays_requested_after_the_pin_falls() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    bench.set(Pin::Lint0, true);
    bench.set(Pin::Lint0, false);
    assert_eq!(bench.take(), Some(0x30));
}

#[test]
fn edges_before_acknowledgement_make_one_interrupt() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    for high in [true, false, true, false, true] {
        bench.set(Pin::Lint0, high);
    }
    assert_eq!(bench.take(), Some(0x30));
    bench.end();
    assert_eq!(bench.take(), None);
}

#[test]
fn an_edge_while_in_service_is_kept_for_after_the_end() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), Some(0x30));
    bench.set(Pin::Lint0, false);
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), None);
    bench.end();
    assert_eq!(bench.take(), Some(0x30));
}

#[test]
fn an_edge_while_masked_is_lost_and_unmasking_makes_none() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30).with_mask(true));
    bench.set(Pin::Lint0, true);
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    assert_eq!(bench.take(), None);
    bench.set(Pin::Lint0, false);
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), Some(0x30));
}

#[test]
fn an_edge_while_disabled_by_software_is_lost() {
    let mut bench = Bench::after_reset();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    bench.set(Pin::Lint0, true);
    bench.write(ApicRegister::SpuriousVector, ENABLED);
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    assert_eq!(bench.take(), None);
}

#[test]
fn a_level_repeats_after_the_end_until_the_pin_falls() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30).with_level(true));
    bench.set(Pin::Lint0, true);
    for _ in 0..3 {
        assert_eq!(bench.take(), Some(0x30));
        assert_eq!(bench.take(), None, "not again before the end");
        bench.end();
    }
    assert_eq!(bench.take(), Some(0x30));
    bench.set(Pin::Lint0, false);
    bench.end();
    assert_eq!(bench.take(), None);
}

#[test]
fn remote_irr_lasts_from_acceptance_to_end() {
    let mut bench = Bench::new();
    let entry = fixed(0x30).with_level(true);
    bench.entry(ApicRegister::LvtLint0, entry);
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.read(ApicRegister::LvtLint0), entry.into_bits());
    assert_eq!(bench.take(), Some(0x30));
    assert_eq!(bench.read(ApicRegister::LvtLint0), entry.with_remote_irr(true).into_bits());
    assert_eq!(bench.read(ApicRegister::TriggerMode(1)), 1 << 16);
    bench.set(Pin::Lint0, false);
    bench.end();
    assert_eq!(bench.read(ApicRegister::LvtLint0), entry.into_bits());
}

#[test]
fn a_level_that_falls_before_acknowledgement_is_withdrawn() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30).with_level(true));
    bench.set(Pin::Lint0, true);
    bench.set(Pin::Lint0, false);
    assert_eq!(bench.take(), None);
    assert_eq!(bench.apic.acknowledge(), AcknowledgedInterrupt::Spurious(0xFF));
}

#[test]
fn a_falling_level_leaves_the_other_pin_s_request_for_the_same_vector() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0x30).with_level(true));
    bench.entry(ApicRegister::LvtLint1, fixed(0x30).with_level(true));
    bench.set(Pin::Lint0, true);
    bench.set(Pin::Lint1, true);
    bench.set(Pin::Lint0, false);
    assert_eq!(bench.take(), Some(0x30));
}

#[test]
fn unmasking_a_level_entry_sees_the_pin() {
    let mut bench = Bench::new();
    bench.set(Pin::Lint0, true);
    bench.entry(ApicRegister::LvtLint0, fixed(0x30).with_level(true));
    assert_eq!(bench.take(), Some(0x30));
}

#[test]
fn an_active_low_pin_counts_the_falling_edge() {
    let mut bench = Bench::new();
    bench.set(Pin::Lint0, true);
    bench.entry(ApicRegister::LvtLint0, fixed(0x30).with_polarity(true));
    bench.set(Pin::Lint0, false);
    assert_eq!(bench.take(), Some(0x30));
    bench.end();
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), None);
}

#[test]
fn nmi_mode_latches_one_nmi_per_rising_edge_and_needs_no_end() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint1, fixed(0x41).with_delivery_mode(DeliveryMode::NonMaskable));
    bench.set(Pin::Lint1, true);
    assert_eq!(bench.apic.pending_vector(), None);
    assert!(bench.apic.take_nmi());
    assert!(!bench.apic.take_nmi());
    bench.set(Pin::Lint1, false);
    assert!(!bench.apic.take_nmi());
    bench.set(Pin::Lint1, true);
    assert!(bench.apic.take_nmi());
}

#[test]
fn a_masked_nmi_entry_loses_the_edge() {
    let mut bench = Bench::new();
    let entry = fixed(0).with_delivery_mode(DeliveryMode::NonMaskable).with_mask(true);
    bench.entry(ApicRegister::LvtLint1, entry);
    bench.set(Pin::Lint1, true);
    assert!(!bench.apic.take_nmi());
}

#[test]
fn smi_mode_latches_a_system_management_interrupt() {
    let mut bench = Bench::new();
    bench.entry(ApicRegister::LvtLint0, fixed(0).with_delivery_mode(DeliveryMode::SystemManagement));
    bench.set(Pin::Lint0, true);
    assert!(bench.apic.take_smi() && !bench.apic.take_nmi());
    assert_eq!(bench.apic.pending_vector(), None);
}

#[test]
fn external_mode_follows_the_pin_level_past_all_priorities() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::TaskPriority, 0xFF);
    bench.entry(ApicRegister::LvtLint0, fixed(0x30).with_delivery_mode(DeliveryMode::External));
    bench.set(Pin::Lint0, true);
    for _ in 0..2 {
        assert_eq!(bench.apic.pending_vector(), Some(0xFF));
        assert_eq!(bench.apic.acknowledge(), AcknowledgedInterrupt::Unanswered(0xFF));
        assert_eq!(bench.apic.take_finding(), Some(FindingKind::NoInterruptController));
    }
    assert_eq!(bench.read(ApicRegister::InService(7)), 0);
    bench.set(Pin::Lint0, false);
    assert_eq!(bench.apic.pending_vector(), None);
}

#[test]
fn without_apicen_the_pins_are_plain_intr_and_nmi() {
    let mut apic = LocalApic::new();
    apic.reset(false);
    assert!(!apic.decodes(BASE));
    apic.set_pin(Pin::Lint0, true, 0);
    assert_eq!(apic.pending_vector(), Some(0xFF));
    assert_eq!(apic.acknowledge(), AcknowledgedInterrupt::Unanswered(0xFF));
    apic.set_pin(Pin::Lint0, false, 0);
    assert_eq!(apic.pending_vector(), None);
    apic.set_pin(Pin::Lint1, true, 0);
    assert!(apic.take_nmi());
    apic.set_pin(Pin::Lint1, true, 0);
    assert!(!apic.take_nmi());
}

#[test]
fn pins_held_through_reset_make_no_edge() {
    let mut bench = Bench::new();
    bench.set(Pin::Lint0, true);
    bench.set(Pin::Lint1, true);
    bench.apic.reset(true);
    bench.write(ApicRegister::SpuriousVector, ENABLED);
    bench.entry(ApicRegister::LvtLint0, fixed(0x30));
    bench.set(Pin::Lint0, true);
    assert_eq!(bench.take(), None);
    assert!(!bench.apic.take_nmi());
}
