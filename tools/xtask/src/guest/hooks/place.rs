//! Places in a file of Linux, named by identifiers.

use serde::Deserialize;

use super::text::Text;

/// Where a text goes.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Place {
    /// Behind the opening brace of the definition of a function.
    Function(String),
    /// Before the line with the only call of a function within the definition of another.
    BeforeCall {
        /// The function that is called.
        call: String,
        /// The one whose definition holds the call.
        within: String,
    },
    /// Instead of the only occurrence of a word within the definition of a function.
    Word {
        /// The word.
        word: String,
        /// The function.
        within: String,
    },
    /// Behind the line of a label of assembly, given without its colon.
    Label(String),
    /// Behind the line by which a macro named `SYM_…START…` begins a function of assembly.
    Entry(String),
    /// Behind the line that includes a header, given without its brackets.
    Include(String),
    /// Before the last `#endif`, which closes the guard of a header.
    GuardEnd,
    /// Behind everything.
    End,
}

/// Why a text has no place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlaceError {
    /// Nothing, or more than one thing, is of that name.
    #[error("{what} `{name}` is found {times} times, not once")]
    NotOnce {
        /// What kind of thing was looked for.
        what: &'static str,
        /// Its name.
        name: String,
        /// How often it was found.
        times: usize,
    },
}

impl Place {
    /// `file` with `text` at this place.
    ///
    /// # Errors
    /// [`PlaceError`] if the place is not there exactly once.
    pub(super) fn put(&self, file: &str, text: &str) -> Result<String, PlaceError> {
        let source = Text::new(file);
        let (from, to) = self.find(&source)?;
        let text = if from == to { lines_at(file, from, text) } else { text.to_owned() };
        Ok([&file[..from], &text, &file[to..]].concat())
    }

    /// The bytes that the text replaces; none if it is only put in.
    fn find(&self, source: &Text<'_>) -> Result<(usize, usize), PlaceError> {
        let file = source.original();
        let at = match self {
            Self::Function(name) => body(source, name)?.start,
            Self::BeforeCall { call, within } => {
                let call_at = once("call of", call, source.words(call, body(source, within)?))?;
                source.line_start(call_at)
            }
            Self::Word { word, within } => {
                let at = once("word", word, source.words(word, body(source, within)?))?;
                return Ok((at, at + word.len()));
            }
            Self::Label(name) => {
                let labels = source.words(name, 0..file.len()).into_iter().filter(|at| {
                    source.line_start(*at) == *at && source.code().get(at + name.len()) == Some(&b':')
                });
                source.next_line(once("label", name, labels.collect())?)
            }
            Self::Entry(name) => {
                let entries = source.words(name, 0..file.len()).into_iter().filter(|at| {
                    let before = &file[source.line_start(*at)..*at];
                    before.starts_with("SYM_") && before.contains("START") && before.ends_with('(')
                });
                source.next_line(once("entry", name, entries.collect())?)
            }
            Self::Include(header) => {
                let wanted = format!("<{header}>");
                let includes = lines(file).filter(|(_, line)| {
                    line.strip_prefix("#include").is_some_and(|rest| rest.trim() == wanted)
                });
                source.next_line(once("include", header, includes.map(|(at, _)| at).collect())?)
            }
            Self::GuardEnd => {
                let last = lines(file).filter(|(_, line)| line.starts_with("#endif")).last();
                once("closing", "#endif", last.map(|(at, _)| at).into_iter().collect())?
            }
            Self::End => file.len(),
        };
        Ok((at, at))
    }
}

/// The text as whole lines, whatever is before and behind the place.
fn lines_at(file: &str, at: usize, text: &str) -> String {
    let before = if at == 0 || file[..at].ends_with('\n') { "" } else { "\n" };
    let after = if text.ends_with('\n') { "" } else { "\n" };
    // Behind an opening brace the rest of its line stays: a line's end if nothing follows.
    let text = format!("{before}{text}{after}");
    if before == "\n" && file[at..].starts_with('\n') { text.trim_end_matches('\n').to_owned() } else { text }
}

