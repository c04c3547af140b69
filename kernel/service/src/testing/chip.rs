//! A fake chip whose cores run services, and visitors that use them.

use std::boxed::Box;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::string::String;
use std::task::Poll;
use std::time::Duration;
use std::vec::Vec;

use futures_util::future::{LocalBoxFuture, join_all, join4, select};
use ipi::mailbox::{Mailbox, Mode, Settings};
use ipi::mesh::{CoreSet, Cycles, Mesh};
use ipi::rpc::Rpc;
use ipi::testing::{Chooser, FakeMesh, Machine, Odds, Outcome};
use ipi::transfer::Transfers;
use scc::id::CoreId;

use super::equipment::{Paper, RamDisk};
use crate::block::{ReadOnlyImage, Sectors};
use crate::net::{Hub, LIMITS};
use crate::registry::ServiceId;
use crate::{Ctx, Ended, Equipment, Host, Plan, Site, TaskError, supervise};

/// Cycles of a millisecond. Fewer than on the chip, so that waiting takes few steps of the fake.
pub const CYCLES_PER_MILLISECOND: u32 = 50_000;
/// Operations of all cores after which a run counts as endless.
const STEPS: u64 = 20_000_000;

/// A visitor of one core: called with the context of a service that the plan need not have there.
type Visitor = Rc<dyn for<'y> Fn(Ctx<'y, FakeMesh<'y>>) -> LocalBoxFuture<'y, ()>>;

/// Core `number`.
///
/// # Panics
/// If there is none.
pub fn core(number: u8) -> CoreId {
    CoreId::new(number).expect("cores are 0 to 47")
}

/// A fake chip that runs services. Time passes as the cores work and jumps ahead when all wait; which core runs next and
/// what becomes of doorbells is a matter of the seed.
pub struct Chip {
    cores: u8,
    plan: Plan,
    seed: u64,
    odds: Odds,
    visitors: BTreeMap<u8, Visitor>,
    resets: Vec<(u8, u64, Option<u64>)>,
    paper: Paper,
    image: Option<Vec<u8>>,
}

/// What the cores of a run know in common.
struct Surroundings {
    plan: Plan,
    visitors: BTreeMap<u8, Visitor>,
    /// Cores whose visitors have not left.
    visited: Cell<CoreSet>,
    paper: Paper,
    image: Option<Vec<u8>>,
}

impl Chip {
    /// A chip on which the lowest `cores` cores run `services`, in the words of [`Plan`].
    ///
    /// # Panics
    /// If a word means nothing.
    pub fn new(cores: u8, services: &str) -> Self {
        let set = CoreSet::from_bits((1 << cores) - 1);
        let plan = Plan::parse(services, set).unwrap_or_else(|error| panic!("{error}"));
        Self {
            cores,
            plan,
            seed: 1,
            odds: Odds::SWITCHING,
            visitors: BTreeMap::new(),
            resets: Vec::new(),
            paper: Paper::default(),
            image: None,
        }
    }

    /// Another order of events, with doorbells lost, doubled and late.
    #[must_use]
    pub fn hostile(mut self, seed: u64) -> Self {
        (self.seed, self.odds) = (seed, Odds::HOSTILE);
        self
    }

    /// Has `visitor` work on a core, beside its services; the run ends when all visitors have left. A core that is reset
    /// and starts again is visited again.
    #[must_use]
    pub fn visit<V>(mut self, core: u8, visitor: V) -> Self
    where
        V: for<'y> AsyncFn(Ctx<'y, FakeMesh<'y>>) + 'static,
    {
        let visitor = Rc::new(visitor);
        self.visitors.insert(core, as_visitor(move |ctx| visited(visitor.clone(), ctx)));
        self
    }

    /// What consoles print on, and what is typed at.
    pub fn paper(&self) -> Paper {
        self.paper.clone()
    }

    /// Loads each core with an image of a disk; else the disk of a core is memory.
    #[must_use]
    pub fn with_image(mut self, image: Vec<u8>) -> Self {
        self.image = Some(image);
        self
    }

    /// Resets a core before its operation with this number, and starts it again after so many cycles, or never.
    #[must_use]
    pub fn reset(mut self, core: u8, at_operation: u64, restart_after: Option<u64>) -> Self {
        self.resets.push((core, at_operation, restart_after));
        self
    }

