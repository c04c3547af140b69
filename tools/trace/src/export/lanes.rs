//! Rows for calls of one core: each call has the first row that is free when it begins.

use scc::id::CoreId;
use trace_format::record::RemoteCall;

use super::drawing::Row;
use crate::report::CallEnd;

/// A call on one core: which end, the other core, which call.
pub(super) type CallKey = (CallEnd, u8, RemoteCall);

/// Rows of the calls that are under way on a core.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// The core whose calls these are.
    pub(super) core: Option<CoreId>,
    open: Vec<Option<CallKey>>,
}

impl Lanes {
    fn row(&self, lane: usize) -> Option<Row> {
        Some(Row::Calls(self.core?, u8::try_from(lane).ok()?))
    }

    /// The row of a call that begins; `None` with more than 256 under way.
    pub(super) fn begin(&mut self, key: CallKey) -> Option<Row> {
        let lane = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        let row = self.row(lane)?;
        if lane == self.open.len() {
            self.open.push(None);
        }
        self.open[lane] = Some(key);
        Some(row)
    }

    /// The row of a call that ends; `None` if its beginning is not known.
    pub(super) fn end(&mut self, key: CallKey) -> Option<Row> {
        let lane = self.open.iter().position(|open| *open == Some(key))?;
        self.open[lane] = None;
        self.row(lane)
    }

    /// Rows of all calls that are under way, which end.
    pub(super) fn drain(&mut self) -> Vec<Row> {
        let open = std::mem::take(&mut self.open);
        let lanes = open.iter().enumerate().filter(|(_, open)| open.is_some());
        lanes.filter_map(|(lane, _)| self.row(lane)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_takes_the_first_row_that_is_free() {
        let core = CoreId::new(3).unwrap();
        let mut lanes = Lanes { core: Some(core), open: Vec::new() };
        let call = |number| (CallEnd::Made, 5, RemoteCall { life: 1, number, procedure: 0 });
        let row = |lane| Some(Row::Calls(core, lane));
        assert_eq!([lanes.begin(call(1)), lanes.begin(call(2))], [row(0), row(1)]);
        assert_eq!((lanes.end(call(1)), lanes.end(call(7))), (row(0), None));
        assert_eq!(lanes.begin(call(3)), row(0));
        assert_eq!(lanes.drain(), [Row::Calls(core, 0), Row::Calls(core, 1)]);
        assert_eq!((lanes.drain(), lanes.begin(call(4))), (Vec::new(), row(0)));
    }
}
