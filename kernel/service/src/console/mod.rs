//! `console`: one console for all cores. Lines of services of any core are printed, in order, on the console of the core
//! that runs it; what is typed there goes, line by line, to whoever asks.
//!
//! ```text
//! print(ctx, "text") on core 3 ── Write: the line and its number ──▶ console 03: text
//! read(ctx, deadline) on core 5 ── Read ──▶ ◀── a line that was typed
//! ```
//!
//! A core numbers its lines and sends one at a time, so those of one core are printed in the order of their calls. Where
//! numbers are missing the console says how many lines were lost, with the next one that comes.

mod typed;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::cell::Cell;
use core::future::poll_fn;
use core::task::{Context, Poll};

use futures_util::future::try_join;
use ipi::mailbox::PeerError;
use ipi::mesh::{Deadline, Mesh};
use ipi::rpc::{CallError, Caller, Options, Procedure, ServeError};
use ipi::wire::Epoch;
use scc::id::CoreId;
use serde::{Deserialize, Serialize};

pub use self::typed::TypedLines;
use crate::Ctx;
use crate::registry::ServiceId;

/// Bytes of a line at most; longer ones are printed in pieces.
pub const LINE_MOST: usize = 160;

/// The console of a core, as the machine has it.
pub trait Console {
    /// Prints a line of core `from`.
    fn write(&self, from: CoreId, text: &str);

    /// The next line that was typed; if there is none, the task is woken when there is. One task at a time.
    fn poll_typed(&self, context: &Context<'_>) -> Poll<String>;
}

/// Prints a line.
pub struct Write;

impl Procedure for Write {
    const NUMBER: u8 = 21;
    type Request = Line;
    type Reply = ();
}

/// Waits for a line that was typed.
pub struct Read;

impl Procedure for Read {
    const NUMBER: u8 = 22;
    type Request = ();
    type Reply = String;
}

/// A line of a core.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Its number among those of this life of the core.
    number: u32,
    /// The first number that the core does not know to be printed.
    unconfirmed: u32,
    text: String,
}

/// What a core knows of its own lines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    next: u32,
    unconfirmed: u32,
}

/// Why nothing was printed, or read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The plan places the service on no core.
    #[error("no core runs the console")]
    Nowhere,
    /// Its core did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

// ANCHOR: print
/// Prints `text` on the console, each of its lines behind the number of this core. Waits until all of it is printed, and for
/// other tasks of this core that print.
///
/// # Errors
/// [`ConsoleError`]; the console then counts what was not printed as lost.
///
/// *Cancel safety*: dropped, a line may be printed or not; one that is not counts as lost.
pub async fn print<M: Mesh>(ctx: Ctx<'_, M>, text: &str) -> Result<(), ConsoleError> {
    let to = place(ctx)?;
    let mut numbers = ctx.line_numbers().lock().await;
    for text in text.lines().flat_map(pieces) {
        let Numbers { next, unconfirmed } = *numbers;
        numbers.next = next.wrapping_add(1);
        ctx.call::<Write>(to, &Line { number: next, unconfirmed, text: text.to_owned() }).await?;
        numbers.unconfirmed = numbers.next;
    }
    Ok(())
}
// ANCHOR_END: print

/// The next line that is typed on the console and that nobody else gets, without its end; `None` if there is none before
/// the deadline.
///
/// # Errors
/// [`ConsoleError`].
///
/// *Cancel safety*: a line that is on its way is lost.
pub async fn read<M: Mesh>(ctx: Ctx<'_, M>, deadline: Deadline) -> Result<Option<String>, ConsoleError> {
    match ctx.calls().call::<Read>(place(ctx)?, &(), Options::until(deadline)).await {
        Ok(line) => Ok(Some(line)),
        Err(CallError::Callee(PeerError::TimedOut)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The core whose console it is: the nearest, if the plan has several.
fn place<M: Mesh>(ctx: Ctx<'_, M>) -> Result<CoreId, ConsoleError> {
    let id = ServiceId::named("console").ok_or(ConsoleError::Nowhere)?;
    ctx.cores_of(id).next().ok_or(ConsoleError::Nowhere)
}

/// A line in pieces of [`LINE_MOST`] bytes at most; an empty one is one piece.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    core::iter::from_fn(move || {
        let (piece, behind) = rest?.split_at(rest?.floor_char_boundary(LINE_MOST));
        rest = Some(behind).filter(|behind| !behind.is_empty());
        Some(piece)
    })
}

/// Prints and reads for others until it is told to stop.
pub(crate) async fn run<M: Mesh>(ctx: Ctx<'_, M>) -> Result<(), ServeError> {
    let [lines, lost, typed] = ["lines", "lost", "typed"].map(|name| ctx.counter(name));
    // Of each core the life that wrote last, and the number of its next line.
    let expected: [Cell<Option<(Epoch, u32)>>; CoreId::COUNT] = [const { Cell::new(None) }; CoreId::COUNT];
    let writing = ctx.serve::<Write>(async |Caller { core, life }, line| {
        let place = &expected[core.index()];
        let known = place.get().filter(|(known, _)| *known == life).map_or(0, |(_, next)| next);
        let missing = line.number.checked_sub(known.max(line.unconfirmed));
        // One that comes late was counted as lost when a later one came.
        let Some(missing) = missing else { return };
        if missing != 0 {
            lost.add(missing);
            ctx.console().write(core, &format!("... {missing} lines lost"));
        }
        place.set(Some((life, line.number.wrapping_add(1))));
        lines.increment();
        ctx.console().write(core, &line.text);
    });
    let reading = ctx.serve::<Read>(async |_, ()| {
        let line = poll_fn(|context| ctx.console().poll_typed(context)).await;
        typed.increment();
        line
    });
    try_join(writing, reading).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
