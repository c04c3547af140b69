//! Programs of the system: which package brings them, what they are for, and their installation with apt-get.
//!
//! Presence is judged by the program or file itself, not by the package database, so any way of installing
//! them counts.

use std::path::Path;
use std::process::Command;

use crate::process;
use crate::setup::{Need, Purpose};

/// A Debian package and what this project does with it.
#[derive(Debug)]
pub(super) struct Package {
    /// Debian's name.
    pub(super) name: &'static str,
    /// What is off without it, to be read after "no ".
    pub(super) used_for: &'static str,
    evidence: Evidence,
    purposes: &'static [Purpose],
}

/// How one sees that a package is there.
#[derive(Debug)]
enum Evidence {
    /// A program on the search path.
    Program(&'static str),
    /// A file.
    File(&'static str),
    /// gcc finds the start-up code of 32-bit programs.
    Linker32Bit,
}

/// Every package, in the order in which they are named to the user.
const PACKAGES: &[Package] = &[
    Package {
        name: "gcc",
        used_for: "linking of programs for this machine",
        evidence: Evidence::Program("gcc"),
        purposes: &[Purpose::Ci, Purpose::CGuest, Purpose::Guest],
    },
    Package {
        name: "gcc-multilib",
        used_for: "tests as 32-bit programs",
        evidence: Evidence::Linker32Bit,
        purposes: &[Purpose::Ci],
    },
    Package {
        name: "qemu-system-x86",
        used_for: "comparison with QEMU",
        evidence: Evidence::Program("qemu-system-i386"),
        purposes: &[Purpose::Pc, Purpose::Ci, Purpose::Bench, Purpose::Guest],
    },
    Package {
        name: "bochs",
        used_for: "comparison with Bochs",
        evidence: Evidence::Program("bochs"),
        purposes: &[Purpose::Ci, Purpose::Bench],
    },
    Package {
        name: "bochsbios",
        used_for: "comparison with Bochs",
        evidence: Evidence::File("/usr/share/bochs/BIOS-bochs-latest"),
        purposes: &[Purpose::Ci, Purpose::Bench],
    },
    Package {
        name: "gdb",
        used_for: "debugging of guests with a real gdb",
        evidence: Evidence::Program("gdb"),
        purposes: &[Purpose::Ci],
    },
    Package {
        name: "chromium",
        used_for: "test of the trace's page in a browser",
        evidence: Evidence::Program("chromium"),
        purposes: &[Purpose::Ci],
    },
    Package {
        name: "libc6-dev",
        used_for: "tools of the Linux guest's build",
        evidence: Evidence::File("/usr/include/stdio.h"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "make",
        used_for: "build of the Linux guest",
        evidence: Evidence::Program("make"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "bc",
        used_for: "build of the Linux guest",
        evidence: Evidence::Program("bc"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "flex",
        used_for: "build of the Linux guest",
        evidence: Evidence::Program("flex"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "bison",
        used_for: "build of the Linux guest",
        evidence: Evidence::Program("bison"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "perl",
        used_for: "build of the Linux guest",
        evidence: Evidence::Program("perl"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "xz-utils",
        used_for: "sources of the Linux guest",
        evidence: Evidence::Program("xz"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "bzip2",
        used_for: "sources of the Linux guest",
        evidence: Evidence::Program("bzip2"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "e2fsprogs",
        used_for: "empty disk of the Linux guest",
        evidence: Evidence::File("/sbin/mke2fs"),
        purposes: &[Purpose::Guest],
    },
    Package {
        name: "dpkg-dev",
        used_for: "sources of the Linux guest",
        evidence: Evidence::Program("dpkg-source"),
        purposes: &[Purpose::Guest],
    },
];

impl Package {
    fn serves(&self, purpose: Purpose) -> bool {
        purpose == Purpose::Everything || self.purposes.contains(&purpose)
    }

    fn is_present(&self) -> bool {
        match self.evidence {
            Evidence::Program(program) => is_on_the_search_path(program),
            Evidence::File(path) => Path::new(path).exists(),
            // gcc prints the bare name of a file that it does not find, its path otherwise.
            Evidence::Linker32Bit => {
                process::output(Command::new("gcc").args(["-m32", "-print-file-name=crt1.o"]))
                    .is_ok_and(|answer| Path::new(answer.trim()).is_absolute())
            }
        }
    }
}

/// Looks which packages `purpose` needs are there.
pub(super) fn survey(purpose: Purpose) -> Vec<Need> {
    let as_root = if is_root() { "" } else { "sudo " };
    let wanted = PACKAGES.iter().filter(|package| package.serves(purpose));
    wanted
        .map(|package| Need {
            name: package.name.to_owned(),
            used_for: package.used_for,
            is_met: package.is_present(),
            remedy: format!("{as_root}apt-get {}", install_arguments(&[package]).join(" ")),
        })
        .collect()
}

/// Installs what `purpose` lacks where that is possible, says so, and returns what is still missing.
pub(super) fn ensure(purpose: Purpose) -> Vec<&'static Package> {
    let wanted: Vec<_> = PACKAGES.iter().filter(|package| package.serves(purpose)).collect();
    let missing = absent(&wanted);
    if missing.is_empty() || !is_on_the_search_path("apt-get") {
        return missing;
    }
    let install = install_arguments(&missing);
    if !is_root() {
        println!("setup: to install what is missing: sudo apt-get {}", install.join(" "));
        return missing;
    }
    println!("setup: apt-get {}", install.join(" "));
    // Package lists may be absent or stale, as in fresh containers: fetch them and try once more.
    if !process::probe(&mut apt_get(&install)) {
        println!("setup: apt-get update");
        let renewed = process::probe(&mut apt_get(&["update".to_owned()]));
        if let Err(error) = process::run(&mut apt_get(&install)) {
            println!(
                "setup: {error}{}",
                if renewed { "" } else { " (and the package lists could not be fetched)" }
            );
        }
    }
    absent(&wanted)
}

fn absent(packages: &[&'static Package]) -> Vec<&'static Package> {
    packages.iter().copied().filter(|package| !package.is_present()).collect()
}

fn install_arguments(packages: &[&Package]) -> Vec<String> {
    let options = ["install", "--yes", "--no-install-recommends"].into_iter();
    options.chain(packages.iter().map(|package| package.name)).map(str::to_owned).collect()
}

fn apt_get(arguments: &[String]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn is_on_the_search_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_needs_no_package() {
        assert!(!PACKAGES.iter().any(|package| package.serves(Purpose::Boot)));
    }

    #[test]
    fn bench_needs_the_other_emulators_but_no_debugger() {
        let names: Vec<_> = PACKAGES.iter().filter(|p| p.serves(Purpose::Bench)).map(|p| p.name).collect();
        assert_eq!(names, ["qemu-system-x86", "bochs", "bochsbios"]);
    }

    #[test]
    fn guest_needs_no_32_bit_libraries_and_no_other_judge() {
        let names: Vec<_> = PACKAGES.iter().filter(|p| p.serves(Purpose::Guest)).map(|p| p.name).collect();
        assert!(names.contains(&"flex") && names.contains(&"qemu-system-x86"));
        assert!(!names.contains(&"gcc-multilib") && !names.contains(&"bochs"));
    }

    #[test]
    fn search_path_lookup_tells_programs_apart() {
        assert!(is_on_the_search_path("sh"));
        assert!(!is_on_the_search_path("no-such-program-here"));
    }

    #[test]
    fn install_command_names_each_package_once() {
        let packages: Vec<_> = PACKAGES.iter().filter(|p| p.serves(Purpose::Bench)).collect();
        assert_eq!(
            install_arguments(&packages).join(" "),
            "install --yes --no-install-recommends qemu-system-x86 bochs bochsbios"
        );
    }
}
