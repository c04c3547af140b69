//! Steps of calls and leases, for those who record what a core does.

use scc::id::CoreId;

use crate::wire::{CallId, Epoch, LeaseId, ProcedureId};

/// A step that is noted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Of a call.
    Call(CallStep),
    /// Of memory that is lent.
    Lease(LeaseStep),
}

/// What has come of a call on one of its cores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallStage {
    /// The caller is about to send its request.
    Calls,
    /// The caller has its reply, knows that there will be none, or gives up.
    Called,
    /// The callee's handler begins.
    Serves,
    /// The handler is done and its reply about to be sent, or the caller has given up.
    Served,
}

/// A step of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallStep {
    /// Which step.
    pub stage: CallStage,
    /// The other core.
    pub peer: CoreId,
    /// Life of the caller.
    pub life: Epoch,
    /// Number of the call in that life.
    pub call: CallId,
    /// Procedure that is called.
    pub procedure: ProcedureId,
}

/// What has come of a lease on one of its cores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeaseStage {
    /// The lender is about to offer the block.
    Lends,
    /// The lender knows that the block was returned, or gives up.
    Lent,
    /// The borrower has the block behind a window.
    Borrows,
    /// The window is closed, and the lender about to be told.
    Returns,
}

/// A step of a lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeaseStep {
    /// Which step.
    pub stage: LeaseStage,
    /// The other core.
    pub peer: CoreId,
    /// Life of the lender.
    pub life: Epoch,
    /// Number of the lease in that life.
    pub lease: LeaseId,
    /// Length of the block.
    pub bytes: u32,
}
