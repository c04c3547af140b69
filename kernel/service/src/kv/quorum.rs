//! Asking all replicas and taking two answers that belong together.

use alloc::boxed::Box;
use core::future::poll_fn;
use core::task::Poll;

use ipi::mesh::{Deadline, Mesh};
use ipi::rpc::Options;
use scc::id::CoreId;

use super::replica::{agree, members};
use super::{Answer, KvError, REPLICAS, Replica, Reply, Request};
use crate::Ctx;

/// Milliseconds after which a replica counts as silent.
const SILENCE_MILLISECONDS: u32 = 20;
/// Milliseconds between two attempts.
const AGAIN_MILLISECONDS: u32 = 1;

/// Asks all replicas, again and again until the deadline, until two have answered.
///
/// *Cancel safety*: replicas may act on the request or not.
pub(super) async fn ask<M: Mesh>(
    ctx: Ctx<'_, M>,
    request: Request,
    deadline: Deadline,
) -> Result<[Answer; 2], KvError> {
    let members = members(ctx).ok_or(KvError::NotThree)?;
    loop {
        if let Some(answers) = ask_once(ctx, members, request, deadline).await {
            return Ok(answers);
        }
        if deadline.is_over(ctx.now()) {
            return Err(KvError::NoQuorum);
        }
        ctx.sleep(AGAIN_MILLISECONDS).await;
    }
}

/// Asks all replicas at once; two answers as soon as there are two that belong together, `None` if there are not.
async fn ask_once<M: Mesh>(
    ctx: Ctx<'_, M>,
    members: [CoreId; REPLICAS],
    request: Request,
    deadline: Deadline,
) -> Option<[Answer; 2]> {
    let silence = Deadline::At(deadline.or_at(ctx.now() + ctx.milliseconds(SILENCE_MILLISECONDS)));
    let mut calls = members.map(|core| {
        Some(Box::pin(async move {
            ctx.calls().call::<Replica>(core, &request, Options::until(silence)).await.ok()
        }))
    });
    let mut replies = [const { None }; REPLICAS];
    poll_fn(|context| {
        for (call, reply) in calls.iter_mut().zip(&mut replies) {
            if let Some(asked) = call
                && let Poll::Ready(answered) = asked.as_mut().poll(context)
            {
                *call = None;
                *reply = answered;
            }
        }
        match two_of(&replies) {
            Some(answers) => Poll::Ready(Some(answers)),
            None if calls.iter().all(Option::is_none) => Poll::Ready(None),
            None => Poll::Pending,
        }
    })
    .await
}

/// Two answers of replicas that are ready, neither of which knows of a later life of the other.
fn two_of(replies: &[Option<Reply>; REPLICAS]) -> Option<[Answer; 2]> {
    let ready = |rank: usize| replies[rank].as_ref().filter(|reply| reply.answer != Answer::NotReady);
    [(0, 1), (0, 2), (1, 2)].into_iter().find_map(|(one, other)| {
        let (first, second) = (ready(one)?, ready(other)?);
        agree((one, &first.lives), (other, &second.lives)).then_some([first.answer, second.answer])
    })
}
