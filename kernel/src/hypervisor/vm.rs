//! A virtual machine: a guest with everything that it has. Dropped, it gives all of it back.
//!
//! [`Vm::run`] is the guest's task. What it asks for is served in the poll that runs it, unless that takes waiting; then the
//! task is not ready until what it waits for has come. Each way back into the guest delivers first what is pending.

mod calls;
mod counts;
mod device_access;
mod end;
mod faults;
mod instructions;
mod shared;
mod snapshot;
mod start;

use alloc::rc::Rc;
use core::future::poll_fn;
use core::ops::Range;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use executor::{Pressure, Spawner};
use guest_abi::interrupt::Line;
use guest_abi::list::Guest;
use guest_abi::shared::Field;
use guest_abi::{Counter, Features, status};
use i586::flags::Eflags;
use i586::page::PAGE_BYTES;

use self::shared::SharedPage;
use self::start::Start;
use super::boot_params::StartError;
use super::console::Console;
use super::control::Control;
use super::delivery::{InterruptTable, Place};
use super::devices::{self, Devices, Work};
use super::elf::{ElfError, GuestImage, Note};
use super::group::{Answer, Membership};
use super::guest_memory::OutsideMemory;
use super::line_rate::LineRate;
use super::ram::{Ram, RamError};
use super::shadow_paging::Shadow;
use super::tables::{HoleTable, KernelTables};
use super::terminal::GuestTerminal;
use super::timer::Timer;
use super::vcpu::{Exit, Vcpu};
use crate::arch::i586::ring_switch::{GuestRegisters, Word};
use crate::platform::machine::clocks;

pub use self::counts::Counts;
pub use self::end::End;
pub use self::snapshot::{Snapshot, SnapshotError};

/// What this hypervisor can do for every guest.
const FEATURES: Features = Features::LINUX.union(Features::CONSOLE_INPUT);

/// Milliseconds after which another guest of the core may run.
const SLICE_MILLISECONDS: u64 = 10;
/// Lines about wrong accesses to devices: so many at once, and one more each second.
const COMPLAINTS: u32 = 4;

/// A guest and its resources. Task context.
pub struct Vm {
    vcpu: Vcpu,
    features: Features,
    group: Option<Membership>,
    /// What the guest's last call has not got yet.
    answer: Option<Answer>,
    control: Control,
    table: Option<InterruptTable>,
    /// Instructions between setting the interrupt flag and leaving by IRET.
    return_window: Range<u32>,
    shared: SharedPage,
    /// Lines that wait for the guest; the shared page shows the same.
    pending: u32,
    /// What DR6 shows.
    debug_status: u32,
    devices: Devices,
    complaints: LineRate,
    pressure: Pressure,
    timer: Timer,
    slice: Timer,
    turn: Turn,
    next: Next,
    counts: Counts,
    shadow: Shadow<KernelTables>,
    /// Shown by the shadow's roots, so it goes after them.
    _hole: HoleTable,
    ram: Ram,
    terminal: Rc<GuestTerminal>,
    console: Console,
}

/// How a guest is connected to others.
pub struct Connections {
    /// Its place in the group of guests of different cores, if it has one.
    pub group: Option<Membership>,
    /// Its end of the core's terminal.
    pub terminal: Rc<GuestTerminal>,
    /// What its devices are connected to.
    pub devices: devices::Connections,
}

/// Why a guest was not made. The fault of its image or of whoever chose its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The image is no kernel of a guest.
    #[error("image: {0}")]
    Image(#[from] ElfError),
    /// It gets no memory.
    #[error(transparent)]
    Ram(#[from] RamError),
    /// Its memory is too small for it.
    #[error("image: {0}")]
    Memory(#[from] OutsideMemory),
    /// It needs what this hypervisor does not have.
    #[error("image: made for version {} of the guest interface with features {:#x}", .0.version, .0.features.bits())]
    Interface(Note),
    /// Linux cannot be told how it starts.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no frame for what the hypervisor needs beside the guest's memory.
    #[error("no frame for its registers and page tables")]
    NoFrame,
}

/// Whose turn it is among the virtual processors that are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// This one's.
    Own,
    /// Something more urgent has run and may have woken others: those go first.
    Others,
}

/// What becomes of a guest after an exit was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// It goes on.
    Resume,
    /// It waits until a line is pending.
    Wait,
    /// It waits for the answer to its call.
    WaitForAnswer,
}

