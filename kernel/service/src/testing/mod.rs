//! Services in ordinary tests: on a fake chip as unkind as the real one, with a clock that moves by itself.

mod chip;
mod equipment;
pub mod history;

#[cfg(test)]
pub(crate) use chip::InPlace;
pub use chip::{CYCLES_PER_MILLISECOND, Chip, core};
pub use equipment::{Paper, RAM_SECTORS};
