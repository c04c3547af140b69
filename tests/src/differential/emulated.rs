//! The emulator's side: one core of a board, brought to the state that the native runner gives a program.
//!
//! The guest has the host's selectors: Linux's flat user segments and the same local descriptor table. It runs at
//! privilege level 3 without paging; exceptions arrive at level 0, where the handler's address tells the vector
//! and the stack holds the rest.
//!
//! ```text
//! 0             64 KB of INT3          not mapped in the native runner
//! CODE_BASE     64 KB of INT3          as in the native runner
//! WINDOW_BASE   64 KB of zeroes        as in the native runner
//! TABLES        GDT, IDT, TSS, LDT     one page each
//! STACK_TOP     stack of level 0       one page below
//! HANDLERS      16 bytes a vector
//! SET_UP        LGDT LIDT LLDT LTR     run once
//! WARM_UP       REP LODSD              with caches: reads the scratch memory before a case
//! WRITE_BACK    WBINVD                 with caches: brings everything to memory after it
//! ```

use super::effect::{Effect, Ending};
use super::instructions;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::bits32;
use native_runner::{
    CODE_BASE, CODE_BYTES, CODE16, Case, Mode, REGION_BYTES, SCRATCH_BYTES, SCRATCH_OFFSET, WINDOW,
    WINDOW_BASE, WINDOW_STACK16,
};
use scc::address::PhysAddr;
use scc::id::CoreId;
use scc::tile::{L2cfg, TileRegister};
use scc::timing::Time;
use scc_emu::{Diagnostics, Limits, Machine, MemoryModel, Registers, RunEnd, SegmentRegister, TimingModel};

const TABLES: u32 = WINDOW_BASE + REGION_BYTES;
const GDT: u32 = TABLES;
const IDT: u32 = TABLES + 0x1000;
const TSS: u32 = TABLES + 0x2000;
const LDT: u32 = TABLES + 0x3000;
const STACK_TOP: u32 = TABLES + 0x6000;
const HANDLERS: u32 = TABLES + 0x6000;
const SET_UP: u32 = TABLES + 0x7000;
const POINTERS: u32 = TABLES + 0x7100;
const WARM_UP: u32 = TABLES + 0x7200;
const WRITE_BACK: u32 = TABLES + 0x7300;
const TABLE_BYTES: u32 = 0x1000;
const HANDLER_BYTES: u32 = 16;
const VECTORS: u32 = 32;

/// Selectors of level 0, of the flat user segments, and of the tables.
const SYSTEM_CODE: u16 = 0x08;
const SYSTEM_DATA: u16 = 0x18;
const USER_CODE: u16 = 0x23;
const USER_DATA: u16 = 0x2B;
const TSS_SELECTOR: u16 = 0x40;
const LDT_SELECTOR: u16 = 0x50;

/// CR0: protected mode, with ET and AM.
const CONTROL: u32 = 0x4_0011;
/// CR0.CD and NW, as after RESET.
const CACHES_OFF: u32 = 0x6000_0000;
const INT3: u8 = 0xCC;
/// Time a case gets to reach an exception handler.
const SLICE: Time = Time::from_picoseconds(400_000);
/// Most steps that one instruction may take: the longest repeated string instruction and a reserve.
const STEPS: u32 = 100;

/// What lies between a core and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// The fast model.
    Fast,
    /// The strict model with all caches off.
    Uncached,
    /// The strict model with L1, in which the scratch memory lies when a case begins.
    Cached,
}

impl Path {
    /// All of them.
    pub const ALL: [Path; 3] = [Path::Fast, Path::Uncached, Path::Cached];
}

/// A core of the emulator that executes cases.
pub struct EmulatedCpu {
    machine: Machine,
    core: CoreId,
    path: Path,
}

