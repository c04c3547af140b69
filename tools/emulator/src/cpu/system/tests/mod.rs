//! Guest programs that exercise this module on a core with memory and nothing else.
//!
//! Physical layout (paging off unless a test turns it on):
//!
//! ```text
//! 0x01000 GDT   0x02000 IDT   0x03000 LDT   0x04000 TSS 1   0x05000 TSS 2   0x06000 TSS 16
//! 0x09000 top of the ring 0 stack           0x0A000 top of the ring 3 stack
//! 0x0B000 top of the stack for entries to ring 0
//! 0x10000 program     0x20000 handlers: HLT at 0x20000 + 16 * vector
//! ```

mod debugging;
mod faults;
mod gates;
mod tasks;
mod virtual_8086;

use crate::chip::Fabric;
use crate::chip::config::{FabricConfig, Timing};
use crate::cpu::block::CodeCache;
use crate::cpu::model::Fast;
use crate::cpu::op::Op;
use crate::cpu::run::run;
use crate::cpu::segment::{Flat, Segment, SegmentName};
use crate::cpu::state::{Activity, Attention, Core, TableRegister};
use i586::control::Cr0;
use i586::flags::Eflags;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::bits32;
use iced_x86::code_asm::CodeAssembler;
use scc::address::LutIndex;
use scc::id::CoreId;
use scc::lut::{BoardMemory, default_entry};
use scc::timing::Time;

pub(super) const GDT: u32 = 0x1000;
pub(super) const IDT: u32 = 0x2000;
pub(super) const LDT: u32 = 0x3000;
pub(super) const TSS1: u32 = 0x4000;
pub(super) const TSS2: u32 = 0x5000;
pub(super) const TSS16: u32 = 0x6000;
pub(super) const STACK0: u32 = 0x9000;
pub(super) const STACK3: u32 = 0xA000;
pub(super) const ENTRY_STACK: u32 = 0xB000;
pub(super) const PROGRAM: u32 = 0x1_0000;
pub(super) const HANDLERS: u32 = 0x2_0000;

pub(super) const CODE0: u16 = 0x08;
pub(super) const DATA0: u16 = 0x10;
pub(super) const CODE3: u16 = 0x1B;
pub(super) const DATA3: u16 = 0x23;
pub(super) const TASK1: u16 = 0x28;
pub(super) const TASK2: u16 = 0x30;
pub(super) const TASK16: u16 = 0x38;
pub(super) const TABLE: u16 = 0x40;
/// Free for tests.
pub(super) const SPARE: u16 = 0x48;

/// A core with memory.
pub(super) struct Guest {
    pub(super) core: Core,
    code: CodeCache,
    fabric: Fabric,
}

impl Guest {
    /// A core in real mode.
    pub(super) fn real() -> Guest {
        let id = CoreId::new(0).expect("core 0 exists");
        let mut fabric = Fabric::new(&FabricConfig { timing: Timing::Flat, ..FabricConfig::default() });
        for index in LutIndex::all() {
            if let Some(entry) = default_entry(BoardMemory::Gb32, id, index) {
                fabric.set_lut(id, index, entry);
            }
        }
        let mut core = Core::new(id, false, true, Time::from_picoseconds(1875));
        core.activity = Activity::Running;
        core.attention = Attention::empty();
        core.horizon = u64::MAX;
        Guest { core, code: CodeCache::new(), fabric }
    }

    /// A core in flat 32-bit protected mode at ring 0, with tables, handlers and two tasks.
    pub(super) fn protected() -> Guest {
        let mut guest = Guest::real();
        let task = |base| Descriptor::system(SystemKind::AvailableTss32, base, 0x67, 0);
        let table = Descriptor::system(SystemKind::Ldt, LDT, 0xFF, 0);
        for (selector, descriptor) in [
            (CODE0, Descriptor::flat_code(0)),
            (DATA0, Descriptor::flat_data(0)),
            (CODE3, Descriptor::flat_code(3)),
            (DATA3, Descriptor::flat_data(3)),
            (TASK1, task(TSS1).with_busy()),
            (TASK2, task(TSS2)),
            (TASK16, Descriptor::system(SystemKind::AvailableTss16, TSS16, 0x2B, 0)),
            (TABLE, table),
        ] {
            guest.describe(selector, descriptor);
        }
        for vector in 0..=255u8 {
            guest.gate(vector, SystemKind::InterruptGate32, CODE0, handler(vector), 0);
            guest.write(handler(vector), &[0xF4]);
        }
        guest.set32(TSS1 + bits32::ESP0, ENTRY_STACK);
        guest.set32(TSS1 + bits32::SS0, u32::from(DATA0));
        guest.set32(TSS1 + bits32::IO_MAP_BASE, 0x68);
        let core = &mut guest.core;
        core.gdtr = TableRegister { base: GDT, limit: 0xFF };
        core.idtr = TableRegister { base: IDT, limit: 0x7FF };
        core.cr0 |= Cr0::PROTECTION.bits();
        core.tr = Segment { selector: TASK1, base: TSS1, limit: 0x67, access: 0x8B, ..flat(0, 0) };
        guest.level(0);
        guest
    }

