//! A replica: keeps versions, and learns at its start what its former life knew.
//!
//! ```text
//! start ─▶ Join to both others, until both have answered: they note the new life
//!            neither has heard of a former one ──────────────────────────────────▶ ready, with nothing
//!            else: until both are ready, all their versions, in pages ───────────▶ ready, with these
//! ```
//!
//! A replica that nobody has heard of has never been ready, so it has never answered and has forgotten nothing; for that
//! it must be heard of by both before it is ready. What two replicas have written is, after the loss of one of them, with
//! the other or with the third: hence both are asked. A version that arrives at one of them after it has noted the new life
//! is not missed, because [`quorum`](super::quorum) then no longer counts the former life's answer.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::RefCell;

use futures_util::future::{join, try_join};
use ipi::mesh::Mesh;
use ipi::rpc::{Caller, ServeError};
use ipi::wire::Epoch;
use scc::id::CoreId;
use serde::{Deserialize, Serialize};

use super::version::Version;
use super::{Answer, PAGE, REPLICAS, Replica, Reply, Request};
use crate::Ctx;
use crate::registry::ServiceId;

/// Keys after which a replica refuses others; it takes over more from another replica.
pub const KEYS_MOST: usize = 1_024;
/// Milliseconds between two attempts to join.
const AGAIN_MILLISECONDS: u32 = 1;
/// Milliseconds at most, which they double up to.
const AGAIN_MOST_MILLISECONDS: u32 = 64;

/// Why a replica does not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RunError {
    /// The plan does not have three replicas.
    #[error("the store needs exactly three cores")]
    NotThree,
    /// The core has no place for a server.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// What is known of the life of a replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Life {
    /// Its number; 0 if none was heard of.
    pub(super) number: u16,
    /// Whether an earlier one was heard of.
    pub(super) is_later: bool,
}

impl Life {
    /// Takes in what is known of the same replica elsewhere.
    fn merge(&mut self, other: Self) {
        let newer = other.number != 0 && (self.number == 0 || is_after(other.number, self.number));
        let is_later = (newer && self.number != 0) || other.is_later || self.is_later;
        // Nothing is known of a life that is older than the one known, but that there was one.
        let older = other.number != 0 && self.number != 0 && is_after(self.number, other.number);
        *self = Self { number: if newer { other.number } else { self.number }, is_later: is_later || older };
    }
}

/// Lives of the three.
pub(super) type Lives = [Life; REPLICAS];

fn is_after(one: u16, other: u16) -> bool {
    Epoch::new(one).zip(Epoch::new(other)).is_some_and(|(one, other)| one.is_after(other))
}

/// Whether of two replicas, each of which knows `lives`, neither knows of a later life of the other.
pub(super) fn agree(one: (usize, &Lives), other: (usize, &Lives)) -> bool {
    let knows_later =
        |knower: &Lives, (rank, own): (usize, &Lives)| is_after(knower[rank].number, own[rank].number);
    !knows_later(one.1, other) && !knows_later(other.1, one)
}

/// The replicas of the plan, in ascending order; `None` if there are not three.
pub(super) fn members<M: Mesh>(ctx: Ctx<'_, M>) -> Option<[CoreId; REPLICAS]> {
    let mut members: Vec<_> = ctx.cores_of(ServiceId::named("kv")?).collect();
    members.sort_unstable();
    members.try_into().ok()
}

/// What a replica holds.
struct Store {
    own: usize,
    lives: Lives,
    is_ready: bool,
    versions: BTreeMap<u16, Version>,
}

impl Store {
    fn new(own: usize, life: Epoch) -> Self {
        let mut lives = Lives::default();
        lives[own].number = life.get();
        Self { own, lives, is_ready: false, versions: BTreeMap::new() }
    }

    fn answer(&mut self, caller: Option<(usize, Epoch)>, request: Request) -> Answer {
        match request {
            Request::Join => {
                if let Some((rank, life)) = caller {
                    self.lives[rank].merge(Life { number: life.get(), is_later: false });
                }
                Answer::Joined(self.is_ready)
            }
            _ if !self.is_ready => Answer::NotReady,
            Request::Read(key) => Answer::Read(self.versions.get(&key).copied()),
            Request::Write(key, _) if self.is_full_for(key) => Answer::Full,
            Request::Write(key, version) => {
                self.keep(key, version);
                Answer::Written
            }
            Request::Fetch(from) => {
                let mut versions = self.versions.range(from..);
                let mut next = || versions.next().map(|(key, version)| (*key, *version));
                Answer::Page(core::array::from_fn(|_| next()))
            }
        }
    }

    fn is_full_for(&self, key: u16) -> bool {
        self.versions.len() >= KEYS_MOST && !self.versions.contains_key(&key)
    }

    /// Keeps a version unless there is a later one.
    fn keep(&mut self, key: u16, version: Version) {
        self.versions.entry(key).and_modify(|kept| *kept = version.max(*kept)).or_insert(version);
    }

    fn merge_lives(&mut self, lives: &Lives) {
        self.lives.iter_mut().zip(lives).for_each(|(own, other)| own.merge(*other));
    }
}

/// A replica and its surroundings.
struct Member<'s, M: Mesh> {
    ctx: Ctx<'s, M>,
    members: [CoreId; REPLICAS],
    store: RefCell<Store>,
}

/// Serves a replica until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), RunError> {
    let members = members(ctx).ok_or(RunError::NotThree)?;
    let own = members.iter().position(|core| *core == ctx.core()).ok_or(RunError::NotThree)?;
    let store = RefCell::new(Store::new(own, ctx.mail().epoch()));
    let member = Member { ctx, members, store };
    let asked = ctx.counter("asked");
    let serving = ctx.serve::<Replica>(async |caller, request| {
        asked.increment();
        member.answer(caller, request)
    });
    let learning = async {
        ctx.unless_stopped(member.learn()).await;
        Ok(())
    };
    try_join(serving, learning).await?;
    Ok(())
}

