//! The commands.

use core::fmt::Write;

use guest_runtime::console::Console;
use guest_runtime::start::Info;

/// Whether there is another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// There is.
    Line,
    /// The guest powers off.
    End,
}

/// What the user wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Prompts, and what was typed.
    Chatty,
    /// Answers only.
    Quiet,
}

/// Runs commands, and knows how the last one ended.
pub(super) struct Shell {
    megabytes: u32,
    manner: Manner,
    status: u32,
}

/// Writes to the terminal, with both characters of a line's end. What the terminal does not take is lost.
macro_rules! say {
    ($($text:tt)*) => { write!(Console, "{}\r\n", format_args!($($text)*)).unwrap_or(()) };
}

impl Shell {
    pub(super) const fn new(info: &Info) -> Self {
        Self { megabytes: info.memory_bytes >> 20, manner: Manner::Chatty, status: 0 }
    }

    /// Asks for a line.
    pub(super) fn prompt(&self) {
        if self.manner == Manner::Chatty {
            // What the terminal does not take is lost.
            Console.write_str("bare:$ ").unwrap_or(());
        }
    }

    /// Whether keys are shown.
    pub(super) fn echoes(&self) -> bool {
        self.manner == Manner::Chatty
    }

    /// Runs a line.
    pub(super) fn run(&mut self, line: &str) -> Next {
        let (name, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        self.status = match name {
            "" => self.status,
            "echo" => self.echo(rest.trim_matches('"')),
            "memory" => {
                say!("{} MB", self.megabytes);
                0
            }
            "checksum" => {
                say!("{:08x}", checksum(rest.as_bytes()));
                0
            }
            "status" => rest.parse().unwrap_or(2),
            "lines" => {
                for number in 0..rest.parse().unwrap_or(0_u32) {
                    say!("line {number}");
                }
                0
            }
            "quiet" => {
                self.manner = Manner::Quiet;
                0
            }
            "help" => {
                say!("echo TEXT  memory  checksum TEXT  lines N  status N  quiet  poweroff");
                0
            }
            "poweroff" => return Next::End,
            unknown => {
                say!("{unknown}: not found");
                127
            }
        };
        Next::Line
    }

    /// Prints text; `$?` is the status of the command before.
    fn echo(&self, text: &str) -> u32 {
        match text.split_once("$?") {
            Some((before, after)) => say!("{before}{}{after}", self.status),
            None => say!("{text}"),
        }
        0
    }
}

/// FNV-1a of 32 bits.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)) // not an address: the offset of FNV
}
