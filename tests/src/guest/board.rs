//! A machine under test: loads programs, runs them within bounds, reads what they left.
//!
//! Every way of running panics with the emulator's own report if a strict-mode finding stops the machine and
//! the test did not ask for one, and with the exception if a program died of one.

use super::layout::{result, word};
use super::program::Program;
use scc::address::{PhysAddr, SystemAddr};
use scc::fpga::FpgaRegister;
use scc::id::{CoreId, TileId};
use scc::lut::{LutEntry, SubDestination};
use scc::tile::TileRegister;
use scc::timing::Time;
use scc_emu::chip::statistics::CoreTraffic;
use scc_emu::{Activity, Limits, Machine, MachineBuilder, Report, RunEnd};

/// Emulated time that one [`Board::run`] may take unless [`Board::allow`] says otherwise.
const DEFAULT_BOUND: Time = Time::from_microseconds(20_000);

/// How often a condition of [`Board::run_until`] is looked at.
const STEP: Time = Time::from_microseconds(5);

/// The core with this number, 0 to 47.
#[must_use]
pub fn core(number: u8) -> CoreId {
    CoreId::new(number).expect("core numbers are 0 to 47")
}

/// The tile with this number, 0 to 23.
#[must_use]
pub fn tile(number: u8) -> TileId {
    TileId::new(number).expect("tile numbers are 0 to 23")
}

/// A board with the default LUTs and programs on some of its cores.
pub struct Board {
    machine: Machine,
    loaded: Vec<CoreId>,
    bound: Time,
}

impl Default for Board {
    fn default() -> Self {
        Board::new()
    }
}

impl Board {
    /// A 32 GB board under strict/scc; findings stop it.
    #[must_use]
    pub fn new() -> Self {
        Board::with(Machine::builder())
    }

    /// A board built from `settings`, with the default LUTs.
    #[must_use]
    pub fn with(settings: MachineBuilder) -> Self {
        let mut machine = settings.build();
        machine.default_luts(false);
        Board { machine, loaded: Vec::new(), bound: DEFAULT_BOUND }
    }

    /// A board that runs `program` on core 0, not yet released.
    #[must_use]
    pub fn loaded(program: &Program) -> Self {
        let mut board = Board::new();
        board.load(core(0), program);
        board
    }

    /// Runs `program` on core 0 of a new board to its end.
    #[must_use]
    pub fn ran(program: &Program) -> Self {
        let mut board = Board::loaded(program);
        board.start(core(0));
        board.run();
        board
    }

