//! Makes the table of function names that the kernel's backtraces read; layout in [`trace_format::symbols`].

use std::collections::HashMap;

use trace_format::symbols::{HEADER_BYTES, LONGEST_NAME, MAGIC, TableEntry, TableHeader, VERSION};
use zerocopy::IntoBytes;
use zerocopy::byteorder::little_endian::{U16, U32};

use crate::FunctionSymbol;

/// Bytes of the table for functions that are sorted by address. Of functions at one address the first is kept;
/// names are written as Rust writes them, without hashes.
pub fn name_table(functions: &[FunctionSymbol]) -> Vec<u8> {
    let mut names = Vec::new();
    let mut places = HashMap::new();
    let mut entries: Vec<TableEntry> = Vec::new();
    let mut end = 0;
    for function in functions {
        end = end.max(function.address.saturating_add(function.size.max(1)));
        if entries.last().is_some_and(|last| last.address.get() == function.address) {
            continue;
        }
        let name = shown(&function.name);
        let place = *places.entry(name).or_insert_with_key(|name| {
            let place = length(names.len());
            names.push(u8::try_from(name.len()).expect("names are cut to what a byte counts"));
            names.extend(name.bytes());
            place
        });
        entries.push(TableEntry { address: U32::new(function.address), name: U32::new(place) });
    }
    let header = TableHeader {
        magic: U32::new(MAGIC),
        version: U16::new(VERSION),
        reserved: U16::ZERO,
        total_bytes: U32::new(length(HEADER_BYTES + entries.len() * size_of::<TableEntry>() + names.len())),
        entries: U32::new(length(entries.len())),
        end: U32::new(end),
        unused: [U32::ZERO; 3],
    };
    [header.as_bytes(), entries.as_bytes(), &names].concat()
}

/// The name of a symbol as Rust writes it, without hash.
pub fn readable_name(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// A name as the table holds it, at most [`LONGEST_NAME`] bytes.
fn shown(symbol: &str) -> String {
    let mut name = readable_name(symbol);
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

/// A length of something that came out of a file with 32-bit offsets.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("names of a 32-bit file take less than 4 GB")
}

#[cfg(test)]
mod tests {
    use trace_format::symbols::SymbolTable;

    use super::*;

    fn function(address: u32, size: u32, name: &str) -> FunctionSymbol {
        FunctionSymbol { address, size, name: name.to_owned() }
    }

    #[test]
    fn kernel_finds_every_function_by_the_table() {
        let functions = [
            function(0x1000, 0x20, "start"),
            function(0x1020, 0x10, "_ZN6kernel2mm5frame8allocate17h0123456789abcdefE"),
            function(0x1020, 0x10, "alias"),
            function(0x1040, 0, "start"),
        ];
        let bytes = name_table(&functions);
        let table = SymbolTable::parse(&bytes).unwrap();
        let found = |address| table.lookup(address).map(|place| place.to_string());
        assert_eq!(table.len(), 3);
        assert_eq!(found(0x1004).as_deref(), Some("start+0x4"));
        assert_eq!(found(0x1021).as_deref(), Some("kernel::mm::frame::allocate+0x1"));
        assert_eq!(found(0x1040).as_deref(), Some("start+0x0"));
        assert_eq!(found(0x1041), None);
        assert_eq!(bytes.windows(5).filter(|window| *window == b"start").count(), 1);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let name = "é".repeat(200);
        let bytes = name_table(&[function(0x1000, 4, &name)]);
        let place = SymbolTable::parse(&bytes).unwrap().lookup(0x1000).unwrap().name.to_owned();
        assert_eq!(place, "é".repeat(127));
    }

    #[test]
    fn table_without_functions_names_nothing() {
        let bytes = name_table(&[]);
        let table = SymbolTable::parse(&bytes).unwrap();
        assert!(table.is_empty() && table.lookup(0).is_none());
    }
}
