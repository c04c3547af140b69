//! `net`: the network of the guests of all cores.
//!
//! Each core has a switch ([`Hub`]) with a port for each of its guests and one for each other core. Guests plug in and out
//! whether the service runs or not; it is what carries frames from core to core.
//!
//! ```text
//! guest's card ──┐                   ┌── link(core 1) ── Transfers::send ─▶ core 1: receive ── its hub
//!                ├── Hub (hub.rs) ───┤
//! guest's card ──┘                   └── link(core 2) ── …
//! ```
//!
//! There is no switch that all frames go through: that would cost each of them a second way across the mesh, and all their
//! network with one core. A frame goes to another core as a message of bulk transfer, which one link for each of those cores
//! sends. Frames for a core without a kernel are lost, at the price of reading one line. So are those that a core does not
//! take in time, and for a while all that is meant for it. No more than `SENDING_MAX` are under way at once, so that calls
//! and messages of others keep their places. Nothing waits without bound: a guest's frame has left the guest as soon as the
//! hub has it.
//!
//! A core without guests takes no part and sleeps.

mod hub;
mod switch;

use core::convert::Infallible;

use executor::sync::Semaphore;
use futures_util::StreamExt;
use futures_util::future::join3;
use futures_util::stream::FuturesUnordered;
use guest_abi::list::GUESTS_MAX;
use ipi::mesh::Mesh;
use ipi::wire::Tag;
use scc::id::CoreId;

pub use self::hub::{Hub, Plug, Traffic};
pub use self::switch::{FrameError, Limits, MacAddress, Port, Side};
use crate::{Counter, Ctx};

/// Most bytes of a frame, without its checksum: 1,500 with two addresses and a type.
pub const FRAME_BYTES_MAX: usize = 1_514;
/// How large a core's switch is. A port holds 24 KB of frames at most.
pub const LIMITS: Limits = Limits { ports: CoreId::COUNT + GUESTS_MAX, stations: 128, waiting: 16 };
/// Tag of messages that are frames.
const TAG: Tag = Tag(0x4001);
/// Frames on their way to other cores at once, of sixteen messages that a core can offer.
const SENDING_MAX: u32 = 4;
/// Milliseconds after which a frame that a core does not take is lost.
const PATIENCE_MILLISECONDS: u32 = 5;
/// Milliseconds for which such a core then gets none.
const REST_MILLISECONDS: u32 = 20;

/// The port of a guest of this core, by its number below [`GUESTS_MAX`]; those of other cores are below.
pub const fn port_of_guest(number: u8) -> Port {
    Port(CoreId::COUNT + number as usize)
}

/// The address of a guest's card. Given out by nobody, for one station: see IEEE 802-2014 §8.4.
pub const fn address_of_guest(core: CoreId, number: u8) -> MacAddress {
    MacAddress::new([0x02, b'S', b'C', b'C', core.number(), number])
}

const fn port_of(core: CoreId) -> Port {
    Port(core.index())
}

/// Carries frames between this core and the others until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), Infallible> {
    let network = Network {
        ctx,
        hub: ctx.hub(),
        permits: Semaphore::new(SENDING_MAX),
        late: ctx.counter("late"),
        absent: ctx.counter("absent"),
    };
    ctx.unless_stopped(async {
        network.hub.first_guest().await;
        join3(network.send(), network.receive(), network.count()).await;
    })
    .await;
    Ok(())
}

struct Network<'s, M: Mesh> {
    ctx: Ctx<'s, M>,
    hub: &'s Hub,
    permits: Semaphore,
    late: Counter<'s>,
    absent: Counter<'s>,
}

impl<M: Mesh> Network<'_, M> {
    /// Sends to all other cores, for ever.
    async fn send(&self) {
        let others = self.ctx.cores().without(self.ctx.core());
        let mut links: FuturesUnordered<_> = others.iter().map(|core| self.link(core)).collect();
        while links.next().await.is_some() {}
    }

    /// Sends to one core, for ever.
    async fn link(&self, core: CoreId) {
        let ctx = self.ctx;
        loop {
            let plug = self.hub.plug_in(port_of(core), Side::Switch);
            loop {
                let frame = plug.take().await;
                if ctx.mail().life_of(core).is_none() {
                    // Its kernel has not started: there is nobody to ring at.
                    self.absent.increment();
                    continue;
                }
                let permit = self.permits.acquire().await;
                let until = ctx.within(PATIENCE_MILLISECONDS);
                let sent = ctx.transfers().send(core, TAG, &frame, until).await;
                drop(permit);
                if sent.is_err() {
                    self.late.increment();
                    break;
                }
            }
            // What waits would be late, and what comes would wait.
            drop(plug);
            ctx.sleep(REST_MILLISECONDS).await;
        }
    }

    /// Hands on frames that other cores send, for ever.
    async fn receive(&self) {
        let (ctx, mut frame) = (self.ctx, [0; FRAME_BYTES_MAX]);
        loop {
            let from = ctx.transfers().next_waiting(TAG).await.from;
            let until = ctx.within(PATIENCE_MILLISECONDS);
            if let Ok(length) = ctx.transfers().recv(from, TAG, &mut frame, until).await {
                // A frame of a core that is none of ours, or of one that rests, is lost; the hub counts it.
                self.hub.bring(port_of(from), &frame[..length]).unwrap_or(());
            }
            executor::yield_now().await;
        }
    }

    /// Shows what the hub has counted, for ever.
    async fn count(&self) {
        let names = ["frames", "bytes", "full", "bad", "stations"];
        let counters = names.map(|name| self.ctx.counter(name));
        let mut shown = Traffic::default();
        loop {
            shown = self.hub.traffic_after(shown).await;
            let Traffic { frames, bytes, full, bad, stations } = shown;
            counters
                .iter()
                .zip([frames, bytes, full, bad, stations])
                .for_each(|(counter, value)| counter.set(value));
        }
    }
}

#[cfg(test)]
mod tests;
