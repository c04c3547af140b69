//! Tells the mesh how calls get on.

use scc::id::CoreId;

use super::{Caller, Rpc};
use crate::mesh::{CallStep, Mesh, StepKind};
use crate::wire::{CallId, Message, ProcedureId};

/// A call, or the work on one, whose beginning was noted. Dropped, its end is.
pub(super) struct Noted<'r, M: Mesh> {
    mesh: &'r M,
    end: CallStep,
}

impl<M: Mesh> Rpc<'_, '_, M> {
    /// Notes that this core calls `to`. Messages that begin no call are not noted.
    pub(super) fn note_call(&self, to: CoreId, call: CallId, message: Message) -> Option<Noted<'_, M>> {
        let (Message::Request(procedure) | Message::Cast(procedure)) = message else { return None };
        let mesh = self.mailbox.mesh();
        let step = CallStep { kind: StepKind::Calls, peer: to, life: self.mailbox.epoch(), call, procedure };
        Some(Noted::begin(mesh, step, StepKind::Called))
    }

    /// Notes that this core serves a call.
    pub(super) fn note_service(&self, caller: Caller, call: CallId, procedure: ProcedureId) -> Noted<'_, M> {
        let Caller { core: peer, life } = caller;
        let step = CallStep { kind: StepKind::Serves, peer, life, call, procedure };
        Noted::begin(self.mailbox.mesh(), step, StepKind::Served)
    }
}

impl<'r, M: Mesh> Noted<'r, M> {
    fn begin(mesh: &'r M, step: CallStep, end: StepKind) -> Self {
        mesh.note(step);
        Self { mesh, end: CallStep { kind: end, ..step } }
    }
}

impl<M: Mesh> Drop for Noted<'_, M> {
    fn drop(&mut self) {
        self.mesh.note(self.end);
    }
}
