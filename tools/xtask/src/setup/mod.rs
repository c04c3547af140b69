//! `cargo xtask setup`: what the machine must have, and how it gets it; also called by the verbs that need it.
//!
//! Two kinds of things. The Rust side (target and components, [`rust`]) is required: without it nothing can be
//! checked, so failing to add it is an error. Programs of the system ([`packages`]) are judges and linkers for
//! some of the tests: they are installed if this is Debian and we are root; otherwise the command is printed,
//! the work goes on without them, and [`Readiness`] says what is off.

mod packages;
mod rust;

use std::fmt;

use crate::setup::packages::Package;
use crate::workspace::Workspace;

/// What the machine is about to be used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// Building the kernel and booting it on the emulator, which needs the Rust target and no programs.
    Boot,
    /// Building it for a PC and booting it under QEMU.
    Pc,
    /// Building C programs as bare-metal guests.
    CGuest,
    /// Comparing speed with other emulators.
    Bench,
    /// The whole gate.
    Ci,
    /// Building the Linux guest and booting it under QEMU.
    Guest,
    /// All of the above.
    Everything,
}

/// The state of the machine after [`ensure`].
#[derive(Debug)]
pub(crate) struct Readiness {
    missing: Vec<&'static Package>,
}

impl Readiness {
    /// One line for each package that is missing: its name and what is off without it.
    pub(crate) fn shortcomings(&self) -> impl Iterator<Item = String> {
        self.missing
            .iter()
            .map(|package| format!("{} is not installed: no {}", package.name, package.used_for))
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.missing.is_empty() {
            return write!(formatter, "setup: complete");
        }
        write!(formatter, "setup: usable")?;
        self.shortcomings().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

/// One thing that a purpose needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// What it is called.
    pub(crate) name: String,
    /// What is off without it, to be read after "no ".
    pub(crate) used_for: &'static str,
    /// Whether it is there.
    pub(crate) is_met: bool,
    /// Command that gets it.
    pub(crate) remedy: String,
}

/// Looks at what `purpose` needs and changes nothing.
pub(crate) fn survey(workspace: &Workspace, purpose: Purpose) -> Vec<Need> {
    let rust = match purpose {
        Purpose::Boot | Purpose::Everything => vec![rust::survey_target(workspace)],
        Purpose::Ci => rust::survey_components(workspace),
        Purpose::Pc | Purpose::CGuest | Purpose::Bench | Purpose::Guest => Vec::new(),
    };
    rust.into_iter().chain(packages::survey(purpose)).collect()
}

/// Makes the machine ready for `purpose`; does nothing, quickly, if it is.
pub(crate) fn ensure(workspace: &Workspace, purpose: Purpose) -> Result<Readiness, SetupError> {
    rust::ensure_target(workspace)?;
    if !matches!(purpose, Purpose::Boot | Purpose::Pc | Purpose::CGuest | Purpose::Guest) {
        rust::ensure_components(workspace)?;
    }
    Ok(Readiness { missing: packages::ensure(purpose) })
}

/// Why the machine cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// Something of the Rust toolchain is missing and rustup did not add it.
    #[error(transparent)]
    Rust(#[from] rust::RustError),
}
