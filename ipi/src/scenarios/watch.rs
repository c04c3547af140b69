//! Watching a peer: when a watcher looks, how often it looks after the peer, and what it finds out.

use std::boxed::Box;
use std::cell::Cell;

use futures_util::join;

use super::*;
use crate::mailbox::{Mode, PeerError};
use crate::testing::{FakeMesh, Odds};

/// Operations of core 1 before its reset: it has started its mailbox by then.
const BEFORE_RESET: u64 = 900;

/// Time until a watcher first looks after its peer, and the longest later one.
const FIRST: u64 = 100_000;
const LAST: u64 = 400_000;

/// Runs `work` on core 0, which has met core 1. That serves its mailbox until `work` has ended or, if `is_reset`, until it is
/// reset, and in its next life if it is started again after some cycles.
fn watching(
    is_reset: bool,
    restart_after: Option<u64>,
    work: impl AsyncFn(&Mailbox<'_, FakeMesh<'_>>) + Copy + 'static,
) {
    let settings = Settings { first_ring: Cycles::new(FIRST), last_ring: Cycles::new(LAST), ..brisk(2) };
    let witness = Witness::default();
    let (watcher, peer) = (witness.clone(), witness.clone());
    let machine = Machine::new(Chooser::seeded(3, Odds::SWITCHING))
        .core(0, move |mesh| {
            let witness = watcher.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, settings);
                mailbox.meet(core(1), Deadline::Never).await.unwrap();
                work(&mailbox).await;
                witness.finished.set(1);
            })
        })
        .core(1, move |mesh| {
            let witness = peer.clone();
            Box::pin(async move {
                let doorbell;
                let mailbox = start!(mesh, doorbell, brisk(2));
                either(witness.others(mailbox.mesh(), 1), mailbox.run()).await;
            })
        })
        .calm_start();
    let mut machine = if is_reset { machine.reset(1, BEFORE_RESET, restart_after) } else { machine };
    assert_eq!(machine.run(), Outcome::Finished, "{}", machine.report());
    assert_eq!(witness.finished.get(), 1);
}

/// Waits for something that is there after a while; cycles until it was found.
async fn found_after(mailbox: &Mailbox<'_, FakeMesh<'_>>, is_told: bool) -> u64 {
    let (mesh, there) = (mailbox.mesh(), Cell::new(false));
    let began = mesh.now();
    let mut watch = mailbox.watch((core(1), mailbox.known_life_of(core(1))), Deadline::Never);
    let watched = watch.until(Mode::Interrupt, || there.get().then_some(5));
    let comes = async {
        mesh.sleep_until(began + Cycles::new(1_000)).await;
        there.set(true);
        if is_told {
            mailbox.tell_watchers();
        }
    };
    let (found, ()) = join!(watched, comes);
    assert_eq!(found, Ok(5));
    (mesh.now() - began).get()
}

#[test]
fn watcher_that_is_told_looks_at_once() {
    watching(false, None, async |mailbox| {
        let cycles = found_after(mailbox, true).await;
        assert!(cycles < FIRST / 2, "{cycles}");
    });
}

#[test]
fn watcher_that_is_not_told_looks_when_it_looks_after_the_peer() {
    watching(false, None, async |mailbox| {
        let cycles = found_after(mailbox, false).await;
        assert!((FIRST..FIRST * 2).contains(&cycles), "{cycles}");
    });
}

#[test]
fn peer_is_looked_after_more_and_more_seldom_until_it_shows_that_it_lives() {
    watching(false, None, async |mailbox| {
        let mesh = mailbox.mesh();
        let mut watch = mailbox.watch((core(1), mailbox.known_life_of(core(1))), Deadline::Never);
        for (is_there, expected) in
            [(false, FIRST), (false, FIRST * 2), (false, LAST), (false, LAST), (true, 0), (false, FIRST)]
        {
            let began = mesh.now();
            assert_eq!(
                watch.step(Mode::Interrupt, || is_there.then_some(())).await,
                Ok(is_there.then_some(()))
            );
            let cycles = (mesh.now() - began).get();
            assert!((expected..expected + FIRST / 2).contains(&cycles), "{cycles}, not {expected}");
        }
    });
}

#[test]
fn watcher_learns_of_a_reset() {
    watching(true, None, async |mailbox| {
        let mut watch = mailbox.watch((core(1), mailbox.known_life_of(core(1))), Deadline::Never);
        assert_eq!(watch.until(Mode::Interrupt, || None::<()>).await, Err(PeerError::Reset));
    });
}

#[test]
fn watcher_learns_of_a_new_life() {
    watching(true, Some(20_000), async |mailbox| {
        let (mesh, life) = (mailbox.mesh(), mailbox.known_life_of(core(1)));
        while mailbox.life_of(core(1)).is_none_or(|now| Some(now) == life) {
            mesh.sleep_until(mesh.now() + Cycles::new(1_000)).await;
        }
        let mut watch = mailbox.watch((core(1), life), Deadline::Never);
        assert_eq!(watch.until(Mode::Interrupt, || None::<()>).await, Err(PeerError::Restarted));
    });
}

#[test]
fn watcher_of_a_peer_that_is_on_its_way_waits_until_its_deadline() {
    watching(true, None, async |mailbox| {
        let deadline = in_cycles(mailbox.mesh(), FIRST * 4);
        let mut watch = mailbox.watch((core(1), None), deadline);
        assert_eq!(watch.until(Mode::Interrupt, || None::<()>).await, Err(PeerError::TimedOut));
        assert!(deadline.is_over(mailbox.mesh().now()));
    });
}
