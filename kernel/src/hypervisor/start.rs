//! Starts the guests that the kernel was handed, each as a task.

use alloc::rc::Rc;
use alloc::vec::Vec;

use executor::{Class, JoinHandle, Spawner};
use guest_abi::list::{Guest, GuestList};
use scc::id::CoreId;
use service::Ctx;
use service::block::{BlockDevice, RemoteDisk};
use service::net::Hub;
use service::registry::ServiceId;

use super::devices::{self, LentDisk};
use super::group::Membership;
use super::life::{frames, live};
use super::terminal::{self, GuestTerminal};
use super::vm::Connections;
use crate::command_line::Cores;
use crate::mm::kernel_space;
use crate::platform::machine;
use crate::services::{self, Services};

/// Whether the kernel was handed guests.
#[must_use]
pub fn has_guests() -> bool {
    let list = kernel_space::guests().map(GuestList::parse);
    list.is_some_and(|list| list.map_or(true, |list| list.guests().next().is_some()))
}

/// Runs all guests of the list that the kernel was handed, and waits for their ends. If this core has `services`, the first
/// guest is one of the group of those of `cores`, and all have a network with those cores. A guest that cannot be started
/// costs a line on the console.
pub async fn run_all(spawner: Spawner, services: Option<Services>, cores: Cores) {
    let Some(bytes) = kernel_space::guests() else { return };
    let list = match GuestList::parse(bytes) {
        Ok(list) => list,
        Err(error) => return log::error!(target: "guest", "none started: {error}"),
    };
    if list.guests().next().is_none() {
        return;
    }
    let hub = services.map_or_else(services::hub, |services| services.site.equipment().hub);
    let mut group = services.and_then(|services| Membership::new(services, cores).ok());
    let before = frames();
    let terminals: Vec<_> = list.guests().map(|_| Rc::<GuestTerminal>::default()).collect();
    let console = services.and_then(Services::planned_console);
    let terminal = terminal::start(spawner, terminals.clone(), console);
    let mut guests = Vec::new();
    for ((guest, terminal), number) in list.guests().zip(terminals).zip(0..) {
        match guest {
            Ok(guest) => {
                let place = Place { group: group.take(), services, hub, terminal, number };
                guests.extend(start(spawner, guest, place));
            }
            Err(error) => log::error!(target: "guest", "not started: {error}"),
        }
    }
    for guest in guests {
        if let Err(error) = guest.await {
            log::error!(target: "guest", "lost: {error}");
        }
    }
    if let Some(terminal) = terminal.filter(|_| console.is_none()) {
        terminal.abort();
        machine::terminal::close();
    }
    log::info!(target: "guest", "all ended frames={before} afterwards={}", frames());
}

/// Where a guest runs, each time that it is made.
pub(super) struct Place {
    /// Its place in the group of guests of different cores, if it has one.
    pub group: Option<Membership>,
    /// The core's services, if it has any.
    pub services: Option<Services>,
    /// The network of the core's guests.
    pub hub: &'static Hub,
    /// Its end of the core's terminal.
    pub terminal: Rc<GuestTerminal>,
    /// Its number among the guests of this core, from 0.
    pub number: u8,
}

impl Place {
    /// Connects a guest. A disk of another core that cannot be had is left out, which a line says.
    pub(super) async fn connections(&self, guest: &Guest<'static>) -> Connections {
        let disk = match guest.lender.and_then(CoreId::new) {
            Some(core) => borrow(self.services, core, guest.name).await,
            None => None,
        };
        let devices = devices::Connections { hub: self.hub, disk, number: self.number };
        Connections { group: self.group.clone(), terminal: Rc::clone(&self.terminal), devices }
    }
}

fn start(spawner: Spawner, guest: Guest<'static>, place: Place) -> Option<JoinHandle<()>> {
    let task = spawner.spawn(guest.name, Class::Vcpu, live(guest, spawner, place));
    if task.is_err() {
        log::error!(target: "guest", "not started name={}: no memory for its task", guest.name);
    }
    task.ok()
}

/// The disk that `core` lends; without it the guest has none, and a line says why.
async fn borrow(services: Option<Services>, core: CoreId, name: &str) -> Option<LentDisk> {
    let Some(Services { site, .. }) = services else {
        log::error!(target: "guest", "no disk name={name}: this core has no services");
        return None;
    };
    if core == site.core() {
        return site.equipment().disk.map(LentDisk::Near);
    }
    let block = ServiceId::named("block").expect("one of the services that ship");
    match RemoteDisk::open(Ctx::new(site, block), core).await {
        Ok(disk) => {
            log::info!(target: "guest", "borrows disk name={name} core={core} sectors={}", disk.sectors());
            Some(LentDisk::Far(disk))
        }
        Err(error) => {
            log::error!(target: "guest", "no disk name={name} core={core}: {error}");
            None
        }
    }
}
