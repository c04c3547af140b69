//! Figures of a trace: how long tasks wait and run, what each core spends its time on, why guests are left, what calls take,
//! what is missing.

mod calls;
mod figures;
mod guests;
mod spread;
mod text;

pub use calls::{CallEnd, CallFigures};
pub use figures::{CoreFigures, Figures, TaskFigures};
pub use guests::ExitFigures;
pub use spread::Spread;
pub use text::text;
