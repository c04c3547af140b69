//! An executor in a static.
#![expect(unsafe_code, reason = "an executor that is claimed once may lie in a static")]

use crate::atomic::{Word, const_except_loom};
use crate::executor::Executor;
use crate::platform::Platform;

/// Bit of the claim.
const CLAIMED: u32 = 0;

/// Place of an executor in a static, for programs without allocator.
#[derive(Debug)]
pub struct ExecutorCell<P: Platform + 'static> {
    claim: Word,
    executor: Executor<P>,
}

// SAFETY: the executor is given away once, so one thread at most uses it.
unsafe impl<P: Platform> Sync for ExecutorCell<P> {}

impl<P: Platform> ExecutorCell<P> {
    const_except_loom! {
        /// Holds `executor`.
        #[must_use]
        pub const fn new(executor: Executor<P>) -> Self {
            Self { claim: Word::new(0), executor }
        }
    }

    /// The executor, for the first who asks. It cannot leave the core or thread that got it.
    pub fn claim(&'static self) -> Option<&'static Executor<P>> {
        (!self.claim.set_bit::<CLAIMED>()).then_some(&self.executor)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::testing::ManualMachine;

    #[test]
    fn executor_is_given_away_once() {
        static MACHINE: ManualMachine = ManualMachine::new();
        static EXECUTOR: ExecutorCell<ManualMachine> = ExecutorCell::new(Executor::new(&MACHINE));
        assert!(EXECUTOR.claim().is_some());
        assert!(EXECUTOR.claim().is_none());
    }
}
