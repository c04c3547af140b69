//! Figures of a trace: how long tasks wait and run, what each core spends its time on, why guests are left, what calls and leases take,
//! what is missing.

mod dealings;
mod figures;
mod guests;
mod spread;
mod text;

pub use dealings::{CallEnd, CallFigures, LeaseEnd, LeaseFigures};
pub use figures::{CoreFigures, Figures, TaskFigures};
pub use guests::ExitFigures;
pub use spread::Spread;
pub use text::text;
