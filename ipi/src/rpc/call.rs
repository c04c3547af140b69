//! The caller's side.

use scc::id::CoreId;

use super::note::Noted;
use super::{Class, MOST_BYTES, Mechanism, Procedure, Rpc, flow};
use crate::mailbox::{Fate, Mailbox, Mode, Notice, PeerError, SendError, Sent, Watch};
use crate::mesh::{CoreSet, Cycles, Deadline, Mesh};
use crate::pause::either;
use crate::wire::{CallId, Channel, Content, Epoch, Failure, Message, Part, ProcedureId, Slot};

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
        let content = encoded_briefly(request);
        let begun = self.begin_briefly(to, content, message, options);
        match begun {
            Some(begun) => match self.seek_reply(&begun) {
                Some(reply) => {
                    begun.end();
                    decode(reply.as_slice())
                }
                None => self.persist(to, (request, content), message, options, Some(begun), decode).await,
            },
            None => self.persist(to, (request, content), message, options, None, decode).await,
        }
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
        self.persist(to, (request, encoded_briefly(request)), message, options, None, |_| Ok(())).await
    }

    /// Takes a place for a call, and sends its request if that can be done at once: it fits a letter, for which the line is
    /// free. `None` if all places are taken.
    #[inline]
    fn begin_briefly(
        &self,
        to: CoreId,
        content: Option<Content>,
        message: Message,
        options: Options,
    ) -> Option<Begun<'_, '_, '_, M>> {
        let mut begun = self.begin(to, message, options.class)?;
        if let (Some(content), Some(notice)) = (content, options.mechanism.notice()) {
            begun.post(message, content, notice);
        }
        Some(begun)
    }

    #[inline]
    fn begin(&self, to: CoreId, message: Message, class: Class) -> Option<Begun<'_, '_, '_, M>> {
        let id = self.calls.borrow_mut().begin(to)?;
        let noted = self.note_call(to, id, message);
        Some(Begun { rpc: self, to, id, class, is_sent: false, life: None, letter: None, _noted: noted })
    }

    /// In a polled mode, looks for the reply to a letter in the poll that has sent it; its content, if it comes as a whole.
    /// What else comes is taken in.
    #[inline]
    fn seek_reply(&self, begun: &Begun<'_, '_, '_, M>) -> Option<Content> {
        if begun.letter.is_none() || !self.mode.get().is_polled() {
            return None;
        }
        let received = self.mailbox.seek_from(self.sought(), begun.to, self.looks(1))?;
        if received.from == begun.to
            && received.mail.channel() == Channel::REPLY
            && let Ok(Part { message: Message::Reply, call, count: 1, content, .. }) =
                Part::parse(&received.mail)
            && call == begun.id
        {
            return Some(content);
        }
        self.take_letter(&received);
        None
    }

    /// Asks until the callee has room. A request comes with what it encodes to if that fits one part; `begun` is the first
    /// attempt if it was begun already.
    async fn persist<'s, Q: serde::Serialize, R>(
        &'s self,
        to: CoreId,
        (request, content): (&Q, Option<Content>),
        message: Message,
        options: Options,
        mut begun: Option<Begun<'s, '_, '_, M>>,
        decode: impl Fn(&[u8]) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let mut long;
        let request = match content {
            Some(content) => Encoded::Short(content),
            None => {
                long = [0; MOST_BYTES];
                let encoded = postcard::to_slice(request, &mut long);
                Encoded::Long(encoded.map_err(|_| CallError::RequestTooLong)?)
            }
        };
        let mesh = self.mailbox.mesh();
        let mut wait = FIRST_RETRY;
        loop {
            let call = match begun.take() {
                Some(begun) => begun,
                None => self.callers.until(|| self.begin(to, message, options.class)).await,
            };
            match self.ask(call, request, message, options, &decode).await {
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
        mut call: Begun<'_, '_, '_, M>,
        request: Encoded<'_>,
        message: Message,
        options: Options,
        decode: impl Fn(&[u8]) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let (to, id) = (call.to, call.id);
        if !call.is_sent
            && let (Some(notice), Encoded::Short(content)) = (options.mechanism.notice(), request)
        {
            self.mailbox.meet(to, options.deadline).await?;
            call.post(message, content, notice);
        }
        if !call.is_sent {
            let most = if options.mechanism == Mechanism::Slot { Slot::MOST } else { Part::MOST };
            for part in parts(message, id, request.as_slice(), most) {
                call.is_sent = true;
                call.life = Some(self.send_part(to, call.life, part, options).await?);
            }
        }
        let mut watch = self.mailbox.watch((to, call.life), options.deadline).patient();
        loop {
            if let Some(end) = self.end_of(id, &decode) {
                call.end();
                return end;
            }
            match call.letter.as_ref().map(Sent::fate) {
                Some(Fate::Failed(error)) => return Err(error.into()),
                Some(Fate::Refused) => {
                    call.letter = None;
                    for part in parts(message, id, request.as_slice(), Part::MOST) {
                        call.life = Some(self.send_part(to, call.life, part, options).await?);
                    }
                    continue;
                }
                Some(Fate::Accepted) => call.letter = None,
                Some(Fate::Unknown) | None => {}
            }
            if self.wait_for_reply(&call, &mut watch, options.mechanism).await? {
                // The doorbell of the reply may be lost, and nobody rings for what became of a letter.
                self.mailbox.look_after(to, call.letter.is_some());
            }
        }
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
        call: &Begun<'_, '_, '_, M>,
        watch: &mut Watch<'_, '_, M>,
        mechanism: Mechanism,
    ) -> Result<bool, CallError> {
        let (to, mode) = (call.to, self.mode.get());
        let news = || {
            let has_ended = self.calls.borrow().end(call.id).is_some();
            (has_ended || call.letter.as_ref().is_some_and(|letter| letter.fate().is_bad())).then_some(())
        };
        let is_looked_after = if mode.is_polled() && mechanism != Mechanism::Slot {
            let _seeker = self.begin_to_seek();
            let look = || {
                news().or_else(|| {
                    self.seek(CoreSet::of(to));
                    news()
                })
            };
            watch.step(mode, look).await?.is_none()
        } else {
            self.wait_for_ring(to, watch, news, mechanism).await?
        };
        // Nothing but the end of the call acknowledges an entry of a queue.
        if is_looked_after && mechanism == Mechanism::CallQueue {
            self.mailbox.mesh().ring(to);
        }
        Ok(is_looked_after)
    }

    /// Waits as [`wait_for_reply`](Self::wait_for_reply) does, for the ring with which a reply comes.
    async fn wait_for_ring(
        &self,
        to: CoreId,
        watch: &mut Watch<'_, '_, M>,
        news: impl Fn() -> Option<()>,
        mechanism: Mechanism,
    ) -> Result<bool, CallError> {
        if self.is_taken_in_apart() && mechanism != Mechanism::Slot {
            return Ok(watch.step(Mode::Interrupt, news).await?.is_none());
        }
        let mut outcome = Ok(Some(()));
        let reply = async {
            self.take_reply(&self.replies.recv_from(to).await);
            if news().is_none() {
                // It may have been for another call of the same core.
                self.mailbox.tell_watchers();
            }
        };
        let mode = if self.mode.get().is_polled() { self.mode.get() } else { Mode::Interrupt };
        let step = async { outcome = watch.step(mode, &news).await };
        match mechanism {
            Mechanism::Slot => either(self.unless_taken_ring(to, step), reply).await,
            _ => either(step, reply).await,
        }
        Ok(outcome?.is_none())
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

/// An encoded request.
#[derive(Clone, Copy)]
enum Encoded<'a> {
    /// It fits one part.
    Short(Content),
    /// It takes several.
    Long(&'a [u8]),
}

impl Encoded<'_> {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short(content) => content.as_slice(),
            Self::Long(bytes) => bytes,
        }
    }
}

