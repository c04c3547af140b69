//! Greetings around the ring of cores: a sign of life for whoever watches the chip.
//!
//! Each core writes to the next one every 50 ms and takes what others write. Nobody relies on a
//! greeting: one that does not arrive within a period, because its receiver is stopped or starts again, is given up.

use executor::{Class, Spawner};
use ipi::mailbox::{Mode, Receiver};
use ipi::mesh::{Cycles, Deadline, Mesh as _};
use ipi::wire::{Channel, Flow, Kind, Mail};
use scc::id::CoreId;
use trace_format::record::Event;

use super::Mailbox;
use crate::command_line::Cores;
use crate::platform::machine::clocks;
use crate::platform::machine::mesh::ChipMesh;
use crate::trace;

/// Time from one greeting to the next.
const PERIOD_MILLISECONDS: u64 = 50;
/// Carries greetings.
const GREETINGS: Channel = Channel::new(2).expect("channels are 0 to 14");
/// Why a task is spawned without fail.
const TASK_MEMORY: &str = "the heap has memory for a task";

/// Has this core greet the next one of `cores`, for ever. Once, task context.
///
/// # Panics
/// If channel 2 is in use, and without memory for two tasks.
pub fn start(spawner: Spawner, mailbox: &'static Mailbox, cores: Cores) {
    let receiver =
        mailbox.open(GREETINGS, Mode::Interrupt).expect("nobody else uses the channel of greetings");
    let next = cores.after(mailbox.mesh().core());
    let greeter = spawner.spawn("greet", Class::Service, greet(mailbox, next));
    greeter.expect(TASK_MEMORY).detach();
    spawner.spawn("greeted", Class::Service, take(receiver)).expect(TASK_MEMORY).detach();
}

async fn greet(mailbox: &'static Mailbox, next: CoreId) {
    let period = Cycles::new(PERIOD_MILLISECONDS * u64::from(clocks::cycles_per_millisecond()));
    let mut due = mailbox.mesh().now();
    loop {
        due = due + period;
        mailbox.mesh().sleep_until(due).await;
        let mail = Mail::empty(GREETINGS, Kind(0), Flow(0));
        match mailbox.send(next, mail, Deadline::At(due + period)).await {
            Ok(()) => trace::record(Event::MailSent(next.number())),
            Err(error) => log::debug!(target: "greeting", "to={next}: {error}"),
        }
        // After a core that did not answer, the rhythm starts anew.
        due = due.max(mailbox.mesh().now());
    }
}

async fn take(receiver: Receiver<'static, 'static, ChipMesh>) {
    loop {
        let received = receiver.recv().await;
        trace::record(Event::MailReceived(received.from.number()));
    }
}
