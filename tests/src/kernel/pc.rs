//! The kernel on QEMU's PC: text on the serial line, and how it ended.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use scc_image::{GuestImage, KernelFile, guest_list, pc};
use trace_format::debug_exit::Ending;

use crate::core_program;

/// How cargo builds the kernel for a PC.
const PLAIN: [&str; 5] = ["--bin", "kernel-pc", "--no-default-features", "--features", "pc"];
/// The same with what cores check and measure.
const TRIALS: [&str; 5] = ["--bin", "kernel-pc-trials", "--no-default-features", "--features", "pc,trials"];

/// Boots the kernel with guests and waits for its end.
///
/// # Errors
/// [`PcError`] if there is no QEMU, or no end.
///
/// # Panics
/// If no list can be made of the guests.
pub fn boot_with_guests(command_line: &str, guests: &[GuestImage]) -> Result<PcRun, PcError> {
    let [kernel, symbols] = plain_files();
    let list = GuestFile::new(symbols, guests)?;
    run(pc::qemu(kernel, &[symbols.clone(), list.0.clone()], command_line))
}

/// The same with a terminal, on which `stream` comes in at once; see [`guest_abi::terminal`]. The second answer is what
/// comes back.
///
/// # Errors
/// [`PcError`] if there is no QEMU, or no end.
///
/// # Panics
/// If no list can be made of the guests, or QEMU does not connect the terminal.
pub fn boot_with_terminal(guests: &[GuestImage], stream: &[u8]) -> Result<(PcRun, String), PcError> {
    let [kernel, symbols] = plain_files();
    let list = GuestFile::new(symbols, guests)?;
    let mut command = pc::qemu(kernel, &[symbols.clone(), list.0.clone()], "selftest");
    let socket = std::env::temp_dir().join(format!("terminal-test-{}", std::process::id()));
    let listener = UnixListener::bind(&socket)?;
    pc::with_terminal(&mut command, &socket);
    let stream = stream.to_vec();
    let terminal = thread::spawn(move || {
        let (mut line, _) = listener.accept()?;
        line.write_all(&stream)?;
        let mut bytes = Vec::new();
        line.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    let run = run(command);
    fs::remove_file(&socket)?;
    let run = run?;
    Ok((run, terminal.join().expect("talking does not panic")?))
}

/// A list of guests in a file of this process, for as long as QEMU runs.
struct GuestFile(PathBuf);

impl GuestFile {
    fn new(symbols: &Path, guests: &[GuestImage]) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = Self(symbols.with_extension(format!("guests-{}-{number}", std::process::id())));
        fs::write(&file.0, guest_list(guests, None, &[]).expect("few and small guests"))?;
        Ok(file)
    }
}

impl Drop for GuestFile {
    fn drop(&mut self) {
        // What is left over takes room and does no harm.
        fs::remove_file(&self.0).unwrap_or(());
    }
}

/// Host time after which a kernel counts as stuck; it needs less than two seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Host time between two looks at QEMU.
const STEP: Duration = Duration::from_millis(5);

/// A kernel for a PC: its file, and a file with the names of its functions beside it.
fn files(options: &[&str]) -> [PathBuf; 2] {
    let kernel = core_program::build_with("kernel", "kernel", options).expect("the kernel builds");
    let bytes = fs::read(&kernel).expect("cargo has just written it");
    let parsed = KernelFile::parse(&bytes).expect("the linker wrote a good file");
    // Tests run in processes of their own, at the same time, and all write the same: whoever is last takes no bytes from
    // under the others.
    let symbols = kernel.with_extension("symbols");
    let own = kernel.with_extension(format!("symbols-{}", std::process::id()));
    fs::write(&own, pc::symbol_module(&parsed)).expect("cargo has just written beside it");
    fs::rename(&own, &symbols).expect("both are in one folder");
    [kernel, symbols]
}

fn plain_files() -> &'static [PathBuf; 2] {
    static FILES: OnceLock<[PathBuf; 2]> = OnceLock::new();
    FILES.get_or_init(|| files(&PLAIN))
}

/// The kernel's ELF file, built on the first call.
///
/// # Panics
/// If it cannot be built or read.
#[must_use]
pub fn elf() -> Vec<u8> {
    fs::read(&plain_files()[0]).expect("cargo has just written it")
}

/// What a run has left.
#[derive(Debug)]
pub struct PcRun {
    /// Everything that the kernel printed.
    pub text: String,
    /// How it ended; `None` if QEMU ended for a reason of its own, such as a triple fault.
    pub ending: Option<Ending>,
}

/// Boots the kernel and waits for its end.
///
/// # Errors
/// [`PcError`] if there is no QEMU, or no end.
pub fn boot(command_line: &str) -> Result<PcRun, PcError> {
    let [kernel, symbols] = plain_files();
    run(pc::qemu(kernel, std::slice::from_ref(symbols), command_line))
}

/// The same with what cores check and measure.
///
/// # Errors
/// [`PcError`] if there is no QEMU, or no end.
pub fn boot_trials(command_line: &str) -> Result<PcRun, PcError> {
    static FILES: OnceLock<[PathBuf; 2]> = OnceLock::new();
    let [kernel, symbols] = FILES.get_or_init(|| files(&TRIALS));
    run(pc::qemu(kernel, std::slice::from_ref(symbols), command_line))
}

fn run(mut command: Command) -> Result<PcRun, PcError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut qemu = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => PcError::NotInstalled,
        _ => PcError::Host(source),
    })?;
    let mut output = qemu.stdout.take().expect("standard output was asked to be a pipe");
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    let deadline = Instant::now() + PATIENCE;
    let mut status = None;
    while status.is_none() && Instant::now() < deadline {
        status = qemu.try_wait()?;
        thread::sleep(STEP);
    }
    if status.is_none() {
        qemu.kill()?;
        qemu.wait()?;
    }
    let text = reader.join().expect("reading to the end does not panic")?;
    match status {
        Some(status) => Ok(PcRun { text, ending: status.code().and_then(Ending::from_status) }),
        None => Err(PcError::Stuck(text)),
    }
}

/// Why a run has left nothing.
#[derive(Debug, thiserror::Error)]
pub enum PcError {
    /// There is no QEMU.
    #[error(
        "{} is not installed: run `cargo xtask setup`, or `apt-get install {}`",
        pc::QEMU,
        pc::QEMU_PACKAGE
    )]
    NotInstalled,
    /// The host could not run it.
    #[error("{program}: {0}", program = pc::QEMU)]
    Host(#[from] io::Error),
    /// The kernel did not end.
    #[error("the kernel did not end within {PATIENCE:?}; it said\n{0}")]
    Stuck(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_of_guests_is_gone_with_its_value() {
        let list = GuestFile::new(&std::env::temp_dir().join("pc-test.symbols"), &[]).expect("written");
        let path = list.0.clone();
        assert!(path.exists());
        drop(list);
        assert!(!path.exists());
    }
}
