//! What runs on the kernel: a compiler for a P54C, musl, busybox, and the first file system.
//!
//! Nothing of the distribution's 32-bit side is linked: its start files and libgcc have CMOV and ENDBR32. gcc gets a
//! specs file that names musl's start files and, for 64-bit division, `user/division.c`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::config;
use super::places::Places;
use super::sources::Sources;
use super::stamp::{Inputs, Outcome, StampError};
use crate::process::CommandError;
use crate::reporter::Reporter;

/// Options of every compilation: for a Pentium, at fixed addresses, without marks for branch tracking.
const OPTIONS: &[&str] =
    &["-m32", "-march=pentium", "-mtune=pentium", "-fcf-protection=none", "-fno-pie", "-fno-stack-protector"];

/// Bytes of the empty disk: those of the scratch disk, unless the user says otherwise.
const DISK_BYTES: u64 = (super::SCRATCH_MEGABYTES as u64) << 20;
/// Number of its file system, and seed of the hashes in its directories: the same in all builds.
const DISK_NUMBER: &str = "5cc05cc0-0000-4000-8000-000000000004";

/// Builds the C library, unless its inputs are those of the last time.
pub(super) fn c_library(
    places: &Places,
    sources: &Sources,
    compiler: &str,
    reporter: &mut Reporter,
) -> Result<(), UserLandError> {
    let description = package(sources, "musl")?;
    let stamp = Inputs::default().word("compiler", compiler).path(description)?;
    let stamp = stamp.path(&places.own("user/division.c"))?.path(&places.recipe("user_land.rs"))?.stamp()?;
    let done = stamp.unless_at(&places.user("musl.stamp"), || build_musl(places, description, reporter))?;
    if done == Outcome::Before {
        reporter.note("built before".to_owned());
    }
    Ok(())
}

fn build_musl(places: &Places, description: &Path, reporter: &mut Reporter) -> Result<(), UserLandError> {
    let (source, result) = (places.user("musl-source"), places.user("musl"));
    unpack(description, &source, reporter)?;
    let division = division(places, reporter)?;
    let mut configure = Command::new("./configure");
    configure.current_dir(&source).arg(format!("--prefix={}", result.display()));
    configure.args(["--target=i386", "--disable-shared", "AR=ar", "RANLIB=ranlib", "CFLAGS=-Os"]);
    configure.arg(format!("CC=gcc {}", OPTIONS.join(" "))).arg(format!("LIBCC={}", division.display()));
    reporter.quietly(&mut configure)?;
    Ok(reporter.quietly(super::make().arg("-C").arg(&source).arg("install"))?)
}

/// Compiles the division of 64-bit integers into a library of its own.
fn division(places: &Places, reporter: &mut Reporter) -> Result<PathBuf, UserLandError> {
    let (object, library) = (places.user("division.o"), places.user("libdivision.a"));
    let mut gcc = Command::new("gcc");
    gcc.args(OPTIONS).args(["-Os", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-c", "-o"]);
    reporter.quietly(gcc.arg(&object).arg(places.own("user/division.c")))?;
    reporter.quietly(Command::new("ar").arg("rcsD").args([&library, &object]))?;
    Ok(library)
}

/// Writes the compiler for programs: a script that calls gcc with our specs file.
fn compiler(places: &Places) -> Result<PathBuf, UserLandError> {
    let (script, specs) = (places.user("cc"), places.user("cc.specs"));
    write(
        &specs,
        &specs_text(&places.user("musl"), &places.user("headers/usr/include"), &places.user("libdivision.a")),
    )?;
    write(
        &script,
        &format!("#!/bin/sh\nexec gcc {} -specs={} \"$@\"\n", OPTIONS.join(" "), specs.display()),
    )?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))
        .map_err(|source| UserLandError::File { path: script.clone(), source })?;
    Ok(script)
}

