//! The real kernel on an emulated board, as its user sees it: images as the board's tools load them, text on consoles.

pub mod guests;
pub mod pc;
mod random;
pub mod soak;
pub mod storm;

use std::io;
use std::path::Path;
use std::sync::OnceLock;

use scc::host::Uart;
use scc::id::CoreId;
use scc::timing::Time;
use scc_boot::TerminalLink;
use scc_emu::{Activity, Limits, Machine, MachineBuilder, RunEnd};
use scc_image::{GuestImage, Image, KernelFile, LentDisk, Recipe};

use crate::core_program;

/// Emulated time between two looks at the consoles.
const STEP: Time = Time::from_microseconds(500);

/// Emulated time after which a test gives up: several times what booting takes.
const PATIENCE: Time = Time::from_microseconds(400_000);

/// The kernel's ELF file, built on the first call.
///
/// # Panics
/// If it cannot be built or read.
#[must_use]
pub fn elf() -> &'static [u8] {
    static ELF: OnceLock<Vec<u8>> = OnceLock::new();
    ELF.get_or_init(|| {
        let path =
            core_program::build_with("kernel", "kernel", &["--bin", "kernel"]).expect("the kernel builds");
        std::fs::read(path).expect("cargo has just written it")
    })
}

/// The same with what cores check and measure, built on the first call.
///
/// # Panics
/// If it cannot be built or read.
#[must_use]
pub fn trials() -> &'static [u8] {
    static ELF: OnceLock<Vec<u8>> = OnceLock::new();
    ELF.get_or_init(|| {
        let options = ["--bin", "kernel-trials", "--features", "trials"];
        let path = core_program::build_with("kernel", "kernel", &options).expect("the kernel builds");
        std::fs::read(path).expect("cargo has just written it")
    })
}

/// A board of which some cores run the kernel, strict, with the chip's timing, memory and message buffers poisoned.
pub struct KernelBoard {
    machine: Machine,
    image: Image,
    cores: Vec<CoreId>,
    patience: Time,
}

fn recipe(command_line: &str) -> Recipe {
    Recipe { command_line: Some(command_line.to_owned()), ..Recipe::default() }
}

fn load(machine: &mut Machine, image: &Image, core: CoreId) {
    for piece in image.pieces_of(core) {
        let loaded = machine.write_core_memory(core, piece.address, &piece.bytes);
        loaded.expect("pieces lie in private and boot memory");
    }
}

impl KernelBoard {
    /// Loads `cores` as the host would and releases them.
    ///
    /// # Panics
    /// If the image does not fit the board.
    #[must_use]
    pub fn boot(cores: impl IntoIterator<Item = CoreId>, command_line: &str) -> Self {
        Self::boot_with_guests(cores, command_line, &[])
    }

    /// The same with guests on every core.
    ///
    /// # Panics
    /// If the image does not fit the board.
    #[must_use]
    pub fn boot_with_guests(
        cores: impl IntoIterator<Item = CoreId>,
        command_line: &str,
        guests: &[GuestImage],
    ) -> Self {
        let recipe = Recipe { guests: guests.to_vec(), ..recipe(command_line) };
        Self::boot_image(elf(), Machine::builder(), cores, recipe)
    }

    /// The same with guests on one core only, which borrow the disk of another.
    ///
    /// # Panics
    /// If the image does not fit the board.
    #[must_use]
    pub fn boot_with_lent_disk(
        cores: impl IntoIterator<Item = CoreId>,
        command_line: &str,
        guests: &[GuestImage],
        guest_core: CoreId,
        lent_disk: LentDisk,
    ) -> Self {
        let recipe = Recipe {
            guests: guests.to_vec(),
            guest_cores: Some(guest_core.to_string().parse().expect("a core is a list")),
            lent_disk: Some(lent_disk),
            ..recipe(command_line)
        };
        Self::boot_image(elf(), Machine::builder(), cores, recipe)
    }

    /// The same with what cores check and measure.
    ///
    /// # Panics
    /// If the image does not fit the board.
    #[must_use]
    pub fn boot_trials_with_guests(
        cores: impl IntoIterator<Item = CoreId>,
        command_line: &str,
        guests: &[GuestImage],
    ) -> Self {
        let recipe = Recipe { guests: guests.to_vec(), ..recipe(command_line) };
        Self::boot_image(trials(), Machine::builder(), cores, recipe)
    }