fn body(source: &Text<'_>, name: &str) -> Result<std::ops::Range<usize>, PlaceError> {
    let bodies = source.bodies(name);
    once("definition of function", name, bodies)
}

fn lines(file: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    file.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end())
    })
}

fn once<T>(what: &'static str, name: &str, found: Vec<T>) -> Result<T, PlaceError> {
    let times = found.len();
    let mut found = found.into_iter();
    match (found.next(), times) {
        (Some(only), 1) => Ok(only),
        _ => Err(PlaceError::NotOnce { what, name: name.to_owned(), times }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(place: &Place, file: &str) -> String {
        place.put(file, "HERE").expect("the place is there once")
    }

    fn times(place: &Place, file: &str) -> usize {
        let PlaceError::NotOnce { times, .. } = place.put(file, "HERE").expect_err("not there once");
        times
    }

    #[test]
    fn function_takes_the_text_behind_its_brace() {
        let place = Place::Function("f".into());
        assert_eq!(
            put(&place, "int f(void);\nint f(void)\n{\n\tg();\n}\n"),
            "int f(void);\nint f(void)\n{\nHERE\n\tg();\n}\n"
        );
        assert_eq!(put(&place, "void f(void) { }\n"), "void f(void) {\nHERE\n }\n");
    }

    #[test]
    fn function_that_is_missing_or_defined_twice_is_refused() {
        let place = Place::Function("f".into());
        assert_eq!(times(&place, "int f(void);\nint ff(void) { f(); }\n"), 0);
        assert_eq!(times(&place, "#if A\nvoid f(void) {}\n#else\nvoid f(void) {}\n#endif\n"), 2);
    }

    #[test]
    fn call_and_word_are_looked_for_in_the_named_function_only() {
        let file = "void a(void)\n{\n\tg(X);\n}\nvoid b(void)\n{\n\th();\n\tg(X);\n}\n";
        let call = Place::BeforeCall { call: "g".into(), within: "b".into() };
        assert_eq!(
            put(&call, file),
            "void a(void)\n{\n\tg(X);\n}\nvoid b(void)\n{\n\th();\nHERE\n\tg(X);\n}\n"
        );
        let word = Place::Word { word: "X".into(), within: "a".into() };
        assert_eq!(put(&word, file), "void a(void)\n{\n\tg(HERE);\n}\nvoid b(void)\n{\n\th();\n\tg(X);\n}\n");
        let twice = Place::Word { word: "X".into(), within: "a".into() };
        assert_eq!(times(&twice, "void a(void) { X(X); }"), 2);
    }

    #[test]
    fn label_is_told_from_its_uses() {
        let place = Place::Label(".Lout".into());
        let file = "\tjmp\t.Lout\n.Lout:\n\tiret\n.Lout2:\n\tTABLE(.Lout, .Lout2)\n";
        assert_eq!(
            put(&place, file),
            "\tjmp\t.Lout\n.Lout:\nHERE\n\tiret\n.Lout2:\n\tTABLE(.Lout, .Lout2)\n"
        );
        assert_eq!(times(&Place::Label(".Lin".into()), file), 0);
    }

    #[test]
    fn entry_is_told_from_its_end() {
        let place = Place::Entry("call".into());
        let file = "SYM_FUNC_START(call)\n\tpush\nSYM_FUNC_END(call)\n";
        assert_eq!(put(&place, file), "SYM_FUNC_START(call)\nHERE\n\tpush\nSYM_FUNC_END(call)\n");
    }

    #[test]
    fn include_guard_end_and_end_are_lines() {
        let file = "#ifndef A\n#include <asm/a.h>\n#ifdef B\n#endif\n#endif /* A */";
        assert_eq!(put(&Place::Include("asm/a.h".into()), file), file.replace("a.h>\n", "a.h>\nHERE\n"));
        assert_eq!(put(&Place::GuardEnd, file), file.replace("#endif /*", "HERE\n#endif /*"));
        assert_eq!(put(&Place::End, file), format!("{file}\nHERE\n"));
        assert_eq!(times(&Place::GuardEnd, "int a;\n"), 0);
    }
}
