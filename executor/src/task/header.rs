//! What every task begins with, and the reference to it that the executor, handles and wakers share.
//!
//! ```text
//!   Header          state, link, where to push, what to call         any context / executor only, see each field
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
use crate::atomic::{Link, const_except_loom};
use crate::class::Class;
use crate::core_state::Shared;
use crate::intake::Intake;
use crate::run_queue::Linked;
use crate::task::state::{State, Wake};
use crate::task::{TaskId, registry, stage};

/// Does what a task needs that came out of the queue, and notes its [`Ending`]; which of the functions in
/// [`stage`] that is, changes with the state of the task, so that nobody need look at the state first.
pub(crate) type PollFn = unsafe fn(NonNull<Header>);

/// What a call of a [`PollFn`] leaves to the executor, unless the task goes on waiting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// The future was ready and the output is stored.
    Ready,
    /// The future was dropped.
    Cancelled,
    /// The task was finished already, and has left the queue.
    Retired,
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

/// What every task begins with.
///
/// `state`, `link` and `accounting`'s time of wake are used in any context, the last two by whoever owns the link.
/// `shared`, `intake` and `id` are written before the task can be woken and read by who owns the link. The rest is used in
/// tasks and by the executor only.
pub(crate) struct Header {
    pub(crate) state: State,
    link: Link<Self>,
    shared: Cell<Option<&'static Shared>>,
    intake: Cell<Option<&'static Intake>>,
    poll: Cell<Option<PollFn>>,
    vtable: Cell<Option<&'static VTable>>,
    /// Left by the last call of `poll`, if the executor was told that there is one.
    ending: Cell<Ending>,
    pub(crate) id: Cell<TaskId>,
    name: Cell<Option<&'static str>>,
    pub(crate) class: Cell<Class>,
    /// Who waits for the end.
    pub(crate) joiner: Cell<Option<Waker>>,
    pub(crate) neighbours: registry::Neighbours,
    pub(crate) account: Account,
}

// SAFETY: the field is the link, and nothing else uses it.
unsafe impl Linked for Header {
    #[inline]
    fn link(&self) -> &Link<Self> {
        &self.link
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
            Self {
                state: State::free(),
                link: Link::new(ptr::null_mut()),
                shared: Cell::new(None),
                intake: Cell::new(None),
                poll: Cell::new(None),
                vtable: Cell::new(None),
                ending: Cell::new(Ending::Ready),
                id: Cell::new(TaskId::NONE),
                name: Cell::new(None),
                class: Cell::new(Class::FollowUp),
                joiner: Cell::new(None),
                neighbours: registry::Neighbours::new(),
                account: Account::new(),
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

    /// From now on, the executor sees to the storage instead of polling. Executor only.
    pub(crate) fn end_polls(&self) {
        self.poll.set(Some(stage::retire));
    }

    /// Tells the executor what the poll that is under way leaves to do.
    #[cold]
    pub(crate) fn note(&self, ending: Ending) {
        self.ending.set(ending);
        if let Some(shared) = self.shared.get() {
            shared.note_ending();
        }
    }

    /// What the last poll left to do, after [`Header::note`].
    pub(crate) fn ending(&self) -> Ending {
        self.ending.get()
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
        self.intake.set(Some(identity.shared.intake(identity.class)));
        self.poll.set(Some(poll));
        self.vtable.set(Some(vtable));
        self.id.set(identity.id);
        self.name.set(Some(identity.name));
        self.class.set(identity.class);
        self.account.clear();
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
        self.header().state.occupy();
        self.push();
    }

    /// Makes the task ready. Any context.
    #[inline]
    pub(crate) fn wake(self) {
        if self.header().state.wake() == Wake::Push {
            self.push();
        }
    }

    /// Queues a task whose link the caller owns.
    #[inline]
    pub(crate) fn push(self) {
        let header = self.header();
        // SAFETY: a reference to a task exists only after it was placed, and both were set then.
        let (shared, intake) =
            unsafe { (header.shared.get().unwrap_unchecked(), header.intake.get().unwrap_unchecked()) };
        #[cfg(any(feature = "accounting", feature = "trace"))]
        let now = shared.platform.now();
        #[cfg(feature = "accounting")]
        header.account.woken(now);
        #[cfg(feature = "trace")]
        if let Some(trace) = shared.recorder() {
            trace.ready(now, header.id.get());
        }
        // SAFETY: the caller owns the link; storage of a queued task is not released.
        unsafe { shared.push(intake, self) };
    }

    /// Tells the executor of a task that was pushed to an empty inbox. Not inlined: a poll that wakes stays small.
    #[inline(never)]
    pub(crate) fn announce(self) {
        let header = self.header();
        // SAFETY: a reference to a task exists only after it was placed, and both were set then.
        let (shared, intake) =
            unsafe { (header.shared.get().unwrap_unchecked(), header.intake.get().unwrap_unchecked()) };
        shared.announce(intake);
    }

    /// Polls the future, or does what else the task needs.
    ///
    /// # Safety
    /// The caller is the executor, and has taken the task out of the queue.
    #[inline]
    pub(crate) unsafe fn poll(self) {
        // SAFETY: the function was stored together with this task's future.
        let function = unsafe { self.header().poll.get().unwrap_unchecked() };
        // SAFETY: the function is for the type of the future and for the state of the task.
        unsafe { function(self.0) }
    }
}
