//! What a service gets of its surroundings.

use core::fmt;
use core::future::Future;
use core::pin::pin;

use executor::sync::Mutex;
use futures_util::future::{Either, select};
use ipi::mailbox::{Mailbox, Mode, OpenError, Receiver};
use ipi::mesh::{CoreSet, Cycles, Deadline, Instant, Mesh};
use ipi::rpc::{CallError, Caller, Class, Options, Procedure, Rpc, ServeError};
use ipi::transfer::Transfers;
use ipi::wire::Channel;
use scc::id::CoreId;

use crate::block::Sectors;
use crate::console::{Console, Numbers};
use crate::net::Hub;
use crate::plan::nearest_first;
use crate::registry::ServiceId;
use crate::site::Site;
use crate::status::{Counter, Status};

/// Milliseconds after which [`Ctx::call`] gives up: many times what a call takes between the most distant cores.
const PATIENCE_MILLISECONDS: u32 = 20;

/// A service's view of its core and of the others. Copied freely; task context.
///
/// Lines for people go through crate `log` with the service's name as their target:
/// `log::info!(target: ctx.name(), "…")`.
pub struct Ctx<'s, M: Mesh> {
    site: &'s Site<'s, M>,
    id: ServiceId,
}

impl<M: Mesh> Clone for Ctx<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Mesh> Copy for Ctx<'_, M> {}

impl<M: Mesh> fmt::Debug for Ctx<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Ctx").field(&self.name()).finish()
    }
}

impl<'s, M: Mesh> Ctx<'s, M> {
    /// The surroundings of the service `id` at `site`.
    pub const fn new(site: &'s Site<'s, M>, id: ServiceId) -> Self {
        Self { site, id }
    }

    /// The service's name.
    pub const fn name(self) -> &'static str {
        self.id.service().name
    }

    /// The core it runs on.
    pub fn core(self) -> CoreId {
        self.site.core()
    }

    /// The cores that take part.
    pub const fn cores(self) -> CoreSet {
        self.site.plan.cores()
    }

    /// The cores on which a service is meant to run, the nearest first.
    pub fn cores_of(self, id: ServiceId) -> impl Iterator<Item = CoreId> {
        nearest_first(self.site.plan.cores_of(id), self.core().tile().coord())
    }

    /// The core's mail, for letters that need no answer.
    pub const fn mail(self) -> &'s Mailbox<'s, M> {
        self.calls().mailbox()
    }

    /// The core's calls, for what [`call`](Self::call) and [`serve`](Self::serve) do not offer.
    pub const fn calls(self) -> &'s Rpc<'s, 's, M> {
        self.site.equipment.calls
    }

    /// The core's bulk transfers, for data that does not fit a call.
    pub const fn transfers(self) -> &'s Transfers<'s, 's, M> {
        self.site.equipment.transfers
    }

    /// The core's own console, for the service that owns it; all others [print](crate::console::print).
    pub(crate) const fn console(self) -> &'s dyn Console {
        self.site.equipment.console
    }

    /// Numbers of this core's lines on the console.
    pub(crate) const fn line_numbers(self) -> &'s Mutex<Numbers> {
        &self.site.line_numbers
    }

    /// The disk that the core lends to others, if it has one.
    pub(crate) const fn disk(self) -> Option<&'s dyn Sectors> {
        self.site.equipment.disk
    }

    /// The switch that the core's guests plug in.
    pub const fn hub(self) -> &'s Hub {
        self.site.equipment.hub
    }

    /// Receives the letters of a channel, by doorbell.
    ///
    /// # Errors
    /// [`OpenError`] if somebody else on this core has it.
    pub fn open(self, channel: Channel) -> Result<Receiver<'s, 's, M>, OpenError> {
        self.mail().open(channel, Mode::Interrupt)
    }

    /// Answers calls of `P`, one after the other, until the service is told to stop.
    ///
    /// # Errors
    /// [`ServeError`] if the core has no place for another server.
    ///
    /// *Cancel safety*: the call being served fails with [`ServerGone`](ipi::wire::Failure::ServerGone).
    pub async fn serve<P: Procedure>(
        self,
        handler: impl AsyncFn(Caller, P::Request) -> P::Reply,
    ) -> Result<(), ServeError> {
        let served = self.unless_stopped(self.calls().serve::<P>(Class::Ordinary, handler)).await;
        served.unwrap_or(Ok(()))
    }

    /// Calls `P` on core `to`, which answers within 20 ms or does not answer.
    ///
    /// # Errors
    /// [`CallError`], as [`Rpc::call`].
    ///
    /// *Cancel safety*: as of [`Rpc::call`].
    pub async fn call<P: Procedure>(self, to: CoreId, request: &P::Request) -> Result<P::Reply, CallError> {
        let options = Options::until(self.within(PATIENCE_MILLISECONDS));
        self.calls().call::<P>(to, request, options).await
    }

    /// What `attempt` returns. If that is an error it is tried again every millisecond, for as long as other cores may be
    /// starting: a second from when this core started its services.
    ///
    /// # Errors
    /// That of the last attempt.
    ///
    /// *Cancel safety*: that of `attempt`.
    pub async fn while_starting<T, E>(self, attempt: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
        loop {
            let tried = attempt().await;
            if tried.is_ok() || self.site.all_started.is_over(self.now()) {
                return tried;
            }
            self.sleep(1).await;
        }
    }

    /// Time on this core's clock.
    pub fn now(self) -> Instant {
        self.mail().mesh().now()
    }

    /// Cycles of this core in so many milliseconds.
    pub fn milliseconds(self, count: u32) -> Cycles {
        Cycles::new(u64::from(self.site.cycles_per_millisecond) * u64::from(count))
    }

    /// The moment in so many milliseconds.
    pub fn within(self, milliseconds: u32) -> Deadline {
        Deadline::At(self.now() + self.milliseconds(milliseconds))
    }

    /// Waits for so many milliseconds.
    ///
    /// *Cancel safety*: may be dropped at any time.
    pub async fn sleep(self, milliseconds: u32) {
        self.mail().mesh().sleep_until(self.now() + self.milliseconds(milliseconds)).await;
    }

    /// The counter called `name`, which everybody can see and which outlives a restart of the service.
    ///
    /// # Panics
    /// For a ninth name.
    pub fn counter(self, name: &'static str) -> Counter<'s> {
        self.own_status().counter(name)
    }

    /// Waits for the signal to stop; a service that takes no notice is ended soon after it.
    ///
    /// *Cancel safety*: may be dropped at any time; the signal stays.
    pub async fn stopping(self) {
        self.own_status().stop.wait().await;
    }

    /// What `work` returns, or nothing if the signal to stop comes first, which drops it.
    ///
    /// *Cancel safety*: that of `work`.
    pub async fn unless_stopped<T>(self, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(self.stopping()), pin!(work)).await {
            Either::Left(_) => None,
            Either::Right((output, _)) => Some(output),
        }
    }

    /// How a service is on this core.
    pub const fn status(self, id: ServiceId) -> &'s Status {
        self.site.status(id)
    }

    /// How this service is.
    pub(crate) const fn own_status(self) -> &'s Status {
        self.site.status(self.id)
    }

    /// A number that nobody else gets in this life of the core; wraps after 2^32.
    pub fn fresh_number(self) -> u32 {
        self.site.fresh_number()
    }
}
