//! The terminal of QEMU's PC: its second serial port, as a Unix socket; the kernel's lines come on QEMU's standard output.
//!
//! Either a script is typed there, or the user's own terminal is attached to it. Time is that of this machine.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use guest_abi::terminal::{self, Order};
use guest_terminal::{Dialogue, HELP, Key, Keyboard, Keys, Machine, Script, ScriptError};
use scc_image::pc;

/// Host time between two looks at clock and keys.
const STEP: Duration = Duration::from_millis(20);
/// Host time in which QEMU connects, or ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the PC has said.
enum Said {
    /// The kernel, on the first serial port.
    Kernel(Vec<u8>),
    /// The attached guest, on the second one.
    Guest(Vec<u8>),
}

/// QEMU with its terminal.
struct Pc {
    qemu: Child,
    line: UnixStream,
    said: Receiver<Said>,
}

/// Types a script at the first of `guests`, prints what is said, and returns QEMU's status.
pub(super) fn run_session(qemu: Command, file: &Path, guests: usize) -> Result<ExitStatus, TerminalError> {
    let script = Script::read(file, Machine::Pc, guests)?;
    let mut pc = Pc::start(qemu)?;
    let (mut dialogue, mut told) = (Dialogue::new(script, Duration::ZERO), 0);
    let started = Instant::now();
    loop {
        let mut heard = Vec::new();
        match pc.said.recv_timeout(STEP) {
            Ok(Said::Kernel(text)) => io::stdout().write_all(&text)?,
            Ok(Said::Guest(text)) => heard = text,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        io::stdout().write_all(&heard)?;
        let typed = dialogue.hear(&heard, started.elapsed())?;
        pc.send(typed.as_bytes())?;
        for answered in &dialogue.answered()[told..] {
            println!("session: ok: {}", answered.run);
        }
        told = dialogue.answered().len();
    }
    dialogue.ended()?;
    println!("session: {told} commands, {:.1} s", started.elapsed().as_secs_f64());
    Ok(pc.qemu.wait()?)
}

/// Attaches the user's terminal to a guest until QEMU or the user ends; `None` if the user did. `guests` are their names.
pub(super) fn run_attached(qemu: Command, guests: &[String]) -> Result<Option<ExitStatus>, TerminalError> {
    let mut pc = Pc::start(qemu)?;
    let mut keyboard = Keyboard::take()?;
    let (mut keys, mut current, mut logs) = (Keys::default(), 0, false);
    note(&format!("guest {}; Ctrl-A ? for help", guests[current]))?;
    loop {
        match pc.said.try_recv() {
            Ok(Said::Guest(text)) => {
                io::stdout().write_all(&text)?;
                io::stdout().flush()?;
                continue;
            }
            Ok(Said::Kernel(text)) if logs => {
                note(String::from_utf8_lossy(&text).trim_end())?;
                continue;
            }
            Ok(Said::Kernel(_)) => continue,
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => break,
        }
        let mut typed = Vec::new();
        if !keyboard.read(&mut typed, STEP)? {
            return Ok(None);
        }
        for key in typed.into_iter().filter_map(|byte| keys.take(byte)) {
            match key {
                Key::Guest(byte) => pc.send(&[byte])?,
                Key::Quit => return Ok(None),
                Key::Next | Key::Previous => {
                    let distance = if key == Key::Next { 1 } else { guests.len() - 1 };
                    current = (current + distance) % guests.len();
                    pc.attach(current)?;
                    note(&format!("guest {}", guests[current]))?;
                }
                Key::Order(order) => pc.order(order, current)?,
                Key::Logs => logs = !logs,
                Key::Help => {
                    note("behind Ctrl-A:")?;
                    let mut out = io::stdout().lock();
                    HELP.iter().try_for_each(|(keys, meaning)| write!(out, "  {keys:<8} {meaning}\r\n"))?;
                }
                Key::Core(_) | Key::Mesh => note("a PC has one core and no mesh")?,
            }
        }
    }
    drop(keyboard);
    Ok(Some(pc.qemu.wait()?))
}

/// A line of this program between the guest's text, on a raw terminal.
fn note(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "\r\n[{}]\r\n", text.replace('\n', "\r\n"))?;
    out.flush()
}