impl Vm {
    /// Makes a guest, bare or Linux, ready for its first instruction.
    ///
    /// # Errors
    /// [`CreateError`]; everything that was taken is given back then.
    pub fn new(
        guest: &Guest<'static>,
        spawner: Spawner,
        connections: Connections,
    ) -> Result<Self, CreateError> {
        let Connections { group, terminal, devices } = connections;
        let image = GuestImage::parse(guest.image)?;
        let ram = Ram::new(guest.room.memory_bytes)?;
        image.load(&ram)?;
        let features = if group.is_some() { FEATURES.union(Features::GROUP) } else { FEATURES };
        let start = match image.note() {
            None => Start::bare(&ram, features)?,
            Some(note) => Start::linux(&ram, guest, note, image.end())?,
        };
        let mut registers = GuestRegisters::new().ok_or(CreateError::NoFrame)?;
        start.set_registers(&mut registers, image.entry());
        let devices = Devices::new(guest, &ram, devices)?;
        let mut vm = Self::assemble(guest.name, spawner, (group, terminal), registers, ram, devices)?;
        vm.features = features;
        if let Some(page) = start.shared_page {
            vm.share(page).map_err(|_| OutsideMemory { first: page, bytes: PAGE_BYTES })?;
        }
        Ok(vm)
    }

    /// Puts a guest together that has done nothing yet.
    fn assemble(
        name: &'static str,
        spawner: Spawner,
        (group, terminal): (Option<Membership>, Rc<GuestTerminal>),
        registers: GuestRegisters,
        ram: Ram,
        devices: Devices,
    ) -> Result<Self, CreateError> {
        let hole = HoleTable::new(registers.page()).ok_or(CreateError::NoFrame)?;
        Ok(Self {
            vcpu: Vcpu::new(registers, spawner.pressure()),
            features: FEATURES,
            group,
            answer: None,
            control: Control::START,
            table: None,
            return_window: 0..0,
            shared: SharedPage::none(),
            pending: 0,
            debug_status: faults::DEBUG_STATUS_START,
            devices,
            complaints: LineRate::new(COMPLAINTS, Duration::from_secs(1)),
            pressure: spawner.pressure(),
            timer: Timer::new(spawner.timers()),
            slice: Timer::new(spawner.timers()),
            turn: Turn::Own,
            next: Next::Resume,
            counts: Counts::default(),
            shadow: Shadow::new(KernelTables, hole.frame()),
            _hole: hole,
            ram,
            console: Console::new(name, Rc::clone(&terminal)),
            terminal,
        })
    }

    /// Runs the guest to its end.
    ///
    /// # Cancel safety
    /// Dropped between two polls, the guest is stopped between two of its instructions. Called again, it goes on there.
    pub async fn run(&mut self) -> End {
        loop {
            if self.next == Next::Resume {
                match poll_fn(|context| self.poll_until_wait(context)).await {
                    Ok(next) => self.next = next,
                    Err(end) => return end,
                }
            }
            poll_fn(|context| self.poll_wait(context)).await;
            self.next = Next::Resume;
        }
    }

    /// Prints what is left of a line, after the end.
    pub fn finish(&mut self) {
        self.console.finish();
    }

