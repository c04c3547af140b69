//! What an instruction did, in a form that both sides can be brought to.

use native_runner::{Case, Outcome, SCRATCH_BYTES};

/// Bits of EFLAGS that are compared: all that instructions see, except RF.
pub const COMPARED_FLAGS: u32 = 0x24_7FD7;

/// How an instruction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It completed; EIP is this.
    Completed {
        /// Offset of the next instruction.
        eip: u32,
    },
    /// It raised an exception.
    Exception {
        /// Vector, 0 to 31.
        vector: u32,
        /// Error code, 0 for exceptions without.
        error_code: u32,
        /// EIP that the exception reported.
        eip: u32,
    },
}

impl Ending {
    /// What a breakpoint that reported `eip` means: the end of the case, unless the case is an INT3 itself.
    pub fn of_breakpoint(case: &Case, eip: u32) -> Option<Ending> {
        let end = case.mode.eip(case.entry).wrapping_add(u32::from(case.length));
        (eip != end).then(|| Ending::Completed { eip: eip.wrapping_sub(1) })
    }
}

/// Everything an instruction may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// How it ended.
    pub ending: Ending,
    /// EAX to EDI.
    pub registers: [u32; 8],
    /// EFLAGS.
    pub flags: u32,
    /// ES, CS, SS, DS, FS, GS.
    pub segments: [u16; 6],
    /// The scratch memory.
    pub memory: [u8; SCRATCH_BYTES],
}

impl Effect {
    /// What the host CPU's outcome means.
    ///
    /// A breakpoint anywhere but right behind an INT3 is the end of a completed instruction, and so is the
    /// page fault of fetching from a target that is not mapped.
    pub fn of_native(case: &Case, outcome: &Outcome) -> Effect {
        const BREAKPOINT: u32 = 3;
        const PAGE_FAULT: u32 = 14;
        const FETCH: u32 = 0x10;
        let start = case.mode.eip(case.entry);
        let completed = Ending::of_breakpoint(case, outcome.eip).filter(|_| outcome.vector == BREAKPOINT);
        let ending = completed.unwrap_or(match outcome.vector {
            PAGE_FAULT if outcome.error_code & FETCH != 0 && outcome.eip != start => {
                Ending::Completed { eip: outcome.eip }
            }
            vector => Ending::Exception { vector, error_code: outcome.error_code, eip: outcome.eip },
        });
        Effect {
            ending,
            registers: outcome.registers,
            flags: outcome.flags,
            segments: outcome.segments,
            memory: outcome.memory,
        }
    }

    /// Whether both did the same, but for `undefined` flags.
    pub fn agrees_with(&self, other: &Effect, undefined: u32) -> bool {
        let compared = if matches!(self.ending, Ending::Completed { .. }) {
            COMPARED_FLAGS & !undefined
        } else {
            COMPARED_FLAGS
        };
        self.ending == other.ending
            && self.registers == other.registers
            && self.segments == other.segments
            && self.memory == other.memory
            && (self.flags ^ other.flags) & compared == 0
    }
}
