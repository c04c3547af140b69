//! Starting and stopping cores by others: what it takes of the chip, and what it leaves alone.

use boot_tests::kernel::KernelBoard;
use scc::address::SystemAddr;
use scc::fpga::{CounterId, CounterRegister, FpgaRegister};
use scc::id::CoreId;
use scc::lut::SubDestination;
use scc::tile::TileRegister;
use scc_emu::Activity;

fn core(number: u8) -> CoreId {
    CoreId::new(number).expect("0 to 47")
}

/// Offset of the counter that is above 0 while somebody changes the resets of a core's tile.
fn counter(of: CoreId) -> u32 {
    let counter = CounterId::new(54 + of.tile().number()).expect("0 to 95");
    FpgaRegister::Counter(CounterRegister::Init(counter)).offset()
}

fn counter_of_tile(board: &mut KernelBoard, of: CoreId) -> u32 {
    let now = board.machine().time();
    let value = board.machine_mut().fabric_mut().host_read_fpga(counter(of), now);
    value.expect("the counter is there")
}

/// Reads a test-and-set register, which takes it; whether it was free.
fn takes_lock(board: &mut KernelBoard, of: CoreId) -> bool {
    let now = board.machine().time();
    let address = TileRegister::Lock(of.slot()).offset().into();
    let at = SystemAddr { bypass: false, route: of.tile().route(), sub: SubDestination::Crb, address };
    board.machine_mut().fabric_mut().host_read(at, 4, now) == Ok(1)
}

#[test]
fn lock_that_somebody_holds_survives_starts_of_both_cores_of_its_tile() {
    let mut board = KernelBoard::boot([core(0)], "boot=core0 cores=0+2-3 restart=2@0");
    for held in [core(2), core(3)] {
        assert!(takes_lock(&mut board, held));
    }
    board.run();
    assert_eq!(board.text(core(2)).matches("info boot: ready").count(), 2, "{}", board.text(core(2)));
    for held in [core(2), core(3)] {
        assert!(!takes_lock(&mut board, held), "core {held}");
    }
}

#[test]
fn two_cores_change_the_resets_of_one_tile_at_once() {
    let mut board = KernelBoard::boot([3, 6, 7, 12].map(core), "restart=6@3 stop=7@12");
    board.run();
    assert_eq!(board.line(core(3), "info boot: started"), "info boot: started core=6");
    assert_eq!(board.text(core(6)).matches("info boot: ready").count(), 2, "{}", board.text(core(6)));
    assert_eq!(*board.machine().activity(core(7)), Activity::Reset);
    assert_eq!(counter_of_tile(&mut board, core(6)), 0);
}

#[test]
fn tile_that_a_dead_core_was_changing_is_reported_and_left_alone() {
    let mut board = KernelBoard::boot([core(3), core(6)], "stop=6@3");
    let now = board.machine().time();
    let offset = counter(core(6));
    board.machine_mut().fabric_mut().host_write_fpga(offset, 1, now).expect("the counter is there");
    board.run();
    assert_eq!(
        board.line(core(3), "error boot:"),
        "error boot: not stopped core=6: somebody else changes the resets of the tile of core 6: FPGA counter 57 \
         is 1, not 0"
    );
    assert!(board.has_halted(core(6)), "it goes on");
    assert_eq!(counter_of_tile(&mut board, core(6)), 1, "who only tries leaves it as it was");
}