    /// Changes how much emulated time one call of [`Board::run`] may take.
    pub fn allow(&mut self, bound: Time) {
        self.bound = bound;
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The machine, to be changed.
    pub fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Puts a program into a core's memory.
    pub fn load(&mut self, core: CoreId, program: &Program) {
        for (at, bytes) in program.image() {
            self.machine.write_core_memory(core, at, bytes).expect("programs lie in private and boot memory");
        }
        self.loaded.push(core);
    }

    /// Releases a core from reset.
    pub fn start(&mut self, core: CoreId) {
        self.machine.release(core);
    }

    /// Loads `program` on a core and releases it.
    pub fn launch(&mut self, core: CoreId, program: &Program) {
        self.load(core, program);
        self.start(core);
    }

    /// Runs until every released program has ended.
    pub fn run(&mut self) {
        self.run_until("the programs end", Board::has_ended);
        for &core in &self.loaded {
            let activity = self.machine.activity(core);
            let ended = matches!(activity, Activity::Halted | Activity::Reset);
            assert!(
                ended,
                "core {core} ended up {activity:?} at EIP {:#x}",
                self.machine.registers(core).eip
            );
        }
    }

    /// Runs until `condition` holds; it is looked at every 5 us of emulated time.
    pub fn run_until(&mut self, what: &str, condition: impl Fn(&Board) -> bool) {
        let deadline = self.machine.time() + self.bound;
        while !condition(self) {
            assert!(self.machine.time() < deadline, "{what}: not within {}; {}", self.bound, self.places());
            let end = self.step(STEP);
            if let RunEnd::Finding(report) = end {
                panic!("{report}");
            }
            self.assert_nobody_died();
            assert!(
                end != RunEnd::AllStopped || condition(self),
                "{what}: all cores stopped before; {}",
                self.places()
            );
        }
    }

    /// Runs for some emulated time, whatever happens in it except findings and exceptions.
    pub fn run_for(&mut self, time: Time) {
        if let RunEnd::Finding(report) = self.step(time) {
            panic!("{report}");
        }
        self.assert_nobody_died();
    }

    /// Runs until a finding stops the machine.
    pub fn run_to_finding(&mut self) -> Report {
        match self.step(self.bound) {
            RunEnd::Finding(report) => *report,
            end => panic!("no finding, but {end:?}; {}", self.places()),
        }
    }

    /// Runs until the program of `core` waits in hand-shake `number`.
    pub fn reach(&mut self, core: CoreId, number: u32) {
        self.run_until("hand-shake", |board| board.read(core, word::REACHED) == number);
    }

    /// Lets the program of `core` go on after hand-shake `number`.
    pub fn go(&mut self, core: CoreId, number: u32) {
        self.write(core, word::GO, number);
    }

    /// Runs until `core` waits in hand-shake `number`, shows the board to `look`, lets the core go on.
    pub fn at<T>(&mut self, core: CoreId, number: u32, look: impl FnOnce(&mut Board) -> T) -> T {
        self.reach(core, number);
        let seen = look(self);
        self.go(core, number);
        seen
    }

    /// Result `slot` of a core's program.
    #[must_use]
    pub fn result(&self, core: CoreId, slot: u32) -> u32 {
        self.read(core, result(slot))
    }

    /// The first `N` results of a core's program.
    #[must_use]
    pub fn results<const N: usize>(&self, core: CoreId) -> [u32; N] {
        let mut slot = 0..;
        [(); N].map(|()| self.result(core, slot.next().expect("endless")))
    }

    /// The word at a core-physical address as memory holds it, behind the caches.
    #[must_use]
    pub fn read(&self, core: CoreId, at: u32) -> u32 {
        let mut bytes = [0; 4];
        self.machine.read_core_memory(core, PhysAddr::new(at), &mut bytes).expect("tests look at memory");
        u32::from_le_bytes(bytes)
    }

    /// Writes a word of memory, behind the caches.
    pub fn write(&mut self, core: CoreId, at: u32, value: u32) {
        let bytes = value.to_le_bytes();
        self.machine.write_core_memory(core, PhysAddr::new(at), &bytes).expect("tests change memory");
    }

    /// The mesh transactions of a core since power-on.
    #[must_use]
    pub fn traffic(&self, core: CoreId) -> CoreTraffic {
        self.machine.fabric().statistics().cores[core.index()]
    }

    /// Reads a tile register as the host does, with its side effect.
    pub fn host_read_tile(&mut self, tile: TileId, register: TileRegister) -> u32 {
        let now = self.machine.time();
        let entry = LutEntry::new(false, tile.route(), SubDestination::Crb, 0);
        let at: SystemAddr = entry.translate(PhysAddr::new(register.offset()));
        let value = self.machine.fabric_mut().host_read(at, 4, now).expect("tile registers answer");
        u32::try_from(value).expect("four bytes were read")
    }

    /// Writes a tile register as the host does.
    pub fn host_write_tile(&mut self, tile: TileId, register: TileRegister, value: u32) {
        let now = self.machine.time();
        self.machine.fabric_mut().host_write_tile(tile, register, value, now);
    }

    /// Reads an FPGA register as the host does, with its side effect.
    pub fn host_read_fpga(&mut self, register: FpgaRegister) -> u32 {
        let now = self.machine.time();
        self.machine.fabric_mut().host_read_fpga(register.offset(), now).expect("FPGA registers answer")
    }

    /// Writes an FPGA register as the host does.
    pub fn host_write_fpga(&mut self, register: FpgaRegister, value: u32) {
        let now = self.machine.time();
        self.machine
            .fabric_mut()
            .host_write_fpga(register.offset(), value, now)
            .expect("FPGA registers answer");
    }

    /// Runs for `time`; says what ended it.
    pub fn step(&mut self, time: Time) -> RunEnd {
        let until = self.machine.time() + time;
        self.machine.run(&Limits { until: Some(until), ..Limits::default() })
    }

    fn has_ended(&self) -> bool {
        const INTERRUPTS: u32 = 1 << 9;
        self.loaded.iter().all(|&core| match self.machine.activity(core) {
            Activity::Running => false,
            Activity::Halted => self.machine.registers(core).eflags & INTERRUPTS == 0,
            Activity::Shutdown | Activity::Reset | Activity::Hung(_) => true,
        })
    }

    fn assert_nobody_died(&self) {
        for &core in &self.loaded {
            let died = self.read(core, word::DIED);
            assert!(
                died == 0,
                "core {core}: exception {} with error code {:#x} at EIP {:#x}, CR2 {:#x}",
                self.read(core, word::FAULT_VECTOR),
                self.read(core, word::FAULT_CODE),
                self.read(core, word::FAULT_EIP),
                self.read(core, word::FAULT_ADDRESS)
            );
        }
    }

    fn places(&self) -> String {
        let place = |&core: &CoreId| {
            let registers = self.machine.registers(core);
            format!("core {core} {:?} at EIP {:#x}", self.machine.activity(core), registers.eip)
        };
        self.loaded.iter().map(place).collect::<Vec<_>>().join(", ")
    }
}
