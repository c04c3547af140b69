//! The conversation with the tests: batches of cases in, outcomes out, one instruction per signal.
#![expect(
    unsafe_code,
    reason = "instructions and their memory lie at fixed addresses outside any Rust object"
)]

use crate::linux::{self, Descriptor, Protection, SignalAction};
use crate::signal::{self, Context};
use core::cell::UnsafeCell;
use core::ptr;
use native_runner::{
    BATCH, CASE_BYTES, CODE_BASE, CODE_BYTES, CODE16, Case, GREETING, Mode, OUTCOME_BYTES, Outcome,
    REGION_BYTES, SCRATCH_BYTES, SCRATCH_OFFSET, WINDOW, WINDOW_BASE, WINDOW_STACK16,
};

const INT3: u8 = 0xCC;
/// Signals that instructions raise: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV.
const SIGNALS: [u32; 5] = [4, 5, 7, 8, 11];
/// Exit status: the address space is not as expected.
const NO_MEMORY: u32 = 3;
/// Exit status: no local descriptor table.
const NO_SEGMENTS: u32 = 4;
/// Exit status: signal handlers cannot be installed.
const NO_SIGNALS: u32 = 5;
/// Exit status: a batch that does not decode.
const BAD_BATCH: u32 = 6;
/// Bytes on both sides of the scratch memory that are checked for stray writes.
const MARGIN: usize = 0xF00;

struct Session {
    cases: [u8; BATCH * CASE_BYTES],
    outcomes: [u8; BATCH * OUTCOME_BYTES],
    /// Cases in the batch.
    count: usize,
    /// Cases begun.
    begun: usize,
    /// The one in flight.
    current: Option<Case>,
    /// The host's flat selectors.
    code: u32,
    data: u32,
}

struct OnlyHandler<T: ?Sized>(UnsafeCell<T>);

// SAFETY: the program has one thread, and after `run` only the signal handler uses these, which is not re-entered
// because its signals are blocked while it runs.
unsafe impl<T: ?Sized> Sync for OnlyHandler<T> {}

static SESSION: OnlyHandler<Session> = OnlyHandler(UnsafeCell::new(Session {
    cases: [0; BATCH * CASE_BYTES],
    outcomes: [0; BATCH * OUTCOME_BYTES],
    count: 0,
    begun: 0,
    current: None,
    code: 0,
    data: 0,
}));

static STACK: OnlyHandler<[u8; 1 << 16]> = OnlyHandler(UnsafeCell::new([0; 1 << 16]));

/// Sets everything up and raises the first trap.
pub(crate) fn run() -> ! {
    let mapped = {
        // SAFETY: the linker puts this program's image at 4 MB, below both regions, and it is far smaller.
        let code = unsafe { linux::map(CODE_BASE, REGION_BYTES, Protection::Code) };
        // SAFETY: as above.
        code.and(unsafe { linux::map(WINDOW_BASE, REGION_BYTES, Protection::Data) })
    };
    if mapped.is_err() {
        linux::exit(NO_MEMORY);
    }
    // SAFETY: the region was just mapped and is nobody's.
    unsafe { ptr::write_bytes(code_at(0), INT3, REGION_BYTES as usize) };
    let limit = REGION_BYTES - 1;
    let segments = [
        Descriptor::code16(u32::from(CODE16 >> 3), CODE_BASE, limit),
        Descriptor::data(u32::from(WINDOW >> 3), WINDOW_BASE, limit, true),
        Descriptor::data(u32::from(WINDOW_STACK16 >> 3), WINDOW_BASE, limit, false),
    ];
    if segments.iter().any(|segment| linux::install(segment).is_err()) {
        linux::exit(NO_SEGMENTS);
    }
    // SAFETY: nothing else uses the stack.
    let stack = unsafe { linux::alternate_stack(STACK.0.get()) };
    let action = SignalAction::new(signal::entry, signal::restorer);
    // SAFETY: the handler relies on nothing that the interrupted code holds.
    let handled = SIGNALS.iter().all(|&signal| unsafe { linux::handle(signal, &action) }.is_ok());
    if stack.is_err() || !handled {
        linux::exit(NO_SIGNALS);
    }
    if !linux::write_all(&GREETING) {
        linux::exit(0);
    }
    // SAFETY: the trap enters the handler, which never returns here.
    unsafe { core::arch::asm!("int3", options(noreturn)) }
}