impl Pc {
    /// Starts QEMU, waits until it has connected its port, and attaches that to the first guest.
    fn start(mut qemu: Command) -> Result<Self, TerminalError> {
        let socket = std::env::temp_dir().join(format!("guest-terminal-{}", std::process::id()));
        let listener = UnixListener::bind(&socket)?;
        pc::with_terminal(&mut qemu, &socket);
        qemu.stdin(Stdio::null()).stdout(Stdio::piped());
        let qemu = qemu.spawn();
        let connected = qemu
            .map_err(TerminalError::Qemu)
            .and_then(|mut qemu| accept(&listener, &mut qemu).map(|line| (qemu, line)));
        std::fs::remove_file(&socket)?;
        let (mut qemu, line) = connected?;
        let output = qemu.stdout.take().ok_or(io::Error::from(io::ErrorKind::BrokenPipe))?;
        let (sender, said) = mpsc::channel();
        read_in_background(output, sender.clone(), Said::Kernel);
        read_in_background(line.try_clone()?, sender, Said::Guest);
        let mut pc = Self { qemu, line, said };
        pc.attach(0)?;
        Ok(pc)
    }

    /// Attaches the terminal to a guest.
    fn attach(&mut self, guest: usize) -> io::Result<()> {
        self.write(&terminal::attach(Some(number(guest))))
    }

    /// Gives an order about a guest.
    fn order(&mut self, order: Order, guest: usize) -> io::Result<()> {
        self.write(&terminal::order(order, number(guest)))
    }

    /// Types text.
    fn send(&mut self, text: &[u8]) -> io::Result<()> {
        self.write(&terminal::text(text).collect::<Vec<_>>())
    }

    /// Writes to the port. A PC that has just ended takes nothing more, which its status tells.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.line.write_all(bytes) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

fn number(guest: usize) -> u8 {
    u8::try_from(guest).expect("lists of guests are short")
}

impl Drop for Pc {
    /// Ends QEMU if it still runs; that it has ended already is no error.
    fn drop(&mut self) {
        if self.qemu.kill().is_ok() {
            drop(self.qemu.wait());
        }
    }
}

/// Waits for QEMU's connection.
fn accept(listener: &UnixListener, qemu: &mut Child) -> Result<UnixStream, TerminalError> {
    listener.set_nonblocking(true)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match listener.accept() {
            Ok((line, _)) => {
                line.set_nonblocking(false)?;
                return Ok(line);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(status) = qemu.try_wait()? {
            return Err(TerminalError::Ended(status));
        }
        if Instant::now() >= deadline {
            qemu.kill()?;
            return Err(TerminalError::NotConnected);
        }
        thread::sleep(STEP);
    }
}

/// Hands on what comes until there is no more.
fn read_in_background(
    mut from: impl Read + Send + 'static,
    to: Sender<Said>,
    said: impl Fn(Vec<u8>) -> Said + Send + 'static,
) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.send(said(buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
}

/// Why nobody talked to a guest of the PC.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TerminalError {
    /// There is no script.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The guest did not answer as it should.
    #[error(transparent)]
    Session(#[from] guest_terminal::SessionError),
    /// QEMU did not start.
    #[error("{program}: {0}", program = pc::QEMU)]
    Qemu(io::Error),
    /// QEMU ended before it had a terminal.
    #[error("{program} ended before it had a terminal: {0}", program = pc::QEMU)]
    Ended(ExitStatus),
    /// QEMU did not connect its second serial port.
    #[error("{program} did not connect the guests' terminal", program = pc::QEMU)]
    NotConnected,
    /// The terminal, the socket or a pipe fails.
    #[error("the terminal fails: {0}")]
    Io(#[from] io::Error),
}