impl EmulatedCpu {
    /// Builds a board and sets its first core up.
    pub fn new(path: Path) -> EmulatedCpu {
        let model = if path == Path::Fast { MemoryModel::Fast } else { MemoryModel::Strict };
        let mut machine =
            Machine::builder().model(model).timing(TimingModel::Flat).diagnostics(Diagnostics::Stop).build();
        let core = CoreId::new(0).expect("the board has a core 0");
        machine.default_luts(true);
        // WBINVD leaves L2 alone, so what it held would never be seen behind the caches.
        let off = L2cfg::RESET.with_way_disable(true).into_bits();
        machine.fabric_mut().host_write_tile(core.tile(), TileRegister::L2cfg(0), off, Time::ZERO);
        machine.release(core);
        let mut cpu = EmulatedCpu { machine, core, path };
        // The host maps nothing in the lowest 64 KB; jumps there shall end as well.
        cpu.write(0, &vec![INT3; REGION_BYTES as usize]);
        cpu.write(CODE_BASE, &vec![INT3; REGION_BYTES as usize]);
        cpu.write(WINDOW_BASE, &vec![0; REGION_BYTES as usize]);
        cpu.write_tables();
        cpu.load_tables();
        cpu
    }

    /// Executes a case.
    ///
    /// # Panics
    /// If the core stops instead of executing.
    pub fn run(&mut self, case: &Case) -> Effect {
        let start = case.mode.eip(case.entry);
        let place = CODE_BASE + u32::from(case.entry);
        self.write(place, &case.code[..usize::from(case.length)]);
        self.write(WINDOW_BASE + SCRATCH_OFFSET, &case.memory);
        if self.path == Path::Cached {
            self.run_system(WARM_UP);
        }
        self.machine.set_registers(self.core, &self.registers(case, start));
        match self.path {
            Path::Uncached if !is_sequence(case) => self.step_once(start),
            _ => self.run_to_handler(),
        }
        let after = self.machine.registers(self.core);
        if self.path == Path::Cached {
            self.run_system(WRITE_BACK);
        }
        self.write(place, &[INT3; CODE_BYTES]);
        self.effect(case, &after)
    }

    /// Steps until an instruction is over, or an exception delivered.
    fn step_once(&mut self, start: u32) {
        for _ in 0..STEPS {
            self.step();
            let now = self.machine.registers(self.core);
            if now.eip != start || now.segments[CS].selector & 3 == 0 {
                return;
            }
        }
    }

    /// Runs whole blocks until an exception handler spins; the INT3 behind the case leads to one at the latest.
    fn run_to_handler(&mut self) {
        let until = self.machine.time() + SLICE;
        let end = self.machine.run(&Limits { until: Some(until), ..Limits::default() });
        assert_eq!(end, RunEnd::TimeReached, "the core stopped");
    }

    fn effect(&self, case: &Case, after: &Registers) -> Effect {
        let mut memory = [0; SCRATCH_BYTES];
        self.read(WINDOW_BASE + SCRATCH_OFFSET, &mut memory);
        let mut effect = Effect {
            ending: Ending::Completed { eip: after.eip },
            registers: after.general,
            flags: after.eflags,
            segments: after.segments.map(|segment| segment.selector),
            memory,
        };
        if effect.segments[CS] & 3 == 0 {
            self.undo_delivery(case, after, &mut effect);
        }
        effect
    }

    /// Replaces what the delivery of an exception changed by what it saved.
    fn undo_delivery(&self, case: &Case, after: &Registers, effect: &mut Effect) {
        let vector = after.eip.wrapping_sub(HANDLERS) / HANDLER_BYTES;
        let has_code = matches!(vector, 8 | 10..=14 | 17);
        let mut at = after.general[4];
        let mut pop = || {
            let mut word = [0; 4];
            self.read(at, &mut word);
            at += 4;
            u32::from_le_bytes(word)
        };
        let error_code = if has_code { pop() } else { 0 };
        let (eip, cs, flags, esp, ss) = (pop(), pop(), pop(), pop(), pop());
        let raised = Ending::Exception { vector, error_code, eip };
        effect.ending = Ending::of_breakpoint(case, eip).filter(|_| vector == 3).unwrap_or(raised);
        effect.registers[4] = esp;
        effect.flags = flags;
        (effect.segments[CS], effect.segments[SS]) = (low_half(cs), low_half(ss));
    }

