//! Any bytes as an input file: every loader answers with a value or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scc_emu::loader::{ElfImage, ObjectFile, parse_lut_init, parse_map, parse_merge_list};

fuzz_target!(|data: &[u8]| {
    let Some((&format, bytes)) = data.split_first() else { return };
    match format % 5 {
        0 => drop(ElfImage::parse(bytes)),
        1 => {
            if let Ok(object) = ObjectFile::parse(bytes) {
                object.segments();
            }
        }
        2 => drop(parse_map(bytes)),
        3 => drop(parse_merge_list(bytes)),
        _ => drop(parse_lut_init(bytes)),
    }
});
