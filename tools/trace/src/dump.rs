//! Traces from memory that was dumped: on a board the host reads a core's memory, and the ring lies somewhere in it.
//!
//! A dump is raw bytes of one core's memory, the ring and whatever was dumped with it. What a core had in its caches is not
//! there; see `docs/trace.md` for how it gets there.

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use object::{Object, ObjectSegment};
use scc::id::CoreId;
use trace_format::record::{RECORD_BYTES, TextPlace};
use trace_format::ring::{HEADER_BYTES, MAGIC, RingError, RingHeader};

use crate::clock::{Anchor, PICOSECONDS_OF_TICK, USUAL_KILOHERTZ};
use crate::collect::{Collector, Visit};
use crate::file::{About, WriteError};
use crate::ring_reader::RingReader;

/// Bytes at which rings begin at multiples of: a line.
const ALIGNMENT: usize = 32;

/// Memory of a core, and the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// The core.
    pub core: CoreId,
    /// The file.
    pub file: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why dumps give no trace.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Nothing in a dump is a ring.
    #[error(
        "{file}: no trace ring among {bytes} bytes{}\n  next: dump the memory at the symbol TRACE_RING of the kernel, as raw \
         bytes; docs/trace.md tells how",
        other.map(|other| format!(" ({other})")).unwrap_or_default(), file = file.display()
    )]
    NoRing {
        /// The file.
        file: PathBuf,
        /// Its length.
        bytes: usize,
        /// What is wrong with the only thing that looks like one.
        other: Option<RingError>,
    },
    /// The dump ends within the ring.
    #[error("{file}: it ends after {bytes} of the ring's {ring} bytes, which begin at byte {offset}", file = file.display())]
    CutOff {
        /// The file.
        file: PathBuf,
        /// Where the ring begins.
        offset: usize,
        /// Bytes of it that are there.
        bytes: usize,
        /// Bytes that it has.
        ring: usize,
    },
    /// The kernel is no ELF file.
    #[error("{file}: no kernel: {reason}", file = file.display())]
    Kernel {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: object::Error,
    },
    /// The trace cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a dump held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The core.
    pub core: CoreId,
    /// Records that are in the trace.
    pub records: usize,
    /// Older ones, which these have replaced.
    pub lost: u64,
    /// Newest ones, which were not complete in memory.
    pub incomplete: u64,
    /// Whether the ring tells the core's time by the FPGA's clock; otherwise it counts from when the core left reset.
    pub has_clock: bool,
}

/// Writes a trace of the rings in `dumps`; texts come from the ELF file of the kernel that ran.
///
/// # Errors
/// [`DumpError`] if one of them has no whole ring, for a kernel that is none, and if `out` cannot be written.
pub fn collect<W: Write + Seek>(
    out: W,
    dumps: &[Dump],
    (kernel_file, kernel): (&Path, &[u8]),
) -> Result<Vec<Found>, DumpError> {
    let wrong_kernel = |reason| DumpError::Kernel { file: kernel_file.to_owned(), reason };
    let kernel = object::File::parse(kernel).map_err(wrong_kernel)?;
    let rings = dumps.iter().map(|dump| Ok((dump, ring_of(dump)?))).collect::<Result<Vec<_>, DumpError>>()?;
    let cores: Vec<_> = dumps.iter().map(|dump| dump.core.number().to_string()).collect();
    let about = About { cores: cores.join(","), command_line: String::new() };
    let mut collector = Collector::new(out, &about)?;
    let mut found = Vec::new();
    for (dump, (header, ring)) in rings {
        let mut reader = RingReader::new(0);
        let records = reader.read(|address, buffer| {
            let bytes = usize::try_from(address).ok().and_then(|at| ring.get(at..)?.get(..buffer.len()));
            bytes.is_some_and(|bytes| {
                buffer.copy_from_slice(bytes);
                true
            })
        });
        let last = records.last().map_or(0, |record| record.cycles);
        let visit = Visit {
            anchor: anchor(&header, last),
            lost: reader.lost(),
            unknown: reader.unknown(),
            kilohertz: reader.kilohertz(),
            records: &records,
        };
        collector.take(dump.core, &visit, |place| text(&kernel, place))?;
        let read = reader.lost() + reader.unknown() + u64::try_from(records.len()).unwrap_or(u64::MAX);
        found.push(Found {
            core: dump.core,
            records: records.len(),
            lost: reader.lost(),
            incomplete: u64::from(header.written.get()).saturating_sub(read),
            has_clock: header.anchor().is_some(),
        });
    }
    collector.finish("read from dumped memory")?;
    Ok(found)
}