    /// Frames that it has at the moment: its memory, its scratch disk, its trap page, the table of the hole, its shadow.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.ram.frames() + self.devices.frames() + 2 + self.shadow.tables()
    }

    /// What was done for it so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Runs the guest and serves what it asks for, until it waits or ends.
    fn poll_until_wait(&mut self, context: &mut Context<'_>) -> Poll<Result<Next, End>> {
        // If another one has run since, those that were woken have had their turn, or are not far behind.
        if core::mem::replace(&mut self.turn, Turn::Own) == Turn::Others && self.vcpu.registers.are_last() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.slice.set(SLICE_MILLISECONDS * u64::from(clocks::cycles_per_millisecond()));
        self.slice.has_fired(context);
        let polled = self.poll_turn(context);
        // What is left of it must not end the turn of another guest.
        self.slice.stop();
        polled
    }

    /// Runs the guest for its turn.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Result<Next, End>> {
        self.look_at_timer(context);
        if self.terminal.typed.take_arrival() {
            self.raise(Line::Console);
        }
        loop {
            if self.devices.are_ready() && self.serve_devices(context) == Work::Unfinished {
                return Poll::Pending;
            }
            if self.pending != 0 {
                self.deliver_pending()?;
            }
            let exit = match self.vcpu.poll_run(context, &mut self.shadow) {
                Poll::Ready(Ok(exit)) => exit,
                Poll::Ready(Err(miss)) => return Poll::Ready(Err(self.missed(miss, 0))),
                Poll::Pending => {
                    self.turn = Turn::Others;
                    return Poll::Pending;
                }
            };
            self.counts.add(Counter::Exits);
            let next = match exit {
                Exit::Call => self.serve_call(context)?,
                Exit::Return => self.serve_return(),
                Exit::Exception(exception, error) => self.serve_exception(exception, error)?,
                Exit::PageFault(address, error) => self.serve_page_fault(address, error)?,
            };
            if next == Next::WaitForAnswer || next == Next::Wait && self.pending == 0 {
                return Poll::Ready(Ok(next));
            }
        }
    }

    /// Waits for the answer to the guest's call, or if there is none until a line is pending.
    fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.devices.are_ready() {
            self.serve_devices(context);
        }
        if let Some(answer) = &mut self.answer {
            let result = ready!(answer.as_mut().poll(context));
            self.answer = None;
            self.vcpu.registers.set(Word::Eax, status::status(result));
            return Poll::Ready(());
        }
        self.look_at_timer(context);
        if self.terminal.typed.poll_arrival(context) {
            self.raise(Line::Console);
        }
        if self.pending == 0 { Poll::Pending } else { Poll::Ready(()) }
    }

    fn look_at_timer(&mut self, context: &mut Context<'_>) {
        if self.timer.has_fired(context) {
            self.raise(Line::Timer);
        }
    }

    /// Has the devices do what they can. If that is not all, the task has been woken, and others go first.
    fn serve_devices(&mut self, context: &Context<'_>) -> Work {
        let work = self.devices.serve(context, self.pressure);
        self.take_raised();
        work
    }

    /// Makes pending what devices have raised.
    fn take_raised(&mut self) {
        let raised = self.devices.take_raised();
        if raised != 0 {
            self.set_pending(self.pending | raised);
        }
    }

    /// Makes a line pending.
    fn raise(&mut self, line: Line) {
        self.set_pending(self.pending | line.bit());
    }

    /// A line is held no longer.
    fn lower(&mut self, line: u32) {
        if self.pending & line != 0 {
            self.set_pending(self.pending & !line);
        }
    }

    fn set_pending(&mut self, pending: u32) {
        self.pending = pending;
        self.shared.set(Field::Pending, pending);
    }

    /// Where the guest is.
    fn place(&self) -> Place {
        let get = |word| self.vcpu.registers.get(word);
        // Of a selector's word the high half is whatever was on the trap page.
        let selector = |word| u16::try_from(get(word) & 0xFFFF).unwrap_or(0);
        Place {
            eip: get(Word::Eip),
            cs: selector(Word::Cs),
            flags: Eflags::from_bits_retain(get(Word::Flags)),
            esp: get(Word::Esp),
            ss: selector(Word::Ss),
        }
    }

    /// Has the guest go on elsewhere.
    fn set_place(&mut self, place: &Place) {
        for (word, value) in [
            (Word::Eip, place.eip),
            (Word::Cs, place.cs.into()),
            (Word::Flags, place.flags.bits()),
            (Word::Esp, place.esp),
            (Word::Ss, place.ss.into()),
        ] {
            self.vcpu.registers.set(word, value);
        }
    }
}
