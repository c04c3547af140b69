//! Letting others go first.

use core::pin::Pin;
use core::task::{Context, Poll};

use crate::waker;

/// Lets every task that is ready, of this class or an earlier one, be polled before this one goes on.
///
/// *Cancel safety*: may be dropped at any time.
pub fn yield_now() -> impl Future<Output = ()> {
    Yield { polled: Polled::No }
}

struct Yield {
    polled: Polled,
}

enum Polled {
    No,
    Once,
}

impl Future for Yield {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.polled {
            Polled::Once => Poll::Ready(()),
            Polled::No => {
                self.polled = Polled::Once;
                match waker::task_of(context.waker()) {
                    Some(task) => task.let_others_go(),
                    None => context.waker().wake_by_ref(),
                }
                Poll::Pending
            }
        }
    }
}
