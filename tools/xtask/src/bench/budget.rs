//! A limit and what was found.

use std::fmt;

use crate::bench::BenchError;

/// A limit and what was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Budget {
    /// What is limited.
    pub(crate) what: &'static str,
    /// The most that it may be.
    pub(crate) limit: u64,
    /// `None` if nothing was measured.
    pub(crate) found: Option<u64>,
    /// Unit of both.
    pub(crate) unit: &'static str,
}

impl Budget {
    /// Whether something was found and keeps the limit.
    pub(crate) fn is_met(&self) -> bool {
        self.found.is_some_and(|found| found <= self.limit)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, limit, found, unit } = self;
        let verdict = if self.is_met() { "pass  " } else { "MISSED" };
        let found = found.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
        write!(formatter, "{verdict}  {what}: at most {limit} {unit}; found {found}")
    }
}

/// An error if budgets are missed.
pub(crate) fn judge(budgets: &[Budget]) -> Result<(), BenchError> {
    match budgets.iter().filter(|budget| !budget.is_met()).count() {
        0 => Ok(()),
        missed => Err(BenchError::Budgets { missed }),
    }
}
