//! `cargo xtask bench trace`: what tracing costs, on the emulated chip at 533/800/800 MHz, memory model strict, with the
//! chip's timing. The figures are the same in every run.
//!
//! | How | Kernel and words |
//! |---|---|
//! | compiled out | feature `untraced`: what is recorded is how a core gets on |
//! | off | as it is: tasks, interrupts, doorbells and calls are recorded |
//! | on | letters and guests, too: `trace=letters`, `trace=guests` |
//!
//! Each way runs letters between cores 0 and 46, and guest `figures` on core 0. That nothing is left of what is compiled out
//! is counted in the image: the instruction that takes the number of a record addresses the ring by a constant.

mod report;
mod sites;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use scc::id::CoreId;
use scc_image::CoreList;

use self::report::{Figure, Record};
use self::sites::Sites;
use crate::bench::{BenchError, RECORD, budget, commit, host, write_record};
use crate::cli::TraceBenchOptions;
use crate::figures::{Cycles, SETTING, cycles_in};
use crate::letters::{Pairs, Way};
use crate::process;
use crate::program::{self, Profile};
use crate::workspace::{CORE_TARGET, Workspace};

/// Cores that exchange letters.
const PAIR: (u8, u8) = (0, 46);
/// What guest `figures` measures, and what it is.
const GUEST_FIGURES: [(&str, &str); 3] = [
    ("call", "a hypercall that does nothing"),
    ("exception", "an exception of a guest, to its own handler"),
    ("deliver", "a pending interrupt, from the hypercall that asks for it to the guest's handler"),
];

/// How much is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traced {
    Out,
    Off,
    On,
}

impl Traced {
    const ALL: [Self; 3] = [Self::Out, Self::Off, Self::On];
}

/// The programs that measure.
struct Stand {
    board: PathBuf,
    kernel: PathBuf,
    untraced: PathBuf,
    guest: PathBuf,
    folder: PathBuf,
}

/// Measures, prints the report and records it if asked to.
pub(crate) fn trace(workspace: &Workspace, options: &TraceBenchOptions) -> Result<(), BenchError> {
    let stand = Stand::build(workspace)?;
    let alone = stand.run(&stand.kernel, &["--cores", "0", "--command-line", "measure=kernel"])?;
    let alone = cycles_in(&alone);
    let median = |name: &str| alone.get(name).map(|cycles| cycles.median);
    let record = median("record").zip(median("clock")).map(|(record, clock)| record.saturating_sub(clock));
    let mut figures = Vec::new();
    for way in Way::ALL {
        let what = format!("a letter between cores {} and {}, {}, one way", PAIR.0, PAIR.1, way.name());
        figures.push(Figure { what, cycles: stand.each(|traced| stand.letter(traced, way))? });
    }
    let guest = stand.each(|traced| stand.guest(traced))?;
    for (name, what) in GUEST_FIGURES {
        let [Some(out), Some(off), Some(on)] =
            guest.each_ref().map(|cycles| cycles.get(name).map(|cycles| cycles.median))
        else {
            return Err(BenchError::NoCounts { reason: "the guest printed no figures" });
        };
        figures.push(Figure { what: what.to_owned(), cycles: [out, off, on] });
    }
    let record = Record {
        record,
        figures,
        sites: [Sites::of(&stand.kernel)?, Sites::of(&stand.untraced)?],
        commit: commit(workspace),
        host: host(),
    };
    println!("\n{}", record.markdown());
    if options.record {
        write_record(workspace, "trace.md", &record.markdown())?;
        write_record(workspace, "trace.json", &format!("{:#}\n", record.json()))?;
        println!("bench: written to {RECORD}");
    }
    budget::judge(&record.budgets())
}

impl Stand {
    fn build(workspace: &Workspace) -> Result<Self, BenchError> {
        println!("bench: building scc-boot, the guest and two kernels");
        let folder = workspace.scratch().join("bench").join("trace");
        std::fs::create_dir_all(&folder)
            .map_err(|source| BenchError::File { path: folder.clone(), source })?;
        // One program takes the other's place, so both are copied.
        let kernel = |name: &str, features: &str| {
            let options = ["--bin", "kernel-trials", "--features", features];
            let built =
                program::build_with(workspace, "kernel", Some(CORE_TARGET), Profile::Kernel, &options)?;
            let copy = folder.join(name);
            std::fs::copy(&built, &copy).map_err(|source| BenchError::File { path: built, source })?;
            Ok::<_, BenchError>(copy)
        };
        Ok(Self {
            board: program::build(workspace, "scc-boot", None)?,
            guest: program::build_as(workspace, "figures", Some(CORE_TARGET), Profile::Kernel)?,
            untraced: kernel("untraced", "trials,untraced")?,
            kernel: kernel("traced", "trials")?,
            folder,
        })
    }

    /// Measures in each way.
    fn each<T>(&self, measure: impl Fn(Traced) -> Result<T, BenchError>) -> Result<[T; 3], BenchError> {
        let [out, off, on] = Traced::ALL;
        Ok([measure(out)?, measure(off)?, measure(on)?])
    }

    fn run(&self, kernel: &Path, words: &[&str]) -> Result<String, BenchError> {
        println!("bench: scc-boot {} {}", SETTING.join(" "), words.join(" "));
        let mut command = Command::new(&self.board);
        command.arg(kernel).arg("--image").arg(self.folder.join("image")).args(SETTING).args(words);
        Ok(process::output(&mut command)?)
    }

    /// The kernel of a way, and the words that it is told behind others.
    fn kernel(&self, traced: Traced, word: &'static str) -> (&Path, &'static str) {
        match traced {
            Traced::Out => (&self.untraced, ""),
            Traced::Off => (&self.kernel, ""),
            Traced::On => (&self.kernel, word),
        }
    }

    /// Median time of a letter.
    fn letter(&self, traced: Traced, way: Way) -> Result<u64, BenchError> {
        let (kernel, word) = self.kernel(traced, "trace=letters");
        let cores: CoreList = format!("{},{}", PAIR.0, PAIR.1).parse().expect("the pair is a constant");
        let line = format!("measure={} {word}", way.name());
        let output = self.run(kernel, &["--cores", &cores.to_string(), "--command-line", line.trim_end()])?;
        let mut pairs = Pairs::new(cores);
        output.lines().for_each(|line| {
            pairs.read(line, way);
        });
        let (one, other) = CoreId::new(PAIR.0).zip(CoreId::new(PAIR.1)).expect("they are cores");
        let span = pairs.between(one, other);
        let reason = "the kernels did not measure their letters";
        span.map(|span| u64::from(span.median)).ok_or(BenchError::NoCounts { reason })
    }

    /// What the guest measures.
    fn guest(&self, traced: Traced) -> Result<BTreeMap<String, Cycles>, BenchError> {
        let (kernel, word) = self.kernel(traced, "trace=guests");
        let guest = self.guest.to_string_lossy();
        let mut words = vec!["--cores", "0", "--guest-memory", "4", "--guest", &*guest];
        if !word.is_empty() {
            words.extend(["--command-line", word]);
        }
        Ok(cycles_in(&self.run(kernel, &words)?))
    }
}
