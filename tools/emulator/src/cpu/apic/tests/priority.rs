//! Which request is delivered, and when.

use super::*;

#[test]
fn the_highest_vector_is_delivered_first() {
    let mut bench = Bench::new();
    for vector in [0x31, 0xE0, 0x52] {
        bench.send_to_self(vector);
    }
    for vector in [0xE0, 0x52, 0x31] {
        assert_eq!(bench.take(), Some(vector));
        bench.end();
    }
    assert_eq!(bench.take(), None);
}

#[test]
fn a_higher_class_interrupts_one_in_service_and_an_equal_class_waits() {
    let mut bench = Bench::new();
    bench.send_to_self(0x35);
    assert_eq!(bench.take(), Some(0x35));
    bench.send_to_self(0x3F);
    assert_eq!(bench.take(), None);
    bench.send_to_self(0x40);
    assert_eq!(bench.take(), Some(0x40));
    bench.end();
    assert_eq!(bench.take(), None, "0x35 is still in service");
    bench.end();
    assert_eq!(bench.take(), Some(0x3F));
}

#[test]
fn the_task_priority_holds_back_its_own_class_and_lower_ones() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::TaskPriority, 0x40);
    bench.send_to_self(0x4F);
    assert_eq!(bench.take(), None);
    bench.send_to_self(0x50);
    assert_eq!(bench.take(), Some(0x50));
    bench.end();
    bench.write(ApicRegister::TaskPriority, 0x30);
    assert_eq!(bench.take(), Some(0x4F));
}

#[test]
fn the_priority_registers_show_the_highest_of_their_parts() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::TaskPriority, 0x23);
    assert_eq!(bench.read(ApicRegister::ProcessorPriority), 0x23);
    assert_eq!(bench.read(ApicRegister::ArbitrationPriority), 0x23);
    bench.send_to_self(0x51);
    assert_eq!(bench.read(ApicRegister::ProcessorPriority), 0x23);
    assert_eq!(bench.read(ApicRegister::ArbitrationPriority), 0x50);
    assert_eq!(bench.take(), Some(0x51));
    assert_eq!(bench.read(ApicRegister::ProcessorPriority), 0x50);
    bench.write(ApicRegister::TaskPriority, 0x5A);
    assert_eq!(bench.read(ApicRegister::ProcessorPriority), 0x5A);
}

#[test]
fn a_request_moves_from_irr_to_isr_and_out_at_the_end() {
    let mut bench = Bench::new();
    let registers = [ApicRegister::InterruptRequest(2), ApicRegister::InService(2)];
    bench.send_to_self(0x45);
    assert_eq!(registers.map(|register| bench.read(register)), [1 << 5, 0]);
    bench.take();
    assert_eq!(registers.map(|register| bench.read(register)), [0, 1 << 5]);
    bench.end();
    assert_eq!(registers.map(|register| bench.read(register)), [0, 0]);
}

#[test]
fn an_acknowledge_without_a_deliverable_request_is_spurious_and_not_in_service() {
    let mut bench = Bench::new();
    bench.write(ApicRegister::SpuriousVector, 0x1A0);
    bench.send_to_self(0x31);
    bench.write(ApicRegister::TaskPriority, 0xF0);
    assert_eq!(bench.apic.acknowledge(), AcknowledgedInterrupt::Spurious(0xAF));
    assert_eq!((0..8).map(|word| bench.read(ApicRegister::InService(word))).sum::<u32>(), 0);
    bench.write(ApicRegister::TaskPriority, 0);
    assert_eq!(bench.take(), Some(0x31));
}

#[test]
fn an_end_without_anything_in_service_does_nothing() {
    let mut bench = Bench::new();
    bench.end();
    bench.send_to_self(0x31);
    bench.end();
    assert_eq!(bench.take(), Some(0x31));
}

#[test]
fn requests_made_before_disabling_by_software_can_still_be_taken() {
    let mut bench = Bench::new();
    bench.send_to_self(0x31);
    bench.write(ApicRegister::SpuriousVector, 0xFF);
    assert_eq!(bench.take(), Some(0x31));
}
