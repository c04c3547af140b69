//! Writes a trace of a chip that never was, to see how large traces do: `synthetic FILE CORES RECORDS`.
//!
//! Prints how many records it wrote.

#[path = "../tests/trace/synthetic.rs"]
mod synthetic;

use std::fs::File;
use std::io::BufWriter;

use synthetic::{RECORDS_OF_BOOT, RECORDS_OF_ROUND};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [file, cores, records] = words.as_slice() else {
        return Err("expected FILE CORES RECORDS, for example large.trace 48 10000000".into());
    };
    let (cores, records): (u8, u64) = (cores.parse()?, records.parse()?);
    let rounds = (records / u64::from(cores)).saturating_sub(RECORDS_OF_BOOT) / RECORDS_OF_ROUND;
    synthetic::write(BufWriter::new(File::create(file)?), cores, rounds, None)?;
    println!("{} records", u64::from(cores) * (RECORDS_OF_BOOT + rounds * RECORDS_OF_ROUND));
    Ok(())
}
