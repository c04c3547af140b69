//! A scripted session: what is typed next, given what the guest has written.
//!
//! After each command the shell is asked to print a mark with the command's exit status; what stands before the mark is the
//! answer. Time is handed in and is the guest's: a guest that does not reach the next mark in time has failed.

use std::time::Duration;

use serde::Serialize;

use crate::script::{MARK, Script, Step};

/// A command that was answered as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// What was typed.
    pub run: String,
    /// What the guest said.
    pub says: String,
    /// Exit status.
    pub status: u8,
    /// Microseconds of the guest's time from typing to the mark.
    pub microseconds: u64,
}

/// Where the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The shell has not asked yet.
    Boot,
    /// It was told to be quiet.
    Prepare,
    /// The command of this number was typed.
    Command(usize),
    /// The guest was told to end.
    End,
}

/// A session.
#[derive(Clone, Debug)]
pub struct Dialogue {
    script: Script,
    phase: Phase,
    /// Text since the last thing that was typed.
    heard: String,
    /// When that was.
    since: Duration,
    answered: Vec<Answered>,
}

impl Dialogue {
    /// A session with a guest whose shell asks from now on.
    pub const fn new(script: Script, since: Duration) -> Self {
        Self { script, phase: Phase::Boot, heard: String::new(), since, answered: Vec::new() }
    }

    /// Takes what the guest has written, and gives what is typed now.
    ///
    /// # Errors
    /// [`SessionError`] after which the session is over: an answer is another one, or the guest is silent for too long.
    pub fn hear(&mut self, text: &[u8], now: Duration) -> Result<String, SessionError> {
        self.heard.push_str(&String::from_utf8_lossy(text));
        match self.phase {
            Phase::Boot if self.heard.contains(&self.script.prompt) => {
                let prepare: String = self.script.prepare.iter().map(|line| format!("{line}\n")).collect();
                Ok(self.begin(Phase::Prepare, now, prepare + &ask("true")))
            }
            Phase::Prepare if answer_in(&self.heard).is_some() => Ok(self.go_on(0, now)),
            Phase::Command(number) => match answer_in(&self.heard) {
                Some(answer) => {
                    let step = &self.script.command[number];
                    answer.compare(step)?;
                    let microseconds = u64::try_from((now - self.since).as_micros()).unwrap_or(u64::MAX);
                    let Answer { text, status } = answer;
                    self.answered.push(Answered { run: step.run.clone(), says: text, status, microseconds });
                    Ok(self.go_on(number + 1, now))
                }
                None => self.wait(now),
            },
            Phase::Boot | Phase::Prepare | Phase::End => self.wait(now),
        }
    }

    /// Tells that the guest has ended.
    ///
    /// # Errors
    /// [`SessionError::Ended`] if it should not have.
    pub fn ended(&self) -> Result<(), SessionError> {
        match self.phase {
            Phase::End => Ok(()),
            _ => Err(SessionError::Ended { heard: self.heard.clone() }),
        }
    }

    /// What was answered so far.
    pub fn answered(&self) -> &[Answered] {
        &self.answered
    }

    /// Types the next command, or the end.
    fn go_on(&mut self, number: usize, now: Duration) -> String {
        match self.script.command.get(number) {
            Some(step) => {
                let typed = ask(&step.run);
                self.begin(Phase::Command(number), now, typed)
            }
            None => {
                let typed = format!("{}\n", self.script.end);
                self.begin(Phase::End, now, typed)
            }
        }
    }

    fn begin(&mut self, phase: Phase, now: Duration, typed: String) -> String {
        (self.phase, self.since) = (phase, now);
        self.heard.clear();
        typed
    }

    fn wait(&self, now: Duration) -> Result<String, SessionError> {
        let step = match self.phase {
            Phase::Command(number) => self.script.command.get(number),
            Phase::Boot | Phase::Prepare | Phase::End => None,
        };
        let patience = self.script.patience(step);
        if now.saturating_sub(self.since) < patience {
            return Ok(String::new());
        }
        let waited_for = match self.phase {
            Phase::Boot => format!("the prompt `{}`", self.script.prompt),
            Phase::Prepare => "the first answer".to_owned(),
            Phase::Command(_) => format!("the answer to `{}`", step.map_or("", |step| &step.run)),
            Phase::End => "its end".to_owned(),
        };
        Err(SessionError::Silent { waited_for, seconds: patience.as_secs(), heard: self.heard.clone() })
    }
}

/// A command and the question for its status.
fn ask(command: &str) -> String {
    format!("{command}\necho \"{MARK}$?:\"\n")
}

/// What a command printed, and its exit status.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it printed, without blanks at its ends.
    pub text: String,
    /// Its exit status.
    pub status: u8,
}

impl Answer {
    /// Compares it with what the script says.
    ///
    /// # Errors
    /// [`SessionError::Answer`] if it is another one.
    pub fn compare(&self, step: &Step) -> Result<(), SessionError> {
        let fits = step.says.as_ref().is_none_or(|says| *says == self.text);
        if fits && self.status == step.status {
            return Ok(());
        }
        Err(SessionError::Answer {
            run: step.run.clone(),
            wanted: step.says.clone().unwrap_or_else(|| "anything".to_owned()),
            wanted_status: step.status,
            answer: self.text.clone(),
            status: self.status,
        })
    }
}

