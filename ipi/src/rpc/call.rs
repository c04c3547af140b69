//! The caller's side.

use scc::id::CoreId;

use super::{Class, MOST_BYTES, Mechanism, Procedure, Rpc};
use crate::mailbox::{Fate, Mode, Notice, PeerError, SendError, Sent, Watch};
use crate::mesh::{Cycles, Deadline, Mesh};
use crate::pause::either;
use crate::wire::{CallId, Content, Epoch, Failure, Flow, Message, Part, ProcedureId, Slot};

/// How to make a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Urgency.
    pub class: Class,
    /// Way of the request.
    pub mechanism: Mechanism,
    /// When to give up.
    pub deadline: Deadline,
}

impl Options {
    /// An ordinary call by the interrupt controller.
    pub const fn until(deadline: Deadline) -> Self {
        Self { class: Class::Ordinary, mechanism: Mechanism::GicRequest, deadline }
    }

    /// The same call, but urgent.
    #[must_use]
    pub const fn urgent(self) -> Self {
        Self { class: Class::Urgent, ..self }
    }

    /// The same call by another mechanism.
    #[must_use]
    pub const fn by(self, mechanism: Mechanism) -> Self {
        Self { mechanism, ..self }
    }
}

/// Why there is no reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError {
    /// The request could not be sent; it may have been served all the same.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The callee did not answer.
    #[error(transparent)]
    Callee(#[from] PeerError),
    /// The callee answered that there will be no reply.
    #[error(transparent)]
    Failed(Failure),
    /// The encoded request is longer than [`MOST_BYTES`].
    #[error("the request is too long")]
    RequestTooLong,
    /// The reply does not decode.
    #[error("the reply does not decode")]
    BadReply,
}

const FIRST_RETRY: Cycles = Cycles::new(2_000);
const LAST_RETRY: Cycles = Cycles::new(100_000);

impl<M: Mesh> Rpc<'_, '_, M> {
    /// Calls `P` on core `to` and waits for the reply.
    ///
    /// Fails within the deadline, and sooner if the callee is in reset, was restarted, or says that it cannot.
    /// A callee without room is asked again, with back-off. Waits for a place if 16 own calls are under way.
    ///
    /// *Cancel safety*: the callee is told, once and without guarantee; the handler may run or not.
    pub async fn call<P: Procedure>(
        &self,
        to: CoreId,
        request: &P::Request,
        options: Options,
    ) -> Result<P::Reply, CallError> {
        let message = Message::Request(ProcedureId(P::NUMBER));
        let decode = |reply: &[u8]| postcard::from_bytes(reply).map_err(|_| CallError::BadReply);
        self.persist(to, request, message, options, decode).await
    }

    /// Hands a request to core `to`; completes when it is queued there. Fails as [`call`](Self::call) does; what
    /// the handler does with it is not reported.
    ///
    /// *Cancel safety*: as for `call`.
    pub async fn cast<P: Procedure>(
        &self,
        to: CoreId,
        request: &P::Request,
        options: Options,
    ) -> Result<(), CallError> {
        let message = Message::Cast(ProcedureId(P::NUMBER));
        self.persist(to, request, message, options, |_| Ok(())).await
    }

    /// Asks until the callee has room.
    async fn persist<Q: serde::Serialize, R>(
        &self,
        to: CoreId,
        request: &Q,
        message: Message,
        options: Options,
        decode: impl Fn(&[u8]) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        // Most requests are short, and to clear a long buffer takes longer than all the rest.
        let mut short = [0; Part::MOST];
        match postcard::to_slice(request, &mut short) {
            Ok(encoded) => self.persist_encoded(to, encoded, message, options, decode).await,
            Err(_) => {
                let mut long = [0; MOST_BYTES];
                let encoded =
                    postcard::to_slice(request, &mut long).map_err(|_| CallError::RequestTooLong)?;
                self.persist_encoded(to, encoded, message, options, decode).await
            }
        }
    }

    async fn persist_encoded<R>(
        &self,
        to: CoreId,
        encoded: &[u8],
        message: Message,
        options: Options,
        decode: impl Fn(&[u8]) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let mesh = self.mailbox.mesh();
        let mut wait = FIRST_RETRY;
        loop {
            match self.ask(to, encoded, message, options, &decode).await {
                Err(CallError::Failed(Failure::Busy)) if !options.deadline.is_over(mesh.now()) => {
                    mesh.sleep_until(options.deadline.or_at(mesh.now() + wait)).await;
                    wait = wait.doubled_up_to(LAST_RETRY);
                }
                other => return other,
            }
        }
    }

    async fn ask<R>(
        &self,
        to: CoreId,
        request: &[u8],
        message: Message,
        options: Options,
        decode: impl Fn(&[u8]) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let id = self.callers.until(|| self.calls.borrow_mut().begin(to)).await;
        let mut call = Begun { rpc: self, to, id, class: options.class, is_sent: false };
        let _noted = self.note_call(to, id, message);
        let mut life = None;
        let mut letter = None;
        if let Some(notice) = options.mechanism.notice()
            && request.len() <= Part::MOST
        {
            let peer = self.mailbox.meet(to, options.deadline).await?;
            let mail = Part::whole(message, id, request).emit(options.class.channel(), flow(id));
            letter = self.mailbox.send_now((to, peer), &mail, notice);
            life = letter.as_ref().map(|_| peer);
            call.is_sent = letter.is_some();
        }
        if letter.is_none() {
            let most = if options.mechanism == Mechanism::Slot { Slot::MOST } else { Part::MOST };
            for part in parts(message, id, request, most) {
                call.is_sent = true;
                life = Some(self.send_part(to, life, part, options).await?);
            }
        }
        let mut watch = self.mailbox.watch((to, life), options.deadline);
        let end = loop {
            if let Some(end) = self.end_of(id, &decode) {
                break end;
            }
            match letter.as_ref().map(Sent::fate) {
                Some(Fate::Failed(error)) => return Err(error.into()),
                Some(Fate::Refused) => {
                    letter = None;
                    let part = Part::whole(message, id, request);
                    life = Some(self.send_part(to, life, part, options).await?);
                    continue;
                }
                Some(Fate::Accepted) => letter = None,
                Some(Fate::Unknown) | None => {}
            }
            if self.wait_for_reply(id, &mut watch, options).await? {
                // The doorbell of the reply may be lost, and nobody rings for what became of a letter.
                self.mailbox.look_after(to, letter.is_some());
            }
        };
        call.is_sent = false;
        end
    }