    fn step(&mut self) {
        let end = self.machine.step(self.core);
        assert_eq!(end, RunEnd::Observed(self.core), "the core stopped");
    }

    fn write(&mut self, at: u32, bytes: &[u8]) {
        let written = self.machine.write_core_memory(self.core, PhysAddr::new(at), bytes);
        written.unwrap_or_else(|error| panic!("{error}"));
    }

    fn read(&self, at: u32, bytes: &mut [u8]) {
        let read = self.machine.read_core_memory(self.core, PhysAddr::new(at), bytes);
        read.unwrap_or_else(|error| panic!("{error}"));
    }

    fn write_tables(&mut self) {
        for selector in [SYSTEM_CODE, SYSTEM_DATA, USER_CODE, USER_DATA, TSS_SELECTOR, LDT_SELECTOR] {
            let bytes = descriptor(selector).into_bits().to_le_bytes();
            self.write(GDT + u32::from(selector & !7), &bytes);
        }
        for selector in [CODE16, WINDOW, WINDOW_STACK16] {
            let bytes = descriptor(selector).into_bits().to_le_bytes();
            self.write(LDT + u32::from(selector & !7), &bytes);
        }
        for vector in 0..VECTORS {
            // As Linux has it, programs may raise #BP and #OF by themselves.
            let privilege = if matches!(vector, 3 | 4) { 3 } else { 0 };
            let selector = Selector::from_bits(SYSTEM_CODE);
            let handler = HANDLERS + vector * HANDLER_BYTES;
            let gate = Gate::new(SystemKind::InterruptGate32, selector, handler, privilege)
                .expect("an interrupt gate is a gate");
            self.write(IDT + 8 * vector, &gate.descriptor().into_bits().to_le_bytes());
            // A jump to itself.
            self.write(handler, &[0xEB, 0xFE]);
        }
        self.write(TSS + bits32::ESP0, &STACK_TOP.to_le_bytes());
        self.write(TSS + bits32::SS0, &u32::from(SYSTEM_DATA).to_le_bytes());
        // No I/O permission map: it would begin beyond the limit.
        self.write(TSS + bits32::IO_MAP_BASE, &u16::MAX.to_le_bytes());
    }

    /// Runs the instructions that load the table registers.
    fn load_tables(&mut self) {
        let mut program = Vec::new();
        for (opcode, base, limit) in [(0x15, GDT, 0x7F), (0x1D, IDT, 8 * VECTORS - 1)] {
            let pointer = POINTERS + u32::from(opcode);
            let bytes = limit.to_le_bytes();
            self.write(pointer, &[&bytes[..2], &base.to_le_bytes()].concat());
            program.extend_from_slice(&[0x0F, 0x01, opcode]);
            program.extend_from_slice(&pointer.to_le_bytes());
        }
        // LLDT AX, LTR DX.
        program.extend_from_slice(&[0x0F, 0x00, 0xD0, 0x0F, 0x00, 0xDA]);
        self.write(SET_UP, &program);
        self.write(WARM_UP, &[0xF3, 0xAD]);
        self.write(WRITE_BACK, &[0x0F, 0x09]);
        let end = SET_UP + u32::try_from(program.len()).expect("a short program");
        self.run_system(SET_UP);
        while self.machine.registers(self.core).eip != end {
            self.run_one();
        }
    }

    /// Runs one instruction at privilege level 0; ESI and ECX cover the scratch memory, EAX and EDX hold the
    /// selectors of the tables.
    fn run_system(&mut self, eip: u32) {
        let words = u32::try_from(SCRATCH_BYTES / 4).expect("the scratch memory is small");
        let (ldt, tss) = (u32::from(LDT_SELECTOR), u32::from(TSS_SELECTOR));
        let [data, code] = [SYSTEM_DATA, SYSTEM_CODE].map(segment);
        let registers = Registers {
            general: [ldt, words, tss, 0, STACK_TOP, 0, WINDOW_BASE + SCRATCH_OFFSET, 0],
            eip,
            eflags: 2,
            segments: [data, code, data, data, data, data],
            control: [self.control(), 0, 0, 0],
        };
        self.machine.set_registers(self.core, &registers);
        self.run_one();
    }

