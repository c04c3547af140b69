//! What a kernel that is built here understands of a user's words, told before it is built.
//!
//! Services are the lines of the registry in `kernel/service`, words those of the table above the kernel's command line. Both
//! are read as text: this program imports neither, and so still formats and lints while somebody changes them. Values of words
//! are the kernel's business, which says on its console what it does not understand; but it is known here which cores there are.

use std::io;
use std::path::PathBuf;

use scc::id::CoreId;
use scc_image::CoreList;

use crate::board_arguments::BoardArguments;
use crate::workspace::Workspace;

/// Where services are registered, and what stands behind a name there.
const REGISTRY: &str = "kernel/service/src/registry.rs";
const SERVES: &str = ": serves [";
/// Where the kernel's words are listed, and what stands before one there.
const WORDS: &str = "kernel/src/command_line.rs";
const ROW: &str = "//! | `";
/// Words of which the part behind `@` is the core that does it.
const AT_A_CORE: [&str; 3] = ["restart", "stop", "provoke"];

/// Checks the services and the kernel's words.
///
/// # Errors
/// [`WordError`] with the first that means nothing.
pub(super) fn check(workspace: &Workspace, board: &BoardArguments) -> Result<(), WordError> {
    if let Some(services) = &board.services {
        check_services(&services_of(workspace)?, services, &board.cores)?;
    }
    let Some(line) = &board.command_line else { return Ok(()) };
    let known = words_of(workspace)?;
    for word in line.split_ascii_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        if !known.iter().any(|known| known == key) {
            return Err(WordError::Word { word: word.to_owned(), known: known.join(", ") });
        }
        if key == "services" {
            check_services(&services_of(workspace)?, value, &board.cores)?;
        }
        let core = value.split_once('@').and_then(|(_, core)| core.parse().ok().and_then(CoreId::new));
        if let Some(core) = core.filter(|core| AT_A_CORE.contains(&key) && !board.cores.contains(*core)) {
            return Err(WordError::NotBooted { word: word.to_owned(), core, cores: board.cores.clone() });
        }
    }
    Ok(())
}

/// Checks a list of services, as crate `service` reads it, and that their cores are booted.
fn check_services(known: &[String], list: &str, booted: &CoreList) -> Result<(), WordError> {
    for part in list.split(',').filter(|part| !["all", "none"].contains(part)) {
        let (name, cores) = part.split_once('@').map_or((part, None), |(name, cores)| (name, Some(cores)));
        if !known.iter().any(|known| known == name) {
            return Err(WordError::Service { name: name.to_owned(), known: known.join(", ") });
        }
        let Some(cores) = cores else { continue };
        let wrong = || WordError::Cores { part: part.to_owned() };
        let cores = core_list(cores).ok_or_else(wrong)?;
        if let Some(core) = cores.iter().find(|core| !booted.contains(*core)) {
            return Err(WordError::NotBooted { word: part.to_owned(), core, cores: booted.clone() });
        }
    }
    Ok(())
}

/// Reads `0-3+7`, as kernels do.
fn core_list(text: &str) -> Option<CoreList> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'));
    text.replace('+', ",").parse().ok().filter(|_| is_plain)
}

/// Names of the services in the registry.
fn services_of(workspace: &Workspace) -> Result<Vec<String>, WordError> {
    listed(workspace, REGISTRY, |line| {
        let (name, _) = line.strip_prefix("    ")?.split_once(SERVES)?;
        let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        name.bytes().all(is_name).then_some(name)
    })
}

/// Words of the kernel's command line, without their values.
fn words_of(workspace: &Workspace) -> Result<Vec<String>, WordError> {
    let mut words = listed(workspace, WORDS, |line| {
        let (word, _) = line.strip_prefix(ROW)?.split_once('`')?;
        Some(word.split_once('=').map_or(word, |(key, _)| key))
    })?;
    words.sort();
    words.dedup();
    Ok(words)
}

/// What `find` finds in the lines of a source file, at least one.
fn listed(
    workspace: &Workspace,
    file: &'static str,
    find: impl Fn(&str) -> Option<&str>,
) -> Result<Vec<String>, WordError> {
    let path = workspace.root().join(file);
    let text = std::fs::read_to_string(&path).map_err(|source| WordError::Read { path, source })?;
    let found: Vec<_> = text.lines().filter_map(find).map(str::to_owned).collect();
    if found.is_empty() { Err(WordError::NoList { file }) } else { Ok(found) }
}

