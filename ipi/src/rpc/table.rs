//! Calls under way on one core: its own, and those of others that it serves.

use alloc::vec::Vec;
use core::iter::repeat_with;

use scc::id::CoreId;

use super::{Caller, Class, MOST_BYTES};
use crate::mesh::{Cycles, Instant};
use crate::wire::{CallId, Epoch, Failure, Message, Part, ProcedureId};

/// Own calls that can be under way at once; the lowest bits of a call's number say which it is.
const CALLS: usize = 16;
/// Requests of others that can be under way at once: one of each core, and some more of any.
const PLACES: usize = CoreId::COUNT + 16;
/// Servers that can be at work.
pub(super) const SERVERS: usize = 16;
/// Answers that can wait to be sent.
const ANSWERS: usize = 16;

/// Time after which an incomplete request may be dropped for a new one.
const STALE: Cycles = Cycles::new(2_000_000);

/// A message that comes in parts. What is behind its length means nothing.
#[derive(Debug)]
pub(super) struct Assembly {
    bytes: [u8; MOST_BYTES],
    length: usize,
    next: u8,
}

impl Assembly {
    const NEW: Self = Self { bytes: [0; MOST_BYTES], length: 0, next: 0 };

    fn clear(&mut self) {
        (self.length, self.next) = (0, 0);
    }

