//! Starts the guests that the kernel was handed, each as a task.

use alloc::rc::Rc;
use alloc::vec::Vec;

use executor::{Class, JoinHandle, Spawner};
use guest_abi::list::{Guest, GuestList};

use super::group::Membership;
use super::terminal::{self, GuestTerminal};
use super::vm::Vm;
use crate::mm::{heap, kernel_space};
use crate::platform::machine;

/// Runs all guests of the list that the kernel was handed, and waits for their ends. The first one takes the place in the
/// `group`, if there is one. A guest that cannot be started costs a line on the console.
pub async fn run_all(spawner: Spawner, mut group: Option<Membership>) {
    let Some(bytes) = kernel_space::guests() else { return };
    let list = match GuestList::parse(bytes) {
        Ok(list) => list,
        Err(error) => return log::error!(target: "guest", "none started: {error}"),
    };
    let before = frames();
    let terminals: Vec<_> = list.guests().map(|_| Rc::<GuestTerminal>::default()).collect();
    let terminal = spawner.spawn("terminal", Class::Service, terminal::serve(terminals.clone()));
    if terminal.is_err() {
        log::error!(target: "guest", "no terminal: no memory for its task");
    }
    let mut guests = Vec::new();
    for (guest, terminal) in list.guests().zip(terminals) {
        match guest {
            Ok(guest) => guests.extend(start(spawner, guest, group.take(), terminal)),
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

/// Frames that are free or the heap's, which gives none back.
fn frames() -> u32 {
    kernel_space::available_frames() + heap::frames()
}

fn start(
    spawner: Spawner,
    guest: Guest<'static>,
    group: Option<Membership>,
    terminal: Rc<GuestTerminal>,
) -> Option<JoinHandle<()>> {
    let task = spawner.spawn(guest.name, Class::Vcpu, async move {
        run(spawner, guest, group, Rc::clone(&terminal)).await;
        terminal.typed.close();
    });
    if task.is_err() {
        log::error!(target: "guest", "not started name={}: no memory for its task", guest.name);
    }
    task.ok()
}

async fn run(
    spawner: Spawner,
    guest: Guest<'static>,
    group: Option<Membership>,
    terminal: Rc<GuestTerminal>,
) {
    let name = guest.name;
    let mut vm = match Vm::new(&guest, spawner, group, terminal) {
        Ok(vm) => vm,
        Err(error) => return log::error!(target: "guest", "not started name={name}: {error}"),
    };
    log::info!(target: "guest", "started name={name} memory={}K", guest.memory_bytes >> 10);
    let end = vm.run().await;
    log::info!(target: "guest", "ended name={name} {end}");
    log::info!(target: "guest", "counted name={name} {}", vm.counts());
}
