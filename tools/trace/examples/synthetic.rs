//! Writes a trace of a chip that never was, to see how large traces do: `synthetic FILE CORES ROUNDS`.
//!
//! A round of a core is 18 records. Prints how many records it wrote.

#[path = "../tests/trace/synthetic.rs"]
mod synthetic;

use std::fs::File;
use std::io::BufWriter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [file, cores, rounds] = words.as_slice() else {
        return Err("expected FILE CORES ROUNDS, for example large.trace 48 11575".into());
    };
    let records =
        synthetic::write(BufWriter::new(File::create(file)?), cores.parse()?, rounds.parse()?, None)?;
    println!("{records} records");
    Ok(())
}