/// Why no kernel is told these words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WordError {
    /// No service of the kernel.
    #[error(
        "`{name}` is no service; there are {known}\n  next: for example --services echo,ping@0; docs/kernel.md tells what each does"
    )]
    Service {
        /// The user's word.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// No cores.
    #[error("`{part}`: cores are written as 3, 0-2 or 0-2+7, and numbered 0 to 47")]
    Cores {
        /// The user's words.
        part: String,
    },
    /// A core that does not take part.
    #[error("`{word}`: core {core} is not booted; --cores has {cores}")]
    NotBooted {
        /// The user's words.
        word: String,
        /// The core.
        core: CoreId,
        /// Those that are booted.
        cores: CoreList,
    },
    /// No word of the kernel.
    #[error("the kernel does not know `{word}`; its words are {known}\n  next: docs/kernel.md explains them")]
    Word {
        /// The user's word.
        word: String,
        /// Those that there are.
        known: String,
    },
    /// A source file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A source file has changed its form.
    #[error("{file} lists nothing that could be compared with the options")]
    NoList {
        /// The file, from the root.
        file: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        board: BoardArguments,
    }

    fn said(words: &[&str]) -> Result<(), String> {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let line = Line::try_parse_from([&["boot"], words].concat()).expect("parses");
        check(&workspace, &line.board).map_err(|error| error.to_string())
    }

    #[test]
    fn services_that_there_are_pass_on_cores_that_are_booted() {
        for list in ["all", "none", "echo", "echo@3,ping@0", "kv@0-2,all", "echo@0-1+3"] {
            assert_eq!(said(&["--cores", "0-3", "--services", list]), Ok(()), "{list}");
        }
    }

    #[test]
    fn other_services_are_refused_with_those_that_there_are() {
        for list in ["nope", "echo,nope@1", "", "echo,", "echo, ping", "Echo"] {
            let refused = said(&["--services", list]).expect_err(list);
            assert!(
                refused.contains("is no service; there are block, console, control, echo, "),
                "{refused}"
            );
        }
    }

    #[test]
    fn cores_of_services_are_cores_that_are_booted() {
        for list in ["echo@", "echo@48", "echo@3-2", "echo@1@2", "echo@all", "echo@1 "] {
            let refused = said(&["--services", list]).expect_err(list);
            assert!(refused.contains("numbered 0 to 47"), "{refused}");
        }
        let refused = said(&["--cores", "0-3", "--services", "echo@2-4"]);
        assert_eq!(refused, Err("`echo@2-4`: core 4 is not booted; --cores has 0-3".to_owned()));
        assert!(said(&["--command-line", "services=nope"]).is_err());
    }

    #[test]
    fn words_that_the_kernel_does_not_know_are_refused_with_those_it_knows() {
        assert_eq!(said(&["--command-line", "selftest=ipi trace=letters  log=debug"]), Ok(()));
        let refused = said(&["--command-line", "log=debug meassure=kernel"]).expect_err("no such word");
        assert!(refused.contains("`meassure=kernel`; its words are boot, cores, log, "), "{refused}");
    }

    #[test]
    fn words_about_a_core_are_about_one_that_is_booted() {
        let with = |word| said(&["--cores", "0-3", "--command-line", word]);
        assert_eq!((with("provoke=panic@3"), with("restart=7@3")), (Ok(()), Ok(())));
        for word in ["provoke=panic@4", "restart=0@4", "stop=0@47"] {
            assert!(with(word).expect_err(word).contains("is not booted"), "{word}");
        }
    }

    /// The lists are what the sources say: each service has a module, each word of the parser a row.
    #[test]
    fn lists_are_those_of_the_sources() {
        let workspace = Workspace::locate().expect("tests run inside the workspace");
        let services = services_of(&workspace).expect("the registry has services");
        let folder = workspace.root().join(REGISTRY).with_file_name("");
        for name in &services {
            assert!(folder.join(format!("{name}.rs")).exists() || folder.join(name).is_dir(), "{name}");
        }
        let words = words_of(&workspace).expect("the table has words");
        let parser = std::fs::read_to_string(workspace.root().join(WORDS)).expect("readable");
        let arms = parser.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split_once("\", "));
        let understood: Vec<_> = arms.filter(|(_, rest)| rest.contains("=>")).map(|(key, _)| key).collect();
        assert!(understood.len() > 10, "{understood:?}");
        for key in understood {
            assert!(words.iter().any(|word| word == key), "{key} has no row");
        }
    }
}
