//! The state of one core.

use super::apic::LocalApic;
use super::breakpoint::Breakpoints;
use super::counters::{Counters, Sources};
use super::delivery::Delivery;
use super::fault::Stop;
use super::flags::Flags;
use super::fpu::Fpu;
use super::half_modify::{HalfModify, HalfWalk};
use super::observed::Midway;
use super::op::Op;
use super::refusal::Refusals;
use super::segment::{Segment, SegmentName};
use super::system::debug::Debugging;
use super::watch::Watchpoint;
use crate::cache::Hierarchy;
use crate::mmu::tlb::{Geometry, HOT_ENTRIES, HotTable, Tlb};
use i586::flags::Eflags;
use scc::id::CoreId;
use scc::timing::Time;

/// GDTR or IDTR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableRegister {
    /// Linear address of the table.
    pub base: u32,
    /// Offset of its last byte.
    pub limit: u16,
}

/// What a core is doing when it is not executing instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Executing.
    Running,
    /// Stopped by HLT until an interrupt, NMI, INIT or RESET.
    Halted,
    /// Stopped by a triple fault until NMI, INIT or RESET.
    Shutdown,
    /// Held in reset (GCBCFG).
    Reset,
    /// Waiting for an answer that never comes, or for something not modelled. RESET ends it.
    Hung(Box<crate::diagnostics::Finding>),
}

bitflags::bitflags! {
    /// Things to look at before the next block is entered.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub(crate) struct Attention: u32 {
        /// An interrupt the APIC wants delivered may be pending.
        const INTERRUPT = 1;
        /// A rising edge of the NMI input is latched.
        const NMI = 2;
        /// INIT was asserted.
        const INIT = 4;
        /// STI or a load of SS: no interrupt before the next instruction is over.
        const SHADOW = 8;
        /// TF, an enabled debug register, a debugger or a trace needs a look at every instruction.
        const STEPPING = 16;
        /// The core is to stop executing: HLT, shutdown, R/S#, STPCLK#.
        const NOT_RUNNING = 32;
        /// A single-step or data breakpoint trap is due.
        const DEBUG_TRAP = 64;
        /// A debugger has set breakpoints.
        const BREAKPOINTS = 128;
    }
}

/// One P54C core: everything that is private to it.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    pub(crate) id: CoreId,
    /// EAX..EDI in encoding order; entry 8 always reads zero; the rest pads to a power of two.
    pub(crate) regs: [u32; 16],
    /// EIP of the next instruction, valid between blocks.
    pub(crate) eip: u32,
    /// EIP of the running block's first instruction.
    pub(crate) block_eip: u32,
    pub(crate) flags: Flags,
    /// ES, CS, SS, DS, FS, GS and two unused entries.
    pub(crate) segments: [Segment; 8],
    pub(crate) ldtr: Segment,
    pub(crate) tr: Segment,
    pub(crate) gdtr: TableRegister,
    pub(crate) idtr: TableRegister,
    /// Current privilege level; 0 in real mode, 3 in V86 mode.
    pub(crate) cpl: u8,
    pub(crate) cr0: u32,
    pub(crate) cr2: u32,
    pub(crate) cr3: u32,
    pub(crate) cr4: u32,
    /// DR0..DR3, then unused, DR6, DR7.
    pub(crate) dr: [u32; 8],
    pub(crate) fpu: Fpu,
    pub(crate) apic: LocalApic,
    pub(crate) counters: Counters,
    pub(crate) debugging: Debugging,
    /// An NMI is being handled: further ones wait for IRET.
    pub(crate) nmi_blocked: bool,

    /// Caches, write-combining buffer and memory unit; used by the strict model only.
    pub(crate) hierarchy: Hierarchy,
    pub(crate) hot: HotTable,
    /// 0 for CPL 0-2, [`HOT_ENTRIES`] for CPL 3.
    pub(crate) privilege_slot: usize,
    pub(crate) data_tlb: Tlb,
    pub(crate) code_tlb: Tlb,
    /// 0xFFFF or 0xFFFF_FFFF: the width of ESP (SS.B).
    pub(crate) stack_mask: u32,
    /// Which cached block look-ups match: [`Core::mappings`], CS.D and whether CPL is 3.
    pub(crate) code_generation: u32,
    /// Counts changes of paging, the code TLB, and CS's base and limit.
    mappings: u32,

    pub(crate) activity: Activity,
    pub(crate) attention: Attention,
    /// A single memory step asks for the block to be left after it.
    pub(crate) leave_block: bool,
    /// The slice must end after this block: its deadline may have moved.
    pub(crate) leave_slice: bool,
    /// Why the last block stopped.
    pub(crate) stop: Option<Stop>,

    /// Cycles since `epoch`, up to the start of the running block plus all stalls.
    pub(crate) cycles: u64,
    /// Instructions completed before the running block.
    pub(crate) instructions: u64,
    /// Absolute time at which `cycles` was 0.
    pub(crate) epoch: Time,
    /// Clock period.
    pub(crate) period: Time,
    /// TSC value at which `cycles` was 0.
    pub(crate) tsc_base: u64,
    /// No other agent is earlier than this many cycles: accesses up to here are in global order.
    pub(crate) horizon: u64,
    /// The running instruction has made an access in global order; its later ones follow at once.
    pub(crate) in_order: bool,
    /// The running instruction has claimed its turn as a whole: none of its accesses waits.
    pub(crate) claimed: bool,
    /// How often the running instruction has been made to wait for other cores.
    pub(crate) refusals: Refusals,
    /// Breakpoints of a debugger.
    pub(crate) breakpoints: Breakpoints,
    /// Interrupts and exceptions taken, if a trace wants them.
    pub(crate) deliveries: Option<Vec<Delivery>>,
    /// A read-modify-write that has read and waits for its turn to write.
    pub(crate) half_modify: Option<HalfModify>,
    /// A page walk that has read an entry and waits for its turn to change it.
    pub(crate) half_walk: Option<HalfWalk>,
    /// A descriptor that was read and waits to be changed.
    pub(crate) half_descriptor: Option<HalfModify>,
    /// The block that an observer or a debugger's point stopped inside.
    pub(crate) midway: Option<Box<Midway>>,
    /// Data watchpoints of a debugger.
    pub(crate) watchpoints: Vec<Watchpoint>,
    /// The debugger has seen the hit and wants the instruction to go on.
    pub(crate) pass_watchpoints: bool,
    /// The watchpoint that was hit.
    pub(crate) watch_hit: Option<Watchpoint>,
    pub(crate) flat_timing: bool,
    /// A20M#: bits of a physical address that leave the core.
    pub(crate) address_mask: u32,
    /// IGNNE#: with CR0.NE clear, x87 instructions go on despite a pending error.
    pub(crate) ignores_numeric_errors: bool,
    /// Fast model: when the write posted last will be acknowledged.
    pub(crate) posted_until: Time,
}

