//! Random traffic between several cores with everything going wrong: nothing is lost, doubled or reordered within
//! a channel, and what fails is reported.

use std::boxed::Box;
use std::collections::HashMap;
use std::rc::Rc;

use super::*;
use crate::mailbox::{Mailbox, Mode};
use crate::testing::{FakeMesh, Odds};
use crate::wire::Epoch;

const CORES: u8 = 4;
const CHANNELS: u8 = 3;
const MAILS: u8 = 12;
/// The fake's clock counts the operations of all cores one after the other.
const PATIENCE: u64 = 3_000_000;

/// Sender, its life, receiver, its life, channel.
type Stream = (u8, u16, u8, u16, u8);

/// What was sent successfully, what failed, and what was received, in order.
#[derive(Default)]
struct Books {
    accepted: HashMap<Stream, Vec<u8>>,
    unknown: HashMap<Stream, Vec<u8>>,
    received: HashMap<Stream, Vec<u8>>,
}

type Shared = Rc<RefCell<Books>>;

async fn sender<M: Mesh>(mailbox: &Mailbox<'_, M>, to: u8, on: u8, books: &Shared) {
    let me = mailbox.mesh().core().number();
    for number in 0..MAILS {
        let deadline = in_cycles(mailbox.mesh(), PATIENCE);
        let content = [number, u8::from(number % 2 == 0)];
        let before = mailbox.known_life_of(core(to)).map(Epoch::get);
        let sent = mailbox.send(core(to), mail(channel(on), &content), deadline).await;
        let life = mailbox.known_life_of(core(to)).map_or(0, Epoch::get);
        let stream = (me, mailbox.epoch().get(), to, life, on);
        if sent.is_ok() && before.is_some_and(|before| before != life) {
            // It reached one of two lives, and nothing tells which.
            continue;
        }
        let mut books = books.borrow_mut();
        let entry = if sent.is_ok() { &mut books.accepted } else { &mut books.unknown };
        entry.entry(stream).or_default().push(number);
    }
}

async fn chatter(mesh: FakeMesh<'_>, witness: Witness, books: Shared) {
    let me = mesh.core().number();
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, brisk(CORES));
    let modes = [
        Mode::Interrupt,
        Mode::Polled(brisk(CORES).peers),
        Mode::Hybrid(brisk(CORES).peers, Cycles::new(5_000)),
    ];
    let receivers: Vec<_> = (0..CHANNELS)
        .map(|number| mailbox.open(channel(number), modes[usize::from((number + me) % 3)]).unwrap())
        .collect();
    let receiving = receivers.iter().zip(0..).map(|(receiver, on)| {
        let (books, mailbox, mesh) = (&books, &mailbox, mailbox.mesh());
        async move {
            loop {
                let received = receiver.recv().await;
                let own = mailbox.epoch().get();
                let stream = (received.from.number(), received.life.get(), me, own, on);
                let number = received.mail.payload()[0];
                books.borrow_mut().received.entry(stream).or_default().push(number);
                // Modes change in the middle, and the receiver is slow now and then.
                if number == 7 {
                    receiver.set_mode(Mode::Interrupt);
                    mesh.sleep_until(mesh.now() + Cycles::new(9_000)).await;
                }
            }
        }
    });
    let everybody = futures_util::future::join_all(receiving);
    let sends = (0..CORES).filter(|to| *to != me).flat_map(|to| (0..CHANNELS).map(move |on| (to, on)));
    let sending = futures_util::future::join_all(sends.map(|(to, on)| sender(&mailbox, to, on, &books)));
    let work = async {
        sending.await;
    };
    let receive = async {
        everybody.await;
    };
    either(witness.work(&mailbox, CORES.into(), work), receive).await;
}

fn run_with(seed: u64, resets: &[(u8, u64)]) -> Rc<RefCell<Books>> {
    let witness = Witness::default();
    let books = Shared::default();
    let mut machine = Machine::new(Chooser::seeded(seed, Odds::HOSTILE)).steps(5_000_000);
    for me in 0..CORES {
        let (witness, books) = (witness.clone(), books.clone());
        machine = machine.core(me, move |mesh| Box::pin(chatter(mesh, witness.clone(), books.clone())));
    }
    for (reset, at) in resets {
        machine = machine.reset(*reset, *at, Some(15_000));
    }
    assert_eq!(machine.run(), Outcome::Finished, "seed {seed}:\n{}", machine.report());
    books
}

/// Received numbers rise, contain everything accepted, and nothing that was never sent.
fn check(books: &Books, seed: u64) {
    for (stream, received) in &books.received {
        assert!(received.is_sorted_by(|a, b| a < b), "seed {seed}: {stream:?} got {received:?}");
    }
    for (stream, accepted) in &books.accepted {
        let received = books.received.get(stream).cloned().unwrap_or_default();
        let lost: Vec<_> = accepted.iter().filter(|number| !received.contains(number)).collect();
        assert!(lost.is_empty(), "seed {seed}: {stream:?} lost {lost:?}");
    }
}

#[test]
fn everything_arrives_once_and_in_order() {
    for seed in 0..6 {
        let books = run_with(seed, &[]);
        let books = books.borrow();
        check(&books, seed);
        assert!(books.unknown.is_empty(), "seed {seed}: {:?} failed for no reason", books.unknown);
        let received: usize = books.received.values().map(Vec::len).sum();
        let pairs = usize::from(CORES) * usize::from(CORES - 1);
        assert_eq!(received, pairs * usize::from(CHANNELS) * usize::from(MAILS));
    }
}

#[test]
fn with_cores_being_reset_what_is_not_delivered_is_reported() {
    for seed in 10..26 {
        let resets = [(1, 700 + 90 * seed), (2, 1_500 + 70 * seed), (1, 3_000 + 50 * seed)];
        let books = run_with(seed, &resets);
        // A reset takes along what was queued in the core; in lives that lasted, nothing is lost.
        let mut books = books.borrow_mut();
        let last_lives: HashMap<u8, u16> = books.received.keys().fold(HashMap::new(), |mut lives, stream| {
            let life = lives.entry(stream.2).or_default();
            *life = stream.3.max(*life);
            lives
        });
        books.accepted.retain(|stream, _| last_lives.get(&stream.2) == Some(&stream.3));
        check(&books, seed);
        assert!(last_lives.values().any(|life| *life > 1), "seed {seed}: nobody was restarted");
    }
}
