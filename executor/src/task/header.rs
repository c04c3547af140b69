//! What every task begins with, and the reference to it that the executor, handles and wakers share.
//!
//! ```text
//!   Header          readiness, link, where to push, what to call      any context / executor only, see each field
//!   Stage<F>        the future, later its output                      executor and handle only
//! ```
//!
//! A task lies in a slot of a static pool or in a box. Its type is known only to the functions of its [`VTable`].
#![expect(unsafe_code, reason = "type-erased tasks")]

use core::cell::Cell;
use core::fmt;
use core::ptr::{self, NonNull};
use core::task::Waker;

use crate::accounting::Account;
#[cfg(any(feature = "accounting", feature = "trace"))]
use crate::atomic::Word;
use crate::atomic::{Link, Readiness, Wake, const_except_loom};
use crate::class::Class;
use crate::core_state::Shared;
use crate::lanes::lane_of;
use crate::run_queue::Linked;
use crate::task::state::State;
use crate::task::{TaskId, registry, stage};

/// Polls a task, or does what else it needs; which of the functions in [`stage`] that is, changes with the state of the
/// task, so that nobody need look at the state first.
pub(crate) type PollFn = unsafe fn(NonNull<Header>) -> Ending;

/// What a call of a [`PollFn`] leaves to the executor. As wide as a register.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub(crate) enum Ending {
    /// The task waits, or has been woken again.
    None,
    /// The future was ready and the output is stored.
    Ready,
    /// The future was dropped.
    Cancelled,
    /// Nothing refers to the task, which had ended, any more.
    Unreferenced,
    /// It was no task but the alarm.
    Rang,
}

/// What depends on the type and the storage of a task.
#[derive(Debug)]
pub(crate) struct VTable {
    /// Drops the future.
    pub(crate) drop_future: unsafe fn(NonNull<Header>),
    /// Drops the output.
    pub(crate) drop_output: unsafe fn(NonNull<Header>),
    /// Gives back the executor's part in the storage.
    pub(crate) release: unsafe fn(NonNull<Header>),
    /// Frees storage to which nothing refers any more.
    pub(crate) deallocate: unsafe fn(NonNull<Header>),
}

/// What every task begins with. The readiness is first because the code of a wake is shorter so.
///
/// `readiness` and `state` are used in any context. `link` and `accounting`'s time of wake belong to who made the task
/// ready, until the executor takes it. `shared` and `id` are written before the task can be woken and only read then.
/// The rest is used in tasks and by the executor only.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) readiness: Readiness,
    link: Link<Self>,
    shared: Cell<Option<&'static Shared>>,
    poll: Cell<Option<PollFn>>,
    pub(crate) id: Cell<TaskId>,
    pub(crate) state: State,
    pub(crate) lane: Cell<usize>,
    /// Not 0 if the task woke itself by letting others go first, which the executor records with the end of the poll.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    pub(crate) yielded: Word,
    pub(crate) account: Account,
    vtable: Cell<Option<&'static VTable>>,
    name: Cell<Option<&'static str>>,
    pub(crate) class: Cell<Class>,
    /// Who waits for the end.
    pub(crate) joiner: Cell<Option<Waker>>,
    pub(crate) neighbours: registry::Neighbours,
}

// SAFETY: the field is the link, and nothing else uses it.
unsafe impl Linked for Header {
    #[inline]
    fn link(&self) -> &Link<Self> {
        &self.link
    }

    /// # Safety
    /// As the trait says.
    #[inline(always)]
    unsafe fn push_to(newest: &Link<Self>, element: NonNull<Self>) -> *mut Self {
        // SAFETY: as the caller promises.
        unsafe { newest.push::<{ core::mem::offset_of!(Self, link) }>(element) }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = formatter.debug_struct("Header");
        out.field("id", &self.id)
            .field("name", &self.name)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Header {
    const_except_loom! {
        /// Header of storage without a task: all zero, so that static storage takes no room in an image.
        pub(crate) const fn free() -> Self {
            Self::assemble(Readiness::ready(), State::free())
        }
    }

    const_except_loom! {
        /// What is queued when the alarm rings: lane 0, and never polled as a task is.
        pub(crate) const fn alarm() -> Self {
            let mut header = Self::assemble(Readiness::waiting(), State::never_polled());
            header.poll = Cell::new(Some(stage::ring));
            header
        }
    }

    const_except_loom! {
        const fn assemble(readiness: Readiness, state: State) -> Self {
            Self {
                readiness,
                link: Link::new(ptr::null_mut()),
                shared: Cell::new(None),
                poll: Cell::new(None),
                id: Cell::new(TaskId::NONE),
                state,
                lane: Cell::new(0),
                #[cfg(any(feature = "accounting", feature = "trace"))]
                yielded: Word::new(0),
                account: Account::new(),
                vtable: Cell::new(None),
                name: Cell::new(None),
                class: Cell::new(Class::FollowUp),
                joiner: Cell::new(None),
                neighbours: registry::Neighbours::new(),
            }
        }
    }

    /// The task's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name.get().unwrap_or_default()
    }

    /// From now on, the executor drops the future instead of polling it. Tasks only, of a task that is not finished.
    pub(crate) fn cancel_polls(&self) {
        self.poll.set(Some(stage::cancel));
    }

    /// From now on, the executor frees the storage instead of polling. Executor only.
    pub(crate) fn end_polls(&self) {
        self.poll.set(Some(stage::free));
    }

    /// Whether the task, which came out of the inbox, was all that was there, and is in no lane.
    #[inline]
    pub(crate) fn is_alone(&self) -> bool {
        self.link.load_owned().is_null()
    }

    /// What depends on the type of the task.
    ///
    /// # Panics
    /// If there never was a task in this storage.
    pub(crate) fn vtable(&self) -> &'static VTable {
        self.vtable.get().expect("a task was placed here")
    }

