//! Services in ordinary tests: on a fake chip as unkind as the real one, with a clock that moves by itself.

mod chip;
pub mod history;

#[cfg(test)]
pub(crate) use chip::InPlace;
pub use chip::{Chip, core};
