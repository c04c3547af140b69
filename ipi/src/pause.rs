//! Giving other tasks a turn, and waiting for the first of two things.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

/// Pending once, ready when polled again, which is as soon as the executor has polled others.
///
/// *Cancel safety*: nothing is lost.
pub(crate) async fn pause() {
    let mut is_first = true;
    poll_fn(|context| {
        if core::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Completes when either future does and drops the other; `first` is polled first.
pub(crate) async fn either<F: Future<Output = ()>, S: Future<Output = ()>>(first: F, second: S) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if first.as_mut().poll(context).is_ready() { Poll::Ready(()) } else { second.as_mut().poll(context) }
    })
    .await;
}