/// The answer before the first whole mark. A terminal that still shows what is typed has shown the question before.
fn answer_in(heard: &str) -> Option<Answer> {
    heard.match_indices(MARK).find_map(|(at, _)| {
        let status = heard[at + MARK.len()..].split_once(':')?.0.parse().ok()?;
        Some(Answer { text: heard[..at].replace('\r', "").trim().to_owned(), status })
    })
}

/// Why a session failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The guest says nothing more.
    #[error(
        "the guest did not come to {waited_for} within {seconds} s of its time; before that it said:\n{heard}"
    )]
    Silent {
        /// What did not come.
        waited_for: String,
        /// How long it had.
        seconds: u64,
        /// What it said.
        heard: String,
    },
    /// The guest ended too early.
    #[error("the guest ended; before that it said:\n{heard}")]
    Ended {
        /// What it said.
        heard: String,
    },
    /// A command's answer is another one.
    #[error(
        "`{run}`\n  should say `{wanted}` with status {wanted_status}\n  says       `{answer}` with status {status}"
    )]
    Answer {
        /// The command.
        run: String,
        /// What it should have said.
        wanted: String,
        /// Status it should have had.
        wanted_status: u8,
        /// What it said.
        answer: String,
        /// Its status.
        status: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn dialogue() -> Dialogue {
        let script = "prompt = \"$\"\nprepare = [\"quiet\"]\nend = \"off\"\nseconds = 9\n\
                      [[command]]\nrun = \"f\"\nsays = \"a\"\n[[command]]\nrun = \"g\"\nstatus = 3\nseconds = 2\n";
        Dialogue::new(toml::from_str(script).expect("well formed"), Duration::ZERO)
    }

    #[test]
    fn commands_are_typed_one_after_the_other_and_then_the_end() {
        let mut dialogue = dialogue();
        assert_eq!(dialogue.hear(b"boots", at(1)), Ok(String::new()));
        assert_eq!(dialogue.hear(b" $ ", at(8)), Ok("quiet\ntrue\necho \"session-status:$?:\"\n".into()));
        // The terminal shows the question before it is quiet.
        assert_eq!(dialogue.hear(b"echo \"session-status:$?:\"\r\n", at(8)), Ok(String::new()));
        assert_eq!(
            dialogue.hear(b"session-status:0:\r\n", at(9)),
            Ok("f\necho \"session-status:$?:\"\n".into())
        );
        assert_eq!(dialogue.hear(b"a\r\nsession-sta", at(9)), Ok(String::new()));
        assert_eq!(dialogue.hear(b"tus:0:\r\n", at(12)), Ok("g\necho \"session-status:$?:\"\n".into()));
        assert!(dialogue.ended().is_err(), "too early");
        assert_eq!(dialogue.hear(b"any\r\nsession-status:3:\r\n", at(13)), Ok("off\n".into()));
        assert_eq!(dialogue.ended(), Ok(()));
        let answered: Vec<_> =
            dialogue.answered().iter().map(|one| (one.says.as_str(), one.microseconds)).collect();
        assert_eq!(answered, [("a", 3_000_000), ("any", 1_000_000)]);
    }

    #[test]
    fn farewell_has_its_own_time_and_only_ends_the_guest() {
        let mut dialogue = Dialogue::new(dialogue().script.farewell(), at(100));
        assert_eq!(
            dialogue.hear(b"\r\n$ ", at(108)),
            Ok("quiet\ntrue\necho \"session-status:$?:\"\n".into())
        );
        assert_eq!(dialogue.hear(b"session-status:0:\r\n", at(108)), Ok("off\n".into()));
        assert_eq!((dialogue.ended(), dialogue.answered().len()), (Ok(()), 0));
    }

    #[test]
    fn other_answer_and_other_status_end_the_session() {
        for answer in ["b\r\nsession-status:0:\r\n", "a\r\nsession-status:1:\r\n"] {
            let mut dialogue = dialogue();
            for text in ["$", "session-status:0:"] {
                dialogue.hear(text.as_bytes(), at(0)).expect("as it should");
            }
            let error = dialogue.hear(answer.as_bytes(), at(0)).expect_err("another answer");
            assert!(matches!(&error, SessionError::Answer { run, .. } if run == "f"), "{error}");
        }
    }

    #[test]
    fn silence_is_told_with_what_came_before() {
        let mut dialogue = dialogue();
        assert_eq!(dialogue.hear(b"panic", at(8)), Ok(String::new()));
        let error = dialogue.hear(b"", at(9)).expect_err("too long");
        let text =
            "the guest did not come to the prompt `$` within 9 s of its time; before that it said:\npanic";
        assert_eq!(error.to_string(), text);
        assert_eq!(dialogue.ended(), Err(SessionError::Ended { heard: "panic".into() }));
    }
}
