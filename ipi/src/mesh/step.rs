//! Steps of calls, for those who record what a core does.

use scc::id::CoreId;

use crate::wire::{CallId, Epoch, ProcedureId};

/// What has come of a call on one of its cores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepKind {
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
    pub kind: StepKind,
    /// The other core.
    pub peer: CoreId,
    /// Life of the caller.
    pub life: Epoch,
    /// Number of the call in that life.
    pub call: CallId,
    /// Procedure that is called.
    pub procedure: ProcedureId,
}
