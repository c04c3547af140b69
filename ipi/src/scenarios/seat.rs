//! Who is woken by a ring, on a core whose mailbox and receivers are tasks of their own: nothing is lost, so nobody needs
//! to ring again, and nobody does.

use std::boxed::Box;
use std::format;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::*;
use crate::barrier::FlagBarrier;
use crate::group::Group;
use crate::layout::BarrierId;
use crate::mailbox::Mode;
use crate::testing::Odds;

/// Cycles within which a letter is answered if nobody needs to ring again for it.
const SOON: u64 = 60_000;
/// Cycles after which a receiver does something else.
const LATER: u64 = 30_000;

/// Settings with which lost rings are found too late for a sender.
pub(super) fn unaided() -> Settings {
    let never = Cycles::new(10_000_000);
    Settings { rescan: never, first_ring: never, last_ring: never, ..brisk(2) }
}

/// A task of a core.
pub(super) type Work<'w> = Pin<Box<dyn Future<Output = ()> + 'w>>;

/// Runs the work of a core, its mailbox and another task, each woken by itself, until both cores have done their work.
pub(super) async fn run_beside<M: Mesh>(
    witness: &Witness,
    mailbox: &Mailbox<'_, M>,
    work: Work<'_>,
    other: Work<'_>,
) {
    let counted: Work<'_> = Box::pin(witness.work_alone(mailbox.mesh(), 2, work));
    let served: Work<'_> = Box::pin(mailbox.run());
    let mut all: FuturesUnordered<_> = [served, counted, other].into_iter().collect();
    while witness.finished.get() < 2 {
        all.next().await;
    }
}

/// Core 0 sends letters on these channels, one after the other, each of which has to be answered soon.
fn sender(machine: Machine, witness: Witness, channels: &'static [u8], wait: u64) -> Machine {
    machine.core(0, move |mesh| {
        let witness = witness.clone();
        Box::pin(async move {
            let doorbell;
            let mailbox = start!(mesh, doorbell, unaided());
            let work = async {
                mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(wait)).await;
                for number in channels {
                    let mail = mail(channel(*number), &[*number]);
                    let sent = mailbox.send(core(1), mail, in_cycles(mailbox.mesh(), SOON)).await;
                    witness.saw(format!("{sent:?}"));
                }
            };
            witness.work(&mailbox, 2, work).await;
        })
    })
}

/// What the task does that has sat down after the one that mail comes for. It looks into one line only, and nothing comes
/// there.
#[derive(Clone, Copy)]
enum Other {
    Waits,
    GivesUp,
}

/// Two tasks wait for mail, and it is for the one that did not sit down last.
fn ring_for_another(chooser: Chooser) -> (Machine, Check) {
    ring_beside(chooser, Other::Waits)
}

/// A task that waited for mail gives up before any comes.
fn ring_for_one_who_has_given_up(chooser: Chooser) -> (Machine, Check) {
    ring_beside(chooser, Other::GivesUp)
}

fn ring_beside(chooser: Chooser, other: Other) -> (Machine, Check) {
    let witness = Witness::default();
    let receivers = witness.clone();
    let machine = sender(Machine::new(chooser), witness.clone(), &[2], LATER).core(1, move |mesh| {
        let witness = receivers.clone();
        Box::pin(async move {
            let doorbell;
            let mailbox = start!(mesh, doorbell, unaided());
            let first = mailbox.open(channel(2), Mode::Interrupt).unwrap();
            let last = mailbox.open(channel(3), Mode::Interrupt).unwrap();
            let soon = mailbox.mesh().now() + Cycles::new(LATER / 2);
            let work = Box::pin(async { _ = first.recv().await });
            let beside = Box::pin(async {
                let received = async { _ = last.recv_from(core(1)).await };
                match other {
                    Other::Waits => received.await,
                    Other::GivesUp => either(received, mailbox.mesh().sleep_until(soon)).await,
                }
            });
            run_beside(&witness, &mailbox, work, beside).await;
        })
    });
    (machine.calm_start(), witness.expects(["Ok(())"]))
}

/// A task takes one letter and does something else while the next one comes.
fn ring_for_one_who_has_left(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let receivers = witness.clone();
    let machine = sender(Machine::new(chooser), witness.clone(), &[2, 2], 0).core(1, move |mesh| {
        let witness = receivers.clone();
        Box::pin(async move {
            let doorbell;
            let mailbox = start!(mesh, doorbell, unaided());
            let receiver = mailbox.open(channel(2), Mode::Interrupt).unwrap();
            let work = Box::pin(async {
                receiver.recv_from(core(0)).await;
                mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(2 * SOON)).await;
                receiver.recv_from(core(0)).await;
            });
            run_beside(&witness, &mailbox, work, Box::pin(async {})).await;
        })
    });
    (machine.calm_start(), witness.expects(["Ok(())", "Ok(())"]))
}

/// A task waits for what is not mail, and it is another, which waits for mail, that the ring wakes.
fn ring_for_a_watcher(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (first, last) = (witness.clone(), witness.clone());
    let barrier = || FlagBarrier::new(group(), BarrierId::new(0).unwrap(), 0, Mode::Interrupt);
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = last.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, unaided());
                let work = async {
                    mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(LATER)).await;
                    barrier().wait(&mailbox, in_cycles(mailbox.mesh(), SOON)).await.unwrap();
                };
                witness.work(&mailbox, 2, work).await;
            })
        })
        .core(1, move |mesh| {
            let witness = first.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, unaided());
                let receiver = mailbox.open(channel(3), Mode::Interrupt).unwrap();
                let work = Box::pin(async {
                    let soon = mailbox.mesh().now() + Cycles::new(LATER + SOON);
                    let waited = barrier().wait(&mailbox, Deadline::At(soon + Cycles::new(SOON))).await;
                    // What is there when the deadline comes is found then.
                    witness.saw(format!("{:?}", waited.map(|()| mailbox.mesh().now() < soon)));
                });
                let beside = Box::pin(async { _ = receiver.recv().await });
                run_beside(&witness, &mailbox, work, beside).await;
            })
        });
    (machine.calm_start(), witness.expects(["Ok(true)"]))
}

fn group() -> Group {
    Group::new(&[core(0), core(1)]).unwrap()
}

#[test]
fn nobody_needs_to_ring_again() {
    let scenarios: [(&str, Scenario); 4] = [
        ("another", ring_for_another),
        ("left", ring_for_one_who_has_left),
        ("given up", ring_for_one_who_has_given_up),
        ("watcher", ring_for_a_watcher),
    ];
    for (name, scenario) in scenarios {
        for seed in 0..100 {
            let (mut machine, check) = scenario(Chooser::seeded(seed, Odds::SWITCHING));
            assert_eq!(run(&mut machine, check), Ok(()), "{name}, seed {seed}:\n{}", machine.report());
        }
    }
}
