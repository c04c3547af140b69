//! The program `scc-emu` as its users meet it: what it prints, what it leaves in files, how it exits.
//!
//! Guests are a few instructions in the page of the reset vector, assembled here.
#![expect(clippy::unwrap_used, reason = "test code, also where it is not marked as a test")]

mod board;
mod exit_status;
mod loading;
mod output;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use iced_x86::code_asm::{CodeAssembler, al, dx, ptr, si};

/// Address of the page that holds the reset vector.
const RESET_PAGE: &str = "0xfffff000";
/// Bytes of the page.
const PAGE: usize = 4096;
/// Offset of the reset vector in it.
const VECTOR: usize = 0xFF0;
/// Offset of the page in the segment that a core starts in.
const PAGE_IN_SEGMENT: u64 = 0xF000;

/// A folder of one test's own, empty at its start, and the program run inside it.
struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command_line").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let file = self.folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, contents).unwrap();
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8(std::fs::read(self.folder.join(name)).unwrap()).unwrap()
    }

    /// Runs `scc-emu` with the words of `line`.
    fn run(&self, line: &str) -> Ended {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_scc-emu"))
            .args(line.split_whitespace())
            .current_dir(&self.folder)
            .output()
            .unwrap();
        Ended {
            status: status.code(),
            out: String::from_utf8(stdout).unwrap(),
            notes: String::from_utf8(stderr).unwrap(),
        }
    }
}

/// What a run came to.
#[derive(Debug)]
struct Ended {
    status: Option<i32>,
    /// Standard output.
    out: String,
    /// Standard error.
    notes: String,
}

/// The page of the reset vector with `code` at its beginning and a jump there at the vector.
fn reset_page(code: impl FnOnce(&mut CodeAssembler)) -> Vec<u8> {
    let mut assembler = CodeAssembler::new(16).unwrap();
    code(&mut assembler);
    let mut page = assembler.assemble(PAGE_IN_SEGMENT).unwrap();
    assert!(page.len() <= VECTOR);
    page.resize(VECTOR, 0);
    let mut jump = CodeAssembler::new(16).unwrap();
    jump.jmp(PAGE_IN_SEGMENT).unwrap();
    page.extend(jump.assemble(PAGE_IN_SEGMENT + 0xFF0).unwrap());
    page.resize(PAGE, 0);
    page
}

/// Prints `text` on COM1 and halts for good.
fn printing(text: &str) -> Vec<u8> {
    let mut page = reset_page(|code| {
        let (mut next, mut done) = (code.create_label(), code.create_label());
        code.mov(si, u32::from(TEXT_IN_SEGMENT)).unwrap();
        code.mov(dx, 0x3F8_u32).unwrap();
        code.set_label(&mut next).unwrap();
        code.mov(al, ptr(si).cs()).unwrap();
        code.inc(si).unwrap();
        code.test(al, al).unwrap();
        code.jz(done).unwrap();
        code.out(dx, al).unwrap();
        code.jmp(next).unwrap();
        code.set_label(&mut done).unwrap();
        code.cli().unwrap();
        code.hlt().unwrap();
    });
    page[TEXT_IN_PAGE..][..text.len()].copy_from_slice(text.as_bytes());
    page
}

const TEXT_IN_PAGE: usize = 0x800;
const TEXT_IN_SEGMENT: u16 = 0xF800;

/// Runs in a circle for ever.
fn looping() -> Vec<u8> {
    reset_page(|code| {
        let mut here = code.create_label();
        code.set_label(&mut here).unwrap();
        code.jmp(here).unwrap();
    })
}

/// The bytes as a text object of bin2obj at a byte address.
fn object(address: u64, bytes: &[u8]) -> String {
    let words = bytes.as_chunks::<4>().0.iter().map(|word| format!("{:08x}\n", u32::from_le_bytes(*word)));
    format!("/origin {:08x}\n{}/eof\n", address / 4, words.collect::<String>())
}
