//! Calls under way on one core: its own, and those of others that it serves.

use scc::id::CoreId;

use super::{Caller, Class, MOST_BYTES};
use crate::mesh::{Cycles, Instant};
use crate::wire::{CallId, Failure, Message, Part, ProcedureId};

/// Own calls, and requests of others, that can be under way at once.
const PLACES: usize = 16;

/// Time after which an incomplete request may be dropped for a new one.
const STALE: Cycles = Cycles::new(2_000_000);

/// A message that comes in parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assembly {
    bytes: [u8; MOST_BYTES],
    length: usize,
    next: u8,
}

impl Assembly {
    const NEW: Self = Self { bytes: [0; MOST_BYTES], length: 0, next: 0 };

    /// Adds the next part; whether it was the last. A part out of order is ignored.
    fn add(&mut self, part: &Part) -> bool {
        if part.index != self.next {
            return false;
        }
        let content = part.content.as_slice();
        self.bytes[self.length..][..content.len()].copy_from_slice(content);
        self.length += content.len();
        self.next += 1;
        self.next == part.count
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// An own call under way.
#[derive(Clone, Copy, Debug)]
struct Call {
    id: CallId,
    callee: CoreId,
    reply: Assembly,
    end: Option<Result<(), Failure>>,
}

/// Own calls under way.
#[derive(Debug)]
pub(super) struct Calls([Option<Call>; PLACES]);

impl Calls {
    pub(super) const NEW: Self = Self([None; PLACES]);

    /// Begins a call; the id must not be in use. `None` without a free place.
    pub(super) fn begin(&mut self, id: CallId, callee: CoreId) -> Option<()> {
        let place = self.0.iter_mut().find(|place| place.is_none())?;
        *place = Some(Call { id, callee, reply: Assembly::NEW, end: None });
        Some(())
    }

    pub(super) fn contains(&self, id: CallId) -> bool {
        self.0.iter().flatten().any(|call| call.id == id)
    }

    /// Takes a part of a reply in; parts that belong to no call are ignored.
    pub(super) fn take(&mut self, from: CoreId, part: &Part) {
        let call = self.0.iter_mut().flatten().find(|call| call.id == part.call && call.callee == from);
        let Some(call) = call.filter(|call| call.end.is_none()) else { return };
        match part.message {
            Message::Reply if call.reply.add(part) => call.end = Some(Ok(())),
            Message::Queued => call.end = Some(Ok(())),
            Message::Failure(failure) => call.end = Some(Err(failure)),
            Message::Reply | Message::Request(_) | Message::Cast(_) | Message::Cancel => {}
        }
    }

    /// How the call ended, if it did.
    pub(super) fn end(&self, id: CallId) -> Option<Result<&[u8], Failure>> {
        let call = self.0.iter().flatten().find(|call| call.id == id)?;
        call.end.map(|end| end.map(|()| call.reply.as_slice()))
    }

    pub(super) fn remove(&mut self, id: CallId) {
        if let Some(place) = self.0.iter_mut().find(|place| place.is_some_and(|call| call.id == id)) {
            *place = None;
        }
    }
}

/// Where a request of another core stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Parts are missing.
    Incomplete,
    /// It waits for a server.
    Ready,
    /// A handler works on it.
    Running,
    /// A handler works on it in vain.
    Cancelled,
}

/// A request of another core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) caller: Caller,
    pub(super) call: CallId,
    /// [`Message::Request`] or [`Message::Cast`].
    pub(super) message: Message,
    pub(super) stage: Stage,
    pub(super) content: Assembly,
    class: Class,
    procedure: ProcedureId,
    began: Instant,
    order: u32,
}

/// Requests of other cores, and which procedures have servers.
#[derive(Debug)]
pub(super) struct Requests {
    places: [Option<Request>; PLACES],
    served: [Option<(Class, ProcedureId)>; PLACES],
    order: u32,
}

impl Requests {
    pub(super) const NEW: Self = Self { places: [None; PLACES], served: [None; PLACES], order: 0 };

    /// Notes a server; its place, or `None` if there are 16 already.
    pub(super) fn add_server(&mut self, class: Class, procedure: ProcedureId) -> Option<usize> {
        let place = self.served.iter().position(Option::is_none)?;
        self.served[place] = Some((class, procedure));
        Some(place)
    }

