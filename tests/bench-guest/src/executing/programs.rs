//! The programs, for any executor.

use core::cell::Cell;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use executor::sync::Channel;

use super::{SAMPLES, arena, clock};

/// An executor to be measured.
pub(super) trait Subject {
    /// Its name in the report.
    const NAME: &'static str;

    /// Starts a task.
    fn spawn<F: Future<Output = ()> + 'static>(&self, future: F);

    /// Runs until no task is ready.
    fn run(&self);

    /// Ticks for starting a task in storage whose task before has just ended.
    fn spawn_and_end(&self) -> Times;
}

/// Measurements of one program.
#[derive(Debug)]
pub(super) struct Times([u32; SAMPLES]);

impl Times {
    /// Measures [`SAMPLES`] times.
    pub(super) fn sample(mut measure: impl FnMut() -> u32) -> Self {
        Self(core::array::from_fn(|_| measure()))
    }

    /// The median and the largest.
    pub(super) fn median_and_most(&mut self) -> (u32, u32) {
        self.0.sort_unstable();
        (self.0[SAMPLES / 2], self.0[SAMPLES - 1])
    }
}

/// A task that is ready at once.
pub(super) struct Empty;

impl Future for Empty {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// What a [`Stamper`] leaves.
struct Stamps {
    polled_at: Cell<u32>,
    waker: Cell<Option<Waker>>,
}

/// A task that notes when it is polled, and waits again.
struct Stamper(&'static Stamps);

impl Future for Stamper {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.polled_at.set(clock::now());
        let waker = self.0.waker.take().unwrap_or_else(|| context.waker().clone());
        self.0.waker.set(Some(waker));
        Poll::Pending
    }
}

/// Ticks from a wake outside of tasks, where an interrupt handler would do it, to the first instruction of the poll.
pub(super) fn wake_to_poll<S: Subject>(subject: &S) -> Times {
    let stamps = arena::place_one(Stamps { polled_at: Cell::new(0), waker: Cell::new(None) });
    subject.spawn(Stamper(stamps));
    subject.run();
    let waker = stamps.waker.take().expect("the task was polled");
    stamps.waker.set(Some(waker.clone()));
    Times::sample(|| {
        let begin = clock::now();
        waker.wake_by_ref();
        subject.run();
        stamps.polled_at.get().wrapping_sub(begin)
    })
}

/// A task that lets others go first, some times, and then waits for ever.
struct Yielding {
    left: u32,
}

impl Future for Yielding {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.left > 0 {
            self.left -= 1;
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Ticks of a hundred yields from one task to the next, `tasks` of them in a ring.
pub(super) fn yield_ring<S: Subject>(subject: &S, tasks: u32) -> Times {
    /// Yields of each task: so many that what the first poll takes is no part of the figure.
    const EACH: u32 = 199;
    for _ in 0..tasks {
        subject.spawn(Yielding { left: EACH });
    }
    let begin = clock::now();
    subject.run();
    let all = clock::now().wrapping_sub(begin);
    // One run is one figure: the mean of all yields. Of a hundred, because less than one tick may tell two apart.
    let hundreds = (EACH + 1) * tasks / 100;
    Times::sample(|| all / hundreds)
}

/// Ticks for a message and the switch to its receiver, there and back.
pub(super) fn ping_pong<S: Subject>(subject: &S) -> Times {
    const ROUNDS: u32 = 500;
    let [there, back] = [(); 2].map(|()| arena::place_one(Channel::<u32, 1>::new()));
    let sum = arena::place_one(Cell::new(0_u32));
    subject.spawn(async move {
        for number in 0..ROUNDS {
            there.send(number).await;
            sum.set(sum.get() + back.receive().await);
        }
    });
    subject.spawn(async move {
        for _ in 0..ROUNDS {
            back.send(there.receive().await + 1).await;
        }
    });
    let begin = clock::now();
    subject.run();
    let all = clock::now().wrapping_sub(begin);
    assert_eq!(sum.get(), ROUNDS * (ROUNDS + 1) / 2, "messages were lost");
    Times::sample(|| all / (2 * ROUNDS))
}