/// Records how the case in flight ended and loads the next one into `context`.
pub(crate) fn advance(context: &mut Context) {
    // SAFETY: see `OnlyHandler`.
    let session = unsafe { &mut *SESSION.0.get() };
    match session.current.take() {
        Some(case) => {
            let outcome = observe(&case, context);
            let at = (session.begun - 1) * OUTCOME_BYTES;
            outcome.encode(&mut session.outcomes[at..at + OUTCOME_BYTES]);
        }
        None => (session.code, session.data) = (context.cs, context.ds),
    }
    if session.begun == session.count {
        session.exchange();
    }
    let at = session.begun * CASE_BYTES;
    let Some(case) = Case::decode(&session.cases[at..at + CASE_BYTES]) else { linux::exit(BAD_BATCH) };
    session.begun += 1;
    place(&case);
    session.load(&case, context);
    session.current = Some(case);
}

impl Session {
    /// Hands out the finished batch and waits for one with at least one case.
    fn exchange(&mut self) {
        let mut count = [0; 4];
        let written = linux::write_all(&self.outcomes[..self.count * OUTCOME_BYTES]);
        if !written || !linux::read_all(&mut count) {
            linux::exit(0);
        }
        self.count = u32::from_le_bytes(count) as usize;
        self.begun = 0;
        if self.count == 0 || self.count > BATCH {
            linux::exit(BAD_BATCH);
        }
        if !linux::read_all(&mut self.cases[..self.count * CASE_BYTES]) {
            linux::exit(BAD_BATCH);
        }
    }

    fn load(&self, case: &Case, context: &mut Context) {
        let [eax, ecx, edx, ebx, esp, ebp, esi, edi] = case.registers;
        context.registers = [edi, esi, ebp, esp, ebx, edx, ecx, eax];
        context.eip = case.mode.eip(case.entry);
        context.flags = case.flags;
        let window = u32::from(WINDOW);
        let (code, stack, data, extra) = match case.mode {
            Mode::Flat => (self.code, self.data, self.data, 0),
            Mode::Window => (self.code, window, window, window),
            Mode::WindowStack16 => (self.code, u32::from(WINDOW_STACK16), window, window),
            Mode::Code16 => (u32::from(CODE16), u32::from(WINDOW_STACK16), window, window),
        };
        (context.cs, context.ss, context.ds, context.es) = (code, stack, data, data);
        (context.fs, context.gs) = (extra, extra);
    }
}

fn code_at(offset: u16) -> *mut u8 {
    ptr::with_exposed_provenance_mut(CODE_BASE as usize + usize::from(offset))
}

fn window_at(offset: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(WINDOW_BASE as usize + offset)
}

/// Puts a case's instruction and memory in place.
fn place(case: &Case) {
    // SAFETY: `Case::decode` checked that the instruction lies in the code region.
    unsafe { ptr::copy_nonoverlapping(case.code.as_ptr(), code_at(case.entry), usize::from(case.length)) };
    // SAFETY: the scratch memory lies in the window.
    unsafe {
        ptr::copy_nonoverlapping(case.memory.as_ptr(), window_at(SCRATCH_OFFSET as usize), SCRATCH_BYTES)
    };
}

/// Reads what a case left behind and clears its traces.
fn observe(case: &Case, context: &Context) -> Outcome {
    // SAFETY: as in `place`.
    unsafe { ptr::write_bytes(code_at(case.entry), INT3, CODE_BYTES) };
    let mut memory = [0; SCRATCH_BYTES];
    let scratch = SCRATCH_OFFSET as usize;
    // SAFETY: the scratch memory lies in the window, which no reference points into.
    unsafe { ptr::copy_nonoverlapping(window_at(scratch), memory.as_mut_ptr(), SCRATCH_BYTES) };
    let below = wipe(scratch - MARGIN, MARGIN);
    let above = wipe(scratch + SCRATCH_BYTES, MARGIN);
    let [edi, esi, ebp, esp, ebx, edx, ecx, eax] = context.registers;
    Outcome {
        registers: [eax, ecx, edx, ebx, esp, ebp, esi, edi],
        flags: context.flags,
        eip: context.eip,
        vector: context.vector,
        error_code: context.error_code,
        fault_address: context.fault_address,
        strayed: u32::from(below || above),
        segments: [context.es, context.cs, context.ss, context.ds, context.fs, context.gs].map(selector),
        memory,
    }
}

/// The low half of a saved segment register.
fn selector(saved: u32) -> u16 {
    let [low, high, ..] = saved.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Zeroes part of the window; tells whether it was not zero.
fn wipe(offset: usize, bytes: usize) -> bool {
    let first = window_at(offset).cast::<u32>();
    // SAFETY: the part lies in the window, is aligned to words, and no other reference points into it.
    let part = unsafe { core::slice::from_raw_parts_mut(first, bytes / 4) };
    let dirty = part.iter().any(|&word| word != 0);
    if dirty {
        part.fill(0);
    }
    dirty
}