    /// Steps until EIP changes.
    fn run_one(&mut self) {
        let start = self.machine.registers(self.core).eip;
        for _ in 0..STEPS {
            self.step();
            if self.machine.registers(self.core).eip != start {
                return;
            }
        }
        panic!("no progress at {start:#x}");
    }

    fn control(&self) -> u32 {
        if self.path == Path::Cached { CONTROL } else { CONTROL | CACHES_OFF }
    }

    /// The registers a case starts with.
    fn registers(&self, case: &Case, eip: u32) -> Registers {
        let (code, stack, data, extra) = match case.mode {
            Mode::Flat => (USER_CODE, USER_DATA, USER_DATA, 0),
            Mode::Window => (USER_CODE, WINDOW, WINDOW, WINDOW),
            Mode::WindowStack16 => (USER_CODE, WINDOW_STACK16, WINDOW, WINDOW),
            Mode::Code16 => (CODE16, WINDOW_STACK16, WINDOW, WINDOW),
        };
        Registers {
            general: case.registers,
            eip,
            eflags: case.flags,
            segments: [data, code, stack, data, extra, extra].map(segment),
            control: [self.control(), 0, 0, 0],
        }
    }
}

/// Whether a case has more than one instruction.
fn is_sequence(case: &Case) -> bool {
    instructions(case).nth(1).is_some()
}

const CS: usize = 1;
const SS: usize = 2;

fn low_half(word: u32) -> u16 {
    let [low, high, ..] = word.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// A segment register as if `selector` had been loaded.
fn segment(selector: u16) -> SegmentRegister {
    let descriptor = descriptor(selector);
    SegmentRegister {
        selector,
        base: descriptor.base(),
        limit: descriptor.limit(),
        access: descriptor.access(),
        big: descriptor.default_big(),
    }
}

/// What the descriptor tables hold.
fn descriptor(selector: u16) -> Descriptor {
    const USER: u8 = 3;
    let limit = REGION_BYTES - 1;
    match selector {
        SYSTEM_CODE => Descriptor::flat_code(0).with_accessed(),
        SYSTEM_DATA => Descriptor::flat_data(0).with_accessed(),
        USER_CODE => Descriptor::flat_code(USER).with_accessed(),
        USER_DATA => Descriptor::flat_data(USER).with_accessed(),
        TSS_SELECTOR => Descriptor::system(SystemKind::AvailableTss32, TSS, TABLE_BYTES - 1, 0),
        LDT_SELECTOR => Descriptor::system(SystemKind::Ldt, LDT, 0x1F, 0),
        WINDOW => window(true).with_limit(limit).with_base(WINDOW_BASE),
        WINDOW_STACK16 => window(false).with_limit(limit).with_base(WINDOW_BASE),
        CODE16 => narrow(Descriptor::flat_code(USER)).with_accessed().with_limit(limit).with_base(CODE_BASE),
        _ => Descriptor::NULL,
    }
}

/// A data segment of the local table, whose D bit says whether a stack in it uses ESP.
fn window(wide: bool) -> Descriptor {
    let data = available(Descriptor::flat_data(3)).with_accessed();
    if wide { data } else { without_big(data) }
}

/// 16-bit code of the local table.
fn narrow(code: Descriptor) -> Descriptor {
    available(without_big(code))
}

fn without_big(descriptor: Descriptor) -> Descriptor {
    const DEFAULT_BIG: u32 = 1 << 22;
    let (low, high) = descriptor.words();
    Descriptor::from_words(low, high & !DEFAULT_BIG)
}

/// Linux marks the segments of a local table as available to software.
fn available(descriptor: Descriptor) -> Descriptor {
    const AVAILABLE: u32 = 1 << 20;
    let (low, high) = descriptor.words();
    Descriptor::from_words(low, high | AVAILABLE)
}