/// A specs file ("Specifying Subprocesses and the Switches to Pass to Them" in gcc's manual) for static programs.
fn specs_text(musl: &Path, headers: &Path, division: &Path) -> String {
    let (musl, headers) = (musl.display(), headers.display());
    let include = format!("-nostdinc -isystem {musl}/include -isystem {headers}");
    let library = format!("{musl}/lib");
    [
        ("cpp", include.clone()),
        ("cc1", format!("%(cc1_cpu) {include}")),
        ("link_libgcc", format!("-L{library}")),
        ("lib", "-lc".to_owned()),
        ("libgcc", division.display().to_string()),
        ("startfile", format!("{library}/crt1.o {library}/crti.o")),
        ("endfile", format!("{library}/crtn.o")),
        ("link", "-m elf_i386 -static -nostdlib -z noexecstack".to_owned()),
    ]
    .iter()
    .map(|(name, text)| format!("*{name}:\n{text}\n\n"))
    .collect()
}

/// Builds busybox, unless its inputs are those of the last time.
pub(super) fn busybox(
    places: &Places,
    sources: &Sources,
    reporter: &mut Reporter,
) -> Result<(), UserLandError> {
    let description = package(sources, "busybox")?;
    let choice = places.own("user/busybox.config");
    let stamp = Inputs::default().path(&places.user("musl.stamp"))?.path(&places.user("headers.stamp"))?;
    let stamp = stamp.path(description)?.path(&choice)?.path(&places.recipe("user_land.rs"))?.stamp()?;
    let done = stamp
        .unless_at(&places.user("busybox.stamp"), || build_busybox(places, description, &choice, reporter))?;
    if done == Outcome::Before {
        reporter.note("built before".to_owned());
    }
    Ok(())
}

fn build_busybox(
    places: &Places,
    description: &Path,
    choice: &Path,
    reporter: &mut Reporter,
) -> Result<(), UserLandError> {
    let source = places.user("busybox-source");
    unpack(description, &source, reporter)?;
    let compiler = compiler(places)?;
    let make = || {
        let mut make = super::make();
        make.arg("-C").arg(&source).env("KCONFIG_NOTIMESTAMP", "1").env("SOURCE_DATE_EPOCH", "0");
        make
    };
    let made = source.join(".config");
    let wanted = read(choice)?;
    reporter.quietly(make().arg("allnoconfig"))?;
    write(&made, &config::replaced(&read(&made)?, &wanted))?;
    reporter.quietly(make().arg("oldconfig"))?;
    let dropped: Vec<_> = config::dropped(&wanted, &read(&made)?).into_iter().map(str::to_owned).collect();
    if !dropped.is_empty() {
        return Err(UserLandError::Dropped { lines: dropped.join("\n    ") });
    }
    Ok(reporter.quietly(make().arg(format!("CC={}", compiler.display())))?)
}

/// Programs of ours, each of one file.
const OWN_PROGRAMS: [&str; 2] = ["figures", "torture"];

