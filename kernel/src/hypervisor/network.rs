//! The network of a core's guests: a switch with a port for each of them and one for each other core.
//!
//! ```text
//! guest's card ── Cable ──┐                      ┌── link(core 1) ── Transfers::send ─▶ core 1: receive ── its switch
//!                         ├── Hub (vdev::hub) ───┤
//! guest's card ── Cable ──┘                      └── link(core 2) ── …
//! ```
//!
//! A frame goes to another core as a message of bulk transfer, which one task for each of those cores sends. Frames for a
//! core without a kernel are lost, at the price of reading one line. So are those that a core does not take in time, and for a
//! while all that is meant for it. No more than [`SENDING_MAX`] are under way at once, so that calls and messages of others
//! keep their places. Nothing waits without bound: a guest's frame has left the guest as soon as the switch has it.

use alloc::rc::Rc;

use executor::sync::Semaphore;
use executor::{Class, Spawner};
use guest_abi::list::GUESTS_MAX;
use ipi::mesh::Deadline;
use ipi::wire::Tag;
use scc::id::CoreId;

use super::vdev::hub::{Cable, Hub};
use super::vdev::network::FRAME_BYTES_MAX;
use super::vdev::switch::{Limits, MacAddress, Port, Side};
use crate::command_line::Cores;
use crate::mail::Mailbox;
use crate::platform::machine;
use crate::runtime;
use crate::services::{Services, Transfers};

/// Tag of messages that are frames.
const TAG: Tag = Tag(0x4001);
/// Port of the first guest; those below belong to the cores of these numbers.
const FIRST_GUEST: usize = CoreId::COUNT;
/// How large the switch is. A port holds 24 KB of frames at most.
const LIMITS: Limits = Limits { ports: FIRST_GUEST + GUESTS_MAX, stations: 128, waiting: 16 };
/// Frames on their way to other cores at once, of sixteen messages that a core can offer.
const SENDING_MAX: u32 = 4;
/// Milliseconds after which a frame that a core does not take is lost.
const PATIENCE: u32 = 5;
/// Milliseconds for which such a core then gets none.
const REST: u32 = 20;

/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for the tasks of the network";

/// The network. Task context.
pub struct Network(Rc<Hub>);

impl Network {
    /// A network of this core's guests, and if it has `services` of those of the other `cores`.
    ///
    /// # Panics
    /// Without memory for the tasks that this takes: some 1 KB for each core.
    #[must_use]
    pub fn start(spawner: Spawner, services: Option<Services>, cores: Cores) -> Self {
        let hub = Rc::new(Hub::new(LIMITS, runtime::uptime));
        if let Some(Services { mailbox, transfers, .. }) = services {
            let permits = Rc::new(Semaphore::new(SENDING_MAX));
            let own = machine::identity::core();
            for core in cores.iter().filter(|core| *core != own) {
                let (end, permits) = (Rc::clone(&hub), Rc::clone(&permits));
                let link = Link { hub: end, permits, spawner, mailbox, transfers, core };
                hub.connect(port_of(core), Side::Switch);
                spawner.spawn("link", Class::Service, link.run()).expect(TASK_MEMORY).detach();
            }
            let receive = receive(Rc::clone(&hub), spawner, transfers);
            spawner.spawn("frames", Class::Service, receive).expect(TASK_MEMORY).detach();
        }
        Self(hub)
    }

    /// Plugs in the card of guest `number`, which no other has while the cable exists, and gives its address.
    #[must_use]
    pub fn plug_in(&self, number: u8) -> (Rc<Cable>, MacAddress) {
        let core = machine::identity::core().number();
        // Given out by nobody, for one station: see IEEE 802-2014 §8.4.
        let address = MacAddress::new([0x02, b'S', b'C', b'C', core, number]);
        (Cable::new(Rc::clone(&self.0), Port(FIRST_GUEST + usize::from(number))), address)
    }
}

const fn port_of(core: CoreId) -> Port {
    Port(core.index())
}

/// The way to another core.
struct Link {
    hub: Rc<Hub>,
    permits: Rc<Semaphore>,
    spawner: Spawner,
    mailbox: &'static Mailbox,
    transfers: &'static Transfers,
    core: CoreId,
}

impl Link {
    async fn run(self) {
        let timers = self.spawner.timers();
        let [patience, rest] = [PATIENCE, REST].map(|time| runtime::frequency().milliseconds(time));
        loop {
            let frame = self.hub.take(port_of(self.core)).await;
            if self.mailbox.life_of(self.core).is_none() {
                // Its kernel has not started: there is nobody to ring at.
                continue;
            }
            let permit = self.permits.acquire().await;
            let sending = self.transfers.send(self.core, TAG, &frame, Deadline::Never);
            let sent = timers.timeout(patience, sending).await;
            drop(permit);
            if !matches!(sent, Ok(Ok(()))) {
                // What waits would be late, and what comes would wait.
                self.hub.disconnect(port_of(self.core));
                timers.sleep(rest).await;
                self.hub.connect(port_of(self.core), Side::Switch);
            }
        }
    }
}

/// Hands on frames that other cores send.
async fn receive(hub: Rc<Hub>, spawner: Spawner, transfers: &'static Transfers) {
    let patience = runtime::frequency().milliseconds(PATIENCE);
    let mut frame = [0; FRAME_BYTES_MAX];
    loop {
        let from = transfers.next_waiting(TAG).await.from;
        let receiving = transfers.recv(from, TAG, &mut frame, Deadline::Never);
        if let Ok(Ok(length)) = spawner.timers().timeout(patience, receiving).await {
            // A frame of a core that is none of ours, or of one that rests, is lost.
            hub.bring(port_of(from), &frame[..length]).unwrap_or(());
        }
        executor::yield_now().await;
    }
}
