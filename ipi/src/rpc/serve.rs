//! The callee's side.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;

use super::call::{encoded_briefly, parts};
use super::table::{Answer, Stage};
use super::{Caller, Class, MOST_BYTES, Procedure, Rpc, Seeker};
use crate::mailbox::{Mode, Received};
use crate::mesh::{CallStage, Mesh};
use crate::waiters::Waiters;
use crate::wire::{CallId, Failure, Message, Part, ProcedureId};

/// Sixteen servers are at work already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no place for another server of procedure {0}")]
pub struct ServeError(pub u8);

impl<'m, 'd, M: Mesh> Rpc<'m, 'd, M> {
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
        let server = Served { rpc: self, place: place.ok_or(ServeError(P::NUMBER))? };
        let mut seeker = None;
        loop {
            let (mut running, request) = self.next_request::<P>(class, server.waiters(), &mut seeker).await;
            running.note_begin(procedure);
            let Some(request) = request else {
                running.failure = Some(Failure::BadRequest);
                continue;
            };
            let work = handler(running.caller, request);
            let reply = unless_cancelled(&mut running, (class, procedure), server.waiters(), work).await;
            // Before the reply leaves, or the caller might go on first.
            running.note_end();
            running.failure = match reply {
                Some(reply) if running.is_replied_to => {
                    self.reply(running.caller, running.call, &reply).await
                }
                _ => None,
            };
        }
    }

    /// Waits for a request and starts it; nothing in place of one that does not decode. In a polled mode this looks by itself,
    /// so that the handler begins in the poll that has found the letter; not in the first poll, so that others can say first
    /// what they serve.
    fn next_request<'s, P: Procedure>(
        &'s self,
        class: Class,
        waiters: &Waiters,
        seeker: &mut Option<Seeker<'s>>,
    ) -> impl Future<Output = (Running<'s, 'm, 'd, M>, Option<P::Request>)> {
        let mut waiting = waiters.place();
        poll_fn(move |context| {
            if let Some(started) = self.start::<P>(class) {
                return Poll::Ready(started);
            }
            let cores = match self.mode.get() {
                Mode::Polled(cores) if class == Class::Ordinary || !self.is_apart.get() => cores,
                _ => {
                    *seeker = None;
                    waiting.register(context);
                    return Poll::Pending;
                }
            };
            if seeker.is_none() {
                *seeker = Some(self.begin_to_seek());
            } else if let Some(received) = self.mailbox.seek(self.sought(), cores, self.looks(0)) {
                let started = self.start_letter::<P>(class, &received).or_else(|| {
                    self.take_letter(&received);
                    self.start::<P>(class)
                });
                if let Some(started) = started {
                    return Poll::Ready(started);
                }
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
    }

    /// Starts the oldest request for a procedure.
    fn start<P: Procedure>(&self, class: Class) -> Option<(Running<'_, 'm, 'd, M>, Option<P::Request>)> {
        let mut requests = self.requests.borrow_mut();
        let place = requests.start(class, ProcedureId(P::NUMBER))?;
        let request = requests.at(place);
        let decoded = postcard::from_bytes(request.content.as_slice()).ok();
        let is_replied_to = matches!(request.message, Message::Request(_));
        let running = Running {
            rpc: self,
            place: Some(place),
            caller: request.caller,
            call: request.call,
            noted: None,
            is_replied_to,
            failure: Some(Failure::ServerGone),
        };
        Some((running, decoded))
    }

    /// Starts a request that is a whole letter, straight from there, if it is for a procedure of which none waits.
    #[inline]
    fn start_letter<P: Procedure>(
        &self,
        class: Class,
        received: &Received,
    ) -> Option<(Running<'_, 'm, 'd, M>, Option<P::Request>)> {
        if received.mail.channel() != class.channel() {
            return None;
        }
        let Ok(Part { message: Message::Request(number), call, count: 1, content, .. }) =
            Part::parse(&received.mail)
        else {
            return None;
        };
        if number.0 != P::NUMBER {
            return None;
        }
        let caller = Caller { core: received.from, life: received.life };
        let failure = Some(Failure::ServerGone);
        let running =
            Running { rpc: self, place: None, caller, call, noted: None, is_replied_to: true, failure };
        Some((running, postcard::from_bytes(content.as_slice()).ok()))
    }

    /// Sends a reply; the failure to answer instead.
    async fn reply<R: serde::Serialize>(&self, caller: Caller, call: CallId, reply: &R) -> Option<Failure> {
        if let Some(content) = encoded_briefly(reply) {
            self.send_reply(caller, Part::whole(Message::Reply, call, content)).await;
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
}

/// What `work` returns, or nothing if the caller cancels first.
async fn unless_cancelled<T, M: Mesh>(
    running: &mut Running<'_, '_, '_, M>,
    what: (Class, ProcedureId),
    waiters: &Waiters,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut waiting = waiters.place();
    poll_fn(|context| {
        if running.is_cancelled() {
            return Poll::Ready(None);
        }
        let worked = work.as_mut().poll(context);
        if worked.is_pending() {
            running.settle(what);
            waiting.register(context);
        }
        worked.map(Some)
    })
    .await
}

/// A server at work.
struct Served<'r, 'm, 'd, M: Mesh> {
    rpc: &'r Rpc<'m, 'd, M>,
    place: usize,
}

impl<'r, M: Mesh> Served<'r, '_, '_, M> {
    fn waiters(&self) -> &'r Waiters {
        &self.rpc.servers[self.place]
    }
}

impl<M: Mesh> Drop for Served<'_, '_, '_, M> {
    fn drop(&mut self) {
        self.rpc.requests.borrow_mut().remove_server(self.place);
    }
}

/// A request being served; frees its place when dropped and answers a failure, if any.
struct Running<'r, 'm, 'd, M: Mesh> {
    rpc: &'r Rpc<'m, 'd, M>,
    /// Where a cancellation finds it; none as long as it is not waited for.
    place: Option<usize>,
    caller: Caller,
    call: CallId,
    /// The procedure, while its beginning was noted and its end was not.
    noted: Option<ProcedureId>,
    is_replied_to: bool,
    failure: Option<Failure>,
}

impl<M: Mesh> Running<'_, '_, '_, M> {
    fn is_cancelled(&self) -> bool {
        self.place.is_some_and(|place| self.rpc.requests.borrow().at(place).stage == Stage::Cancelled)
    }

    fn note_begin(&mut self, procedure: ProcedureId) {
        self.rpc.note_service(CallStage::Serves, self.caller, self.call, procedure);
        self.noted = Some(procedure);
    }

    fn note_end(&mut self) {
        if let Some(procedure) = self.noted.take() {
            self.rpc.note_service(CallStage::Served, self.caller, self.call, procedure);
        }
    }

    /// Takes a place, if there is one: others are about to run, and the request may be cancelled.
    fn settle(&mut self, (class, procedure): (Class, ProcedureId)) {
        if self.place.is_none() {
            let (asked, now) = ((self.caller, self.call), self.rpc.mailbox.mesh().now());
            self.place = self.rpc.requests.borrow_mut().settle(asked, class, procedure, now);
        }
    }
}

impl<M: Mesh> Drop for Running<'_, '_, '_, M> {
    #[inline]
    fn drop(&mut self) {
        self.note_end();
        if let Some(place) = self.place {
            self.rpc.requests.borrow_mut().remove(place);
        }
        if let Some(failure) = self.failure.filter(|_| self.is_replied_to) {
            let message = Message::Failure(failure);
            self.rpc.answer(Answer { caller: self.caller, call: self.call, message });
        }
    }
}
