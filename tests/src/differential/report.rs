//! A difference, told so that it can be repeated by hand.

use super::effect::{COMPARED_FLAGS, Effect};
use super::emulated::Path;
use super::{instructions, undefined};
use native_runner::Case;
use std::fmt;

const REGISTERS: [&str; 8] = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const SEGMENTS: [&str; 6] = ["es", "cs", "ss", "ds", "fs", "gs"];
const FLAGS: [(u32, &str); 14] = [
    (0x1, "CF"),
    (0x4, "PF"),
    (0x10, "AF"),
    (0x40, "ZF"),
    (0x80, "SF"),
    (0x100, "TF"),
    (0x200, "IF"),
    (0x400, "DF"),
    (0x800, "OF"),
    (0x1000, "IOPL0"),
    (0x2000, "IOPL1"),
    (0x4000, "NT"),
    (0x4_0000, "AC"),
    (0x20_0000, "ID"),
];

/// A case on which emulator and host differ.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The input.
    pub case: Case,
    /// What the host did.
    pub native: Effect,
    /// What the emulator did.
    pub emulated: Effect,
    /// What lay between the emulated core and memory.
    pub path: Path,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Vec<_> = instructions(&self.case).map(|instruction| instruction.to_string()).collect();
        let text = text.join("; ");
        let code: String = self.case.code[..usize::from(self.case.length)]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        writeln!(f, "{text}    [{code}] {:?}, {:?}", self.case.mode, self.path)?;
        writeln!(f, "            input     host      emulator")?;
        let input = self.case.registers;
        for (index, name) in REGISTERS.iter().enumerate() {
            let (native, emulated) = (self.native.registers[index], self.emulated.registers[index]);
            let mark = if native == emulated { "" } else { "   <<" };
            writeln!(f, "  {name}       {:08x}  {native:08x}  {emulated:08x}{mark}", input[index])?;
        }
        for (index, name) in SEGMENTS.iter().enumerate() {
            let (native, emulated) = (self.native.segments[index], self.emulated.segments[index]);
            if native != emulated {
                writeln!(f, "  {name}                  {native:04x}      {emulated:04x}   <<")?;
            }
        }
        let ignored = undefined::flags(&self.case);
        writeln!(f, "  flags in  {}", names(self.case.flags))?;
        writeln!(f, "  host      {}", names(self.native.flags & COMPARED_FLAGS & !ignored))?;
        writeln!(f, "  emulator  {}", names(self.emulated.flags & COMPARED_FLAGS & !ignored))?;
        writeln!(f, "  undefined {}", names(ignored))?;
        if self.native.ending != self.emulated.ending {
            writeln!(f, "  host      {:x?}", self.native.ending)?;
            writeln!(f, "  emulator  {:x?}", self.emulated.ending)?;
        }
        self.memory(f)
    }
}

impl Difference {
    /// The scratch memory around each byte that either side changed.
    fn memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.case.mode.scratch();
        for row in 0..self.case.memory.len() / 16 {
            let range = row * 16..row * 16 + 16;
            let (input, native, emulated) = (
                &self.case.memory[range.clone()],
                &self.native.memory[range.clone()],
                &self.emulated.memory[range],
            );
            if native == input && emulated == input {
                continue;
            }
            let offset = base + u32::try_from(row * 16).expect("the scratch memory is small");
            let mark = if native == emulated { "" } else { "   <<" };
            writeln!(f, "  {offset:08x}{mark}")?;
            writeln!(
                f,
                "    input     {input:02x?}\n    host      {native:02x?}\n    emulator  {emulated:02x?}"
            )?;
        }
        Ok(())
    }
}

fn names(flags: u32) -> String {
    let names: Vec<_> = FLAGS.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect();
    names.join(" ")
}