/// Compiles our programs, with symbols.
pub(super) fn own_programs(places: &Places, reporter: &mut Reporter) -> Result<(), UserLandError> {
    let compiler = compiler(places)?;
    let folder = places.user("own");
    std::fs::create_dir_all(&folder)
        .map_err(|source| UserLandError::File { path: folder.clone(), source })?;
    for name in OWN_PROGRAMS {
        let mut gcc = Command::new(&compiler);
        gcc.args(["-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]);
        gcc.args(["-Wno-missing-field-initializers", "-Wno-infinite-recursion", "-static", "-no-pie", "-o"]);
        reporter.quietly(gcc.arg(folder.join(name)).arg(places.own(&format!("user/{name}.c"))))?;
    }
    Ok(())
}

/// The files of our programs.
pub(super) fn own_program_files(places: &Places) -> impl Iterator<Item = PathBuf> {
    let folder = places.user("own");
    OWN_PROGRAMS.into_iter().map(move |name| folder.join(name))
}

/// The program, and the same with its symbols.
pub(super) fn busybox_files(places: &Places) -> (PathBuf, PathBuf) {
    (places.user("busybox-source/busybox"), places.user("busybox-source/busybox_unstripped"))
}

/// Packs the first file system with the program that Linux brings for that.
pub(super) fn file_system(places: &Places, reporter: &mut Reporter) -> Result<(), UserLandError> {
    let packer = places.user("gen_init_cpio");
    let source = places.tree().join("usr/gen_init_cpio.c");
    reporter.quietly(Command::new("gcc").args(["-O1", "-o"]).args([&packer, &source]))?;
    empty_disk(places, reporter)?;
    let mut pack = Command::new(&packer);
    pack.env("BUILD", places.user("busybox-source")).env("OWN", places.own("user"));
    pack.env("PROGRAMS", places.user("own")).env("DISKS", places.user("disks"));
    let output = pack.args(["-t", "0"]).arg(places.own("user/files.list")).output();
    let failed = |source| CommandError::Start { program: "gen_init_cpio".to_owned(), source };
    let output = output.map_err(failed)?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(
            CommandError::Failed { command: "gen_init_cpio".to_owned(), status: output.status }.into()
        );
    }
    let place = places.file_system();
    std::fs::write(&place, output.stdout).map_err(|source| UserLandError::File { path: place, source })
}

/// Makes an empty disk with ext4, compressed. Its clock stands still, so that all builds make the same.
fn empty_disk(places: &Places, reporter: &mut Reporter) -> Result<(), UserLandError> {
    let disk = places.user("disks/ext4");
    let failed = |source| UserLandError::File { path: places.user("disks/ext4"), source };
    std::fs::create_dir_all(places.user("disks")).map_err(failed)?;
    std::fs::File::create(&disk).and_then(|file| file.set_len(DISK_BYTES)).map_err(failed)?;
    let mut make = Command::new("/sbin/mke2fs");
    make.args(["-q", "-F", "-t", "ext4", "-b", "1024", "-N", "256", "-m", "0", "-J", "size=1"]);
    make.args(["-O", "^resize_inode", "-U", DISK_NUMBER, "-E"]);
    make.arg(format!("hash_seed={DISK_NUMBER},lazy_itable_init=0,lazy_journal_init=0")).arg(&disk);
    make.env("SOURCE_DATE_EPOCH", "1").env("E2FSPROGS_FAKE_TIME", "1");
    reporter.quietly(&mut make)?;
    Ok(reporter.quietly(Command::new("gzip").args(["-9", "-n", "-f"]).arg(&disk))?)
}

/// Unpacks a source package with the distribution's patches.
fn unpack(description: &Path, folder: &Path, reporter: &mut Reporter) -> Result<(), UserLandError> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(UserLandError::File { path: folder.to_path_buf(), source });
        }
        _ => {}
    }
    // dpkg-source compares the digests in the description; apt has checked the description's own.
    Ok(reporter.quietly(Command::new("dpkg-source").arg("-x").args([description, folder]))?)
}

fn package<'a>(sources: &'a Sources, name: &str) -> Result<&'a Path, UserLandError> {
    let named = |path: &&PathBuf| {
        path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}_")))
    };
    let found = sources.programs.iter().find(named);
    found.map(PathBuf::as_path).ok_or_else(|| UserLandError::NoPackage { name: name.to_owned() })
}

fn read(path: &Path) -> Result<String, UserLandError> {
    std::fs::read_to_string(path).map_err(|source| UserLandError::File { path: path.to_path_buf(), source })
}

fn write(path: &Path, text: &str) -> Result<(), UserLandError> {
    std::fs::write(path, text).map_err(|source| UserLandError::File { path: path.to_path_buf(), source })
}

/// Why there are no programs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserLandError {
    /// The record of sources does not name a package that is needed.
    #[error("guests/linux/sources.toml does not name {name}")]
    NoPackage {
        /// The package.
        name: String,
    },
    /// busybox's configuration did not take some lines.
    #[error(
        "busybox's configuration does not take these lines of guests/linux/user/busybox.config:\n    {lines}"
    )]
    Dropped {
        /// The lines.
        lines: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Inputs cannot be read.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_name_nothing_of_the_distribution() {
        let text = specs_text(Path::new("/m"), Path::new("/h"), Path::new("/d/libdivision.a"));
        assert!(text.contains("*startfile:\n/m/lib/crt1.o /m/lib/crti.o\n\n"));
        assert!(text.contains("*libgcc:\n/d/libdivision.a\n\n"));
        assert!(!text.contains("crtbegin") && !text.contains("libgcc.a"));
    }
}