    pub(super) fn remove_server(&mut self, place: usize) {
        self.served[place] = None;
    }

    pub(super) fn is_served(&self, class: Class, procedure: ProcedureId) -> bool {
        self.served.contains(&Some((class, procedure)))
    }

    /// Takes a part of a request in; what to answer at once.
    pub(super) fn take(
        &mut self,
        caller: Caller,
        class: Class,
        part: &Part,
        now: Instant,
    ) -> Option<Message> {
        let (Message::Request(procedure) | Message::Cast(procedure)) = part.message else { return None };
        if part.index == 0 {
            let place = self.free_place(now);
            let Some(place) = place else { return Some(Message::Failure(Failure::Busy)) };
            self.order = self.order.wrapping_add(1);
            self.places[place] = Some(Request {
                caller,
                call: part.call,
                message: part.message,
                stage: Stage::Incomplete,
                content: Assembly::NEW,
                class,
                procedure,
                began: now,
                order: self.order,
            });
        }
        let request = self.find(caller, part.call).filter(|request| request.stage == Stage::Incomplete)?;
        if !request.content.add(part) {
            return None;
        }
        request.stage = Stage::Ready;
        matches!(part.message, Message::Cast(_)).then_some(Message::Queued)
    }

    /// The caller no longer wants a reply.
    pub(super) fn cancel(&mut self, caller: Caller, call: CallId) {
        let index = self
            .places
            .iter()
            .position(|place| place.is_some_and(|request| request.caller == caller && request.call == call));
        let Some(index) = index else { return };
        if let Some(request) = &mut self.places[index] {
            match request.stage {
                Stage::Running => request.stage = Stage::Cancelled,
                Stage::Cancelled => {}
                Stage::Incomplete | Stage::Ready => self.places[index] = None,
            }
        }
    }

    /// Gives the oldest request for a procedure to a server; its place.
    pub(super) fn start(&mut self, class: Class, procedure: ProcedureId) -> Option<usize> {
        let newest = self.order;
        let waiting = self.places.iter().enumerate().filter_map(|(index, place)| {
            let request = place.as_ref()?;
            let is_wanted =
                request.stage == Stage::Ready && request.class == class && request.procedure == procedure;
            is_wanted.then_some((newest.wrapping_sub(request.order), index))
        });
        let (_, index) = waiting.max()?;
        if let Some(request) = &mut self.places[index] {
            request.stage = Stage::Running;
        }
        Some(index)
    }

    pub(super) fn at(&self, place: usize) -> &Request {
        self.places[place].as_ref().expect("a running request keeps its place until its server ends it")
    }

    pub(super) fn remove(&mut self, place: usize) {
        self.places[place] = None;
    }

    fn find(&mut self, caller: Caller, call: CallId) -> Option<&mut Request> {
        let mut requests = self.places.iter_mut().flatten();
        requests.find(|request| request.caller == caller && request.call == call)
    }

    fn free_place(&self, now: Instant) -> Option<usize> {
        let is_stale = |request: &Request| request.stage == Stage::Incomplete && now - request.began > STALE;
        self.places.iter().position(|place| place.as_ref().is_none_or(is_stale))
    }
}

/// A message without content that waits to be sent to a caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) caller: Caller,
    pub(super) call: CallId,
    pub(super) message: Message,
}

/// Answers that wait to be sent.
#[derive(Debug)]
pub(super) struct Answers {
    waiting: [Option<Answer>; PLACES],
    length: usize,
}

impl Answers {
    pub(super) const NEW: Self = Self { waiting: [None; PLACES], length: 0 };

    /// Whether both kinds of requests may still cause an answer each.
    pub(super) const fn has_room(&self) -> bool {
        self.length + 2 <= PLACES
    }

    /// Appends an answer, or drops it if there is no place.
    pub(super) fn push(&mut self, answer: Answer) {
        if self.length < PLACES {
            self.waiting[self.length] = Some(answer);
            self.length += 1;
        }
    }

    pub(super) fn pop(&mut self) -> Option<Answer> {
        let first = self.waiting[0].take()?;
        self.waiting.rotate_left(1);
        self.length -= 1;
        Some(first)
    }
}
