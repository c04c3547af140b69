//! Inputs of the emulator: what a host loads into the board before cores start.
//!
//! Each file format is one parser from bytes to a plain value, without access to files or to a machine, so that
//! other tools and fuzz targets can use it. Parsers accept any bytes and answer with the value or with a typed
//! error that names the line (or offset) and what was expected; none of them panics. Who puts the values into a
//! machine is the command line.
//!
//! | Format | Parser |
//! |---|---|
//! | core numbers `0,5,10-12` or `all` | [`CoreSet`] |
//! | `FILE@0xADDR[#CORES]` and its relatives | [`CoreFile`], [`ElfTarget`], [`SystemFile`] |
//! | ELF | [`ElfImage`], with its [`SymbolTable`] |
//! | `.obj` of bin2obj, `mch_x_y.32.obj` of sccMerge | [`ObjectFile`] |
//! | `.map` of bin2obj | [`parse_map`] |
//! | `.mt` of sccMerge | [`parse_merge_list`], relocated by [`relocate`] |
//! | `lut_init.dat` | [`parse_lut_init`] |
//! | LUT presets of sccMerge | [`LutPreset`] |
//!
//! Formats: SCC reference §8.3.

mod core_set;
mod elf;
mod line;
mod lut_init;
mod lut_preset;
mod map;
mod merge_list;
mod merged;
mod number;
mod object_file;
mod relocation;
mod symbols;
mod target;

#[cfg(test)]
mod arbitrary_bytes;
#[cfg(test)]
mod elf_example;

pub use core_set::{CoreSet, CoreSetError};
pub use elf::{ElfError, ElfImage, ElfSegment};
pub use line::LineError;
pub use lut_init::{CrbWrite, LutInitError, parse_lut_init};
pub use lut_preset::{LutMap, LutPreset, UnwrittenEntries};
pub use map::{MapEntry, MapError, parse_map};
pub use merge_list::{MergeEntry, MergeListError, parse_merge_list};
pub use merged::controller_of_merged_file;
pub use number::{NumberError, parse_decimal, parse_hexadecimal, parse_number};
pub use object_file::{ObjectError, ObjectFile, Segment};
pub use relocation::{RelocationError, relocate};
pub use symbols::{CoreSymbols, Symbol, SymbolPlace, SymbolTable};
pub use target::{CoreFile, ElfTarget, SystemFile, TargetError};