impl Core {
    /// A core held in reset.
    pub(crate) fn new(id: CoreId, strict: bool, flat_timing: bool, period: Time) -> Self {
        let (data, code) =
            if strict { (Geometry::DATA, Geometry::CODE) } else { (Geometry::LARGE, Geometry::LARGE) };
        let mut core = Core {
            id,
            regs: [0; 16],
            eip: 0,
            block_eip: 0,
            flags: Flags::reset(),
            segments: [Segment::real(0, 0); 8],
            ldtr: Segment::real(0, 0),
            tr: Segment::real(0, 0),
            gdtr: TableRegister { base: 0, limit: 0xFFFF },
            idtr: TableRegister { base: 0, limit: 0xFFFF },
            cpl: 0,
            cr0: 0,
            cr2: 0,
            cr3: 0,
            cr4: 0,
            dr: [0; 8],
            fpu: Fpu::new(),
            apic: LocalApic::new(),
            counters: Counters::new(),
            debugging: Debugging::new(),
            nmi_blocked: false,
            hierarchy: Hierarchy::new(),
            hot: HotTable::new(),
            privilege_slot: 0,
            data_tlb: Tlb::new(data),
            code_tlb: Tlb::new(code),
            stack_mask: 0xFFFF,
            code_generation: 1,
            mappings: 0,
            activity: Activity::Reset,
            attention: Attention::NOT_RUNNING,
            leave_block: false,
            leave_slice: false,
            stop: None,
            cycles: 0,
            instructions: 0,
            epoch: Time::ZERO,
            period,
            tsc_base: 0,
            horizon: 0,
            in_order: false,
            claimed: false,
            refusals: Refusals::default(),
            breakpoints: Breakpoints::default(),
            deliveries: None,
            half_modify: None,
            half_walk: None,
            half_descriptor: None,
            midway: None,
            watchpoints: Vec::new(),
            pass_watchpoints: false,
            watch_hit: None,
            flat_timing,
            address_mask: u32::MAX,
            ignores_numeric_errors: false,
            posted_until: Time::ZERO,
        };
        core.reset(false);
        core
    }

