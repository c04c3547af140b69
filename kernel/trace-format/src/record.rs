//! Trace records: 16 bytes each, four words.
//!
//! ```text
//! word 0   [31:0]   time, bits 31 to 0: cycles of the core since it left reset (TSC)
//! word 1   [31:16]  time, bits 47 to 32
//!          [15:8]   detail: a small number, its meaning depends on the kind
//!          [7]      lap: bit 0 of how often the ring was filled before this record (see [`crate::ring`])
//!          [6:0]    kind; 0 is none
//! word 2            first argument
//! word 3            second argument
//! ```
//!
//! 48 bits of cycles last for 97 hours at 800 MHz. [`Stamped::encode`] is a handful of moves and shifts with the
//! event known at compile time; how a ring is written safely in the presence of interrupts says [`crate::ring`].
//! Texts are not copied into records: a [`TextPlace`] says where in the core's memory a constant text lies.

pub use self::log_piece::{LOG_BYTES, LogPiece, PIECE_BYTES, Severity, pieces_of};
pub use self::names::{Lease, LetterNumber, RemoteCall, TaskNumber, TextPlace};
pub use self::outcome::{PollOutcome, TaskBefore, TestOutcome};
use crate::phase::BootPhase;

mod log_piece;
mod names;
mod outcome;

/// Bytes of a record.
pub const RECORD_BYTES: usize = 16;

/// A record as four words.
pub type RecordWords = [u32; 4];

/// Index of the word that holds the kind; it is written last.
pub const KIND_WORD: usize = 1;

/// Bit of the kind word that tells odd laps of the ring from even ones.
pub const LAP_BIT: u32 = 0x80;

/// Bits of a time that a record holds.
pub const TIME_BITS: u32 = 48;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The core has completed a step of its boot.
    BootPhase(BootPhase),
    /// A task was made.
    TaskSpawn {
        /// The task.
        task: TaskNumber,
        /// Its name.
        name: TextPlace,
    },
    /// A task was put into the run queue.
    TaskReady(TaskNumber),
    /// A task is polled. If one was already, its poll is over: it has no record of its end then.
    PollBegin {
        /// The task.
        task: TaskNumber,
        /// What the one before does.
        before: TaskBefore,
    },
    /// The poll is over, and the next record is not the beginning of another.
    PollEnd {
        /// The task.
        task: TaskNumber,
        /// How it ended.
        outcome: PollOutcome,
    },
    /// A task is gone, finished or cancelled; its number may be used again.
    TaskDrop(TaskNumber),
    /// The next timer interrupt was set to a time in cycles.
    TimerArmed(u64),
    /// The timer that was due at a time in cycles was handled.
    TimerFired(u64),
    /// An interrupt handler begins.
    IrqEnter {
        /// Vector of the interrupt.
        vector: u8,
        /// Address of the interrupted instruction.
        eip: u32,
    },
    /// The interrupt handler of a vector is done.
    IrqExit(u8),
    /// The processor raised an exception.
    Exception {
        /// Its vector, 0 to 31.
        vector: u8,
        /// Address that was saved with it.
        eip: u32,
        /// Error code, 0 for exceptions without one.
        error_code: u32,
    },
    /// Nothing is ready; the core halts until an interrupt. It goes on with the next record, whatever that is.
    Idle,
    /// The kernel panicked.
    Panic {
        /// Source file.
        file: TextPlace,
        /// Line in it.
        line: u32,
    },
    /// The chip-wide clock read at the record's time, in ticks of 8 ns.
    ClockAnchor(u64),
    /// This core let another one out of reset.
    CoreStarted(u8),
    /// This core put another one into reset.
    CoreStopped(u8),
    /// A letter to a core was acknowledged.
    MailSent(u8),
    /// A task took a letter of a core.
    MailReceived(u8),
    /// This core is about to ring the doorbell of a core.
    DoorbellRung(u8),
    /// This core took doorbells off the controller, of those cores that it knew to have rung: bit n stands for core n.
    DoorbellTaken(u64),
    /// This core is about to write a letter into its line in another core's buffer.
    LetterWritten {
        /// The other core.
        to: u8,
        /// Which letter.
        letter: LetterNumber,
    },
    /// This core has read a letter from its own buffer, perhaps not for the first time.
    LetterRead {
        /// Core that wrote it.
        from: u8,
        /// Which letter.
        letter: LetterNumber,
    },
    /// This core is about to call a procedure of a core. A callee without room is asked again, as another call.
    CallBegin {
        /// The other core.
        to: u8,
        /// Which call.
        call: RemoteCall,
    },
    /// The caller has its reply, knows that there will be none, or gives up.
    CallEnd {
        /// The other core.
        to: u8,
        /// Which call.
        call: RemoteCall,
    },
    /// A handler begins to serve the call of a core.
    ServeBegin {
        /// Core that calls.
        from: u8,
        /// Which call.
        call: RemoteCall,
    },
    /// The handler is done and its reply sent, or the caller has given up.
    ServeEnd {
        /// Core that calls.
        from: u8,
        /// Which call.
        call: RemoteCall,
    },
    /// The core goes into a guest. Until the guest is left it does nothing else.
    GuestEnter {
        /// Address of the guest's next instruction.
        eip: u32,
    },
    /// The guest is left.
    GuestExit {
        /// Vector of the gate: an exception, an interrupt, or one of the gates for hypercalls.
        vector: u8,
        /// Address of the guest's next instruction, or of the one that has faulted.
        eip: u32,
        /// Of hypercalls EAX; of page faults the address; of other exceptions the error code.
        value: u32,
    },
    /// This core is about to raise the direct pin of a core.
    DirectRaised(u8),
    /// This core is about to offer a block of its memory to a core.
    LendBegin {
        /// The other core.
        to: u8,
        /// Which lease.
        lease: Lease,
    },
    /// The block was returned, or the lender gives up.
    LendEnd {
        /// The other core.
        to: u8,
        /// Which lease.
        lease: Lease,
    },
    /// This core has a block of a core's memory behind a window of its own.
    BorrowBegin {
        /// Core that lends.
        from: u8,
        /// Which lease.
        lease: Lease,
    },
    /// The window is closed, and the lender about to be told.
    BorrowEnd {
        /// Core that lends.
        from: u8,
        /// Which lease.
        lease: Lease,
    },
    /// A piece of a line that the core writes to its log.
    Log(LogPiece),
    /// A self-test ended.
    SelfTest {
        /// Its name.
        name: TextPlace,
        /// How it ended.
        outcome: TestOutcome,
    },
    /// The core has run all its self-tests.
    SelfTestsDone {
        /// Tests that passed.
        passed: u32,
        /// Tests that failed.
        failed: u32,
    },
}