impl<M: Mesh> Member<'_, M> {
    fn answer(&self, caller: Caller, request: Request) -> Reply {
        let rank = self.members.iter().position(|core| *core == caller.core);
        let mut store = self.store.borrow_mut();
        let answer = store.answer(rank.map(|rank| (rank, caller.life)), request);
        Reply { lives: store.lives, answer }
    }

    /// Tries until it knows what its former life knew, or that there was none; then it is ready.
    async fn learn(&self) {
        let mut wait = AGAIN_MILLISECONDS;
        while self.attempt().await.is_none() {
            self.ctx.sleep(wait).await;
            wait = (wait * 2).min(AGAIN_MOST_MILLISECONDS);
        }
        let mut store = self.store.borrow_mut();
        store.is_ready = true;
        log::info!(target: self.ctx.name(), "ready keys={}", store.versions.len());
    }

    /// Tries once; `None` if one of the others does not answer as it should.
    async fn attempt(&self) -> Option<()> {
        let own = self.store.borrow().own;
        let [one, other] = match own {
            0 => [1, 2],
            1 => [0, 2],
            _ => [0, 1],
        };
        let (first, second) = join(self.join(one), self.join(other)).await;
        let ((lives, is_ready), (other_lives, other_is_ready)) = (first?, second?);
        if !agree((one, &lives), (other, &other_lives)) {
            return None;
        }
        {
            let mut store = self.store.borrow_mut();
            store.merge_lives(&lives);
            store.merge_lives(&other_lives);
            if !store.lives[own].is_later {
                return Some(());
            }
        }
        if !(is_ready && other_is_ready) {
            return None;
        }
        self.fetch(one, lives[one]).await?;
        self.fetch(other, other_lives[other]).await
    }

    /// Tells another replica of this life; what lives it knows, and whether it is ready.
    async fn join(&self, rank: usize) -> Option<(Lives, bool)> {
        let reply = self.ctx.call::<Replica>(self.members[rank], &Request::Join).await.ok()?;
        match reply.answer {
            Answer::Joined(is_ready) => Some((reply.lives, is_ready)),
            _ => None,
        }
    }

    /// Takes all versions of another replica in, if it is in this life all the time.
    async fn fetch(&self, rank: usize, life: Life) -> Option<()> {
        let mut from = 0;
        loop {
            let reply = self.ctx.call::<Replica>(self.members[rank], &Request::Fetch(from)).await.ok()?;
            let Answer::Page(page) = reply.answer else { return None };
            if reply.lives[rank].number != life.number {
                return None;
            }
            for (key, version) in page.into_iter().flatten() {
                self.store.borrow_mut().keep(key, version);
            }
            match page[PAGE - 1].and_then(|(last, _)| last.checked_add(1)) {
                Some(next) => from = next,
                None => return Some(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::version::Tag;
    use super::*;

    fn life(number: u16, is_later: bool) -> Life {
        Life { number, is_later }
    }

    #[test]
    fn later_life_is_kept_and_an_earlier_one_leaves_its_mark() {
        for (known, heard, expected) in [
            (life(0, false), life(5, false), life(5, false)),
            (life(5, false), life(0, false), life(5, false)),
            (life(5, false), life(5, true), life(5, true)),
            (life(5, false), life(6, false), life(6, true)),
            (life(6, false), life(5, false), life(6, true)),
            (life(u16::MAX, false), life(1, false), life(1, true)),
        ] {
            let mut merged = known;
            merged.merge(heard);
            assert_eq!(merged, expected, "{known:?} {heard:?}");
        }
    }

    #[test]
    fn answer_of_a_life_that_has_ended_is_not_counted() {
        let lives = |numbers: [u16; 3]| numbers.map(|number| life(number, false));
        let (old, new) = (lives([1, 1, 1]), lives([1, 1, 2]));
        assert!(agree((0, &old), (2, &old)));
        assert!(agree((0, &old), (2, &new)), "it has not heard of the new life yet");
        assert!(!agree((0, &new), (2, &old)));
        assert!(!agree((2, &old), (0, &new)));
    }

    #[test]
    fn full_replica_refuses_another_key_but_not_a_later_version() {
        let mut store = Store::new(0, Epoch::after(0));
        store.is_ready = true;
        let core = CoreId::new(1).unwrap();
        let version = |before| Version { tag: Tag::after(before, core, Epoch::after(0), 1), value: 7 };
        let full = u16::try_from(KEYS_MOST).unwrap();
        for key in 0..full {
            assert_eq!(store.answer(None, Request::Write(key, version(None))), Answer::Written);
        }
        assert_eq!(store.answer(None, Request::Write(full, version(None))), Answer::Full);
        let later = version(Some(version(None).tag));
        assert_eq!(store.answer(None, Request::Write(3, later)), Answer::Written);
        assert_eq!(store.answer(None, Request::Write(3, version(None))), Answer::Written);
        assert_eq!(store.answer(None, Request::Read(3)), Answer::Read(Some(later)), "the later one stays");
        assert_eq!(store.answer(None, Request::Read(full)), Answer::Read(None));
    }

    #[test]
    fn replica_that_is_not_ready_answers_nothing_but_joins() {
        let mut store = Store::new(0, Epoch::after(0));
        assert_eq!(store.answer(None, Request::Read(1)), Answer::NotReady);
        assert_eq!(store.answer(Some((1, Epoch::after(3))), Request::Join), Answer::Joined(false));
        assert_eq!((store.lives[0], store.lives[1]), (life(1, false), life(4, false)));
    }
}
