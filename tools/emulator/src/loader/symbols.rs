//! Names for addresses: what a diagnostic says beside an EIP.

use std::fmt;
use std::sync::Arc;

use scc::id::CoreId;

/// Distance up to which a symbol without a size is taken to cover an address.
const REACH_OF_UNSIZED: u32 = 0x1_0000;

/// A named address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// Virtual address.
    pub address: u32,
    /// Bytes it covers; 0 where the file does not say, as for most assembler labels.
    pub size: u32,
    /// Name as the file has it.
    pub name: String,
}

/// A symbol and a distance from it; written `name+0x10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SymbolPlace<'a> {
    /// Name of the symbol.
    pub name: &'a str,
    /// Bytes from its address.
    pub offset: u32,
}

impl fmt::Display for SymbolPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            0 => f.write_str(self.name),
            offset => write!(f, "{}+{offset:#x}", self.name),
        }
    }
}

/// Symbols of one image, by address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SymbolTable {
    symbols: Vec<Symbol>,
}

impl SymbolTable {
    /// Collects symbols; nameless ones are dropped.
    pub fn new(symbols: impl IntoIterator<Item = Symbol>) -> Self {
        let mut symbols: Vec<_> = symbols.into_iter().filter(|symbol| !symbol.name.is_empty()).collect();
        symbols.sort_unstable();
        Self { symbols }
    }

    /// The symbols by ascending address.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Symbol that covers a virtual address, or the nearest one without a size before it.
    pub fn lookup(&self, address: u32) -> Option<SymbolPlace<'_>> {
        let before = self.symbols.partition_point(|symbol| symbol.address <= address);
        let symbol = self.symbols[..before].last()?;
        let offset = address - symbol.address;
        let covers = if symbol.size == 0 { offset < REACH_OF_UNSIZED } else { offset < symbol.size };
        covers.then_some(SymbolPlace { name: &symbol.name, offset })
    }

    /// Address of a symbol by name.
    pub fn address_of(&self, name: &str) -> Option<u32> {
        self.symbols.iter().find(|symbol| symbol.name == name).map(|symbol| symbol.address)
    }
}

/// Symbols of what each core runs.
#[derive(Debug, Clone)]
pub struct CoreSymbols {
    tables: Vec<Vec<Arc<SymbolTable>>>,
}

impl Default for CoreSymbols {
    fn default() -> Self {
        Self { tables: vec![Vec::new(); CoreId::COUNT] }
    }
}

impl CoreSymbols {
    /// Adds the symbols of an image that was loaded for `core`.
    pub fn add(&mut self, core: CoreId, table: Arc<SymbolTable>) {
        self.tables[core.index()].push(table);
    }

    /// Symbol at a virtual address of `core`; the image loaded last wins.
    pub fn lookup(&self, core: CoreId, address: u32) -> Option<SymbolPlace<'_>> {
        self.tables[core.index()].iter().rev().find_map(|table| table.lookup(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(address: u32, size: u32, name: &str) -> Symbol {
        Symbol { address, size, name: name.into() }
    }

    fn found(table: &SymbolTable, address: u32) -> Option<String> {
        table.lookup(address).map(|place| place.to_string())
    }

    #[test]
    fn an_address_is_named_by_the_symbol_that_covers_it() {
        let table =
            SymbolTable::new([symbol(0x2000, 0x10, "main"), symbol(0x1000, 0, "start"), symbol(0, 0, "")]);
        assert_eq!(found(&table, 0xFFF), None);
        assert_eq!(found(&table, 0x1000).as_deref(), Some("start"));
        assert_eq!(found(&table, 0x1FFF).as_deref(), Some("start+0xfff"));
        assert_eq!(found(&table, 0x200F).as_deref(), Some("main+0xf"));
        assert_eq!(found(&table, 0x2010), None);
        assert_eq!(table.address_of("main"), Some(0x2000));
    }

    #[test]
    fn each_core_has_its_own_images() {
        let [first, second] = [0, 1].map(|number| CoreId::new(number).unwrap());
        let mut symbols = CoreSymbols::default();
        symbols.add(first, Arc::new(SymbolTable::new([symbol(0x100, 4, "old"), symbol(0x200, 4, "kept")])));
        symbols.add(first, Arc::new(SymbolTable::new([symbol(0x100, 4, "new")])));
        assert_eq!(symbols.lookup(first, 0x101).unwrap().name, "new");
        assert_eq!(symbols.lookup(first, 0x200).unwrap().name, "kept");
        assert_eq!(symbols.lookup(second, 0x100), None);
    }
}