/// The ring in a dump: the first thing in it that is one.
fn ring_of(dump: &Dump) -> Result<(RingHeader, &[u8]), DumpError> {
    let (mut other, file) = (None, || dump.file.clone());
    for offset in (0..dump.bytes.len()).step_by(ALIGNMENT) {
        let rest = &dump.bytes[offset..];
        if !rest.starts_with(&MAGIC.to_le_bytes()) {
            continue;
        }
        match RingHeader::read(rest) {
            Ok(header) => {
                let slots = usize::try_from(header.capacity.get()).unwrap_or(usize::MAX);
                let whole = HEADER_BYTES + slots * RECORD_BYTES;
                let cut_off = DumpError::CutOff { file: file(), offset, bytes: rest.len(), ring: whole };
                return rest.get(..whole).map(|ring| (header, ring)).ok_or(cut_off);
            }
            Err(error) => other = other.or(Some(error)),
        }
    }
    Err(DumpError::NoRing { file: file(), bytes: dump.bytes.len(), other })
}

/// The time of the last record: from the ring's own anchor on at its rate.
fn anchor(header: &RingHeader, cycles: u64) -> Anchor {
    let kilohertz = match header.cycles_kilohertz.get() {
        0 => USUAL_KILOHERTZ,
        stated => stated,
    };
    let (first, ticks) = header.anchor().unwrap_or((0, 0));
    let gone = u128::from(cycles.saturating_sub(first)) * 1_000_000_000 / u128::from(kilohertz);
    let picoseconds = u128::from(ticks) * u128::from(PICOSECONDS_OF_TICK) + gone;
    // A core that ended before it looked at the clock has no record behind its anchor.
    Anchor { cycles: cycles.max(first), picoseconds: u64::try_from(picoseconds).unwrap_or(u64::MAX) }
}

/// A constant text of the kernel.
fn text(kernel: &object::File<'_>, place: TextPlace) -> String {
    let (address, length) = (u64::from(place.address), u64::from(place.length));
    let bytes = kernel.segments().find_map(|segment| segment.data_range(address, length).ok().flatten());
    match bytes {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => format!("text at {address:#010x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(bytes: Vec<u8>) -> Dump {
        Dump { core: CoreId::new(5).unwrap(), file: PathBuf::from("core05.bin"), bytes }
    }

    fn ring() -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES + 4 * RECORD_BYTES];
        for (at, word) in [MAGIC, 0x10_0002, 4, 0, 533_000, 1_000, 500, 0].into_iter().enumerate() {
            bytes[4 * at..][..4].copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn ring_is_found_wherever_it_begins() {
        for before in [0, ALIGNMENT, 100 * ALIGNMENT] {
            let dump = dump([vec![0x5A; before], ring(), vec![0x5A; 7]].concat());
            let (header, bytes) = ring_of(&dump).unwrap();
            assert_eq!((header.capacity.get(), bytes), (4, &ring()[..]));
        }
    }

    #[test]
    fn what_is_wrong_with_a_dump_is_told() {
        let told = |bytes| ring_of(&dump(bytes)).unwrap_err().to_string();
        assert!(told(vec![0; 64]).starts_with("core05.bin: no trace ring among 64 bytes\n  next: "));
        let mut later = ring();
        later[4] = 9;
        assert!(
            told(later).starts_with("core05.bin: no trace ring among 96 bytes (trace ring of version 9;")
        );
        let cut = [vec![0; 32], ring()[..50].to_vec()].concat();
        assert_eq!(told(cut), "core05.bin: it ends after 50 of the ring's 96 bytes, which begin at byte 32");
    }

    #[test]
    fn time_goes_on_from_the_rings_own_anchor() {
        let bytes = ring();
        let header = RingHeader::read(&bytes).unwrap();
        // 500 ticks of 8 ns, and 533 cycles at 533 MHz.
        assert_eq!(anchor(&header, 1_533), Anchor { cycles: 1_533, picoseconds: 5_000_000 });
        assert_eq!(anchor(&header, 900), Anchor { cycles: 1_000, picoseconds: 4_000_000 });
    }
}
