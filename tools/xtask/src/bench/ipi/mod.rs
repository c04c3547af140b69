//! `cargo xtask bench ipi`: what letters take, on the emulated chip at 533/800/800 MHz, memory model strict, with the
//! chip's timing. The figures are the same in every run.
//!
//! | figure | cores that boot |
//! |---|---|
//! | one way against distance | ten, at 0 to 8 hops from core 0 |
//! | one way between cores 0 and 46 against the number of cores | 2, 4, 8, 16; the others have mailboxes and sleep |
//! | calls, messages and lent blocks from core 0 to its own tile and to the far corner | 3 |
//! | calls to core 0, barriers, broadcasts and locks against the number of cores | 48 |
//!
//! Letters by each way in which they are noticed. The kernels measure all pairs of the cores: see [`crate::letters`].

mod report;
mod together;

use scc::id::CoreId;
use scc_image::CoreList;

use self::report::Record;
use self::together::{Figure, Together};
use crate::bench::{BenchError, RECORD, budget, commit, host, progress_bar, write_record};
use crate::boot::Platform;
use crate::cli::IpiBenchOptions;
use crate::letters::{Hops, Laboratory, Span, Way};
use crate::program;
use crate::workspace::Workspace;

/// Cores at every distance from core 0.
const DISTANCES: &str = "0-2,4,6,8,10,22,34,46";
/// Growing sets of cores, all with the pair that is looked at.
const CROWDS: [&str; 4] = ["0,46", "0-1,46-47", "0-3,44-47", "0-7,40-47"];
/// The pair.
const PAIR: (u8, u8) = (0, 46);

/// What else is measured: the kernels' word, and the cores that boot.
const TOGETHER: [(&str, &str); 3] = [("calls", "0-1,46"), ("callers", "0-47"), ("crowds", "0-47")];

/// What was measured of one way.
#[derive(Clone, Debug, PartialEq)]
struct Figures {
    way: Way,
    by_hops: Vec<Hops>,
    /// Times of the pair by number of cores.
    by_cores: Vec<(usize, Span)>,
}

/// Measures, prints the report and records it if asked to.
pub(crate) fn ipi(workspace: &Workspace, options: &IpiBenchOptions) -> Result<(), BenchError> {
    println!("bench: building scc-boot and the kernel");
    let laboratory = Laboratory::build(workspace)?;
    let trials = program::kernel(workspace, Platform::Scc, "measure=calls")?;
    let bar = progress_bar(Way::ALL.len() * (1 + CROWDS.len()) + TOGETHER.len());
    let measure = |cores: &str, way: Way| {
        let cores: CoreList = cores.parse().expect("the lists are constants");
        bar.set_message(format!("{} letters of {} cores", way.name(), cores.count()));
        let pairs = laboratory.measure(&cores, way, |_| {});
        bar.inc(1);
        pairs
    };
    let mut figures = Vec::new();
    for way in Way::ALL {
        let by_hops = measure(DISTANCES, way)?.by_hops();
        let mut by_cores = Vec::new();
        for crowd in CROWDS {
            let pairs = measure(crowd, way)?;
            let pair = CoreId::new(PAIR.0).zip(CoreId::new(PAIR.1));
            let span = pair.and_then(|(one, other)| pairs.between(one, other));
            by_cores.extend(span.map(|span| (pairs.cores().count(), span)));
        }
        figures.push(Figures { way, by_hops, by_cores });
    }
    let mut together = Vec::new();
    for (word, cores) in TOGETHER {
        bar.set_message(format!("{word} of cores {cores}"));
        let lines = laboratory.lines(&trials, &cores.parse().expect("the lists are constants"), word)?;
        together.extend(lines.iter().filter_map(|line| Figure::read(line)));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let together = Together(together);
    let record = Record { figures: &figures, together: &together, commit: commit(workspace), host: host() };
    println!("\n{}", record.markdown());
    if options.record {
        write_record(workspace, "ipi.md", &record.markdown())?;
        write_record(workspace, "ipi.json", &format!("{:#}\n", record.json()))?;
        write_record(workspace, "ipi-hops.svg", &record.hops_chart())?;
        write_record(workspace, "ipi-cores.svg", &record.cores_chart())?;
        write_record(workspace, "ipi-send.svg", &together.send_chart())?;
        write_record(workspace, "ipi-barrier.svg", &together.barrier_chart())?;
        println!("bench: written to {RECORD}");
    }
    budget::judge(&record.budgets())
}
