//! What `scc-image show` says about a folder of image files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use scc::id::{CoreId, TileId};
use scc::lut::LutEntry;
use scc::tile::TileRegister;

use crate::folder::{KERNEL_MT, KERNEL_OBJ, LUT_INIT};
use crate::object_text::{ObjectTextError, blocks};

/// Why a folder cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// A file of the image is missing.
    #[error("cannot read {file}: {source}; expected a folder that `scc-image build` wrote", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The object is damaged.
    #[error("{file}: {error}", file = file.display())]
    Object {
        /// The file.
        file: PathBuf,
        /// Where and what.
        error: ObjectTextError,
    },
    /// A line of another file is damaged.
    #[error("{file}: line {line}: expected {expected}, not `{text}`", file = file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        text: String,
    },
}

/// Describes the image files in a folder, for people.
///
/// # Errors
///
/// [`SummaryError`] for folders without an image and for damaged files.
pub fn summary(folder: &Path) -> Result<String, SummaryError> {
    let mut text = String::new();
    describe_memory(&folder.join(KERNEL_OBJ), &mut text)?;
    describe_cores(&folder.join(KERNEL_MT), &mut text)?;
    describe_luts(&folder.join(LUT_INIT), &mut text)?;
    Ok(text)
}

fn read(file: &Path) -> Result<String, SummaryError> {
    let bytes = std::fs::read(file).map_err(|source| SummaryError::Read { file: file.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn say(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("strings take any text");
    text.push('\n');
}

fn describe_memory(file: &Path, text: &mut String) -> Result<(), SummaryError> {
    let blocks =
        blocks(&read(file)?).map_err(|error| SummaryError::Object { file: file.to_owned(), error })?;
    let total: usize = blocks.iter().map(|block| block.bytes).sum();
    say(text, format_args!("memory of each core ({KERNEL_OBJ}): {total} bytes in {} blocks", blocks.len()));
    for block in blocks {
        say(text, format_args!("  {:#010x}  {:>8} bytes", block.address, block.bytes));
    }
    Ok(())
}

fn describe_cores(file: &Path, text: &mut String) -> Result<(), SummaryError> {
    let content = read(file)?;
    let mut count = 0;
    let mut lines = String::new();
    for (line, entry) in entries(&content) {
        let columns: Vec<_> = entry.split_whitespace().collect();
        let [pid, route, port, slot, object] = columns[..] else {
            let expected = "`pid route destid slot object`";
            return Err(SummaryError::Line { file: file.to_owned(), line, expected, text: entry.to_owned() });
        };
        count += 1;
        let line = format_args!("  core {pid}: {object} on controller {route} port {port}, place {slot}");
        say(&mut lines, line);
    }
    say(text, format_args!("loaded by the host ({KERNEL_MT}): {count} cores"));
    text.push_str(&lines);
    Ok(())
}

fn describe_luts(file: &Path, text: &mut String) -> Result<(), SummaryError> {
    let content = read(file)?;
    let mut entries_of = [0_u32; CoreId::COUNT];
    let mut boot_slot_of = [None; CoreId::COUNT];
    for (line, entry) in entries(&content) {
        let Some((core, index, value)) = lut_write(entry) else {
            let expected = "`tileID 2 offset value` of a LUT";
            return Err(SummaryError::Line { file: file.to_owned(), line, expected, text: entry.to_owned() });
        };
        entries_of[core.index()] += 1;
        if index == scc::map::index::BOOT_SLOT.get() {
            boot_slot_of[core.index()] = Some(value);
        }
    }
    let used = CoreId::all().filter(|core| entries_of[core.index()] > 0);
    say(text, format_args!("LUTs ({LUT_INIT}): {} cores", used.clone().count()));
    for core in used {
        let boot = boot_slot_of[core.index()]
            .map_or_else(|| "no boot slot".to_owned(), |entry: LutEntry| format!("boot slot {entry}"));
        say(text, format_args!("  core {core}: {} entries, {boot}", entries_of[core.index()]));
    }
    Ok(())
}

fn entries(content: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(content.lines())
        .map(|(line, text)| (line, text.split('#').next().unwrap_or_default().trim()))
        .filter(|(_, text)| !text.is_empty())
}

fn lut_write(entry: &str) -> Option<(CoreId, u8, LutEntry)> {
    let numbers: Option<Vec<u32>> =
        entry.split_whitespace().map(|word| u32::from_str_radix(word, 16).ok()).collect();
    let [route, 2, offset, value] = numbers?[..] else { return None };
    let tile = TileId::from_route(u8::try_from(route).ok()?)?;
    match TileRegister::from_offset(offset)? {
        TileRegister::Lut(slot, index) => {
            Some((CoreId::from_tile(tile, slot)?, index.get(), LutEntry::from_bits(value)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lut_writes_are_recognised_and_other_lines_are_not() {
        let (core, index, entry) = lut_write("35 2 000017f8 0004b1ff").unwrap();
        assert_eq!((core.number(), index, entry.bits()), (47, 255, 0x4B1FF));
        for line in ["35 3 000017f8 0", "06 2 00000800 0", "00 2 00000100 0", "00 2 800", "x 2 800 0"] {
            assert!(lut_write(line).is_none(), "{line}");
        }
    }

    #[test]
    fn folder_without_an_image_is_named() {
        let error = summary(Path::new("/no/such/folder")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read /no/such/folder/kernel.obj"), "{error}");
    }
}