    /// Moves the core to a privilege level with the matching flat segments and stack.
    pub(super) fn level(&mut self, level: u8) {
        let (code, data, stack) = if level == 0 { (CODE0, DATA0, STACK0) } else { (CODE3, DATA3, STACK3) };
        self.core.set_cpl(level);
        self.core.set_segment(SegmentName::Cs, flat(code, 0x9B | level << 5));
        for name in [SegmentName::Ss, SegmentName::Ds, SegmentName::Es, SegmentName::Fs, SegmentName::Gs] {
            self.core.set_segment(name, flat(data, 0x93 | level << 5));
        }
        self.core.regs[4] = stack;
        self.core.eip = PROGRAM;
    }

    /// Writes a GDT entry.
    pub(super) fn describe(&mut self, selector: u16, descriptor: Descriptor) {
        let (low, high) = descriptor.words();
        let at = GDT + u32::from(selector & !7);
        self.set32(at, low);
        self.set32(at + 4, high);
    }

    /// Writes an IDT gate.
    pub(super) fn gate(&mut self, vector: u8, kind: SystemKind, selector: u16, offset: u32, dpl: u8) {
        let gate = Gate::new(kind, Selector::from_bits(selector), offset, dpl).expect("a gate type");
        let (low, high) = gate.descriptor().words();
        let at = IDT + u32::from(vector) * 8;
        self.set32(at, low);
        self.set32(at + 4, high);
    }

    /// Assembles 32-bit code to `at`.
    pub(super) fn assemble(
        &mut self,
        at: u32,
        write: impl FnOnce(&mut CodeAssembler) -> Result<(), iced_x86::IcedError>,
    ) {
        let mut assembler = CodeAssembler::new(32).expect("32 is a bitness");
        write(&mut assembler).expect("the test's instructions exist");
        let bytes = assembler.assemble(u64::from(at)).expect("the test's code assembles");
        self.write(at, &bytes);
    }

    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) {
        for (address, byte) in (at..).zip(bytes) {
            self.core
                .store_system::<Fast, u8>(&mut self.fabric, &Op::BOUNDARY, address, u32::from(*byte))
                .expect("test memory is writable");
        }
    }

    pub(super) fn set32(&mut self, at: u32, value: u32) {
        self.write(at, &value.to_le_bytes());
    }

    pub(super) fn get32(&mut self, at: u32) -> u32 {
        self.core
            .load_system::<Fast, u32>(&mut self.fabric, &Op::BOUNDARY, at)
            .expect("test memory is readable")
    }

    pub(super) fn get16(&mut self, at: u32) -> u32 {
        self.get32(at) & 0xFFFF
    }

    /// The doubleword `index` slots above the top of the stack.
    pub(super) fn stack(&mut self, index: u32) -> u32 {
        let base = self.core.segment(SegmentName::Ss).base;
        self.get32(base + self.core.regs[4] + 4 * index)
    }

    /// Runs until the core stops; panics if it does not.
    pub(super) fn run(&mut self) -> Activity {
        let deadline = self.core.cycles + 10_000;
        while self.core.is_running() && self.core.cycles < deadline {
            run::<Fast>(&mut self.core, &mut self.code, &mut self.fabric, deadline, None);
        }
        assert!(!self.core.is_running(), "still running at {:#x}", self.core.eip);
        self.core.activity.clone()
    }

    /// Lets a halted core go on behind its HLT.
    pub(super) fn resume(&mut self) -> Activity {
        self.core.activity = Activity::Running;
        self.core.attention.remove(Attention::NOT_RUNNING);
        self.run()
    }

    /// Runs until a handler halts; returns its vector.
    pub(super) fn run_to_handler(&mut self) -> u8 {
        assert_eq!(self.run(), Activity::Halted);
        let offset = self.core.eip.wrapping_sub(HANDLERS + 1);
        assert!(offset.is_multiple_of(16) && offset < 0x1000, "halted at {:#x}", self.core.eip);
        u8::try_from(offset / 16).expect("256 handlers")
    }

    pub(super) fn flag(&self, flag: Eflags) -> bool {
        self.core.flags.get().contains(flag)
    }

    pub(super) fn selector(&self, name: SegmentName) -> u16 {
        self.core.segment(name).selector
    }
}

/// Where the handler of a vector is.
pub(super) const fn handler(vector: u8) -> u32 {
    HANDLERS + 16 * vector as u32
}

fn flat(selector: u16, access: u8) -> Segment {
    Segment { selector, base: 0, limit: u32::MAX, access, big: true, usable: true, flat: Flat::default() }
}