    /// EIP of the instruction `offset` bytes into the running block. It does not wrap at 64 KB in 16-bit code
    /// either: running off the end of such a segment is a limit violation.
    #[inline(always)]
    pub(crate) fn offset_in_block(&self, offset: u16) -> u32 {
        self.block_eip.wrapping_add(u32::from(offset))
    }

    /// EIP of the instruction after `op`.
    #[inline(always)]
    pub(crate) fn next_eip(&self, op: &Op) -> u32 {
        self.offset_in_block(op.next)
    }

    /// Charges the block up to and including `op`.
    #[inline(always)]
    pub(crate) fn commit(&mut self, op: &Op) {
        self.cycles += u64::from(op.cycles);
        self.instructions += u64::from(op.number) + 1;
    }

    /// Clock cycles at the start of `op`, in this core's own count.
    #[inline(always)]
    pub(crate) fn cycle_at(&self, op: &Op) -> u64 {
        self.cycles + u64::from(op.cycles) - u64::from(op.cost)
    }

    /// Absolute time at the start of `op`.
    pub(crate) fn time_at(&self, op: &Op) -> Time {
        self.epoch + Time::from_cycles(self.cycle_at(op), self.period)
    }

    /// Absolute time between two blocks.
    pub(crate) fn time(&self) -> Time {
        self.epoch + Time::from_cycles(self.cycles, self.period)
    }

    /// The time-stamp counter at the start of `op`.
    pub(crate) fn time_stamp(&self, op: &Op) -> u64 {
        self.tsc_base.wrapping_add(self.cycle_at(op))
    }

    /// Charges `time` as stall cycles, rounded up.
    pub(crate) fn stall(&mut self, time: Time) {
        if !self.flat_timing {
            self.cycles += time.as_picoseconds().div_ceil(self.period.as_picoseconds());
        }
    }

    /// A segment register.
    #[inline(always)]
    pub(crate) fn segment(&self, name: SegmentName) -> &Segment {
        &self.segments[name.index()]
    }

    /// Replaces a segment register and everything derived from it.
    #[inline]
    pub(crate) fn set_segment(&mut self, name: SegmentName, mut segment: Segment) {
        segment.refresh();
        self.counters.segment_load();
        let register = &mut self.segments[name.index()];
        let moved = register.base != segment.base || register.limit != segment.limit;
        *register = segment;
        match name {
            SegmentName::Cs => {
                self.mappings = self.mappings.wrapping_add(u32::from(moved));
                self.refresh_code_generation();
            }
            SegmentName::Ss => self.stack_mask = if segment.big { u32::MAX } else { 0xFFFF },
            _ => {}
        }
    }

    /// Changes the privilege level.
    #[inline]
    pub(crate) fn set_cpl(&mut self, cpl: u8) {
        if cpl != self.cpl {
            if self.counters.watches_privilege() {
                let sources =
                    Sources { instructions: self.instructions, memory: self.hierarchy.statistics() };
                self.counters.privilege_changed(cpl, &sources);
            }
            self.cpl = cpl;
            self.privilege_slot = if cpl == 3 { HOT_ENTRIES } else { 0 };
            self.refresh_code_generation();
        }
    }

    /// Look-ups made for one privilege level and code size are good again when the core is back there.
    fn refresh_code_generation(&mut self) {
        let context = u32::from(self.cpl == 3) << 1 | u32::from(self.segment(SegmentName::Cs).big);
        self.code_generation = self.mappings << 2 | context;
    }

    /// Drops the cached block look-ups: code may come from elsewhere from now on.
    pub(crate) fn forget_code_mappings(&mut self) {
        self.mappings = self.mappings.wrapping_add(1);
        self.refresh_code_generation();
    }

    /// Whether protected mode (V86 mode included) is on.
    pub(crate) fn is_protected(&self) -> bool {
        self.cr0 & 1 != 0
    }

    /// Whether V86 mode is on.
    pub(crate) fn is_virtual_8086(&self) -> bool {
        self.flags.has(Eflags::VIRTUAL_8086)
    }

    /// Drops every translation, architectural and derived (CR3 write, change of CR0.PG).
    pub(crate) fn flush_translations(&mut self) {
        self.data_tlb.flush();
        self.code_tlb.flush();
        self.forget_hot_translations();
    }

    /// Drops what was derived from architectural translations (CR0.WP, watchpoints, LUT changes).
    pub(crate) fn forget_hot_translations(&mut self) {
        self.hot.flush();
        self.forget_code_mappings();
    }

    /// Whether the core executes instructions when it is given time.
    pub(crate) fn is_running(&self) -> bool {
        self.activity == Activity::Running && !self.attention.contains(Attention::NOT_RUNNING)
    }
}
