//! The callee's side.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;

use super::call::parts;
use super::table::{Answer, Stage};
use super::{Caller, Class, MOST_BYTES, Procedure, Rpc};
use crate::mesh::Mesh;
use crate::wire::{CallId, Failure, Message, Part, ProcedureId};

/// Sixteen servers are at work already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no place for another server of procedure {0}")]
pub struct ServeError(pub u8);

impl<M: Mesh> Rpc<'_, '_, M> {
    /// Serves calls of `P` in one class, one after the other, for ever; several servers of one procedure work
    /// side by side. Completes only if there is no place for it.
    ///
    /// A handler whose caller cancels is dropped at its next await.
    ///
    /// *Cancel safety*: the call being served fails with [`Failure::ServerGone`]; others wait for another server
    /// or, without one, for their deadlines.
    pub async fn serve<P: Procedure>(
        &self,
        class: Class,
        handler: impl AsyncFn(Caller, P::Request) -> P::Reply,
    ) -> Result<(), ServeError> {
        let procedure = ProcedureId(P::NUMBER);
        let place = self.requests.borrow_mut().add_server(class, procedure);
        let _served = Served { rpc: self, place: place.ok_or(ServeError(P::NUMBER))? };
        loop {
            let place = self.servers.until(|| self.requests.borrow_mut().start(class, procedure)).await;
            let (caller, call, message, request) = {
                let requests = self.requests.borrow();
                let request = requests.at(place);
                let decoded = postcard::from_bytes::<P::Request>(request.content.as_slice());
                (request.caller, request.call, request.message, decoded)
            };
            let mut running = Running { rpc: self, place, caller, call, failure: Some(Failure::ServerGone) };
            let _noted = self.note_service(caller, call, procedure);
            let Ok(request) = request else {
                running.failure = Some(Failure::BadRequest);
                continue;
            };
            let reply = self.unless_cancelled(place, handler(caller, request)).await;
            running.failure = match reply {
                Some(reply) if matches!(message, Message::Request(_)) => {
                    self.reply(caller, call, &reply).await
                }
                _ => None,
            };
        }
    }

    /// Sends a reply; the failure to answer instead.
    async fn reply<R: serde::Serialize>(&self, caller: Caller, call: CallId, reply: &R) -> Option<Failure> {
        // Most replies are short, and to clear a long buffer takes longer than all the rest.
        let mut short = [0; Part::MOST];
        if let Ok(encoded) = postcard::to_slice(reply, &mut short) {
            self.send_reply(caller, Part::whole(Message::Reply, call, encoded)).await;
            return None;
        }
        self.reply_in_parts(caller, call, reply).await
    }

    async fn reply_in_parts<R: serde::Serialize>(
        &self,
        caller: Caller,
        call: CallId,
        reply: &R,
    ) -> Option<Failure> {
        let mut bytes = [0; MOST_BYTES];
        let Ok(encoded) = postcard::to_slice(reply, &mut bytes) else { return Some(Failure::ReplyTooLong) };
        for part in parts(Message::Reply, call, encoded, Part::MOST) {
            if !self.send_reply(caller, part).await {
                break;
            }
        }
        None
    }

    /// What `work` returns, or nothing if the caller cancels first.
    async fn unless_cancelled<T>(&self, place: usize, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut waiting = self.servers.place();
        poll_fn(|context| {
            if self.requests.borrow().at(place).stage == Stage::Cancelled {
                return Poll::Ready(None);
            }
            waiting.register(context);
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}

/// A server at work.
struct Served<'r, 'm, 'd, M: Mesh> {
    rpc: &'r Rpc<'m, 'd, M>,
    place: usize,
}

impl<M: Mesh> Drop for Served<'_, '_, '_, M> {
    fn drop(&mut self) {
        self.rpc.requests.borrow_mut().remove_server(self.place);
    }
}

/// A request being served; frees its place when dropped and answers a failure, if any.
struct Running<'r, 'm, 'd, M: Mesh> {
    rpc: &'r Rpc<'m, 'd, M>,
    place: usize,
    caller: Caller,
    call: CallId,
    failure: Option<Failure>,
}

impl<M: Mesh> Drop for Running<'_, '_, '_, M> {
    fn drop(&mut self) {
        let message = {
            let mut requests = self.rpc.requests.borrow_mut();
            let message = requests.at(self.place).message;
            requests.remove(self.place);
            message
        };
        if let (Some(failure), Message::Request(_)) = (self.failure, message) {
            let message = Message::Failure(failure);
            self.rpc.answer(Answer { caller: self.caller, call: self.call, message });
        }
    }
}