/// An event with its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamped {
    /// Cycles of the core since it left reset, 48 bits.
    pub cycles: u64,
    /// What happened.
    pub event: Event,
}

/// Why four words are no record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// The kind is 0 or the lap is another one: the slot does not hold this record yet.
    #[error("the record is not complete")]
    Incomplete,
    /// A kind of a later version.
    #[error("unknown kind of record {0}")]
    UnknownKind(u8),
    /// A detail that the kind does not have.
    #[error("record of kind {kind} with unknown detail {detail}")]
    UnknownDetail {
        /// The kind.
        kind: u8,
        /// The detail.
        detail: u8,
    },
}

/// Kind, detail and arguments of an event.
struct Parts {
    kind: u8,
    detail: u8,
    first: u32,
    second: u32,
}

const fn parts(kind: u8, detail: u8, first: u32, second: u32) -> Parts {
    Parts { kind, detail, first, second }
}

const fn wide(kind: u8, value: u64) -> Parts {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    parts(kind, 0, u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

impl Event {
    #[inline(always)]
    const fn parts(self) -> Parts {
        match self {
            Self::BootPhase(phase) => parts(1, phase.number(), 0, 0),
            Self::TaskSpawn { task, name } => parts(2, name.length, task.0, name.address),
            Self::TaskReady(task) => parts(3, 0, task.0, 0),
            Self::PollBegin { task, before } => parts(4, before.number(), task.0, 0),
            Self::PollEnd { task, outcome } => parts(5, outcome.number(), task.0, 0),
            Self::TaskDrop(task) => parts(6, 0, task.0, 0),
            Self::TimerArmed(deadline) => wide(7, deadline),
            Self::TimerFired(deadline) => wide(8, deadline),
            Self::IrqEnter { vector, eip } => parts(9, vector, eip, 0),
            Self::IrqExit(vector) => parts(10, vector, 0, 0),
            Self::Exception { vector, eip, error_code } => parts(11, vector, eip, error_code),
            Self::Idle => parts(12, 0, 0, 0),
            Self::Panic { file, line } => parts(14, file.length, line, file.address),
            Self::ClockAnchor(ticks) => wide(15, ticks),
            Self::CoreStarted(core) => parts(16, core, 0, 0),
            Self::CoreStopped(core) => parts(17, core, 0, 0),
            Self::SelfTest { name, outcome } => parts(18, name.length, outcome.number() as u32, name.address),
            Self::SelfTestsDone { passed, failed } => parts(19, 0, passed, failed),
            Self::MailSent(core) => parts(20, core, 0, 0),
            Self::MailReceived(core) => parts(21, core, 0, 0),
            Self::DoorbellRung(core) => parts(22, core, 0, 0),
            Self::DoorbellTaken(cores) => wide(23, cores),
            Self::LetterWritten { to, letter } => parts(24, to, letter.flow, letter.place),
            Self::LetterRead { from, letter } => parts(25, from, letter.flow, letter.place),
            Self::CallBegin { to, call } => parts(26, to, call.name(), call.procedure as u32),
            Self::CallEnd { to, call } => parts(27, to, call.name(), call.procedure as u32),
            Self::ServeBegin { from, call } => parts(28, from, call.name(), call.procedure as u32),
            Self::ServeEnd { from, call } => parts(29, from, call.name(), call.procedure as u32),
            Self::GuestEnter { eip } => parts(30, 0, eip, 0),
            Self::GuestExit { vector, eip, value } => parts(31, vector, eip, value),
            Self::DirectRaised(core) => parts(32, core, 0, 0),
            Self::LendBegin { to, lease } => parts(33, to, lease.name(), lease.bytes),
            Self::LendEnd { to, lease } => parts(34, to, lease.name(), lease.bytes),
            Self::BorrowBegin { from, lease } => parts(35, from, lease.name(), lease.bytes),
            Self::BorrowEnd { from, lease } => parts(36, from, lease.name(), lease.bytes),
            Self::Log(piece) => {
                let [first, second] = piece.words();
                parts(37, piece.detail(), first, second)
            }
        }
    }
}

impl Stamped {
    /// The record's words with the lap bit clear. Time above 48 bits is dropped. Inlined: for an event whose kind is known at
    /// compile time, little is left of it.
    #[inline(always)]
    pub const fn encode(self) -> RecordWords {
        let Parts { kind, detail, first, second } = self.event.parts();
        let [t0, t1, t2, t3, t4, t5, t6, t7] = self.cycles.to_le_bytes();
        let high = u32::from_le_bytes([t4, t5, t6, t7]) << 16;
        [u32::from_le_bytes([t0, t1, t2, t3]), high | u32::from_le_bytes([kind, detail, 0, 0]), first, second]
    }

    /// Reads a record of any lap.
    ///
    /// # Errors
    ///
    /// [`RecordError`] for slots that were never written and for numbers of later versions.
    pub fn decode(words: RecordWords) -> Result<Self, RecordError> {
        let [low, head, first, second] = words;
        let [kind, detail, t4, t5] = (head & !LAP_BIT).to_le_bytes();
        let [t0, t1, t2, t3] = low.to_le_bytes();
        let cycles = u64::from_le_bytes([t0, t1, t2, t3, t4, t5, 0, 0]);
        let unknown = RecordError::UnknownDetail { kind, detail };
        let task = TaskNumber(first);
        let text = TextPlace { address: second, length: detail };
        let long = u64::from(second) << 32 | u64::from(first);
        let letter = LetterNumber { flow: first, place: second };
        let call = RemoteCall::from_words(first, second);
        let lease = Lease::from_words(first, second);
        let event = match kind {
            0 => return Err(RecordError::Incomplete),
            1 => Event::BootPhase(BootPhase::from_number(detail).ok_or(unknown)?),
            2 => Event::TaskSpawn { task, name: text },
            3 => Event::TaskReady(task),
            4 => Event::PollBegin { task, before: TaskBefore::from_number(detail).ok_or(unknown)? },
            5 => Event::PollEnd { task, outcome: PollOutcome::from_number(detail).ok_or(unknown)? },
            6 => Event::TaskDrop(task),
            7 => Event::TimerArmed(long),
            8 => Event::TimerFired(long),
            9 => Event::IrqEnter { vector: detail, eip: first },
            10 => Event::IrqExit(detail),
            11 => Event::Exception { vector: detail, eip: first, error_code: second },
            12 => Event::Idle,
            14 => Event::Panic { file: text, line: first },
            15 => Event::ClockAnchor(long),
            16 => Event::CoreStarted(detail),
            17 => Event::CoreStopped(detail),
            18 => Event::SelfTest { name: text, outcome: TestOutcome::from_number(first).ok_or(unknown)? },
            19 => Event::SelfTestsDone { passed: first, failed: second },
            20 => Event::MailSent(detail),
            21 => Event::MailReceived(detail),
            22 => Event::DoorbellRung(detail),
            23 => Event::DoorbellTaken(long),
            24 => Event::LetterWritten { to: detail, letter },
            25 => Event::LetterRead { from: detail, letter },
            26 => Event::CallBegin { to: detail, call },
            27 => Event::CallEnd { to: detail, call },
            28 => Event::ServeBegin { from: detail, call },
            29 => Event::ServeEnd { from: detail, call },
            30 => Event::GuestEnter { eip: first },
            31 => Event::GuestExit { vector: detail, eip: first, value: second },
            32 => Event::DirectRaised(detail),
            33 => Event::LendBegin { to: detail, lease },
            34 => Event::LendEnd { to: detail, lease },
            35 => Event::BorrowBegin { from: detail, lease },
            36 => Event::BorrowEnd { from: detail, lease },
            37 => Event::Log(LogPiece::from_parts(detail, [first, second]).ok_or(unknown)?),
            _ => return Err(RecordError::UnknownKind(kind)),
        };
        Ok(Self { cycles, event })
    }
}

#[cfg(test)]
mod tests;
