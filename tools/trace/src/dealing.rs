//! What two cores do together for a time, of which each records a beginning and an end: calls, and leases of memory.

use trace_format::record::{Event, Lease, RemoteCall};

/// Which of the two a core is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    /// It calls, or lends.
    Opener,
    /// It serves, or borrows.
    Partner,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// A call, named by its caller.
    Call(RemoteCall),
    /// A lease, named by its lender.
    Lease(Lease),
}

/// One side of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Dealing {
    /// Which side.
    pub(crate) side: Side,
    /// The other core.
    pub(crate) peer: u8,
    /// What it is.
    pub(crate) subject: Subject,
}

/// Whether it begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    Begin,
    End,
}

impl Dealing {
    /// What an event begins or ends.
    pub(crate) const fn of(event: Event) -> Option<(Self, Edge)> {
        let (side, peer, subject, edge) = match event {
            Event::CallBegin { to, call } => (Side::Opener, to, Subject::Call(call), Edge::Begin),
            Event::CallEnd { to, call } => (Side::Opener, to, Subject::Call(call), Edge::End),
            Event::ServeBegin { from, call } => (Side::Partner, from, Subject::Call(call), Edge::Begin),
            Event::ServeEnd { from, call } => (Side::Partner, from, Subject::Call(call), Edge::End),
            Event::LendBegin { to, lease } => (Side::Opener, to, Subject::Lease(lease), Edge::Begin),
            Event::LendEnd { to, lease } => (Side::Opener, to, Subject::Lease(lease), Edge::End),
            Event::BorrowBegin { from, lease } => (Side::Partner, from, Subject::Lease(lease), Edge::Begin),
            Event::BorrowEnd { from, lease } => (Side::Partner, from, Subject::Lease(lease), Edge::End),
            _ => return None,
        };
        Some((Self { side, peer, subject }, edge))
    }
}
