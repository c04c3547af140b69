//! `kv`: a store of numbers on three cores, which survives the loss of one.
//!
//! Every key is a register that any core may read and write, after Attiya, Bar-Noy and Dolev (Journal of the ACM, 1995)
//! with the tags of Lynch and Shvartsman (1997): each operation asks all replicas twice and needs two of them each time.
//!
//! ```text
//! put   tags of two replicas ─▶ a higher tag ─▶ value and tag to two replicas
//! get   versions of two replicas ─▶ the one with the higher tag ─▶ to two replicas, unless both have it
//! ```
//!
//! Any two replicas and any other two have one in common, so what an operation left at two is seen by the next one. This
//! makes reads and writes linearizable: `testing::history` checks it.
//!
//! A core that is reset forgets. Its replica comes back with what the two others have, and here two things must not go
//! wrong. It must not take part before it knows: `replica` says how it learns. And an answer that its former life gave
//! must not be counted once it has forgotten: every answer says which lives of the three the replica knows, and `quorum`
//! takes two answers together only if neither knows of a later life of the other. This is the crash vector of Michael and
//! others (Recovering Shared Objects Without Stable Storage, DISC 2017).
//!
//! Lives are those of cores. A replica that started twice in one life would forget unnoticed, so the registry never starts it
//! again.
//!
//! What it does not survive: the loss of a second replica before the first has come back. Then operations fail until both
//! that are left answer, and what the two lost ones knew alone is gone. The life of a core is counted with 16 bits.

mod quorum;
mod replica;
mod version;

use ipi::mesh::Mesh;
use ipi::rpc::Procedure;
use serde::{Deserialize, Serialize};

use self::quorum::ask;
use self::replica::Lives;
pub(crate) use self::replica::run;
pub use self::replica::{KEYS_MOST, RunError};
use self::version::{Tag, Version};
use crate::Ctx;

/// Replicas.
const REPLICAS: usize = 3;
/// Milliseconds after which an operation gives up.
const PATIENCE_MILLISECONDS: u32 = 100;
/// Versions in an answer; as many as fit.
const PAGE: usize = 8;

/// What the replicas serve.
pub struct Replica;

impl Procedure for Replica {
    const NUMBER: u8 = 20;
    type Request = Request;
    type Reply = Reply;
}

/// What a replica is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Request {
    /// The version of a key.
    Read(u16),
    /// Keep a version of a key unless there is a later one.
    Write(u16, Version),
    /// The caller, a replica, begins a life.
    Join,
    /// The versions of the keys from this one on.
    Fetch(u16),
}

/// What a replica answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// Lives of the replicas that it knows, its own included.
    lives: Lives,
    answer: Answer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Answer {
    /// It does not know yet what it has forgotten.
    NotReady,
    /// It has no place for another key.
    Full,
    Read(Option<Version>),
    Written,
    /// The caller's life is noted; whether this replica is ready.
    Joined(bool),
    /// Keys and their versions in ascending order; fewer than [`PAGE`] are the last ones.
    Page([Option<(u16, Version)>; PAGE]),
}

/// Why an operation failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KvError {
    /// The plan does not have three replicas.
    #[error("the store has not three replicas")]
    NotThree,
    /// Two replicas did not answer in time. A value that was to be written may be, or may still be later.
    #[error("no two replicas answered in time")]
    NoQuorum,
    /// A replica has no place for another key. The value may be written all the same.
    #[error("the store is full")]
    Full,
}

// ANCHOR: get
/// The value of a key; nothing if it was never written.
///
/// # Errors
/// [`KvError`].
///
/// *Cancel safety*: may be dropped at any time.
pub async fn get<M: Mesh>(ctx: Ctx<'_, M>, key: u16) -> Result<Option<u32>, KvError> {
    let deadline = ctx.within(PATIENCE_MILLISECONDS);
    let versions = ask(ctx, Request::Read(key), deadline).await?.map(version_in);
    let latest = versions.into_iter().flatten().max();
    if let Some(version) = latest
        && versions != [latest; 2]
    {
        // Whoever reads after this must not see less.
        written(ask(ctx, Request::Write(key, version), deadline).await?)?;
    }
    Ok(latest.map(|version| version.value))
}
// ANCHOR_END: get

/// Writes the value of a key.
///
/// # Errors
/// [`KvError`].
///
/// *Cancel safety*: dropped, it may have been written or not, or be written later.
pub async fn put<M: Mesh>(ctx: Ctx<'_, M>, key: u16, value: u32) -> Result<(), KvError> {
    let deadline = ctx.within(PATIENCE_MILLISECONDS);
    let versions = ask(ctx, Request::Read(key), deadline).await?.map(version_in);
    let before = versions.into_iter().flatten().max().map(|version| version.tag);
    let tag = Tag::after(before, ctx.core(), ctx.mail().epoch(), ctx.fresh_number());
    written(ask(ctx, Request::Write(key, Version { tag, value }), deadline).await?)
}

const fn version_in(answer: Answer) -> Option<Version> {
    match answer {
        Answer::Read(version) => version,
        _ => None,
    }
}

fn written(answers: [Answer; 2]) -> Result<(), KvError> {
    if answers.contains(&Answer::Full) { Err(KvError::Full) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
