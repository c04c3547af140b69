//! Figures of a trace: how long tasks wait and run, what each core spends its time on, what is missing.

mod figures;
mod text;

pub use figures::{CoreFigures, Figures, Spread, TaskFigures};
pub use text::text;
