//! Starts the guests that the kernel was handed, each as a task.

use alloc::rc::Rc;
use alloc::vec::Vec;

use executor::{Class, JoinHandle, Spawner};
use guest_abi::list::{Guest, GuestList};

use super::group::Membership;
use super::life::{frames, live};
use super::network::Network;
use super::terminal::{self, GuestTerminal};
use super::vm::Connections;
use crate::command_line::Cores;
use crate::mm::kernel_space;
use crate::platform::machine;
use crate::services::Services;

/// Runs all guests of the list that the kernel was handed, and waits for their ends. If this core has `services`, the first
/// guest is one of the group of those of `cores`, and all have a network with those cores. A guest that cannot be started
/// costs a line on the console.
pub async fn run_all(spawner: Spawner, services: Option<Services>, cores: Cores) {
    let Some(bytes) = kernel_space::guests() else { return };
    let list = match GuestList::parse(bytes) {
        Ok(list) => list,
        Err(error) => return log::error!(target: "guest", "none started: {error}"),
    };
    let network = Rc::new(Network::start(spawner, services, cores));
    let mut group = services.and_then(|services| Membership::new(services, cores).ok());
    let before = frames();
    let terminals: Vec<_> = list.guests().map(|_| Rc::<GuestTerminal>::default()).collect();
    let terminal = spawner.spawn("terminal", Class::Service, terminal::serve(terminals.clone()));
    if terminal.is_err() {
        log::error!(target: "guest", "no terminal: no memory for its task");
    }
    let mut guests = Vec::new();
    for ((guest, terminal), number) in list.guests().zip(terminals).zip(0..) {
        match guest {
            Ok(guest) => {
                let (group, network) = (group.take(), Rc::clone(&network));
                guests.extend(start(spawner, guest, Connections { group, network, terminal, number }));
            }
            Err(error) => log::error!(target: "guest", "not started: {error}"),
        }
    }
    for guest in guests {
        if let Err(error) = guest.await {
            log::error!(target: "guest", "lost: {error}");
        }
    }
    if let Ok(terminal) = terminal {
        terminal.abort();
    }
    machine::terminal::close();
    log::info!(target: "guest", "all ended frames={before} afterwards={}", frames());
}

fn start(spawner: Spawner, guest: Guest<'static>, connections: Connections) -> Option<JoinHandle<()>> {
    let task = spawner.spawn(guest.name, Class::Vcpu, live(guest, spawner, connections));
    if task.is_err() {
        log::error!(target: "guest", "not started name={}: no memory for its task", guest.name);
    }
    task.ok()
}