    /// Prepares the header for a task that [`TaskRef::start`] will push.
    pub(crate) fn describe(&self, poll: PollFn, vtable: &'static VTable, identity: Identity) {
        self.shared.set(Some(identity.shared));
        self.lane.set(lane_of(identity.class));
        self.poll.set(Some(poll));
        self.vtable.set(Some(vtable));
        self.id.set(identity.id);
        self.name.set(Some(identity.name));
        self.class.set(identity.class);
        self.account.clear();
        #[cfg(any(feature = "accounting", feature = "trace"))]
        self.yielded.store(0);
    }
}

/// What a task gets when it is spawned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) shared: &'static Shared,
    pub(crate) id: TaskId,
    pub(crate) name: &'static str,
    pub(crate) class: Class,
}

/// Refers to the header of a task, with access to the storage behind it.
///
/// Whoever holds one knows why the storage is alive: the task is in the executor's registry or queue, a handle or a
/// counted waker exists, or the storage is static.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TaskRef(NonNull<Header>);

impl TaskRef {
    /// Refers to the task that begins at `header`.
    ///
    /// # Safety
    /// The pointer may be used for the whole task, and the header stays alive while the reference is in use.
    #[inline]
    pub(crate) unsafe fn new(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// The header.
    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the header is alive while this reference is in use; it is only ever borrowed shared.
        unsafe { self.0.as_ref() }
    }

    /// Where the task begins.
    #[inline]
    pub(crate) fn pointer(self) -> NonNull<Header> {
        self.0
    }

    /// Makes the task ready for the first time.
    pub(crate) fn start(self) {
        let header = self.header();
        header.state.occupy();
        #[cfg(any(feature = "accounting", feature = "trace"))]
        if let Some(shared) = header.shared.get() {
            shared.platform.note_spawned(header);
        }
        self.push();
    }

    /// Makes the task ready. Any context.
    #[inline]
    pub(crate) fn wake(self) {
        match self.header().readiness.wake() {
            Wake::Push => {
                #[cfg(any(feature = "accounting", feature = "trace"))]
                self.note_ready();
                self.push();
            }
            Wake::Note => {
                #[cfg(any(feature = "accounting", feature = "trace"))]
                self.note_ready();
            }
            Wake::Nothing => {}
        }
    }

    /// Makes the task ready in its own poll; its executor knows when that is.
    #[inline]
    pub(crate) fn let_others_go(self) {
        match self.header().readiness.wake() {
            Wake::Note => {
                #[cfg(any(feature = "accounting", feature = "trace"))]
                self.header().yielded.store(1);
            }
            // Somebody has kept the context of an earlier poll.
            Wake::Push => {
                #[cfg(any(feature = "accounting", feature = "trace"))]
                self.note_ready();
                self.push();
            }
            Wake::Nothing => {}
        }
    }

    /// Notes when the task became ready, and records it. One dynamic call.
    #[cfg(any(feature = "accounting", feature = "trace"))]
    #[inline]
    fn note_ready(self) {
        // SAFETY: a reference to a task exists only after it was placed, and this was set then.
        let shared = unsafe { self.header().shared.get().unwrap_unchecked() };
        shared.platform.note_ready(self.header());
    }

    /// Queues a task whose link the caller owns. Any context.
    #[inline]
    pub(crate) fn push(self) {
        // SAFETY: a reference to a task exists only after it was placed, and this was set then.
        let shared = unsafe { self.header().shared.get().unwrap_unchecked() };
        // SAFETY: the caller owns the link; storage of a queued task is not released.
        unsafe { shared.push(self) };
    }

    /// Polls the future, or does what else the task needs.
    ///
    /// # Safety
    /// The caller is the executor, and has taken the task out of the queue.
    #[inline]
    pub(crate) unsafe fn poll(self) -> Ending {
        // SAFETY: the function was stored together with this task's future.
        let function = unsafe { self.header().poll.get().unwrap_unchecked() };
        // SAFETY: the function is for the type of the future and for the state of the task.
        unsafe { function(self.0) }
    }
}
