//! The global interrupt controller through the mesh, down to the pins (checklist "Interrupts").

use scc::fpga::FpgaRegister;
use scc::gic::{GicRegister, Word};
use scc::timing::Time;

use super::{Board, id};
use crate::chip::effects::{Effect, Pin, PinLevel};
use crate::chip::loss::{InterruptLoss, Share};

const FPGA: u32 = 0xF900_0000;

impl Board {
    fn gic(&mut self, register: GicRegister) -> u32 {
        self.read(0, FPGA + FpgaRegister::Gic(register).offset())
    }

    fn set_gic(&mut self, register: GicRegister, value: u32) {
        self.write(0, FPGA + FpgaRegister::Gic(register).offset(), value);
    }

    fn unmask(&mut self, core: u8) {
        self.set_gic(GicRegister::Mask(id(core), Word::Low), 0);
        self.set_gic(GicRegister::Mask(id(core), Word::High), 0);
    }
}

/// Checklist 57 (U43).
#[test]
fn a_request_is_a_status_bit_six_further_up() {
    let mut board = Board::flat();
    for (sender, word, bit) in
        [(0, Word::Low, 6), (25, Word::Low, 31), (26, Word::High, 0), (47, Word::High, 21)]
    {
        let (register, value) = scc::gic::ipi_request(id(sender), id(11));
        board.set_gic(register, value);
        assert_eq!(board.gic(GicRegister::Status(id(11), word)), 1 << bit);
        board.set_gic(GicRegister::Reset(id(11), word), 1 << bit);
        assert_eq!(board.gic(GicRegister::Status(id(11), word)), 0);
    }
}

/// Checklist 58, 59 and 61.
#[test]
fn interrupts_reach_the_configured_pin_one_packet_at_a_time() {
    let mut board = Board::flat();
    let target = id(21);
    board.set_gic(GicRegister::IpiRequest(target, Word::Low), 0b11);
    assert_eq!(board.effects(), [], "masked");
    board.unmask(21);
    assert_eq!(board.effects(), [Effect::Pin(target, Pin::Intr, PinLevel::Active)]);
    assert_eq!(board.read(21, 0xF800_0018), 0x0034_0DFA);
    board.write(21, 0xF800_0018, 0x0DF8);
    assert_eq!(board.effects(), [Effect::Pin(target, Pin::Intr, PinLevel::Inactive)]);
    board.set_gic(GicRegister::Config(target), 1);
    board.set_gic(GicRegister::Reset(target, Word::Low), 1 << 6);
    assert_eq!(board.effects(), [Effect::Pin(target, Pin::Nmi, PinLevel::Active)]);
    assert_eq!(board.gic(GicRegister::Status(target, Word::Low)), 1 << 7);
}

/// Checklist 60.
#[test]
fn status_is_read_only_and_requests_read_zero() {
    let mut board = Board::flat();
    board.set_gic(GicRegister::Status(id(2), Word::Low), u32::MAX);
    assert_eq!(board.gic(GicRegister::Status(id(2), Word::Low)), 0);
    board.set_gic(GicRegister::IpiRequest(id(2), Word::Low), 1);
    for register in [GicRegister::IpiRequest(id(2), Word::Low), GicRegister::Reset(id(2), Word::Low)] {
        assert_eq!(board.gic(register), 0);
    }
    board.set_gic(GicRegister::Mask(id(2), Word::Low), 0x1234);
    assert_eq!(board.gic(GicRegister::Mask(id(2), Word::Low)), 0x1234);
}

/// Checklist 62.
#[test]
fn the_host_interrupts_a_core_by_its_number() {
    let mut board = Board::flat();
    board.unmask(33);
    board.fabric.host_write_fpga(0xD904, 1 << 1, board.now).expect("an answer");
    assert_eq!(board.effects(), [Effect::Pin(id(33), Pin::Intr, PinLevel::Active)]);
    assert_eq!(board.gic(GicRegister::Status(id(33), Word::High)), 1 << 22);
}

/// Checklist 73, the interrupt controller's part.
#[test]
fn pulling_a_reset_masks_the_cores_interrupts() {
    let mut board = Board::flat();
    board.unmask(5);
    board.fabric.pull_reset(id(5), board.now);
    board.set_gic(GicRegister::IpiRequest(id(5), Word::Low), 1);
    assert_eq!(board.effects(), []);
}