    /// Adds the next part; whether it was the last. A part out of order is ignored.
    fn add(&mut self, part: &Part) -> bool {
        if part.index != self.next {
            return false;
        }
        // There is room for the longest part behind all that come before the last one.
        self.bytes[self.length..][..Part::MOST].copy_from_slice(part.content.whole());
        self.length += part.content.len();
        self.next += 1;
        self.next == part.count
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// An own call, under way or over.
#[derive(Debug)]
struct Call {
    id: CallId,
    callee: CoreId,
    reply: Assembly,
    end: Option<Result<(), Failure>>,
}

/// Own calls. Their memory is never moved or cleared: most messages use little of it.
#[derive(Debug)]
pub(super) struct Calls {
    calls: Vec<Call>,
    /// Calls under way, one bit each.
    begun: u16,
    last: u16,
}

const _: () = assert!(CALLS == u16::BITS as usize);

impl Calls {
    pub(super) fn new() -> Self {
        let callee = CoreId::new(0).expect("there is a core 0");
        let call = || Call { id: CallId(0), callee, reply: Assembly::NEW, end: None };
        Self { calls: repeat_with(call).take(CALLS).collect(), begun: 0, last: 0 }
    }

    /// Begins a call with a number that none under way has; `None` if too many are.
    pub(super) fn begin(&mut self, callee: CoreId) -> Option<CallId> {
        let place = (!self.begun).trailing_zeros();
        let call = self.calls.get_mut(usize::try_from(place).ok()?)?;
        self.last = self.last.wrapping_add(1);
        self.begun |= 1 << place;
        call.id = CallId(self.last << 4 | u16::try_from(place).ok()?);
        call.callee = callee;
        call.reply.clear();
        call.end = None;
        Some(call.id)
    }

    /// Takes a part of a reply in; parts that belong to no call are ignored.
    pub(super) fn take(&mut self, from: CoreId, part: &Part) {
        let Some(place) = self.place_of(part.call) else { return };
        let call = &mut self.calls[place];
        if call.callee != from || call.end.is_some() {
            return;
        }
        match part.message {
            Message::Reply if call.reply.add(part) => call.end = Some(Ok(())),
            Message::Queued => call.end = Some(Ok(())),
            Message::Failure(failure) => call.end = Some(Err(failure)),
            Message::Reply | Message::Request(_) | Message::Cast(_) | Message::Cancel => {}
        }
    }

    /// How the call ended, if it did.
    pub(super) fn end(&self, id: CallId) -> Option<Result<&[u8], Failure>> {
        let call = &self.calls[self.place_of(id)?];
        call.end.map(|end| end.map(|()| call.reply.as_slice()))
    }

    pub(super) fn remove(&mut self, id: CallId) {
        if let Some(place) = self.place_of(id) {
            self.begun &= !(1 << place);
        }
    }

    /// Place of a call that is under way.
    fn place_of(&self, id: CallId) -> Option<usize> {
        let place = usize::from(id.0) % CALLS;
        (self.begun >> place & 1 != 0 && self.calls[place].id == id).then_some(place)
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
#[derive(Debug)]
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

/// Requests of other cores, and which procedures have servers. Each core has a place that no other core can take, so that
/// none is turned away for ever; more of its requests share the places behind. The memory of a place is never moved or
/// cleared.
#[derive(Debug)]
pub(super) struct Requests {
    places: Vec<Request>,
    /// Places in use, one bit each, and those among them that wait for a server.
    taken: u64,
    ready: u64,
    served: [Option<(Class, ProcedureId)>; SERVERS],
    order: u32,
}

const _: () = assert!(PLACES == u64::BITS as usize);

impl Requests {
    pub(super) fn new() -> Self {
        let core = CoreId::new(0).expect("there is a core 0");
        let life = Epoch::new(1).expect("lives begin with 1");
        let request = || Request {
            caller: Caller { core, life },
            call: CallId(0),
            message: Message::Cancel,
            stage: Stage::Incomplete,
            content: Assembly::NEW,
            class: Class::Ordinary,
            procedure: ProcedureId(0),
            began: Instant::from_cycles(0),
            order: 0,
        };
        let places = repeat_with(request).take(PLACES).collect();
        Self { places, taken: 0, ready: 0, served: [None; SERVERS], order: 0 }
    }

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

    /// Places of those that serve a procedure.
    pub(super) fn servers_of(&self, class: Class, procedure: ProcedureId) -> impl Iterator<Item = usize> {
        self.served
            .iter()
            .enumerate()
            .filter(move |(_, served)| **served == Some((class, procedure)))
            .map(|(place, _)| place)
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
        let place = if part.index == 0 {
            let place = self.free_place(caller.core, now);
            let Some(place) = place else { return Some(Message::Failure(Failure::Busy)) };
            self.occupy(place, (caller, part.call), class, (part.message, procedure), now);
            place
        } else {
            self.find(caller, part.call)?
        };
        let request = &mut self.places[place];
        if request.stage != Stage::Incomplete || !request.content.add(part) {
            return None;
        }
        request.stage = Stage::Ready;
        self.ready |= 1 << place;
        matches!(part.message, Message::Cast(_)).then_some(Message::Queued)
    }

    fn occupy(
        &mut self,
        place: usize,
        (caller, call): (Caller, CallId),
        class: Class,
        (message, procedure): (Message, ProcedureId),
        now: Instant,
    ) {
        self.order = self.order.wrapping_add(1);
        self.taken |= 1 << place;
        self.ready &= !(1 << place);
        let request = &mut self.places[place];
        (request.caller, request.call, request.message) = (caller, call, message);
        (request.class, request.procedure) = (class, procedure);
        (request.began, request.order) = (now, self.order);
        request.stage = Stage::Incomplete;
        request.content.clear();
    }

    /// Notes a request that a handler works on already, so that it can be cancelled; its place, if there is one.
    pub(super) fn settle(
        &mut self,
        (caller, call): (Caller, CallId),
        class: Class,
        procedure: ProcedureId,
        now: Instant,
    ) -> Option<usize> {
        let place = self.free_place(caller.core, now)?;
        self.occupy(place, (caller, call), class, (Message::Request(procedure), procedure), now);
        self.places[place].stage = Stage::Running;
        Some(place)
    }

    /// The caller no longer wants a reply.
    pub(super) fn cancel(&mut self, caller: Caller, call: CallId) {
        let Some(place) = self.find(caller, call) else { return };
        match self.places[place].stage {
            Stage::Running => self.places[place].stage = Stage::Cancelled,
            Stage::Cancelled => {}
            Stage::Incomplete | Stage::Ready => self.remove(place),
        }
    }

    /// Gives the oldest request for a procedure to a server; its place.
    pub(super) fn start(&mut self, class: Class, procedure: ProcedureId) -> Option<usize> {
        let newest = self.order;
        let wanted = bits(self.ready).filter(|place| {
            let request = &self.places[*place];
            request.class == class && request.procedure == procedure
        });
        let place = wanted.max_by_key(|place| newest.wrapping_sub(self.places[*place].order))?;
        self.ready &= !(1 << place);
        self.places[place].stage = Stage::Running;
        Some(place)
    }

    /// A running request, which keeps its place until its server ends it.
    pub(super) fn at(&self, place: usize) -> &Request {
        &self.places[place]
    }

    pub(super) fn remove(&mut self, place: usize) {
        self.taken &= !(1 << place);
        self.ready &= !(1 << place);
    }

    fn find(&self, caller: Caller, call: CallId) -> Option<usize> {
        bits(self.taken).find(|place| {
            let request = &self.places[*place];
            request.caller == caller && request.call == call
        })
    }

    fn free_place(&self, caller: CoreId, now: Instant) -> Option<usize> {
        let is_stale = |place: &usize| {
            let request = &self.places[*place];
            request.stage == Stage::Incomplete && now - request.began > STALE
        };
        let own = caller.index();
        let behind = !((1 << CoreId::COUNT) - 1);
        if self.taken >> own & 1 == 0 {
            return Some(own);
        }
        bits(!self.taken & behind).next().or_else(|| bits(self.taken & (behind | 1 << own)).find(is_stale))
    }
}

/// Numbers of the bits that are 1, in ascending order.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = usize::try_from(set.trailing_zeros()).ok().filter(|bit| *bit < PLACES)?;
        set &= set - 1;
        Some(bit)
    })
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
    waiting: [Option<Answer>; ANSWERS],
    length: usize,
}

impl Answers {
    pub(super) const NEW: Self = Self { waiting: [None; ANSWERS], length: 0 };

    /// Whether a letter and another kind of request may still cause an answer each.
    pub(super) const fn has_room(&self) -> bool {
        self.length + 2 <= ANSWERS
    }

    /// Appends an answer, or drops it if there is no place.
    pub(super) fn push(&mut self, answer: Answer) {
        if self.length < ANSWERS {
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