/// What a message encodes to, if that fits one part. Most do, and to clear a long buffer takes longer than all the rest.
#[inline]
pub(super) fn encoded_briefly(message: &impl serde::Serialize) -> Option<Content> {
    let mut bytes = [0; Part::MOST];
    let length = postcard::to_slice(message, &mut bytes).ok()?.len();
    Content::first_of(bytes, length)
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
    /// Life of the callee that the request was sent to.
    life: Option<Epoch>,
    /// The request, while it is not known to have arrived.
    letter: Option<Sent<'m, 'd, M>>,
    _noted: Option<Noted<'r, M>>,
}

impl<'m, 'd, M: Mesh> Begun<'_, 'm, 'd, M> {
    /// Sends a request that fits a letter, if the callee was met and the line is free.
    #[inline]
    fn post(&mut self, message: Message, content: Content, notice: Notice) {
        let mailbox: &'m Mailbox<'d, M> = self.rpc.mailbox;
        let Some(life) = mailbox.known_life_of(self.to) else { return };
        let mail = Part::whole(message, self.id, content).emit(self.class.channel(), flow(self.id));
        self.letter = mailbox.send_now((self.to, life), &mail, notice);
        self.is_sent = self.letter.is_some();
        self.life = self.letter.as_ref().map(|_| life);
    }

    /// The callee has answered.
    #[inline]
    fn end(mut self) {
        self.is_sent = false;
        // Whoever answers has read the letter.
        if let Some(letter) = self.letter.take() {
            letter.answered();
        }
    }
}

impl<M: Mesh> Drop for Begun<'_, '_, '_, M> {
    #[inline]
    fn drop(&mut self) {
        self.rpc.calls.borrow_mut().remove(self.id);
        self.rpc.callers.wake_all();
        if self.is_sent {
            let cancel = Part::only(Message::Cancel, self.id);
            self.rpc.mailbox.hint(self.to, cancel.emit(self.class.channel(), flow(self.id)));
        }
    }
}