#[test]
fn packets_travel_through_the_mesh_while_the_sender_goes_on() {
    let mut board = Board::timed();
    board.unmask(46);
    let sent = board.now;
    board.set_gic(GicRegister::IpiRequest(id(46), Word::Low), 1);
    let arrival = board.fabric.next_event().expect("a packet on its way");
    assert!(arrival > sent);
    let register = 0xF800_0010;
    board.now = board.now.max(arrival);
    assert_eq!(board.read(46, register) & 0b10, 0b10);
    assert_eq!(board.effects(), [Effect::Pin(id(46), Pin::Intr, PinLevel::Active)]);
    assert_eq!(board.fabric.statistics().interrupt_packets, 1);
}

#[test]
fn a_lost_request_leaves_nothing_and_the_next_one_is_a_new_chance() {
    let mut board =
        Board::losing(InterruptLoss { requests: "50".parse().unwrap(), ..InterruptLoss::default() });
    board.unmask(9);
    let raised = [Effect::Pin(id(9), Pin::Intr, PinLevel::Active)];
    let mut lost = 0;
    for _ in 0..20 {
        board.set_gic(GicRegister::IpiRequest(id(9), Word::Low), 1 << 3);
        if board.gic(GicRegister::Status(id(9), Word::Low)) == 0 {
            assert_eq!(board.effects(), []);
            lost += 1;
        } else {
            assert_eq!(board.effects(), raised);
            board.write(9, 0xF800_0018, 0x0DF8);
            board.set_gic(GicRegister::Reset(id(9), Word::Low), u32::MAX);
            board.effects();
        }
    }
    assert!((1..20).contains(&lost), "{lost} of 20");
    let statistics = board.fabric.statistics();
    assert_eq!((statistics.lost_requests, statistics.interrupt_packets), (lost, 20 - lost));
    assert_eq!(statistics.lost_packets, 0);
}

#[test]
fn other_writes_to_the_controller_are_never_lost() {
    let mut board = Board::losing(InterruptLoss { requests: Share::EVERYTHING, ..InterruptLoss::default() });
    board.unmask(9);
    board.fabric.host_write_fpga(0xD900, 1 << 9, board.now).expect("an answer");
    assert_eq!(board.effects(), [Effect::Pin(id(9), Pin::Intr, PinLevel::Active)]);
    board.set_gic(GicRegister::IpiRequest(id(9), Word::Low), 0);
    assert_eq!(board.fabric.statistics().lost_requests, 0, "a request of nobody");
}

#[test]
fn a_lost_packet_leaves_its_status_and_a_controller_that_waits_for_reset() {
    let mut board = Board::losing(InterruptLoss { packets: Share::EVERYTHING, ..InterruptLoss::default() });
    board.unmask(9);
    for sender in [3, 4] {
        board.set_gic(GicRegister::IpiRequest(id(9), Word::Low), 1 << sender);
    }
    assert_eq!(board.effects(), []);
    assert_eq!(board.gic(GicRegister::Status(id(9), Word::Low)), 0b11 << 9);
    assert_eq!(board.fabric.statistics().lost_packets, 1, "the second request waits for RESET");
    board.set_gic(GicRegister::Reset(id(9), Word::High), 0);
    assert_eq!(board.fabric.statistics().lost_packets, 2);
}

#[test]
fn pin_that_is_lowered_while_a_packet_arrives_is_seen_as_its_register_says() {
    let mut board = Board::timed();
    board.unmask(46);
    board.set_gic(GicRegister::IpiRequest(id(46), Word::Low), 1);
    let first = board.fabric.next_event().expect("a packet on its way");
    board.now = board.now.max(first);
    assert_eq!(board.effects(), [Effect::Pin(id(46), Pin::Intr, PinLevel::Active)]);
    board.set_gic(GicRegister::Reset(id(46), Word::Low), 1 << 6);
    board.set_gic(GicRegister::IpiRequest(id(46), Word::Low), 1);
    let second = board.fabric.next_event().expect("another packet on its way");
    // The write is issued just before the packet arrives, and reaches the pin after that.
    board.now = second.saturating_sub(Time::from_picoseconds(1));
    board.write(46, 0xF800_0010, 0x0DF8);
    board.now = board.now.saturating_add(Time::from_microseconds(1));
    let lowered = Effect::Pin(id(46), Pin::Intr, PinLevel::Inactive);
    let raised = Effect::Pin(id(46), Pin::Intr, PinLevel::Active);
    assert_eq!(board.read(46, 0xF800_0010) & 0b10, 0b10);
    assert_eq!(board.effects(), [lowered, raised]);
}
