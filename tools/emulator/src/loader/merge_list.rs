//! Merge lists of sccMerge (`.mt`): which object each core runs, and on which memory.
//!
//! ```text
//! # pid route destid slot object      pid, route and slot hexadecimal, with or without 0x
//! 0x06  0x05  4      0x00 kernel.obj  core 6 on place 0 of the controller at route 0x05, port 4
//! 7     other.obj                     core 7 on its default place
//! ```
//!
//! Format: SCC reference §8.3.

use scc::id::CoreId;
use scc::lut::{MemoryController, SubDestination};

use super::line::{content_lines, text_of};
use super::relocation::owner_of_place;
use super::{LineError, NumberError, parse_decimal, parse_hexadecimal};

/// One line of a merge list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeEntry {
    /// The core.
    pub core: CoreId,
    /// The core whose default memory it uses; itself in the form with two columns.
    pub memory_of: CoreId,
    /// Object file, relative to the list's folder.
    pub object: String,
}

/// What is wrong with a line of a merge list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeListError {
    /// Neither two nor five columns.
    #[error("{0} columns; expected `pid object` or `pid route destid slot object`")]
    Columns(usize),
    /// A number that is none or too large.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A core number above 47.
    #[error("core {0:#x} does not exist; cores are numbered 0 to 0x2f")]
    NoCore(u64),
    /// Route and port without a memory controller.
    #[error(
        "no memory controller at route {route:#04x}, port {port}; expected 0x00 6, 0x05 4, 0x20 6 or 0x25 4"
    )]
    NoController {
        /// Second column.
        route: u8,
        /// Third column.
        port: u8,
    },
    /// A place above 11.
    #[error("slot {0:#x} does not exist; each controller has the places 0 to 0xb")]
    NoPlace(u8),
    /// A core that was listed before.
    #[error("core {core} was listed on line {first_line} already")]
    Repeated {
        /// The core.
        core: CoreId,
        /// Where it was first listed.
        first_line: usize,
    },
}

/// Reads a merge list.
///
/// # Errors
///
/// The line and [`MergeListError`] of the first line that is not of the format.
pub fn parse_merge_list(bytes: &[u8]) -> Result<Vec<MergeEntry>, LineError<MergeListError>> {
    let mut entries: Vec<MergeEntry> = Vec::new();
    let mut lines = [None; CoreId::COUNT];
    for (line, content) in content_lines(&text_of(bytes)) {
        let entry = entry(content).map_err(|kind| LineError { line, kind })?;
        if let Some(first_line) = lines[entry.core.index()].replace(line) {
            return Err(LineError { line, kind: MergeListError::Repeated { core: entry.core, first_line } });
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(content: &str) -> Result<MergeEntry, MergeListError> {
    let columns: Vec<&str> = content.split_whitespace().collect();
    match columns[..] {
        [pid, object] => {
            let core = core(pid)?;
            Ok(MergeEntry { core, memory_of: core, object: object.to_owned() })
        }
        [pid, route, port, slot, object] => {
            let core = core(pid)?;
            let (route, port) = (byte(parse_hexadecimal(route, 0xFF)?), byte(parse_decimal(port, 7)?));
            let controller = MemoryController::at(route, SubDestination::from_bits(port))
                .ok_or(MergeListError::NoController { route, port })?;
            let slot = byte(parse_hexadecimal(slot, 0xFF)?);
            let memory_of = owner_of_place(controller, slot).ok_or(MergeListError::NoPlace(slot))?;
            Ok(MergeEntry { core, memory_of, object: object.to_owned() })
        }
        _ => Err(MergeListError::Columns(columns.len())),
    }
}

fn core(text: &str) -> Result<CoreId, MergeListError> {
    let number = parse_hexadecimal(text, u64::MAX)?;
    u8::try_from(number).ok().and_then(CoreId::new).ok_or(MergeListError::NoCore(number))
}

fn byte(value: u64) -> u8 {
    u8::try_from(value).expect("limited to 8 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(number: u8) -> CoreId {
        CoreId::new(number).unwrap()
    }

    #[test]
    fn both_forms_name_core_memory_and_object() {
        let text = b"# cores\n0x06 0x05 4 0x00 kernel.obj\n2f 25 4 b last.obj # end\n0x0a own.obj\n";
        let entry = |number, memory, object: &str| MergeEntry {
            core: core(number),
            memory_of: core(memory),
            object: object.into(),
        };
        let expected = [entry(6, 6, "kernel.obj"), entry(47, 47, "last.obj"), entry(10, 10, "own.obj")];
        assert_eq!(parse_merge_list(text).unwrap(), expected);
    }

    #[test]
    fn a_core_may_use_the_memory_of_another_quadrant() {
        let entries = parse_merge_list(b"0 25 4 1 a.obj").unwrap();
        assert_eq!(entries[0].core, core(0));
        assert_eq!(MemoryController::of_core(entries[0].memory_of), MemoryController::Mc3);
        assert_eq!(MemoryController::order_of_core(entries[0].memory_of), 1);
    }

    #[test]
    fn errors_name_line_and_expectation() {
        let fails = |text: &str| {
            let error = parse_merge_list(text.as_bytes()).unwrap_err();
            (error.line, error.kind)
        };
        assert_eq!(fails("a.obj"), (1, MergeListError::Columns(1)));
        assert_eq!(fails("0 0 6 a.obj"), (1, MergeListError::Columns(4)));
        assert_eq!(fails("30 a.obj"), (1, MergeListError::NoCore(0x30)));
        assert_eq!(fails("\n0 05 6 0 a.obj"), (2, MergeListError::NoController { route: 5, port: 6 }));
        assert_eq!(fails("0 05 4 c a.obj"), (1, MergeListError::NoPlace(12)));
        let repeated = MergeListError::Repeated { core: core(1), first_line: 1 };
        assert_eq!(fails("1 a.obj\n01 b.obj"), (2, repeated));
        assert!(matches!(fails("x a.obj"), (1, MergeListError::Number(_))));
        assert!(matches!(fails("0 0 9 0 a.obj"), (1, MergeListError::Number(_))));
    }
}