    /// Runs until all visitors have left.
    ///
    /// # Panics
    /// If a visitor panics, or nothing can happen any more, or it takes too long, or a reset never comes; the message has
    /// the seed, and the operations before where there are some.
    pub fn run(self) {
        let visited = self.visitors.keys().copied().map(core).fold(CoreSet::EMPTY, CoreSet::with);
        let surroundings = Rc::new(Surroundings {
            plan: self.plan,
            visitors: self.visitors,
            visited: Cell::new(visited),
            paper: self.paper,
            image: self.image,
        });
        let mut machine = Machine::new(Chooser::seeded(self.seed, self.odds)).calm_start().steps(STEPS);
        for number in 0..self.cores {
            let surroundings = surroundings.clone();
            machine = machine.core(number, move |mesh| Box::pin(live(mesh, surroundings.clone())));
        }
        for (core, at_operation, restart_after) in self.resets {
            machine = machine.reset(core, at_operation, restart_after);
        }
        let outcome = machine.run();
        assert_eq!(outcome, Outcome::Finished, "seed {}:\n{}", self.seed, machine.report());
        assert_eq!(machine.resets_left(), 0, "seed {}: the run was over before a reset", self.seed);
    }
}

fn as_visitor<V>(visitor: V) -> Visitor
where
    V: for<'y> Fn(Ctx<'y, FakeMesh<'y>>) -> LocalBoxFuture<'y, ()> + 'static,
{
    Rc::new(visitor)
}

fn visited<'y, V>(visitor: Rc<V>, ctx: Ctx<'y, FakeMesh<'y>>) -> LocalBoxFuture<'y, ()>
where
    V: for<'z> AsyncFn(Ctx<'z, FakeMesh<'z>>) + 'static,
{
    Box::pin(async move { visitor(ctx).await })
}

/// A life of a core.
async fn live(mesh: FakeMesh<'_>, surroundings: Rc<Surroundings>) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, settings(surroundings.plan.cores()));
    let calls = Rpc::new(&mailbox, Mode::Interrupt).expect("nobody else has opened its channels");
    let transfers = Transfers::new(&mailbox, Mode::Interrupt).expect("nobody else has opened its channels");
    let (memory, hub) = (RamDisk::new(), Hub::new(LIMITS, || Duration::ZERO));
    let image = surroundings.image.as_deref().map(ReadOnlyImage::new);
    let disk: &dyn Sectors = match &image {
        Some(image) => image,
        None => &memory,
    };
    let equipment = Equipment {
        calls: &calls,
        transfers: &transfers,
        console: &surroundings.paper,
        disk: Some(disk),
        hub: &hub,
    };
    let site = Site::new(equipment, surroundings.plan, CYCLES_PER_MILLISECOND);
    let own = site.core();
    let services = join_all(site.planned().map(|id| supervise(&site, id, &InPlace)));
    let visit = async {
        mailbox.mesh().ready().await;
        if let Some(visitor) = surroundings.visitors.get(&own.number()) {
            let name = ServiceId::named("echo").expect("one of the services that ship");
            visitor(Ctx::new(&site, name)).await;
            surroundings.visited.set(surroundings.visited.get().without(own));
        }
        while !surroundings.visited.get().is_empty() {
            let mesh = mailbox.mesh();
            mesh.sleep_until(mesh.now() + Cycles::new(20_000)).await;
        }
    };
    select(pin!(visit), pin!(join4(mailbox.run(), calls.run(), transfers.run(), services))).await;
}

/// Settings that find lost doorbells soon.
fn settings(peers: CoreSet) -> Settings {
    Settings {
        peers,
        rescan: Cycles::new(20_000),
        first_ring: Cycles::new(4_000),
        last_ring: Cycles::new(16_000),
        ..Settings::default()
    }
}

/// Runs services in the core's one task, and catches their panics. As on the chip, a service that panicked is never
/// dropped: it keeps its places. Kinder than the chip: cells that it had borrowed are free again.
pub(crate) struct InPlace;

impl<'s> Host<'s> for InPlace {
    async fn run(&self, _: &'static str, work: LocalBoxFuture<'s, Ended>) -> Result<Ended, TaskError> {
        let mut work = Some(work);
        poll_fn(|context| {
            let polled = work.as_mut().expect("not polled after its end");
            match catch_unwind(AssertUnwindSafe(|| polled.as_mut().poll(context))) {
                Ok(ended) => ended.map(Ok),
                Err(panic) if is_of_a_program(&*panic) => {
                    mem::forget(work.take());
                    Poll::Ready(Err(TaskError::Panicked))
                }
                // The fake unwinds the stack of a core that it resets.
                Err(end) => resume_unwind(end),
            }
        })
        .await
    }
}

fn is_of_a_program(panic: &dyn std::any::Any) -> bool {
    panic.is::<String>() || panic.is::<&str>()
}