    fn end_of<R>(
        &self,
        id: CallId,
        decode: impl Fn(&[u8]) -> Result<R, CallError>,
    ) -> Option<Result<R, CallError>> {
        self.calls.borrow().end(id).map(|end| end.map_err(CallError::Failed).and_then(decode))
    }

    /// Waits until something has come from the callee, or the call may have ended; whether it was time to look after the
    /// callee instead.
    async fn wait_for_reply(
        &self,
        id: CallId,
        watch: &mut Watch<'_, '_, M>,
        options: Options,
    ) -> Result<bool, CallError> {
        let (to, mut outcome) = (watch.peer(), Ok(Some(())));
        let has_ended = || self.calls.borrow().end(id).map(|_| ());
        let mode = if matches!(self.mode.get(), Mode::Polled(_)) { self.mode.get() } else { Mode::Interrupt };
        let reply = async {
            self.take_reply(&self.replies.recv_from(to).await);
            if has_ended().is_none() {
                // It may have been for another call of the same core.
                self.mailbox.tell_watchers();
            }
        };
        let step = async { outcome = watch.step(mode, &has_ended).await };
        match options.mechanism {
            Mechanism::Slot => either(self.unless_taken_ring(to, step), reply).await,
            _ => either(step, reply).await,
        }
        let is_looked_after = outcome?.is_none();
        // Nothing but the end of the call acknowledges an entry of a queue.
        if is_looked_after && options.mechanism == Mechanism::CallQueue {
            self.mailbox.mesh().ring(to);
        }
        Ok(is_looked_after)
    }

    /// Sends one part of a request to `life` of core `to`, or to the life it has; that life.
    async fn send_part(
        &self,
        to: CoreId,
        life: Option<Epoch>,
        part: Part,
        options: Options,
    ) -> Result<Epoch, CallError> {
        let (class, deadline) = (options.class, options.deadline);
        let mail = || part.emit(class.channel(), flow(part.call));
        let notice = match options.mechanism {
            Mechanism::GicRequest | Mechanism::InterruptBit | Mechanism::PolledFlag => {
                options.mechanism.notice().expect("these travel by mail")
            }
            Mechanism::CallQueue => {
                let life = life.unwrap_or(self.mailbox.meet(to, deadline).await?);
                self.append(to, life, mail(), deadline).await?;
                return Ok(life);
            }
            Mechanism::Slot => {
                let life = life.unwrap_or(self.mailbox.meet(to, deadline).await?);
                self.fill_slot((to, life), part, class, deadline).await?;
                return Ok(life);
            }
        };
        self.mailbox.send_with(to, life, mail(), notice, deadline).await?;
        Ok(life.or(self.mailbox.known_life_of(to)).expect("a core that takes mail was met"))
    }
}

/// Number by which a trace joins the parts of a call.
fn flow(call: CallId) -> Flow {
    Flow(u32::from(call.0))
}

impl Mechanism {
    /// How the callee learns of requests that travel by mail.
    const fn notice(self) -> Option<Notice> {
        match self {
            Self::GicRequest => Some(Notice::Doorbell),
            Self::InterruptBit => Some(Notice::InterruptBit),
            Self::PolledFlag => Some(Notice::Nothing),
            Self::CallQueue | Self::Slot => None,
        }
    }
}

/// Cuts a message into parts of at most `most` bytes; an empty one is one part.
pub(super) fn parts(
    message: Message,
    call: CallId,
    content: &[u8],
    most: usize,
) -> impl Iterator<Item = Part> {
    let whole = content.len().div_ceil(most).max(1);
    let count = u8::try_from(whole).expect("a message of 224 bytes has few parts");
    (0..count).map(move |index| {
        let start = usize::from(index) * most;
        let piece = &content[start..content.len().min(start + most)];
        Part { message, call, index, count, content: Content::new(piece).expect("a piece fits a part") }
    })
}

/// A call that has a place; gives it up when dropped, and tells the callee if it still works on it.
struct Begun<'r, 'm, 'd, M: Mesh> {
    rpc: &'r Rpc<'m, 'd, M>,
    to: CoreId,
    id: CallId,
    class: Class,
    is_sent: bool,
}

impl<M: Mesh> Drop for Begun<'_, '_, '_, M> {
    fn drop(&mut self) {
        self.rpc.calls.borrow_mut().remove(self.id);
        self.rpc.callers.wake_all();
        if self.is_sent {
            let cancel = Part::only(Message::Cancel, self.id);
            self.rpc.mailbox.hint(self.to, cancel.emit(self.class.channel(), flow(self.id)));
        }
    }
}
