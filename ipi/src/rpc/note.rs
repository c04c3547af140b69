//! Tells the mesh how calls get on.

use scc::id::CoreId;

use super::{Caller, Rpc};
use crate::mesh::{CallStage, CallStep, Mesh, Step};
use crate::wire::{CallId, Message, ProcedureId};

/// A call whose beginning was noted. Dropped, its end is.
pub(super) struct Noted<'r, M: Mesh> {
    mesh: &'r M,
    end: CallStep,
}

impl<M: Mesh> Rpc<'_, '_, M> {
    /// Notes that this core calls `to`. Messages that begin no call are not noted.
    pub(super) fn note_call(&self, to: CoreId, call: CallId, message: Message) -> Option<Noted<'_, M>> {
        let (Message::Request(procedure) | Message::Cast(procedure)) = message else { return None };
        let mesh = self.mailbox.mesh();
        let step =
            CallStep { stage: CallStage::Calls, peer: to, life: self.mailbox.epoch(), call, procedure };
        mesh.note(Step::Call(step));
        Some(Noted { mesh, end: CallStep { stage: CallStage::Called, ..step } })
    }

    /// Notes that this core serves a call, or has done so.
    pub(super) fn note_service(
        &self,
        stage: CallStage,
        caller: Caller,
        call: CallId,
        procedure: ProcedureId,
    ) {
        let Caller { core: peer, life } = caller;
        self.mailbox.mesh().note(Step::Call(CallStep { stage, peer, life, call, procedure }));
    }
}

impl<M: Mesh> Drop for Noted<'_, M> {
    fn drop(&mut self) {
        self.mesh.note(Step::Call(self.end));
    }
}