    /// The same with what cores check and measure.
    ///
    /// # Panics
    /// If the image does not fit the board.
    #[must_use]
    pub fn boot_trials(cores: impl IntoIterator<Item = CoreId>, command_line: &str) -> Self {
        Self::boot_trials_on(Machine::builder(), cores, command_line)
    }

    /// The same on a machine with other settings.
    ///
    /// # Panics
    /// If the image does not fit the board.
    #[must_use]
    pub fn boot_trials_on(
        settings: MachineBuilder,
        cores: impl IntoIterator<Item = CoreId>,
        command_line: &str,
    ) -> Self {
        Self::boot_image(trials(), settings, cores, recipe(command_line))
    }

    fn boot_image(
        elf: &[u8],
        settings: MachineBuilder,
        cores: impl IntoIterator<Item = CoreId>,
        recipe: Recipe,
    ) -> Self {
        let kernel = KernelFile::parse(elf).expect("the linker wrote a good file");
        let image = Image::new(&kernel, recipe).expect("the kernel fits a board");
        let mut machine = settings.poison(true).build();
        machine.default_luts(true);
        let cores: Vec<_> = cores.into_iter().collect();
        cores.iter().for_each(|core| load(&mut machine, &image, *core));
        cores.iter().for_each(|core| machine.release(*core));
        Self { machine, image, cores, patience: PATIENCE }
    }

    /// The same board with more emulated time before a run gives up: for work that takes longer than booting, such as
    /// measurements that move megabytes.
    #[must_use]
    pub fn with_patience(self, patience: Time) -> Self {
        Self { patience, ..self }
    }

    /// Puts a core into reset, loads it again and releases it, as the host would.
    pub fn restart(&mut self, core: CoreId) {
        self.machine.hold_in_reset(core);
        self.start(core);
    }

    /// Loads a core that is held in reset and releases it, as the host would.
    pub fn start(&mut self, core: CoreId) {
        load(&mut self.machine, &self.image, core);
        self.machine.release(core);
    }

    /// Runs until no core can go on by itself, or until `done`.
    ///
    /// # Panics
    /// At a finding of the emulator, and when neither happens in 400 ms of emulated time, or those of
    /// [`with_patience`](Self::with_patience).
    pub fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let patience = self.machine.time() + self.patience;
        while !done(self) {
            let until = self.machine.time() + STEP;
            match self.machine.run(&Limits { until: Some(until), ..Limits::default() }) {
                RunEnd::Finding(report) => panic!("{report}\n{}", self.texts()),
                RunEnd::AllStopped => return,
                _ => assert!(until < patience, "not done within {}:\n{}", self.patience, self.texts()),
            }
        }
    }

    /// Runs until no core can go on by itself.
    pub fn run(&mut self) {
        self.run_until(|_| false);
    }

    /// What a core has printed so far.
    #[must_use]
    pub fn text(&self, core: CoreId) -> String {
        String::from_utf8_lossy(self.machine.console(core, Uart::Com1)).into_owned()
    }

    /// Writes what the cores have printed to files of a folder, which is made.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_texts(&self, folder: &Path, cores: &[CoreId]) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        cores.iter().try_for_each(|core| {
            std::fs::write(folder.join(format!("core-{:02}.txt", core.number())), self.text(*core))
        })
    }

    /// The part of a core's only line that contains `mark`, from there on.
    ///
    /// # Panics
    /// If there is no such line, or more than one.
    #[must_use]
    pub fn line(&self, core: CoreId, mark: &str) -> String {
        let text = self.text(core);
        let found: Vec<_> = text.lines().filter_map(|line| line.find(mark).map(|at| &line[at..])).collect();
        let [line] = found[..] else {
            panic!("{} lines with {mark:?} from core {core}:\n{text}", found.len())
        };
        line.to_owned()
    }

    /// The terminal of a core.
    ///
    /// # Panics
    /// If this kernel has none.
    #[must_use]
    pub fn terminal(&self, core: CoreId) -> TerminalLink {
        let kernel = KernelFile::parse(elf()).expect("the linker wrote a good file");
        TerminalLink::new(&kernel, core).expect("the kernel names the page")
    }

    /// Whether a core has halted for good.
    #[must_use]
    pub fn has_halted(&self, core: CoreId) -> bool {
        *self.machine.activity(core) == Activity::Halted
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

    fn texts(&self) -> String {
        self.cores.iter().map(|core| self.text(*core)).collect()
    }
}
